"""Finds the backends that answer on this machine, and where each shows a trace."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from http.client import HTTPConnection, HTTPException
from typing import Any, Final, NamedTuple
from urllib.parse import quote, urlencode

HOST: Final = "127.0.0.1"
PORTS: Final = {"Jaeger": 16686, "Tempo": 3200, "Grafana": 3000, "Phoenix": 6006}
SECONDS: Final = 1.0
"""For one answer."""
PATIENCE: Final = 5.0
"""Until a trace that was accepted is found: a Collector may keep it for a moment."""
PAUSE: Final = 0.2


class Shown(NamedTuple):
    """A backend that answers, and the address at which it shows a trace.

    `has_it` is None where the backend was not asked whether it has the trace.
    """

    name: str
    url: str
    has_it: bool | None


def backends_with(trace_id: str) -> list[Shown]:
    """The backends that answer on this machine at their own ports."""
    found = [(name, f"{HOST}:{port}") for name, port in PORTS.items()]
    return [show(place, trace_id) for name, place in found for show in _shown_by(name, place)]


def _shown_by(name: str, place: str) -> list[Callable[[str, str], Shown]]:
    path, is_it, show = BACKENDS[name]
    status, body = _get(place, path)
    return [show] if is_it(status, body) else []


def _jaeger(place: str, trace_id: str) -> Shown:
    has_it = _comes(place, f"/api/traces/{trace_id}")
    return Shown("Jaeger", f"http://{place}/trace/{trace_id}", has_it)


def _tempo(place: str, trace_id: str) -> Shown:
    path = f"/api/traces/{trace_id}"
    return Shown("Tempo", f"http://{place}{path}", _comes(place, path))


def _grafana(place: str, trace_id: str) -> Shown:
    source = {"type": "tempo", "uid": _tempo_in_grafana(place)}
    query = {"refId": "A", "datasource": source, "queryType": "traceql", "query": trace_id}
    pane = {
        "datasource": source["uid"],
        "queries": [query],
        "range": {"from": "now-1h", "to": "now"},
    }
    words = {"schemaVersion": "1", "orgId": "1", "panes": json.dumps({"doctor": pane})}
    return Shown("Grafana", f"http://{place}/explore?{urlencode(words, quote_via=quote)}", None)


def _phoenix(place: str, trace_id: str) -> Shown:
    return Shown("Phoenix", f"http://{place}/redirects/traces/{trace_id}", None)


# What to ask, by which answer the backend is known, and where it shows a trace.
BACKENDS: Final[dict[str, tuple[str, Callable[[int, bytes], bool], Callable[..., Shown]]]] = {
    "Jaeger": ("/api/services", lambda status, body: status == 200 and b'"data"' in body, _jaeger),
    "Tempo": ("/api/echo", lambda status, body: status == 200 and body == b"echo", _tempo),
    "Grafana": (
        "/api/health",
        lambda status, body: status == 200 and b'"database"' in body,
        _grafana,
    ),
    "Phoenix": ("/arize_phoenix_version", lambda status, _: status == 200, _phoenix),
}


def _tempo_in_grafana(place: str) -> str:
    """The name by which Grafana knows its Tempo, where it tells who asks without a password."""
    _, body = _get(place, "/api/datasources")
    try:
        sources: Any = json.loads(body)
        return next(str(source["uid"]) for source in sources if source["type"] == "tempo")
    except (ValueError, LookupError, TypeError, StopIteration):
        return "tempo"


def _comes(place: str, path: str) -> bool:
    deadline = time.monotonic() + PATIENCE
    while _get(place, path)[0] != 200:
        if time.monotonic() > deadline:
            return False
        time.sleep(PAUSE)
    return True


def _get(place: str, path: str) -> tuple[int, bytes]:
    """Status and body; 0 where nobody answers. No proxy is asked."""
    connection = HTTPConnection(place, timeout=SECONDS)
    try:
        connection.request("GET", path)
        with connection.getresponse() as answer:
            return answer.status, answer.read()
    except (HTTPException, OSError):
        return 0, b""
    finally:
        connection.close()
