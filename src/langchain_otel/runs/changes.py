"""Keeps in the context what a block of code changes in how the runs inside are recorded."""

from typing import Any, Final, Protocol, Self

from opentelemetry.context import Context, create_key

from langchain_otel.runs.run import RunRecorder


class Changes(Protocol):
    """What the recorder of the runs inside has of its own."""

    def over(self, outer: Any) -> Self:
        """These changes, and those of a block around that they do not name."""

    def made_to(self, base: Any) -> RunRecorder:
        """The recorder that differs from `base` by these changes."""


class ChangesBlock:
    """A block of code with changes: its `own`, and `changes`, all that hold inside.

    `before` is the context around a block that is to be left.
    """

    __slots__ = ("before", "changes", "own")

    def __init__(self, own: Changes, ambient: Context, before: Context | None) -> None:
        outer = changes_block(ambient)
        self.own = own
        self.changes: Changes = own if outer is None else own.over(outer.changes)
        self.before = before


class Choice:
    """Whether the recorder of a run has to be chosen: there has been a block, or a tenant."""

    is_needed: bool = False


_CHANGES_KEY: Final = create_key("langchain-otel-changes")


def with_changes(changes: Changes, ambient: Context, before: Context | None = None) -> Context:
    """The context of a block of code with `changes`; `before` is to be given back."""
    Choice.is_needed = True
    return Context({**ambient, _CHANGES_KEY: ChangesBlock(changes, ambient, before)})


def changes_block(ambient: Context) -> ChangesBlock | None:
    """The innermost block around."""
    block: ChangesBlock | None = ambient.get(_CHANGES_KEY)  # type: ignore[assignment]
    return block
