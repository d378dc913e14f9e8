"""Tracing set up by a file of YAML, for `opentelemetry-instrument` and no code changed."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from langchain_otel import semconv
from servers.otlp_sink import Sink, Span, running_sink
from unneeded import ALONE, LIGHTER

pytest.importorskip("opentelemetry.configuration", reason="came with opentelemetry 1.45")

INSTRUMENT: Final = str(Path(sys.executable).with_name("opentelemetry-instrument"))
PROGRAM: Final = """\
from langchain_core.language_models import FakeListChatModel
from langchain_core.runnables import RunnableLambda
inner = RunnableLambda(lambda text: FakeListChatModel(responses=["hi"]).invoke(text), name="inner")
print(RunnableLambda(lambda text: inner.invoke(text), name="outer").invoke("hello").content)
"""
# It says this of itself, whatever the file.
OF_THE_COMMAND: Final = "OTEL_CONFIG_FILE is set; ignoring configurator kwargs"
FILE: Final = """\
file_format: "1.0"
tracer_provider:
  processors:
    - simple:
        exporter:
          otlp_http:
            endpoint: {url}/v1/traces
{instrumentation}
"""
INSTRUMENTATION: Final = """\
instrumentation/development:
  python:
    langchain_otel:
"""


def run(
    sink: Sink, directory: Path, *options: str, program: str = PROGRAM, **variables: str
) -> tuple[list[Span], str]:
    """The spans of a program, and what its process says; the program itself is not disturbed."""
    lines = "".join(f"      {option}\n" for option in options)
    section = INSTRUMENTATION + lines if options else ""
    text = FILE.format(url=sink.url, instrumentation=section)
    return run_with(text, sink, directory, program, **variables)


def run_with(
    text: str, sink: Sink, directory: Path, program: str = PROGRAM, **variables: str
) -> tuple[list[Span], str]:
    path = directory / "otel.yaml"
    path.write_text(text)
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
    done = subprocess.run(
        [INSTRUMENT, sys.executable, "-W", "ignore", "-c", program],
        env=inherited | ALONE | LIGHTER | {"OTEL_CONFIG_FILE": str(path)} | variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "hi\n"
    said = done.stderr.splitlines(keepends=True)
    return sink.spans, "".join(line for line in said if not line.startswith(OF_THE_COMMAND))


def shows_content(spans: list[Span]) -> bool:
    (chat,) = (span for span in spans if span.name.startswith("chat"))
    return semconv.GEN_AI_INPUT_MESSAGES in chat.attributes


def names(spans: list[Span]) -> list[str]:
    return [span.name.split()[0] for span in spans]


ALL: Final = ["chat", "inner", "invoke_workflow"]


def test_options_of_the_file(tmp_path: Path) -> None:
    """Switches, numbers and words as YAML has them; and nothing is said of a second call."""
    options = ("capture_message_content: true", "max_open_runs: 77", "detail: semantic")
    with running_sink() as sink:
        spans, said = run(sink, tmp_path, *options)
    assert names(spans) == ["chat", "invoke_workflow"]
    assert shows_content(spans)
    assert said == ""


def test_the_file_in_the_documentation(tmp_path: Path) -> None:
    """It does what it says there."""
    page = (Path(__file__).parents[1] / "docs" / "declarative.md").read_text()
    text = page.partition("```yaml\n# otel.yaml")[2].partition("```")[0]
    with running_sink() as sink:
        file = "#" + text.replace("http://127.0.0.1:4318", sink.url)
        spans, said = run_with(file, sink, tmp_path)
    # Its `detail` leaves out the step inside.
    assert names(spans) == ["chat", "invoke_workflow"]
    assert shows_content(spans)
    assert said == ""


@pytest.mark.rows(5)
@pytest.mark.parametrize(
    ("option", "shown"),
    [
        ("capture_message_content: SPAN_ONLY", True),
        ("capture_message_content: false", False),
        ("capture_message_content: ${CONTENT}", True),
        ("capture_message_content:", False),
        ("enabled: true", False),
    ],
)
def test_one_option(tmp_path: Path, option: str, shown: bool) -> None:
    """A word, a switch, one from the environment, one without a value, and none of ours."""
    with running_sink() as sink:
        spans, said = run(sink, tmp_path, option, CONTENT="true")
    assert names(spans) == ALL
    assert shows_content(spans) is shown
    assert said == ""


def test_without_a_section(tmp_path: Path) -> None:
    """The command instruments all the same; the variables hold."""
    variable = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"
    with running_sink() as sink:
        spans, said = run(sink, tmp_path, **{variable: "true"})
    assert names(spans) == ALL
    assert shows_content(spans)
    assert said == ""


def test_the_file_wins_over_variables(tmp_path: Path) -> None:
    """As arguments do."""
    variable = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"
    with running_sink() as sink:
        option = "capture_message_content: NO_CONTENT"
        spans, _ = run(sink, tmp_path, option, **{variable: "true"})
    assert not shows_content(spans)


@pytest.mark.rows(2)
@pytest.mark.parametrize("option", ["baggage_keys: [tenant, app.*]", "baggage_keys: tenant"])
def test_an_option_that_is_a_list(tmp_path: Path, option: str) -> None:
    """YAML has lists."""
    before = (
        "from opentelemetry import baggage, context\n"
        "context.attach(baggage.set_baggage('tenant', 'acme'))\n"
    )
    with running_sink() as sink:
        spans, said = run(sink, tmp_path, option, program=before + PROGRAM)
    assert names(spans) == ALL
    assert {span.attributes["tenant"] for span in spans} == {"acme"}
    assert said == ""


@pytest.mark.rows(3)
@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("max_open_runs: many", "max_open_runs must be a number of runs, 1 or more; got 'many'"),
        ("capture_tools: 3", "capture_tools must be true or false"),
        ("detail: everything", "detail must be all, nodes or semantic; got 'everything'"),
    ],
)
def test_an_invalid_option_is_logged(tmp_path: Path, option: str, message: str) -> None:
    """The message says what the option takes; the program runs, traced with the defaults."""
    with running_sink() as sink:
        spans, said = run(sink, tmp_path, "capture_message_content: true", option)
    assert message in said
    assert names(spans) == ALL
    assert not shows_content(spans)


def test_an_unknown_option_is_one_warning(tmp_path: Path) -> None:
    """It is named, and the others hold."""
    with running_sink() as sink:
        spans, said = run(sink, tmp_path, "capture_message_content: true", "colour: red")
    assert said.startswith("instrument() has no argument colour")
    assert len(said.splitlines()) == 1
    assert shows_content(spans)


@pytest.mark.slow
def test_instrument_in_code_beside_the_file(tmp_path: Path) -> None:
    """What is passed there comes too late, and is not lost in silence."""
    program = (
        "from langchain_otel import LangChainInstrumentor\n"
        "LangChainInstrumentor().instrument(capture_message_content=True)\n"
    )
    with running_sink() as sink:
        spans, said = run(sink, tmp_path, "detail: all", program=program + PROGRAM)
    assert said == "LangChain is already instrumented: this instrument() changes nothing.\n"
    assert names(spans) == ALL
    assert not shows_content(spans)
