"""Tests with the packages of many providers: `make test-providers` runs them, `make test` does not."""
