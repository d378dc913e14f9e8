"""Version 3 of the events, by its projections: of graphs, their subgraphs and real agents."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI

from langchain_otel import semconv
from langchain_otel.runs.outcome import CANCELLED, CLOSED
from modes.drive import VERSION_3, experimental, settled
from modes.loops import question
from modes.probe import GRAPH, Probe
from modes.streaming import BODIES, graph, on_a_thread
from observation import plain
from recording import Tracing
from servers.holding_server import Holding, holding
from versions import create_agent

pytestmark = pytest.mark.skipif(
    not VERSION_3 & GRAPH, reason="LangGraph has no version 3 of events"
)


def transformers() -> list[Any]:
    """What makes the projections that a stream has only where it is asked for them."""
    from langgraph.stream import transformers as known

    names = ("Updates", "Custom", "Checkpoints", "Debug", "Tasks")
    return [getattr(known, f"{name}Transformer") for name in names]


def messages(run: Any, probe: Probe) -> Iterator[Any]:
    for message in run.messages:
        for text in message.text:
            probe.in_caller()
            yield text
        yield message.output


def subgraphs(run: Any, probe: Probe) -> Iterator[Any]:
    for subgraph in run.subgraphs:
        probe.in_caller()
        yield subgraph.path
        for message in subgraph.messages:
            probe.in_caller()
            yield "".join(message.text)
        yield subgraph.output


def each(name: str) -> Callable[[Any, Probe], Iterator[Any]]:
    def items(run: Any, probe: Probe) -> Iterator[Any]:
        for item in getattr(run, name):
            probe.in_caller()
            yield item

    return items


def interleaved(run: Any, probe: Probe) -> Iterator[Any]:
    for name, item in run.interleave("values", "updates", "custom"):
        probe.in_caller()
        yield name, item


PROJECTIONS: dict[str, Callable[[Any, Probe], Iterator[Any]]] = {
    "messages": messages,
    "subgraphs": subgraphs,
    "interleaved": interleaved,
    **{
        name: each(name)
        for name in ("values", "lifecycle", "updates", "custom", "checkpoints", "debug", "tasks")
    },
}


def projected(name: str, probe: Probe) -> list[str]:
    with probe.watching() as config, experimental():
        run = graph(probe).stream_events(
            question(), on_a_thread(config), version="v3", transformers=transformers()
        )
        items = list(PROJECTIONS[name](run, probe))
        items.append(run.output)
    return [plain(item) for item in items]


@pytest.mark.parametrize("name", PROJECTIONS)
def test_a_projection(name: str, tracing: Tracing) -> None:
    """It has the items that it has without us; the trace is whole."""
    with tracing.off():
        expected = projected(name, Probe(tracing))
    probe = Probe(tracing)
    assert projected(name, probe) == expected
    assert len(expected) > 1
    probe.check()
    assert {mark.name for mark in probe.marks} == BODIES


async def aprojected(names: tuple[str, ...], probe: Probe) -> list[list[str]]:
    """Several projections, each read by a task of its own."""

    async def read(run: Any, name: str) -> list[Any]:
        is_message = name == "messages"
        return [await item if is_message else item async for item in getattr(run, name)]

    with probe.watching() as config, experimental():
        run = await graph(probe).astream_events(
            question(), on_a_thread(config), version="v3", transformers=transformers()
        )
        read_items = await asyncio.gather(*(read(run, name) for name in names))
        await run.output()
    return [[plain(item) for item in items] for items in read_items]


@pytest.mark.parametrize(
    "names", [("messages",), ("values", "messages", "custom"), ("updates", "tasks", "debug")]
)
async def test_async_projections_side_by_side(names: tuple[str, ...], tracing: Tracing) -> None:
    """The same in asynchronous code, where any of the readers may move the graph on."""
    with tracing.off():
        expected = await aprojected(names, Probe(tracing))
    probe = Probe(tracing)
    assert await aprojected(names, probe) == expected
    assert all(expected)
    probe.check()
    assert {mark.name for mark in probe.marks} == BODIES


@tool
def get_weather(city: str) -> str:
    """Tell the weather in a city."""
    return f"sunny in {city}"


AGENT = """\
invoke_agent weather
  model
    chat gpt-5-mini
  tools
    execute_tool get_weather
  model
    chat gpt-5-mini"""
WHOLE = "Here is what I found. sunny in Paris."
SO_FAR = ["Here", " is", " what", " I"]
ASKED: Any = {"messages": [("user", "What is the weather in Paris?")]}


@pytest.fixture
def server() -> Iterator[Holding]:
    with holding() as server:
        yield server


def model(server: Holding) -> ChatOpenAI:
    options: Any = {"api_key": "none", "max_retries": 0, "stream_usage": True}
    return ChatOpenAI(model="gpt-5-mini", base_url=server.base_url, **options)


def agent(server: Holding) -> Any:
    return create_agent(model(server), [get_weather], name="weather")


def the_answer(tracing: Tracing) -> dict[str, Any]:
    """The attributes of the last model call to start."""
    chats = [span for span in tracing.spans if span.name.startswith("chat")]
    return dict(max(chats, key=lambda span: span.start_time or 0).attributes or {})


def test_an_agent_of_a_real_model(tracing_with_content: Tracing, server: Holding) -> None:
    """Its answers' words, tokens and times are those of any other stream."""
    tracing = tracing_with_content
    server.go_on.set()
    with experimental():
        run = agent(server).stream_events(ASKED, version="v3")
    texts = ["".join(message.text) for message in run.messages]
    assert texts == ["", WHOLE]
    assert run.output["messages"][-1].text == WHOLE
    assert tracing.tree() == AGENT
    answer = the_answer(tracing)
    assert WHOLE in answer[semconv.GEN_AI_OUTPUT_MESSAGES]
    assert answer[semconv.GEN_AI_USAGE_OUTPUT_TOKENS] == 58
    assert answer[semconv.GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK] > 0


def test_a_chunk_that_is_told_twice_is_one(tracing: Tracing, server: Holding) -> None:
    """In version 3 some clients tell of a chunk, and LangChain of what is in it once more."""
    server.go_on.set()
    name = "gen_ai.client.inference.time_per_output_chunk"
    list(model(server).stream("Hello there"))
    (before,) = tracing.points(name)
    with experimental():
        assert model(server).stream_events("Hello there", version="v3").output.text
    (after,) = tracing.points(name)
    assert after.count == 2 * before.count


async def test_an_agent_whose_events_are_left(
    tracing_with_content: Tracing, server: Holding
) -> None:
    """What came of the answer is on the span that was cancelled."""
    tracing = tracing_with_content
    with experimental():
        run = await agent(server).astream_events(ASKED, version="v3")
    async with run:
        texts = [text async for text in first(run, len(SO_FAR))]
    await settled()
    assert texts == SO_FAR
    assert tracing.tree() == AGENT
    answer = the_answer(tracing)
    assert answer[semconv.RUN_OUTCOME] == CANCELLED
    assert "".join(SO_FAR) in answer[semconv.GEN_AI_OUTPUT_MESSAGES]
    assert semconv.GEN_AI_USAGE_OUTPUT_TOKENS not in answer
    (root,) = [span for span in tracing.spans if span.parent is None]
    assert (root.attributes or {})[semconv.RUN_OUTCOME] == CLOSED


async def first(run: Any, count: int) -> AsyncIterator[str]:
    """So many words of an agent's answers."""
    async for message in run.messages:
        async for text in message.text:
            yield text
            count -= 1
            if not count:
                return
