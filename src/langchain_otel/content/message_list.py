"""Finds lists of messages: those of a request, of an answer, of a state."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, partial
from itertools import chain
from typing import TYPE_CHECKING, Any, Final

from langchain_otel.content.choices import as_choice, choice_of, generations_of
from langchain_otel.content.fields import entry, first_items, last_items
from langchain_otel.content.policy import Content, Policy

if TYPE_CHECKING:
    from langchain_otel.content.limits import Limits
    from langchain_otel.content.message import Message
    from langchain_otel.content.written import Written

DataOf = Callable[[Sequence[Any], "Limits"], list["Message"]]
JsonOf = Callable[[Sequence[Any], "Limits", "Written | None"], str]

MAX_MESSAGES: Final = 100_000


class Messages(Content):
    """Messages as LangChain holds them, and what may be recorded of them.

    They become data or JSON when asked. `written` has what those of the request before were
    written as.
    """

    __slots__ = ("items", "limits", "written")

    def __init__(
        self, items: Sequence[Any], limits: Limits | None = None, written: Written | None = None
    ) -> None:
        self.items = items
        self.limits = limits
        self.written = written

    def __len__(self) -> int:
        return len(self.items)

    def within(self, limits: Limits) -> Messages:
        """The same messages under these limits."""
        return Messages(self.items, limits, self.written)

    def data(self) -> list[Message]:
        """The conventions' list of messages, as much of it as there is room for."""
        data_of, _ = _conversions()
        return data_of(self.items, self._limits())

    def json(self) -> str:
        """The JSON of the same."""
        _, json_of = _conversions()
        return json_of(self.items, self._limits(), self.written)

    def _limits(self) -> Limits:
        if self.limits is not None:
            return self.limits
        from langchain_otel.content.limits import Limits

        return Limits(Policy(), "")


@cache
def _conversions() -> tuple[DataOf, JsonOf]:
    """What makes data and JSON of messages: imported once, when somebody records content."""
    from langchain_otel.content.fitted_messages import data_of, json_of

    return data_of, json_of


def conversation(batches: Any) -> Messages:
    """The messages of a chat model's request."""
    listed = map(partial(last_items, most=MAX_MESSAGES), first_items(batches))
    return Messages(list(chain.from_iterable(listed)))


def prompts(texts: Any) -> Messages:
    """The prompts of a completion model's request."""
    return Messages(last_items(texts, MAX_MESSAGES))


def answers(result: Any) -> Messages:
    """The choices of a result, a message each."""
    return Messages([choice_of(generation) for generation in generations_of(result)])


def state_messages(state: Any, last: int | None = None) -> Messages:
    """The messages in a graph's state (`messages`), or only the `last` ones, as answers."""
    messages = last_items(entry(state, "messages"), last or MAX_MESSAGES)
    return Messages(messages if last is None else [as_choice(item) for item in messages])
