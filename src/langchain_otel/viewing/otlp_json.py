"""Reads spans from OTLP's JSON, as the Collector, Jaeger, Tempo and exporters write it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
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
from langchain_otel.viewing.spans import KINDS, STATUSES, Attributes, Event, Link, Span

Json = dict[str, Any]

MAX_DEPTH: Final = 50
# Where the list of resources stands: in OTLP, in Protobuf's names, in Tempo's first interface.
RESOURCES: Final = ("resourceSpans", "resource_spans", "batches")
SCOPES: Final = (
    "scopeSpans",
    "scope_spans",
    "instrumentationLibrarySpans",
    "instrumentation_library_spans",
)
# What Tempo and Jaeger wrap around it.
ENVELOPES: Final = ("trace", "result")


def is_otlp(document: Any) -> bool:
    """Whether a document is one of OTLP's, also if it has no spans."""
    body = _opened(document)
    return any(name in body for name in RESOURCES)


def spans_of_otlp(document: Any) -> Iterator[Span]:
    """The spans of a document."""
    body = _opened(document)
    for resource in _objects(body, *RESOURCES):
        described = _attributes(_get(resource, "resource"))
        for scope in _objects(resource, *SCOPES):
            about = dict_of(_get(scope, "scope", "instrumentationLibrary"))
            name, version = text_of(_get(about, "name")), text_of(_get(about, "version"))
            for span in _objects(scope, "spans"):
                yield _span(span, described, name, version)


def _opened(document: Any) -> Json:
    body = dict_of(document)
    inner = next((body[name] for name in ENVELOPES if isinstance(body.get(name), dict)), None)
    return body if inner is None else inner


def _span(span: Json, resource: Attributes, scope: str, version: str) -> Span:
    start = time_of(_get(span, "startTimeUnixNano", "start_time_unix_nano"))
    status = dict_of(_get(span, "status"))
    return Span(
        trace_id=id_of(_get(span, "traceId", "trace_id"), TRACE_ID_LENGTH) or "0" * 32,
        span_id=id_of(_get(span, "spanId", "span_id"), SPAN_ID_LENGTH) or "0" * 16,
        parent_id=id_of(_get(span, "parentSpanId", "parent_span_id"), SPAN_ID_LENGTH),
        name=text_of(_get(span, "name")),
        kind=_named(_get(span, "kind"), KINDS),
        start=start,
        end=time_of(_get(span, "endTimeUnixNano", "end_time_unix_nano")) or start,
        status=_named(_get(status, "code"), STATUSES),
        status_message=text_of(_get(status, "message")),
        attributes=_attributes(span),
        events=tuple(map(_event, _objects(span, "events"))),
        links=tuple(map(_link, _objects(span, "links"))),
        resource=resource,
        scope=scope,
        scope_version=version,
    )


def _event(event: Json) -> Event:
    time = time_of(_get(event, "timeUnixNano", "time_unix_nano"))
    return Event(text_of(_get(event, "name")), time, _attributes(event))


def _link(link: Json) -> Link:
    return Link(
        trace_id=id_of(_get(link, "traceId", "trace_id"), TRACE_ID_LENGTH) or "0" * 32,
        span_id=id_of(_get(link, "spanId", "span_id"), SPAN_ID_LENGTH) or "0" * 16,
        attributes=_attributes(link),
    )


def _attributes(owner: Any) -> dict[str, Any]:
    pairs = _objects(dict_of(owner), "attributes")
    return {text_of(_get(pair, "key")): value_of(_get(pair, "value")) for pair in pairs}


def value_of(value: Any, depth: int = MAX_DEPTH) -> Any:
    """A plain value for an OTLP one, which names its type: {"intValue": "5"}."""
    if not isinstance(value, dict) or depth == 0:
        return None
    for kind, content in value.items():
        read = _READERS.get(kind.replace("_value", "Value"))
        if read is not None:
            return read(content)
        if kind in _COLLECTIONS:
            return _collection(kind, dict_of(content), depth - 1)
    return None


_COLLECTIONS: Final = ("arrayValue", "kvlistValue", "array_value", "kvlist_value")
_READERS: Final[dict[str, Callable[[Any], Any]]] = {
    "stringValue": text_of,
    "bytesValue": text_of,
    "boolValue": bool,
    "intValue": integer_of,
    "doubleValue": float_of,
}


def _collection(kind: str, content: Json, depth: int) -> Any:
    items = list_of(content.get("values"))
    if kind.startswith("array"):
        return [value_of(item, depth) for item in items]
    pairs = [item for item in items if isinstance(item, dict)]
    return {text_of(pair.get("key")): value_of(pair.get("value"), depth) for pair in pairs}


def _named(code: Any, names: tuple[str, ...]) -> str:
    """OTLP has numbers, Protobuf's own JSON has names such as SPAN_KIND_CLIENT."""
    if isinstance(code, str) and not code.isdigit():
        name = code.rpartition("_")[2].lower()
        return name if name in names else names[0]
    number = integer_of(code)
    return names[number] if 0 <= number < len(names) else names[0]


def _get(owner: Any, *names: str) -> Any:
    fields = dict_of(owner)
    return next((fields[name] for name in names if name in fields), None)


def _objects(owner: Json, *names: str) -> list[Json]:
    return [item for item in list_of(_get(owner, *names)) if isinstance(item, dict)]
