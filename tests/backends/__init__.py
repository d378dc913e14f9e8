"""Real backends for the tests: how they are built, started, and read back."""
