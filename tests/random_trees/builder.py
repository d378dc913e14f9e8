"""Makes runnables of parts, each with a name of its own."""

from collections.abc import Callable, Mapping
from typing import Any

from langchain_core.runnables import Runnable, RunnableLambda

from modes.probe import Probe
from random_trees.plan import Part

Anything = Runnable[Any, Any]


class PlannedError(Exception):
    """The failure that a program plans."""


class Builder:
    """Makes the runnables of one program."""

    def __init__(self, probe: Probe, makers: Mapping[str, "Maker"]) -> None:
        self.probe = probe
        self._makers = makers
        self._count = 0

    def build(self, part: Part) -> Anything:
        """The runnable of a part: it takes anything, and gives anything."""
        self._count += 1
        return self._makers[part.kind](self, part, f"{part.kind}-{self._count}")

    def inner(self, part: Part) -> list[Anything]:
        """The runnables that a part is made of."""
        return [self.build(each) for each in part.parts]


Maker = Callable[[Builder, Part, str], Anything]


def text(given: Any) -> str:
    """Anything as a short text, for the next part."""
    return str(getattr(given, "content", given))[:9]


def result(part: Part, given: Any) -> str:
    """What the body of a part gives, if it gives anything."""
    if part.fails:
        raise PlannedError("planned")
    return text(given)


def adapter(name: str, function: Callable[[Any], Any]) -> Anything:
    """A small function between two parts, as a run of its own."""
    return RunnableLambda(function, name=name)
