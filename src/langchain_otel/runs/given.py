"""Finds the attributes that `attributes()` blocks give to a run.

A run has those of the blocks in which it starts, and those of the run around it. Where both name an
attribute, the block that was entered last counts.
"""

from collections.abc import Mapping
from itertools import count
from typing import Any, Final

from opentelemetry.context import Context, create_key

from langchain_otel.content.values import EMPTY
from langchain_otel.runs.run import Run

Given = Mapping[str, Any]
Entries = dict[str, tuple[int, Any]]
"""Values by name, each with the number of the block that gives it; later blocks have higher ones"""

GIVEN_KEY: Final = create_key("langchain-otel-given")
"""Where a context has the innermost block around."""

_entered: Final = count(1)


class GivenBlock:
    """A block of code whose runs are given attributes.

    `given` is what the call of `attributes()` names, by which the block is known when it is left
    (None: it was left); `own` the same with the block's number, `entries` all that holds inside.
    `before` is the context to be given back; None where there is none, or no longer.
    """

    __slots__ = ("before", "entries", "given", "own")

    entries: Entries

    def __init__(
        self, given: Given | None, own: Entries, outer: "GivenBlock | None", before: Context | None
    ) -> None:
        self.given = given
        self.own = own
        self.entries = own if outer is None else {**outer.entries, **own}
        self.before = before

    def empty(self, outer: "GivenBlock | None") -> None:
        """Give nothing any more: a context with this block in it may become current again."""
        self.given = None
        self.own = EMPTY
        self.entries = EMPTY if outer is None else outer.entries


def given_block(ambient: Context) -> GivenBlock | None:
    """The innermost block around."""
    block: GivenBlock | None = ambient.get(GIVEN_KEY)  # type: ignore[assignment]
    return block


def with_given(given: Given, ambient: Context, before: Context | None = None) -> Context:
    """The context of a block of code whose runs are given attributes."""
    number = next(_entered)
    own = {name: (number, value) for name, value in given.items()}
    block = GivenBlock(given, own, given_block(ambient), before)
    return Context({**ambient, GIVEN_KEY: block})


def without_given(given: Given, ambient: Context) -> Context | None:
    """The context after the innermost block of `given` is left; None where there is none to leave.

    What was put into the context since stays: another block, or a span of somebody who ends it
    later.
    """
    inner: list[tuple[GivenBlock, Context]] = []
    block = given_block(ambient)
    while block is not None and block.before is not None and block.given is not given:
        inner.append((block, ambient))
        ambient = block.before
        block = given_block(ambient)
    if block is None or block.before is None:
        return None
    outside = _left(block, block.before, ambient)
    for block, ambient in reversed(inner):
        outside = _moved(block, ambient, outside)
    return outside


def set_given(run: Run) -> None:
    """Give a run that starts what the blocks and the run around it give."""
    block = given_block(run.ambient)
    entries = EMPTY if block is None else block.entries
    inherited = EMPTY if run.enclosing is None else run.enclosing.given
    if not inherited or entries is inherited:
        run.given = entries
    elif not entries:
        run.given = inherited
    else:
        newer = {
            name: entry
            for name, entry in entries.items()
            if name not in inherited or entry[0] >= inherited[name][0]
        }
        run.given = {**inherited, **newer}


def _left(block: GivenBlock, before: Context, ambient: Context) -> Context:
    if _is_same_beside(ambient, before):
        block.before = None
        return before
    block.empty(given_block(before))
    return _with_block_of(before, ambient)


def _moved(block: GivenBlock, ambient: Context, outside: Context) -> Context:
    """The context of a block that is not left, around which another one was."""
    if block.given is not None:
        moved = GivenBlock(block.given, block.own, given_block(outside), outside)
        return Context({**ambient, GIVEN_KEY: moved})
    is_same = _is_same_beside(ambient, outside)
    return outside if is_same else _with_block_of(outside, ambient)


def _is_same_beside(ambient: Context, before: Context) -> bool:
    """Whether two contexts are the same but for the block."""
    names = ambient.keys() | before.keys()
    return all(ambient.get(name) is before.get(name) for name in names if name != GIVEN_KEY)


def _with_block_of(before: Context, ambient: Context) -> Context:
    entries = {name: value for name, value in ambient.items() if name != GIVEN_KEY}
    block = given_block(before)
    return Context(entries if block is None else {**entries, GIVEN_KEY: block})
