"""Knows what an application sees of a run: its outcome, and the events that its handlers get."""

import asyncio
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from langchain_core.callbacks import AsyncCallbackHandler, BaseCallbackHandler

EVENTS = sorted(name for name in dir(BaseCallbackHandler) if name.startswith("on_"))

_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9a-f]{32}")
_CHANGING = re.compile(r"0x[0-9a-f]+|'step_timeout'|\d{4}-\d\d-\d\dT[0-9:.+]+")

_WORD = re.compile(r"\w+")


def plain(value: Any) -> str:
    """A value as text without what differs from run to run: ids, addresses, times."""
    return _CHANGING.sub("<x>", _ID.sub("<id>", repr(value)))


class _Noting:
    """The events of a handler in their order, each with everything that it was given."""

    def __init__(self) -> None:
        self.events: list[str] = []

    def _note(self, event: str, args: Any, kwargs: Any) -> None:
        self.events.append(f"{event} {plain(args)} {plain(sorted(kwargs.items()))}")


def _sync(event: str) -> Any:
    def note(self: Any, *args: Any, **kwargs: Any) -> None:
        self._note(event, args, kwargs)

    return note


def _async(event: str) -> Any:
    async def note(self: Any, *args: Any, **kwargs: Any) -> None:
        await asyncio.sleep(0)
        self._note(event, args, kwargs)

    return note


_methods = {event: _sync(event) for event in EVENTS}
_amethods = {event: _async(event) for event in EVENTS}
Inline: Any = type("Inline", (_Noting, BaseCallbackHandler), {**_methods, "run_inline": True})
NotInline: Any = type("NotInline", (_Noting, BaseCallbackHandler), _methods)
Async: Any = type("Async", (_Noting, AsyncCallbackHandler), _amethods)

HANDLERS: dict[str, tuple[Any, ...]] = {
    "inline": (Inline,),
    "not_inline": (NotInline,),
    "async": (Async,),
    "all": (Inline, NotInline, Async),
}
"""Kinds of handlers, alone and together: LangChain treats them differently by who else is there."""


@dataclass(frozen=True, slots=True)
class Observation:
    """What came out, and what each handler was told."""

    outcome: str
    events: tuple[tuple[str, ...], ...]

    def unordered(self) -> tuple[str, tuple[Counter[str], ...]]:
        """The same without any order, for programs whose parts run side by side."""
        return _words(self.outcome), tuple(Counter(map(_words, told)) for told in self.events)


def _words(text: str) -> str:
    return " ".join(sorted(_WORD.findall(text)))


def observed(
    run: Callable[[dict[str, Any]], Any], kind: str, extra: BaseCallbackHandler | None = None
) -> Observation:
    """Run something with handlers of a kind, and perhaps one more in front of them."""
    handlers = [make() for make in HANDLERS[kind]]
    callbacks = [*handlers] if extra is None else [extra, *handlers]
    try:
        outcome = plain(run({"callbacks": callbacks}))
    except Exception as error:
        outcome = plain(error)
    return Observation(outcome, tuple(tuple(handler.events) for handler in handlers))
