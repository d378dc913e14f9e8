"""The text of an exception is its own while it is small, and always bounded."""

from collections.abc import Callable
from contextlib import suppress
from types import MappingProxyType
from typing import Any, Final

import pytest
from langchain_core.documents import Document
from langchain_core.runnables import RunnableLambda

from hostile.values import Anything, HostileError, Properties, RaisingDict, RaisingText
from langchain_otel import health
from langchain_otel.recording.exception_texts import message_of
from langchain_otel.runs.outcome import error_type
from recording import Tracing, instrumented


def shared(levels: int) -> Any:
    """A list that holds another twice, and so on."""
    found: Any = ["said"]
    for _ in range(levels):
        found = [found, found]
    return found


class RaisingBytes(bytes):
    """Bytes that have no length."""

    def __len__(self) -> int:
        raise ValueError


class LazyText(str):
    """A text that loads something when it is looked at."""

    __slots__ = ()

    def __getattribute__(self, name: str) -> Any:
        raise ValueError(name)

    def __repr__(self) -> str:
        raise ValueError


def noted() -> BaseException:
    error = ValueError("said")
    error.__notes__ = [shared(60)]
    return error


LARGE: Final[dict[str, Callable[[], BaseException]]] = {
    "argument": lambda: ValueError(shared(60)),
    "key": lambda: KeyError((shared(60),)),
    "fields": lambda: ValueError(Anything(content=shared(60))),
    "other fields": lambda: ValueError(Anything.model_construct(odd=shared(60))),
    "note": noted,
    "file": lambda: OSError(2, "said", shared(60)),
    "document": lambda: ValueError(Document("x", metadata={"x": shared(60)})),
    "mapping": lambda: ValueError(MappingProxyType({"x": shared(60)})),
    "long": lambda: ValueError(["said" * 100_000] * 1_000),
    "argument of another": lambda: RuntimeError(ValueError(shared(60))),
    "group": lambda: ExceptionGroup("said", [ValueError(shared(60))]),
}


@pytest.mark.parametrize("name", LARGE)
def test_texts_of_exceptions_are_bounded(name: str) -> None:
    """Whatever an exception holds, its text is written in bounded time."""
    tracing = Tracing()
    error = LARGE[name]()

    def body(_: Any) -> None:
        raise error

    with instrumented(tracing, capture_message_content="SPAN_AND_EVENT"), suppress(Exception):
        RunnableLambda(body).invoke(0)
    for limit in ("max_content_length", "max_span_content_bytes"):
        health.failures.pop(limit, None)
    (event,) = tracing.spans[0].events
    assert len(str((event.attributes or {})["exception.message"])) < 40_000
    assert "in body" in str((event.attributes or {})["exception.stacktrace"])


HOSTILE: Final[dict[str, Callable[[], BaseException]]] = {
    "text": lambda: ValueError(RaisingText("x")),
    "bytes": lambda: ValueError(RaisingBytes(b"x")),
    "mapping": lambda: ValueError(MappingProxyType(RaisingDict(a=1))),
    "exception": lambda: HostileError("x"),
    "exception of another": lambda: ValueError(HostileError("x")),
    "group": lambda: ExceptionGroup("x", [HostileError("x"), ValueError(RaisingText("x"))]),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_an_exception_that_answers_nothing_is_recorded(name: str) -> None:
    """Whatever it and its arguments raise, its span has its type and where it was raised."""
    tracing = Tracing()
    error = HOSTILE[name]()

    def body(_: Any) -> None:
        raise error

    with instrumented(tracing, capture_message_content="SPAN_AND_EVENT"), suppress(Exception):
        RunnableLambda(body).invoke(0)
    (event,) = tracing.spans[0].events
    attributes = event.attributes or {}
    assert attributes["exception.type"] == error_type(error)
    assert type(error).__name__ in str(attributes["exception.stacktrace"])
    assert "in body" in str(attributes["exception.stacktrace"])
    assert (tracing.spans[0].attributes or {})["error.type"] == error_type(error)


def test_lazy_texts_are_not_written() -> None:
    """A text that is a proxy as well is left alone, as any other proxy is."""
    assert message_of(ValueError(LazyText("x"))) == '["x"]'


def test_texts_of_exceptions_are_their_own() -> None:
    """What is small is written as Python writes it."""
    held = ValueError({"a": [1], "b": {2}}, b"x"), RuntimeError(OSError(2, "no"), Properties())
    small = (*held, ValueError("x"), KeyError("x"), ValueError(), ExceptionGroup("x", [*held]))
    assert [message_of(error) for error in small] == [str(error) for error in small]
