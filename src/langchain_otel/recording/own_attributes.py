"""Reads what an application gives to its runs: by `attributes()`, or in chosen baggage."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from opentelemetry.context import Context

from langchain_otel import health
from langchain_otel.config import Config
from langchain_otel.content.attribute_names import is_taken
from langchain_otel.content.attribute_value import attribute_value
from langchain_otel.content.limits import redacted
from langchain_otel.content.values import MAX_TEXT, Facts
from langchain_otel.runs.identity import PEOPLE
from langchain_otel.runs.run import Run

MAX_ENTRIES: Final = 64


class OwnAttributes:
    """The attributes that an application gives to the runs of one recorder.

    `reads_baggage`: some may be given beside those that a run has (`Run.own_attributes`).
    """

    __slots__ = ("_entries", "_keys", "_policy", "_prefixes", "reads_baggage")

    def __init__(self, config: Config) -> None:
        keys = config.baggage_keys or ()
        self._policy: Final = config.policy
        self._prefixes: Final = tuple(key[:-1] for key in keys if key.endswith("*"))
        self._keys: Final = frozenset(key for key in keys if not key.endswith("*"))
        self.reads_baggage: Final = bool(keys)
        self._entries: Final = _reader_of_baggage() if keys else None

    def of(self, run: Run) -> Facts:
        """Those of a run; callers first look whether there may be any.

        Who a run belongs to is said by `conversation()` or its configuration, where they say it.
        """
        try:
            found = self._chosen(self._entries(run.ambient)) if self._entries is not None else {}
            found |= {name: value for name, (_, value) in run.own_attributes.items()}
            for name in PEOPLE:
                if name in run.identity:
                    found.pop(name, None)
            return redacted(found, self._policy)
        except Exception as error:
            health.failed("own_attributes", error)
            return {}

    def _chosen(self, entries: Mapping[str, object]) -> Facts:
        """The entries of the baggage that the option chooses."""
        found: Facts = {}
        for name, entry in entries.items():
            if not self._is_chosen(name) or (value := attribute_value(entry)) is None:
                continue
            if len(found) == MAX_ENTRIES:
                health.limited("the limit of baggage on a span", f"only {MAX_ENTRIES} are recorded")
                break
            found[name] = value
        return found

    def _is_chosen(self, name: Any) -> bool:
        # In the process, baggage may have been set under anything.
        if type(name) is not str or not name or len(name) > MAX_TEXT or is_taken(name):
            return False
        return name in self._keys or name.startswith(self._prefixes)


def _reader_of_baggage() -> Callable[[Context], Mapping[str, object]]:
    from opentelemetry.baggage import get_all

    return get_all
