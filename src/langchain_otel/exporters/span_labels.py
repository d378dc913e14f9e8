"""Says in one line what a span is: its name, time, tokens and cost, and how it ended."""

from __future__ import annotations

from collections.abc import Iterator
from time import time_ns
from typing import Any, Final

import orjson
from opentelemetry.sdk.resources import SERVICE_NAME
from opentelemetry.sdk.trace import ReadableSpan
from rich.text import Text

from langchain_otel import semconv
from langchain_otel.exporters.cost_text import cost_of_calls, cost_text
from langchain_otel.exporters.evaluation_results import evaluations_of
from langchain_otel.exporters.failures import has_failed, origins
from langchain_otel.exporters.harmless_text import harmless, one_line
from langchain_otel.exporters.span_facts import Spans, is_model, nanoseconds_of, value_of
from langchain_otel.version import SCOPE

DETAILS: Final = {
    semconv.GEN_AI_REQUEST_MODEL: "cyan",
    semconv.GEN_AI_RESPONSE_MODEL: "cyan",
    semconv.GEN_AI_TOOL_NAME: "cyan",
    semconv.GEN_AI_TOOL_CALL_ID: "dim",
    semconv.RUN_OUTCOME: "yellow",
}
TOKENS: Final = (semconv.GEN_AI_USAGE_INPUT_TOKENS, semconv.GEN_AI_USAGE_OUTPUT_TOKENS)
TOKEN_DETAILS: Final = {
    semconv.GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS: "cached",
    semconv.GEN_AI_USAGE_REASONING_OUTPUT_TOKENS: "reasoning",
}
# What is waited for, in a line that has more to say.
SHORT: Final = 60
FOREVER: Final = 1e9


Parts = list[tuple[str, str]]
"""Texts, each with its style; those that are empty are not shown."""


def label_parts(span: ReadableSpan) -> Parts:
    """The line of a span that has ended."""
    return _label(span, _elapsed(nanoseconds_of(span)))


def open_label_parts(span: ReadableSpan, chunks: int) -> Parts:
    """The line of a span that is under way, and how many chunks of its answer have come."""
    elapsed = _elapsed(max(nanoseconds_of(span, now=time_ns()), 0))
    streamed = _counted(chunks, "chunk") if chunks else ""
    return [*_label(span, f"{elapsed} …"), (streamed, "green")]


def head_parts(span: ReadableSpan, note: str = "") -> Parts:
    """The line above a trace."""
    service = str(span.resource.attributes.get(SERVICE_NAME, ""))
    return [(f"trace {span.context.trace_id:032x}", "bold"), (service, ""), (note, "yellow")]


def totals_parts(spans: Spans) -> Parts:
    """The last line of a trace: what its spans are together."""
    errors = len(origins(spans))
    return [
        (_counted(len(spans), "span"), "bold"),
        (_elapsed(nanoseconds_of(*spans)), ""),
        (_tokens(*filter(is_model, spans)), "green"),
        (cost_of_calls(span.attributes for span in spans), "green"),
        (_counted(errors, "error") if errors else "", "red"),
    ]


def line(parts: Parts) -> Text:
    """The parts in one line."""
    shown = [Text(harmless(text), style) for text, style in parts if text]
    return Text("  ").join(shown)


def pauses_of(span: ReadableSpan) -> Iterator[tuple[str, str]]:
    """What a person is asked, where that is recorded, and the checkpoint, of each pause."""
    for event in span.events:
        if event.name == semconv.EVENT_INTERRUPT:
            said = dict(event.attributes or {})
            asked = _asked(said.get(semconv.EVENT_DATA))
            count = said.get(semconv.LANGGRAPH_INTERRUPT_COUNT)
            checkpoint = str(said.get(semconv.LANGGRAPH_CHECKPOINT_ID) or "")
            yield asked or _counted(count, "answer"), checkpoint


def _counted(count: object, word: str) -> str:
    return f"{count} {word}" + "s" * (count != 1)


def _label(span: ReadableSpan, elapsed: str) -> Parts:
    scope = span.instrumentation_scope
    own = scope is not None and scope.name == SCOPE
    parts: Parts = [(span.name, "bold" if own else "dim"), (elapsed, "" if own else "dim")]
    parts += [(_unnamed(span, name), style) for name, style in DETAILS.items()]
    parts += [(pause, "yellow") for pause in _pauses(span)]
    parts += [(each.text, "cyan") for each in evaluations_of(span)]
    parts += [(_tokens(span), "green"), (cost_text([span.attributes]), "green")]
    parts += [(_failure(span), "red"), (_links(span), "magenta")]
    return parts


def _unnamed(span: ReadableSpan, name: str) -> str:
    """An attribute, unless the name of the span contains it."""
    detail = value_of(span, name)
    return "" if detail is None or str(detail) in span.name else str(detail)


def _pauses(span: ReadableSpan) -> Iterator[str]:
    for asked, checkpoint in pauses_of(span):
        short = one_line(asked, SHORT)
        yield f"waits for {short}" + "…" * (len(short) == SHORT)
        yield f"checkpoint {checkpoint}" if checkpoint else ""


def _asked(data: Any) -> str:
    """What the interrupts of a pause ask, where content is recorded."""
    if not isinstance(data, str):
        return ""
    try:
        asked = orjson.loads(data)
    except ValueError:
        return data
    values = asked if isinstance(asked, list) else [asked]
    texts = (each if isinstance(each, str) else orjson.dumps(each).decode() for each in values)
    return ", ".join(texts)


def _tokens(*spans: ReadableSpan) -> str:
    def total(name: str) -> int:
        return sum(count for span in spans if type(count := value_of(span, name)) is int)

    read, written = map(total, TOKENS)
    parts = [f"{total(name)} {word}" for name, word in TOKEN_DETAILS.items() if total(name)]
    spent = f"{read}→{written} tokens" if read or written else ""
    return f"{spent} ({', '.join(parts)})" if parts else spent


def _failure(span: ReadableSpan) -> str:
    if not has_failed(span):
        return ""
    kind = value_of(span, semconv.ERROR_TYPE) or span.status.description or ""
    return f"error {kind}".rstrip()


def _links(span: ReadableSpan) -> str:
    others = {link.context.trace_id: _relation(link) for link in span.links}
    others.pop(span.context.trace_id, None)
    shown = [f"{word} {trace_id:032x}" for trace_id, word in sorted(others.items())]
    waited = value_of(span, semconv.LANGGRAPH_INTERRUPT_WAIT)
    if shown and isinstance(waited, float) and 0 <= waited < FOREVER:
        shown.append(f"after {_elapsed(round(waited * 1e9))}")
    return ", ".join(shown)


def _relation(link: Any) -> str:
    is_request = (link.attributes or {}).get(semconv.LINK_TYPE) == semconv.REQUESTED_BY
    return "requested in" if is_request else "continues"


def _elapsed(nanoseconds: int) -> str:
    if nanoseconds < 1e6:
        return f"{nanoseconds / 1e3:.0f} µs"
    if nanoseconds < 1e9:
        return f"{nanoseconds / 1e6:.0f} ms"
    if nanoseconds < 60e9:
        return f"{nanoseconds / 1e9:.2f} s"
    return "{} min {} s".format(*divmod(round(nanoseconds / 1e9), 60))
