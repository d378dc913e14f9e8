"""Knows spans and log records as tests see them, and how to read them from OTLP JSON."""

import base64
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Final, TypeAlias

# What JSON holds; its shape is checked by the tests that read it.
Json: TypeAlias = dict[str, Any]
Value: TypeAlias = "str | bool | int | float | bytes | list[Value] | dict[str, Value] | None"
Attributes: TypeAlias = dict[str, Value]

KINDS: Final = ("UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER")
STATUSES: Final = ("UNSET", "OK", "ERROR")


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened during a span."""

    name: str
    time: int
    attributes: Attributes


@dataclass(frozen=True, slots=True)
class Link:
    """Another span, in this trace or in another."""

    trace_id: str
    span_id: str
    attributes: Attributes


@dataclass(frozen=True, slots=True)
class Span:
    """A span, the same from every backend: ids in lower-case hex, times in nanoseconds."""

    trace_id: str
    span_id: str
    parent_span_id: str | None
    name: str
    kind: str
    start_time: int
    end_time: int
    status_code: str
    status_message: str
    attributes: Attributes
    events: tuple[Event, ...]
    links: tuple[Link, ...]
    resource: Attributes
    scope_name: str

    def text(self, key: str) -> str:
        """An attribute that must be a string."""
        value = self.attributes[key]
        if not isinstance(value, str):
            raise TypeError(f"{key} is not a string: {value!r}")
        return value


@dataclass(frozen=True, slots=True)
class LogRecord:
    """A log record; an event of the GenAI conventions is one that has an event name."""

    trace_id: str
    span_id: str
    event_name: str
    severity: int
    body: Value
    attributes: Attributes
    scope_name: str


def spans_in(document: Json) -> list[Span]:
    """The spans of an OTLP JSON document, oldest first."""
    spans = [
        _span(span, attributes_of(resource.get("resource", {})), scope.get("scope", {}))
        for resource in document.get("resourceSpans", [])
        for scope in resource.get("scopeSpans", [])
        for span in scope.get("spans", [])
    ]
    return sorted(spans, key=lambda span: (span.start_time, span.span_id))


def log_records_in(document: Json) -> Iterator[LogRecord]:
    """The log records of an OTLP JSON document."""
    for resource in document.get("resourceLogs", []):
        for scope in resource.get("scopeLogs", []):
            for record in scope.get("logRecords", []):
                yield _log_record(record, scope.get("scope", {}))


def attributes_of(owner: Json) -> Attributes:
    """The attributes of anything that has some."""
    return {pair["key"]: value_of(pair.get("value", {})) for pair in owner.get("attributes", [])}


def value_of(value: Json) -> Value:
    """A Python value for an OTLP one, which names its type: {"intValue": "5"}."""
    for kind, content in value.items():
        return READERS[kind](content)
    return None


def _list(content: Json) -> Value:
    return [value_of(item) for item in content.get("values", [])]


def _mapping(content: Json) -> Value:
    return attributes_of({"attributes": content.get("values", [])})


READERS: Final[dict[str, Callable[[Any], Value]]] = {
    "stringValue": str,
    "boolValue": bool,
    "intValue": int,
    "doubleValue": float,
    "bytesValue": base64.b64decode,
    "arrayValue": _list,
    "kvlistValue": _mapping,
}


def identifier(text: str) -> str:
    """An id as hex: OTLP writes hex, Protobuf's own JSON base64; their lengths differ."""
    if len(text) in (0, 16, 32):
        return text.lower()
    return base64.b64decode(text).hex()


def _span(span: Json, resource: Attributes, scope: Json) -> Span:
    status = span.get("status", {})
    return Span(
        trace_id=identifier(span["traceId"]),
        span_id=identifier(span["spanId"]),
        parent_span_id=identifier(span.get("parentSpanId", "")) or None,
        name=span.get("name", ""),
        kind=_named(span.get("kind", 0), KINDS, "SPAN_KIND_"),
        start_time=int(span["startTimeUnixNano"]),
        end_time=int(span["endTimeUnixNano"]),
        status_code=_named(status.get("code", 0), STATUSES, "STATUS_CODE_"),
        status_message=status.get("message", ""),
        attributes=attributes_of(span),
        events=tuple(_event(event) for event in span.get("events", [])),
        links=tuple(_link(link) for link in span.get("links", [])),
        resource=resource,
        scope_name=scope.get("name", ""),
    )


def _event(event: Json) -> Event:
    return Event(event.get("name", ""), int(event["timeUnixNano"]), attributes_of(event))


def _link(link: Json) -> Link:
    return Link(identifier(link["traceId"]), identifier(link["spanId"]), attributes_of(link))


def _log_record(record: Json, scope: Json) -> LogRecord:
    return LogRecord(
        trace_id=identifier(record.get("traceId", "")),
        span_id=identifier(record.get("spanId", "")),
        event_name=record.get("eventName", ""),
        severity=int(record.get("severityNumber", 0)),
        body=value_of(record.get("body", {})),
        attributes=attributes_of(record),
        scope_name=scope.get("name", ""),
    )


def _named(code: int | str, names: tuple[str, ...], prefix: str) -> str:
    """OTLP JSON has numbers, Protobuf's own has names."""
    return names[code] if isinstance(code, int) else code.removeprefix(prefix)


def as_jaeger_stores(span: Span) -> Span:
    """Lists become texts, and a link has a type of Jaeger's in place of its attributes."""
    attributes: Attributes = {
        name: json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        if isinstance(value, list)
        else value
        for name, value in span.attributes.items()
    }
    reference: Attributes = {"opentracing.ref_type": "follows_from"}
    links = tuple(replace(link, attributes=reference) for link in span.links)
    return replace(span, attributes=attributes, links=links)
