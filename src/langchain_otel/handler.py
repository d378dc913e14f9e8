"""Makes spans for whoever passes a handler among the callbacks of a request, or of an object."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Unpack
from uuid import UUID

from opentelemetry.metrics import MeterProvider
from opentelemetry.trace import TracerProvider

from langchain_otel.notices.first_run import first_run
from langchain_otel.recording import registry
from langchain_otel.recording.registry import refuse_unknown
from langchain_otel.runs.run import RunRecorder
from langchain_otel.sources.patch_points import PATCHER
from langchain_otel.sources.recording_handler import RecordingHandler

if TYPE_CHECKING:
    from opentelemetry._logs import LoggerProvider

    from langchain_otel.recording.arguments import Options


class OpenTelemetryCallbackHandler(RecordingHandler):
    """Makes a span of every run that LangChain reports to it.

    Pass one in `config={"callbacks": [...]}` to trace a request and everything below it, or in a
    constructor's `callbacks=` to trace that object's runs alone. It goes together with
    `LangChainInstrumentor`: a run never gets two spans of one tracer provider.

    Args:
        tracer_provider: Where the spans go. Without any provider, to those of
            `LangChainInstrumentor` if it is active, else to the global providers.
        meter_provider: Where the metrics go.
        logger_provider: Where the log records go.
        options: As those of `instrument()`: `capture_message_content`, `redact` and the others of
            `langchain_otel.config`, which override their variables.

    Raises:
        TypeError: An argument is of the wrong type, or there is no such option.
        ValueError: An option has no valid value.
    """

    def __init__(
        self,
        tracer_provider: TracerProvider | None = None,
        meter_provider: MeterProvider | None = None,
        logger_provider: LoggerProvider | None = None,
        **options: Unpack[Options],
    ) -> None:
        refuse_unknown("OpenTelemetryCallbackHandler", options)
        arguments: dict[str, Any] = {
            "tracer_provider": tracer_provider,
            "meter_provider": meter_provider,
            "logger_provider": logger_provider,
            **options,
        }
        has_own = any(argument is not None for argument in arguments.values())
        recorder = registry.recorder_for(arguments) if has_own else None
        super().__init__(recorder, first_run(arguments, recorder))
        PATCHER.apply()

    def __reduce__(self) -> tuple[Any, ...]:
        from langchain_otel.patching.pickled_handlers import reduced

        return reduced(
            self, RecordingHandler if self._own_recorder else OpenTelemetryCallbackHandler
        )

    def _recorder_without_active(self, parent_run_id: UUID | None) -> RunRecorder:
        return registry.current_recorder()

    def _start(self, *args: Any) -> None:
        # Without the instrumentor, or after it, this handler sees to the current span itself.
        PATCHER.apply()
        super()._start(*args)
