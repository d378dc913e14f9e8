"""Knows how tracing is switched on and off for a whole process."""

import logging
from collections.abc import Callable, Collection
from typing import Any, Final

from opentelemetry.instrumentation.instrumentor import BaseInstrumentor

from langchain_otel.config import OPTIONS, SDK_DISABLED_VARIABLE, is_disabled
from langchain_otel.handler import RecordingHandler
from langchain_otel.inject import inject
from langchain_otel.neighbours import Neighbours
from langchain_otel.patches import PATCHES
from langchain_otel.recorders import PROVIDER_METHODS, activate_recorder, recorder_for
from langchain_otel.supported import REQUIREMENT, is_supported

logger: Final = logging.getLogger("langchain_otel")

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
        return (REQUIREMENT,)

    def instrument(self, **kwargs: Any) -> None:
        """Trace every run from here on; a second call is a warning and changes nothing.

        Raises:
            TypeError: An argument is of the wrong type; the message says what it takes.
            ValueError: An option has no valid value.
        """
        if is_supported():
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
        neighbours = Neighbours()
        self._undo = [
            lambda: activate_recorder(None),
            PATCHES.apply(),
            inject(RecordingHandler(recorder, before_first=neighbours.tell)),
        ]
        neighbours.tell()

    def _uninstrument(self, **kwargs: Any) -> None:
        while self._undo:
            self._undo.pop()()
