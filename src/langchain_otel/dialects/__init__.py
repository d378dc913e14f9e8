"""Knows nothing itself: a dialect is one function from facts to attributes, a module each."""
