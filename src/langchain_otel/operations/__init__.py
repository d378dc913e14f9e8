"""Knows what an operation is: pure functions from what LangChain says to facts.

Facts are a dict keyed by the conventions' names that holds plain Python values. What may carry
content (prompts, answers, arguments, documents) is told by functions of its own, which are asked
only when the user wants content recorded.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from opentelemetry.trace import SpanKind

from langchain_otel.context import Family
from langchain_otel.covering import Covered

if TYPE_CHECKING:
    from langchain_otel.run import Run

Facts = dict[str, Any]


@dataclass(slots=True)
class Started:
    """What LangChain says when a run starts.

    `payload` is the messages, prompts, inputs or query; `options` the further keyword arguments of
    the event; `owner` the object that runs, where it is known.
    """

    serialized: dict[str, Any] | None
    payload: Any
    tags: list[str] | None
    metadata: dict[str, Any] | None
    options: dict[str, Any] = field(default_factory=dict)
    owner: object | None = None


@dataclass(frozen=True, slots=True)
class Operation:
    """A kind of run: how it is told from what LangChain says at its start and at its end.

    `title` is the span's name. `request` gives what is known at the start, `response` what the
    result adds (None: there is no result), each as a dict of its own. `partial` makes a result of
    the chunks that came before the run was abandoned; `failure` names the error that a result
    stands for; `unfinished` is what is to be said of a run that an exception ended, where nothing
    else says it. `covers` is what instrumentations of providers need not tell again, below it.
    """

    family: Family
    kind: SpanKind
    title: Callable[[Started], str]
    request: Callable[[Started, "Run | None"], Facts] | None = None
    response: Callable[[Any, "Run"], Facts] | None = None
    request_content: Callable[[Started], Facts] | None = None
    response_content: Callable[[Any], Facts] | None = None
    partial: Callable[[list[Any]], Any] | None = None
    failure: Callable[[Any], str | None] | None = None
    unfinished: Facts = field(default_factory=dict)
    covers: Covered | None = None


def titled(operation: str, subject: Callable[[Started], str | None]) -> Callable[[Started], str]:
    """The conventions' span name: the operation, then its subject's name where that is known."""

    def title(started: Started) -> str:
        name = subject(started)
        return operation if name is None else f"{operation} {name}"

    return title
