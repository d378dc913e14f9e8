"""Describes what the application has set up; it changes nothing and imports nothing of the SDK."""
