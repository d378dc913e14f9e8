"""Knows how tracing is switched on and off for a whole process."""

import logging
from collections.abc import Callable, Collection
from typing import Any, Final

from langchain_core.version import VERSION
from opentelemetry.instrumentation.instrumentor import BaseInstrumentor

from langchain_otel.config import OPTIONS, SDK_DISABLED_VARIABLE, is_disabled
from langchain_otel.handler import OpenTelemetryCallbackHandler
from langchain_otel.inject import inject
from langchain_otel.patches import PATCHES
from langchain_otel.recorders import PROVIDER_METHODS, activate_recorder, recorder_for

logger: Final = logging.getLogger("langchain_otel")

SUPPORTED: Final = "langchain-core >= 0.3.80, < 2"
ARGUMENTS: Final = frozenset((*PROVIDER_METHODS, *(option.name for option in OPTIONS)))


class LangChainInstrumentor(BaseInstrumentor):
    """Traces every LangChain and LangGraph run of the process.

    `opentelemetry-instrument` calls it by its entry point `langchain_otel`. In code:

        LangChainInstrumentor().instrument()

    Arguments of `instrument()`, all optional: `tracer_provider`, `meter_provider`,
    `logger_provider` (default: the global ones) and the options of `langchain_otel.config`, which
    win over their environment variables.
    """

    _undo: list[Callable[[], None]]

    def instrumentation_dependencies(self) -> Collection[str]:
        """The range of langchain-core that is supported."""
        return (SUPPORTED,)

    def instrument(self, **kwargs: Any) -> None:
        """Trace every run from here on; a second call is a warning and changes nothing.

        Raises:
            TypeError: An argument is of the wrong type; the message says what it takes.
            ValueError: An option has no valid value.
        """
        if not is_supported(VERSION):
            logger.warning(
                "langchain-otel works with %s, but langchain-core %s is installed: nothing is "
                "traced and nothing is changed.",
                SUPPORTED,
                VERSION,
            )
            return
        super().instrument(**{**kwargs, "skip_dep_check": True})

    def _instrument(self, **kwargs: Any) -> None:
        self._undo = []
        for name in kwargs.keys() - ARGUMENTS:
            logger.warning(
                "instrument() has no argument %s: it is ignored. It takes %s.",
                name,
                ", ".join(sorted(ARGUMENTS)),
            )
        recorder = recorder_for(kwargs)
        if is_disabled():
            logger.info("%s=true: LangChain is not traced.", SDK_DISABLED_VARIABLE)
            return
        activate_recorder(recorder)
        self._undo = [
            lambda: activate_recorder(None),
            PATCHES.apply(),
            inject(OpenTelemetryCallbackHandler()),
        ]

    def _uninstrument(self, **kwargs: Any) -> None:
        while self._undo:
            self._undo.pop()()


def is_supported(version: str) -> bool:
    """Whether this version of langchain-core is in the range, by its first two numbers."""
    major, minor, *_ = (int(number) for number in version.split(".")[:2])
    return (0, 3) <= (major, minor) < (2, 0)
