"""Holds what `configure()` has set up: to be flushed, shut down and shown."""

from __future__ import annotations

from typing import Final

from langchain_otel.config import SDK_DISABLED_VARIABLE, is_disabled
from langchain_otel.inspection.providers import Provider, global_providers
from langchain_otel.instrumentor import LangChainInstrumentor

FLUSH_MILLIS: Final = 30_000


class Telemetry:
    """Where a process's traces, metrics and logs go, since `configure()`.

    `made` are the providers that it made; those of somebody else are neither flushed nor shut down.
    """

    def __init__(self, made: tuple[Provider, ...]) -> None:
        self.made: Final = made
        self._is_shut_down = False

    def force_flush(self, timeout_millis: int = FLUSH_MILLIS) -> bool:
        """Send what is waiting, in at most so many milliseconds a signal; False if that failed."""
        results = [_flushed(provider, timeout_millis) for provider in self.made]
        return all(results)

    def shutdown(self) -> None:
        """Send what is waiting, and record nothing from here on; LangChain is not traced any more.

        A second call does nothing.
        """
        if self._is_shut_down:
            return
        self._is_shut_down = True
        instrumentor = LangChainInstrumentor()
        if instrumentor.is_instrumented_by_opentelemetry:
            instrumentor.uninstrument()
        for provider in self.made:
            _flushed(provider, FLUSH_MILLIS)
            provider.instance.shutdown()

    def __repr__(self) -> str:
        """One line that says where each signal goes."""
        if is_disabled():
            return f"<langchain_otel: nothing is recorded, {SDK_DISABLED_VARIABLE}=true>"
        signals = ", ".join(f"{provider.signal}: {provider}" for provider in global_providers())
        return f"<langchain_otel: {signals}>"


def _flushed(provider: Provider, timeout_millis: int) -> bool:
    # A MeterProvider without a reader says nothing of its success.
    return provider.instance.force_flush(timeout_millis) is not False
