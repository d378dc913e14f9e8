"""Says under the label of a span what its mode wants: its content, its failure, everything."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from opentelemetry.sdk.trace import ReadableSpan

from langchain_otel import semconv
from langchain_otel.exporters.evaluation_results import evaluations_of
from langchain_otel.exporters.failures import EXCEPTIONS, failure_of
from langchain_otel.exporters.message_texts import text_of
from langchain_otel.exporters.span_content import content_of, is_content
from langchain_otel.exporters.span_labels import SHORT, pauses_of
from langchain_otel.exporters.tree_mode import COMPACT, CONTENT, FULL

RED: Final = "red"
YELLOW: Final = "yellow"
MAGENTA: Final = "magenta"
CYAN: Final = "cyan"


class Detail(NamedTuple):
    """A text under a word; `is_whole`: with all of its lines, else in one that may be cut."""

    word: str
    text: str
    style: str = ""
    is_whole: bool = False


class Around(NamedTuple):
    """What is known of the other spans: their names by id, and which failures began where."""

    names: Mapping[int, str]
    origins: set[int]


def details_of(span: ReadableSpan, around: Around, mode: str) -> list[Detail]:
    """What the mode shows of a span beside its label."""
    return list(DETAILS[mode](span, around))


def _nothing(*_: Any) -> Iterator[Detail]:
    return iter(())


def _content(span: ReadableSpan, around: Around) -> Iterator[Detail]:
    for said in content_of(span):
        if said.short:
            yield Detail(said.word, said.short)
    yield from _requests(span, around)
    for each in evaluations_of(span):
        if each.explanation:
            yield Detail(each.name, each.explanation, CYAN)
    for asked, _ in pauses_of(span):
        if len(asked) >= SHORT:
            yield Detail("waits for", asked, YELLOW)
    if span.context.span_id in around.origins:
        text, place = failure_of(span)
        yield from [Detail("error", text, RED)] if text else []
        yield from [Detail("at", place, RED)] if place else []


def _full(span: ReadableSpan, _: Around) -> Iterator[Detail]:
    for said in content_of(span):
        yield Detail(said.word, said.whole, is_whole=True)
    for name, value in (span.attributes or {}).items():
        if not is_content(name):
            yield Detail(name, text_of(value), "dim", is_whole=True)
    for event in span.events:
        style = RED if event.name in EXCEPTIONS else YELLOW
        yield Detail(f"event {event.name}", _fields(event.attributes), style, is_whole=True)
    for link in span.links:
        where = f"{link.context.trace_id:032x} {link.context.span_id:016x}"
        fields = _fields(link.attributes)
        yield Detail("link", f"{where}  {fields}".rstrip(), MAGENTA, is_whole=True)
    if span.status.description:
        yield Detail("status", span.status.description, RED, is_whole=True)


def _requests(span: ReadableSpan, around: Around) -> Iterator[Detail]:
    for link in span.links:
        name = around.names.get(link.context.span_id)
        is_request = (link.attributes or {}).get(semconv.LINK_TYPE) == semconv.REQUESTED_BY
        if name is not None and is_request:
            yield Detail("requested by", name, MAGENTA)


def _fields(attributes: Mapping[str, Any] | None) -> str:
    """Names and values; a value of several lines begins in a line of its own."""
    shown = []
    for name, value in (attributes or {}).items():
        text = text_of(value).rstrip("\n")
        shown.append(f"{name}:\n{text}" if "\n" in text else f"{name}: {text}")
    return "\n".join(shown)


DETAILS: Final[dict[str, Callable[[ReadableSpan, Around], Iterator[Detail]]]] = {
    COMPACT: _nothing,
    CONTENT: _content,
    FULL: _full,
}
