"""What takes minutes: `make soak` runs it, `.ci/run` does not."""
