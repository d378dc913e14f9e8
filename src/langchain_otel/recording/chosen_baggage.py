"""Reads the entries of OpenTelemetry's baggage that the option `baggage_keys` chooses."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from opentelemetry.baggage import get_all
from opentelemetry.context import Context

from langchain_otel import health
from langchain_otel.content.attribute_names import is_taken
from langchain_otel.content.attribute_value import attribute_value
from langchain_otel.content.values import MAX_TEXT, Facts

MAX_ENTRIES: Final = 64


class ChosenBaggage:
    """The entries under these keys; a key that ends with `*` stands for all that begin so."""

    __slots__ = ("_keys", "_prefixes")

    def __init__(self, keys: Iterable[str]) -> None:
        self._prefixes: Final = tuple(key[:-1] for key in keys if key.endswith("*"))
        self._keys: Final = frozenset(key for key in keys if not key.endswith("*"))

    def of(self, context: Context) -> Facts:
        """The chosen entries of the baggage in a context."""
        found: Facts = {}
        for name, entry in get_all(context).items():
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
