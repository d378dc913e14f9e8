"""Models in plain terms what the run store, frames and contexts have to do."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

MAX_OPEN: Final = 5
MAX_ENDED: Final = 4


@dataclass(eq=False)
class Run:
    """A run: the place in which it began, and whether its body passes it on to all inside."""

    id: UUID
    family: str
    began_in: "Place | None"
    span: Any = None
    parent_span: int | None = None
    passes_on: bool = False
    is_open: bool = True


@dataclass(frozen=True)
class Place:
    """Where code is: the span that is current there, the run whose it is, and what is around."""

    span: Any
    run: Run | None
    around: "Place | None"


def runs_at(place: Place | None) -> Iterator[Run]:
    """The runs in whose code a place is, the innermost first."""
    while place is not None:
        if place.run is not None:
            yield place.run
        place = place.around


def id_at(place: Place | None) -> int | None:
    """The id of the span that is current at a place."""
    return None if place is None else id_of(place.span)


def id_of(span: Any) -> int:
    """The id of a span."""
    return int(span.get_span_context().span_id)


def without_ended(place: Place | None) -> Place | None:
    """A place as one would find it if the runs that have ended had never been around it."""
    while place is not None and place.run is not None and not place.run.is_open:
        place = place.run.began_in
    return place


def is_inherited(named: Run, run: Run | None) -> bool:
    """Whether LangChain names a run only because it passes it on to all that is called inside."""
    while run is not None:
        if run is named:
            return True
        if run.passes_on:
            return False
        run = next(runs_at(run.began_in), None)
    return False


@dataclass
class Store:
    """The runs that are open, and those that are remembered."""

    open: dict[UUID, Run] = field(default_factory=dict)
    ended: deque[Run] = field(default_factory=lambda: deque(maxlen=MAX_ENDED))
    evicted: list[Run] = field(default_factory=list)

    def parents(self, named: Run | None, place: Place | None) -> set[int | None]:
        """The spans of which one is the parent of a run that begins at a place."""
        if named is None or not (named.id in self.open or named in self.ended):
            return {id_at(without_ended(place))}
        around = next(runs_at(place), None)
        if around is named:
            return {id_at(place)}
        by_name: set[int | None] = {id_of(named.span)}
        if around is not None and around.is_open and is_inherited(named, around):
            # Who named it is still known; of one that has ended, the runs between may be forgotten.
            return {id_at(place)} | (set() if named.is_open else by_name)
        return by_name

    def begin(self, run: Run) -> None:
        """Keep a run; the oldest one goes where there is no room."""
        self.open[run.id] = run
        if len(self.open) > MAX_OPEN:
            oldest = next(iter(self.open.values()))
            self.evicted.append(oldest)
            self.end(oldest)

    def end(self, run: Run) -> bool:
        """End a run once; whether it was open."""
        if self.open.pop(run.id, None) is None:
            return False
        run.is_open = False
        self.ended.append(run)
        return True

    def forget(self) -> list[Run]:
        """Forget the open runs, as a forked process does; gives them."""
        forgotten = list(self.open.values())
        self.ended.extend(forgotten)
        self.open.clear()
        return forgotten
