"""What a row says: of a span, an attribute, a setting, a query or a metric of another package."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, NamedTuple


class How(NamedTuple):
    """How two values compare: what the page says of it, and whether it holds."""

    word: str
    holds: Callable[[Any, Any], bool]


class OurSpan(NamedTuple):
    """A kind of run, and the name and kind of its span here."""

    run: str
    name: str
    kind: str


OURS: Final = {
    "model": OurSpan("chat model", "chat {model}", "CLIENT"),
    "completion": OurSpan("text completion model", "text_completion {model}", "CLIENT"),
    "tool": OurSpan("tool", "execute_tool {tool}", "INTERNAL"),
    "retriever": OurSpan("retriever", "retrieval", "CLIENT"),
    "embeddings": OurSpan("embeddings", "embeddings {model}", "CLIENT"),
    "agent": OurSpan("agent", "invoke_agent {agent}", "INTERNAL"),
    "graph": OurSpan("graph", "invoke_workflow {graph}", "INTERNAL"),
    "chain": OurSpan("chain that is a root", "invoke_workflow {chain}", "INTERNAL"),
    "node": OurSpan("node of a graph", "{node}", "INTERNAL"),
    "prompt": OurSpan("prompt template", "{class}", "INTERNAL"),
    "step": OurSpan("other step of a chain", "{class}", "INTERNAL"),
}
"""Every kind of run that the programs have."""

ROOTS: Final = ("agent", "graph", "chain")
MODELS: Final = ("model", "completion")
STEPS: Final = ("node", "prompt", "step")


@dataclass(frozen=True, slots=True)
class Span:
    """Their span of a kind of run; None where they have none."""

    run: str
    name: str | None
    kind: str = ""
    part: str | None = None
    """What rows call it where a run has more than one span."""

    @property
    def key(self) -> str:
        """What rows call it."""
        return self.part or self.run


@dataclass(frozen=True, slots=True)
class Row:
    """An attribute of theirs, or all that begin or end alike; ours, and how the values compare.

    Ours may stand on another span: the root, the parent or the next model call. More than one of
    ours are compared together; none is the name of the span.
    """

    theirs: str
    ours: str | tuple[str, ...] | None
    how: How
    on: tuple[str, ...] = ()
    at: str = ""
    note: str = ""


class Switch(NamedTuple):
    """A setting of theirs: a variable, or an argument with its function; what is set here."""

    theirs: str
    ours: str
    note: str = ""


class Query(NamedTuple):
    """A question, and how it is asked of either's spans; both have to find the same runs."""

    question: str
    language: str
    before: str
    after: str


class Metric(NamedTuple):
    """A metric of theirs, the one here, and their unit where it is another."""

    theirs: str
    ours: str
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Package:
    """All that is said of another package."""

    name: str
    distribution: str
    page: str
    has_content: bool
    """Whether content is recorded until somebody says otherwise."""
    succeeded: str
    """The status of a span without a failure."""
    exceptions: tuple[str, ...]
    """The spans that have an event `exception`, where a model inside a chain fails."""
    spans: tuple[Span, ...]
    rows: tuple[Row, ...]
    switches: tuple[Switch, ...]
    queries: tuple[Query, ...]
    metrics: tuple[Metric, ...] = ()
