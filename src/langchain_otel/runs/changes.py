"""Keeps in the context what a block of code changes in how the runs inside are recorded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol, Self
from uuid import UUID

from opentelemetry.context import Context, create_key

from langchain_otel.runs.blocks import EnteredBlock
from langchain_otel.runs.run import RunRecorder


class Changes(Protocol):
    """What the recorder of the runs inside has of its own."""

    def over(self, outer: Any) -> Self:
        """These changes, and those of a block around that they do not name."""

    def made_to(self, base: Any) -> RunRecorder:
        """The recorder that differs from `base` by these changes."""


class ChangesBlock(EnteredBlock):
    """A block of code with changes: `changes` are all that hold inside, None for none."""

    __slots__ = ("changes",)

    changes: Changes | None

    def __init__(self, own: Changes, ambient: Context, before: Context | None) -> None:
        super().__init__(own, before)
        outer = changes_in(ambient)
        self.changes = own if outer is None else own.over(outer)

    def empty(self, ambient: Context) -> None:
        """Hold what the blocks around hold."""
        super().empty(ambient)
        self.changes = changes_in(ambient)

    def moved(self, ambient: Context) -> Self:
        """The same block in another context around."""
        return type(self)(self.own, ambient, ambient)


Choose = Callable[[RunRecorder, UUID | None, Mapping[str, Any] | None], RunRecorder | None]


class RecorderChoice:
    """Chooses the recorder of a run, where it has to be: there has been a block, or a tenant.

    What they need is imported by who makes blocks and tenants, and put here.
    """

    __slots__ = ("choose", "is_needed")

    choose: Choose

    def __init__(self) -> None:
        self.is_needed = False


RECORDER_CHOICE: Final = RecorderChoice()
"""The one object of its class, at which each run looks."""

CHANGES_KEY: Final = create_key("langchain-otel-changes")
"""Where a context has the innermost block around."""


def with_changes(changes: Changes, ambient: Context, before: Context | None = None) -> Context:
    """The context of a block of code with `changes`; `before` is to go back to."""
    RECORDER_CHOICE.is_needed = True
    return Context({**ambient, CHANGES_KEY: ChangesBlock(changes, ambient, before)})


def changes_block(ambient: Context) -> ChangesBlock | None:
    """The innermost block around that holds changes."""
    block: ChangesBlock | None = ambient.get(CHANGES_KEY)  # type: ignore[assignment]
    return None if block is None or block.changes is None else block


def changes_in(ambient: Context) -> Changes | None:
    """The changes of the blocks around."""
    block = changes_block(ambient)
    return None if block is None else block.changes
