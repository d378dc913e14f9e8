"""Knows the span trees of a test as text that says what became of each run, and runs graphs."""

import asyncio
import re
from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import StatusCode

from langchain_otel import semconv
from recording import Tracing, id_of

STEPS = frozenset(
    (
        "call_model",
        "RunnableSequence",
        "Prompt",
        "should_continue",
        "call_agent",
        "model_to_tools",
        "tools_to_model",
    )
)
"""Steps inside the nodes of agents, of which one version of LangGraph has more than another."""

_ID = re.compile(
    r"0x[0-9a-f]{16,32}"
    r"|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
    r"|(?<=span_id=)\d+|(?<=trace_id=)\d+"
)
"""Ids of spans, traces and runs as OpenTelemetry's records print them."""

MODES = ("invoke", "stream", "ainvoke", "astream")


def executed(graph: Any, given: Any, mode: str, config: Any = None, **options: Any) -> Any:
    """What a runnable gives in one of `MODES`: its result, or the list of its chunks."""
    if mode == "invoke":
        return graph.invoke(given, config, **options)
    if mode == "stream":
        return list(graph.stream(given, config, **options))
    if mode == "ainvoke":
        return asyncio.run(graph.ainvoke(given, config, **options))

    async def chunks() -> list[Any]:
        return [chunk async for chunk in graph.astream(given, config, **options)]

    return asyncio.run(chunks())


def shown(tracing: Tracing, hidden: frozenset[str] = frozenset()) -> str:
    """The span trees as indented text, with failures, outcomes, attempts and events.

    Nodes of one step run at the same time: they are sorted by their names. What hangs under a
    `hidden` span is shown in its place.
    """
    known = {id_of(span) for span in tracing.spans}
    roots = [span for span in tracing.spans if _parent(span) not in known]
    return "".join(f"{line}\n" for line in _lines(tracing.spans, roots, hidden, 0))


def everything(tracing: Tracing) -> str:
    """All that left the process, as text without ids, in which a word may stand by chance."""
    spans = [span.to_json() for span in tracing.spans]
    sent = "".join(spans + [log.to_json() for log in tracing.logs] + [str(tracing.metrics())])
    return _ID.sub("id", sent)


def logged(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What our own logger said."""
    return [record.getMessage() for record in caplog.records if record.name == "langchain_otel"]


def _parent(span: ReadableSpan) -> int | None:
    return None if span.parent is None else span.parent.span_id


def _lines(
    spans: tuple[ReadableSpan, ...],
    siblings: list[ReadableSpan],
    hidden: frozenset[str],
    depth: int,
) -> Iterator[str]:
    for span in sorted(siblings, key=_order):
        below = [other for other in spans if _parent(other) == id_of(span)]
        if span.name in hidden:
            yield from _lines(spans, below, hidden, depth)
            continue
        yield "  " * depth + " ".join([span.name, *_marks(span)])
        for event in span.events:
            if event.name == semconv.EVENT_EXCEPTION:
                # The mark of the span that failed says the same.
                continue
            node = (event.attributes or {}).get(semconv.LANGGRAPH_NODE, "")
            yield "  " * (depth + 1) + f"* {event.name} {node!s}"
        yield from _lines(spans, below, hidden, depth + 1)


def _order(span: ReadableSpan) -> tuple[Any, ...]:
    attributes = span.attributes or {}
    step = attributes.get(semconv.LANGGRAPH_STEP, 0)
    attempt = attributes.get(semconv.RETRY_ATTEMPT, 0)
    return step, span.name if step else "", attempt, span.start_time


def _marks(span: ReadableSpan) -> Iterator[str]:
    attributes = span.attributes or {}
    if span.status.status_code is StatusCode.ERROR:
        assert not span.status.description
        yield f"ERROR({attributes[semconv.ERROR_TYPE]!s})"
    else:
        assert semconv.ERROR_TYPE not in attributes
    for name in (semconv.RUN_OUTCOME, semconv.RETRY_ATTEMPT):
        if name in attributes:
            yield str(attributes[name])
