"""Programs without tracing in which every attribute, event and metric of ours occurs."""

from contextlib import suppress
from typing import Any
from uuid import uuid4

from langchain_core.caches import InMemoryCache
from langchain_core.callbacks import CallbackManagerForChainRun, dispatch_custom_event
from langchain_core.documents import BaseDocumentCompressor, Document
from langchain_core.embeddings import DeterministicFakeEmbedding
from langchain_core.language_models import FakeListLLM
from langchain_core.prompts import PromptTemplate
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import tool
from langgraph.cache.memory import InMemoryCache as NodeCache
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.errors import GraphRecursionError
from langgraph.graph import START, StateGraph
from langgraph.prebuilt import create_react_agent
from langgraph.types import CachePolicy, Command, RetryPolicy
from tenacity import RetryCallState, Retrying

from approvals import State, answer, graph_of, in_node, invoke, prepare
from langchain_otel.pricing.kinds import COSTS
from models import Model, ScriptedModel, calls, says
from priced import Seller, used
from versions import classic

AT_ONCE = RetryPolicy(initial_interval=0, jitter=False, retry_on=lambda _: True)
CONFIGURED: Any = {
    "tags": ["nightly"],
    "metadata": {"tenant": "blue", "size": 7, "share": 0.5, "paid": True, "zones": ["a", "b"]},
}


@tool
def search(query: str) -> str:
    """Search."""
    return f"found {query}"


class First(BaseDocumentCompressor):
    """Keeps the first document."""

    def compress_documents(self, documents: Any, query: str, callbacks: Any = None) -> Any:
        return documents[:1]


def pauses() -> None:
    """A graph asks a person and goes on with the answer."""
    graph, thread = in_node(InMemorySaver()), str(uuid4())
    invoke(graph, {"text": "start"}, thread)
    invoke(graph, answer(graph, thread), thread)


def nodes() -> None:
    """Nodes are tried again, need not run, run inside another graph's node, and go on for ever."""
    left = [1]

    def flaky(_: Any) -> Any:
        left[0] -= 1
        if left[0] >= 0:
            raise ValueError("no")
        return {"text": "done"}

    def again(_: Any) -> Any:
        return Command(goto="again")

    retried: Any = StateGraph(State)
    retried.add_node("flaky", flaky, retry_policy=AT_ONCE)
    retried.add_edge(START, "flaky")
    outer: Any = StateGraph(State)
    outer.add_node("inner", retried.compile(name="retried"))
    outer.add_edge(START, "inner")
    outer.compile(name="outer").invoke({"text": "start"}, {**CONFIGURED, "run_name": "request"})

    cached: Any = StateGraph(State)
    cached.add_node("prepare", prepare, cache_policy=CachePolicy())
    cached.add_edge(START, "prepare")
    compiled = cached.compile(name="cached", cache=NodeCache())
    compiled.invoke({"text": "start"})
    compiled.invoke({"text": "start"})

    endless = graph_of(again).compile(name="endless")
    with suppress(GraphRecursionError):
        endless.invoke({"text": "start"}, {"recursion_limit": 2})


def chains() -> None:
    """Chains report events, are closed by who reads them, and have state that is no messages."""

    def reports(text: str, run_manager: CallbackManagerForChainRun) -> str:
        dispatch_custom_event("progress", {"done": 0.5})
        run_manager.on_text("some words")
        state = RetryCallState(Retrying(), None, (), {})
        state.set_exception((ValueError, ValueError("no"), None))
        run_manager.on_retry(state)
        return text

    for value in ("text", 7, {"in": 1}):
        RunnableLambda(reports, name="reports").invoke(value, CONFIGURED)  # type: ignore[arg-type]
    stream = (PromptTemplate.from_template("Greet {name}") | Model()).stream({"name": "Ada"})
    next(stream)
    stream.close()  # type: ignore[attr-defined]


def models() -> None:
    """A model's answer comes from the cache, and an agent's calls share their history."""
    cache = InMemoryCache()
    for _ in range(2):
        Model(cache=cache).invoke("Hello")
    model = ScriptedModel(answers=[calls("search", query="cats"), says("here")])
    agent = create_react_agent(model, [search], name="finder")
    agent.invoke({"messages": [("human", "Where are cats?")]}, CONFIGURED)
    DeterministicFakeEmbedding(size=2).embed_documents(["cats", "dogs"])
    First().compress_documents([Document("cats", id="1"), Document("dogs", id="2")], "cats")


def price(usage: dict[str, int], provider: str, model: str) -> dict[str, float] | None:
    """What a call costs, with something of every kind; of this one model it is not known."""
    return None if model == "scripted" else dict.fromkeys(COSTS, 0.25)


def sells() -> None:
    """A provider writes to its cache for an hour."""
    usage = used(100, 5, in_ephemeral_1h_input_tokens=30)
    Seller(provider="anthropic", usage=usage).invoke("Hello")


def legacy_agent() -> None:
    """The agent of before LangGraph says what it decides."""
    model = FakeListLLM(responses=["Action: search\nAction Input: cats", "Final Answer: there"])
    prompt = PromptTemplate.from_template("{tools} {tool_names} {input} {agent_scratchpad}")
    agents = classic("agents")
    agent = agents.create_react_agent(model, [search], prompt)
    agents.AgentExecutor(agent=agent, tools=[search]).invoke({"input": "cats"})


PROGRAMS = (pauses, nodes, chains, models, sells, legacy_agent)
