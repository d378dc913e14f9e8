"""Settings that have no effect, and invalid ones: each warning names what the user has written."""

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import pytest

from langchain_otel import LangChainInstrumentor, OpenTelemetryCallbackHandler, config
from langchain_otel.config import OPTIONS
from langchain_otel.config.options import GENAI, LANGCHAIN
from langchain_otel.exporters import otlp
from langchain_otel.inspection.variables import (
    DISABLING_VARIABLE,
    misnamed_instrumentations,
    unknown_variables,
)
from models import Model
from recording import Tracing, instrumented

MODE: Final = f"{GENAI}CAPTURE_MESSAGE_CONTENT"


@contextmanager
def in_use(way: str, **options: Any) -> Iterator[None]:
    """LangChain traced by the instrumentor or by a handler, with two runs."""
    tracing = Tracing()
    if way == "instrumentor":
        with instrumented(tracing, **options):
            Model().invoke("x")
            yield
    else:
        for _ in range(2):
            handler = OpenTelemetryCallbackHandler(
                tracing.tracer_provider, logger_provider=tracing.logger_provider, **options
            )
            Model().invoke("x", {"callbacks": [handler]})
        yield


Warnings = Callable[[], list[str]]


@pytest.fixture
def warnings(caplog: pytest.LogCaptureFixture) -> Iterator[Warnings]:
    """The warnings so far; the test says what they should be."""

    def found() -> list[str]:
        records = [record for record in caplog.records if record.levelno >= logging.WARNING]
        assert {record.name for record in records} <= {"langchain_otel"}
        return [record.getMessage() for record in records]

    yield found
    caplog.clear()


# Variables that nobody reads

MISSPELT: Final = {
    f"{LANGCHAIN}CAPTURE_TOOL": f"{LANGCHAIN}CAPTURE_TOOLS",
    f"{LANGCHAIN}DETIAL": f"{LANGCHAIN}DETAIL",
    f"{LANGCHAIN}MAX_LENGTH": f"{LANGCHAIN}MAX_CONTENT_LENGTH",
    f"{LANGCHAIN}OTEL_DETAIL": f"{LANGCHAIN}DETAIL",
    f"{LANGCHAIN}detail": f"{LANGCHAIN}DETAIL",
    f"{LANGCHAIN}DETAIL".lower(): f"{LANGCHAIN}DETAIL",
    f"{LANGCHAIN}CAPTURE_MESSAGE_CONTENT": MODE,
    f"{LANGCHAIN}EMIT_EVENT": f"{GENAI}EMIT_EVENT",
    f"{LANGCHAIN}COMPLETION_HOOK": f"{GENAI}COMPLETION_HOOK",
    f"{LANGCHAIN}REDACT": None,
    f"{LANGCHAIN}ENABLED": None,
    f"{LANGCHAIN}XYZ": None,
    f"{GENAI}CAPTURE_MESAGE_CONTENT": MODE,
    f"{GENAI}CAPTURE_CONTENT": MODE,
    f"{GENAI}CAPTURE_MESSAGE_CONTENTS": MODE,
    f"{GENAI}EMIT_EVENTS": f"{GENAI}EMIT_EVENT",
    f"{GENAI}CAPTURE_TOOLS": f"{LANGCHAIN}CAPTURE_TOOLS",
    f"{GENAI}DETAIL": f"{LANGCHAIN}DETAIL",
    "OTEL_INSTRUMENTATION_GEN_AI_CAPTURE_MESSAGE_CONTENT": MODE,
    "OTEL_INSTRUMENTATION_LANGCHIAN_DETAIL": f"{LANGCHAIN}DETAIL",
    "OTEL_LANGCHAIN_DETAIL": f"{LANGCHAIN}DETAIL",
    "OTEL_PYTHON_LANGCHAIN_HISTORY": f"{LANGCHAIN}HISTORY",
    "LANGCHAIN_OTEL_DETAIL": f"{LANGCHAIN}DETAIL",
    "OTEL_SEMCONV_EXCEPTION_SIGNAL_OPTIN": "OTEL_SEMCONV_EXCEPTION_SIGNAL_OPT_IN",
}
OF_OTHERS: Final = (
    *(option.variable for option in OPTIONS if option.variable is not None),
    "OTEL_SEMCONV_EXCEPTION_SIGNAL_OPT_IN",
    "OTEL_SEMCONV_STABILITY_OPT_IN",
    "OTEL_SDK_DISABLED",
    f"{GENAI}UPLOAD_BASE_PATH",
    f"{GENAI}UPLOAD_FORMAT",
    f"{GENAI}UPLOAD_MAX_QUEUE_SIZE",
    f"{GENAI}SOMETHING_ELSE",
    "OTEL_INSTRUMENTATION_OPENAI_CAPTURE_MESSAGE_CONTENT",
    "OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_SERVER_REQUEST",
    "OTEL_PYTHON_FASTAPI_EXCLUDED_URLS",
    "OTEL_METRICS_EXPORTER",
    "LANGCHAIN_OTEL_ENABLED",
    "LANGCHAIN_PROJECT",
    "LANGCHAIN_HISTORY",
    "LANGGRAPH_METRICS",
)


@pytest.fixture
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """None of a developer's own."""
    for name, _ in unknown_variables():
        monkeypatch.delenv(name)


@pytest.mark.usefixtures("no_variables")
@pytest.mark.parametrize(("name", "nearest"), MISSPELT.items())
def test_a_variable_that_nobody_reads(
    name: str, nearest: str | None, monkeypatch: pytest.MonkeyPatch, warnings: Warnings
) -> None:
    """One warning, with the variable that is meant, if one is near."""
    monkeypatch.setenv(name, "true")
    assert unknown_variables() == [(name, nearest)]
    for way in ("instrumentor", "handler"):
        with in_use(way):
            (warning,) = warnings()
            assert f" {name} has no effect" in warning
            assert nearest is None or f"{nearest} is meant" in warning
    assert ("can only be an argument" in warning) is name.endswith("REDACT")


@pytest.fixture
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """No variable of OpenTelemetry's, whoever's it is."""
    for name in [name for name in os.environ if "OTEL" in name.upper()]:
        monkeypatch.delenv(name)


@pytest.mark.usefixtures("nothing_set")
@pytest.mark.parametrize(
    ("name", "value"),
    [
        *((name, "true") for name in MISSPELT),
        (DISABLING_VARIABLE, "langchain"),
        (f"{LANGCHAIN}CAPTURE_STATE", "on"),
    ],
)
def test_a_variable_alone(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch, warnings: Warnings
) -> None:
    """It is warned of at once, also where it is all that is set, and no argument is given."""
    monkeypatch.setenv(name, value)
    instrumentor = LangChainInstrumentor()
    instrumentor.instrument()
    try:
        (warning,) = warnings()
    finally:
        instrumentor.uninstrument()
    assert name in warning


@pytest.mark.usefixtures("no_variables")
@pytest.mark.parametrize("name", OF_OTHERS)
def test_a_variable_that_somebody_reads(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither ours, nor those of other packages, however alike, are taken for a mistake."""
    monkeypatch.setenv(name, "x")
    assert unknown_variables() == []


@pytest.mark.usefixtures("no_variables")
def test_an_empty_variable_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """OpenTelemetry takes it for one that is not set."""
    monkeypatch.setenv(f"{LANGCHAIN}DETIAL", "")
    assert unknown_variables() == []


@pytest.mark.parametrize(
    ("value", "meant"),
    [
        ("langchain", ["langchain"]),
        ("openai, langchain ,redis", ["langchain"]),
        ("langchain-otel", ["langchain-otel"]),
        ("LangChain", ["LangChain"]),
        ("langgraph", ["langgraph"]),
        ("langchain_otell", ["langchain_otell"]),
        ("langchain_otel", []),
        ("openai,redis", []),
        ("*", []),
        ("", []),
    ],
)
def test_the_name_of_this_instrumentation(
    value: str, meant: list[str], monkeypatch: pytest.MonkeyPatch, warnings: Warnings
) -> None:
    """Whoever wants it off and writes another name is told how it is called."""
    monkeypatch.setenv(DISABLING_VARIABLE, value)
    assert misnamed_instrumentations() == meant
    with in_use("instrumentor"):
        found = warnings()
    assert len(found) == len(meant)
    assert all("write langchain_otel to switch this one off" in warning for warning in found)


def test_the_name_of_another_instrumentation(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where another package's instrumentation is called `langchain`, that one is meant."""
    from langchain_otel.inspection import variables

    class Found:
        name = "langchain"

    monkeypatch.setattr(variables, "entry_points", lambda **_: [Found])
    monkeypatch.setenv(DISABLING_VARIABLE, "langchain")
    assert misnamed_instrumentations() == []


# Content that is off

KINDS: Final = [
    option for option in OPTIONS if option.name.startswith("capture_") and option.variable != MODE
] + [option for option in OPTIONS if option.name == "structured_messages"]


@pytest.mark.parametrize("way", ["instrumentor", "handler"])
@pytest.mark.parametrize("option", KINDS, ids=lambda option: option.name)
@pytest.mark.parametrize("written", ["variable", "argument"])
def test_a_kind_of_content_while_content_is_off(
    way: str, option: Any, written: str, monkeypatch: pytest.MonkeyPatch, warnings: Warnings
) -> None:
    """The warning names what was written, and says how content is switched on."""
    options = {}
    if written == "variable":
        monkeypatch.setenv(option.variable, "on")
    else:
        options[option.name] = True
    with in_use(way, **options):
        (warning,) = warnings()
    name = option.variable if written == "variable" else option.name
    assert warning.startswith(f"{name}=true has no effect while content is not recorded.")
    assert f"set {MODE}=SPAN_ONLY" in warning
    assert "capture_message_content=True" in warning


def test_kinds_of_content_are_one_warning(
    monkeypatch: pytest.MonkeyPatch, warnings: Warnings
) -> None:
    """However many there are, and each as it was written."""
    monkeypatch.setenv(f"{LANGCHAIN}CAPTURE_STATE", "true")
    with in_use("instrumentor", capture_tools=True):
        (warning,) = warnings()
    assert warning.startswith(
        f"capture_tools=true, {LANGCHAIN}CAPTURE_STATE=true have no effect while"
    )


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"redact": lambda text, _: text},
        {"capture_tools": False},
        {"capture_state": False, "capture_binary": False},
        {"capture_message_content": True, "capture_tools": True, "capture_state": True},
        {"capture_message_content": "EVENT_ONLY", "capture_tools": True},
        {"max_content_length": 10, "history": "new"},
        {"emit_event": True},
        {"emit_event": False},
    ],
    ids=",".join,
)
@pytest.mark.parametrize("way", ["instrumentor", "handler"])
def test_settings_that_have_an_effect(
    way: str, options: dict[str, Any], warnings: Warnings
) -> None:
    """Nothing is said of what is right, off, or of use without content."""
    with in_use(way, **options):
        assert warnings() == []


def test_content_on_log_records_that_are_off(warnings: Warnings) -> None:
    """It is recorded nowhere: the two options are at odds."""
    with in_use("instrumentor", capture_message_content="EVENT_ONLY", emit_event=False):
        (warning,) = warnings()
    assert warning.startswith("Content of model calls is recorded nowhere: EVENT_ONLY puts it")
    assert "emit_event=false makes none" in warning


def test_structures_are_of_spans(warnings: Warnings) -> None:
    """They have no effect where content is on log records alone."""
    with in_use("instrumentor", capture_message_content="EVENT_ONLY", structured_messages=True):
        (warning,) = warnings()
    assert warning.startswith("structured_messages=true has no effect while content is recorded on")


@pytest.mark.parametrize("variable", ["OTEL_SDK_DISABLED"])
def test_nothing_is_said_where_all_is_off(
    variable: str, monkeypatch: pytest.MonkeyPatch, warnings: Warnings
) -> None:
    """Settings of what is switched off are nobody's concern."""
    monkeypatch.setenv(variable, "true")
    monkeypatch.setenv(f"{LANGCHAIN}DETIAL", "x")
    with in_use("instrumentor", capture_tools=True):
        assert warnings() == []
    with in_use("handler", capture_tools=True):
        assert warnings() == []


# What the user has written


@pytest.mark.parametrize("written", ["variable", "argument", "both"])
def test_the_warning_of_a_hook_names_what_was_written(
    written: str, monkeypatch: pytest.MonkeyPatch, warnings: Warnings
) -> None:
    """The variable, or the argument, which wins."""
    options = {} if written == "variable" else {"completion_hook": "nobody"}
    if written != "argument":
        monkeypatch.setenv(
            f"{GENAI}COMPLETION_HOOK", "nobody" if written == "variable" else "somebody"
        )
    with in_use("instrumentor", **options):
        (warning,) = warnings()
    name = f"{GENAI}COMPLETION_HOOK" if written == "variable" else "completion_hook"
    assert warning.startswith(f"{name}='nobody' cannot be used: ")


@pytest.mark.parametrize("written", ["variable", "argument"])
def test_the_warning_of_structures_names_what_was_written(
    written: str, monkeypatch: pytest.MonkeyPatch, warnings: Warnings
) -> None:
    """And it is one, whoever asks for the policy."""
    monkeypatch.setattr(config, "version_of", lambda _: "1.44.0")
    options: dict[str, Any] = {"capture_message_content": True}
    if written == "argument":
        options["structured_messages"] = True
    else:
        monkeypatch.setenv(f"{LANGCHAIN}STRUCTURED_MESSAGES", "true")
    with in_use("instrumentor", **options):
        (warning,) = warnings()
    name = f"{LANGCHAIN}STRUCTURED_MESSAGES" if written == "variable" else "structured_messages"
    assert warning.startswith(f"{name} needs opentelemetry-sdk 1.45 or newer")


@pytest.mark.parametrize(
    ("variables", "protocol", "named"),
    [
        ({}, "grpc", None),
        ({"OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}, "http/protobuf", None),
        (
            {
                "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "",
                "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
            },
            "http/protobuf",
            None,
        ),
        (
            {"OTEL_EXPORTER_OTLP_PROTOCOL": "http/json"},
            "grpc",
            "OTEL_EXPORTER_OTLP_PROTOCOL='http/json'",
        ),
        (
            {
                "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "x",
                "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
            },
            "grpc",
            "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL='x'",
        ),
    ],
)
def test_the_protocol_of_the_fast_exporter(
    variables: dict[str, str],
    protocol: str,
    named: str | None,
    monkeypatch: pytest.MonkeyPatch,
    warnings: Warnings,
) -> None:
    """An empty variable is one that is not set; an invalid one is named."""
    for name in otlp.PROTOCOL_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert otlp._protocol() == protocol
    found = warnings()
    assert len(found) == (named is not None)
    assert all(named is not None and line.startswith(named) for line in found)


@pytest.mark.parametrize(
    ("name", "nearest"),
    [("capture_tool", "capture_tools"), ("capture-tools", "capture_tools"), ("xyz", None)],
)
def test_an_argument_that_does_not_exist(
    name: str, nearest: str | None, warnings: Warnings
) -> None:
    """The nearest one is named."""
    tracing = Tracing()
    with instrumented(tracing, **{name: False}):
        (warning,) = warnings()
    assert warning.startswith(f"instrument() has no argument {name}: it is ignored. ")
    assert (f" {nearest} is meant, perhaps. " in warning) is (nearest is not None)
    assert not LangChainInstrumentor().is_instrumented_by_opentelemetry
