"""Adds the trace context to MCP requests, and records the request on the tool's span.

An MCP tool is a tool like any other: it has one span `execute_tool`, with attributes of the request
that it made. The server finds the span's context in the request's `_meta`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Final
from weakref import WeakKeyDictionary

from opentelemetry.trace import get_current_span

from langchain_otel import health, semconv
from langchain_otel.content.values import Facts, text, written
from langchain_otel.operations.provider import server_at
from langchain_otel.runs.context import active_run, current, is_suppressed
from langchain_otel.runs.run import Run
from langchain_otel.sources.trace_headers import trace_headers

Wrap = Callable[[Callable[..., Any]], Callable[..., Any]]

INITIALIZE: Final = "initialize"
CALL_TOOL: Final = "tools/call"
BAGGAGE: Final = "baggage"

PIPE: Final[Facts] = {semconv.NETWORK_TRANSPORT: "pipe"}
HTTP: Final[Facts] = {semconv.NETWORK_TRANSPORT: "tcp", semconv.NETWORK_PROTOCOL_NAME: "http"}
TRANSPORTS: Final = {
    "stdio_client": PIPE,
    "sse_client": HTTP,
    "streamable_http_client": HTTP,
    "streamablehttp_client": HTTP,
}
"""The functions that open a transport for a session, and the facts of each."""


class Connection:
    """What is known of the connection that a session writes to."""

    def __init__(self, facts: Facts, session_id: Callable[[], Any] | None = None) -> None:
        self.facts = facts
        self.session_id = session_id


_connections: Final[WeakKeyDictionary[Any, Connection]] = WeakKeyDictionary()
"""By the stream that the session writes to: as many as the application has open."""


def opens_transport(facts: Facts) -> Wrap:
    """The call opens a transport of this kind; its URL, where it has one, is the first argument."""

    def wrap(original: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(original)
        def call(*args: Any, **kwargs: Any) -> Any:
            url = kwargs.get("url", args[0] if args else None)
            return _Opening(original(*args, **kwargs), facts, url)

        return call

    return wrap


class _Opening:
    """A transport's context manager, which remembers the streams that it opens."""

    __slots__ = ("_facts", "_opening", "_url")

    def __init__(self, opening: Any, facts: Facts, url: Any) -> None:
        self._opening = opening
        self._facts = facts
        self._url = url

    async def __aenter__(self) -> Any:
        streams = await self._opening.__aenter__()
        try:
            self._note(*streams)
        except Exception as error:
            health.failed("mcp", error)
        return streams

    def _note(self, _: Any, write_stream: Any, session_id: Any = None) -> None:
        facts = self._facts | (server_at(self._url) if isinstance(self._url, str) else {})
        _connections[write_stream] = Connection(facts, session_id)

    async def __aexit__(self, *error: object) -> Any:
        return await self._opening.__aexit__(*error)


def sends_request(original: Callable[..., Any]) -> Callable[..., Any]:
    """The call sends a request of a session, its first argument, and waits for the answer."""

    @wraps(original)
    async def call(self: Any, request: Any, *args: Any, **kwargs: Any) -> Any:
        sent, run = _guarded(_begun, self, request) or (request, None)
        try:
            result = await original(self, sent, *args, **kwargs)
        except Exception as error:
            _guarded(_failed, run, error)
            raise
        _guarded(_answered, self, request, run, result)
        return result

    return call


def _guarded(function: Callable[..., Any], *args: Any) -> Any:
    try:
        return function(*args)
    except Exception as error:
        health.failed("mcp", error)
        return None


def _begun(session: Any, request: Any) -> tuple[Any, Run | None]:
    """The request as it is to be sent, and the tool's run that it is the call of."""
    run = active_run()
    if run is None or is_suppressed(current()):
        return request, None
    is_call = run.operation.family == "tool" and _method(request) == CALL_TOOL
    if is_call:
        _set_source_facts(run, _call_facts(session))
    return _with_context(request), run if is_call else None


def _failed(run: Run | None, error: Exception) -> None:
    code = getattr(getattr(error, "error", None), "code", None)
    if run is not None and isinstance(code, int):
        _set_source_facts(run, run.source_facts | {semconv.RPC_RESPONSE_STATUS_CODE: written(code)})


def _answered(session: Any, request: Any, run: Run | None, result: Any) -> None:
    if _method(request) == INITIALIZE:
        version = text(getattr(result, "protocolVersion", None))
        if version is not None:
            connection = _connections.setdefault(session._write_stream, Connection({}))
            connection.facts = connection.facts | {semconv.MCP_PROTOCOL_VERSION: version}
    if run is not None and getattr(result, "isError", False):
        _set_source_facts(run, run.source_facts | {semconv.ERROR_TYPE: semconv.TOOL_ERROR})


def _set_source_facts(run: Run, facts: Facts) -> None:
    for recording in run.recordings():
        recording.source_facts = facts


def _call_facts(session: Any) -> Facts:
    facts: Facts = {semconv.MCP_METHOD_NAME: CALL_TOOL}
    request_id = getattr(session, "_request_id", None)
    if isinstance(request_id, int):
        # The session counts its requests: this is the number of the one to come.
        facts[semconv.JSONRPC_REQUEST_ID] = str(request_id)
    connection = _connections.get(getattr(session, "_write_stream", None))
    if connection is None:
        return facts
    session_id = None if connection.session_id is None else text(connection.session_id())
    if session_id is not None:
        facts[semconv.MCP_SESSION_ID] = session_id
    return facts | connection.facts


def _method(request: Any) -> Any:
    return getattr(getattr(request, "root", request), "method", None)


def _with_context(request: Any) -> Any:
    """The request with the current span's context in `_meta`: a copy, nothing is changed in place.

    A context that is there already stays: it is nearer to the caller.
    """
    carrier = _carrier()
    root = getattr(request, "root", request)
    params = root.params or _no_params(root)
    found = {} if params.meta is None else params.meta.model_dump()
    if not carrier or (carrier.keys() & found.keys()) - {BAGGAGE}:
        return request
    meta = type(params).Meta() if params.meta is None else params.meta
    meta = meta.model_copy(update={key: carrier[key] for key in carrier.keys() - found.keys()})
    sent = root.model_copy(update={"params": params.model_copy(update={"meta": meta})})
    return sent if request is root else request.model_copy(update={"root": sent})


def _no_params(root: Any) -> Any:
    return type(root).model_validate({"method": root.method, "params": {}}).params


def _carrier() -> dict[str, str]:
    """What the application's propagator injects for the current span, if there is one."""
    context = current()
    return trace_headers(context) if get_current_span(context).get_span_context().is_valid else {}
