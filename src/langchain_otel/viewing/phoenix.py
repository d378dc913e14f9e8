"""Reads spans from the REST interface of Arize Phoenix."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final
from urllib.parse import quote, urlencode

from langchain_otel.dialects import openinference_names as oi
from langchain_otel.viewing.plain import (
    SPAN_ID_LENGTH,
    TRACE_ID_LENGTH,
    dict_of,
    id_of,
    list_of,
    moment_of,
    text_of,
)
from langchain_otel.viewing.spans import KINDS, STATUSES, UNSET, Event, Span

Json = dict[str, Any]
Get = Callable[[str], Any]

PAGE: Final = 1_000
MAX_SPANS: Final = 100_000
NEWEST: Final = 20
UNKNOWN: Final = "UNKNOWN"


def is_phoenix(document: Any) -> bool:
    """Whether a document is a list of Phoenix's spans, each with its context."""
    spans = _data(document)
    return bool(spans) and all("context" in span for span in spans)


def spans_of_phoenix(document: Any, project: str = "") -> Iterator[Span]:
    """The spans of a document."""
    for span in _data(document):
        yield _span(span, project)


def projects(get: Get) -> list[str] | None:
    """The names of the projects of what answers, if it is a Phoenix."""
    document = get("/v1/projects")
    if "data" not in dict_of(document):
        return None
    return [text_of(project.get("name")) for project in _data(document) if project.get("name")]


def newest_traces(get: Get, project: str) -> list[str]:
    """The ids of the newest traces of a project, the oldest of them first."""
    document = get(f"/v1/projects/{quote(project, safe='')}/traces?limit={NEWEST}")
    return [text_of(trace.get("trace_id")) for trace in reversed(_data(document))]


def spans_of_traces(get: Get, project: str, traces: list[str]) -> list[Span]:
    """All spans that a project has of these traces."""
    found: list[Span] = []
    cursor = ""
    while len(found) < MAX_SPANS:
        query = urlencode([("limit", PAGE), *(("trace_id", trace) for trace in traces)])
        cursor = f"&cursor={quote(cursor, safe='')}" if cursor else ""
        document = get(f"/v1/projects/{quote(project, safe='')}/spans?{query}{cursor}")
        found += spans_of_phoenix(document, project)
        cursor = text_of(dict_of(document).get("next_cursor"))
        if not cursor:
            break
    return found


def _data(document: Any) -> list[Json]:
    return [item for item in list_of(dict_of(document).get("data")) if isinstance(item, dict)]


def _span(span: Json, project: str) -> Span:
    context = dict_of(span.get("context"))
    start = moment_of(span.get("start_time"))
    status = text_of(span.get("status_code")).lower()
    return Span(
        trace_id=id_of(context.get("trace_id"), TRACE_ID_LENGTH) or "0" * 32,
        span_id=id_of(context.get("span_id"), SPAN_ID_LENGTH) or "0" * 16,
        parent_id=id_of(span.get("parent_id"), SPAN_ID_LENGTH),
        name=text_of(span.get("name")),
        kind=KINDS[0],
        start=start,
        end=moment_of(span.get("end_time")) or start,
        status=status if status in STATUSES else UNSET,
        status_message=text_of(span.get("status_message")),
        attributes=_attributes(span),
        events=tuple(_event(dict_of(event)) for event in list_of(span.get("events"))),
        links=(),
        resource={"openinference.project.name": project} if project else {},
        scope="",
    )


def _attributes(span: Json) -> Json:
    attributes = dict(dict_of(span.get("attributes")))
    kind = text_of(span.get("span_kind"))
    return attributes if kind in {"", UNKNOWN} else {oi.SPAN_KIND: kind, **attributes}


def _event(event: Json) -> Event:
    attributes = dict_of(event.get("attributes"))
    return Event(text_of(event.get("name")), moment_of(event.get("timestamp")), attributes)
