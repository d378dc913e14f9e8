"""Reads what a span was asked and answered as plain data."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from opentelemetry.sdk.trace import ReadableSpan

from langchain_otel import semconv
from langchain_otel.dialects import openinference_names as names
from langchain_otel.exporters.message_texts import data_of
from langchain_otel.viewing.spans import ERROR, OK, UNSET, Event, Span

STATUSES: Final = {"ERROR": ERROR, "OK": OK, "UNSET": UNSET}
IN_OPENINFERENCE: Final = {
    semconv.GEN_AI_TOOL_CALL_ARGUMENTS: names.INPUT_VALUE,
    semconv.GEN_AI_TOOL_CALL_RESULT: names.OUTPUT_VALUE,
    semconv.GEN_AI_RETRIEVAL_QUERY_TEXT: names.INPUT_VALUE,
    semconv.GEN_AI_RETRIEVAL_DOCUMENTS: names.OUTPUT_VALUE,
    semconv.GEN_AI_INPUT_MESSAGES: names.INPUT_VALUE,
    semconv.GEN_AI_OUTPUT_MESSAGES: names.OUTPUT_VALUE,
}


def content(span: ReadableSpan, name: str) -> Any:
    """The data of an attribute, or of the one that OpenInference has in its place."""
    attributes = span.attributes or {}
    other = IN_OPENINFERENCE.get(name, "")
    return plain(data_of(attributes.get(name, attributes.get(other))))


def plain(data: Any) -> Any:
    """The same in dicts and lists."""
    if isinstance(data, Mapping):
        return {str(key): plain(value) for key, value in data.items()}
    if isinstance(data, Sequence) and not isinstance(data, (str, bytes)):
        return [plain(value) for value in data]
    return data


def viewed(span: ReadableSpan) -> Span:
    """The span as the readers of recorded traces take it."""
    attributes = dict(span.attributes or {})
    return Span(
        trace_id=f"{span.context.trace_id:032x}",
        span_id=f"{span.context.span_id:016x}",
        parent_id=f"{span.parent.span_id:016x}" if span.parent else None,
        name=span.name,
        kind=span.kind.name.lower(),
        start=span.start_time or 0,
        end=span.end_time or 0,
        status=STATUSES[span.status.status_code.name],
        status_message=span.status.description or "",
        attributes=attributes,
        events=tuple(
            Event(each.name, each.timestamp, dict(each.attributes or {})) for each in span.events
        ),
        links=(),
        resource={},
        scope="" if span.instrumentation_scope is None else span.instrumentation_scope.name,
    )


IDS: Final = re.compile(
    r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b|\b[0-9a-f]{32}\b",
    re.IGNORECASE,
)
ID: Final = "<id>"


def without_ids(data: Any) -> Any:
    """The same without what names a call or a message, and with `<id>` for ids in texts."""
    if isinstance(data, dict):
        return {key: without_ids(value) for key, value in data.items() if key not in ID_FIELDS}
    if isinstance(data, list):
        return [without_ids(value) for value in data]
    return IDS.sub(ID, data) if isinstance(data, str) else data


ID_FIELDS: Final = frozenset(("id", "tool_call_id"))
