"""Tools of real MCP servers: one span, whose context the server gets, over every transport."""

import asyncio
import gc
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import BaseTool, ToolException, tool
from opentelemetry import baggage, propagate, trace
from opentelemetry import context as otel_context
from opentelemetry.context import Context
from opentelemetry.instrumentation.utils import suppress_instrumentation
from opentelemetry.propagators.textmap import TextMapPropagator, default_setter
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from opentelemetry.trace import NonRecordingSpan, SpanContext, StatusCode, TraceFlags, TraceState

from langchain_otel import OpenTelemetryCallbackHandler, semconv
from langchain_otel.sources import mcp
from recording import Tracing
from versions import create_agent, release

pytest.importorskip("langchain_mcp_adapters")
if release("langchain-mcp-adapters") < (0, 2):
    # They answer in another form; an environment of their own tries them.
    pytest.skip("these adapters are too old", allow_module_level=True)
McpError: Any = pytest.importorskip("mcp").McpError
types: Any = pytest.importorskip("mcp.types")

PROGRAM = Path(__file__).parent / "servers" / "mcp_server.py"
TRANSPORTS = ("stdio", "sse", "streamable-http")
SECRET = "the secret text"

Connection = dict[str, Any]


@contextmanager
def server_by(transport: str) -> Iterator[Connection]:
    """A connection to a server; that of `stdio` starts one for each session."""
    if transport == "stdio":
        yield {"transport": "stdio", "command": sys.executable, "args": [str(PROGRAM), "stdio"]}
        return
    command = [sys.executable, str(PROGRAM), transport]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            url = process.stdout.readline().strip()
            yield {"transport": transport.replace("-", "_"), "url": url}
        finally:
            process.kill()


# A server of `stdio` is a process of its own for each session.
FOR_MOST: Final = [
    pytest.param(each, marks=pytest.mark.slow) if each == "stdio" else each for each in TRANSPORTS
]


@pytest.fixture(scope="module", params=FOR_MOST)
def connection(request: pytest.FixtureRequest) -> Iterator[Connection]:
    with server_by(request.param) as connection:
        yield connection


@pytest.fixture(scope="module")
def over_http() -> Iterator[Connection]:
    with server_by("streamable-http") as connection:
        yield connection


def client_of(connection: Connection, **options: Any) -> Any:
    from langchain_mcp_adapters.client import MultiServerMCPClient

    return MultiServerMCPClient({"test": connection}, **options)  # type: ignore[dict-item]


async def tool_of(connection: Connection, name: str, **options: Any) -> BaseTool:
    """A tool that opens a session for each call."""
    tools: list[BaseTool] = await client_of(connection, **options).get_tools()
    return next(tool for tool in tools if tool.name == name)


@asynccontextmanager
async def session_of(connection: Connection) -> AsyncIterator[Any]:
    async with client_of(connection).session("test") as session:
        yield session


def call(name: str, **arguments: Any) -> Any:
    """A tool call as a model makes it."""
    return {"type": "tool_call", "id": "call-1", "name": name, "args": arguments}


def said(message: Any) -> dict[str, Any]:
    """What the server says of the call."""
    found: dict[str, Any] = message.artifact["structured_content"]
    return found


def place(span: ReadableSpan) -> dict[str, int]:
    """Where the server's span must be to hang under `span`."""
    return {"trace": span.context.trace_id, "parent": span.context.span_id}


def is_under(span: ReadableSpan, report: dict[str, Any]) -> bool:
    return place(span).items() <= report.items()


def attributes_of(span: ReadableSpan) -> dict[str, Any]:
    return dict(span.attributes or {})


class Caller(BaseChatModel):
    """Calls the tool `where`, then answers with what it said."""

    @property
    def _llm_type(self) -> str:
        return "caller"

    def bind_tools(self, tools: Any, **_: Any) -> Any:
        return self

    def _generate(self, messages: list[BaseMessage], *_: Any, **__: Any) -> ChatResult:
        last = messages[-1]
        answer = AIMessage("", tool_calls=[call("where", text="hello")])
        if last.type == "tool":
            answer = AIMessage("done")
        return ChatResult(generations=[ChatGeneration(message=answer)])


# The trace goes on in the server


async def test_servers_span_is_a_child_of_the_tools_span(
    tracing: Tracing, connection: Connection
) -> None:
    """Called by a model's tool call: one span, and what the server makes hangs under it."""
    where = await tool_of(connection, "where")
    report = said(await where.ainvoke(call("where", text="hello")))
    assert tracing.names() == ["execute_tool where"]
    assert is_under(tracing.spans[0], report)


async def test_session_that_lasts(tracing: Tracing, connection: Connection) -> None:
    """Each call of a session that was opened before has its own parent, also side by side."""
    from langchain_mcp_adapters.tools import load_mcp_tools

    async with session_of(connection) as session:
        where = next(tool for tool in await load_mcp_tools(session) if tool.name == "where")
        calls = [where.ainvoke(call("where", text=str(number))) for number in range(5)]
        reports = [said(answer) for answer in await asyncio.gather(*calls)]
    assert len(tracing.spans) == len({report["trace"] for report in reports}) == 5
    spans = {span.context.trace_id: span for span in tracing.spans}
    assert all(is_under(spans[report["trace"]], report) for report in reports)


@pytest.mark.parametrize("connection", TRANSPORTS, indirect=True)
async def test_agent(tracing: Tracing, connection: Connection) -> None:
    """The trace of an agent goes through its tool's span into the server."""
    agent = create_agent(Caller(), [await tool_of(connection, "where")], name="finder")
    result = await agent.ainvoke({"messages": [HumanMessage("where?")]})
    assert tracing.tree() == (
        "invoke_agent finder\n  model\n    chat\n  tools\n    execute_tool where\n  model\n    chat"
    )
    span = tracing.span("execute_tool where")
    assert is_under(span, said(result["messages"][2]))
    assert attributes_of(span)[semconv.GEN_AI_AGENT_NAME] == "finder"
    assert attributes_of(span)[semconv.MCP_METHOD_NAME] == "tools/call"


async def test_handler_alone(over_http: Connection) -> None:
    """Without the instrumentor, a handler among the callbacks is enough."""
    tracing = Tracing()
    handler = OpenTelemetryCallbackHandler(tracer_provider=tracing.tracer_provider)
    where = await tool_of(over_http, "where")
    report = said(await where.ainvoke(call("where", text="hi"), {"callbacks": [handler]}))
    assert is_under(tracing.span("execute_tool where"), report)
    assert attributes_of(tracing.spans[0])[semconv.MCP_METHOD_NAME] == "tools/call"


async def test_users_span_in_an_interceptor_is_the_parent(
    tracing: Tracing, over_http: Connection
) -> None:
    """The innermost current span is the parent; what an interceptor changes is kept."""

    async def intercept(request: Any, handler: Any) -> Any:
        with tracing.user_span("mine"):
            return await handler(request.override(args={"text": "changed"}, headers={"x-a": "b"}))

    where = await tool_of(over_http, "where", tool_interceptors=[intercept])
    report = said(await where.ainvoke(call("where", text="hello")))
    assert tracing.tree() == "execute_tool where\n  mine"
    assert is_under(tracing.span("mine"), report)
    assert report["text"] == "changed"
    assert attributes_of(tracing.span("execute_tool where"))[semconv.MCP_METHOD_NAME]


async def test_beside_http_instrumentation(tracing: Tracing, over_http: Connection) -> None:
    """`_meta` carries the tool's span, whatever the headers of its HTTP requests say."""
    from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor

    instrumentor = HTTPXClientInstrumentor()
    instrumentor.instrument(tracer_provider=tracing.tracer_provider)
    try:
        where = await tool_of(over_http, "where")
        tracing.exporter.clear()
        report = said(await where.ainvoke(call("where", text="hello")))
    finally:
        instrumentor.uninstrument()
    span = tracing.span("execute_tool where")
    assert is_under(span, report)
    requests = [other for other in tracing.spans if other is not span]
    assert {other.name for other in requests} >= {"POST", "DELETE"}
    assert {other.context.trace_id for other in requests} == {span.context.trace_id}


@contextmanager
def surroundings() -> Iterator[None]:
    """Code that works on a request from elsewhere, with a trace state and baggage."""
    state = TraceState([("vendor", "value")])
    flags = TraceFlags(TraceFlags.SAMPLED)
    caller = SpanContext(1 << 100, 1 << 50, is_remote=True, trace_flags=flags, trace_state=state)
    context = trace.set_span_in_context(NonRecordingSpan(caller))
    token = otel_context.attach(baggage.set_baggage("user", "ada", context))
    try:
        yield
    finally:
        otel_context.detach(token)


async def test_baggage_and_trace_state_travel(tracing: Tracing, over_http: Connection) -> None:
    """All that the application's propagator says, not the trace's id alone."""
    where = await tool_of(over_http, "where")
    with surroundings():
        report = said(await where.ainvoke(call("where", text="hello")))
    assert is_under(tracing.spans[0], report)
    assert report["trace"] == 1 << 100
    assert report["baggage"] == {"user": "ada"}
    assert report["state"] == "vendor=value"


class OwnPropagator(TextMapPropagator):
    """A propagator with one key of its own."""

    def extract(self, carrier: Any, context: Any = None, getter: Any = None) -> Context:
        return context or Context()

    def inject(self, carrier: Any, context: Any = None, setter: Any = default_setter) -> None:
        setter.set(carrier, "own-trace", str(trace.get_current_span(context).get_span_context()))

    @property
    def fields(self) -> set[str]:
        return {"own-trace"}


async def test_applications_propagator_decides(tracing: Tracing, over_http: Connection) -> None:
    """What travels is what the propagator that the application configured makes of the span."""
    where = await tool_of(over_http, "where")
    configured = propagate.get_global_textmap()
    propagate.set_global_textmap(OwnPropagator())
    try:
        report = said(await where.ainvoke(call("where", text="hello")))
    finally:
        propagate.set_global_textmap(configured)
    assert report["meta"] == {"own-trace": str(tracing.spans[0].context)}


async def test_trace_that_is_not_sampled(over_http: Connection) -> None:
    """The server is told so, lest it begin a trace of its own."""
    handler = OpenTelemetryCallbackHandler(tracer_provider=TracerProvider(sampler=ALWAYS_OFF))
    where = await tool_of(over_http, "where")
    report = said(await where.ainvoke(call("where", text="hi"), {"callbacks": [handler]}))
    flags = int(report["meta"]["traceparent"].rpartition("-")[2], 16)
    assert not flags & TraceFlags.SAMPLED


async def test_all_requests_of_a_run_carry_it(tracing: Tracing, over_http: Connection) -> None:
    """Also the list of tools that the session asks for to check the answer."""
    where = await tool_of(over_http, "where")
    first, second = [said(await where.ainvoke(call("where", text="hello"))) for _ in range(2)]
    assert first["meta"] != second["meta"]
    assert second["listed_with"] == first["meta"]


# What is the user's own


async def test_users_meta_is_kept(tracing: Tracing, over_http: Connection) -> None:
    """What the user put into `_meta` stays beside the context, and the user's dict as it was."""
    mine = {"user/key": [1], "baggage": "user=eve"}

    @tool
    async def ask(text: str) -> Any:
        """Ask."""
        async with session_of(over_http) as session:
            return (await session.call_tool("where", {"text": text}, meta=mine)).structuredContent

    with surroundings():
        report = await ask.ainvoke({"text": "hello"})
    assert is_under(tracing.span("execute_tool ask"), report)
    assert report["meta"]["user/key"] == [1]
    assert report["baggage"] == {"user": "eve"}
    assert mine == {"user/key": [1], "baggage": "user=eve"}


async def test_users_trace_context_is_kept(tracing: Tracing, over_http: Connection) -> None:
    """A parent that the user chose for the server's work is not replaced, nor mixed with ours."""
    mine = {"traceparent": "00-" + "a" * 32 + "-" + "b" * 16 + "-01"}

    @tool
    async def ask(text: str) -> Any:
        """Ask."""
        async with session_of(over_http) as session:
            return (await session.call_tool("where", {"text": text}, meta=mine)).structuredContent

    with surroundings():
        report = await ask.ainvoke({"text": "hello"})
    assert report["meta"] == mine
    assert report["parent"] == int("b" * 16, 16)


async def test_users_request_is_not_changed(tracing: Tracing, over_http: Connection) -> None:
    """A request that the user made and sends is the same afterwards."""
    params = types.CallToolRequestParams(name="where", arguments={"text": "hello"})
    request = types.ClientRequest(types.CallToolRequest(params=params))
    before = request.model_copy(deep=True)

    async def ask(_: Any) -> Any:
        async with session_of(over_http) as session:
            return (await session.send_request(request, types.CallToolResult)).structuredContent

    report = await RunnableLambda(ask, name="mine").ainvoke(None)
    assert is_under(tracing.span("invoke_workflow mine"), report)
    assert request == before
    assert request.root.params is params
    assert semconv.MCP_METHOD_NAME not in attributes_of(tracing.span("invoke_workflow mine"))


async def test_progress(tracing: Tracing, over_http: Connection) -> None:
    """The user's progress callback is called; its token stands in the same `_meta`."""
    from langchain_mcp_adapters.callbacks import Callbacks

    heard: list[Any] = []

    async def on_progress(progress: float, total: Any, message: Any, context: Any) -> None:
        heard.append((progress, total, message, context.tool_name))

    callbacks = Callbacks(on_progress=on_progress)
    count = await tool_of(over_http, "count", callbacks=callbacks)
    answer = await count.ainvoke(call("count"))
    assert heard == [(1, 2, "half", "count")]
    assert "counted" in str(answer.content)
    where = await tool_of(over_http, "where", callbacks=callbacks)
    report = said(await where.ainvoke(call("where", text="hello")))
    assert report["meta"].keys() == {"progressToken", "traceparent"}


async def test_prompts_and_resources(tracing: Tracing, over_http: Connection) -> None:
    """They are loaded as ever, inside a run and outside, and make no span."""
    client = client_of(over_http)

    async def load(_: Any) -> Any:
        prompt = await client.get_prompt("test", "greeting", arguments={"name": "Ada"})
        resources = await client.get_resources("test")
        return [message.content for message in prompt] + [found.data for found in resources]

    assert await load(None) == ["Hello Ada", "noted"]
    assert await RunnableLambda(load, name="loading").ainvoke(None) == ["Hello Ada", "noted"]
    assert tracing.names() == ["invoke_workflow loading"]


@pytest.mark.parametrize("way", ["outside", "suppressed", "uninstrumented"])
async def test_no_run_no_context(way: str, tracing: Tracing, over_http: Connection) -> None:
    """A request that no run of LangChain makes is sent as it is."""
    where = await tool_of(over_http, "where")

    async def ask() -> Any:
        async with session_of(over_http) as session:
            return (await session.call_tool("where", {"text": "hello"})).structuredContent

    with tracing.user_span("mine"):
        if way == "outside":
            report = await ask()
        elif way == "suppressed":
            with suppress_instrumentation():
                report = said(await where.ainvoke(call("where", text="hello")))
        else:
            with tracing.off():
                report = said(await where.ainvoke(call("where", text="hello")))
    assert report["meta"] == {}
    assert tracing.names() == ["mine"]


# What the span says


async def test_attributes(tracing: Tracing, connection: Connection) -> None:
    """The protocol, the session, the request and the server, beside what any tool's span says."""
    where = await tool_of(connection, "where")
    await where.ainvoke({"text": "hello"})
    found = attributes_of(tracing.span("execute_tool where"))
    del found["langchain.run.id"]
    assert found.pop("mcp.protocol.version").startswith("202")
    session_id = found.pop("mcp.session.id", None)
    assert (session_id is not None) == (connection["transport"] == "streamable_http")
    expected: dict[str, Any] = {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": "where",
        "gen_ai.tool.type": "function",
        "gen_ai.tool.description": "Say where this call is in the trace.",
        "mcp.method.name": "tools/call",
        "jsonrpc.request.id": "1",
        "network.transport": "pipe",
    }
    if "url" in connection:
        port = int(connection["url"].split(":")[2].split("/")[0])
        expected |= {"network.transport": "tcp", "network.protocol.name": "http"}
        expected |= {"server.address": "127.0.0.1", "server.port": port}
    assert found == expected


async def test_every_handler_of_its_own_provider_says_it(
    tracing: Tracing, over_http: Connection
) -> None:
    """Where two providers get a span of the run, both say what request it made."""
    other = Tracing()
    handler = OpenTelemetryCallbackHandler(tracer_provider=other.tracer_provider)
    where = await tool_of(over_http, "where")
    await where.ainvoke(call("where", text="hello"), {"callbacks": [handler]})
    for spans in (tracing.spans, other.spans):
        (span,) = spans
        assert attributes_of(span)[semconv.MCP_METHOD_NAME] == "tools/call"


async def test_content(tracing_with_content: Tracing, over_http: Connection) -> None:
    """With content on, arguments and result are on the span as those of any tool."""
    where = await tool_of(over_http, "where")
    await where.ainvoke(call("where", text=SECRET))
    found = attributes_of(tracing_with_content.span("execute_tool where"))
    assert json.loads(found[semconv.GEN_AI_TOOL_CALL_ARGUMENTS]) == {"text": SECRET}
    assert SECRET in found[semconv.GEN_AI_TOOL_CALL_RESULT]


async def test_no_content_by_default(tracing: Tracing, over_http: Connection) -> None:
    """Arguments and results stay inside."""
    where = await tool_of(over_http, "where")
    await where.ainvoke(call("where", text=SECRET))
    assert SECRET not in tracing.span("execute_tool where").to_json()


async def test_nothing_is_kept_of_a_session(tracing: Tracing, connection: Connection) -> None:
    """What was known of a connection goes with it."""
    where = await tool_of(connection, "where")
    await where.ainvoke(call("where", text="hello"))
    gc.collect()
    assert not mcp._connections


# What goes wrong


@pytest.mark.parametrize("is_tool_call", [True, False])
async def test_tools_error(is_tool_call: bool, tracing: Tracing, over_http: Connection) -> None:
    """An answer that stands for an error is one, however the tool was called; its text stays."""
    fail = await tool_of(over_http, "fail")
    arguments = {"text": SECRET}
    answer = await fail.ainvoke(call("fail", **arguments) if is_tool_call else arguments)
    assert SECRET in str(answer)
    span = tracing.span("execute_tool fail")
    assert span.status.status_code is StatusCode.ERROR
    assert span.status.description is None
    assert attributes_of(span)[semconv.ERROR_TYPE] == "tool_error"
    assert SECRET not in span.to_json()


async def test_tools_error_raised(tracing: Tracing, over_http: Connection) -> None:
    """Where the user wants an exception of it, the error is named by that."""
    fail = await tool_of(over_http, "fail", handle_tool_errors=False)
    with pytest.raises(ToolException, match=SECRET):
        await fail.ainvoke(call("fail", text=SECRET))
    span = tracing.span("execute_tool fail")
    assert span.status.status_code is StatusCode.ERROR
    assert "MCPToolExecutionError" in attributes_of(span)[semconv.ERROR_TYPE]
    assert SECRET not in span.to_json()


async def test_error_that_an_interceptor_made_good(tracing: Tracing, over_http: Connection) -> None:
    """The message of the tool says that all is well, so it is."""

    async def intercept(request: Any, handler: Any) -> Any:
        result = await handler(request)
        assert result.isError
        return types.CallToolResult(content=[types.TextContent(type="text", text="instead")])

    fail = await tool_of(over_http, "fail", tool_interceptors=[intercept])
    answer = await fail.ainvoke(call("fail", text="hello"))
    assert answer.status == "success"
    span = tracing.span("execute_tool fail")
    assert span.status.status_code is StatusCode.UNSET
    assert semconv.ERROR_TYPE not in attributes_of(span)


async def test_timeout(tracing: Tracing, over_http: Connection) -> None:
    """A server that does not answer in time: an error with the code that the session gives it."""
    connection: Any = {**over_http}
    wait = await tool_of(connection, "wait")
    connection["session_kwargs"] = {"read_timeout_seconds": timedelta(seconds=2)}
    with pytest.raises(McpError):
        await wait.ainvoke(call("wait"))
    span = tracing.span("execute_tool wait")
    assert span.status.status_code is StatusCode.ERROR
    assert span.status.description is None
    assert attributes_of(span)[semconv.ERROR_TYPE] == "mcp.shared.exceptions.McpError"
    assert attributes_of(span)[semconv.RPC_RESPONSE_STATUS_CODE] == "408"


async def test_cancellation(tracing: Tracing, connection: Connection) -> None:
    """A call that is cancelled ends its span: cancelled, which is no failure."""
    from langchain_mcp_adapters.callbacks import Callbacks

    begun = asyncio.Event()

    async def on_progress(progress: float, total: Any, message: Any, context: Any) -> None:
        begun.set()

    wait = await tool_of(connection, "wait", callbacks=Callbacks(on_progress=on_progress))
    task = asyncio.create_task(wait.ainvoke(call("wait")))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    span = tracing.span("execute_tool wait")
    assert span.status.status_code is StatusCode.UNSET
    assert attributes_of(span)[semconv.RUN_OUTCOME] == "cancelled"
    assert attributes_of(span)[semconv.MCP_METHOD_NAME] == "tools/call"


@pytest.mark.rows(2)
@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_servers_death(transport: str, tracing: Tracing) -> None:
    """A server that dies while it is asked: the span ends as an error."""
    with server_by(transport) as connection:
        die = await tool_of(connection, "die")
        if transport == "streamable-http":
            # The session does not hear of it: it waits for the server to come back.
            connection["session_kwargs"] = {"read_timeout_seconds": timedelta(seconds=2)}
        with pytest.raises(McpError):
            await die.ainvoke(call("die"))
    span = tracing.span("execute_tool die")
    assert span.status.status_code is StatusCode.ERROR
    assert span.status.description is None
    assert attributes_of(span)[semconv.ERROR_TYPE]
