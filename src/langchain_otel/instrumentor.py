"""Switches tracing on and off for a whole process."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Sequence
from threading import RLock
from typing import TYPE_CHECKING, Any, Final, Self, Unpack

from opentelemetry.instrumentation.dependencies import DependencyConflict
from opentelemetry.instrumentation.instrumentor import BaseInstrumentor
from packaging.requirements import Requirement

from langchain_otel.config import SDK_DISABLED_VARIABLE, is_disabled
from langchain_otel.forks import fork_safe
from langchain_otel.notices.first_run import first_run
from langchain_otel.patching.inject import inject
from langchain_otel.patching.supported import REQUIREMENT, conflicting_version
from langchain_otel.recording.registry import ARGUMENTS, activate_recorder, recorder_for
from langchain_otel.sources.patch_points import PATCHER
from langchain_otel.sources.recording_handler import RecordingHandler

if TYPE_CHECKING:
    from langchain_otel.recording.arguments import Arguments

logger: Final = logging.getLogger("langchain_otel")

# With these alone OpenTelemetry's own command calls `instrument()`.
OF_COMMAND: Final = frozenset(("skip_dep_check", "raise_exception_on_conflict"))


_LOCK: Final = fork_safe(RLock())


class LangChainInstrumentor(BaseInstrumentor):  # type: ignore[misc] # it has no types
    """Traces every LangChain and LangGraph run of the process.

    `opentelemetry-instrument` calls it by its entry point `langchain_otel`. In code:

        LangChainInstrumentor().instrument()
    """

    _undo: Sequence[Callable[[], None]] = ()

    def __new__(cls) -> Self:
        """The only one of the process."""
        instrumentor: Self = super().__new__(cls)
        return instrumentor

    def instrumentation_dependencies(self) -> Collection[str]:
        """The range of langchain-core that is supported."""
        return (REQUIREMENT,)

    def instrument(self, **arguments: Unpack[Arguments]) -> None:
        """Trace every run from here on; a second call is a warning and changes nothing.

        Args:
            arguments: All optional. `tracer_provider`, `meter_provider` and `logger_provider`
                (default: the global ones); the options of `langchain_otel.config`, which win over
                their environment variables; `skip_dep_check` (the version of langchain-core is not
                looked at) and `raise_exception_on_conflict` (one that does not fit is a
                `DependencyConflictError`, not a log line).

        Raises:
            TypeError: An argument is of the wrong type; the message says what it takes.
            ValueError: An option has no valid value.
        """
        is_of_command = bool(arguments) and arguments.keys() <= OF_COMMAND
        # The command takes extras of packages for what is to be checked, and we have none of these.
        if is_of_command and _is_command_running():
            arguments.pop("skip_dep_check", None)
        with _LOCK:
            if not self.is_instrumented_by_opentelemetry:
                super().instrument(**arguments)
            # With a configuration file, OpenTelemetry's own command calls once with the options of
            # the file, and again as it calls all instrumentors.
            elif not is_of_command:
                logger.warning(
                    "LangChain is already instrumented: this instrument() changes nothing."
                )

    def uninstrument(self, **arguments: Any) -> None:
        """Trace no run that starts from here on; without `instrument()` before it, a warning."""
        with _LOCK:
            super().uninstrument(**arguments)

    def _check_dependency_conflicts(self) -> DependencyConflict | None:
        # The base class refuses a package without metadata, and, with an older `packaging`, a
        # pre-release.
        for requirement in self.instrumentation_dependencies():
            package = Requirement(requirement)
            version = conflicting_version(package.name, str(package.specifier))
            if version is not None:
                return DependencyConflict(requirement, f"{package.name} {version}")
        return None

    def _instrument(self, **arguments: Any) -> None:
        self._undo = _started(arguments)

    def _uninstrument(self, **_: Any) -> None:
        undo, self._undo = self._undo, ()
        for step in reversed(undo):
            step()


def _is_command_running() -> bool:
    # Who calls it in code needs nothing of what looks at the process.
    from langchain_otel.inspection.command import is_command_running

    return is_command_running()


def _warn_of_unknown(arguments: dict[str, Any]) -> None:
    unknown = sorted(arguments.keys() - ARGUMENTS)
    if unknown:
        from langchain_otel.notices.settings import warn_of_argument

        for name in unknown:
            warn_of_argument(name, ARGUMENTS)


def _started(arguments: dict[str, Any]) -> Sequence[Callable[[], None]]:
    """Start to trace; gives what takes it back, to be called from the last to the first."""
    _warn_of_unknown(arguments)
    recorder = recorder_for(arguments)
    if is_disabled():
        logger.info("%s=true: LangChain is not traced.", SDK_DISABLED_VARIABLE)
        return ()
    activate_recorder(recorder)
    handler = RecordingHandler(recorder, first_run(arguments, recorder))
    return (
        lambda: activate_recorder(None),
        handler.stop,
        PATCHER.apply(checked=True),
        inject(handler),
    )
