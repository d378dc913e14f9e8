"""A word for every mistake: one warning, once, with what to do; none where nothing is wrong.

What the first run says is tested in real processes, as an application has it.
"""

import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, NamedTuple

import pytest
from langchain_core.runnables import RunnableLambda
from opentelemetry.instrumentation.instrumentor import BaseInstrumentor

from forked import Begun, Done
from langchain_otel import LangChainInstrumentor, OpenTelemetryCallbackHandler
from langchain_otel.inspection import other_tracers, variables
from langchain_otel.runs import garbage_collector
from recording import Tracing, instrumented
from unneeded import ALONE, LIGHTER

INSTRUMENT: Final = str(Path(sys.executable).with_name("opentelemetry-instrument"))
SETUP: Final = """\
import logging, sys
from langchain_core.runnables import RunnableLambda
from langchain_otel import LangChainInstrumentor, OpenTelemetryCallbackHandler
from opentelemetry import _logs, metrics, trace
from opentelemetry.instrumentation.utils import suppress_instrumentation
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF

def real(**options):
    provider = TracerProvider(**options)
    provider.add_span_processor(SimpleSpanProcessor(InMemorySpanExporter()))
    return provider

def logs():
    provider = LoggerProvider()
    provider.add_log_record_processor(SimpleLogRecordProcessor(InMemoryLogRecordExporter()))
    return provider

class Other(trace.TracerProvider):
    # It records, and is not the SDK's.
    def __init__(self):
        self.real = real()
    def get_tracer(self, *args, **kwargs):
        return self.real.get_tracer(*args, **kwargs)

class ProxyTracerProvider(Other):
    # Another package's class of that name.
    pass

class Silent(trace.NoOpTracerProvider):
    pass

def instrument(**options):
    LangChainInstrumentor().instrument(**options)
    return {}

def handler(*args, **options):
    return {"callbacks": [OpenTelemetryCallbackHandler(*args, **options)]}

def log():
    # What an application does, some time after everything else is set up.
    logging.basicConfig(stream=sys.stdout, format="%(levelname)s %(message)s")
    logging.getLogger("langchain_otel").setLevel(logging.INFO)

def run(config):
    log()
    for _ in range(3):
        RunnableLambda(lambda x: x).invoke("x", config)
"""


class Said(NamedTuple):
    """The lines of the log, by their level."""

    warnings: list[str]
    infos: list[str]


def environment(path: str = "") -> dict[str, str]:
    """Nothing of whoever runs the tests decides anything."""
    prefixes = ("OTEL_", "LANGSMITH_", "LANGCHAIN_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(prefixes)}
    paths = filter(None, [path, os.environ.get("PYTHONPATH", "")])
    return kept | {"PYTHONPATH": os.pathsep.join(paths)}


BEGUN: Final[dict[str, Begun]] = {}


@pytest.fixture(scope="module", autouse=True)
def begun() -> Iterator[None]:
    """Most programs begin alike, and read variables later: they begin together."""
    with Begun(SETUP, environment()) as BEGUN[SETUP]:
        yield
    BEGUN.clear()


def said(program: str, *command: str, setup: str = SETUP, **variables: str) -> Said:
    """What the log of a program says, without its other output."""
    if setup in BEGUN and not command and "path" not in variables:
        program = f"import os\nos.environ |= {variables!r}\n{program}"
        with TemporaryDirectory() as folder:
            return lines_of(BEGUN[setup].run(program, Path(folder)))
    done = subprocess.run(
        [*command, sys.executable, "-W", "ignore", "-c", setup + program],
        env=environment(variables.pop("path", "")) | variables,
        capture_output=True,
        text=True,
        check=False,
    )
    return lines_of(Done(done.returncode, done.stdout, done.stderr))


def lines_of(done: Done) -> Said:
    assert done.returncode == 0, done.stderr
    # Before the application sets up its log, Python writes the bare message to its errors.
    early = [line for line in done.stderr.splitlines() if not line.startswith("Configuration of")]
    lines = done.stdout.splitlines()
    kinds = ("WARNING ", "INFO ")
    assert all(line.startswith(kinds) for line in lines), done.stdout
    warnings, infos = (
        [line.removeprefix(kind) for line in lines if line.startswith(kind)] for kind in kinds
    )
    return Said([*early, *warnings], infos)


NO_PROVIDER: Final = "Nothing of LangChain is recorded: no OpenTelemetry provider is set"
METRICS: Final = "metrics.set_meter_provider(MeterProvider([InMemoryMetricReader()]))"
NO_PROCESSOR: Final = "the tracer provider has no span processor"
NOTHING: Final[dict[str, tuple[str, str]]] = {
    "no provider": ("run(instrument())", NO_PROVIDER),
    "no provider, by a handler": ("run(handler())", NO_PROVIDER),
    "no provider, by many handlers": ("for _ in range(3): run(handler())", NO_PROVIDER),
    "no provider, by both": ("instrument(); run(handler())", NO_PROVIDER),
    "no provider, with options": ("run(handler(detail='nodes'))", NO_PROVIDER),
    "no provider, again": (
        "run(instrument()); LangChainInstrumentor().uninstrument(); run(instrument())",
        NO_PROVIDER,
    ),
    "no-op argument": (
        "run(instrument(tracer_provider=trace.NoOpTracerProvider()))",
        "the argument tracer_provider is a NoOpTracerProvider, which records nothing",
    ),
    "no-op argument though there is a global one": (
        "trace.set_tracer_provider(real()); run(handler(trace.NoOpTracerProvider()))",
        "the argument tracer_provider is a NoOpTracerProvider",
    ),
    "argument of a subclass of it": ("run(handler(Silent()))", "tracer_provider is a Silent"),
    "the API's own provider as an argument": (
        "run(instrument(tracer_provider=trace.get_tracer_provider()))",
        NO_PROVIDER,
    ),
    "global no-op": (
        "trace.set_tracer_provider(trace.NoOpTracerProvider()); run(instrument())",
        "the global tracer provider is a NoOpTracerProvider, which records nothing",
    ),
    "global provider without a processor": (
        "trace.set_tracer_provider(TracerProvider()); run(instrument())",
        f"Nothing of LangChain is recorded: {NO_PROCESSOR}",
    ),
    "argument without a processor": (
        "run(handler(TracerProvider()))",
        f"Nothing of LangChain is recorded: {NO_PROCESSOR}",
    ),
    "metrics alone go somewhere": (
        f"{METRICS}; run(instrument(tracer_provider=TracerProvider()))",
        f"No span is recorded: {NO_PROCESSOR}",
    ),
    "a meter provider without a reader": (
        "metrics.set_meter_provider(MeterProvider()); run(instrument())",
        NO_PROVIDER,
    ),
    "a provider that comes after the first run": (
        "config = instrument(); run(config); trace.set_tracer_provider(real()); run(config)",
        NO_PROVIDER,
    ),
    "suppressed runs come first": (
        "c = instrument()\nwith suppress_instrumentation(): run(c)\nrun(c)",
        NO_PROVIDER,
    ),
}


@pytest.mark.rows(3)
@pytest.mark.parametrize("case", NOTHING)
def test_nothing_is_recorded(case: str) -> None:
    """One warning, in the application's own log, that says why, and what to do."""
    program, part = NOTHING[case]
    (warning,) = said(program).warnings
    assert part in warning
    assert warning.endswith("`langchain-otel doctor` says more.")
    if part == NO_PROVIDER:
        assert "langchain_otel.configure()" in warning
        assert "opentelemetry-instrument" in warning


RIGHT: Final[dict[str, str]] = {
    "global provider": "trace.set_tracer_provider(real()); run(instrument())",
    "provider set after instrument()": (
        "c = instrument(); trace.set_tracer_provider(real()); run(c)"
    ),
    "provider set after it was asked for": (
        "c = instrument(tracer_provider=trace.get_tracer_provider())\n"
        "trace.set_tracer_provider(real()); run(c)"
    ),
    "provider set after the handler": "c = handler(); trace.set_tracer_provider(real()); run(c)",
    "argument": "run(instrument(tracer_provider=real()))",
    "argument of the handler": "run(handler(real()))",
    "argument beside the instrumentor": "instrument(tracer_provider=real()); run(handler(real()))",
    "handler beside the instrumentor": "instrument(tracer_provider=real()); run(handler())",
    "no sample": "run(instrument(tracer_provider=real(sampler=ALWAYS_OFF)))",
    "another kind": "run(instrument(tracer_provider=Other()))",
    "another kind, set": "trace.set_tracer_provider(Other()); run(instrument())",
    "another kind, of the API's name": "run(instrument(tracer_provider=ProxyTracerProvider()))",
    "a processor of its own": (
        "run(instrument(tracer_provider=TracerProvider(active_span_processor=SpanProcessor())))"
    ),
    "metrics alone": "run(instrument(meter_provider=MeterProvider([InMemoryMetricReader()])))",
    "metrics and no spans": (
        f"{METRICS}; run(instrument(tracer_provider=trace.NoOpTracerProvider()))"
    ),
    "logs alone": "_logs.set_logger_provider(logs()); run(instrument())",
    "suppressed": "c = instrument()\nwith suppress_instrumentation(): run(c)",
    "no run": "instrument(); log()",
    "switched off before the first run": (
        "instrument(); LangChainInstrumentor().uninstrument(); run({})"
    ),
    "content on log records that go somewhere": (
        "_logs.set_logger_provider(logs()); trace.set_tracer_provider(real())\n"
        "run(instrument(capture_message_content='EVENT_ONLY'))"
    ),
}


@pytest.mark.rows(3)
@pytest.mark.parametrize("case", RIGHT)
def test_nothing_is_wrong(case: str) -> None:
    """No warning where something is recorded, or nothing is to be."""
    assert said(RIGHT[case]).warnings == []


@pytest.mark.parametrize(
    "way", ["instrument()", "handler()", "handler(trace.NoOpTracerProvider())"]
)
@pytest.mark.parametrize(
    "variables",
    [{"OTEL_SDK_DISABLED": "true"}, {"OTEL_TRACES_EXPORTER": "none"}],
    ids=lambda variables: next(iter(variables)),
)
def test_switched_off_on_purpose(way: str, variables: dict[str, str]) -> None:
    """Whoever has said that nothing is to be recorded is not told so."""
    assert said(f"run({way})", **variables).warnings == []


# Under opentelemetry-instrument

TRACES: Final = {**ALONE, "OTEL_METRICS_EXPORTER": "none", "OTEL_LOGS_EXPORTER": "none"}
COMMANDED: Final = "log()\nfor _ in range(2): RunnableLambda(str).invoke('x')\n"


def hide_configurator(directory: Path) -> str:
    """A folder that hides the entry points of opentelemetry-distro, as if it were not installed."""
    found = directory / "opentelemetry_distro-0.dist-info"
    found.mkdir()
    (found / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: opentelemetry-distro\nVersion: 0\n"
    )
    return str(directory)


def test_the_command_without_a_configurator(tmp_path: Path) -> None:
    """Without a distribution of OpenTelemetry the command sets nothing up: it is named."""
    path = hide_configurator(tmp_path)
    (warning,) = said(COMMANDED, INSTRUMENT, path=path, **TRACES).warnings
    assert "opentelemetry-instrument found no configurator" in warning
    assert "pip install opentelemetry-distro" in warning


def test_the_command_with_a_configurator_that_is_not_there() -> None:
    """The variable is named, with those that there are."""
    variables = {"OTEL_PYTHON_CONFIGURATOR": "nobody", **TRACES}
    (warning,) = said(COMMANDED, INSTRUMENT, **variables).warnings
    assert "OTEL_PYTHON_CONFIGURATOR=nobody names no configurator" in warning
    assert "set it to configurator" in warning


def test_the_command_without_an_exporter() -> None:
    """Another distribution has no default exporter: the provider sends nothing."""
    variables = {"OTEL_PYTHON_DISTRO": "nobody", **TRACES}
    (warning,) = said(COMMANDED, INSTRUMENT, **variables).warnings
    assert f"Nothing of LangChain is recorded: {NO_PROCESSOR}" in warning
    assert "OTEL_TRACES_EXPORTER" in warning


@pytest.mark.parametrize(
    "variables",
    [
        {"OTEL_TRACES_EXPORTER": "none"},
        {"OTEL_SDK_DISABLED": "true", "OTEL_TRACES_EXPORTER": "otlp"},
        {"OTEL_TRACES_EXPORTER": "langchain_tree", "OTEL_TRACES_SAMPLER": "always_off"},
        {"OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": "langchain_otel", "OTEL_TRACES_EXPORTER": "none"},
    ],
    ids=["none", "disabled", "no sample", "instrumentation disabled"],
)
def test_the_command_says_nothing_where_nothing_is_wrong(variables: dict[str, str]) -> None:
    """No exporter on purpose, the SDK or the instrumentation off, no trace sampled."""
    assert said(COMMANDED, INSTRUMENT, **TRACES | variables).warnings == []


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("disabled: true\n", None),
        ("attribute_limits:\n  attribute_count_limit: 7\n", "sets no provider"),
    ],
    ids=["disabled", "no provider"],
)
def test_a_configuration_file(text: str, part: str | None, tmp_path: Path) -> None:
    """A file that sets nothing up is named; one that says `disabled` is right."""
    pytest.importorskip("opentelemetry.configuration", reason="came with opentelemetry 1.45")
    file = tmp_path / "otel.yaml"
    file.write_text(f'file_format: "1.0"\n{text}')
    variables = {**ALONE, "OTEL_CONFIG_FILE": str(file), "path": LIGHTER["PYTHONPATH"]}
    lines = said(COMMANDED, INSTRUMENT, **variables).warnings
    found = [line for line in lines if "LangChain" in line]
    assert len(found) == (part is not None)
    assert all(part is not None and part in line for line in found)


# Where signals go


@pytest.mark.parametrize("way", ["instrument", "handler"])
def test_one_line_says_where_signals_go(way: str) -> None:
    """It comes with the first run, when the providers are set, and once."""
    program = (
        f"config = {way}(); trace.set_tracer_provider(real())\n"
        "_logs.set_logger_provider(logs()); run(config)"
    )
    (line,) = said(program, OTEL_INSTRUMENTATION_LANGCHAIN_DETAIL="nodes").infos
    assert line == (
        "langchain-otel records LangChain (content: NO_CONTENT, detail: nodes). Spans go to "
        "InMemorySpanExporter; metrics go nowhere: no provider is set; log records go to "
        "InMemoryLogRecordExporter."
    )


def test_the_line_has_no_secret() -> None:
    """The endpoint has neither a password nor a query, and the mode of content is said."""
    program = (
        "from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter\n"
        "provider = TracerProvider(shutdown_on_exit=False, sampler=ALWAYS_OFF)\n"
        "exporter = OTLPSpanExporter('http://me:word@127.0.0.1:4318/v1/traces?key=word')\n"
        "provider.add_span_processor(SimpleSpanProcessor(exporter))\n"
        "run(instrument(tracer_provider=provider, capture_message_content=True))"
    )
    (line,) = said(program).infos
    assert "content: SPAN_ONLY" in line
    assert "OTLPSpanExporter (http/protobuf) to http://127.0.0.1:4318/v1/traces;" in line
    assert "word" not in line


# Log records that are wanted and go nowhere


@pytest.mark.parametrize(
    ("options", "variables", "part"),
    [
        ("capture_message_content='EVENT_ONLY'", {}, "capture_message_content=EVENT_ONLY wants"),
        ("emit_event=True", {}, "emit_event=true wants"),
        (
            "",
            {"OTEL_INSTRUMENTATION_GENAI_EMIT_EVENT": "true"},
            "OTEL_INSTRUMENTATION_GENAI_EMIT_EVENT=true wants",
        ),
        (
            "",
            {"OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": "span_and_event"},
            "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT=SPAN_AND_EVENT wants",
        ),
        ("emit_event=True", {"OTEL_LOGS_EXPORTER": "none"}, None),
        ("capture_message_content='SPAN_AND_EVENT', emit_event=False", {}, None),
        ("capture_message_content='SPAN_ONLY'", {}, None),
    ],
)
def test_log_records_that_go_nowhere(
    options: str, variables: dict[str, str], part: str | None
) -> None:
    """Content or records of calls that nobody receives are a warning where spans are received."""
    found = said(f"run(instrument(tracer_provider=real(), {options}))", **variables).warnings
    assert len(found) == (part is not None)
    assert all(part is not None and part in line for line in found)


# Other instrumentations


@contextmanager
def instrumentation(module: str) -> Iterator[None]:
    """An active instrumentation of another package, as OpenTelemetry's base class knows it."""

    class TheirInstrumentor(BaseInstrumentor):  # type: ignore[misc]
        def instrumentation_dependencies(self) -> tuple[str, ...]:
            return ()

        def _instrument(self, **_: Any) -> None: ...
        def _uninstrument(self, **_: Any) -> None: ...

    TheirInstrumentor.__module__ = module
    TheirInstrumentor().instrument()
    yield
    TheirInstrumentor().uninstrument()


class EntryPoint(NamedTuple):
    name: str
    value: str


RUNS: Final = "makes spans of the same runs too"
CALLS: Final = "makes a second span of each model call, below ours"
TWICE: Final = "spans and metrics (gen_ai.client.token.usage, gen_ai.client.operation.duration) are"
ONCE: Final = "spans are"


@pytest.mark.rows(3)
@pytest.mark.parametrize(
    ("module", "name", "meaning", "what"),
    [
        ("opentelemetry.instrumentation.langchain", None, RUNS, TWICE),
        ("opentelemetry.instrumentation.genai.langchain", None, RUNS, TWICE),
        ("openinference.instrumentation.langchain", None, RUNS, ONCE),
        ("openlit.instrumentation.langchain", None, RUNS, TWICE),
        ("opentelemetry.instrumentation.langgraph", None, RUNS, ONCE),
        ("traceai_langchain", None, RUNS, ONCE),
        ("opentelemetry.instrumentation.openai_v2", None, CALLS, TWICE),
        (
            "opentelemetry.instrumentation.google_genai.instrumentor",
            "opentelemetry.instrumentation.google_genai",
            CALLS,
            TWICE,
        ),
        ("openinference.instrumentation.anthropic", None, CALLS, ONCE),
        ("openlit.instrumentation.openai", None, CALLS, TWICE),
    ],
)
def test_what_doubles_is_a_warning(
    module: str,
    name: str | None,
    meaning: str,
    what: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """One that comes after instrument() too: what it doubles, and both ways to switch it off."""
    points = [EntryPoint("theirs", f"{name or module}:TheirInstrumentor")]
    monkeypatch.setattr(other_tracers, "entry_points", lambda **_: points)
    with instrumented(Tracing()), instrumentation(module):
        assert not caplog.records
        RunnableLambda(str).invoke("x")
        RunnableLambda(str).invoke("x")
    (record,) = caplog.records
    assert record.getMessage() == (
        f"{name or module} is active beside langchain-otel and {meaning}: {what} there twice. To "
        "have them once, set OTEL_PYTHON_DISABLED_INSTRUMENTATIONS=theirs for "
        "opentelemetry-instrument, or call TheirInstrumentor().uninstrument()."
    )
    assert record.levelname == "WARNING"


def test_the_variable_keeps_what_it_has(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """What is switched off already stays off; where that is the one, it was switched on in code."""
    module = "openinference.instrumentation.langchain"
    points = [EntryPoint("langchain", f"{module}:TheirInstrumentor")]
    monkeypatch.setattr(other_tracers, "entry_points", lambda **_: points)
    monkeypatch.setattr(variables, "entry_points", lambda **_: points)
    for already, part in (
        ("redis", "set OTEL_PYTHON_DISABLED_INSTRUMENTATIONS=redis,langchain for"),
        ("redis, langchain", "once, call TheirInstrumentor().uninstrument()."),
    ):
        monkeypatch.setenv("OTEL_PYTHON_DISABLED_INSTRUMENTATIONS", already)
        with instrumented(Tracing()), instrumentation(module):
            RunnableLambda(str).invoke("x")
        (record,) = caplog.records
        assert part in record.getMessage()
        caplog.clear()


@pytest.mark.parametrize(
    ("module", "part"),
    [
        (
            "opentelemetry.instrumentation.openai.v1",
            "opentelemetry.instrumentation.openai (makes no",
        ),
        ("opentelemetry.instrumentation.genai.anthropic", "genai.anthropic (makes no span below"),
        ("opentelemetry.instrumentation.httpx", None),
        ("langchain_otel.extra", None),
        ("my.writer", None),
    ],
)
def test_what_doubles_nothing_is_no_warning(
    module: str, part: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    """It is named at most, in a line of level INFO."""
    caplog.set_level(logging.INFO, "langchain_otel")
    with instrumented(Tracing()), instrumentation(module):
        RunnableLambda(str).invoke("x")
    assert {record.levelname for record in caplog.records} == {"INFO"}
    lines = [text for text in caplog.messages if text.startswith("Beside")]
    assert len(lines) == (part is not None)
    assert all(part is not None and part in line for line in lines)


def test_what_we_do_not_send_is_not_there_twice(caplog: pytest.LogCaptureFixture) -> None:
    """Where our spans go nowhere, on purpose, only metrics are double, or nothing is."""
    caplog.set_level(logging.INFO, "langchain_otel")
    for module, level, part in (
        ("opentelemetry.instrumentation.langchain", "WARNING", ": metrics (gen_ai."),
        ("openinference.instrumentation.langchain", "INFO", f"({RUNS})"),
    ):
        LangChainInstrumentor().instrument(meter_provider=Tracing().meter_provider)
        with instrumentation(module):
            RunnableLambda(str).invoke("x")
        LangChainInstrumentor().uninstrument()
        (record,) = (r for r in caplog.records if module in r.getMessage())
        assert record.levelname == level
        assert part in record.getMessage()
        caplog.clear()


def test_a_handler_for_each_request_costs_nothing_more(tracing: Tracing) -> None:
    """Once all is said, a new handler has nothing to do when its first run starts."""
    with tracing.off():
        first, second = OpenTelemetryCallbackHandler(), OpenTelemetryCallbackHandler()
        assert first._before_first is not None
        for handler in (first, second):
            RunnableLambda(str).invoke("x", {"callbacks": [handler]})
            assert handler._before_first is None
        assert OpenTelemetryCallbackHandler()._before_first is None
    assert OpenTelemetryCallbackHandler()._before_first is None


@pytest.mark.skipif(
    not garbage_collector.IS_ANYWHERE, reason="this CPython collects between instructions only"
)
def test_a_finalizer_says_nothing() -> None:
    """What a run in a finalizer leaves unsaid, the next run says: an import may be under way."""
    program = """
import gc
config = instrument()
log()
class Late:
    def __init__(self):
        self.me = self
    def __del__(self):
        RunnableLambda(lambda x: x).invoke("x", config)
        print("INFO finalized")
Late()
gc.collect()
run(config)
"""
    found = said(program)
    assert found.infos[0] == "finalized"
    assert len(found.infos) == 2
    assert NO_PROVIDER in found.warnings[0]
