"""Knows the dialects: in whose names spans state the facts, by the word of the option."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import orjson

from langchain_otel import semconv
from langchain_otel.content.messages import Messages
from langchain_otel.content.plain import Value
from langchain_otel.dialects import genai, openinference, openinference_content
from langchain_otel.dialects.genai import Attributes
from langchain_otel.operations import Facts, Started
from langchain_otel.run import Run

# The words of the option.
GEN_AI: Final = "gen_ai"
OPENINFERENCE: Final = "openinference"
BOTH: Final = "both"
# What is asked for OpenInference alone.
NOT_GENAI: Final = frozenset(
    (semconv.PROMPT_TEMPLATE, semconv.EMBEDDINGS_INPUT, semconv.RERANKING_DOCUMENTS)
)


@dataclass(frozen=True, slots=True)
class Dialect:
    """Functions from facts to attributes, and what of a run this dialect wants to know.

    `started` and `ended` are given the facts of a run's start and of its end, `content` what was
    permitted of its content. `asked` tells content that no other dialect has, `copies` how many
    times a span says its content. With `shows_roots` what goes into a trace and comes out of it is
    content like its messages; with `has_exceptions` an exception is an event of the span as well.
    """

    started: Callable[[Facts, Run, Started], Attributes]
    ended: Callable[[Facts, Run], Attributes]
    content: Callable[[Facts, Run], genai.Structured]
    asked: Callable[[Run, Started], Facts]
    copies: int
    shows_roots: bool
    has_exceptions: bool


def dialect_of(word: str, *, structured: bool) -> Dialect:
    """The dialect of the option's word; the conventions' messages are structured or JSON."""
    dialect = DIALECTS[word]
    if not structured or word == OPENINFERENCE:
        return dialect
    content = _structured if word == GEN_AI else _both_structured
    return replace(dialect, content=content)


def _genai(facts: Facts, *_: Run | Started) -> Attributes:
    return genai.attributes(facts)


def _openinference_content(shown: Facts, run: Run) -> Attributes:
    return openinference_content.content(_as_values(shown), run)


def _both_started(facts: Facts, run: Run, started: Started) -> Attributes:
    return genai.attributes(facts) | openinference.started(facts, run, started)


def _both_ended(facts: Facts, run: Run) -> Attributes:
    return genai.attributes(facts) | openinference.ended(facts, run)


def _structured(shown: Facts, _: Run) -> genai.Structured:
    return genai.structured(shown)


def _both_content(shown: Facts, run: Run) -> Attributes:
    values = _as_values(shown)
    return genai.attributes(_known(values)) | openinference_content.content(values, run)


def _both_structured(shown: Facts, run: Run) -> genai.Structured:
    values = _as_values(shown)
    return genai.structured(_known(values)) | openinference_content.content(values, run)


def _known(shown: Facts) -> Facts:
    return {name: value for name, value in shown.items() if name not in NOT_GENAI}


def _as_values(shown: Facts) -> Facts:
    # Messages are made into data once, and take their share of the span's room once.
    return {
        name: _as_value(value) if isinstance(value, Messages) else value
        for name, value in shown.items()
    }


def _as_value(messages: Messages) -> Value:
    data = messages.data()
    return Value(data, orjson.dumps(data))


DIALECTS: Final = {
    GEN_AI: Dialect(
        started=_genai,
        ended=_genai,
        content=_genai,
        asked=lambda *_: {},
        copies=1,
        shows_roots=False,
        has_exceptions=False,
    ),
    OPENINFERENCE: Dialect(
        started=openinference.started,
        ended=openinference.ended,
        content=_openinference_content,
        asked=openinference_content.asked,
        copies=2,
        shows_roots=True,
        has_exceptions=True,
    ),
    BOTH: Dialect(
        started=_both_started,
        ended=_both_ended,
        content=_both_content,
        asked=openinference_content.asked,
        copies=3,
        shows_roots=True,
        has_exceptions=True,
    ),
}
