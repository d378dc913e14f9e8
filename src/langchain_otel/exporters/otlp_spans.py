"""Encodes spans as an OTLP request, byte for byte as the standard encoder does.

The format is that of `opentelemetry/proto/trace/v1/trace.proto`. Writing the bytes straight away
takes a fifth of the time of building protobuf messages first.
"""

from __future__ import annotations

from collections.abc import Sequence
from struct import Struct
from typing import Any, Final

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, Status

from langchain_otel.exporters.otlp_values import VARINTS, attributes, sized, varint

HAS_IS_REMOTE: Final = 0x100
IS_REMOTE: Final = 0x200

fixed64: Final = Struct("<BQ").pack
span_flags: Final = Struct("<BBI").pack
link_flags: Final = Struct("<BI").pack


def encode_spans(spans: Sequence[ReadableSpan]) -> bytes:
    """The bytes of an `ExportTraceServiceRequest` with these spans."""
    return b"".join([b"\x0a" + sized(_resource_spans(group)) for group in _grouped(spans)])


class _Scopes:
    """The spans of one resource by their scopes, in the order in which each came first."""

    def __init__(self, resource: Resource) -> None:
        self.resource = resource
        self.by_scope: dict[InstrumentationScope | None, list[bytes]] = {}


def _grouped(spans: Sequence[ReadableSpan]) -> list[_Scopes]:
    # A resource is costly to hash, and nearly all spans have the very same one.
    by_resource: dict[Resource, _Scopes] = {}
    by_identity: dict[int, _Scopes] = {}
    for span in spans:
        resource = span.resource
        group = by_identity.get(id(resource))
        if group is None:
            group = by_resource.setdefault(resource, _Scopes(resource))
            by_identity[id(resource)] = group
        scope = span.instrumentation_scope or None
        group.by_scope.setdefault(scope, []).append(_span(span))
    return list(by_resource.values())


def _resource_spans(group: _Scopes) -> bytes:
    resource = group.resource
    parts = [b"\x0a", sized(b"".join(attributes(resource.attributes, b"\x0a")))]
    for scope, spans in group.by_scope.items():
        parts += (b"\x12", sized(_scope_spans(scope, spans)))
    return b"".join(parts) + _text(b"\x1a", resource.schema_url)


def _scope_spans(scope: InstrumentationScope | None, spans: list[bytes]) -> bytes:
    parts = [b"\x0a", sized(b"" if scope is None else _scope(scope))]
    for span in spans:
        parts += (b"\x12", sized(span))
    return b"".join(parts) + _text(b"\x1a", None if scope is None else scope.schema_url)


def _scope(scope: InstrumentationScope) -> bytes:
    fields = b"".join(attributes(scope.attributes, b"\x1a"))
    return _text(b"\x0a", scope.name) + _text(b"\x12", scope.version) + fields


def _span(span: ReadableSpan) -> bytes:
    context: SpanContext = span.get_span_context()  # type: ignore[assignment]
    parent = span.parent
    parts = [b"\x0a\x10", context.trace_id.to_bytes(16), b"\x12\x08", context.span_id.to_bytes(8)]
    if context.trace_state:
        state = ",".join([f"{key}={value}" for key, value in context.trace_state.items()])
        parts.append(_text(b"\x1a", state))
    if parent:
        parts += (b"\x22\x08", parent.span_id.to_bytes(8))
    parts += (_text(b"\x2a", span.name), b"\x30", VARINTS[span.kind.value + 1])
    parts += (_time(0x39, span.start_time), _time(0x41, span.end_time))
    parts += attributes(span.attributes, b"\x4a")
    parts.append(_count(b"\x50", span.dropped_attributes))
    if span.events:
        parts += [b"\x5a" + sized(_event(event)) for event in span.events]
    parts.append(_count(b"\x60", span.dropped_events))
    if span.links:
        parts += [b"\x6a" + sized(_link(link)) for link in span.links]
    parts.append(_count(b"\x70", span.dropped_links))
    parts += (_status(span.status), span_flags(0x85, 0x01, _flags(parent)))
    return b"".join(parts)


def _event(event: Event) -> bytes:
    parts = [_time(0x09, event.timestamp), _text(b"\x12", event.name)]
    parts += attributes(event.attributes, b"\x1a")
    parts.append(_count(b"\x20", event.dropped_attributes))
    return b"".join(parts)


def _link(link: Link) -> bytes:
    context = link.context
    parts = [b"\x0a\x10", context.trace_id.to_bytes(16), b"\x12\x08", context.span_id.to_bytes(8)]
    parts += attributes(link.attributes, b"\x22")
    parts += (_count(b"\x28", link.dropped_attributes), link_flags(0x35, _flags(context)))
    return b"".join(parts)


def _status(status: Status | None) -> bytes:
    if status is None:
        return b""
    code = status.status_code.value
    return b"\x7a" + sized(_text(b"\x12", status.description) + _count(b"\x18", code))


def _flags(context: SpanContext | None) -> int:
    return HAS_IS_REMOTE | IS_REMOTE if context and context.is_remote else HAS_IS_REMOTE


def _text(tag: bytes, value: str | None) -> bytes:
    # A name with half a character, which costs the standard encoder the whole batch.
    return tag + sized(value.encode(errors="replace")) if value else b""


def _count(tag: bytes, number: Any) -> bytes:
    return tag + varint(number) if number else b""


def _time(tag: int, nanoseconds: int | None) -> bytes:
    return fixed64(tag, nanoseconds) if nanoseconds else b""
