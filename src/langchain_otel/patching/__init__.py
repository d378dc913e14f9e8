"""Wraps functions of other packages, and gives each back as it was."""
