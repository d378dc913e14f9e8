"""Names that are made per request: what runs keeps its own name, and metrics stay bounded."""

import logging
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from langchain_core.embeddings import DeterministicFakeEmbedding
from langchain_core.language_models import FakeListLLM
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.prompts import PromptTemplate
from langchain_core.tools import StructuredTool
from langgraph.func import entrypoint
from langgraph.graph import START, MessagesState, StateGraph

from langchain_otel import health, semconv
from models import Model, Retriever, ScriptedModel, says
from recording import Tracing, instrumented
from shown import executed
from versions import classic, create_agent

INFERENCE = "gen_ai.client.inference"
WORKFLOW = "gen_ai.invoke_workflow.duration"
AGENT = "gen_ai.invoke_agent.duration"
TOOL = "gen_ai.execute_tool.duration"
CLIENT = "gen_ai.client.operation.duration"
QUESTION = {"messages": [HumanMessage("hello")]}
MOST = 100


def graph(name: str | None = None) -> Any:
    builder = StateGraph(MessagesState)
    builder.add_node("node", lambda state: state)
    builder.add_edge(START, "node")
    return builder.compile(name=name)


@entrypoint()
def flow(given: Any) -> Any:
    return "done"


def agent() -> Any:
    return create_agent(ScriptedModel(answers=[says("done") for _ in range(9)]), [], name="asker")


def executor(name: str | None = None) -> Any:
    prompt = PromptTemplate.from_template("{tools} {tool_names} {input} {agent_scratchpad}")
    model = FakeListLLM(responses=["Final Answer: done"])
    agents = classic("agents")
    return agents.AgentExecutor(
        agent=agents.create_react_agent(model, [], prompt), tools=[], name=name
    )


def looked_up() -> str:
    """Look up."""
    return "found"


TOOL_ITSELF = StructuredTool.from_function(looked_up)
# What runs, what it is given, the name of its span, and the metric with its name there.
OWN_NAMES: dict[str, tuple[Callable[[], Any], Any, str, str, str | None]] = {
    "graph": (lambda: graph("steps"), QUESTION, "invoke_workflow steps", WORKFLOW, "steps"),
    "graph that was configured": (
        lambda: graph("steps").with_config(run_name="other"),
        QUESTION,
        "invoke_workflow steps",
        WORKFLOW,
        "steps",
    ),
    "graph without a name": (graph, QUESTION, "invoke_workflow", WORKFLOW, None),
    "entrypoint": (lambda: flow, {}, "invoke_workflow flow", WORKFLOW, "flow"),
    "agent": (agent, QUESTION, "invoke_agent asker", AGENT, "asker"),
    "executor": (executor, {"input": "?"}, "invoke_agent AgentExecutor", AGENT, "AgentExecutor"),
    "executor with a name": (
        lambda: executor("researcher"),
        {"input": "?"},
        "invoke_agent researcher",
        AGENT,
        "researcher",
    ),
    "retriever": (Retriever, "question", "retrieval", CLIENT, None),
    "retriever with a name": (
        lambda: Retriever(name="docs"),
        "question",
        "retrieval docs",
        CLIENT,
        None,
    ),
    "tool": (lambda: TOOL_ITSELF, {}, "execute_tool looked_up", TOOL, "looked_up"),
    "model": (Model, "hello", "chat", f"{INFERENCE}.duration", None),
}
NAMES = (semconv.GEN_AI_WORKFLOW_NAME, semconv.GEN_AI_AGENT_NAME, semconv.GEN_AI_TOOL_NAME)


@pytest.mark.parametrize("what", OWN_NAMES)
def test_name_of_a_run_is_not_the_name(tracing: Tracing, what: str) -> None:
    """What runs keeps its own name on spans and metrics; the run's is an attribute beside it."""
    made, given, span_name, metric, expected = OWN_NAMES[what]
    runnable = made()
    for _ in range(3):
        run_name = f"chat-{uuid4()}"
        runnable.invoke(given, {"run_name": run_name})
        (span,) = [span for span in tracing.spans if (span.attributes or {}).get(semconv.RUN_NAME)]
        assert (span.name, (span.attributes or {})[semconv.RUN_NAME]) == (span_name, run_name)
        tracing.exporter.clear()
    (point,) = tracing.points(metric)
    assert point.count == 3
    assert next((point.attributes[name] for name in NAMES if name in point.attributes), None) == (
        expected
    )


@pytest.mark.parametrize("what", OWN_NAMES)
def test_run_without_a_name_has_no_attribute_for_it(tracing: Tracing, what: str) -> None:
    """The name that LangChain makes itself is no news."""
    made, given, span_name, *_ = OWN_NAMES[what]
    if what == "graph that was configured":
        return
    made().invoke(given)
    assert span_name in tracing.names()
    assert not [span for span in tracing.spans if semconv.RUN_NAME in (span.attributes or {})]


def test_graph_named_by_its_configuration(tracing: Tracing, mode: str) -> None:
    """A name that is bound to a graph without one is one that somebody gave to it."""
    executed(graph().with_config(run_name="support"), QUESTION, mode)
    (point,) = tracing.points(WORKFLOW)
    assert point.attributes == {semconv.GEN_AI_WORKFLOW_NAME: "support"}
    span = tracing.span("invoke_workflow support")
    assert semconv.RUN_NAME not in (span.attributes or {})


def test_graph_in_a_graph_keeps_its_name(tracing: Tracing) -> None:
    """Likewise inside another one, whatever the node is called."""
    builder = StateGraph(MessagesState)
    builder.add_node("node", graph("inner"))
    builder.add_edge(START, "node")
    executed(builder.compile(name="outer"), QUESTION, "invoke", {"run_name": "request"})
    assert {"invoke_workflow outer", "invoke_workflow inner"} <= set(tracing.names())


def test_plain_chain_has_the_name_of_its_run(tracing: Tracing) -> None:
    """A chain has no other name than that of its run."""
    (Model() | (lambda answer: answer.content)).invoke("hello", {"run_name": "request"})
    assert "request" in [span.name.removeprefix("invoke_workflow ") for span in tracing.spans]


class Configured(Model):
    """A model that says of itself and of its answers what it was given."""

    base_url: str | None = None
    requested: str = "model"
    answered: str | None = None
    served_by: str = "provider"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        return {"model": self.requested}

    def _get_ls_params(self, *_: Any, **__: Any) -> Any:
        return {"ls_provider": self.served_by, "ls_model_type": "chat"}

    def _generate(self, messages: Any, *_: Any, **__: Any) -> Any:
        result = super()._generate(messages)
        if self.answered is not None:
            metadata = {"model_name": self.answered, "system_fingerprint": self.answered}
            result.generations[0].message.response_metadata = metadata
        return result


def of_graph(number: int) -> None:
    graph(f"steps-{number}").invoke(QUESTION)


def of_agent(number: int) -> None:
    model = ScriptedModel(answers=[AIMessage("done")])
    create_agent(model, [], name=f"agent-{number}").invoke(QUESTION)


def of_tool(number: int) -> None:
    StructuredTool.from_function(looked_up, name=f"tool-{number}").invoke({})


def of_error(number: int) -> None:
    kind = type(f"Error{number}", (ValueError,), {})
    with pytest.raises(ValueError, match="broken"):
        Model(fails=kind("broken")).invoke("hello")


def of_provider(number: int) -> None:
    kind = type(f"P{number}Embeddings", (DeterministicFakeEmbedding,), {})
    kind(size=3).embed_query("hello")


UNBOUNDED: dict[str, tuple[Callable[[int], Any], str, str]] = {
    "workflow": (of_graph, WORKFLOW, semconv.GEN_AI_WORKFLOW_NAME),
    "agent": (of_agent, AGENT, semconv.GEN_AI_AGENT_NAME),
    "tool": (of_tool, TOOL, semconv.GEN_AI_TOOL_NAME),
    "request model": (
        lambda number: Configured(requested=f"model-{number}").invoke("hello"),
        f"{INFERENCE}.duration",
        semconv.GEN_AI_REQUEST_MODEL,
    ),
    "response model": (
        lambda number: Configured(answered=f"model-{number}").invoke("hello"),
        f"{INFERENCE}.duration",
        semconv.GEN_AI_RESPONSE_MODEL,
    ),
    "provider": (
        lambda number: Configured(served_by=f"provider-{number}").invoke("hello"),
        f"{INFERENCE}.usage.input_tokens",
        semconv.GEN_AI_PROVIDER_NAME,
    ),
    "provider of embeddings": (of_provider, CLIENT, semconv.GEN_AI_PROVIDER_NAME),
    "server": (
        lambda number: Configured(base_url=f"http://host-{number}:8000").invoke("hello"),
        f"{INFERENCE}.duration",
        semconv.SERVER_ADDRESS,
    ),
    "port": (
        lambda number: Configured(base_url=f"http://localhost:{8_000 + number}").invoke("hello"),
        f"{INFERENCE}.duration",
        semconv.SERVER_PORT,
    ),
    "error": (of_error, f"{INFERENCE}.duration", semconv.ERROR_TYPE),
}


@pytest.fixture
def limits() -> Any:
    """The limits that were met are what the test is about."""
    yield health.failures
    health.failures.clear()


@pytest.mark.parametrize("what", UNBOUNDED)
def test_metrics_take_so_many_values(
    tracing: Tracing, what: str, limits: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """The first 100 have series of their own, the others none; nothing goes uncounted."""
    run, metric, attribute = UNBOUNDED[what]
    with caplog.at_level(logging.WARNING, "langchain_otel"):
        for number in range(MOST + 30):
            run(number)
    points = tracing.points(metric)
    values = {point.attributes.get(attribute) for point in points}
    assert len(points) == MOST + 1
    assert ("_OTHER" if attribute == semconv.ERROR_TYPE else None) in values
    counted = sum(getattr(point, "count", None) or point.value // 3 for point in points)
    assert counted == MOST + 30
    said = [record for record in caplog.records if attribute in record.getMessage()]
    assert len(said) == 1
    assert any(attribute in limit for limit in limits)


def test_spans_have_them_all(tracing: Tracing, limits: Any) -> None:
    """Only metrics are bounded."""
    for number in range(MOST + 5):
        of_graph(number)
    assert f"invoke_workflow steps-{MOST + 4}" in tracing.names()


def test_limit_holds_across_recorders(limits: Any) -> None:
    """Instrumenting again does not start anew."""
    tracing = Tracing()
    for start in range(0, 4 * 60, 60):
        with instrumented(tracing):
            for number in range(start, start + 60):
                of_graph(number)
    assert len(tracing.points(WORKFLOW)) == MOST + 1


def test_known_values_go_on(tracing: Tracing, limits: Any) -> None:
    """A name that was there before the limit was met keeps its series."""
    for number in range(MOST + 5):
        of_graph(number)
    of_graph(0)
    (first,) = [
        point
        for point in tracing.points(WORKFLOW)
        if point.attributes.get(semconv.GEN_AI_WORKFLOW_NAME) == "steps-0"
    ]
    assert first.count == 2


def test_series_are_bounded_together(tracing: Tracing, limits: Any) -> None:
    """Attributes that are each few, and many together: sums and histograms agree."""
    models, answers, times = 60, 60, 60 * 60
    for number in range(times):
        requested, answered = f"asked-{number % models}", f"answered-{number // answers}"
        Configured(requested=requested, answered=answered).invoke("hello")
    totals = tracing.points(f"{INFERENCE}.usage.input_tokens")
    each = tracing.points(f"{INFERENCE}.operation.input_tokens")
    assert len(totals) == len(each) <= 2_001
    assert sum(point.value for point in totals) == sum(point.sum for point in each) == 3 * times
