"""Knows the least that a bridge can do: a span for each run, under its parent's, inside the work.

It makes the spans that are made by hand, of the same size, but where a callback handler makes them:
between the steps of LangChain, whose code has meanwhile taken the processor's caches. It has no
span current, no metrics, no mapping and no regard for whatever goes wrong.
"""

from typing import Any
from uuid import UUID

from langchain_core.callbacks import BaseCallbackHandler
from opentelemetry.trace import Span, SpanKind, TracerProvider, set_span_in_context

from handwritten import END, START, as_json


class SmallestBridge(BaseCallbackHandler):
    """Makes the spans of handwritten code."""

    run_inline = True

    def __init__(self, provider: TracerProvider, *, content: bool) -> None:
        self._tracer = provider.get_tracer("smallest bridge")
        self._content = content
        self._spans: dict[UUID, Span] = {}

    def _start(self, *_: Any, run_id: UUID, parent_run_id: UUID | None = None, **__: Any) -> None:
        parent = None if parent_run_id is None else self._spans.get(parent_run_id)
        around = None if parent is None else set_span_in_context(parent)
        self._spans[run_id] = self._tracer.start_span("run", around, SpanKind.CLIENT, START)

    def _end(self, *_: Any, run_id: UUID, **__: Any) -> None:
        span = self._spans.pop(run_id)
        span.set_attributes(END)
        span.end()

    on_chain_start = on_tool_start = on_retriever_start = _start
    on_chain_end = on_tool_end = on_retriever_end = _end

    def on_chat_model_start(
        self, serialized: Any, messages: list[list[Any]], *, run_id: UUID, **kwargs: Any
    ) -> None:
        self._start(serialized, messages, run_id=run_id, **kwargs)
        span = self._spans[run_id]
        if self._content and span.is_recording():
            span.set_attribute("gen_ai.input.messages", as_json(messages[0]))

    def on_llm_end(self, response: Any, *, run_id: UUID, **kwargs: Any) -> None:
        span = self._spans[run_id]
        if self._content and span.is_recording():
            answer = response.generations[0][0].message
            span.set_attribute("gen_ai.output.messages", as_json([answer]))
        self._end(response, run_id=run_id)
