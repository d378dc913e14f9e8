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


@pytest.mark.parametrize(
    ("way", "allowed"),
    [("OpenTelemetryCallbackHandler", "[]"), ("LangChainInstrumentor", "['instrumentation']")],
)
def test_ways_in_import_nothing_heavy(way: str, allowed: str) -> None:
    """Neither langgraph nor langchain nor langsmith comes with us, nor OpenTelemetry's SDK.

    What OpenTelemetry has for instrumentors comes only with ours: the handler does without.
    """
    program = f"""
import sys
from langchain_otel import {way}
getattr({way}(), "instrument", lambda: None)()
print(sorted({{name.split(".")[0] for name in sys.modules}} & {{
    "langgraph", "langchain", "langchain_classic", "langsmith", "openai", "rich", "mcp",
    "langchain_mcp_adapters",
}}), [name for name in ("instrumentation", "sdk") if f"opentelemetry.{{name}}" in sys.modules])
"""
    assert output_of(program) == f"[] {allowed}"


# What the options cost, request_hook and others, baggage_keys and self_metrics need, what looks
# around in the process when a run starts first, what records content, measures and evaluates, what
# blocks and tenants need, and what wraps functions of packages that are not there.
NOT_ASKED_FOR = (
    *("langchain_otel.pricing", "langchain_otel.recording.costs"),
    *("langchain_otel.recording.cost_sums", "langchain_otel.recording.hooked_recorder"),
    *("langchain_otel.recording.hooks", "langchain_otel.recording.run_view"),
    *("langchain_otel.recording.self_metrics", "langchain_otel.recording.arguments"),
    *("langchain_otel.inspection.other_tracers", "langchain_otel.inspection.providers"),
    *("langchain_otel.inspection.command", "langchain_otel.content.written"),
    *("langchain_otel.notices.destinations", "langchain_otel.notices.tracers"),
    *("langchain_otel.dialects.openinference", "langchain_otel.dialects.phoenix"),
    *("langchain_otel.recording.evaluation", "langchain_otel.exporters"),
    *("langchain_otel.doctor", "langchain_otel.startup", "langchain_otel.testing"),
    *("langchain_otel.viewing", "opentelemetry.exporter", "opentelemetry.sdk.metrics"),
    *("opentelemetry.sdk._logs", "opentelemetry._logs", "opentelemetry.util.genai"),
    *("genai_prices", "langchain_otel.failure_kinds"),
    *("langchain_otel.recording.capture", "langchain_otel.content.message"),
    *("langchain_otel.content.filter", "langchain_otel.content.json_data"),
    *("langchain_otel.content.limits", "langchain_otel.content.media"),
    *("langchain_otel.content.encoded_bytes", "langchain_otel.content.encoding"),
    *("langchain_otel.content.allowance", "langchain_otel.content.tool_definitions"),
    *("langchain_otel.content.fitted_messages", "langchain_otel.content.history"),
    *("langchain_otel.content.completion_hook", "langchain_otel.content.documents"),
    *("langchain_otel.recording.meter_instruments", "langchain_otel.recording.instruments"),
    *("langchain_otel.recording.evaluations", "langchain_otel.recording.chosen_baggage"),
    *("langchain_otel.recording.recorder_choice", "langchain_otel.recording.tenants"),
    *("langchain_otel.sources.graph_points", "langchain_otel.sources.graph_steps"),
    *("langchain_otel.sources.search_points", "langchain_otel.operations.embeddings"),
    *("langchain_otel.sources.classic_points", "langchain_otel.sources.provider_points"),
    *("langchain_otel.sources.mcp_points", "langchain_otel.sources.remote_calls"),
)
OF_PROPAGATORS = ("opentelemetry.baggage", "opentelemetry.propagate")


@pytest.mark.parametrize(
    ("way", "unwanted"),
    [
        ("OpenTelemetryCallbackHandler(tracer_provider)", (*NOT_ASKED_FOR, *OF_PROPAGATORS)),
        ("LangChainInstrumentor().instrument(tracer_provider=tracer_provider)", NOT_ASKED_FOR),
    ],
    ids=["handler", "instrumentor"],
)
def test_what_options_need_is_imported_when_they_are_set(
    way: str, unwanted: tuple[str, ...]
) -> None:
    """A process that has LangChain and the SDK gets the modules that every program needs."""
    program = f"""
import sys
import langchain_core.callbacks, langchain_core.language_models, langchain_core.runnables
from opentelemetry.sdk.trace import TracerProvider
tracer_provider = TracerProvider(shutdown_on_exit=False)
before = set(sys.modules)
from langchain_otel import {way.partition("(")[0]}
{way}
print(sorted(name for name in sys.modules.keys() - before if f"{{name}}.".startswith(
    {tuple(f"{name}." for name in unwanted)}
)))
"""
    assert output_of(program) == "[]"


WITHOUT_CONTENT = """
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import tool
@tool
def add(a: int, b: int) -> int:
    "Add two numbers."
    return a + b
model = GenericFakeChatModel(messages=iter([AIMessage("hi")] * 2))
chain = ChatPromptTemplate.from_template("{x}") | model | RunnableLambda(lambda _: 1 / 0)
instrumentor.instrument(tracer_provider=provider)
before = set(sys.modules)
for _ in range(2):
    try:
        chain.invoke({"x": 1}, {"metadata": {"a": 1, "b": ["c"]}, "tags": ["d"]})
    except ZeroDivisionError:
        pass
add.invoke({"a": 1, "b": 2})
print(sorted({span.status.status_code.name for span in exporter.get_finished_spans()}))
print([name for name in sys.modules.keys() - before if name.startswith("langchain_otel.content")])
"""


def test_runs_import_nothing_for_content_that_nobody_wants() -> None:
    """Models, tools, failures, tags and metadata need none of it, also when they run first."""
    program = f"""
import sys
from langchain_otel import LangChainInstrumentor
instrumentor = LangChainInstrumentor()
{SETUP}{WITHOUT_CONTENT}"""
    assert output_of(program).splitlines() == ["['ERROR', 'UNSET']", "[]"]


# Of 1,340 to 1,470 on the versions of Python. A class of `typing.NamedTuple` makes 60 and more, a
# dataclass as well, an annotation that is evaluated 10 or so.
MOST_CALLS = 1_540
MOST_MODULES = 117


@pytest.mark.parametrize("way", ["OpenTelemetryCallbackHandler", "LangChainInstrumentor"])
def test_importing_is_cheap(way: str) -> None:
    """It makes so many calls in Python and no more, beside those that find and load modules."""
    program = f"""
import sys
import opentelemetry.instrumentation.instrumentor, packaging.requirements
from langchain_core.language_models import BaseChatModel
from langchain_core.retrievers import BaseRetriever
from langchain_core.tools import BaseTool
from opentelemetry import metrics, trace
known, calls = set(sys.modules), 0
def count(frame, event, _):
    global calls
    calls += event == "call" and not frame.f_code.co_filename.startswith("<frozen importlib")
sys.setprofile(count)
from langchain_otel import {way}
sys.setprofile(None)
print(calls, len(sys.modules.keys() - known))
"""
    calls, modules = map(int, output_of(program).split())
    assert 0 < calls <= MOST_CALLS
    assert 0 < modules <= MOST_MODULES


def test_the_instrumentor_is_imported_when_it_is_asked_for() -> None:
    """Importing the package is light, and it has its names all the same."""
    program = """
import sys
import langchain_otel
loaded = "opentelemetry.instrumentation" in sys.modules
named = set(langchain_otel.__all__) <= set(dir(langchain_otel))
print(loaded, named, hasattr(langchain_otel, "LangchainInstrumentor"))
from langchain_otel import *
print(LangChainInstrumentor is langchain_otel.LangChainInstrumentor)
"""
    assert output_of(program).split() == ["False", "True", "False", "True"]


def test_instrumentor_is_one_of_opentelemetry() -> None:
    """It is a `BaseInstrumentor`, the only one of its class, by whichever way it is reached."""
    program = """
from importlib.metadata import entry_points
from langchain_otel import LangChainInstrumentor
from opentelemetry.instrumentation.instrumentor import BaseInstrumentor
(entry_point,) = entry_points(group="opentelemetry_instrumentor", name="langchain_otel")
assert entry_point.load() is LangChainInstrumentor
assert BaseInstrumentor in LangChainInstrumentor.__mro__
assert not LangChainInstrumentor.__abstractmethods__
assert LangChainInstrumentor in BaseInstrumentor.__subclasses__()
print(LangChainInstrumentor() is LangChainInstrumentor())
"""
    assert output_of(program) == "True"


@pytest.mark.parametrize("order", [INSTRUMENT + IMPORT, IMPORT + INSTRUMENT], ids=["us", "them"])
def test_either_order_of_imports(order: str) -> None:
    """Whoever comes first, what the application imports is patched."""
    assert output_of(SETUP + order + RUN) == str(PARENTS)
