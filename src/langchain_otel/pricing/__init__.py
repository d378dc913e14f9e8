"""Prices model calls: the kinds of what is paid for, rates, and where rates come from."""
