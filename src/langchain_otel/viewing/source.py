"""Finds out what a source is, a file or one of three servers, and reads its spans."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from langchain_otel.viewing.documents import spans_in_file, spans_of
from langchain_otel.viewing.phoenix import newest_traces, projects, spans_of_traces
from langchain_otel.viewing.plain import TRACE_ID_LENGTH, id_of
from langchain_otel.viewing.spans import SourceError, Span
from langchain_otel.viewing.web import Site, url_of

SCHEMES: Final = ("http://", "https://")
# Jaeger's interface of today, Tempo's, and what both had before.
PATHS: Final = ("/api/v3/traces/{}", "/api/v2/traces/{}", "/api/traces/{}")
_TRACE: Final = re.compile(r"/(?:trace|traces|spans)/([0-9a-fA-F]{16,32})(?:/|$)")
_PROJECT: Final = re.compile(r"/projects/([^/]+)")
# Where the path of a page or of an interface begins, behind what a proxy puts before it.
_BEGINNING: Final = re.compile(r"/(?:trace|search|api|v1|projects)(?:/|$)")
_ID: Final = re.compile(r"[0-9a-fA-F]{1,32}")


@dataclass(frozen=True, slots=True)
class Source:
    """What a user wants to see: where it is, and which trace of it."""

    name: str
    trace: str | None = None
    project: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_url(self) -> bool:
        """Whether a server is asked."""
        return self.name.startswith(SCHEMES)


def spans_of_source(source: Source) -> list[Span]:
    """The spans of the trace that is wanted, or of all; a SourceError where there is none."""
    trace = _wanted(source.trace)
    if source.is_url:
        return _from_server(source, trace)
    spans = spans_in_file(source.name)
    found = [span for span in spans if trace in {None, span.trace_id}]
    if not found:
        raise SourceError(f"{source.name} has no trace {trace}.")
    return found


def _wanted(trace: str | None) -> str | None:
    if trace is None:
        return None
    if not _ID.fullmatch(trace):
        raise SourceError("--trace takes the id of a trace, in hexadecimal digits.")
    return id_of(trace, TRACE_ID_LENGTH)


def _from_server(source: Source, trace: str | None) -> list[Span]:
    url = url_of(source.name)
    beginning = _BEGINNING.search(url.path)
    site = Site(url, url.path[: beginning.start()] if beginning else url.path, source.headers)
    named = _TRACE.search(url.path)
    if trace is None and named is not None:
        trace = id_of(named[1], TRACE_ID_LENGTH)
    if trace is not None and not _PROJECT.search(url.path):
        spans = _from_jaeger_or_tempo(site, trace)
        if spans:
            return spans
    return _from_phoenix(site, trace, source.project)


def _from_jaeger_or_tempo(site: Site, trace: str) -> list[Span]:
    for path in PATHS:
        spans = spans_of(site.get(path.format(trace)))
        if spans:
            return [span for span in spans if span.trace_id == trace] or spans
    return []


def _from_phoenix(site: Site, trace: str | None, project: str | None) -> list[Span]:
    names = projects(site.get)
    if names is None:
        raise SourceError(_not_there(site, trace))
    if project is not None and project not in names:
        raise SourceError(f"{site.name} has no project of that name: it has {', '.join(names)}.")
    for name in names if project is None else [project]:
        traces = newest_traces(site.get, name) if trace is None else [trace]
        spans = spans_of_traces(site.get, name, traces) if traces else []
        if spans:
            return spans
    raise SourceError(f"{site.name} has {f'no trace {trace}' if trace else 'no traces yet'}.")


def _not_there(site: Site, trace: str | None) -> str:
    if trace is None:
        return (
            f"{site.name} is no Phoenix. Of Jaeger or Tempo one trace can be shown: name it with "
            "--trace, or give the URL of its page."
        )
    return f"{site.name} has no trace {trace}, or is no Jaeger, Tempo or Phoenix."
