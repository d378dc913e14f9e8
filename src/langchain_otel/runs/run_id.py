"""Turns run ids into keys of the store: a UUID as a rule, but LangChain takes any object."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any
from uuid import UUID

Key = Hashable


def as_uuid(text: str) -> UUID | None:
    """The UUID that a text is; None where it is none."""
    try:
        return UUID(text)
    except ValueError:
        return None


def key_of(run_id: Any) -> Key:
    """The key of a run id: a UUID's integer, and for anything else what no UUID has.

    `UUID` hashes in Python, so that its integer is the faster key; callers look at the type of a
    run id themselves before they ask here.
    """
    if issubclass(type(run_id), UUID):
        return run_id.int  # type: ignore[no-any-return]
    try:
        hash(run_id)
    except TypeError:
        return "run", id(run_id)
    return "run", run_id
