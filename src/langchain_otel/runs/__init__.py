"""Keeps runs: what each is, which are open, which span is current, which is the parent."""
