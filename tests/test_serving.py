"""Agents that are streamed by a web server: each request is one whole trace, read or hung up."""

import asyncio
import gc
import logging
import re
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from opentelemetry.trace import StatusCode
from websockets.sync.client import connect

from langchain_otel import semconv
from langchain_otel.runs.outcome import CANCELLED, CLOSED
from modes.probe import trace_of
from recording import Tracing, id_of
from servers.served import (
    AGENT,
    PARIS,
    SO_FAR,
    WHOLE,
    Served,
    indented,
    outcomes,
    served_agent,
    text_of,
    the_answer,
    tree_of,
    trees,
)
from versions import newest_agent
from waiting import PATIENCE

pytestmark = newest_agent

AGENT_WAYS = ("messages", "updates", "events", "threads", "sse_starlette", "fastapi")


@pytest.fixture
def served(tracing_with_content: Tracing, caplog: pytest.LogCaptureFixture) -> Iterator[Served]:
    """An agent that is served; afterwards nobody has complained and no span is red."""
    with served_agent(tracing_with_content) as served:
        yield served
    tracing = served.tracing
    assert {tracing.lives.ended.count(id_of(span)) for span in tracing.lives.started} == {1}
    assert not [span for span in tracing.spans if span.status.status_code is StatusCode.ERROR]
    complaints = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert not complaints, [record.getMessage() for record in complaints]


@pytest.mark.parametrize("way", AGENT_WAYS)
def test_a_stream_that_is_read_is_one_trace_under_the_request(way: str, served: Served) -> None:
    """However it is streamed, also where each chunk is made in another thread; two in a row."""
    for _ in range(2):
        text = served.read(way)
        assert text == ("modeltoolsmodel" if way == "updates" else WHOLE)
        route = "fastapi" if way == "fastapi" else "{way}"
        assert tree_of(served.tracing) == f"GET /stream/{route}\n{indented(AGENT)}"
        answer = the_answer(served.tracing)
        assert text_of(answer) == WHOLE
        assert answer[semconv.GEN_AI_USAGE_OUTPUT_TOKENS]
        assert set(outcomes(served.tracing).values()) == {None}
        served.tracing.exporter.clear()


def assert_cut_short(answer: dict[str, Any]) -> None:
    """What is known of an answer that was cut short is there, and nothing is made up."""
    assert answer[semconv.RUN_OUTCOME] == CANCELLED
    assert text_of(answer) == SO_FAR
    assert answer[semconv.GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK] > 0
    assert answer[semconv.GEN_AI_RESPONSE_FINISH_REASONS] == ("error",)
    assert str(answer[semconv.GEN_AI_RESPONSE_ID]).startswith("chatcmpl-")
    # The provider tells the usage at the end of the answer, which nobody will see.
    assert semconv.GEN_AI_USAGE_OUTPUT_TOKENS not in answer


@pytest.mark.parametrize("way", ["events", "sse_starlette", "fastapi"])
def test_a_client_that_hangs_up_cancels_what_runs(way: str, served: Served) -> None:
    """The agent, its node and its model call say so, in the request's trace, with the words."""
    assert served.hang_up(way) == SO_FAR
    served.settle()
    route = "fastapi" if way == "fastapi" else "{way}"
    assert tree_of(served.tracing) == f"GET /stream/{route}\n{indented(AGENT)}"
    assert_cut_short(the_answer(served.tracing))
    agent = served.tracing.span("invoke_agent weather").attributes or {}
    assert agent[semconv.RUN_OUTCOME] == CANCELLED
    assert agent[semconv.GEN_AI_USAGE_OUTPUT_TOKENS] == 45
    served.tracing.exporter.clear()
    assert served.read(way) == WHOLE
    assert set(outcomes(served.tracing).values()) == {None}


def test_a_client_that_hangs_up_cancels_a_model(served: Served) -> None:
    """The same for a model that is streamed without an agent."""
    served.hang_up("model")
    served.settle()
    assert tree_of(served.tracing) == "GET /stream/{way}\n  chat gpt-5-mini"
    answer = the_answer(served.tracing)
    assert answer[semconv.RUN_OUTCOME] == CANCELLED


def test_a_client_that_hangs_up_between_two_nodes(served: Served) -> None:
    """A graph whose updates are streamed is cancelled in its node: all that runs says so."""
    assert served.hang_up("updates", after=2) == "modeltools"
    served.settle()
    assert tree_of(served.tracing) == f"GET /stream/{{way}}\n{indented(AGENT)}"
    assert the_answer(served.tracing)[semconv.RUN_OUTCOME] == CANCELLED
    agent = served.tracing.span("invoke_agent weather").attributes or {}
    assert agent[semconv.RUN_OUTCOME] == CANCELLED


def test_what_langgraph_leaves_running_ends_by_itself(served: Served) -> None:
    """Some of LangGraph's streams end before their nodes: those are told as what they became."""
    served.hang_up("messages")
    # LangGraph may or may not have cancelled the node meanwhile.
    served.model_server.go_on.set()
    served.settle()
    assert tree_of(served.tracing) == f"GET /stream/{{way}}\n{indented(AGENT)}"
    agent = served.tracing.span("invoke_agent weather").attributes or {}
    assert agent[semconv.RUN_OUTCOME] == CANCELLED
    answer = the_answer(served.tracing)
    if semconv.RUN_OUTCOME in answer:
        assert_cut_short(answer)
    else:
        assert text_of(answer) == WHOLE


def test_a_client_that_hangs_up_on_threads(served: Served) -> None:
    """Starlette drops a generator that it read in threads: its garbage is a stream closed."""
    served.hang_up("threads")
    served.model_server.go_on.set()
    served.collect()
    assert trees(served.tracing) == {f"GET /stream/{{way}}\n{indented(AGENT)}"}
    agent = served.tracing.span("invoke_agent weather").attributes or {}
    assert agent[semconv.RUN_OUTCOME] == CLOSED
    assert text_of(the_answer(served.tracing)) == WHOLE


@pytest.mark.parametrize("way", ["invoke", "ainvoke"])
def test_a_client_that_hangs_up_on_an_answer_that_is_not_streamed(way: str, served: Served) -> None:
    """Nobody cancels what works on it: the trace is as whole as it would have been."""
    address = httpx.URL(served.url)
    with socket.create_connection((address.host, address.port or 0)) as client:
        client.sendall(f"GET /{way}?city=Paris HTTP/1.1\r\nHost: here\r\n\r\n".encode())
        assert served.model_server.answering.wait(PATIENCE)
    served.model_server.go_on.set()
    served.settle()
    assert tree_of(served.tracing) == f"GET /{way}\n{indented(AGENT)}"
    assert set(outcomes(served.tracing).values()) == {None}
    assert text_of(the_answer(served.tracing)) == WHOLE


async def ask(served: Served, way: str, city: str, until: int | None = None) -> None:
    """Ask over a connection of one's own, and read all or some words."""
    url = f"{served.url}/stream/{way}"
    async with (
        httpx.AsyncClient(timeout=PATIENCE) as client,
        client.stream("GET", url, params={"city": city}) as response,
    ):
        count = 0
        async for line in response.aiter_lines():
            count += line.startswith("data:")
            if count == until:
                return


def test_background_tasks_are_in_the_trace_of_their_request(served: Served) -> None:
    """What is done after the answer, in a thread and in the loop, hangs under the request."""
    served.model_server.go_on.set()
    response = httpx.get(f"{served.url}/background", params=PARIS, timeout=PATIENCE)
    assert response.json() == "later"
    # The request's span may end with the answer, before the tasks begin.
    served.open.wait_for_ended("execute_tool get_weather", 2)
    served.settle()
    # FastAPI's instrumentation puts a span around each task, in its newer versions.
    lines = [line.strip() for line in tree_of(served.tracing).splitlines()]
    agents = [line.strip() for line in AGENT.splitlines()] * 2
    assert [line for line in lines if "BackgroundTask" not in line] == ["GET /background", *agents]
    assert set(outcomes(served.tracing).values()) == {None}


def test_a_web_socket_is_one_trace(served: Served) -> None:
    """Read to its end, and with a client that leaves: the server notices at the next word."""
    address = served.url.replace("http", "ws") + "/socket?city=Paris"
    with connect(address, open_timeout=PATIENCE, ping_timeout=PATIENCE) as client:
        assert "".join(str(client.recv()) for _ in range(4)) == SO_FAR
        served.model_server.go_on.set()
        assert SO_FAR + "".join(str(text) for text in client) == WHOLE
    served.settle()
    assert tree_of(served.tracing) == f"HTTP /socket\n{indented(AGENT)}"
    assert set(outcomes(served.tracing).values()) == {None}
    served.tracing.exporter.clear()
    served.model_server.go_on.clear()
    with connect(address, open_timeout=PATIENCE, ping_timeout=PATIENCE) as client:
        client.recv()
    served.model_server.go_on.set()
    served.collect()
    assert tree_of(served.tracing) == f"HTTP /socket\n{indented(AGENT)}"
    assert set(outcomes(served.tracing).values()) <= {None, CANCELLED}


CITIES = [f"City{number}" for number in range(20)]


async def ask_all(served: Served, way: str, *, waits: bool) -> Counter[Any]:
    """Every second client hangs up; gives the agents' outcomes, having looked at each trace."""
    reading = [asyncio.create_task(ask(served, way, city)) for city in CITIES[::2]]
    await asyncio.gather(*(ask(served, way, city, until=2) for city in CITIES[1::2]))
    if waits:
        await asyncio.to_thread(served.open.wait_for_ended, "GET /stream/{way}", 10)
    served.model_server.go_on.set()
    await asyncio.gather(*reading)
    # What is cancelled ends by itself; a client's own generators may not be collected meanwhile.
    await asyncio.to_thread(served.settle if waits else served.collect)
    assert trees(served.tracing) == {f"GET /stream/{{way}}\n{indented(AGENT)}"}
    by_trace: dict[int, str] = {}
    for span in served.tracing.spans:
        by_trace[trace_of(span)] = by_trace.get(trace_of(span), "") + str(span.attributes)
    told = [set(re.findall(r"City\d+", text)) for text in by_trace.values()]
    assert sorted(told, key=str) == sorted(({city} for city in CITIES), key=str)
    agents = [span for span in served.tracing.spans if span.name == "invoke_agent weather"]
    return Counter((span.attributes or {}).get(semconv.RUN_OUTCOME) for span in agents)


@contextmanager
def no_collection_before(event: threading.Event) -> Iterator[None]:
    """Collect no garbage in the server before the event.

    LangGraph closes a stream by waiting for its nodes, in whatever thread the collector runs: in
    the server's it would stop all clients, the one that sets the event among them.
    """
    gc.disable()
    try:
        yield
        assert event.is_set()
    finally:
        gc.enable()


@pytest.mark.parametrize("way", ["events", "sse_starlette"])
async def test_many_clients_at_once(way: str, served: Served) -> None:
    """Half of them hang up: there are as many whole traces, each with the words of one client."""
    assert await ask_all(served, way, waits=True) == {None: 10, CANCELLED: 10}


async def test_many_clients_at_once_on_threads(served: Served) -> None:
    """The same where nothing is cancelled: who hung up is noticed after the next word."""
    with no_collection_before(served.model_server.go_on):
        outcomes = await ask_all(served, "threads", waits=False)
    assert outcomes.keys() <= {None, CLOSED}
    assert outcomes[None] >= 10
    assert outcomes.total() == 20
