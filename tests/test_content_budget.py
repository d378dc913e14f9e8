"""One budget for all content of a span: what it has no room for is left out, and nothing more."""

from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan

from langchain_otel import health, semconv
from langchain_otel.content.filter import permitted, permitted_text
from langchain_otel.content.policy import Budget, Policy
from models import Model
from recording import Tracing, instrumented


@pytest.fixture(autouse=True)
def limits_are_met(nothing_left_behind: None) -> Any:
    """That a limit is met is counted, as it should be."""
    yield
    health.failures.pop("max_span_content_bytes", None)


def definitions(span: ReadableSpan) -> Any:
    return (span.attributes or {}).get(semconv.GEN_AI_TOOL_DEFINITIONS)


class WithTools(Model):
    """Has been given definitions of tools."""

    names: list[str]

    def _get_invocation_params(self, *_: Any, **__: Any) -> dict[str, Any]:
        function = [{"type": "function", "function": {"name": name}} for name in self.names]
        return {"tools": function}


def test_a_text_takes_from_the_budget() -> None:
    """A text that is no fact, as an exception's, counts among the others."""
    policy = Policy(on_spans=True)
    budget = Budget(policy)
    room = budget.left
    assert permitted_text("x" * 100, semconv.EXCEPTION_MESSAGE, policy, budget) == "x" * 100
    assert budget.left <= room - 100
    budget.take(budget.left - 10)
    cut = permitted_text("x" * 100, semconv.EXCEPTION_MESSAGE, policy, budget)
    assert len(cut or "") <= 10


def test_nothing_is_left_of_a_budget_that_is_spent() -> None:
    """However much more was taken."""
    budget = Budget(Policy(on_spans=True, max_span_bytes=10))
    budget.take(11)
    assert budget.left == 0


def test_tools_within_the_budget_are_kept() -> None:
    """Those before the first that has no room."""
    policy = Policy(on_spans=True, max_span_bytes=100)
    tools = [{"type": "function", "name": name * 30} for name in "abcd"]
    kept = permitted({semconv.GEN_AI_TOOL_DEFINITIONS: tools}, policy)
    assert kept[semconv.GEN_AI_TOOL_DEFINITIONS].data() == tools[:1]


@pytest.mark.parametrize("names", [[], ["find"]], ids=["none", "one"])
def test_a_model_without_tools_has_no_definitions(names: list[str]) -> None:
    """An empty list says nothing."""
    tracing = Tracing()
    with instrumented(tracing, capture_message_content="SPAN_ONLY"):
        WithTools(names=names).invoke("hello")
    assert (definitions(tracing.span("chat")) is not None) == bool(names)
