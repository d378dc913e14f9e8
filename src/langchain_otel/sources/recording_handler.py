"""Translates LangChain's callbacks: each method starts, updates or ends the run of an operation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from langchain_otel.content.fields import fields_of, first_items
from langchain_otel.operations.chain import CHAIN, operation_of
from langchain_otel.operations.model import CHAT, COMPLETION, is_content, is_end_of_stream
from langchain_otel.operations.retriever import RETRIEVER
from langchain_otel.operations.tool import TOOL
from langchain_otel.patching.inline import InlineHandler
from langchain_otel.recording.recorder import Recorder
from langchain_otel.recording.registry import RECORDERS
from langchain_otel.recording.span_events import AGENT_ACTION, AGENT_FINISH, CUSTOM, RETRY, TEXT
from langchain_otel.runs.changes import RECORDER_CHOICE
from langchain_otel.runs.current_frame import frame_of
from langchain_otel.runs.operation import Operation
from langchain_otel.runs.reported import SpanEvent, Started
from langchain_otel.runs.run import RunRecorder
from langchain_otel.runs.run_id import key_of
from langchain_otel.runs.store import RUNS, open_under
from langchain_otel.sources.chain_owner import calling_runnable


class RecordingHandler(InlineHandler):
    """Tells a recorder of every run that LangChain reports to it.

    Without a recorder of its own, to that of the instrumentor while there is one.
    `before_first` is called when the first run starts, and again until it gives True.
    """

    def __init__(
        self, recorder: Recorder | None = None, before_first: Callable[[], bool] | None = None
    ) -> None:
        super().__init__()
        self._own_recorder = recorder
        self._before_first = before_first

    def __reduce__(self) -> tuple[Any, ...]:
        from langchain_otel.patching.pickled_handlers import reduced

        return reduced(self, RecordingHandler)

    def only_notes_chunks(self) -> bool:
        """So it is, unless a class derived from this one has a method of its own for them."""
        return type(self).on_llm_new_token is RecordingHandler.on_llm_new_token

    def stop(self) -> None:
        """Have no recorder from here on; a callback manager that has this handler keeps it."""
        self._own_recorder = self._before_first = None

    def _recorder_without_active(self, parent_run_id: UUID | None) -> RunRecorder | None:
        # A run that was under way when the instrumentor stopped stays whole.
        run = None if parent_run_id is None else RUNS.of_handler(parent_run_id, self)
        return None if run is None else run.recorder

    def _start(
        self,
        operation: Operation,
        run_id: UUID,
        parent_run_id: UUID | None,
        started: Started,
    ) -> None:
        recorder: RunRecorder | None = RECORDERS.capturing
        if recorder is None:
            before_first = self._before_first
            if before_first is not None:
                self._before_first = None if before_first() else before_first
            recorder = self._own_recorder or RECORDERS.active
            if recorder is None:
                recorder = self._recorder_without_active(parent_run_id)
            if recorder is not None and RECORDER_CHOICE.is_needed:
                recorder = RECORDER_CHOICE.choose(recorder, parent_run_id, started.metadata)
        if recorder is not None:
            recorder.start(self, operation, run_id, parent_run_id, started)

    def _end(self, run_id: UUID, result: Any = None, error: BaseException | None = None) -> None:
        run = open_under(run_id.int if type(run_id) is UUID else key_of(run_id))
        if run is not None and run.handler is not self:
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
        name: Any = None,
        invocation_params: Any = None,
        options: Any = None,
        **kwargs: Any,
    ) -> None:
        kwargs["name"] = name
        kwargs["invocation_params"] = invocation_params
        kwargs["options"] = options
        frame = frame_of("model", run_id)
        started = Started(serialized, messages, tags, metadata, kwargs, frame=frame)
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
        frame = frame_of("model", run_id)
        started = Started(serialized, prompts, tags, metadata, kwargs, frame=frame)
        self._start(COMPLETION, run_id, parent_run_id, started)

    def on_llm_new_token(
        self,
        token: Any,
        *,
        chunk: Any = None,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        tags: list[str] | None = None,
        **kwargs: Any,
    ) -> None:
        run = open_under(run_id.int if type(run_id) is UUID else key_of(run_id))
        if run is not None and run.handler is not self:
            run = RUNS.of_handler(run_id, self)
        if run is not None and (
            # Whether a value of another type is true may be code of its own.
            (type(token) is str and token)
            or (type(token) is list and token)
            or not is_end_of_stream(chunk)
        ):
            run.note_chunk(chunk)

    def on_stream_event(self, event: Any, *, run_id: UUID, **kwargs: Any) -> None:
        run = RUNS.of_handler(run_id, self)
        if run is not None and is_content(event):
            run.note_chunk(event)

    def on_llm_end(
        self,
        response: Any,
        *,
        run_id: UUID,
        parent_run_id: Any = None,
        tags: Any = None,
        **kwargs: Any,
    ) -> None:
        self._end(run_id, response)

    def on_llm_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:
        run = RUNS.of_handler(run_id, self)
        response = kwargs.get("response")
        if run is None:
            return
        if any(map(first_items, first_items(fields_of(response).get("generations")))):
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
        name: Any = None,
        run_type: Any = None,
        **kwargs: Any,
    ) -> None:
        frame = frame_of("chain", run_id)
        owner = calling_runnable() if frame is None and parent_run_id is None else None
        kwargs["name"] = name
        kwargs["run_type"] = run_type
        started = Started(serialized, inputs, tags, metadata, kwargs, owner, frame)
        operation = CHAIN if started.owner is None else operation_of(started.owner)
        self._start(operation, run_id, parent_run_id, started)

    def on_chain_end(
        self,
        outputs: Any,
        *,
        run_id: UUID,
        inputs: Any = None,
        parent_run_id: Any = None,
        tags: Any = None,
        **kwargs: Any,
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
        frame = frame_of("tool", run_id)
        started = Started(serialized, input_str, tags, metadata, options, frame=frame)
        self._start(TOOL, run_id, parent_run_id, started)

    def on_tool_end(
        self,
        output: Any,
        *,
        run_id: UUID,
        parent_run_id: Any = None,
        tags: Any = None,
        **kwargs: Any,
    ) -> None:
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
        frame = frame_of("retriever", run_id)
        started = Started(serialized, query, tags, metadata, kwargs, frame=frame)
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
