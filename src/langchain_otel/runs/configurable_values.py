"""Notes which metadata of a configuration LangChain made of configurable values.

Before langchain-core 1.3 every configurable value is copied to the metadata that handlers get,
later versions still copy a few. A note is needed only until the run starts, and is made where it
will start: it is a variable of the context. Of the values themselves only hashes are kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from typing import Any, Final

from langchain_otel.content.remembered import BoundedMap
from langchain_otel.runs.identity import KEYS as IDENTITY_KEYS
from langchain_otel.runs.reported import OWN_KEYS

MAX_VALUES: Final = 64
MAX_KEYS: Final = 256
MAX_CHANGED: Final = 4_096
# What nothing is recorded of as a user's metadata: those, and what says whose a run is.
NEVER_METADATA: Final = OWN_KEYS | IDENTITY_KEYS | {"checkpoint_id", "checkpoint_map"}
# The keys that are all there in every configuration that LangChain has merged, or completed.
MERGED: Final = frozenset(("configurable", "metadata", "tags"))
COMPLETE: Final = MERGED | {"callbacks", "recursion_limit"}

Marks = dict[str, int]


class Note:
    """Of one key: which values are configurable (None: any), and which one is metadata as well."""

    __slots__ = ("configurable", "metadata")

    def __init__(self, configurable: frozenset[int] | None, metadata: int | None) -> None:
        self.configurable = configurable
        self.metadata = metadata

    def holds(self, mark: int) -> bool:
        """Whether a value is configurable, and not metadata as well."""
        return mark != self.metadata and (self.configurable is None or mark in self.configurable)


class UserConfig:
    """A configuration as a user gives it, before LangChain changes it.

    Some versions of LangGraph complete the user's own metadata in place: `changed` is what they
    have added to them in an earlier call.
    """

    __slots__ = ("changed", "config", "metadata")

    def __init__(
        self, config: Mapping[str, Any], metadata: Mapping[str, Any], changed: Marks
    ) -> None:
        self.config = config
        self.metadata = metadata
        self.changed = changed


_NO_NOTE: Final = Note(frozenset(), None)
_NO_NOTES: Final[dict[str, Note]] = {}
_notes: Final = ContextVar("langchain-otel-configurable", default=_NO_NOTES)
notes_here: Final = _notes.get
"""The notes that were made here; empty where there are none."""

_changed: Final[BoundedMap[int, Marks]] = BoundedMap(MAX_CHANGED)


def as_user_config(config: Mapping[str, Any]) -> UserConfig | None:
    """What a user gives as metadata; None for a configuration that LangChain has completed."""
    if config.keys() >= COMPLETE:
        return None
    metadata = config.get("metadata")
    if not metadata:
        return UserConfig(config, {}, {})
    changed = _changed.get(id(metadata))
    if not changed:
        return UserConfig(config, {**metadata}, {})
    own = {key: item for key, item in metadata.items() if changed.get(key) != _mark(item)}
    return UserConfig(config, own, changed)


def may_be_mixed(merged: Mapping[str, Any]) -> bool:
    """Whether there may be anything to note of a configuration: mostly there is not."""
    if notes_here() or _changed:
        return True
    metadata: Mapping[str, Any] = merged["metadata"]
    if NEVER_METADATA.issuperset(metadata):
        return False
    return not metadata.keys() & merged["configurable"].keys() <= NEVER_METADATA


def note_configurable(user_configs: Sequence[UserConfig], merged: Mapping[str, Any]) -> None:
    """Note what `merged` has as metadata because one of the configurations has it as configurable.

    What a user gives as both is metadata. In a configuration that LangChain has merged or completed
    the two are mixed already: there, an earlier note decides.
    """
    metadata: Mapping[str, Any] = merged["metadata"]
    before = notes_here()
    keys = (metadata.keys() & merged["configurable"].keys()) | (metadata.keys() & before.keys())
    keys = keys.union(*[each.changed for each in user_configs]) - NEVER_METADATA
    if not keys:
        return
    for each in user_configs:
        if metadata is each.config.get("metadata"):
            added = {key: _mark(metadata[key]) for key in metadata if key not in each.metadata}
            _changed.put(id(metadata), added)
    notes = {key: _note(before.get(key, _NO_NOTE), key, merged, user_configs) for key in keys}
    notes = {**before, **notes}
    while len(notes) > MAX_KEYS:
        del notes[next(iter(notes))]
    _notes.set(notes)


def is_configurable(key: str, value: Any) -> bool:
    """Whether a value of the metadata of a run that starts here is a configurable one."""
    note = notes_here().get(key)
    return note is not None and note.holds(_mark(value))


def _note(
    note: Note, key: str, merged: Mapping[str, Any], user_configs: Sequence[UserConfig]
) -> Note:
    metadata, configurable = merged["metadata"], merged["configurable"]
    if key not in metadata:
        return note
    mark = _mark(metadata[key])
    with_it = [each.config for each in user_configs if key in each.metadata]
    if with_it:
        is_mixed = note.holds(mark) and all(config.keys() >= MERGED for config in with_it)
        return note if is_mixed else Note(note.configurable, mark)
    if any(each.changed.get(key) == mark for each in user_configs):
        return _with(note, mark)
    if key not in configurable or _mark(configurable[key]) != mark:
        return note
    is_new = any(
        key in {**each.config, **(each.config.get("configurable") or {})} for each in user_configs
    )
    return note if mark == note.metadata and not is_new else _with(note, mark)


def _with(note: Note, mark: int) -> Note:
    marks = None if note.configurable is None else note.configurable | {mark}
    if marks is not None and len(marks) > MAX_VALUES:
        marks = None
    return Note(marks, None if mark == note.metadata else note.metadata)


def _mark(value: Any) -> int:
    """What a value is recognized by; no code of its class is run."""
    kind = type(value)
    return hash((kind, value)) if kind in {str, int, float, bool} else id(value)
