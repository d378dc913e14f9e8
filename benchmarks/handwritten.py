"""Knows the floor: the spans that a careful person would write by hand for the same runs."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

import orjson
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.messages import BaseMessage
from opentelemetry.trace import SpanKind, TracerProvider

START: Final = {f"gen_ai.attribute.{number}": f"value {number}" for number in range(7)}
END: Final[dict[str, Any]] = {
    "gen_ai.usage.input_tokens": 10,
    "gen_ai.usage.output_tokens": 5,
    "gen_ai.response.model": "instant-1",
}


@dataclass
class Account(BaseCallbackHandler):
    """What a program does: how many runs, and what its model calls are told and answer."""

    run_inline = True
    runs: int = 0
    asked: dict[UUID, list[BaseMessage]] = field(default_factory=dict)
    answered: dict[UUID, list[BaseMessage]] = field(default_factory=dict)

    def _started(self, *_: Any, **__: Any) -> None:
        self.runs += 1

    on_chain_start = on_tool_start = on_retriever_start = _started

    def on_chat_model_start(
        self, serialized: Any, messages: list[list[BaseMessage]], *, run_id: UUID, **kwargs: Any
    ) -> None:
        del serialized, kwargs
        self.runs += 1
        self.asked[run_id] = list(messages[0])

    def on_llm_end(self, response: Any, *, run_id: UUID, **kwargs: Any) -> None:
        del kwargs
        self.answered[run_id] = [response.generations[0][0].message]

    def calls(self) -> list[tuple[list[BaseMessage], list[BaseMessage]]]:
        """The model calls, each as its messages and its answer."""
        return [(messages, self.answered[run_id]) for run_id, messages in self.asked.items()]


def writer(provider: TracerProvider, account: Account, *, content: bool) -> Callable[[], None]:
    """A function that makes the spans of one time that the program runs."""
    tracer = provider.get_tracer("by hand")
    calls = account.calls() if content else []

    def plain() -> None:
        span = tracer.start_span("run", kind=SpanKind.CLIENT, attributes=START)
        span.set_attributes(END)
        span.end()

    def with_messages(asked: list[BaseMessage], answered: list[BaseMessage]) -> None:
        span = tracer.start_span("run", kind=SpanKind.CLIENT, attributes=START)
        if not span.is_recording():
            return
        span.set_attributes(
            {
                **END,
                "gen_ai.input.messages": as_json(asked),
                "gen_ai.output.messages": as_json(answered),
            }
        )
        span.end()

    def write() -> None:
        for _ in range(account.runs - len(calls)):
            plain()
        for asked, answered in calls:
            with_messages(asked, answered)

    return write


def as_json(messages: list[BaseMessage]) -> str:
    return orjson.dumps(
        [
            {"role": message.type, "parts": [{"type": "text", "content": message.content}]}
            for message in messages
        ]
    ).decode()
