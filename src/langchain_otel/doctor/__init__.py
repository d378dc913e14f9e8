"""Looks for what keeps traces from arriving, and says what to do about it."""
