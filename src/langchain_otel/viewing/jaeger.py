"""Reads spans from the JSON that Jaeger's pages read and save."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from langchain_otel.viewing.plain import (
    SPAN_ID_LENGTH,
    TRACE_ID_LENGTH,
    dict_of,
    float_of,
    id_of,
    integer_of,
    list_of,
    text_of,
    time_of,
)
from langchain_otel.viewing.spans import ERROR, KINDS, OK, UNSET, Event, Link, Span

Json = dict[str, Any]

MICROSECOND: Final = 1_000
PARENT: Final = "CHILD_OF"
# Attributes of a span that Jaeger has no field for.
KIND: Final = "span.kind"
STATUS: Final = "otel.status_code"
STATUS_MESSAGE: Final = "otel.status_description"
SCOPES: Final = ("otel.scope.name", "otel.library.name")
VERSIONS: Final = ("otel.scope.version", "otel.library.version")
_FIELDS: Final = {KIND, STATUS, STATUS_MESSAGE, *SCOPES, *VERSIONS}


def is_jaeger(document: Any) -> bool:
    """Whether a document is a list of traces with spans and processes."""
    traces = _traces(document)
    return bool(traces) and all("processes" in trace for trace in traces)


def spans_of_jaeger(document: Any) -> Iterator[Span]:
    """The spans of a document."""
    for trace in _traces(document):
        processes = dict_of(trace.get("processes"))
        for span in list_of(trace.get("spans")):
            if isinstance(span, dict):
                process = dict_of(processes.get(text_of(span.get("processID"))))
                yield _span(span, process)


def _traces(document: Any) -> list[Json]:
    return [trace for trace in list_of(dict_of(document).get("data")) if isinstance(trace, dict)]


def _span(span: Json, process: Json) -> Span:
    tags = _tags(span.get("tags"))
    parent, links = _references(span)
    start = time_of(integer_of(span.get("startTime")) * MICROSECOND)
    kind = text_of(tags.get(KIND))
    service = {"service.name": text_of(process.get("serviceName"))}
    return Span(
        trace_id=_trace_id(span),
        span_id=id_of(span.get("spanID"), SPAN_ID_LENGTH) or "0" * 16,
        parent_id=parent,
        name=text_of(span.get("operationName")),
        kind=kind if kind in KINDS else KINDS[0],
        start=start,
        end=time_of(start + integer_of(span.get("duration")) * MICROSECOND),
        status=_status(tags),
        status_message=text_of(tags.get(STATUS_MESSAGE)),
        attributes={name: value for name, value in tags.items() if name not in _FIELDS},
        events=tuple(_event(log) for log in list_of(span.get("logs")) if isinstance(log, dict)),
        links=links,
        resource=service | _tags(process.get("tags")),
        scope=next((text_of(tags[name]) for name in SCOPES if name in tags), ""),
        scope_version=next((text_of(tags[name]) for name in VERSIONS if name in tags), ""),
    )


def _trace_id(span: Json) -> str:
    return id_of(span.get("traceID"), TRACE_ID_LENGTH) or "0" * 32


def _references(span: Json) -> tuple[str | None, tuple[Link, ...]]:
    """The parent, which is the first reference of its kind in the same trace, and the others."""
    parent: str | None = id_of(span.get("parentSpanID"), SPAN_ID_LENGTH)
    links: list[Link] = []
    for reference in list_of(span.get("references")):
        fields = dict_of(reference)
        link = Link(_trace_id(fields), id_of(fields.get("spanID"), SPAN_ID_LENGTH) or "0" * 16, {})
        is_parent = fields.get("refType") == PARENT and link.trace_id == _trace_id(span)
        if is_parent and parent in {None, link.span_id}:
            parent = link.span_id
        else:
            links.append(link)
    return parent, tuple(links)


def _status(tags: Json) -> str:
    code = text_of(tags.get(STATUS)).lower()
    if code == ERROR or tags.get("error") is True:
        return ERROR
    return OK if code == OK else UNSET


def _event(log: Json) -> Event:
    fields = _tags(log.get("fields"))
    name = text_of(fields.pop("event", ""))
    return Event(name, time_of(integer_of(log.get("timestamp")) * MICROSECOND), fields)


def _tags(tags: Any) -> Json:
    return {text_of(tag.get("key")): _value(tag) for tag in list_of(tags) if isinstance(tag, dict)}


def _value(tag: Json) -> Any:
    value = tag.get("value")
    match tag.get("type"):
        case "int64":
            return integer_of(value)
        case "float64":
            return float_of(value)
        case "bool":
            return value is True or value == "true"
    return text_of(value)
