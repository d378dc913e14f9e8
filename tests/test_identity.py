"""Whose a run is and which: conversation, user and session of a configuration, agent, task."""

import operator
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any, TypedDict
from uuid import UUID

import pytest
from langchain_core.chat_history import InMemoryChatMessageHistory
from langchain_core.language_models import BaseChatModel, FakeListLLM
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import RunnableConfig, RunnableLambda
from langchain_core.runnables.history import RunnableWithMessageHistory
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.func import entrypoint, task
from langgraph.graph import START, StateGraph
from langgraph.types import Send
from opentelemetry import context
from opentelemetry.sdk.trace import ReadableSpan

from langchain_otel import OpenTelemetryCallbackHandler, semconv
from models import Model, Retriever
from recording import Tracing, instrumented
from versions import create_agent

pytestmark = pytest.mark.usefixtures("wrapped_once")

CONVERSATION, USER, SESSION = (
    semconv.GEN_AI_CONVERSATION_ID,
    semconv.USER_ID,
    semconv.SESSION_ID,
)
NODE, TASK, PATH = (
    semconv.LANGGRAPH_NODE,
    semconv.LANGGRAPH_TASK_ID,
    semconv.LANGGRAPH_SUBGRAPH_PATH,
)
NAMESPACE, CHECKPOINT = semconv.LANGGRAPH_CHECKPOINT_NAMESPACE, semconv.LANGGRAPH_CHECKPOINT_ID
IN_THREAD: RunnableConfig = {"configurable": {"thread_id": "thread-1"}}


class State(TypedDict):
    steps: Annotated[list[str], operator.add]


def leaf(state: State) -> State:
    return {"steps": ["leaf"]}


def graph_of(node: Any, name: str = "node") -> Any:
    return StateGraph(State).add_node(name, node).add_edge(START, name)


def attributes_of(span: ReadableSpan) -> dict[str, Any]:
    return dict(span.attributes or {})


def asking() -> Any:
    """A step that asks a model."""
    return RunnableLambda(lambda it: Model().invoke(it))


def values(tracing: Tracing, name: str, attribute: str) -> list[Any]:
    return [(s.attributes or {}).get(attribute) for s in tracing.spans if s.name == name]


def all_of(tracing: Tracing, attribute: str) -> list[Any]:
    """What an attribute is on the spans that have it."""
    found = [attributes_of(span) for span in tracing.spans]
    return [attributes[attribute] for attributes in found if attribute in attributes]


def own_of(tracing: Tracing, name: str) -> dict[str, Any]:
    """What LangGraph's attributes on a span are."""
    found = attributes_of(tracing.span(name))
    return {key: value for key, value in found.items() if key.startswith("langgraph.")}


# Nodes


def test_node_of_a_graph(tracing: Tracing) -> None:
    """Node, step, task and namespace, of which the task is the last part; no path at the top."""
    graph_of(leaf).compile(checkpointer=InMemorySaver(), name="graph").invoke(
        {"steps": []}, IN_THREAD
    )
    found = own_of(tracing, "node")
    assert set(found) == {NODE, semconv.LANGGRAPH_STEP, TASK, NAMESPACE}
    assert found[NAMESPACE] == f"node:{found[TASK]}"
    assert UUID(found[TASK])
    assert not {NODE, TASK, PATH, NAMESPACE} & own_of(tracing, "invoke_workflow graph").keys()


@pytest.mark.parametrize("checkpointer", [None, True])
def test_node_of_a_subgraph(tracing: Tracing, checkpointer: Any) -> None:
    """The path leads through the nodes around, whether or not the subgraph keeps its history."""
    inner = graph_of(leaf, "leaf").compile(checkpointer=checkpointer, name="inner")
    middle = graph_of(inner, "sub").compile(checkpointer=checkpointer, name="middle")
    outer = graph_of(middle, "main").compile(checkpointer=InMemorySaver(), name="outer")
    outer.invoke({"steps": []}, IN_THREAD)
    assert PATH not in own_of(tracing, "main")
    assert own_of(tracing, "sub")[PATH] == "main"
    assert own_of(tracing, "leaf")[PATH] == "main/sub"
    assert own_of(tracing, "leaf")[NAMESPACE].endswith(f"|leaf:{own_of(tracing, 'leaf')[TASK]}")
    assert not {NODE, TASK, PATH, NAMESPACE} & own_of(tracing, "invoke_workflow inner").keys()


def test_graph_called_in_a_node(tracing: Tracing) -> None:
    """A graph that a node's own code calls is a subgraph of it."""
    inner = graph_of(leaf, "leaf").compile(name="inner")

    def calls(state: State) -> Any:
        return inner.invoke(state)

    graph_of(calls, "calls").compile().invoke({"steps": []})
    assert own_of(tracing, "leaf")[PATH] == "calls"


def test_graph_with_history_called_twice(tracing: Tracing) -> None:
    """Numbers that LangGraph puts between calls of the same subgraph are no part of the path."""
    inner = graph_of(leaf, "leaf").compile(checkpointer=True, name="inner")

    def twice(state: State) -> State:
        inner.invoke({"steps": []})
        inner.invoke({"steps": []})
        return state

    outer = graph_of(twice, "calls").compile(checkpointer=InMemorySaver())
    try:
        outer.invoke({"steps": []}, IN_THREAD)
    except Exception as error:
        if type(error).__name__ != "MultipleSubgraphsError":
            raise
        pytest.skip("this LangGraph allows one call")
    assert values(tracing, "leaf", PATH) == ["calls", "calls"]
    assert len(set(values(tracing, "leaf", TASK))) == 2


def test_tasks_that_are_sent(tracing: Tracing) -> None:
    """Each of a fan-out is a task of its own."""
    graph = StateGraph(State).add_node("node", leaf)
    graph.add_conditional_edges(
        START, lambda _: [Send("node", {"steps": []}), Send("node", {"steps": []})], ["node"]
    )
    graph.compile().invoke({"steps": []})
    assert len({UUID(value) for value in values(tracing, "node", TASK)}) == 2
    assert values(tracing, "node", PATH) == [None, None]


def test_functional_tasks(tracing: Tracing) -> None:
    """A task of the functional API is below the function that called it."""

    @task
    def add(number: int) -> int:
        return number + 1

    @entrypoint(checkpointer=InMemorySaver())
    def calculate(number: int) -> int:
        first, second = add(number), add(number)
        return first.result() + second.result()

    calculate.invoke(1, IN_THREAD)
    assert len({UUID(value) for value in values(tracing, "add", TASK)}) == 2
    assert values(tracing, "add", PATH) == ["calculate", "calculate"]
    assert PATH not in own_of(tracing, "calculate")


def test_checkpoint_that_the_caller_names(tracing: Tracing) -> None:
    """A run that goes on from a checkpoint says from which."""
    graph = graph_of(leaf).compile(checkpointer=InMemorySaver(), name="graph")
    graph.invoke({"steps": []}, IN_THREAD)
    first = list(graph.get_state_history(IN_THREAD))[-1].config
    tracing.exporter.clear()
    graph.invoke(None, first)
    assert own_of(tracing, "node")[CHECKPOINT] == first["configurable"]["checkpoint_id"]


# Conversations, users and sessions


@pytest.mark.parametrize("where", ["metadata", "configurable"])
@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"thread_id": "t", "session_id": "s", "conversation_id": "c"}, "t"),
        ({"session_id": "s", "conversation_id": "c"}, "s"),
        ({"conversation_id": "c"}, "c"),
        ({"thread_id": UUID(int=7)}, str(UUID(int=7))),
        ({"thread_id": 7}, "7"),
        ({"thread_id": "", "conversation_id": "c"}, "c"),
        ({"other": "x"}, None),
    ],
)
def test_conversation_of_a_model_call(
    tracing: Tracing, where: Any, given: dict[str, Any], expected: str | None
) -> None:
    """The first key that is there, in metadata and in configurable values."""
    model: Any = Model()
    model.invoke("hi", {where: given})
    assert values(tracing, "chat", CONVERSATION) == [expected]


@contextmanager
def quiet() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


CALLS = {
    "invoke": lambda it, given, config: it.invoke(given, config),
    "stream": lambda it, given, config: list(it.stream(given, config)),
    "batch": lambda it, given, config: it.batch([given, given], config),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
@pytest.mark.parametrize("model", [Model(), FakeListLLM(responses=["x"])], ids=["chat", "text"])
def test_model_calls_of_every_kind(tracing: Tracing, call: Any, model: Any) -> None:
    """Whole, streamed and in batches, a configurable session is that of the model's span."""
    call(model, "hi", {"configurable": {"session_id": "s"}})
    assert {(span.attributes or {}).get(CONVERSATION) for span in tracing.spans} == {"s"}
    assert {(span.attributes or {}).get(SESSION) for span in tracing.spans} == {"s"}


async def test_async_model_calls(tracing: Tracing) -> None:
    """The same, async."""
    config: RunnableConfig = {"configurable": {"session_id": "s"}}
    await Model().ainvoke("hi", config)
    _ = [chunk async for chunk in Model().astream("hi", config)]
    await Model().abatch(["hi"], config)
    assert values(tracing, "chat", CONVERSATION) == ["s"] * 3


def test_tool_call(tracing: Tracing) -> None:
    """A tool that is called with a thread says so."""

    @tool
    def look_up(word: str) -> str:
        """Look a word up."""
        return word

    look_up.invoke({"word": "x"}, {"configurable": {"thread_id": "t"}})
    assert values(tracing, "execute_tool look_up", CONVERSATION) == ["t"]


@pytest.mark.parametrize("call", [CALLS["invoke"], CALLS["stream"]], ids=["invoke", "stream"])
def test_message_history(tracing: Tracing, call: Any) -> None:
    """The session of a chain with a history is the conversation of its model calls."""
    histories: dict[str, Any] = {}

    def history(session_id: str) -> Any:
        return histories.setdefault(session_id, InMemoryChatMessageHistory())

    with quiet():
        chain = RunnableWithMessageHistory(Model(), history)
        for session in ("s-1", "s-2"):
            call(chain, [HumanMessage("hi")], {"configurable": {"session_id": session}})
    assert values(tracing, "chat", CONVERSATION) == ["s-1", "s-2"]
    assert all_of(tracing, SESSION) == ["s-1", "s-2"]


def test_everything_below_a_graph(tracing: Tracing) -> None:
    """The thread of a graph is the conversation of all that it does."""

    @tool
    def ask(word: str) -> str:
        """Ask a model."""
        return str(asking().invoke(word).content)

    def node(state: State) -> State:
        ask.invoke({"word": "hi"})
        return state

    graph_of(node).compile(checkpointer=InMemorySaver(), name="graph").invoke(
        {"steps": []}, IN_THREAD
    )
    for name in ("chat", "execute_tool ask", "invoke_workflow graph"):
        assert values(tracing, name, CONVERSATION) == ["thread-1"]
    assert values(tracing, "node", CONVERSATION) == [None]


def test_fresh_configuration_in_a_node(tracing: Tracing) -> None:
    """A model call that knows nothing of the run around it still belongs to its conversation."""
    alone: Any = {"callbacks": [], "metadata": {}, "configurable": {}}

    def node(state: State) -> State:
        from langchain_core.runnables.config import var_child_runnable_config

        token = var_child_runnable_config.set(None)
        try:
            Model().invoke("hi", alone)
        finally:
            var_child_runnable_config.reset(token)
        return state

    graph_of(node).compile(checkpointer=InMemorySaver()).invoke({"steps": []}, IN_THREAD)
    assert values(tracing, "chat", CONVERSATION) == ["thread-1"]
    assert tracing.span("chat").parent == tracing.span("node").context


def test_own_thread_wins(tracing: Tracing) -> None:
    """A graph called with a thread of its own is another conversation, with all that is below."""
    inner = graph_of(lambda state: Model().invoke("hi") and state, "leaf")
    compiled = inner.compile(checkpointer=InMemorySaver(), name="inner")

    def node(state: State) -> State:
        Model().invoke("hi")
        compiled.invoke({"steps": []}, {"configurable": {"thread_id": "thread-2"}})
        Model().invoke("hi")
        return state

    graph_of(node).compile(checkpointer=InMemorySaver(), name="outer").invoke(
        {"steps": []}, IN_THREAD
    )
    assert values(tracing, "chat", CONVERSATION) == ["thread-1", "thread-2", "thread-1"]
    assert values(tracing, "invoke_workflow inner", CONVERSATION) == ["thread-2"]


def test_own_session_wins(tracing: Tracing) -> None:
    """Configurable values that a chain inside is given count for what is below it."""
    chain: Any = asking() | RunnableLambda(str)

    def body(text: str, config: RunnableConfig) -> Any:
        chain.invoke(text, {**config, "configurable": {"session_id": "inner"}})
        return chain.invoke(text, config)

    step: Any = RunnableLambda(body)
    step.invoke("hi", {"configurable": {"session_id": "outer"}})
    assert values(tracing, "chat", CONVERSATION) == ["inner", "outer"]


@pytest.mark.parametrize("where", ["metadata", "configurable"])
def test_user_and_session_of_a_configuration(tracing: Tracing, where: Any) -> None:
    """They are on the first span only, by the conventions' names and not by LangChain's."""
    given = {"user_id": "ada", "session_id": "s", "thread_id": "t"}
    asking().invoke("hi", {where: given})
    root = attributes_of(tracing.span("invoke_workflow"))
    assert (root[USER], root[SESSION]) == ("ada", "s")
    assert not [name for name in root if name.startswith(semconv.METADATA)]
    assert values(tracing, "chat", USER) == [None]
    assert values(tracing, "chat", CONVERSATION) == ["t"]


@pytest.mark.parametrize("key", ["user_id", "user.id"])
def test_keys_of_a_user(tracing: Tracing, key: str) -> None:
    """Both ways to write it."""
    Model().invoke("hi", {"metadata": {key: "ada"}})
    assert values(tracing, "chat", USER) == ["ada"]


def test_user_of_a_span_that_is_left_out() -> None:
    """Where the first run that has one has no span, the first with a span says whose it is."""
    tracing = Tracing()
    step: Any = RunnableLambda(lambda it: asking().invoke(it, {"metadata": {"user_id": "ada"}}))
    with instrumented(tracing, detail="semantic"):
        step.invoke("hi")
    assert values(tracing, "chat", USER) == ["ada"]


def test_user_in_the_traces_of_two_providers(tracing: Tracing) -> None:
    """A trace that begins inside another provider's says itself whose it is."""
    other = Tracing()
    handler = OpenTelemetryCallbackHandler(tracer_provider=other.tracer_provider)
    step: Any = RunnableLambda(lambda it: Model().invoke(it, {"callbacks": [handler]}))
    step.invoke("hi", {"metadata": {"user_id": "ada", "thread_id": "t"}})
    assert (values(tracing, "chat", USER), values(other, "chat", USER)) == ([None], ["ada"])
    assert values(other, "chat", CONVERSATION) == ["t"]


def test_metadata_stay_as_they_are(tracing: Tracing) -> None:
    """Other keys are LangChain's own metadata, as ever, and the user's dict is untouched."""
    metadata = {"user_id": "ada", "tenant": "acme"}
    Model().invoke("hi", {"metadata": metadata})
    assert metadata == {"user_id": "ada", "tenant": "acme"}
    assert values(tracing, "chat", semconv.METADATA + "tenant") == ["acme"]


def test_retrieval_has_no_conversation(tracing: Tracing) -> None:
    """The conventions do not give it one."""
    Retriever().invoke("x", {"metadata": {"thread_id": "t", "user_id": "ada"}})
    (span,) = tracing.spans
    assert CONVERSATION not in (span.attributes or {})
    assert attributes_of(span)[USER] == "ada"
    assert context.get_current() == {}


# Agents


class Caller(BaseChatModel):
    """Calls the tool `look_up` once, then answers."""

    @property
    def _llm_type(self) -> str:
        return "caller"

    def bind_tools(self, tools: Any, **_: Any) -> Any:
        return self

    def _generate(self, messages: list[BaseMessage], *_: Any, **__: Any) -> ChatResult:
        calls = [{"name": "look_up", "args": {"word": "x"}, "id": "call-1"}]
        done = any(message.type == "tool" for message in messages)
        message = AIMessage("done") if done else AIMessage("", tool_calls=calls)
        return ChatResult(generations=[ChatGeneration(message=message)])


def test_agent_is_named_on_all_that_it_does(tracing: Tracing) -> None:
    """Its model calls, its tools, and what its tools search: by the nearest agent."""

    @tool
    def look_up(word: str) -> str:
        """Look a word up."""
        return str(Retriever().invoke(word))

    create_agent(Caller(), [look_up], name="scout").invoke({"messages": [("user", "hi")]})
    Caller().invoke("alone")
    agent = semconv.GEN_AI_AGENT_NAME
    assert values(tracing, "chat", agent) == ["scout", "scout", None]
    assert values(tracing, "execute_tool look_up", agent) == ["scout"]
    assert values(tracing, "retrieval", agent) == ["scout"]
    for name in (semconv.METRIC_INFERENCE_DURATION, semconv.METRIC_CLIENT_DURATION):
        assert not [point for point in tracing.points(name) if agent in point.attributes]
