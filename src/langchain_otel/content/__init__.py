"""Decides which content may be recorded, in what form, and how much of it."""
