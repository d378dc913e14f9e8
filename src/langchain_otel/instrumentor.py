"""Switches tracing on and off for a whole process."""

import logging
from collections.abc import Callable, Collection
from types import ModuleType
from typing import Any, ClassVar, Final, Self

from langchain_otel.config import OPTIONS, SDK_DISABLED_VARIABLE, is_disabled
from langchain_otel.handler import RecordingHandler
from langchain_otel.patching.imports import when_imported
from langchain_otel.patching.inject import inject
from langchain_otel.patching.supported import REQUIREMENT, is_supported
from langchain_otel.recording.registry import PROVIDER_METHODS, activate_recorder, recorder_for
from langchain_otel.sources.other_tracers import BASE_MODULE, OtherTracers, base_of
from langchain_otel.sources.patch_points import PATCHER

logger: Final = logging.getLogger("langchain_otel")

ARGUMENTS: Final = frozenset((*PROVIDER_METHODS, *(option.name for option in OPTIONS)))
# Arguments of OpenTelemetry's commands for the check of versions, which is always made here.
OF_CHECK: Final = frozenset(("skip_dep_check", "raise_exception_on_conflict"))


class LangChainInstrumentor:
    """Traces every LangChain and LangGraph run of the process.

    `opentelemetry-instrument` calls it by its entry point `langchain_otel`. In code:

        LangChainInstrumentor().instrument()

    Arguments of `instrument()`, all optional: `tracer_provider`, `meter_provider`,
    `logger_provider` (default: the global ones) and the options of `langchain_otel.config`, which
    win over their environment variables.

    To Python it is a `BaseInstrumentor` of OpenTelemetry wherever that class is loaded; we do not
    load it, since what it needs takes half as long as all of our own modules.
    """

    _instance: ClassVar[Self | None] = None
    _undo: list[Callable[[], None]] | None

    def __new__(cls) -> Self:
        """The only one of the process."""
        if cls._instance is None:
            cls._instance = super().__new__(cls)
            cls._instance._undo = None
        return cls._instance

    @property
    def is_instrumented_by_opentelemetry(self) -> bool:
        """Whether `instrument()` was called, and `uninstrument()` not since."""
        return self._undo is not None

    def instrumentation_dependencies(self) -> Collection[str]:
        """The range of langchain-core that is supported."""
        return (REQUIREMENT,)

    def instrument(self, **kwargs: Any) -> None:
        """Trace every run from here on; a second call is a warning and changes nothing.

        Raises:
            TypeError: An argument is of the wrong type; the message says what it takes.
            ValueError: An option has no valid value.
        """
        if self._undo is not None:
            logger.warning("LangChain is already instrumented: this instrument() changes nothing.")
        elif is_supported():
            self._undo = _started(kwargs)

    def uninstrument(self, **_: Any) -> None:
        """Trace no run that starts from here on; without `instrument()` before it, a warning."""
        if self._undo is None:
            logger.warning(
                "LangChain is already uninstrumented: this uninstrument() changes nothing."
            )
            return
        undo, self._undo = self._undo, None
        while undo:
            undo.pop()()


def _started(arguments: dict[str, Any]) -> list[Callable[[], None]]:
    """Start to trace; gives what takes it back, the last of it first."""
    for name in arguments.keys() - ARGUMENTS - OF_CHECK:
        logger.warning(
            "instrument() has no argument %s: it is ignored. It takes %s.",
            name,
            ", ".join(sorted(ARGUMENTS)),
        )
    recorder = recorder_for(arguments)
    if is_disabled():
        logger.info("%s=true: LangChain is not traced.", SDK_DISABLED_VARIABLE)
        return []
    activate_recorder(recorder)
    other_tracers = OtherTracers()
    undo = [
        lambda: activate_recorder(None),
        PATCHER.apply(),
        inject(RecordingHandler(recorder, before_first=other_tracers.report)),
    ]
    other_tracers.report()
    return undo


def _register(module: ModuleType) -> None:
    base = base_of(module)
    if base is not None:
        base.register(LangChainInstrumentor)


when_imported(BASE_MODULE, _register)
