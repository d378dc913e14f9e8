"""The page of guarantees names tests that are there, and every long test that there is."""

import re
from pathlib import Path
from typing import Final

import pytest

TESTS: Final = Path(__file__).parent
PAGE: Final = (TESTS.parent / "docs" / "guarantees.md").read_text()
PROMISES: Final = [line for line in PAGE.splitlines() if line.startswith("| **")]
LONG: Final = sorted(path.name for path in (TESTS / "soak").glob("test_*.py"))


def named_in(text: str) -> list[str]:
    return re.findall(r"`((?:\w+/)*test_\w+\.py)`", text)


@pytest.mark.parametrize("promise", PROMISES, ids=lambda line: line.split("**")[1])
def test_a_promise_has_tests(promise: str) -> None:
    """They run with every change."""
    named = named_in(promise.split(" | ")[1])
    assert named
    assert [name for name in named if not (TESTS / name).exists()] == []


def test_every_long_test_has_its_figure() -> None:
    """On the page, with the date and the seed of the run."""
    assert len(PROMISES) > 10
    assert [name for name in LONG if f"`soak/{name}`" not in PAGE] == []
    assert [name for name in named_in(PAGE) if not (TESTS / name).exists()] == []
