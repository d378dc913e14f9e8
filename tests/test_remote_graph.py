"""A call of a remote graph is a span, and the server goes on with its trace."""

import asyncio
import inspect
import operator
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from typing import Annotated, Any, TypedDict

import httpx
import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.errors import GraphInterrupt
from langgraph.graph import START, StateGraph
from langgraph.pregel.remote import RemoteException, RemoteGraph
from langgraph.types import interrupt
from langgraph_sdk.client import LangGraphClient, SyncLangGraphClient
from opentelemetry import baggage, context
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import SpanKind, StatusCode

from langchain_otel import OpenTelemetryCallbackHandler, conversation, semconv
from recording import Tracing, id_of, instrumented
from servers.langgraph_server import GraphServer, start_server
from waiting import PATIENCE

Run = Callable[[RemoteGraph, Any], Any]
SERVED = "POST /runs/stream"
CALL = "invoke_workflow far-away"
IN_THREAD: Any = {"configurable": {"thread_id": "thread-1"}}


class State(TypedDict):
    steps: Annotated[list[str], operator.add]


def step(state: State) -> State:
    return {"steps": ["far"]}


def ask(state: State) -> State:
    return {"steps": [interrupt("may I?")]}


def fail(state: State) -> State:
    raise ValueError("what nobody is to know")


def graph_of(node: Any) -> Any:
    graph = StateGraph(State).add_node("there", node).add_edge(START, "there")
    return graph.compile(checkpointer=InMemorySaver(), name="served")


@pytest.fixture
def tracing() -> Iterator[Tracing]:
    tracing = Tracing()
    with instrumented(tracing):
        yield tracing


@contextmanager
def serving(tracing: Tracing, node: Any = step) -> Iterator[GraphServer]:
    with start_server({"far-away": graph_of(node)}, tracing.tracer) as server:
        yield server


def remote(server: GraphServer) -> RemoteGraph:
    """A remote graph whose clients keep no connection: asyncio would warn of what is left open."""
    limits = httpx.Limits(max_keepalive_connections=0)
    return RemoteGraph(
        "far-away",
        client=LangGraphClient(httpx.AsyncClient(base_url=server.url, limits=limits)),
        sync_client=SyncLangGraphClient(httpx.Client(base_url=server.url, limits=limits)),
    )


def finished(work: Coroutine[Any, Any, Any]) -> Any:
    """What comes of it; the loop then goes on until the client's connections are closed.

    LangGraph leaves the closing of the stream of a call that fails to the loop's own end.
    """
    with asyncio.Runner() as runner:
        try:
            return runner.run(work)
        finally:
            loop = runner.get_loop()
            loop.run_until_complete(loop.shutdown_asyncgens())
            loop.run_until_complete(asyncio.sleep(0))


def invoke(graph: RemoteGraph, given: Any, **options: Any) -> Any:
    return graph.invoke(given, IN_THREAD, **options)


def stream(graph: RemoteGraph, given: Any, **options: Any) -> Any:
    return list(graph.stream(given, IN_THREAD, stream_mode="values", **options))[-1]


def ainvoke(graph: RemoteGraph, given: Any, **options: Any) -> Any:
    return finished(graph.ainvoke(given, IN_THREAD, **options))


def astream(graph: RemoteGraph, given: Any, **options: Any) -> Any:
    async def collect() -> Any:
        chunks = graph.astream(given, IN_THREAD, stream_mode="values", **options)
        return [chunk async for chunk in chunks][-1]

    return finished(collect())


WAYS = pytest.mark.parametrize("run", [invoke, stream, ainvoke, astream])


def attributes_of(span: ReadableSpan) -> dict[str, Any]:
    return dict(span.attributes or {})


@WAYS
def test_server_goes_on_with_the_trace(tracing: Tracing, run: Run) -> None:
    """One trace over both processes: the call's span, the server's, and the graph's that it ran."""
    with serving(tracing) as server:
        assert run(remote(server), {"steps": ["here"]}) == {"steps": ["here", "far"]}
    assert tracing.tree().splitlines()[:4] == [
        CALL,
        f"  {SERVED}",
        "    invoke_workflow served",
        "      there",
    ]


@WAYS
def test_call_says_what_it_is(tracing: Tracing, run: Run) -> None:
    """A client's span with the graph's name, the server, the thread as its conversation."""
    with serving(tracing) as server:
        run(remote(server), {"steps": ["here"]})
    span = tracing.span(CALL)
    assert span.kind is SpanKind.CLIENT
    assert span.status.status_code is StatusCode.UNSET
    assert attributes_of(span) == {
        semconv.GEN_AI_OPERATION_NAME: "invoke_workflow",
        semconv.GEN_AI_WORKFLOW_NAME: "far-away",
        semconv.GEN_AI_CONVERSATION_ID: "thread-1",
        semconv.SERVER_ADDRESS: "127.0.0.1",
        semconv.SERVER_PORT: server.server_port,
    }


def test_call_is_measured(tracing: Tracing) -> None:
    """As a workflow, under its own name."""
    with serving(tracing) as server:
        invoke(remote(server), {"steps": ["here"]})
    points = tracing.points(semconv.METRIC_WORKFLOW_DURATION)
    names = {point.attributes[semconv.GEN_AI_WORKFLOW_NAME] for point in points}
    assert names == {"far-away", "served"}


def test_name_of_a_run_is_not_the_graphs(tracing: Tracing) -> None:
    """A caller may name each call otherwise: the graph keeps its name, on metrics too."""
    with serving(tracing) as server:
        for number in range(2):
            named: Any = {**IN_THREAD, "run_name": f"chat-{number}"}
            remote(server).invoke({"steps": ["here"]}, named)
    spans = [span for span in tracing.spans if span.name == CALL]
    assert [attributes_of(span)[semconv.RUN_NAME] for span in spans] == ["chat-0", "chat-1"]
    points = tracing.points(semconv.METRIC_WORKFLOW_DURATION)
    names = {point.attributes[semconv.GEN_AI_WORKFLOW_NAME] for point in points}
    assert names == {"far-away", "served"}


def parent_graph(server: GraphServer) -> Any:
    graph = StateGraph(State).add_node("remote", remote(server)).add_edge(START, "remote")
    return graph.compile(checkpointer=InMemorySaver(), name="parent")


@pytest.mark.parametrize("is_async", [False, True])
def test_node_of_a_graph(tracing: Tracing, is_async: bool) -> None:
    """The call hangs under the node, which has its thread's id already."""
    with serving(tracing) as server:
        graph = parent_graph(server)
        if is_async:
            finished(graph.ainvoke({"steps": ["here"]}, IN_THREAD))
        else:
            graph.invoke({"steps": ["here"]}, IN_THREAD)
    assert tracing.tree().splitlines()[:4] == [
        "invoke_workflow parent",
        "  remote",
        f"    {CALL}",
        f"      {SERVED}",
    ]
    assert attributes_of(tracing.span(CALL))[semconv.GEN_AI_CONVERSATION_ID] == "thread-1"
    assert not [name for name in attributes_of(tracing.span(CALL)) if name.startswith("langgraph.")]


@pytest.mark.parametrize("is_async", [False, True])
def test_interrupt_in_a_node(tracing: Tracing, is_async: bool) -> None:
    """What a remote graph asks interrupts the graph around it: no failure of either."""
    with serving(tracing, ask) as server:
        graph = parent_graph(server)
        if is_async:
            finished(graph.ainvoke({"steps": []}, IN_THREAD))
        else:
            graph.invoke({"steps": []}, IN_THREAD)
    for name in (CALL, "remote"):
        assert tracing.span(name).status.status_code is StatusCode.UNSET
        assert attributes_of(tracing.span(name))[semconv.RUN_OUTCOME] == "interrupted"


@WAYS
def test_failure_of_the_remote_graph(tracing: Tracing, run: Run) -> None:
    """Its caller's span is an error by the client's exception, without the text."""
    with serving(tracing, fail) as server, pytest.raises(RemoteException):
        run(remote(server), {"steps": []})
    span = tracing.span(CALL)
    assert span.status.status_code is StatusCode.ERROR
    assert span.status.description is None
    expected = "langgraph.pregel.remote.RemoteException"
    assert attributes_of(span)[semconv.ERROR_TYPE] == expected
    assert "nobody" not in span.to_json()


@WAYS
def test_unreachable_server(tracing: Tracing, run: Run) -> None:
    """The client's own exception goes to the caller, and its type on the span."""
    with serving(tracing) as server:
        pass
    with pytest.raises(Exception) as raised:
        run(remote(server), {"steps": []})
    error = attributes_of(tracing.span(CALL))[semconv.ERROR_TYPE]
    assert error.endswith(type(raised.value).__name__)


@pytest.mark.parametrize("is_async", [False, True])
def test_closed_stream(tracing: Tracing, is_async: bool) -> None:
    """Who breaks off has a span that says so; between two chunks nothing of it is current."""
    between = []

    async def aconsume(graph: RemoteGraph) -> None:
        chunks = graph.astream({"steps": ["here"]}, IN_THREAD)
        await anext(chunks)
        between.append(context.get_current())
        await chunks.aclose()  # type: ignore[attr-defined]

    def consume(graph: RemoteGraph) -> None:
        chunks = graph.stream({"steps": ["here"]}, IN_THREAD)
        next(chunks)
        between.append(context.get_current())
        chunks.close()  # type: ignore[attr-defined]

    with serving(tracing) as server:
        if is_async:
            finished(aconsume(remote(server)))
        else:
            consume(remote(server))
    assert attributes_of(tracing.span(CALL))[semconv.RUN_OUTCOME] == "closed"
    assert between == [context.get_current()]


def test_cancelled_call(tracing: Tracing) -> None:
    """A call that is cancelled while the server works ends as cancelled."""
    working, cancelled = threading.Event(), threading.Event()

    def wait(state: State) -> State:
        working.set()
        assert cancelled.wait(PATIENCE)
        return state

    async def cancel(graph: RemoteGraph) -> None:
        task = asyncio.ensure_future(graph.ainvoke({"steps": []}, IN_THREAD))
        assert await asyncio.to_thread(working.wait, PATIENCE)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        cancelled.set()

    with serving(tracing, wait) as server:
        finished(cancel(remote(server)))
    assert attributes_of(tracing.span(CALL))[semconv.RUN_OUTCOME] == "cancelled"


@pytest.mark.parametrize("run", [invoke, ainvoke])
def test_headers_of_the_user_stay(tracing: Tracing, run: Any) -> None:
    """They are sent as they are, beside the trace context, once; the user's dict is untouched."""
    headers = {"x-tenant": "acme"}
    token = context.attach(baggage.set_baggage("shop", "north"))
    try:
        with serving(tracing) as server:
            run(remote(server), {"steps": []}, headers=headers)
    finally:
        context.detach(token)
    assert headers == {"x-tenant": "acme"}
    assert server.sent("x-tenant") == ["acme"]
    assert server.sent("baggage") == ["shop=north"]
    (traceparent,) = server.sent("traceparent")
    assert traceparent.split("-")[2] == f"{id_of(tracing.span(CALL)):016x}"


def test_trace_that_the_user_names(tracing: Tracing) -> None:
    """Who sends a trace context of their own has it sent."""
    own = f"00-{'1' * 32}-{'2' * 16}-01"
    with serving(tracing) as server:
        invoke(remote(server), {"steps": []}, headers={"TraceParent": own})
    assert server.sent("traceparent") == [own]
    assert server.sent("tracestate") == []


@pytest.mark.parametrize("run", [invoke, ainvoke])
def test_instrumented_http_client_comes_between(tracing: Tracing, run: Run) -> None:
    """Its span is what the server goes on from: one header, not two."""
    instrumentation = pytest.importorskip("opentelemetry.instrumentation.httpx")
    instrumentor = instrumentation.HTTPXClientInstrumentor()
    instrumentor.instrument(tracer_provider=tracing.tracer_provider)
    try:
        with serving(tracing) as server:
            run(remote(server), {"steps": []})
    finally:
        instrumentor.uninstrument()
    assert tracing.tree().splitlines()[:3] == [CALL, "  POST", f"    {SERVED}"]
    (traceparent,) = server.sent("traceparent")
    assert traceparent.split("-")[2] == f"{id_of(tracing.span('POST')):016x}"


def test_state_requests_carry_the_trace(tracing: Tracing) -> None:
    """Reading the remote state is no span, but what the server does for it is in the trace."""
    with serving(tracing) as server, tracing.user_span("outer") as outer:
        with pytest.raises(httpx.HTTPError):
            remote(server).get_state(IN_THREAD)
        sent = server.sent("traceparent")
    if "headers" in inspect.signature(RemoteGraph.get_state).parameters:
        (traceparent,) = sent
        assert traceparent.split("-")[2] == f"{id_of(outer):016x}"


@pytest.mark.parametrize("node", [step, ask, fail])
def test_two_providers(tracing: Tracing, node: Any) -> None:
    """Each has a whole trace of its own, however the call ends; the server goes on with the one."""
    other = Tracing()
    handler = OpenTelemetryCallbackHandler(tracer_provider=other.tracer_provider)
    config: Any = {**IN_THREAD, "callbacks": [handler]}
    with serving(tracing, node) as server, suppress(RemoteException):
        parent_graph(server).invoke({"steps": []}, config)
    for each in (tracing, other):
        assert f"  remote\n    {CALL}" in each.tree()
        assert len(each.lives.started) == len(each.lives.ended)
    trace = server.sent("traceparent")[0].split("-")[1]
    ids = [each.span(CALL).get_span_context().trace_id for each in (tracing, other)]  # type: ignore[union-attr]
    assert int(trace, 16) in ids


def test_wrong_arguments(tracing: Tracing) -> None:
    """The exception is Python's own, and no run is left open."""
    with serving(tracing) as server, pytest.raises(TypeError):
        list(remote(server).stream())  # type: ignore[call-overload]
    assert tracing.spans == ()


def test_without_us(tracing: Tracing) -> None:
    """Not instrumented, a call is as LangGraph makes it: no span, no header."""
    with serving(tracing) as server, tracing.off():
        assert invoke(remote(server), {"steps": ["here"]}) == {"steps": ["here", "far"]}
        assert server.sent("traceparent") == []
    assert tracing.names() == [SERVED]


def test_no_content(tracing: Tracing) -> None:
    """Input and output stay out of all spans."""
    with serving(tracing) as server:
        invoke(remote(server), {"steps": ["a secret"]})
    assert "a secret" not in str([span.to_json() for span in tracing.spans])


def test_conversation_around_a_call(tracing: Tracing) -> None:
    """Without a thread, the conversation is that of the block."""
    with serving(tracing) as server, conversation("chat-7", user="ada"):
        remote(server).invoke({"steps": []}, {"configurable": {}})
    attributes = attributes_of(tracing.span(CALL))
    assert attributes[semconv.GEN_AI_CONVERSATION_ID] == "chat-7"
    assert attributes[semconv.USER_ID] == "ada"


def test_interrupt_of_a_direct_call(tracing: Tracing) -> None:
    """Nothing is raised to who calls directly: the call has come to its end."""
    with serving(tracing, ask) as server:
        try:
            invoke(remote(server), {"steps": []})
        except GraphInterrupt:  # pragma: no cover
            pytest.fail("raised")
    assert semconv.RUN_OUTCOME not in attributes_of(tracing.span(CALL))
