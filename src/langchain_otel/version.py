"""Holds the version of this package, also that of every instrumentation scope."""

from __future__ import annotations

__version__ = "0.1.0"

SCOPE = "langchain_otel"
"""The name of every instrumentation scope."""
