"""TraceQL in the documentation and the dashboards: its syntax, and the types of its numbers."""

import json
from pathlib import Path
from typing import Final

import pytest

from langchain_otel import semconv
from required import unavailable

from .processes import ServerError
from .queries import blocks, linked
from .servers import CONFIGURATION
from .traceql import compared_numbers, syntax_errors

PAGES: Final = sorted((Path(__file__).parents[2] / "docs").glob("*.md"))
# Attributes of ours that are doubles: an integer literal never matches one.
DOUBLES: Final = frozenset(
    (
        semconv.GEN_AI_REQUEST_TEMPERATURE,
        semconv.GEN_AI_REQUEST_TOP_P,
        semconv.GEN_AI_REQUEST_FREQUENCY_PENALTY,
        semconv.GEN_AI_REQUEST_PRESENCE_PENALTY,
        semconv.GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK,
        semconv.GEN_AI_EVALUATION_SCORE_VALUE,
        semconv.LANGGRAPH_INTERRUPT_WAIT,
    )
)


def in_dashboards() -> list[str]:
    boards = [json.loads(file.read_text()) for file in (CONFIGURATION / "grafana").glob("*.json")]
    panels = [panel for board in boards for panel in board["panels"]]
    asked = [target for panel in panels for target in panel["targets"]]
    asked += [q for panel in panels for link in panel.get("links", ()) for q in linked(link["url"])]
    return list(dict.fromkeys(q["query"] for q in asked if q.get("queryType") == "traceql"))


def in_pages() -> list[str]:
    return [
        query
        for page in PAGES
        for language in ("traceql", "traceql-metrics")
        if f"```{language}\n" in page.read_text()
        for query in blocks(page, language)
    ]


QUERIES: Final = (*in_pages(), *in_dashboards())


def test_every_query_is_traceql() -> None:
    """By the grammar with which Grafana's editor reads them."""
    assert QUERIES
    try:
        errors = syntax_errors(QUERIES)
    except ServerError as error:
        unavailable(error)
    assert not [(query, at) for query, at in zip(QUERIES, errors, strict=True) if at]


def test_a_wrong_query_is_found() -> None:
    """The grammar does object."""
    try:
        errors = syntax_errors(["{ span.a = }", "{ span.a > 1 } | nothing()", "{ span.a > 1 }"])
    except ServerError as error:
        unavailable(error)
    assert [bool(at) for at in errors] == [True, True, False]


@pytest.mark.parametrize("query", QUERIES)
def test_a_double_is_compared_with_a_double(query: str) -> None:
    """Tempo never finds a double by an integer, nor an integer by a double."""
    for attribute, number in compared_numbers(query):
        if attribute.startswith("span."):
            is_double = attribute.removeprefix("span.") in DOUBLES
            assert ("." in number) is is_double, f"{attribute} and {number}"


def test_comparisons_are_found() -> None:
    assert compared_numbers("{ span.a.b > 2.0 && span.c_d<=3 && duration > 5s } | count() > 1") == [
        ("span.a.b", "2.0"),
        ("span.c_d", "3"),
    ]
