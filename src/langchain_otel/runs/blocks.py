"""Leaves blocks of code that an application has entered, in whatever order it leaves them.

The context has the innermost block of each kind under a key. What was put into the context since a
block was entered stays: another block, or a span of somebody who ends it later.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from opentelemetry.context import Context


class EnteredBlock:
    """A block of code that an application has entered: `own` holds for the runs inside.

    By `own` the block is known when it is left (None: it was left). `before` is the context to go
    back to; None where there is none, or no longer.
    """

    __slots__ = ("before", "own")

    def __init__(self, own: Mapping[str, Any] | object, before: Context | None) -> None:
        self.own: Any = own
        self.before = before

    def empty(self, ambient: Context) -> None:
        """Hold nothing but what `ambient`, the context around, holds.

        A context with this block in it may become current again.
        """
        self.own = None

    def moved(self, ambient: Context) -> Self:
        """The same block in another context around, to which it goes back."""
        raise NotImplementedError


def without_block(own: object, key: str, ambient: Context) -> Context | None:
    """The context after the innermost block of `own` is left; None where there is none."""
    inner: list[tuple[EnteredBlock, Context]] = []
    block = _block(ambient, key)
    while block is not None and block.before is not None and block.own is not own:
        inner.append((block, ambient))
        ambient = block.before
        block = _block(ambient, key)
    if block is None or block.before is None:
        return None
    outside = _left(block, block.before, key, ambient)
    for block, ambient in reversed(inner):
        outside = _around(block, ambient, key, outside)
    return outside


def _block(ambient: Context, key: str) -> EnteredBlock | None:
    block: EnteredBlock | None = ambient.get(key)  # type: ignore[assignment]
    return block


def _left(block: EnteredBlock, before: Context, key: str, ambient: Context) -> Context:
    if _is_same_beside(ambient, before, key):
        block.before = None
        return before
    block.empty(before)
    return _with_block_of(before, key, ambient)


def _around(block: EnteredBlock, ambient: Context, key: str, outside: Context) -> Context:
    """The context of a block that is not left, around which another one was."""
    if block.own is not None:
        return Context({**ambient, key: block.moved(outside)})
    is_same = _is_same_beside(ambient, outside, key)
    return outside if is_same else _with_block_of(outside, key, ambient)


def _is_same_beside(ambient: Context, before: Context, key: str) -> bool:
    """Whether two contexts are the same but for the block."""
    names = ambient.keys() | before.keys()
    return all(ambient.get(name) is before.get(name) for name in names if name != key)


def _with_block_of(before: Context, key: str, ambient: Context) -> Context:
    entries = {name: value for name, value in ambient.items() if name != key}
    return Context({**entries, key: before[key]} if key in before else entries)
