"""Finds the attributes that a run has from the `attributes()` blocks around it.

A run has those of the blocks in which it starts, and those of the run around it. Where both name an
attribute, the block that was entered last counts.
"""

from collections.abc import Mapping
from itertools import count
from typing import Any, Final

from opentelemetry.context import Context, create_key

from langchain_otel.content.values import EMPTY
from langchain_otel.runs.run import Run

Attributes = Mapping[str, Any]
Entries = dict[str, tuple[int, Any]]
"""Values by name, each with the number of the block that gives it; later blocks have higher ones"""

ATTRIBUTES_KEY: Final = create_key("langchain-otel-attributes")
"""Where a context has the innermost block around."""

_entered: Final = count(1)


class AttributeBlock:
    """A block of code whose runs have attributes.

    `attributes` is what the call of `attributes()` names, by which the block is known when it is
    left (None: it was left); `own` the same with the block's number, `entries` all that holds
    inside. `before` is the context to go back to; None where there is none, or no longer.
    """

    __slots__ = ("attributes", "before", "entries", "own")

    entries: Entries

    def __init__(
        self,
        attributes: Attributes | None,
        own: Entries,
        outer: "AttributeBlock | None",
        before: Context | None,
    ) -> None:
        self.attributes = attributes
        self.own = own
        self.entries = own if outer is None else {**outer.entries, **own}
        self.before = before

    def empty(self, outer: "AttributeBlock | None") -> None:
        """Give nothing any more: a context with this block in it may become current again."""
        self.attributes = None
        self.own = EMPTY
        self.entries = EMPTY if outer is None else outer.entries


def attribute_block(ambient: Context) -> AttributeBlock | None:
    """The innermost block around."""
    block: AttributeBlock | None = ambient.get(ATTRIBUTES_KEY)  # type: ignore[assignment]
    return block


def with_attributes(
    attributes: Attributes, ambient: Context, before: Context | None = None
) -> Context:
    """The context of a block of code whose runs have attributes."""
    number = next(_entered)
    own = {name: (number, value) for name, value in attributes.items()}
    block = AttributeBlock(attributes, own, attribute_block(ambient), before)
    return Context({**ambient, ATTRIBUTES_KEY: block})


def without_attributes(attributes: Attributes, ambient: Context) -> Context | None:
    """The context after the innermost block of `attributes` is left; None where there is none.

    What was put into the context since stays: another block, or a span of somebody who ends it
    later.
    """
    inner: list[tuple[AttributeBlock, Context]] = []
    block = attribute_block(ambient)
    while block is not None and block.before is not None and block.attributes is not attributes:
        inner.append((block, ambient))
        ambient = block.before
        block = attribute_block(ambient)
    if block is None or block.before is None:
        return None
    outside = _left(block, block.before, ambient)
    for block, ambient in reversed(inner):
        outside = _moved(block, ambient, outside)
    return outside


def set_own_attributes(run: Run) -> None:
    """Give a run that starts what the blocks and the run around it give."""
    block = attribute_block(run.ambient)
    entries = EMPTY if block is None else block.entries
    inherited = EMPTY if run.enclosing is None else run.enclosing.own_attributes
    if not inherited or entries is inherited:
        run.own_attributes = entries
    elif not entries:
        run.own_attributes = inherited
    else:
        newer = {
            name: entry
            for name, entry in entries.items()
            if name not in inherited or entry[0] >= inherited[name][0]
        }
        run.own_attributes = {**inherited, **newer}


def _left(block: AttributeBlock, before: Context, ambient: Context) -> Context:
    if _is_same_beside(ambient, before):
        block.before = None
        return before
    block.empty(attribute_block(before))
    return _with_block_of(before, ambient)


def _moved(block: AttributeBlock, ambient: Context, outside: Context) -> Context:
    """The context of a block that is not left, around which another one was."""
    if block.attributes is not None:
        moved = AttributeBlock(block.attributes, block.own, attribute_block(outside), outside)
        return Context({**ambient, ATTRIBUTES_KEY: moved})
    is_same = _is_same_beside(ambient, outside)
    return outside if is_same else _with_block_of(outside, ambient)


def _is_same_beside(ambient: Context, before: Context) -> bool:
    """Whether two contexts are the same but for the block."""
    names = ambient.keys() | before.keys()
    return all(ambient.get(name) is before.get(name) for name in names if name != ATTRIBUTES_KEY)


def _with_block_of(before: Context, ambient: Context) -> Context:
    entries = {name: value for name, value in ambient.items() if name != ATTRIBUTES_KEY}
    block = attribute_block(before)
    return Context(entries if block is None else {**entries, ATTRIBUTES_KEY: block})
