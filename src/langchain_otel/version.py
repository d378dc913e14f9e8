"""The version of this package, also of every instrumentation scope."""

__version__ = "0.1.0"
