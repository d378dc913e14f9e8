"""Hostile input: values that no application means to make, and what must hold whatever is given."""
