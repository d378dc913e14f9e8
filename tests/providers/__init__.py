"""Tests with the packages of many providers, which `make test-providers` runs."""
