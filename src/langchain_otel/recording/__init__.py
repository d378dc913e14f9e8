"""Records runs: as spans, events, log records and metrics."""
