"""Which exceptions are control flow, by their classes, and what is said of the others."""

import asyncio
from concurrent.futures import CancelledError
from typing import Any

import pytest
from langgraph import errors

from langchain_otel import semconv
from langchain_otel.runs.outcome import error_facts, error_type, outcome_of


class GraphInterrupt(Exception):  # noqa: N818 - named after LangGraph's
    """An application's own, of the same name."""


class Paused(errors.GraphInterrupt):
    """An application's own kind of LangGraph's."""


class Stopped(asyncio.CancelledError):
    """An application's own kind of Python's."""


@pytest.mark.parametrize(
    ("kind", "outcome"),
    [
        (errors.GraphInterrupt, "interrupted"),
        (errors.ParentCommand, "handed_off"),
        (errors.GraphBubbleUp, "interrupted"),
        (Paused, "interrupted"),
        (asyncio.CancelledError, "cancelled"),
        (CancelledError, "cancelled"),
        (Stopped, "cancelled"),
        (KeyboardInterrupt, "cancelled"),
        (SystemExit, "cancelled"),
        (GeneratorExit, "closed"),
        (GraphInterrupt, None),
        (errors.GraphRecursionError, None),
        (ValueError, None),
        (TimeoutError, None),
    ],
)
def test_outcome_of_a_class(kind: type[BaseException], outcome: str | None) -> None:
    """The first time that a class is seen, and every time after."""
    fresh: Any = type(kind.__name__, (kind,), {})
    for each in (kind, fresh, fresh):
        assert outcome_of(each.__new__(each)) == outcome


def test_names_of_errors() -> None:
    """Those of Python have no module."""
    assert error_type(ValueError()) == "ValueError"
    assert error_type(GraphInterrupt()) == f"{__name__}.GraphInterrupt"


def test_the_status_that_an_error_carries() -> None:
    """Is said beside its type, where there is one."""
    refused = ValueError()
    assert error_facts(refused) == {semconv.ERROR_TYPE: "ValueError"}
    refused.status_code = 429  # type: ignore[attr-defined]
    assert error_facts(refused) == {
        semconv.ERROR_TYPE: "ValueError",
        semconv.HTTP_RESPONSE_STATUS_CODE: 429,
    }
