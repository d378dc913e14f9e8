"""A model's description is remembered from call to call; whatever changes in between is described.

What a model says of a call that came after others is what another model says that is asked for the
first time.
"""

import copy
from collections.abc import Mapping
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from models import Model
from recording import Tracing, instrumented

PARAMETERS: Final = (
    "model",
    "model_name",
    "temperature",
    "max_tokens",
    "max_completion_tokens",
    "top_k",
    "stop",
    "seed",
    "n",
    "response_format",
    "reasoning_effort",
    "service_tier",
    "tools",
    "_type",
)
VALUES: Final = (
    *(None, 1, 1.0, True, 0, False, "1", "a", "openai", "json", float("nan")),
    *(["a"], ["b"], {"type": "json_object"}, {"type": "text"}),
)
METADATA: Final = ("ls_provider", "ls_model_name", "ls_temperature", "ls_max_tokens", "ls_stop")


class Changing(Model):
    """A model that is called with whatever parameters it holds at the time."""

    parameters: dict[str, Any] = Field(default_factory=dict)
    said: dict[str, Any] = Field(default_factory=dict)

    def _get_invocation_params(self, stop: Any = None, **kwargs: Any) -> dict[str, Any]:
        return self.parameters

    def _get_ls_params(self, stop: Any = None, **kwargs: Any) -> Any:
        return dict(self.said)


def described(model: Changing) -> dict[str, Any]:
    """The attributes of a call, without what each run has of its own."""
    tracing = Tracing()
    with instrumented(tracing):
        model.invoke("hello")
    (span,) = tracing.spans
    attributes = {name: str(value) for name, value in (span.attributes or {}).items()}
    return {"name": span.name} | {
        name: value for name, value in attributes.items() if not name.endswith("run.id")
    }


def described_first(parameters: Mapping[str, Any], said: Mapping[str, Any]) -> dict[str, Any]:
    return described(Changing(parameters=dict(parameters), said=dict(said)))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param({"max_tokens": 1}, {"max_tokens": True}, id="an equal value of a type"),
        pytest.param({"temperature": 0.5}, {"temperature": 0.7}, id="another value"),
        pytest.param({"model": "a"}, {"model": "a", "seed": 7}, id="one more"),
        pytest.param({"model": "a", "seed": 7}, {"model": "a"}, id="one less"),
        pytest.param({"seed": 7}, {"top_k": 7}, id="another name"),
        pytest.param({"seed": None}, {"seed": 7}, id="none before"),
        pytest.param({"tools": []}, {"tools": [], "service_tier": "flex"}, id="beside others"),
    ],
)
def test_a_change_is_described(before: dict[str, Any], after: dict[str, Any]) -> None:
    """A parameter that changes in any way changes the span."""
    model = Changing(parameters=before)
    assert described(model) == described(model) == described_first(before, {})
    model.parameters = after
    assert described(model) == described_first(after, {})
    model.parameters = before
    assert described(model) == described_first(before, {})


def test_a_change_in_place_is_described() -> None:
    """A list that a model holds, and changes, is read at each call."""
    model = Changing(parameters={"stop": ["a"]})
    before = described(model)
    model.parameters["stop"].append("b")
    after = described(model)
    assert before != after == described_first({"stop": ["a", "b"]}, {})


def entries(names: tuple[str, ...]) -> st.SearchStrategy[dict[str, Any]]:
    return st.dictionaries(st.sampled_from(names), st.sampled_from(VALUES), max_size=4)


@given(st.lists(st.tuples(entries(PARAMETERS), entries(METADATA)), min_size=2, max_size=4))
def test_any_calls_one_after_the_other(calls: list[tuple[dict[str, Any], dict[str, Any]]]) -> None:
    """Each call of a model is described as if it were its first."""
    model = Changing()
    for parameters, said in copy.deepcopy(calls):
        model.parameters, model.said = parameters, said
        assert described(model) == described_first(parameters, said)
