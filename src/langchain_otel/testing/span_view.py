"""Shows one span of a test: what ran, with which content, below what and after what."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any, Final, Protocol

from opentelemetry.sdk.trace import ReadableSpan

from langchain_otel import semconv
from langchain_otel.exporters.failures import failure_of
from langchain_otel.exporters.span_content import content_of
from langchain_otel.exporters.span_facts import nanoseconds_of, value_of
from langchain_otel.testing.checks import Check
from langchain_otel.testing.measured import Tokens
from langchain_otel.testing.recorded_spans import Recorded
from langchain_otel.testing.span_data import content, viewed
from langchain_otel.viewing.reading import OPERATIONS, TOOL, Facts, facts_of

INPUT: Final = "input"


class Others(Protocol):
    """What a span needs of the others, among which it has its place."""

    def all(self) -> list[SpanView]:
        """Every span, a parent before its children."""

    def parent(self, view: SpanView) -> SpanView | None:
        """The span above another one."""

    def children(self, view: SpanView) -> list[SpanView]:
        """The spans directly below another one."""

    def is_before(self, first: SpanView, second: SpanView) -> bool:
        """Whether the first had ended when the second began."""

    def line(self, view: SpanView) -> str:
        """A span in one line."""


class SpanView:
    """A span as it was when it was asked for; two views of one span are equal."""

    def __init__(self, recorded: Recorded, others: Others) -> None:
        self._recorded = recorded
        self._others = others

    def __repr__(self) -> str:
        return f"<{self._others.line(self)}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SpanView) and self._ids == other._ids

    def __hash__(self) -> int:
        return hash(self._ids)

    @property
    def _ids(self) -> tuple[int, int]:
        context = self.span.context
        return context.trace_id, context.span_id

    @property
    def span(self) -> ReadableSpan:
        """The span of OpenTelemetry's SDK."""
        return self._recorded.span

    @property
    def name(self) -> str:
        """The span's name, such as `chat gpt-5-mini` or `execute_tool get_weather`."""
        return self.span.name

    @property
    def attributes(self) -> Mapping[str, Any]:
        """All attributes, by the conventions' names."""
        return self.span.attributes or {}

    @property
    def operation(self) -> str | None:
        """The conventions' operation, such as `chat`; None for a plain chain or a graph's node."""
        operation = self._text(semconv.GEN_AI_OPERATION_NAME)
        if operation is None:
            # OpenInference has no attribute for it.
            named = self.name.partition(" ")[0]
            operation = named if OPERATIONS.get(named) == self.kind else None
        return operation

    @cached_property
    def _facts(self) -> Facts:
        return facts_of(viewed(self.span))

    @property
    def kind(self) -> str:
        """`agent`, `model`, `tool`, `retrieval`, `embeddings`, `workflow`, `step` or `other`."""
        return self._facts.kind

    @property
    def model(self) -> str | None:
        """The model that answered, or else that was asked."""
        return self._facts.model or None

    @property
    def agent(self) -> str | None:
        """The name of the agent that this is, or in which it ran."""
        return self._text(semconv.GEN_AI_AGENT_NAME)

    @property
    def tool(self) -> str | None:
        """The name of the tool."""
        return self._text(semconv.GEN_AI_TOOL_NAME)

    @property
    def tokens(self) -> Tokens:
        """The tokens of this call; of an agent the sum of those inside."""
        return Tokens.of(self._facts.tokens)

    @property
    def cost(self) -> float | None:
        """US dollars; None where no price is known, or nobody asked with the option `cost`."""
        return self._facts.cost

    @property
    def is_priced(self) -> bool:
        """Whether all that was called has a price."""
        return self._facts.cost is not None and not self._facts.unpriced

    @property
    def arguments(self) -> dict[str, Any] | None:
        """What a tool was called with, as far as it is recorded.

        A tool that was called with a text has the argument `input`.
        """
        if self.kind != TOOL:
            return None
        found = content(self.span, semconv.GEN_AI_TOOL_CALL_ARGUMENTS)
        return found if found is None or isinstance(found, dict) else {INPUT: found}

    @property
    def result(self) -> Any:
        """What a tool answered, as far as it is recorded."""
        return content(self.span, semconv.GEN_AI_TOOL_CALL_RESULT) if self.kind == TOOL else None

    @property
    def documents(self) -> list[Any]:
        """What a retriever found, as far as it is recorded."""
        found = content(self.span, semconv.GEN_AI_RETRIEVAL_DOCUMENTS)
        return found if isinstance(found, list) else []

    @property
    def input_messages(self) -> list[Any]:
        """What a model or an agent was asked, message by message."""
        found = content(self.span, semconv.GEN_AI_INPUT_MESSAGES)
        return found if isinstance(found, list) else []

    @property
    def output_messages(self) -> list[Any]:
        """What a model or an agent answered, message by message."""
        found = content(self.span, semconv.GEN_AI_OUTPUT_MESSAGES)
        return found if isinstance(found, list) else []

    @property
    def question(self) -> str:
        """The last message of the question, what was searched for, or a tool's arguments."""
        return self._said("question", "query", "arguments", "input")

    @property
    def answer(self) -> str:
        """The last message of the answer, or a tool's result."""
        return self._said("answer", "result", "output")

    @property
    def error(self) -> str | None:
        """The type of the error; None where it did not fail."""
        return self._facts.error or None

    @property
    def error_message(self) -> str:
        """The text of the error, as far as it is recorded."""
        return failure_of(self.span).text

    @property
    def outcome(self) -> str | None:
        """How a run ended that did not fail, such as `interrupted` or `cancelled`."""
        return self._text(semconv.RUN_OUTCOME)

    @property
    def is_open(self) -> bool:
        """Whether it had not ended."""
        return self._recorded.ended is None

    @property
    def seconds(self) -> float:
        """How long it took; 0 for what is open."""
        return nanoseconds_of(self.span) / 1e9

    @property
    def parent(self) -> SpanView | None:
        """The span around it."""
        return self._others.parent(self)

    @property
    def children(self) -> list[SpanView]:
        """The spans directly below it."""
        return self._others.children(self)

    def ancestors(self) -> Iterator[SpanView]:
        """The spans around it, the nearest first."""
        above = self.parent
        while above is not None:
            yield above
            above = above.parent

    def descendants(self) -> Iterator[SpanView]:
        """All spans below it, in the order of the tree."""
        for child in self.children:
            yield child
            yield from child.descendants()

    def matches(self, what: str) -> bool:
        """Whether it is called so: by its name, by its operation, or by what follows that."""
        operation = self.operation or ""
        return what in {self.name, operation, self.name.removeprefix(f"{operation} ")}

    def under(self, what: str | SpanView) -> Check:
        """Whether it ran inside of this, however deep."""
        above = list(self.ancestors())
        holds = any(_is(each, what) for each in above)
        around = " < ".join(each.name for each in above) or "nothing"
        return Check(
            holds, f"{self.name} is {'' if holds else 'not '}under {what}: it is under {around}"
        )

    def before(self, what: str | SpanView) -> Check:
        """Whether it had ended when this began; with several of a name, when the first did."""
        others = self._named(what)
        broken = [each for each in others if not self._others.is_before(self, each)]
        return self._ordered("before", what, others, broken)

    def after(self, what: str | SpanView) -> Check:
        """Whether it began when this had ended; with several of a name, when all had."""
        others = self._named(what)
        broken = [each for each in others if not self._others.is_before(each, self)]
        return self._ordered("after", what, others, broken)

    def _named(self, what: str | SpanView) -> list[SpanView]:
        return [each for each in self._others.all() if _is(each, what) and each != self]

    def _ordered(
        self, word: str, what: str | SpanView, others: list[SpanView], broken: list[SpanView]
    ) -> Check:
        if not others:
            return Check(holds=False, reason=f"there is no {what} in the trace")
        if not broken:
            return Check(holds=True, reason=f"{self.name} ran {word} {others[0].name}")
        other = broken[0]
        if self._others.is_before(self, other):
            how = "before"
        else:
            how = "after" if self._others.is_before(other, self) else "at the same time as"
        return Check(holds=False, reason=f"{self.name} ran {how} {other.name}, not {word} it")

    def _text(self, name: str) -> str | None:
        value = value_of(self.span, name)
        return value if isinstance(value, str) else None

    def _said(self, *words: str) -> str:
        said = {each.word: each.short for each in content_of(self.span)}
        return next((said[word] for word in words if word in said), "")


def _is(view: SpanView, what: str | SpanView) -> bool:
    return view.matches(what) if isinstance(what, str) else view == what
