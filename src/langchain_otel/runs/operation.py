"""Defines what an operation is: functions from what LangChain reports of a kind of run to facts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from opentelemetry.trace import SpanKind

from langchain_otel.content.values import EMPTY, Facts
from langchain_otel.runs.reported import Started

Family = Literal["model", "chain", "tool", "retriever", "call"]
"""LangChain's kinds of runs; a `call` is one that LangChain reports no run of."""

Suppressed = Literal["inference", "embedding"]
"""The spans of provider instrumentations that a span of ours takes the place of."""

# Some functions take a `Run`, which has its operation: the type would lead in a circle.
Run = Any


class Operation:
    """A kind of run: pure functions from what LangChain reports at its start and end to facts.

    `title` is the span's name. `request` gives what is known at the start, `response` what the
    result adds (None: there is no result), each as a dict of its own. `partial` makes a result of
    the chunks that came before the run was abandoned; `failure` names the error that a result
    stands for, as `response` does among other things; `unfinished` is what is recorded of a run
    that an exception ended, where nothing else says it. What may carry content (prompts, answers,
    arguments, documents) has functions of its own, which are called only when the user wants
    content recorded; `inner_content` takes the result together with the results of calls inside
    that this run's span records. `suppresses` names what provider instrumentations need not record
    again below.
    """

    __slots__ = (
        "failure",
        "family",
        "inner_content",
        "kind",
        "partial",
        "request",
        "request_content",
        "response",
        "response_content",
        "suppresses",
        "title",
        "unfinished",
    )

    def __init__(
        self,
        family: Family,
        kind: SpanKind,
        title: Callable[[Started], str],
        request: Callable[[Started, Run | None], Facts] | None = None,
        response: Callable[[Any, Run], Facts] | None = None,
        request_content: Callable[[Started], Facts] | None = None,
        response_content: Callable[[Any], Facts] | None = None,
        inner_content: Callable[[Any, list[Any]], Facts] | None = None,
        partial: Callable[[list[Any]], Any] | None = None,
        failure: Callable[[Any], str | None] | None = None,
        unfinished: Facts = EMPTY,
        suppresses: Suppressed | None = None,
    ) -> None:
        self.family = family
        self.kind = kind
        self.title = title
        self.request = request
        self.response = response
        self.request_content = request_content
        self.response_content = response_content
        self.inner_content = inner_content
        self.partial = partial
        self.failure = failure
        self.unfinished = unfinished
        self.suppresses = suppresses
