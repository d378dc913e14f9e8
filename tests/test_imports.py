"""Nothing is imported that the application has not imported; what it imports is traced."""

import subprocess
import sys

import pytest

SETUP = """
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
exporter = InMemorySpanExporter()
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(exporter))
"""
INSTRUMENT = """
from langchain_otel import LangChainInstrumentor
LangChainInstrumentor().instrument(tracer_provider=provider)
"""
IMPORT = """
from langgraph.graph import START, StateGraph
try:
    from langchain_classic.chains.base import Chain
except ImportError:
    from langchain.chains.base import Chain
from langchain_core.retrievers import BaseRetriever
"""
RUN = """
from typing import Any, TypedDict
class Find(BaseRetriever):
    def _get_relevant_documents(self, query: str, *, run_manager: Any) -> list[Any]:
        provider.get_tracer("x").start_span("in retriever").end()
        return []
class Legacy(Chain):
    @property
    def input_keys(self) -> list[str]:
        return ["text"]
    output_keys = input_keys
    def _call(self, inputs: Any, run_manager: Any = None) -> Any:
        provider.get_tracer("x").start_span("in legacy").end()
        return {"text": "x"}
def node(state: Any) -> Any:
    Find().invoke("x")
    Legacy().invoke({"text": "x"})
    return state
class State(TypedDict):
    text: str
builder = StateGraph(State)
builder.add_node("node", node)
builder.add_edge(START, "node")
builder.compile(name="graph").invoke({"text": "x"})
spans = exporter.get_finished_spans()
names = {span.context.span_id: span.name for span in spans}
print({span.name: span.parent and names[span.parent.span_id] for span in spans})
"""
PARENTS = {
    "in retriever": "retrieval",
    "retrieval": "node",
    "in legacy": "Legacy",
    "Legacy": "node",
    "node": "invoke_workflow graph",
    "invoke_workflow graph": None,
}


def output_of(program: str) -> str:
    command = [sys.executable, "-W", "ignore", "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_instrument_imports_nothing_heavy() -> None:
    """Neither langgraph nor langchain nor langsmith comes with us, nor any of OpenTelemetry's own.

    That is but the API: `opentelemetry.instrumentation` would double what an import of us takes.
    """
    program = """
import sys
from langchain_otel import LangChainInstrumentor, OpenTelemetryCallbackHandler
LangChainInstrumentor().instrument()
OpenTelemetryCallbackHandler()
print(sorted({name.split(".")[0] for name in sys.modules} & {
    "langgraph", "langchain", "langchain_classic", "langsmith", "openai", "rich", "mcp",
    "langchain_mcp_adapters",
}), sorted({"opentelemetry.sdk", "opentelemetry.instrumentation", "packaging"} & set(sys.modules)))
"""
    assert output_of(program) == "[] []"


@pytest.mark.parametrize("order", ["us first", "them first"])
def test_instrumentor_is_one_of_opentelemetry(order: str) -> None:
    """Whoever asks whether it is a `BaseInstrumentor` hears that it is, and nothing of it lacks."""
    imports = [
        "from langchain_otel import LangChainInstrumentor",
        "from opentelemetry.instrumentation.instrumentor import BaseInstrumentor",
    ]
    program = """
assert issubclass(LangChainInstrumentor, BaseInstrumentor)
assert isinstance(LangChainInstrumentor(), BaseInstrumentor)
print({name for name in vars(BaseInstrumentor) if name[0] != "_"} - set(dir(LangChainInstrumentor)))
"""
    lines = imports if order == "us first" else imports[::-1]
    assert output_of("\n".join(lines) + program) == "set()"


def test_base_of_instrumentors_that_is_half_loaded() -> None:
    """While another thread imports it, its module is there without the class: no failure."""
    program = """
import sys
from types import ModuleType
name = "opentelemetry.instrumentation.instrumentor"
sys.modules[name] = ModuleType(name)
from langchain_otel import LangChainInstrumentor
LangChainInstrumentor().instrument()
print(LangChainInstrumentor().is_instrumented_by_opentelemetry)
"""
    assert output_of(program) == "True"


@pytest.mark.parametrize("order", [INSTRUMENT + IMPORT, IMPORT + INSTRUMENT], ids=["us", "them"])
def test_either_order_of_imports(order: str) -> None:
    """Whoever comes first, what the application imports is patched."""
    assert output_of(SETUP + order + RUN) == str(PARENTS)
