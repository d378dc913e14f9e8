"""The options as arguments: what editors complete, type checkers check and Python takes is one."""

import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import NoneType
from typing import Any, Final, Literal, get_args, get_origin, get_type_hints

import pytest

from langchain_otel import LangChainInstrumentor, OpenTelemetryCallbackHandler, semconv
from langchain_otel.config import OPTIONS, Config, Option, configured
from langchain_otel.recording.arguments import Arguments, Options, Providers
from langchain_otel.recording.destinations import PROVIDER_METHODS
from langchain_otel.recording.registry import ARGUMENTS
from models import Model
from recording import Tracing

ROOT: Final = Path(__file__).parents[1]
HINTS: Final = get_type_hints(Options)


def members(hint: Any) -> set[Any]:
    """The types that an annotation names, with those of its literals' values."""
    if get_origin(hint) is Literal:
        return {type(value) for value in get_args(hint)}
    if isinstance(hint, type):
        return {hint}
    if get_origin(hint) is Callable or "Callable" in str(get_origin(hint)):
        return {Callable}
    if get_origin(hint) is Sequence:
        return {Sequence}
    return {member for part in get_args(hint) for member in members(part)}


def words(hint: Any) -> list[str]:
    if get_origin(hint) is Literal:
        return list(get_args(hint))
    if "Callable" in str(get_origin(hint)):
        # What a function gives is no word of the option.
        return []
    return [word for part in get_args(hint) for word in words(part)]


def kinds(option: Option) -> set[Any]:
    return set(option.kind) if isinstance(option.kind, tuple) else {option.kind}


def test_every_option_is_typed() -> None:
    """The table, the options in force and the annotations have the same names."""
    names = [option.name for option in OPTIONS]
    assert list(Options.__annotations__) == names
    assert list(Config.__annotations__) == names
    assert Options.__total__ is False
    assert list(Providers.__annotations__) == list(PROVIDER_METHODS)
    assert Arguments.__annotations__.keys() - ARGUMENTS == {
        "skip_dep_check",
        "raise_exception_on_conflict",
    }


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.name)
def test_types_are_those_of_the_table(option: Option) -> None:
    """What a type checker lets pass is what the table takes, but for switches as texts."""
    typed = members(HINTS[option.name]) - {NoneType}
    assert typed <= kinds(option)
    assert kinds(option) - typed <= ({str} if bool in typed else set())
    # What comes of it is of the type that the rest of the package reads.
    read = members(get_type_hints(Config)[option.name])
    assert Any in read or read - {NoneType} <= typed | {str}


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.name)
def test_words_are_those_of_the_table(option: Option) -> None:
    """Every word that an editor completes is valid, and none is left out."""
    completed = words(HINTS[option.name])
    for word in completed:
        assert word in option.expected
        assert getattr(configured({option.name: word}), option.name) == word
    if completed and bool not in kinds(option):
        assert option.expected.replace(" or ", ", ").split(", ") == completed


SWITCHES: Final = [option for option in OPTIONS if bool in kinds(option)]


@pytest.mark.parametrize("option", SWITCHES, ids=lambda option: option.name)
@pytest.mark.parametrize("value", [True, False])
def test_a_switch_is_as_its_variable(
    option: Option, value: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a variable is `true` or `false`, the argument is True or False."""
    by_argument = configured({option.name: value})
    assert option.variable is not None
    monkeypatch.setenv(option.variable, str(value).lower())
    assert vars(by_argument) == vars(configured({}))


@pytest.mark.parametrize("way", ["instrumentor", "handler"])
@pytest.mark.parametrize("value", [True, False])
def test_content_is_recorded_by_a_switch(way: str, value: bool) -> None:
    """`capture_message_content=True` records content on spans, False does not."""
    tracing = Tracing()
    instrumentor = LangChainInstrumentor()
    callbacks: list[Any] = []
    if way == "instrumentor":
        instrumentor.instrument(
            tracer_provider=tracing.tracer_provider, capture_message_content=value
        )
    else:
        handler = OpenTelemetryCallbackHandler(
            tracing.tracer_provider, capture_message_content=value
        )
        callbacks.append(handler)
    try:
        Model().invoke("hello", {"callbacks": callbacks})
    finally:
        if instrumentor.is_instrumented_by_opentelemetry:
            instrumentor.uninstrument()
    (span,) = tracing.spans
    assert (semconv.GEN_AI_INPUT_MESSAGES in (span.attributes or {})) is value


PROGRAM: Final = """\
from typing import Any, Literal
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import Span
from langchain_otel import LangChainInstrumentor, OpenTelemetryCallbackHandler, RunView

class Hook:
    def on_completion(self, *, inputs: list[Any], outputs: list[Any], **more: Any) -> None: ...

def redact(text: str, attribute: str) -> str | None:
    return None

def hook(span: Span, run: RunView) -> None:
    span.set_attribute("app.kind", run.kind)

def keeps(run: RunView) -> bool | Literal["leave_out_trace"]:
    return "leave_out_trace" if run.metadata.get("probe") else run.kind != "chain"

reveal_type(LangChainInstrumentor())  # "langchain_otel.instrumentor.LangChainInstrumentor"
reveal_type(LangChainInstrumentor().instrument)  # 'capture_message_content'?
reveal_type(OpenTelemetryCallbackHandler())  # "langchain_otel.handler.OpenTelemetryCallbackHandler"
LangChainInstrumentor().instrument(
    tracer_provider=TracerProvider(), capture_message_content=True, history="new",
    redact=redact, completion_hook=Hook(), max_open_runs=7, skip_dep_check=True,
    request_hook=hook, response_hook=hook, span_name=lambda run: run.name, run_filter=keeps,
)
OpenTelemetryCallbackHandler(TracerProvider(), detail="nodes", capture_message_content="SPAN_ONLY")
LangChainInstrumentor().uninstrument()
LangChainInstrumentor().instrument(capture_mesage_content=True)  # Unexpected keyword argument
LangChainInstrumentor().instrument(max_open_runs="many")  # Argument "max_open_runs"
LangChainInstrumentor().instrument(detail="everything")  # Argument "detail"
LangChainInstrumentor().instrument(tracer_provider="http://x:4317")  # Argument "tracer_provider"
OpenTelemetryCallbackHandler(redcat=redact)  # Unexpected keyword argument "redcat"
OpenTelemetryCallbackHandler(capture_tools="maybe")  # Argument "capture_tools"
OpenTelemetryCallbackHandler(redact=lambda text: text)  # Argument "redact"
OpenTelemetryCallbackHandler(run_filter=lambda run: "trace")  # Argument "run_filter"
OpenTelemetryCallbackHandler(span_name=lambda run: run.names)  # has no attribute "names"
LangChainInstrumentor(capture_message_content=True)  # Unexpected keyword argument
from langchain_otel import LangchainInstrumentor  # has no attribute "LangchainInstrumentor"
"""
EXPECTED: Final = {
    number: line.split("  # ")[1]
    for number, line in enumerate(PROGRAM.splitlines(), 1)
    if "  # " in line
}


@pytest.mark.slow
def test_a_type_checker_sees_the_options(tmp_path: Path) -> None:
    """A user's program under `mypy --strict`: names and types are checked, valid ones pass."""
    pytest.importorskip("mypy")
    (tmp_path / "program.py").write_text(PROGRAM)
    command = [sys.executable, "-m", "mypy", "--strict", "program.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    found: dict[int, str] = {}
    for number, text in re.findall(r"^program\.py:(\d+): (.*)$", done.stdout, re.MULTILINE):
        found[int(number)] = found.get(int(number), "") + text
    assert found.keys() == EXPECTED.keys(), done.stdout + done.stderr
    for number, text in EXPECTED.items():
        assert text in found[number]
