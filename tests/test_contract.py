"""Whether a function keeps to its contract is read from its parameters, defined or declared."""

import inspect
from collections.abc import Callable
from typing import Any

import pytest

from langchain_otel.patching.contract import keeps_contract
from langchain_otel.patching.points import PatchPoint, Seam

POINT = PatchPoint(
    "module",
    "function",
    lambda same: same,
    Seam("a seam", "We rely on it.", "nothing"),
    parameters=("self", "values", "key"),
)


def positional(self: Any, values: Any, key: Any, more: Any = None) -> None: ...
def by_keyword(self: Any, values: Any, *, more: Any = None, key: Any = None) -> None: ...
def moved(self: Any, *, key: Any, values: Any) -> None: ...
def passes_on(*args: Any, **kwargs: Any) -> None: ...
def passes_on_more(self: Any, other: Any, *args: Any, **kwargs: Any) -> None: ...
def renamed(self: Any, other: Any, key: Any) -> None: ...
def swapped(self: Any, key: Any, values: Any) -> None: ...
def nameless(self: Any, values: Any, key: Any, /) -> None: ...
def collects_the_last(self: Any, values: Any, *key: Any) -> None: ...
def collects_keywords(self: Any, values: Any, **key: Any) -> None: ...
def fewer(self: Any, values: Any) -> None: ...


def declaring(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of other parameters that says that it has those of `function`."""

    def declared(other: Any) -> None: ...

    declared.__signature__ = inspect.signature(function)  # type: ignore[attr-defined]
    return declared


@pytest.mark.parametrize("as_found", [lambda same: same, declaring], ids=["defined", "declared"])
@pytest.mark.parametrize(
    ("function", "is_kept"),
    [
        (positional, True),
        (by_keyword, True),
        (moved, True),
        (passes_on, True),
        (passes_on_more, True),
        (renamed, False),
        (swapped, False),
        (nameless, False),
        (collects_the_last, False),
        (collects_keywords, False),
        (fewer, False),
    ],
)
def test_parameters(
    function: Callable[..., Any], as_found: Callable[..., Any], is_kept: bool
) -> None:
    """Each is at its position, or a keyword; who passes everything on is not judged."""
    assert keeps_contract(POINT, as_found(function)) is is_kept
