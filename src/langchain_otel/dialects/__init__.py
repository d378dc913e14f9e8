"""Knows the dialects: in whose names spans state the facts, by the word of the option."""

from collections.abc import Callable
from typing import Final, NamedTuple

from langchain_otel.dialects import genai
from langchain_otel.dialects.genai import Attributes
from langchain_otel.operations import Facts, Started
from langchain_otel.run import Run

# The words of the option.
GEN_AI: Final = "gen_ai"
OPENINFERENCE: Final = "openinference"


class Dialect(NamedTuple):
    """Functions from facts to attributes, and what of a run this dialect wants to know.

    `started` and `ended` are given the facts of a run's start and of its end (None: they are the
    attributes as they are), `content` what was permitted of its content. `asked`, if any, tells
    content that no other dialect has; `copies` is how many times a span says its content. With
    `shows_roots` what goes into a trace and comes out of it is content like its messages; with
    `has_exceptions` an exception is an event of the span as well.
    """

    started: Callable[[Facts, Run, Started], Attributes] | None
    ended: Callable[[Facts, Run], Attributes] | None
    content: Callable[[Facts, Run], genai.Structured]
    asked: Callable[[Run, Started], Facts] | None
    copies: int
    shows_roots: bool
    has_exceptions: bool


def dialect_of(word: str, *, structured: bool) -> Dialect:
    """The dialect of the option's word; the conventions' messages are structured or JSON."""
    if word == GEN_AI:
        return GENAI._replace(content=_structured) if structured else GENAI
    from langchain_otel.dialects import phoenix

    if word == OPENINFERENCE:
        return phoenix.ALONE
    return phoenix.BOTH_STRUCTURED if structured else phoenix.BOTH


def _content(shown: Facts, _: Run) -> Attributes:
    return genai.attributes(shown)


def _structured(shown: Facts, _: Run) -> genai.Structured:
    return genai.structured(shown)


GENAI: Final = Dialect(
    started=None,
    ended=None,
    content=_content,
    asked=None,
    copies=1,
    shows_roots=False,
    has_exceptions=False,
)
