"""Finds the attributes that a run has from the `attributes()` blocks around it.

A run has those of the blocks in which it starts, and those of the run around it. Where both name an
attribute, the block that was entered last counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count
from typing import Any, Final, Self

from opentelemetry.context import Context, create_key

from langchain_otel.content.values import EMPTY
from langchain_otel.runs.blocks import EnteredBlock
from langchain_otel.runs.run import Run

Attributes = Mapping[str, Any]
Entries = dict[str, tuple[int, Any]]
"""Values by name, each with the number of the block that gives it; later blocks have higher ones"""

ATTRIBUTES_KEY: Final = create_key("langchain-otel-attributes")
"""Where a context has the innermost block around."""

_entered: Final = count(1)


class AttributeBlock(EnteredBlock):
    """A block of code whose runs have attributes: `entries` are all that hold inside."""

    __slots__ = ("_numbered", "entries")

    entries: Entries

    def __init__(
        self, own: Attributes, numbered: Entries, ambient: Context, before: Context | None
    ) -> None:
        super().__init__(own, before)
        self._numbered = numbered
        outer = attribute_block(ambient)
        self.entries = numbered if outer is None else {**outer.entries, **numbered}

    def empty(self, ambient: Context) -> None:
        """Hold what the blocks around hold."""
        super().empty(ambient)
        outer = attribute_block(ambient)
        self.entries = EMPTY if outer is None else outer.entries

    def moved(self, ambient: Context) -> Self:
        """The same block in another context around."""
        return type(self)(self.own, self._numbered, ambient, ambient)


def attribute_block(ambient: Context) -> AttributeBlock | None:
    """The innermost block around."""
    block: AttributeBlock | None = ambient.get(ATTRIBUTES_KEY)  # type: ignore[assignment]
    return block


def with_attributes(
    attributes: Attributes, ambient: Context, before: Context | None = None
) -> Context:
    """The context of a block of code whose runs have attributes; `before` is to go back to."""
    number = next(_entered)
    numbered = {name: (number, value) for name, value in attributes.items()}
    block = AttributeBlock(attributes, numbered, ambient, before)
    return Context({**ambient, ATTRIBUTES_KEY: block})


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
