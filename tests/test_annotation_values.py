"""Tags and metadata of any type are recorded, or left out without being touched."""

import json
from collections import UserDict, deque
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum, IntEnum, StrEnum
from fractions import Fraction
from ipaddress import ip_address
from pathlib import PurePosixPath
from typing import Any, Final, TypedDict
from uuid import UUID

import numpy as np
import pytest
from langchain_core.runnables import RunnableLambda
from langgraph.graph import START, StateGraph
from opentelemetry import context
from opentelemetry.context import Context
from pydantic import BaseModel, SecretStr

from langchain_otel import health, semconv
from langchain_otel.content.values import MAX_ITEMS, MAX_TEXT
from models import Model
from recording import Tracing, instrumented

pytestmark = pytest.mark.usefixtures("wrapped_once")

KEY: Final = f"{semconv.METADATA}key"
AN_ID: Final = UUID("0190a1b2-0000-7000-8000-000000000001")


def kind_of(value: Any) -> str:
    """A name that every worker makes alike."""
    return type(value).__name__


class State(TypedDict):
    x: Any


class Tier(Enum):
    GOLD = "gold"
    PAIR = (1, "a")


class Level(IntEnum):
    HIGH = 3


class Word(StrEnum):
    YES = "yes"


class Name(str):
    """A text with a mind of its own."""

    __slots__ = ()

    def __str__(self) -> str:
        raise ValueError("not to be asked")


@dataclass
class Point:
    x: int
    y: Any = None


class Slotted:
    __slots__ = ("_hidden", "shown")

    def __init__(self) -> None:
        self.shown, self._hidden = 1, 2


class Account(BaseModel):
    owner: str
    key: SecretStr


def step() -> Any:
    return RunnableLambda(lambda it: it, name="step")


def recorded(tracing: Tracing, metadata: dict[Any, Any]) -> dict[str, Any]:
    """What stands on the span of a run with these metadata."""
    step().invoke(0, {"metadata": metadata})
    return dict(tracing.span("invoke_workflow step").attributes or {})


TEXTS: Final = [
    (AN_ID, str(AN_ID)),
    (date(2026, 11, 26), "2026-11-26"),
    (datetime(2026, 11, 26, 1, 2, 3, tzinfo=UTC), "2026-11-26T01:02:03+00:00"),
    (timedelta(minutes=1), "0:01:00"),
    (Decimal("12.50"), "12.50"),
    (Fraction(1, 3), "1/3"),
    (ip_address("10.0.0.1"), "10.0.0.1"),
    (PurePosixPath("/a/b"), "/a/b"),
    (1 + 2j, "(1+2j)"),
    (Tier.GOLD, "gold"),
    (Word.YES, "yes"),
    (Level.HIGH, 3),
    (Name("named"), "named"),
    (np.int64(7), 7),
    (np.uint8(7), 7),
    (np.float32(0.5), 0.5),
    (np.float64(0.25), 0.25),
    (np.bool_(True), True),
    (np.str_("text"), "text"),
    (np.datetime64("2026-11-26"), "2026-11-26"),
    (np.array(7), 7),
    (2**63, str(2**63)),
    (-(2**63), -(2**63)),
    (10**5000, "<int 16610 bits>"),
    (True, True),
    ("", ""),
]
LISTS: Final = [
    (["a", "b"], ("a", "b")),
    (("a", "b"), ("a", "b")),
    ({"a"}, ("a",)),
    (frozenset((1,)), (1,)),
    (deque([1, 2]), (1, 2)),
    ([1, 2], (1, 2)),
    ([1, 2.5], (1.0, 2.5)),
    ([True, False], (True, False)),
    (["a", 7, True], ("a", "7", "True")),
    ([AN_ID, Tier.GOLD], (str(AN_ID), "gold")),
    ([2**63, 1], (str(2**63), "1")),
    (np.array([1, 2]), (1, 2)),
    ([np.float32(0.5)], (0.5,)),
    ([], ()),
]
REST: Final = [
    ({"a": 1, 7: [date(2026, 11, 26)]}, {"a": 1, "7": ["2026-11-26"]}),
    (["a", None], ["a", None]),
    ([[1], [2]], [[1], [2]]),
    ([{"a": 1}], [{"a": 1}]),
    (np.array([[1], [2]]), [[1], [2]]),
    (Point(1, "b"), {"x": 1, "y": "b"}),
    (Slotted(), {"shown": 1}),
    (Account(owner="ada", key=SecretStr("hidden")), {"owner": "ada", "key": "<SecretStr>"}),
    (Tier.PAIR, [1, "a"]),
    (UserDict({"a": 1}), {"a": 1}),
]


@pytest.mark.parametrize(("value", "expected"), [*TEXTS, *LISTS], ids=kind_of)
def test_values(value: Any, expected: Any, tracing: Tracing) -> None:
    """Numbers stay numbers, ids and dates become their text, a collection a list of one type."""
    found = recorded(tracing, {"key": value})[KEY]
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(("value", "expected"), REST, ids=kind_of)
def test_the_rest_is_json(value: Any, expected: Any, tracing: Tracing) -> None:
    """Maps, nested lists and objects by their public fields."""
    assert json.loads(recorded(tracing, {"key": value})[KEY]) == expected


@pytest.mark.parametrize("value", [print, Model, object(), b"bytes", iter([1])], ids=kind_of)
def test_what_has_no_form_says_its_type(value: Any, tracing: Tracing) -> None:
    """A function, a class, an object without fields: nothing vanishes without a word."""
    assert type(value).__name__ in recorded(tracing, {"key": value})[KEY]


def test_generators_are_not_consumed(tracing: Tracing) -> None:
    """What can be read once is read by the application alone."""
    numbers = (number for number in (1, 2))
    recorded(tracing, {"key": numbers, "list": [numbers]})
    assert list(numbers) == [1, 2]


def test_everything_is_bounded(tracing: Tracing) -> None:
    """Texts, lists and JSON have an end, and meeting it is counted."""
    large = {"text": "x" * 5_000, "list": list(range(500)), "map": {"a": ["y" * 900] * 500}}
    attributes = recorded(tracing, large)
    assert len(attributes[f"{semconv.METADATA}text"]) == MAX_TEXT
    assert len(attributes[f"{semconv.METADATA}list"]) == MAX_ITEMS
    assert len(attributes[f"{semconv.METADATA}map"]) <= 8_192
    assert json.loads(attributes[f"{semconv.METADATA}map"])
    assert health.failures
    health.failures.clear()


def test_too_many_entries_are_counted(tracing: Tracing) -> None:
    """Metadata and tags beyond the limit do not vanish in silence."""
    step().invoke(
        0,
        {
            "metadata": {f"key {number}": number for number in range(100)},
            "tags": [f"tag {number}" for number in range(100)],
        },
    )
    assert health.failures.pop("the limit of metadata of a run") == 1
    assert health.failures.pop("the limit of tags of a run") == 1


KEYS: Final = [
    (7, "7"),
    (None, "None"),
    (1.5, "1.5"),
    (True, "True"),
    (AN_ID, str(AN_ID)),
    (date(2026, 11, 26), "2026-11-26"),
    (Tier.GOLD, "gold"),
    (Level.HIGH, "3"),
    (("a", 7), "a/7"),
    (Name("named"), "named"),
    (object(), "<object>"),
    (2**70, str(2**70)),
]


@pytest.mark.parametrize(("key", "expected"), KEYS, ids=kind_of)
def test_keys(key: Any, expected: str, tracing: Tracing) -> None:
    """A key is its text, and costs no other annotation."""
    attributes = recorded(tracing, {"before": 1, key: "v", "after": 2})
    for name, value in (("before", 1), (expected, "v"), ("after", 2)):
        assert attributes[semconv.METADATA + name] == value


def test_keys_that_look_alike(tracing: Tracing) -> None:
    """Both are there."""
    attributes = recorded(tracing, {7: "number", "7": "text"})
    found = [value for name, value in attributes.items() if name.startswith(semconv.METADATA)]
    assert sorted(found) == ["number", "text"]


@pytest.mark.parametrize("detail", ["all", "nodes", "semantic"])
def test_tags(detail: str) -> None:
    """A tag is its text, at every level of detail, and the whole trace is there."""
    tracing = Tracing()
    tags: Any = ["x", 7, Tier.GOLD, AN_ID, date(2026, 11, 26), ("a", 1), 2.5, "x"]
    graph: Any = StateGraph(State).add_node("node", lambda state: {"x": Model().invoke("x")})
    compiled = graph.add_edge(START, "node").compile(name="graph")
    with instrumented(tracing, detail=detail):
        compiled.invoke({"x": 1}, {"tags": tags})
    assert {"invoke_workflow graph", "chat"} <= set(tracing.names())
    attributes = dict(tracing.span("invoke_workflow graph").attributes or {})
    expected = {"x", "7", "gold", str(AN_ID), "2026-11-26", '["a","1"]', "2.5"}
    assert set(attributes[semconv.TAGS]) == expected  # type: ignore[arg-type]
    assert semconv.TAGS not in (tracing.span("chat").attributes or {})


@pytest.mark.parametrize("where", ["configurable", "metadata"])
@pytest.mark.parametrize(
    ("value", "expected"),
    [(AN_ID, str(AN_ID)), (7, "7"), (Tier.GOLD, "gold"), (np.int64(7), "7"), (2**70, str(2**70))],
    ids=ascii,
)
def test_identity(value: Any, expected: str, where: str, tracing: Tracing) -> None:
    """A conversation, a user and a session may be named by what is no text."""
    config: Any = {where: {"thread_id": value, "user_id": value, "session.id": value}}
    around: Any = RunnableLambda(lambda it: Model().invoke("x"), name="step")
    around.invoke(0, config)
    attributes = dict(tracing.span("chat").attributes or {})
    assert attributes[semconv.GEN_AI_CONVERSATION_ID] == expected
    root = tracing.spans[-1].attributes or {}
    assert root[semconv.USER_ID] == root[semconv.SESSION_ID] == expected


def test_request_parameters(tracing: Tracing) -> None:
    """Numbers of other types count as such; what is a number of no double is left out."""
    stop: Any = ["a", 7, Word.YES]
    Model().invoke(
        "x",
        temperature=np.float32(0.5),
        top_p=Decimal("0.25"),
        seed=np.int64(5),
        max_tokens=Level.HIGH,
        stop=stop,
    )
    attributes = dict(tracing.span("chat").attributes or {})
    assert attributes[semconv.GEN_AI_REQUEST_TEMPERATURE] == 0.5
    assert attributes[semconv.GEN_AI_REQUEST_TOP_P] == 0.25
    assert attributes[semconv.GEN_AI_REQUEST_SEED] == 5
    assert attributes[semconv.GEN_AI_REQUEST_MAX_TOKENS] == 3
    assert attributes[semconv.GEN_AI_REQUEST_STOP_SEQUENCES] == ("a", "7", "yes")


def test_arrays_are_not_compared(tracing: Tracing) -> None:
    """Another array under the key that the parent has, too, costs no annotation."""

    def body(_: Any) -> Any:
        return step().invoke(0, {"metadata": {"key": np.array([1, 3]), "z": 2}})

    RunnableLambda(body, name="outer").invoke(0, {"metadata": {"key": np.array([1, 2])}})
    attributes = dict(tracing.span("step").attributes or {})
    assert attributes[KEY] == (1, 3)
    assert attributes[f"{semconv.METADATA}z"] == 2


@pytest.mark.parametrize(("name", "expected"), [(7, "7"), (AN_ID, str(AN_ID)), (Tier.GOLD, "gold")])
def test_run_names(name: Any, expected: str, tracing: Tracing) -> None:
    """A run's name that is no text is recorded as its text, in the span's name or beside it."""
    RunnableLambda(lambda it: it).invoke(0, {"run_name": name})
    step().invoke(0, {"run_name": name})
    assert tracing.names() == [f"invoke_workflow {expected}", "invoke_workflow step"]
    assert (tracing.spans[1].attributes or {})[semconv.RUN_NAME] == expected


def test_surroundings_of_openinference() -> None:
    """What another instrumentation puts into the context may be of any type, too."""
    tracing = Tracing()
    given = {"session.id": 7, "user.id": AN_ID, "tag.tags": ["a", Tier.GOLD]}
    ambient = Context({**context.get_current(), **given})
    with instrumented(tracing, dialect="openinference"):
        token = context.attach(ambient)
        step().invoke(0)
        context.detach(token)
    attributes = dict(tracing.spans[0].attributes or {})
    assert attributes["session.id"] == 7
    assert attributes["user.id"] == str(AN_ID)
    assert attributes["tag.tags"] == ("a", "gold")
