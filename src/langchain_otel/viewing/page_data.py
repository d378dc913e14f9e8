"""Prepares what a page shows, as JSON that cannot be taken for anything else in HTML."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from langchain_otel.version import __version__
from langchain_otel.viewing import names
from langchain_otel.viewing.conversation import is_message_event
from langchain_otel.viewing.evaluations import evaluations_of, is_evaluation_event
from langchain_otel.viewing.forest import Node, Trace
from langchain_otel.viewing.reading import UNKNOWN_ERROR, Facts, facts_of
from langchain_otel.viewing.sections import is_in_a_section, sections_of
from langchain_otel.viewing.spans import ERROR, Attributes, Event, Span

Json = dict[str, Any]

# The largest whole number that a browser counts exactly.
MAX_EXACT: Final = 2**53 - 1
MAX_DEPTH: Final = 60
NANOSECONDS_IN_MILLISECOND: Final = 1_000_000
_UNSAFE: Final = re.compile("[<>&\u2028\u2029\ud800-\udfff]")


def page_data(traces: Sequence[Trace], source: str, *, is_redacted: bool) -> str:
    """JSON of everything, in which no character is left that HTML or a script could act upon."""
    resources: dict[str, int] = {}
    data = {
        "version": __version__,
        "source": source,
        "redacted": is_redacted,
        "traces": [_trace(trace, resources) for trace in traces],
        # Filled while the traces were read.
        "resources": [json.loads(text) for text in resources],
    }
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return _UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _trace(trace: Trace, resources: dict[str, int]) -> Json:
    start, end = trace.start, trace.end
    facts = [facts_of(node.span) for node in trace.nodes]
    calls = list(_calls(trace, facts))
    costs = [call.cost for call in calls if call.cost is not None]
    spans = [
        _filled(_span(node, fact, start, resources))
        for node, fact in zip(trace.nodes, facts, strict=True)
    ]
    return _filled(
        {
            "id": trace.trace_id,
            "start": start // NANOSECONDS_IN_MILLISECOND,
            "duration": _exact(end - start),
            "errors": _failures(trace, facts),
            "tokens": {
                what: sum(call.tokens.get(what, 0) for call in calls)
                for what in ("input", "output")
            },
            "cost": math.fsum(costs) if costs else None,
            "unpriced": sum(call.unpriced for call in calls) or None,
            "spans": spans,
        }
    )


def _failures(trace: Trace, facts: Sequence[Facts]) -> int:
    """How many spans failed that did not only pass on what failed below them."""
    failed = {place for place, node in enumerate(trace.nodes) if node.span.status == ERROR}
    passing_on = {trace.nodes[place].parent for place in failed}
    parts = set()
    for place in failed:
        parent = trace.nodes[place].parent
        if parent not in failed:
            continue
        below, above = _error_kind(facts[place]), _error_kind(facts[parent])
        # A request that says no more than its status is a part of what made it.
        if place not in passing_on and not below:
            parts.add(place)
        elif not below or not above or below == above:
            parts.add(parent)
    return len(failed - parts)


def _error_kind(facts: Facts) -> str:
    is_known = facts.error != UNKNOWN_ERROR and not facts.error.isdecimal()
    return facts.error if is_known else ""


def _calls(trace: Trace, facts: Sequence[Facts]) -> Iterator[Facts]:
    """Calls that are in no other call: two instrumentations may have seen the same one."""
    inside: list[bool] = []
    for node, fact in zip(trace.nodes, facts, strict=True):
        is_inside = node.parent is not None and inside[node.parent]
        if fact.is_call and not is_inside:
            yield fact
        inside.append(is_inside or fact.is_call)


def _span(node: Node, facts: Facts, zero: int, resources: dict[str, int]) -> Json:
    span = node.span
    events = [
        event
        for event in span.events
        if not is_message_event(event) and not is_evaluation_event(event)
    ]
    resource = json.dumps(_plain(span.resource))
    return {
        "id": span.span_id,
        "parent": node.parent,
        "name": span.name,
        "service": str(span.resource.get(names.SERVICE_NAME) or ""),
        "kind": facts.kind,
        "spanKind": span.kind,
        "start": _exact(span.start - zero),
        "duration": _exact(span.end - span.start),
        "status": span.status,
        "message": span.status_message,
        "error": facts.error,
        "notes": list(node.notes),
        "model": facts.model,
        "provider": facts.provider,
        "tokens": dict(facts.tokens),
        "cost": facts.cost,
        "unpriced": facts.unpriced or None,
        "evaluations": evaluations_of(span),
        "sections": sections_of(span),
        "attributes": _plain(_rest(span)),
        "events": [_event(event, zero) for event in events],
        "links": [[each.trace_id, each.span_id, _plain(each.attributes)] for each in span.links],
        "resource": resources.setdefault(resource, len(resources)),
        "scope": f"{span.scope} {span.scope_version}".strip(),
    }


def _rest(span: Span) -> Attributes:
    items = span.attributes.items()
    return {name: value for name, value in items if not is_in_a_section(name)}


def _event(event: Event, zero: int) -> Json:
    return {
        "name": event.name,
        "time": _exact(event.time - zero) if event.time else None,
        "attributes": _plain(event.attributes),
    }


def _filled(fields: Json) -> Json:
    """Without what is empty, of which there is much; 0 is not empty."""
    return {
        name: value
        for name, value in fields.items()
        if value is not None and value not in ("", [], {})
    }


def _exact(number: int) -> int:
    return max(-MAX_EXACT, min(number, MAX_EXACT))


def _plain(value: Any, depth: int = MAX_DEPTH) -> Any:
    """A value that a browser reads as it is, not rounded."""
    if isinstance(value, (str, bool)) or value is None:
        return value
    if depth == 0:
        return "(nested too deeply)"
    if isinstance(value, Mapping):
        return {str(name): _plain(each, depth - 1) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(each, depth - 1) for each in value]
    is_kept = isinstance(value, int | float) and math.isfinite(value) and abs(value) <= MAX_EXACT
    return value if is_kept else str(value)
