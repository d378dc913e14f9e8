"""Knows what a random program is: a tree of parts, and the setting in which it runs."""

from dataclasses import dataclass
from typing import Any, Final, Literal

from hypothesis import strategies as st

from modes.drive import MODES, Mode

Way = Literal["instrumentor", "handler", "both"]

LEAVES: Final = ("lambda", "generator", "model", "completion", "retriever", "tool")
OF_ONE: Final = ("retry", "caller", "tool", "each", "timed", "cancels", "asks", "agent", "graph")
OF_SEVERAL: Final = (
    "sequence",
    "parallel",
    "branch",
    "fallbacks",
    "caller",
    "threads",
    "tasks",
    "graph",
    "hands_off",
    "asks",
    "flow",
    "agent",
)
NEEDS_NO_MORE: Final = frozenset(("any",))
PLAIN_MODES: Final = {
    mode.name: mode for mode in MODES if mode.needs == NEEDS_NO_MORE and "log" not in mode.name
}


def batch(it: Any, given: Any, config: Any, probe: Any) -> None:
    """Without a limit: LangChain's completion models hand one on to themselves without end."""
    it.batch([given] * 3, config)


async def abatch(it: Any, given: Any, config: Any, probe: Any) -> None:
    await it.abatch([given] * 3, config)


PLAIN_MODES.update(batch=Mode("batch", "sync", batch), abatch=Mode("abatch", "async", abatch))
ASYNC_MODES: Final = tuple(name for name, mode in PLAIN_MODES.items() if mode.kind == "async")
TURNS: Final = 80
"""A cancellation comes at most so many turns of the event loop after the start."""


@dataclass(frozen=True, slots=True)
class Part:
    """A runnable to be: its kind, what it is made of, which form it has, whether its body fails."""

    kind: str
    parts: tuple["Part", ...] = ()
    variant: int = 0
    fails: bool = False


@dataclass(frozen=True, slots=True)
class Setting:
    """How a program runs, and how it is traced.

    After `turns` of the event loop it is cancelled, or a time limit around it is up (`in_time`).
    """

    mode: str = "invoke"
    way: Way = "instrumentor"
    dialect: str = "gen_ai"
    content: bool = False
    under_a_span: bool = False
    turns: int | None = None
    in_time: bool = False

    @property
    def how(self) -> Mode:
        """The mode with this name."""
        return PLAIN_MODES[self.mode]


def parts() -> st.SearchStrategy[Part]:
    """Trees of parts, of which some fail."""
    fails = st.sampled_from((False, False, False, True))
    variants = st.integers(0, 3)
    leaves = st.builds(Part, st.sampled_from(LEAVES), st.just(()), variants, fails)
    return st.recursive(leaves, lambda inner: _composed(inner, variants, fails), max_leaves=6)


def _composed(inner: Any, variants: Any, fails: Any) -> st.SearchStrategy[Part]:
    one = inner.map(lambda part: (part,))
    several = st.lists(inner, min_size=2, max_size=3).map(tuple)
    return st.one_of(
        st.builds(Part, st.sampled_from(OF_ONE), one, variants, fails),
        st.builds(Part, st.sampled_from(OF_SEVERAL), several, variants, fails),
    )


def settings_of_runs(
    modes: tuple[str, ...] = tuple(PLAIN_MODES), *, may_be_cancelled: bool = True
) -> st.SearchStrategy[Setting]:
    """Settings of each kind; three quarters of the asynchronous ones run to their end."""
    end = st.one_of(st.none(), st.none(), st.none(), st.integers(0, TURNS))
    return st.builds(
        Setting,
        st.sampled_from(modes),
        st.sampled_from(("instrumentor", "handler", "both")),
        st.sampled_from(("gen_ai", "openinference", "both")),
        st.booleans(),
        st.booleans(),
        end if may_be_cancelled else st.none(),
        st.booleans(),
    )
