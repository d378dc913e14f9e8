"""Tells the user, once each in the log, what keeps telemetry from being what it should be."""
