"""Looks at what an agent did in a test: `langchain_trace` in pytest, `captured_trace()` elsewhere.

Importing it imports nothing: pytest loads what is here in every project that has the package.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from langchain_otel.testing.capturing import captured_trace
    from langchain_otel.testing.checks import Check
    from langchain_otel.testing.measured import Metric, Tokens
    from langchain_otel.testing.span_view import SpanView
    from langchain_otel.testing.trace import Trace

__all__ = [
    "Check",
    "Metric",
    "SpanView",
    "Tokens",
    "Trace",
    "captured_trace",
]

_HOMES: Final = {
    "Check": "checks",
    "Metric": "measured",
    "SpanView": "span_view",
    "Tokens": "measured",
    "Trace": "trace",
    "captured_trace": "capturing",
}


if not TYPE_CHECKING:  # A checker that sees it takes any name for one of ours.

    def __getattr__(name: str) -> Any:
        """Import a name when it is asked for first."""
        home = _HOMES.get(name)
        if home is None:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        found = globals()[name] = getattr(import_module(f"{__name__}.{home}"), name)
        return found

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
