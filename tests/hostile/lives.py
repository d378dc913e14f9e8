"""Tells a handler of a run that is made of anything, and checks what is recorded of it."""

import gc
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Final

from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans

from hostile.checks import check_signals, forget
from hostile.events import Life, reported, values_of
from hostile.programs import outcome
from hostile.values import Recipe, built
from hostile.watched import Notes
from langchain_otel import OpenTelemetryCallbackHandler, RunView, health
from langchain_otel.runs.store import RUNS
from recording import Tracing

LIMIT: Final = 20_000
# What is no content: names, ids, tags and metadata, each with limits of its own.
BESIDE: Final = 420_000


def read(run: RunView) -> None:
    """Read all that a hook can see of a run."""
    for name, member in vars(RunView).items():
        if isinstance(member, property):
            getattr(run, name)


OPTIONS: Final[dict[str, dict[str, Any]]] = {
    "off": {},
    "on": {"capture_message_content": "SPAN_AND_EVENT", "capture_state": True},
    "openinference": {
        "capture_message_content": "SPAN_ONLY",
        "capture_state": True,
        "dialect": "openinference",
    },
    "both": {
        "capture_message_content": "SPAN_AND_EVENT",
        "capture_state": True,
        "capture_binary": True,
        "dialect": "both",
        "history": "new",
        "redact": lambda text, _: text,
        "request_hook": lambda _, run: read(run),
        "response_hook": lambda _, run: read(run),
    },
}
"""Sets of options that go different ways through the code."""


class Listener:
    """A handler with providers of its own, which is told of one life after the other."""

    def __init__(self, **options: Any) -> None:
        self.tracing = Tracing()
        self.handler = OpenTelemetryCallbackHandler(
            self.tracing.tracer_provider,
            self.tracing.meter_provider,
            self.tracing.logger_provider,
            **{"max_span_content_bytes": LIMIT, **options},
        )

    def forget(self) -> None:
        """Begin again."""
        forget(self.tracing)

    def size(self) -> int:
        """How many bytes the spans come to."""
        return int(encode_spans(self.tracing.spans).ByteSize())

    def hear(self, life: Life) -> None:
        """One life; nothing of it is lost, touched, used up or kept."""
        notes = Notes()
        self.forget()
        try:
            reported(values_of(life, notes), self.handler)
            check_signals(self.tracing, spans=2, limit=LIMIT + BESIDE)
        finally:
            RUNS.clear()
        assert notes.touched == notes.used == []
        if notes.kept():
            gc.collect()
        assert notes.kept() == 0


@contextmanager
def listeners() -> Iterator[dict[str, Listener]]:
    """A handler for each set of options; that limits are met is expected."""
    try:
        yield {name: Listener(**options) for name, options in OPTIONS.items()}
    finally:
        kinds = [kind for kind in health.failures if ":" not in kind]
        for kind in kinds:
            del health.failures[kind]


def same_with_us(
    place: str, recipe: Recipe, tracing: Tracing, on: Callable[[], AbstractContextManager[None]]
) -> None:
    """A program of LangChain's ends as it does without us, and all of its spans are there."""
    bare, notes = Notes(), Notes()
    forget(tracing)
    expected = outcome(place, built(recipe, bare))
    with on():
        assert outcome(place, built(recipe, notes)) == expected
    check_signals(tracing)
    # LangChain itself may fail on the way to its first callback.
    assert tracing.spans or expected[0] == "raises"
    assert notes.touched == []
    assert len(notes.used) == len(bare.used)
