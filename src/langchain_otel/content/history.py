"""Finds the messages of an agent that no earlier span showed: each turn sends them all again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Final

import orjson

from langchain_otel import semconv
from langchain_otel.content.choices import Choice
from langchain_otel.content.fields import entry, fields_of, first_items, size_of, text_of
from langchain_otel.content.json_data import plain
from langchain_otel.content.message_list import Messages
from langchain_otel.content.written import Written

MAX_SEEN: Final = 10_000
SHORT: Final = 24

Facts = dict[str, Any]
Key = tuple[Any, ...]


class Latest:
    """The messages of the last request, each with its content, and how many were alike."""

    __slots__ = ("alike", "messages")

    def __init__(self, messages: list[tuple[Any, Any]], alike: Counter[Key]) -> None:
        self.messages = messages
        self.alike = alike

    def goes_on_in(self, items: Sequence[Any]) -> bool:
        """Whether a request begins with all these messages, the very objects."""
        return len(items) >= len(self.messages) and all(
            item is before and _content_of(item) is content
            for item, (before, content) in zip(items, self.messages, strict=False)
        )


class History:
    """What the model calls of one agent's run have shown so far: one is kept per agent's run.

    A message is known by its id, where it has one, and its content; without an id by its role, its
    content, and how many like it came before, so that a second "yes" is a second message. Those
    that a request has in common with the one before, the very objects, are not looked at again.

    `written` is what the messages of its last request were written as.
    """

    __slots__ = ("_latest", "_seen", "written")

    def __init__(self) -> None:
        self.written = Written()
        self._seen: set[int] = set()
        self._latest = Latest([], Counter())

    def unseen(self, messages: Messages) -> tuple[Messages, int]:
        """The messages of a request that no earlier call showed, and how many others it has."""
        items, latest = messages.items, self._latest
        known = latest.messages if latest.goes_on_in(items) else []
        alike = latest.alike.copy() if known else Counter()
        further = items[len(known) :]
        marks = [_mark(item, alike) for item in further]
        seen = self._seen
        new = [item for item, mark in zip(further, marks, strict=True) if mark not in seen]
        # One assignment: calls of an agent may be made side by side.
        self._latest = Latest([*known, *((item, _content_of(item)) for item in further)], alike)
        self._add(marks)
        return Messages(new, messages.limits), len(messages) - len(new)

    def shown(self, answers: Messages) -> None:
        """Note the answers of a call: the next request has them in its history."""
        alike = self._latest.alike.copy()
        self._add(_mark(item, alike) for item in answers.items)

    def request(self, facts: Facts) -> Facts:
        """The facts of a request, without the messages that were shown before."""
        messages = facts.get(semconv.GEN_AI_INPUT_MESSAGES)
        if not isinstance(messages, Messages):
            return facts
        new, omitted = self.unseen(messages)
        return facts | {semconv.GEN_AI_INPUT_MESSAGES: new, semconv.MESSAGES_OMITTED: omitted}

    def response(self, facts: Facts) -> Facts:
        """The facts of a response, noting its messages."""
        answers = facts.get(semconv.GEN_AI_OUTPUT_MESSAGES)
        if isinstance(answers, Messages):
            self.shown(answers)
        return facts

    def _add(self, marks: Iterable[int]) -> None:
        if len(self._seen) >= MAX_SEEN:
            # Everything is shown once more, rather than remembered for ever.
            self._seen.clear()
            self._latest = Latest([], Counter())
        self._seen.update(marks)


def _content_of(item: Any) -> Any:
    return fields_of(item).get("content")


def _mark(item: Any, alike: Counter[Key]) -> int:
    message = item.message if type(item) is Choice else item
    fields = fields_of(message)
    content = fields.get("content")
    if type(content) is not str:
        content = _encoded(content if fields else message)
    identity = text_of(fields.get("id"))
    calls = _calls(fields.get("tool_calls"))
    key: Key = (identity, text_of(fields.get("type")), content, calls)
    if identity is not None:
        return hash(key)
    alike[key] += 1
    return hash((*key, alike[key]))


def _calls(calls: Any) -> Any:
    # Their ids tell tool calls apart at a fraction of the cost of all that they say.
    if not size_of(calls):
        return None
    ids = tuple([text_of(entry(call, "id")) for call in first_items(calls)])
    return ids if all(ids) else _encoded(calls)


def _encoded(value: Any) -> bytes:
    return orjson.dumps(plain(value, _digest))


def _digest(text: str) -> str:
    # As short for a long text as for any.
    return text if len(text) < SHORT else f"{hash(text)}"
