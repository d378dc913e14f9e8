"""Knows content: whether it may be recorded, what form it takes, how much of it."""
