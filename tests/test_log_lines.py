"""What others name stands in our log as a name: it ends no line, and steers no terminal."""

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import uuid4

import pytest
from langchain_core.runnables import RunnableLambda

from langchain_otel import LangChainInstrumentor, health, record_evaluation
from langchain_otel.exporters.otlp_values import attributes
from recording import Tracing, instrumented

FORGED = "x\nCRITICAL root: forged \x1b[31m\u202e\r" + "y" * 5_000
LONGEST = 2_000


@pytest.fixture
def lines(failures: Mapping[str, int], caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """What was logged; afterwards nothing of it is more than a short line."""
    caplog.set_level("WARNING", "langchain_otel")
    yield
    ours = [each.getMessage() for each in caplog.get_records("call")]
    assert any("forged" in line for line in ours)
    assert [line for line in ours if not line.isprintable() or len(line) > LONGEST] == []
    health.unknown_tenants.clear()


def forged_error() -> Exception:
    return type(FORGED, (Exception,), {})("text")  # type: ignore[no-any-return]


@pytest.mark.usefixtures("lines")
def test_failures_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    """The class of an exception may be called anything."""
    monkeypatch.setattr(health, "strict", False)
    health.failed("start", forged_error())


@pytest.mark.usefixtures("lines")
def test_attributes_that_do_not_encode() -> None:
    """Those of spans of others have names of theirs."""
    attributes({FORGED: object()}, b"\x4a")


@pytest.mark.usefixtures("lines")
def test_functions_of_the_user() -> None:
    """What they raise, by its class."""

    def hook(*_: Any) -> Any:
        raise forged_error()

    with instrumented(Tracing(), request_hook=hook):
        RunnableLambda(str).invoke(0)


@pytest.mark.usefixtures("lines")
def test_tenants_that_are_unknown() -> None:
    """Whoever makes a request may name one."""
    health.unknown_tenant("x\nCRITICAL root: forged \x1b[31m")


@pytest.mark.usefixtures("lines")
def test_evaluations_of_unknown_runs() -> None:
    """A metric's name is shown as Python writes it."""
    assert not record_evaluation(uuid4(), FORGED[:500], score=1)


@pytest.mark.usefixtures("lines")
def test_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable's value, too."""
    monkeypatch.setenv("OTEL_INSTRUMENTATION_LANGCHAIN_HISTORY", "forged\n\x1b[31m")
    tracing = Tracing()
    LangChainInstrumentor().instrument(tracer_provider=tracing.tracer_provider)
    LangChainInstrumentor().uninstrument()


def test_kinds_of_failures_are_bounded(
    failures: Mapping[str, int], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A class that is made for each request is neither counted nor logged for itself for ever."""
    monkeypatch.setattr(health, "strict", False)
    for number in range(health.MAX_KINDS + 500):
        health.failed("start", type(f"E{number}", (Exception,), {})())
    assert len(failures) == health.MAX_KINDS + 1
    assert failures[health.OTHER] == 500
    assert len(caplog.records) == health.MAX_KINDS + 1
