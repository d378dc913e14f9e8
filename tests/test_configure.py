"""One line sets everything up: in a script, a notebook and a server, and what it says of itself."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import pytest

from backends.loopback import free_ports
from forked import Begun, Done
from langchain_otel.startup import default_exporter as default_exporter_module
from langchain_otel.startup.default_exporter import GRPC, HTTP, default_exporter
from langchain_otel.startup.variables import Arguments
from servers.notebook import running_kernel, text_of
from servers.otlp_grpc_sink import running_grpc_sink
from servers.otlp_sink import Sink, running_sink
from test_processes import asked, wait_until_it_answers
from unneeded import LIGHTER
from waiting import PATIENCE

RUN: Final = """
from langchain_core.runnables import RunnableLambda
RunnableLambda(lambda question: f"{question}!", name="shout").invoke("hi")
"""
IMPORTS: Final = """
import os
import langchain_otel, opentelemetry.sdk.trace
from langchain_core.language_models import FakeListChatModel
from langchain_core.runnables import RunnableLambda
langchain_otel.configure
"""
SIGNALS: Final = ("/v1/traces", "/v1/metrics", "/v1/logs")


@pytest.fixture
def http_sink() -> Iterator[Sink]:
    with running_sink() as sink:
        yield sink


@pytest.fixture
def grpc_sink() -> Iterator[Sink]:
    with running_grpc_sink() as sink:
        yield sink


@pytest.fixture
def kernel() -> Iterator[Any]:
    with running_kernel(environment()) as kernel:
        yield kernel


def environment(**variables: str) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
    return inherited | {"OTEL_BSP_SCHEDULE_DELAY": "600000"} | variables


BEGUN: Final[list[Begun]] = []


@pytest.fixture(scope="module", autouse=True)
def begun() -> Iterator[None]:
    """Most programs have imported the same before they do anything: they begin together."""
    with Begun(IMPORTS, environment()) as process:
        BEGUN.append(process)
        yield
    BEGUN.clear()


def ran(program: str, **variables: str) -> Done:
    """What a program says that sets its variables itself, before it sets up anything."""
    with TemporaryDirectory() as folder:
        done = BEGUN[0].run(f"os.environ |= {variables!r}\n{program}", Path(folder))
    assert done.returncode == 0, done.stderr
    return done


def ran_alone(program: str, **variables: str) -> Done:
    """The same of one that nothing has been imported for."""
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        env=environment(**variables),
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return Done(done.returncode, done.stdout, done.stderr)


def configured(arguments: str = "", more: str = "", **variables: str) -> Any:
    program = f"import langchain_otel\ntelemetry = langchain_otel.configure({arguments})\n{RUN}"
    return ran(program + more, **variables)


def paths(sink: Sink) -> set[str]:
    return {request.path for request in sink.requests}


def test_without_a_destination_the_tree_is_printed() -> None:
    """Nothing else is printed, and nothing is sent, so that no error of an exporter appears."""
    done = configured('service_name="shop"')
    trace, span, totals, _ = done.stdout.splitlines()
    assert trace.startswith("trace ")
    assert trace.endswith("  shop")
    assert span.startswith("invoke_workflow shout  ")
    assert totals.startswith("1 span  ")
    assert done.stderr == ""


@pytest.mark.parametrize("name", ["langchain_tree", "console"])
def test_an_exporter_by_its_name(name: str) -> None:
    """As `OTEL_TRACES_EXPORTER` names it."""
    done = configured(f"exporter={name!r}", OTEL_TRACES_EXPORTER="none")
    assert "invoke_workflow shout" in done.stdout


def test_the_tree_is_printed_at_once() -> None:
    """Also where the variable names it: before the program goes on."""
    done = configured("", "print('after')", OTEL_TRACES_EXPORTER="langchain_tree")
    assert done.stdout.index("invoke_workflow shout") < done.stdout.index("after")


def test_an_exporter_of_the_programs_own() -> None:
    """It gets the spans before the program ends, and every one once."""
    done = ran(f"""
import langchain_otel
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
exporter = InMemorySpanExporter()
telemetry = langchain_otel.configure(exporter=exporter, capture_message_content=True)
{RUN}
assert telemetry.force_flush()
(span,) = exporter.get_finished_spans()
print(span.name, "gen_ai.input.messages" in span.attributes)
""")
    assert done.stdout == "invoke_workflow shout True\n"


def test_an_endpoint_is_for_traces_alone(http_sink: Sink) -> None:
    """Metrics and logs have nowhere to go, so they go nowhere."""
    arguments = f'endpoint="{http_sink.url}/", headers={{"x-key": "a=b, c%"}}, service_name="shop"'
    done = configured(arguments, "print(telemetry)", OTEL_EXPORTER_OTLP_PROTOCOL="http/protobuf")
    (span,) = http_sink.spans
    assert span.name == "invoke_workflow shout"
    assert span.resource["service.name"] == "shop"
    assert paths(http_sink) == {"/v1/traces"}
    assert http_sink.requests[0].headers["x-key"] == "a=b, c%"
    assert done.stderr == ""
    exporter = "FastSpanExporter" if default_exporter(HTTP) == "otlp_fast" else "OTLPSpanExporter"
    assert f"traces: {exporter} (http/protobuf) to {http_sink.url}/v1/traces" in done.stdout
    assert "c%" not in done.stdout


def test_the_exporter_that_a_variable_or_an_argument_names(http_sink: Sink) -> None:
    """The faster encoder is for those alone who name no exporter."""
    named = {
        "OTEL_TRACES_EXPORTER": "otlp",
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:1",
    }
    done = configured("", "print(telemetry, flush=True)\nimport os\nos._exit(0)", **named)
    assert "traces: OTLPSpanExporter" in done.stdout
    done = configured(f'endpoint="{http_sink.url}/v1/traces", exporter="otlp"', "print(telemetry)")
    assert "traces: OTLPSpanExporter" in done.stdout


@pytest.mark.parametrize(
    ("protocol", "version", "expected"),
    [
        (GRPC, "1.39.0", "otlp_fast"),
        (HTTP, "1.45.1", "otlp_fast"),
        (HTTP, "2.0", "otlp_fast"),
        (HTTP, "1.44.0", "otlp"),
        (HTTP, "unknown", "otlp"),
        ("http/json", "1.45.1", "otlp"),
    ],
)
def test_the_exporter_that_nobody_names(
    protocol: str, version: str, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is the fast one where that is fast, with nothing said where it is not."""
    monkeypatch.setattr(default_exporter_module, "version", lambda _: version)
    assert default_exporter(protocol) == expected


def test_an_endpoint_with_its_path(http_sink: Sink) -> None:
    """A path says that it is OTLP over HTTP."""
    configured(f'endpoint="{http_sink.url}/v1/traces"')
    assert [span.name for span in http_sink.spans] == ["invoke_workflow shout"]
    assert paths(http_sink) == {"/v1/traces"}


def test_an_endpoint_of_grpc(grpc_sink: Sink) -> None:
    """The protocol is that of OpenTelemetry's own command where nothing says otherwise."""
    configured(f'endpoint="{grpc_sink.url}"')
    assert [span.name for span in grpc_sink.spans] == ["invoke_workflow shout"]
    assert paths(grpc_sink) == {"/v1/traces"}


def test_an_argument_wins_over_variables(http_sink: Sink) -> None:
    """Over those for traces alone, too."""
    configured(
        f'endpoint="{http_sink.url}", service_name="shop"',
        OTEL_EXPORTER_OTLP_TRACES_ENDPOINT="http://127.0.0.1:1",
        OTEL_EXPORTER_OTLP_TRACES_PROTOCOL="http/protobuf",
        OTEL_TRACES_EXPORTER="none",
        OTEL_SERVICE_NAME="other",
    )
    (span,) = http_sink.spans
    assert span.resource["service.name"] == "shop"


def test_variables_say_where_signals_go(http_sink: Sink) -> None:
    """As under `opentelemetry-instrument`, which sends all signals to a general endpoint."""
    model = """
from langchain_core.language_models import FakeListChatModel
FakeListChatModel(responses=["hello"]).invoke("hi")
"""
    done = configured(
        "emit_event=True",
        model,
        OTEL_EXPORTER_OTLP_ENDPOINT=http_sink.url,
        OTEL_EXPORTER_OTLP_PROTOCOL="http/protobuf",
    )
    assert paths(http_sink) == set(SIGNALS)
    assert (done.stdout, done.stderr) == ("", "")


def test_an_exporter_that_is_none() -> None:
    """Somebody who asks for nothing gets nothing, and no word."""
    done = configured(OTEL_TRACES_EXPORTER="none")
    assert (done.stdout, done.stderr) == ("", "")


def test_the_environment_is_as_it_was() -> None:
    """What OpenTelemetry reads is there while it reads, and not for processes started later."""
    more = "import os, json\nprint(json.dumps(dict(os.environ)), flush=True)"
    done = configured('endpoint="http://127.0.0.1:1", exporter="otlp"', f"{more}\nos._exit(0)")
    after = json.loads(done.stdout)
    assert {name for name in after if name.startswith("OTEL_")} == {"OTEL_BSP_SCHEDULE_DELAY"}


def test_a_second_call_replaces_the_first() -> None:
    """Providers, options and exporter; spans of tracers that others were given before go along."""
    done = ran(f"""
import langchain_otel
from opentelemetry import trace
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

first, second, third = (InMemorySpanExporter() for _ in range(3))
langchain_otel.configure(service_name="first", exporter=first, capture_message_content=True)
tracer = trace.get_tracer("another instrumentation")
{RUN}
langchain_otel.configure(service_name="second", exporter=second)
{RUN}
tracer.start_span("theirs").end()
telemetry = langchain_otel.configure(service_name="third", exporter=third)
{RUN}
tracer.start_span("theirs").end()
telemetry.force_flush()
for exporter in (first, second, third):
    spans = exporter.get_finished_spans()
    print([span.name for span in spans], spans[0].resource.attributes["service.name"],
          "gen_ai.input.messages" in spans[0].attributes)
""")
    # What is shut down gives away what it has, and takes no more.
    assert done.stdout.splitlines() == [
        "['invoke_workflow shout'] first True",
        "['invoke_workflow shout', 'theirs'] second False",
        "['invoke_workflow shout', 'theirs'] third False",
    ]
    assert done.stderr == ""


def test_a_cell_of_a_notebook_can_be_run_again(kernel: Any) -> None:
    """Each run of a cell shows its traces below itself, once."""
    for _ in range(3):
        text_of(kernel, "import langchain_otel\ntelemetry = langchain_otel.configure()")
        printed = text_of(kernel, RUN)
        assert printed.count("invoke_workflow shout") == 1
        assert printed.count("trace ") == 1


def test_a_provider_of_somebody_elses_is_used() -> None:
    """And it says so, and which arguments have no effect."""
    done = ran(f"""
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
import langchain_otel
exporter = InMemorySpanExporter()
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(exporter))
trace.set_tracer_provider(provider)
telemetry = langchain_otel.configure(service_name="shop")
{RUN}
telemetry.shutdown()
{RUN}
provider.get_tracer("theirs").start_span("still open for business").end()
is_theirs = trace.get_tracer_provider() is provider
print([span.name for span in exporter.get_finished_spans()], is_theirs)
""")
    names = ["invoke_workflow shout", "still open for business"]
    assert done.stdout == f"{names} True\n"
    assert "uses the opentelemetry.sdk.trace.TracerProvider that is set already" in done.stderr
    assert "service_name changes nothing" in done.stderr


def test_a_shutdown_ends_tracing_and_can_be_followed_by_another() -> None:
    """A second shutdown does nothing."""
    done = ran(f"""
import langchain_otel
telemetry = langchain_otel.configure()
telemetry.shutdown()
telemetry.shutdown()
{RUN}
langchain_otel.configure(service_name="again")
{RUN}
""")
    assert done.stdout.count("invoke_workflow shout") == 1
    assert "again" in done.stdout
    assert done.stderr == ""


def test_the_sdk_is_disabled() -> None:
    """Nothing is recorded, and what it returns says why."""
    done = configured("", "print(telemetry)", OTEL_SDK_DISABLED="true")
    assert done.stdout == "<langchain_otel: nothing is recorded, OTEL_SDK_DISABLED=true>\n"


def test_a_configuration_file_holds(tmp_path: Path) -> None:
    """Arguments that it overrules are named."""
    pytest.importorskip("opentelemetry.configuration.file")
    file = tmp_path / "otel.yaml"
    file.write_text(
        'file_format: "1.0"\ntracer_provider:\n  processors:\n'
        "    - simple: {exporter: {console: {}}}\n"
    )
    program = f"import langchain_otel\nlangchain_otel.configure(service_name='shop')\n{RUN}"
    done = ran_alone(program, OTEL_CONFIG_FILE=str(file), **LIGHTER)
    assert "invoke_workflow shout" in done.stdout
    assert "OTEL_CONFIG_FILE is set: service_name of configure() changes nothing." in done.stderr


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"OTEL_EXPORTER_OTLP_PROTOCOL": "http/xml"}, "http/xml"),
        ({"OTEL_TRACES_EXPORTER": "carrier_pigeon"}, "carrier_pigeon"),
    ],
    ids=["protocol", "exporter"],
)
def test_what_opentelemetry_does_not_take(variables: dict[str, str], said: str) -> None:
    """The program goes on, and is told that nothing is recorded."""
    more = "print('went on')"
    endpoint = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"}
    done = configured("", more, **{**endpoint, **variables})
    assert "went on" in done.stdout
    assert "configure() could not set up OpenTelemetry, and nothing is recorded" in done.stderr
    assert said in done.stderr


HIDING: Final = """
import sys
sys.modules[{module!r}] = None
"""


def test_without_rich() -> None:
    """The tree cannot be printed: what is missing, and where else traces can go."""
    done = ran_alone(f"{HIDING.format(module='rich.console')}import langchain_otel\n"
               f"langchain_otel.configure()\n{RUN}print('went on')")  # fmt: skip
    assert done.stdout == "went on\n"
    assert 'pip install "langchain-otel[console]"' in done.stderr


def test_without_a_configurator() -> None:
    """A part of OpenTelemetry is missing: which, and how to get it."""
    done = ran_alone(f"""
from opentelemetry.instrumentation.auto_instrumentation import _load
_load.entry_points = lambda **_: []
import langchain_otel
langchain_otel.configure()
{RUN}
print("went on")
""")
    assert done.stdout == "went on\n"
    assert "pip install opentelemetry-distro" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "error", "said"),
    [
        ({"endpoint": "127.0.0.1:4317"}, ValueError, "http://"),
        ({"endpoint": "localhost"}, ValueError, "http://"),
        ({"endpoint": "ftp://127.0.0.1"}, ValueError, "http://"),
        ({"endpoint": "http://"}, ValueError, "http://"),
        ({"endpoint": "http://127.0.0.1:port"}, ValueError, "endpoint"),
        ({"endpoint": ""}, ValueError, "http://"),
        ({"endpoint": 4317}, TypeError, "endpoint must be a URL; got a int"),
        ({"service_name": b"shop"}, TypeError, "service_name must be a text; got a bytes"),
        ({"headers": "key=value"}, TypeError, "headers must be a mapping"),
        ({"headers": {"key": 1}}, TypeError, "the value of 'key' is a int"),
        ({"exporter": "jaeger"}, ValueError, "langchain_tree"),
        ({"exporter": []}, TypeError, "exporter must be a SpanExporter"),
        ({"exporter": "console", "endpoint": "http://127.0.0.1:1"}, ValueError, "leave out"),
    ],
    ids=str,
)
def test_an_argument_that_is_not_valid(
    arguments: dict[str, Any], error: type[Exception], said: str
) -> None:
    """It raises before anything is set up, and names the argument."""
    every: dict[str, Any] = dict.fromkeys(("service_name", "endpoint", "headers", "exporter"))
    with pytest.raises(error, match=said):
        Arguments(**{**every, **arguments})


def test_an_option_that_is_not_valid() -> None:
    """The options are those of `instrument()`, and nothing is left half set up."""
    done = ran("""
import langchain_otel
try:
    langchain_otel.configure(detail="everything")
except ValueError as error:
    print(error)
telemetry = langchain_otel.configure(detail="nodes")
print(telemetry)
""")
    first, second = done.stdout.splitlines()
    assert first == "detail must be all, nodes or semantic; got 'everything'"
    assert "traces: TreeSpanExporter" in second
    assert done.stderr == ""


ENDLESS: Final = f"""
import signal, sys
import langchain_otel
langchain_otel.configure()
{RUN}
print("ready", flush=True)
while True:
    signal.pause()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
def test_a_process_that_is_asked_to_end_sends_what_it_has(http_sink: Sink) -> None:
    """It ends by the signal, as without us."""
    variables = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": http_sink.url,
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
    }
    process = subprocess.Popen(
        [sys.executable, "-c", ENDLESS],
        env=environment(**variables),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.terminate()
    process.communicate(timeout=PATIENCE)
    assert process.returncode == -signal.SIGTERM
    assert [span.name for span in http_sink.spans] == ["invoke_workflow shout"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
def test_a_programs_own_way_to_end_is_kept() -> None:
    """A handler that it has set before is not replaced."""
    done = ran("""
import signal
import langchain_otel
mine = lambda *_: None
signal.signal(signal.SIGTERM, mine)
langchain_otel.configure()
print(signal.getsignal(signal.SIGTERM) is mine)
""")
    assert done.stdout == "True\n"


SERVED: Final = """
import langchain_otel
from langchain_core.runnables import RunnableLambda

langchain_otel.configure(service_name="served")
shout = RunnableLambda(lambda question: f"{question}!", name="shout")


async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    text = await shout.ainvoke("hi")
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": text.encode()})
"""


@pytest.mark.parametrize(
    "server",
    [
        ("uvicorn", "--log-level=error", "--port={port}"),
        ("gunicorn", "--worker-class=uvicorn_worker.UvicornWorker", "--bind=127.0.0.1:{port}"),
    ],
    ids=["uvicorn", "gunicorn with uvicorn"],
)
def test_a_server_sends_its_last_batch(
    server: tuple[str, ...], http_sink: Sink, tmp_path: Path
) -> None:
    """A served process, without a line for its end."""
    pytest.importorskip("uvicorn_worker")
    (tmp_path / "served.py").write_text(SERVED)
    (port,) = free_ports(1)
    variables = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": http_sink.url,
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
        "PYTHONPATH": str(tmp_path),
    }
    words = [word.format(port=port) for word in (*server, "served:app")]
    process = subprocess.Popen(
        [sys.executable, "-m", *words], cwd=tmp_path, env=environment(**variables)
    )
    try:
        address = f"http://127.0.0.1:{port}/"
        wait_until_it_answers(address, process)
        assert asked(address) == "hi!"
    finally:
        process.terminate()
        process.wait(PATIENCE)
    assert {span.name for span in http_sink.spans} == {"invoke_workflow shout"}
    assert len(http_sink.spans) >= 2
