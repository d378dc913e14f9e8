"""Configurations and models are pickled with our handlers in them, as process pools do it."""

import copy
import multiprocessing
import pickle
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import pytest
from langchain_core.callbacks import CallbackManager
from langchain_core.runnables import RunnableConfig, RunnableLambda

from langchain_otel import LangChainInstrumentor, OpenTelemetryCallbackHandler
from models import Model
from recording import Tracing, instrumented

LOADING = """
import pickle, sys
sys.path[:0] = sys.argv[1:]
BEFORE
loaded = pickle.loads(sys.stdin.buffer.read())
AFTER
"""

INSTRUMENTING = """
from langchain_otel import LangChainInstrumentor
from recording import Tracing
tracing = Tracing()
LangChainInstrumentor().instrument(tracer_provider=tracing.tracer_provider)
"""

SHOWING = """
from langchain_core.runnables import RunnableLambda
RunnableLambda(lambda text: text, name="there").invoke("x", {"callbacks": loaded})
"""


def elsewhere(pickled: bytes, before: str, after: str) -> str:
    """What a process prints that loads a pickled object."""
    program = LOADING.replace("BEFORE", before).replace("AFTER", after)
    finished = subprocess.run(
        [sys.executable, "-c", program, *sys.path], input=pickled, capture_output=True, check=False
    )
    assert finished.returncode == 0, finished.stderr.decode()
    return finished.stdout.decode().strip()


def pickled_configuration(text: str, config: RunnableConfig) -> bytes:
    """The body of a run that hands its configuration to another process."""
    return pickle.dumps(config)


def test_configuration_inside_a_run(tracing: Tracing) -> None:
    """What a body is given can be pickled and copied, as it can be without us."""
    pickled = RunnableLambda(pickled_configuration).invoke("x")
    loaded = pickle.loads(pickled)
    assert loaded["callbacks"].handlers
    copying: Any = RunnableLambda(lambda _, config: copy.deepcopy(config))
    assert copying.invoke("x")


def test_configuration_of_a_tool_and_a_graph_node(tracing: Tracing) -> None:
    """A node of a graph and what it calls have configurations that can be pickled."""
    from langgraph.graph import END, START, StateGraph

    found: list[bytes] = []

    def node(state: dict[str, Any], config: RunnableConfig) -> dict[str, Any]:
        found.append(pickle.dumps(config["callbacks"]))
        return state

    graph: Any = StateGraph(dict)
    graph.add_node("node", node)
    graph.add_edge(START, "node")
    graph.add_edge("node", END)
    graph.compile().invoke({"x": 1})
    assert pickle.loads(found[0]).handlers


def test_own_process_has_the_very_handler(tracing: Tracing) -> None:
    """A handler that is pickled and loaded in one process is itself: its runs go on."""
    other = Tracing()
    handler = OpenTelemetryCallbackHandler(tracer_provider=other.tracer_provider)
    model = pickle.loads(pickle.dumps(Model(callbacks=[handler])))
    assert model.callbacks[0] is handler
    model.invoke("hello")
    assert other.tree() == "chat"


@pytest.mark.rows(2)
@pytest.mark.parametrize("has_provider", [True, False])
@pytest.mark.parametrize("kind", ["list", "manager"])
def test_instrumented_process_traces_for_itself(has_provider: bool, kind: str) -> None:
    """In another process the handler is that process's tracing: one span, to its provider."""
    provider = Tracing().tracer_provider if has_provider else None
    handler = OpenTelemetryCallbackHandler(tracer_provider=provider)
    callbacks: Any = [handler] if kind == "list" else CallbackManager([handler])
    shown = elsewhere(pickle.dumps(callbacks), INSTRUMENTING, f"{SHOWING}\nprint(tracing.tree())")
    assert shown == "invoke_workflow there"


def test_process_without_tracing_has_none(tracing: Tracing) -> None:
    """In a process that is not instrumented it does nothing, and says nothing."""
    handler = OpenTelemetryCallbackHandler(tracer_provider=tracing.tracer_provider)
    inside = pickle.loads(RunnableLambda(pickled_configuration).invoke("x"))["callbacks"]
    for pickled in (pickle.dumps([handler]), pickle.dumps(inside)):
        after = f"{SHOWING}\nfrom langchain_otel.runs.store import RUNS\nprint(len(RUNS))"
        assert elsewhere(pickled, "", after) == "0"


def test_process_that_is_instrumented_later(tracing: Tracing) -> None:
    """A handler that came before the instrumentor is its handler, too."""
    inside = pickle.loads(RunnableLambda(pickled_configuration).invoke("x"))["callbacks"]
    after = f"{INSTRUMENTING}{SHOWING}\nprint(tracing.tree())"
    assert elsewhere(pickle.dumps(inside), "", after) == "there"


def call(model: Any) -> Any:
    """Runs in a worker of a pool."""
    return model.invoke("hello").content


def test_pool_of_spawned_processes(tracing: Tracing) -> None:
    """A model with a handler in it goes to the workers of a pool, and answers there."""
    handler = OpenTelemetryCallbackHandler(tracer_provider=tracing.tracer_provider)
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        assert pool.submit(call, Model(callbacks=[handler])).result() == "one two three"


def test_what_is_reachable_from_a_pickled_model() -> None:
    """Providers, locks and runs stay here: the pickle names only how to make a handler."""
    tracing = Tracing()
    with instrumented(tracing):
        handler = OpenTelemetryCallbackHandler(tracer_provider=tracing.tracer_provider)
        pickled = pickle.dumps([handler, Model(callbacks=[handler])])
    assert b"Provider" not in pickled
    assert b"Recorder" not in pickled
    assert not LangChainInstrumentor().is_instrumented_by_opentelemetry
