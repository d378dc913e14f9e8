"""A real client for each shape of a key, with each way to record."""

from test_credentials import test_keys_stay

__all__ = ["test_keys_stay"]
