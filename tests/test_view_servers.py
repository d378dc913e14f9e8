"""`langchain-otel view URL`: traces of Jaeger, Tempo and Phoenix, here as stand-ins on loopback."""

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

import pytest

import otlp_documents as otlp
from langchain_otel.__main__ import main
from langchain_otel.viewing.source import Source, spans_of_source

pytest.importorskip("rich")

Capture = pytest.CaptureFixture[str]

REQUEST: Final = otlp.document(*otlp.agent())
NAMES: Final = {"invoke_agent guide", "chat gpt-5", "execute_tool look", "retrieval library"}
SECRET: Final = "hunter2"


@dataclass(slots=True)
class StandIn:
    """A server that answers some paths, and remembers what it was asked."""

    url: str
    answers: dict[str, Any]
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)


@contextmanager
def serving(answers: dict[str, Any]) -> Iterator[StandIn]:
    """Answers by path, without the query: JSON, a status, or where to go instead."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            stand_in.asked.append((self.path, dict(self.headers)))
            answer = stand_in.answers.get(self.path.partition("?")[0], 404)
            if isinstance(answer, str) and answer.startswith("http"):
                self.send_response(302)
                self.send_header("Location", answer)
                self.end_headers()
                return
            body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
            self.send_response(answer if isinstance(answer, int) else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *words: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    stand_in = StandIn(f"http://127.0.0.1:{server.server_port}", answers)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield stand_in
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def names_at(url: str, trace: str | None = None, **more: Any) -> set[str]:
    return {span.name for span in spans_of_source(Source(url, trace, **more))}


def refused(capsys: Capture, *words: str) -> str:
    assert main(["view", *words]) == 2
    shown = capsys.readouterr()
    assert not shown.out
    assert shown.err.count("\n") == 1
    assert SECRET not in shown.err
    return shown.err


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        (f"/api/v2/traces/{otlp.TRACE}", {"trace": REQUEST}),
        (f"/api/traces/{otlp.TRACE}", {"batches": REQUEST["resourceSpans"]}),
        (f"/api/traces/{otlp.TRACE}", {"batches": otlp.in_base64(REQUEST)["resourceSpans"]}),
        (f"/api/v3/traces/{otlp.TRACE}", {"result": REQUEST}),
    ],
    ids=["Tempo", "Tempo's first interface", "Tempo with base64", "Jaeger"],
)
@pytest.mark.parametrize("prefix", ["", "/behind/a/proxy"])
def test_tempo_and_jaeger(path: str, answer: Any, prefix: str) -> None:
    """By the server and an id, by the URL of the interface, by the URL of the page."""
    with serving({prefix + path: answer}) as server:
        assert names_at(server.url + prefix, otlp.TRACE) == NAMES
        assert names_at(server.url + prefix + "/", otlp.TRACE.upper()) == NAMES
        assert names_at(server.url + prefix + path) == NAMES
        assert names_at(f"{server.url}{prefix}/trace/{otlp.TRACE}?uiFind=x") == NAMES


def test_jaegers_own_form() -> None:
    """Processes, references, tags and logs become what they were."""
    tags = [
        {"key": "span.kind", "type": "string", "value": "client"},
        {"key": "error", "type": "bool", "value": True},
        {"key": "otel.status_description", "type": "string", "value": "no"},
        {"key": "otel.scope.name", "type": "string", "value": "scope"},
        {"key": "count", "type": "int64", "value": "7"},
    ]
    event = [{"key": "event", "type": "string", "value": "exception"}]
    parent = {"refType": "CHILD_OF", "traceID": "ab", "spanID": "1"}
    other = {"refType": "FOLLOWS_FROM", "traceID": "cd", "spanID": "3"}
    span = {
        "traceID": "ab", "spanID": "2", "operationName": "op", "references": [parent, other],
        "startTime": 5, "duration": 3, "tags": tags, "processID": "p1",
        "logs": [{"timestamp": 6, "fields": event}],
    }  # fmt: skip
    answer = {"data": [{"spans": [span], "processes": {"p1": {"serviceName": "shop"}}}]}
    with serving({f"/api/traces/{'ab'.zfill(32)}": answer}) as server:
        (found,) = spans_of_source(Source(server.url, "ab"))
    assert (found.span_id, found.parent_id) == ("2".zfill(16), "1".zfill(16))
    assert (found.kind, found.status, found.status_message) == ("client", "error", "no")
    assert (found.start, found.end, found.scope) == (5_000, 8_000, "scope")
    assert found.attributes == {"error": True, "count": 7}
    assert found.resource == {"service.name": "shop"}
    assert [event.name for event in found.events] == ["exception"]
    assert [link.trace_id for link in found.links] == ["cd".zfill(32)]


def phoenix_span(number: int, parent: str | None, name: str) -> dict[str, Any]:
    return {
        "context": {"trace_id": otlp.TRACE, "span_id": f"{number:016x}"},
        "parent_id": parent,
        "name": name,
        "span_kind": "LLM",
        "start_time": "2026-11-26T20:00:00.000001+00:00",
        "end_time": "2026-11-26T20:00:01+00:00",
        "status_code": "ERROR",
        "status_message": "",
        "attributes": {"llm.model_name": "gpt-5", "llm.token_count.prompt": 3},
        "events": [
            {"name": "it", "timestamp": "2026-11-26T20:00:00Z", "attributes": {"a": 1}},
        ],
    }


def test_phoenix() -> None:
    """The newest traces of the first project that has some, or a trace wherever it is."""
    answers = {
        "/v1/projects": {"data": [{"name": "default"}, {"name": "a project"}]},
        "/v1/projects/default/traces": {"data": []},
        "/v1/projects/default/spans": {"data": []},
        "/v1/projects/a%20project/traces": {"data": [{"trace_id": otlp.TRACE}]},
        "/v1/projects/a%20project/spans": {
            "data": [phoenix_span(1, None, "root"), phoenix_span(2, f"{1:016x}", "child")]
        },
    }
    with serving(answers) as server:
        assert names_at(server.url) == {"root", "child"}
        assert names_at(server.url, otlp.TRACE) == {"root", "child"}
        assert names_at(server.url, project="a project") == {"root", "child"}
        assert names_at(f"{server.url}/projects/UHJvamVjdDoy/traces/{otlp.TRACE}") == {
            "root", "child"
        }  # fmt: skip
        root, _ = spans_of_source(Source(server.url))
    assert root.attributes["openinference.span.kind"] == "LLM"
    assert root.end - root.start == 999_999_000
    assert root.status == "error"


def test_phoenix_in_pages() -> None:
    """What does not fit into one answer is asked for until there is no more."""
    pages = iter(
        [
            {"data": [phoenix_span(1, None, "root")], "next_cursor": "next page"},
            {"data": [phoenix_span(2, f"{1:016x}", "child")], "next_cursor": None},
        ]
    )
    answers: dict[str, Any] = {"/v1/projects": {"data": [{"name": "p"}]}}
    with serving(answers) as server:
        # A stand-in that turns its pages.
        server.answers = _Turning(answers, "/v1/projects/p/spans", pages)
        assert names_at(server.url, otlp.TRACE) == {"root", "child"}
        assert "cursor=next%20page" in server.asked[-1][0]


class _Turning(dict[str, Any]):
    def __init__(self, answers: dict[str, Any], path: str, pages: Iterator[Any]) -> None:
        super().__init__(answers)
        self.path, self.pages = path, pages

    def get(self, path: str, default: Any = None) -> Any:
        return next(self.pages) if path == self.path else super().get(path, default)


def test_what_a_server_may_ask_for() -> None:
    """User and password of a URL, and headers, are sent, to this server only."""
    answers: dict[str, Any] = {f"/api/v3/traces/{otlp.TRACE}": {"result": REQUEST}}
    with serving(answers) as server:
        url = server.url.replace("http://", f"http://me:{SECRET}@")
        assert names_at(url, otlp.TRACE, headers={"X-Scope-OrgID": "7"}) == NAMES
        ((_, headers),) = server.asked
        assert headers["Authorization"] == f"Basic {base64.b64encode(b'me:hunter2').decode()}"
        assert headers["X-Scope-Orgid"] == "7"


def test_another_server_is_not_told(capsys: Capture) -> None:
    """A server that leads elsewhere is not followed there."""
    with serving({}) as other, serving({}) as server:
        server.answers[f"/api/v3/traces/{otlp.TRACE}"] = f"{other.url}/steal"
        url = server.url.replace("http://", f"http://me:{SECRET}@")
        assert "another server" in refused(capsys, url, "--trace", otlp.TRACE)
        assert not other.asked


def test_what_servers_refuse(capsys: Capture) -> None:
    """A plain sentence: nobody there, no trace, no such project, refused, broken, no interface."""
    with serving({}) as server:
        gone = server.url.replace("http://", f"http://me:{SECRET}@")
        url = f"{gone}?token={SECRET}"
        assert f"{server.url} has no trace" in refused(capsys, url, "--trace", otlp.TRACE)
        assert "name it with --trace" in refused(capsys, url)
        server.answers = {"/v1/projects": {"data": [{"name": "p"}]}}
        assert "no project" in refused(capsys, url, "--project", "q")
        server.answers = {"/v1/projects": {"data": [{"name": "\x1b[31m\n"}]}}
        assert "it has \\x1b[31m\\n." in refused(capsys, url, "--project", "q")
        server.answers = {"/v1/projects": {"data": [{"name": "p"}]}}
        assert "no traces yet" in refused(capsys, url)
        assert "has no trace" in refused(capsys, url, "--trace", otlp.TRACE)
        server.answers = {"/v1/projects": 401, f"/api/v3/traces/{otlp.TRACE}": 403}
        assert "--header" in refused(capsys, url)
        assert "--header" in refused(capsys, url, "--trace", otlp.TRACE)
        server.answers = {"/v1/projects": 500}
        assert "HTTP 500" in refused(capsys, url)
        server.answers = {"/v1/projects": b"<html>"}
        assert "is no Phoenix" in refused(capsys, url)
    assert "does not answer" in refused(capsys, gone)


@pytest.mark.parametrize(
    "url",
    ["http://", f"http://x:{SECRET}@:80", f"http://{SECRET}:port", "http://[::1", "http://a b"],
)
def test_what_is_no_url(url: str, capsys: Capture) -> None:
    assert "no URL" in refused(capsys, url)


@pytest.mark.parametrize("header", ["Authorization", ": x", "A: b\r\nC: d"])
def test_what_is_no_header(header: str, capsys: Capture) -> None:
    assert "--header takes" in refused(capsys, "http://127.0.0.1:9", "--header", header)
