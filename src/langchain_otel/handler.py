"""Translates LangChain's callbacks: each method starts, updates or ends the run of an operation."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from opentelemetry._logs import LoggerProvider
from opentelemetry.metrics import MeterProvider
from opentelemetry.trace import TracerProvider

from langchain_otel import health
from langchain_otel.config import OPTIONS
from langchain_otel.operations.chain import CHAIN, operation_of
from langchain_otel.operations.model import CHAT, COMPLETION
from langchain_otel.operations.retriever import RETRIEVER
from langchain_otel.operations.tool import TOOL
from langchain_otel.patching.inline import InlineHandler
from langchain_otel.recording.recorder import Recorder
from langchain_otel.recording.registry import current_recorder, recorder_for
from langchain_otel.recording.span_events import AGENT_ACTION, AGENT_FINISH, CUSTOM, RETRY, TEXT
from langchain_otel.runs.frame import owner_of
from langchain_otel.runs.run import Operation, SpanEvent, Started
from langchain_otel.runs.store import RUNS
from langchain_otel.sources.calling_runnable import calling_runnable
from langchain_otel.sources.patch_points import PATCHER


class RecordingHandler(InlineHandler):
    """Tells a recorder of every run that LangChain reports to it.

    `before_first` is called when the first run starts.
    """

    def __init__(
        self, recorder: Recorder | None, before_first: Callable[[], None] | None = None
    ) -> None:
        super().__init__()
        self._own_recorder = recorder
        self._before_first = before_first

    def _start(
        self,
        operation: Operation,
        run_id: UUID,
        parent_run_id: UUID | None,
        started: Started,
    ) -> None:
        if self._before_first is not None:
            before_first, self._before_first = self._before_first, None
            _attempt(before_first)
        recorder = self._own_recorder or current_recorder()
        recorder.start(self, operation, run_id, parent_run_id, started)

    def _end(self, run_id: UUID, result: Any = None, error: BaseException | None = None) -> None:
        run = RUNS.of_handler(run_id, self)
        if run is not None:
            run.recorder.end(run, result, error)

    def _event(self, run_id: UUID, event: SpanEvent, reported: Any) -> None:
        run = RUNS.of_handler(run_id, self)
        if run is not None:
            run.recorder.event(run, event, reported)

    # Models

    def on_chat_model_start(
        self,
        serialized: dict[str, Any],
        messages: list[list[Any]],
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        tags: list[str] | None = None,
        metadata: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        started = Started(serialized, messages, tags, metadata, kwargs, owner_of("model", run_id))
        self._start(CHAT, run_id, parent_run_id, started)

    def on_llm_start(
        self,
        serialized: dict[str, Any],
        prompts: list[str],
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        tags: list[str] | None = None,
        metadata: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        started = Started(serialized, prompts, tags, metadata, kwargs, owner_of("model", run_id))
        self._start(COMPLETION, run_id, parent_run_id, started)

    def on_llm_new_token(
        self, token: Any, *, chunk: Any = None, run_id: UUID, **kwargs: Any
    ) -> None:
        run = RUNS.of_handler(run_id, self)
        if run is not None and (token or not _is_end_of_stream(chunk)):
            run.note_chunk(chunk)

    def on_stream_event(self, event: Any, *, run_id: UUID, **kwargs: Any) -> None:
        run = RUNS.of_handler(run_id, self)
        if run is not None and _is_content(event):
            run.note_chunk(event)

    def on_llm_end(self, response: Any, *, run_id: UUID, **kwargs: Any) -> None:
        self._end(run_id, response)

    def on_llm_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:
        run = RUNS.of_handler(run_id, self)
        response = kwargs.get("response")
        if run is None:
            return
        if any(getattr(response, "generations", None) or ()):
            run.recorder.end(run, response, error)
        else:
            run.recorder.abandon(run, error)

    # Chains, graphs, agents

    def on_chain_start(
        self,
        serialized: dict[str, Any],
        inputs: Any,
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        tags: list[str] | None = None,
        metadata: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        owner = owner_of("chain", run_id)
        if owner is None and parent_run_id is None:
            owner = calling_runnable()
        started = Started(serialized, inputs, tags, metadata, kwargs, owner)
        operation = CHAIN if started.owner is None else operation_of(started.owner)
        self._start(operation, run_id, parent_run_id, started)

    def on_chain_end(
        self, outputs: Any, *, run_id: UUID, inputs: Any = None, **kwargs: Any
    ) -> None:
        # LangChain reports the inputs of a streamed chain only when it ends.
        if inputs is not None:
            self._late_request(run_id, inputs)
        self._end(run_id, outputs)

    def on_chain_error(
        self, error: BaseException, *, run_id: UUID, inputs: Any = None, **kwargs: Any
    ) -> None:
        if inputs is not None:
            self._late_request(run_id, inputs)
        self._end(run_id, None, error)

    def _late_request(self, run_id: UUID, inputs: Any) -> None:
        run = RUNS.of_handler(run_id, self)
        if run is not None:
            run.recorder.late_request(run, inputs)

    def on_agent_action(self, action: Any, *, run_id: UUID, **kwargs: Any) -> None:
        self._event(run_id, AGENT_ACTION, action)

    def on_agent_finish(self, finish: Any, *, run_id: UUID, **kwargs: Any) -> None:
        self._event(run_id, AGENT_FINISH, finish)

    # Tools

    def on_tool_start(
        self,
        serialized: dict[str, Any],
        input_str: str,
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        tags: list[str] | None = None,
        metadata: dict[str, Any] | None = None,
        inputs: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        options = {**kwargs, "inputs": inputs}
        started = Started(serialized, input_str, tags, metadata, options, owner_of("tool", run_id))
        self._start(TOOL, run_id, parent_run_id, started)

    def on_tool_end(self, output: Any, *, run_id: UUID, **kwargs: Any) -> None:
        self._end(run_id, output)

    def on_tool_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:
        self._end(run_id, None, error)

    # Retrievers

    def on_retriever_start(
        self,
        serialized: dict[str, Any],
        query: str,
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        tags: list[str] | None = None,
        metadata: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        started = Started(serialized, query, tags, metadata, kwargs, owner_of("retriever", run_id))
        self._start(RETRIEVER, run_id, parent_run_id, started)

    def on_retriever_end(self, documents: Sequence[Any], *, run_id: UUID, **kwargs: Any) -> None:
        self._end(run_id, documents)

    def on_retriever_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:
        self._end(run_id, None, error)

    # Anything

    def on_text(self, text: str, *, run_id: UUID, **kwargs: Any) -> None:
        self._event(run_id, TEXT, text)

    def on_retry(self, retry_state: Any, *, run_id: UUID, **kwargs: Any) -> None:
        self._event(run_id, RETRY, retry_state)

    def on_custom_event(self, name: str, data: Any, *, run_id: UUID, **kwargs: Any) -> None:
        self._event(run_id, CUSTOM, (name, data))


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
        **options: Any,
    ) -> None:
        unknown = options.keys() - {option.name for option in OPTIONS}
        if unknown:
            raise TypeError(
                f"OpenTelemetryCallbackHandler() has no argument {', '.join(sorted(unknown))}"
            )
        arguments = {
            "tracer_provider": tracer_provider,
            "meter_provider": meter_provider,
            "logger_provider": logger_provider,
            **options,
        }
        has_own = any(argument is not None for argument in arguments.values())
        super().__init__(recorder_for(arguments) if has_own else None)
        PATCHER.apply()

    def _start(self, *args: Any) -> None:
        # Without the instrumentor, or after it, this handler sees to the current span itself.
        PATCHER.apply()
        super()._start(*args)


def _attempt(action: Callable[[], None]) -> None:
    try:
        action()
    except Exception as error:
        health.failed("handler", error)


def _is_end_of_stream(chunk: Any) -> bool:
    message = getattr(chunk, "message", None)
    return getattr(message, "chunk_position", None) == "last"


def _is_content(event: Any) -> bool:
    return isinstance(event, Mapping) and str(event.get("event")).startswith("content-block")
