"""Makes spans of OpenTelemetry's SDK of those that were read, for whoever prints such."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags

from langchain_otel import semconv
from langchain_otel.viewing.forest import Trace
from langchain_otel.viewing.reading import MODEL, facts_of
from langchain_otel.viewing.reading import TOKENS as COUNTS
from langchain_otel.viewing.spans import ERROR, OK, Span

STATUSES: Final = {ERROR: StatusCode.ERROR, OK: StatusCode.OK}
TOKENS: Final = {what: keys[0] for what, keys in COUNTS.items()}
MAX_LEVELS: Final = 200
KINDS: Final = {kind.name.lower(): kind for kind in SpanKind}


def readable_spans(trace: Trace) -> list[ReadableSpan]:
    """The spans of a trace, each below a parent that is there, or below none.

    A tree is no deeper than a terminal can show: spans further down stand at its last level.
    """
    contexts = [_context(node.span.trace_id, node.span.span_id) for node in trace.nodes]
    resources = {id(node.span.resource): node.span.resource for node in trace.nodes}
    made = {key: Resource(_scalars(resource)) for key, resource in resources.items()}
    return [
        _readable(
            node.span,
            context,
            None if parent is None else contexts[parent],
            made[id(node.span.resource)],
        )
        for node, context, parent in zip(trace.nodes, contexts, _parents(trace), strict=True)
    ]


def _parents(trace: Trace) -> list[int | None]:
    parents: list[int | None] = []
    for node in trace.nodes:
        is_deep = node.parent is not None and node.depth >= MAX_LEVELS
        parents.append(parents[node.parent] if is_deep and node.parent else node.parent)
    return parents


def _readable(
    span: Span, context: SpanContext, parent: SpanContext | None, resource: Resource
) -> ReadableSpan:
    events = (Event(each.name, _known(each.attributes), each.time) for each in span.events)
    links = (
        Link(_context(each.trace_id, each.span_id), _known(each.attributes)) for each in span.links
    )
    code = STATUSES.get(span.status, StatusCode.UNSET)
    return ReadableSpan(
        name=span.name,
        context=context,
        parent=parent,
        resource=resource,
        attributes=_in_gen_ai(span),
        events=tuple(events),
        links=tuple(links),
        kind=KINDS.get(span.kind, SpanKind.INTERNAL),
        status=Status(code, (span.status_message or None) if code is StatusCode.ERROR else None),
        start_time=span.start,
        end_time=max(span.start, span.end),
        instrumentation_scope=InstrumentationScope(span.scope, span.scope_version or None),
    )


def _in_gen_ai(span: Span) -> dict[str, Any]:
    """The attributes, also by the GenAI conventions' names what others call otherwise."""
    facts = facts_of(span)
    found: dict[str, Any] = {TOKENS[what]: count for what, count in facts.tokens.items()}
    if facts.kind == MODEL:
        found |= {semconv.GEN_AI_OPERATION_NAME: semconv.CHAT}
    if facts.is_call and facts.cost is not None:
        found |= {semconv.COST_TOTAL: facts.cost}
    if facts.model:
        found |= {semconv.GEN_AI_REQUEST_MODEL: facts.model}
    return found | _known(span.attributes)


def _scalars(resource: Mapping[str, Any]) -> dict[str, Any]:
    """What a resource may have, as the SDK would say in a warning otherwise."""
    return {
        name: value if isinstance(value, (str, int, float)) else str(value)
        for name, value in _known(resource).items()
        if name
    }


def _known(attributes: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in attributes.items() if value is not None}


def _context(trace_id: str, span_id: str) -> SpanContext:
    sampled = TraceFlags(TraceFlags.SAMPLED)
    return SpanContext(int(trace_id, 16), int(span_id, 16), is_remote=False, trace_flags=sampled)
