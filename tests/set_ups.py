"""Knows set-ups that the doctor must see through: broken ones with what it must say, sound ones."""

from dataclasses import dataclass, field
from typing import Final

RUN: Final = """
from langchain_core.runnables import RunnableLambda
print(RunnableLambda(lambda number: number + 1).invoke(1))
"""
PROVIDER: Final = """
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(InMemorySpanExporter()))
trace.set_tracer_provider(provider)
"""
INSTRUMENT: Final = """
from langchain_otel import LangChainInstrumentor
LangChainInstrumentor().instrument()
"""
DIAGNOSE: Final = """
import sys
from langchain_otel import diagnose
found = diagnose()
print(found)
sys.exit(not found.ok)
"""


@dataclass(frozen=True, slots=True)
class SetUp:
    """What is run, with which variables, and what the doctor must say.

    `program` is an application: it is run by itself where it calls `diagnose()`, else after `--`;
    `automatic` puts `opentelemetry-instrument` before it. Without a program it is the bare command.
    """

    says: str = ""
    variables: dict[str, str] = field(default_factory=dict)
    program: str = ""
    automatic: bool = False
    status: int = 1
    peer: bool = False


BROKEN: Final = {
    "the SDK is disabled": SetUp(
        "OTEL_SDK_DISABLED is true: nothing is traced.", {"OTEL_SDK_DISABLED": "true"}
    ),
    "no trace is sampled": SetUp(
        "The sampler AlwaysOffSampler samples no trace", {"OTEL_TRACES_SAMPLER": "always_off"}
    ),
    "none of all traces": SetUp(
        "The sampler TraceIdRatioBased{0.0} samples no trace",
        {"OTEL_TRACES_SAMPLER": "parentbased_traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0"},
    ),
    "some of all traces": SetUp(
        "leaves out 75% of all traces.",
        {"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0.25"},
        status=0,
    ),
    "a rate that is no number": SetUp(
        "OTEL_TRACES_SAMPLER_ARG is no number",
        {"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "ten percent"},
    ),
    "a sampler that is not installed": SetUp(
        "OTEL_TRACES_SAMPLER names no sampler that is installed",
        {"OTEL_TRACES_SAMPLER": "sometimes"},
    ),
    "disabled by its name": SetUp(
        "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS has langchain_otel",
        {"OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": "requests, langchain_otel"},
    ),
    "disabled with all others": SetUp(
        "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS has *",
        {"OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": "*"},
    ),
    "disabled by the name of others": SetUp(
        "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS has langchain, which is the name of other packages",
        {"OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": "langchain"},
        status=0,
    ),
    "a misspelt variable of ours": SetUp(
        "Nothing reads the variable OTEL_INSTRUMENTATION_LANGCHAIN_CAPTURE_MESSAGE: did you mean "
        "OTEL_INSTRUMENTATION_LANGCHAIN_CAPTURE_MESSAGES?",
        {"OTEL_INSTRUMENTATION_LANGCHAIN_CAPTURE_MESSAGE": "true"},
    ),
    "a misspelt variable of the conventions": SetUp(
        "did you mean OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT?",
        {"OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGES_CONTENT": "true"},
    ),
    "a misspelt variable of OpenTelemetry": SetUp(
        "did you mean OTEL_EXPORTER_OTLP_ENDPOINT?",
        {"OTEL_EXPORTER_OTLP_ENDPONT": "http://127.0.0.1:4317"},
    ),
    "a value that is not valid": SetUp(
        "The value of OTEL_INSTRUMENTATION_LANGCHAIN_HISTORY is not valid; full is used instead.",
        {"OTEL_INSTRUMENTATION_LANGCHAIN_HISTORY": "some"},
    ),
    "a capture mode that is not valid": SetUp(
        "The value of OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT is not valid; NO_CONTENT",
        {"OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": "SPANS"},
    ),
    "a switch without effect": SetUp(
        "OTEL_INSTRUMENTATION_LANGCHAIN_CAPTURE_STATE has no effect: no content is recorded.",
        {"OTEL_INSTRUMENTATION_LANGCHAIN_CAPTURE_STATE": "true"},
        status=0,
    ),
    "content in log records that go nowhere": SetUp(
        "log records are sent nowhere",
        {"OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": "EVENT_ONLY"},
    ),
    "a completion hook that is not installed": SetUp(
        "The completion hook cannot be used: no entry point has its name.",
        {"OTEL_INSTRUMENTATION_GENAI_COMPLETION_HOOK": "attic"},
    ),
    "traces are exported by none": SetUp(
        "The provider of traces has no exporter: they are sent nowhere.",
        {"OTEL_TRACES_EXPORTER": "none"},
    ),
    "an exporter that is no more": SetUp(
        "OTEL_TRACES_EXPORTER names jaeger, but no installed package has such an exporter.",
        {"OTEL_TRACES_EXPORTER": "jaeger"},
    ),
    "a protocol that nobody speaks": SetUp(
        "The protocol of OTLP for traces is neither grpc nor http/protobuf.",
        {"OTEL_TRACES_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/json"},
    ),
    "a distro that is not installed": SetUp(
        "OTEL_PYTHON_DISTRO names a distro that is not installed; there is: distro.",
        {"OTEL_PYTHON_DISTRO": "acme"},
    ),
    "a configurator that is not installed": SetUp(
        "OTEL_PYTHON_CONFIGURATOR names a configurator that is not installed",
        {"OTEL_PYTHON_CONFIGURATOR": "acme"},
    ),
    "a configuration file that is not there": SetUp(
        "OTEL_CONFIG_FILE names a file that cannot be read.", {"OTEL_CONFIG_FILE": "otel.yaml"}
    ),
    "headers in quotation marks": SetUp(
        "OTEL_EXPORTER_OTLP_HEADERS begins with a quotation mark",
        {"OTEL_EXPORTER_OTLP_HEADERS": '"x-api-key=sesame"'},
    ),
    "a header without a name": SetUp(
        "Part 2 of OTEL_EXPORTER_OTLP_HEADERS is not name=value",
        {"OTEL_EXPORTER_OTLP_HEADERS": "x-api-key=a,sesame"},
    ),
    "a header that is not encoded": SetUp(
        "The value of the header authorization in OTEL_EXPORTER_OTLP_HEADERS is not "
        "percent-encoded.",
        {"OTEL_EXPORTER_OTLP_HEADERS": "Authorization=Bearer sesame"},
        status=0,
    ),
    "attributes cut by the SDK": SetUp(
        "The SDK cuts attributes at 100 characters",
        {
            "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": "true",
            "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT": "100",
        },
    ),
    "few attributes": SetUp(
        "A span takes 16 attributes", {"OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT": "16"}
    ),
    "a service without a name": SetUp(
        "The service has no name", {"OTEL_SERVICE_NAME": ""}, status=0
    ),
    "two instrumentations": SetUp(
        "openinference.instrumentation.langchain is active: it makes spans of the same runs too.",
        peer=True,
    ),
    "LangSmith exports the same runs": SetUp(
        "LangSmith is active: it gets the same runs, and makes spans of them too.",
        {"LANGSMITH_TRACING": "true", "LANGSMITH_OTEL_ENABLED": "true"},
    ),
    "an application that nobody instruments": SetUp(
        "Nothing instrumented LangChain in this process", program=RUN
    ),
    "an application without a provider": SetUp(
        "No provider of traces is set: none are recorded.", program=INSTRUMENT + RUN
    ),
    "a provider without an exporter": SetUp(
        "The provider of traces has no exporter: they are sent nowhere.",
        program=PROVIDER.replace("provider.add", "provider and None and provider.add")
        + INSTRUMENT
        + RUN,
    ),
    "an application that runs nothing": SetUp(
        "The application traced nothing: it ran no LangChain run.",
        program="print('hello')",
        automatic=True,
        status=0,
    ),
    "variables that nothing reads": SetUp(
        "Nothing in this process read OTEL_TRACES_EXPORTER",
        program=PROVIDER + INSTRUMENT + RUN,
        status=0,
    ),
    "a provider that is set twice": SetUp(
        "A provider was set twice: the first one stays",
        program=PROVIDER + RUN,
        automatic=True,
    ),
    "two exporters to one endpoint": SetUp(
        "2 exporters send traces to http://127.0.0.1:9/v1/traces: each arrives 2 times.",
        program=PROVIDER
        + """
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
for _ in range(2):
    exporter = OTLPSpanExporter("http://127.0.0.1:9/v1/traces", timeout=0.1)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
"""
        + INSTRUMENT
        + DIAGNOSE,
    ),
    "a caller that is not sampled": SetUp(
        "The current span is not sampled",
        program=PROVIDER
        + INSTRUMENT
        + """
context = trace.SpanContext(1, 1, is_remote=True)
with trace.use_span(trace.NonRecordingSpan(context)):
    from langchain_otel import diagnose
    found = diagnose()
print(found)
raise SystemExit(not found.ok)
""",
    ),
    "runs below a caller that is not sampled": SetUp(
        "none was sampled",
        program=PROVIDER
        + INSTRUMENT
        + """
from langchain_core.runnables import RunnableLambda
with trace.use_span(trace.NonRecordingSpan(trace.SpanContext(1, 1, is_remote=True))):
    RunnableLambda(lambda number: number + 1).invoke(1)
""",
    ),
    "suppressed": SetUp(
        "suppress_instrumentation() is in force here",
        program=PROVIDER
        + INSTRUMENT
        + """
from opentelemetry.instrumentation.utils import suppress_instrumentation
with suppress_instrumentation():
    from langchain_otel import diagnose
    found = diagnose()
print(found)
raise SystemExit(not found.ok)
""",
    ),
    "a provider that was shut down": SetUp(
        "The provider of traces was shut down: what comes now is lost.",
        program=PROVIDER.replace("Simple", "Batch") + INSTRUMENT + "provider.shutdown()" + DIAGNOSE,
    ),
    "a function that LangChain lacks": SetUp(
        "In this version, VectorStore.similarity_search_with_relevance_scores is not there: what "
        "may be lost is spans of searches by relevance.",
        program=PROVIDER
        + "from langchain_core.vectorstores.base import VectorStore\n"
        + "del VectorStore.similarity_search_with_relevance_scores\n"
        + INSTRUMENT
        + DIAGNOSE,
        status=0,
    ),
    "a client without HTTP spans": SetUp(
        "is not instrumented: calls of openai have no HTTP spans.",
        program=PROVIDER + INSTRUMENT + "import openai" + DIAGNOSE,
        status=0,
    ),
    "a server that ends by its signal": SetUp(
        "Uvicorn ends by the signal that it got: the last batch of spans is lost.",
        program=PROVIDER + INSTRUMENT + "import uvicorn.server" + DIAGNOSE,
        status=0,
    ),
    "a failure of our own": SetUp(
        "langchain-otel failed in start:KeyError once",
        program=PROVIDER
        + INSTRUMENT
        + "from langchain_otel import health; health.failed('start', KeyError())"
        + DIAGNOSE,
    ),
    "no such command": SetUp("The application cannot be started (FileNotFoundError).", program="-"),
}

SOUND: Final = {
    "spans on the console": SetUp(),
    "trees in the terminal": SetUp(variables={"OTEL_TRACES_EXPORTER": "langchain_tree"}),
    "two exporters": SetUp(variables={"OTEL_TRACES_EXPORTER": "console,langchain_tree"}),
    "content on spans": SetUp(
        "The content mode is SPAN_ONLY (from OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT).",
        {"OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": "true"},
    ),
    "metrics and logs too": SetUp(
        "Metrics (set by opentelemetry-instrument) go by PeriodicExportingMetricReader",
        {"OTEL_METRICS_EXPORTER": "console", "OTEL_LOGS_EXPORTER": "console"},
    ),
    "a home that cannot be written": SetUp(variables={"HOME": "/proc/self"}),
    "resource attributes": SetUp(
        "The service is called shop.",
        {"OTEL_RESOURCE_ATTRIBUTES": "service.name=shop", "OTEL_SERVICE_NAME": ""},
    ),
    "an application under opentelemetry-instrument": SetUp(
        "The application made 1 span of LangChain.", program=RUN, automatic=True
    ),
    "an application that sets up itself": SetUp(
        "The application made 1 span of LangChain.",
        {"OTEL_TRACES_EXPORTER": ""},
        program=PROVIDER + INSTRUMENT + RUN,
    ),
    "instrumented in code, and disabled elsewhere": SetUp(
        "LangChain is instrumented: every run of the process is traced.",
        {"OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": "*"},
        program=PROVIDER + INSTRUMENT + RUN,
    ),
    "configure()": SetUp(
        "langchain_otel.configure() set OpenTelemetry up.",
        program="import langchain_otel\nlangchain_otel.configure()\n" + RUN,
    ),
    "configure() that variables direct": SetUp(
        "Traces (set by langchain_otel.configure()) go by BatchSpanProcessor to "
        "ConsoleSpanExporter",
        {"OTEL_TRACES_EXPORTER": "console"},
        program="import langchain_otel\nlangchain_otel.configure()\n" + RUN,
    ),
    "an argument": SetUp(
        "The content mode is SPAN_ONLY (from an argument of instrument()",
        program=PROVIDER
        + INSTRUMENT.replace("instrument()", "instrument(capture_message_content=True)")
        + DIAGNOSE,
    ),
    "a handler alone": SetUp(
        "callback handlers trace their own runs.",
        program=PROVIDER
        + "from langchain_otel import OpenTelemetryCallbackHandler\n"
        + RUN.replace("invoke(1)", "invoke(1, {'callbacks': [OpenTelemetryCallbackHandler()]})")
        + DIAGNOSE,
    ),
    "a provider that is shut down at the end": SetUp(
        program=PROVIDER.replace("Simple", "Batch") + INSTRUMENT + RUN + "provider.shutdown()"
    ),
}
