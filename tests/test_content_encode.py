"""JSON of any value: always valid, never an exception, bounded, and nobody's code is called."""

import dataclasses
import enum
import json
import subprocess
import sys
import threading
from collections import UserDict, deque, namedtuple
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import PurePosixPath
from typing import Any
from uuid import UUID

import pydantic
import pydantic.v1
import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import AIMessage

from langchain_otel import health
from langchain_otel.content.allowance import MAX_DEPTH
from langchain_otel.content.encoding import to_json
from langchain_otel.content.fields import MAX_ITEMS
from langchain_otel.content.json_data import plain


class Colour(enum.Enum):
    RED = "red"


class Level(enum.IntEnum):
    HIGH = 3


class Text(str):
    __slots__ = ()

    def __str__(self) -> str:
        raise ValueError


class Number(int):
    def __int__(self) -> int:
        raise ValueError


class Items(list[int]):
    def __iter__(self) -> Any:
        raise ValueError


class Raising:
    """Everything that can be asked of it raises."""

    def __getattribute__(self, name: str) -> Any:
        raise ValueError(name)

    def _raise(self, *_: Any) -> Any:
        raise ValueError

    __str__ = __repr__ = __iter__ = __len__ = __bool__ = __hash__ = __eq__ = _raise


class Lazy:
    def __init__(self) -> None:
        self.known = 1
        self._hidden = 2

    @property
    def costly(self) -> Any:
        raise AssertionError("called")


@dataclasses.dataclass
class Locked:
    name: str
    lock: Any


@dataclasses.dataclass(slots=True)
class Slotted:
    name: str
    other: Any


class Slots:
    __slots__ = ("first", "missing")

    def __init__(self) -> None:
        self.first = 1


class ModelV2(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="allow")
    name: str
    key: pydantic.SecretStr


Pair = namedtuple("Pair", "a b")  # noqa: PYI024


def cyclic() -> Any:
    value: dict[Any, Any] = {"name": "loop"}
    value["self"] = value
    value["list"] = [value, value]
    return value


def deep(levels: int) -> Any:
    value: Any = "end"
    for _ in range(levels):
        value = {"in": [value]}
    return value


VALUES: list[tuple[Any, Any]] = [
    (None, None),
    (float("nan"), None),
    ([float("inf"), 1.5], [None, 1.5]),
    ({("a", 1): 2, None: 3, 4: 5, Colour.RED: 6}, {"a/1": 2, "None": 3, "4": 5, "red": 6}),
    ({1: "a", "1": "b"}, {"1": "a", "1#2": "b"}),
    ("\ud800", "?"),
    ({"\ud800": 1}, {"?": 1}),
    (2**70, hex(2**70)),
    (-(2**63), -(2**63)),
    (b"secret", "<bytes> 6 bytes"),
    ({"a": bytearray(3)}, {"a": "<bytearray> 3 bytes"}),
    (Colour.RED, "red"),
    (Level.HIGH, 3),
    (Text("x"), "x"),
    ([Number(5)], [5]),
    ({"a": Items([1])}, {"a": [1]}),
    (datetime(2026, 1, 2, 3, tzinfo=UTC), "2026-01-02T03:00:00+00:00"),
    ([date(2026, 1, 2), time(3)], ["2026-01-02", "03:00:00"]),
    (timedelta(seconds=1), "0:00:01"),
    (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
    (Decimal("1.10"), "1.10"),
    (PurePosixPath("a/b"), "a/b"),
    ({1}, [1]),
    (deque([1]), [1]),
    (Pair(1, 2), [1, 2]),
    (UserDict({"a": 1}), {"a": 1}),
    (Raising(), "<Raising>"),
    ([Raising()], ["<Raising>"]),
    (Lazy(), {"known": 1}),
    (Slotted("x", None), {"name": "x", "other": None}),
    (Slots(), {"first": 1, "missing": None}),
    (
        ModelV2.model_validate({"name": "x", "key": "s", "more": 1}),
        {"name": "x", "key": "<SecretStr>", "more": 1},
    ),
    (object(), "<object>"),
    (ValueError("secret"), "<ValueError>"),
    (iter([1]), "<list_iterator>"),
    (print, "<builtin_function_or_method>"),
    (Colour, "<EnumType>"),
    (cyclic(), {"name": "loop", "self": "<cycle>", "list": ["<cycle>", "<cycle>"]}),
]


def test_messages() -> None:
    """A message alone is its content; among other values it says whose it is."""
    call = {"name": "add", "args": {}, "id": "c1", "type": "tool_call"}
    message = AIMessage("said", additional_kwargs={"noise": 1}, tool_calls=[call])
    assert plain(message) == "said"
    assert plain([message]) == [{"type": "ai", "content": "said", "tool_calls": [call]}]


@pytest.mark.parametrize(("value", "expected"), VALUES, ids=lambda value: type(value).__name__)
def test_value(value: Any, expected: Any) -> None:
    """Each odd value has a plain form, at the top and inside."""
    assert json.loads(to_json(value)) == expected
    assert json.loads(to_json({"in": [value]})) == {"in": [expected]}


def test_lock_in_a_dataclass() -> None:
    """What cannot be copied is described by its type."""
    assert json.loads(to_json(Locked("x", threading.Lock()))) == {"name": "x", "lock": "<lock>"}


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")
@pytest.mark.skipif(sys.version_info >= (3, 14), reason="pydantic.v1 ends there")
def test_pydantic_v1() -> None:
    """Models of both generations are read by their fields."""

    class ModelV1(pydantic.v1.BaseModel):
        name: str

    assert json.loads(to_json(ModelV1(name="x"))) == {"name": "x"}


def test_shared_values_are_no_cycles() -> None:
    """The same object in two places is said twice."""
    shared = [1]
    assert json.loads(to_json([Colour.RED, shared, shared])) == ["red", [1], [1]]


def test_depth_is_bounded() -> None:
    """Nesting ends with the type of what is below."""
    found = plain(deep(10_000))
    for _ in range(MAX_DEPTH // 2):
        found = found["in"][0]
    assert found == "<dict>"
    json.loads(to_json(deep(10_000)))


def test_long_lists_are_cut() -> None:
    """The marker says how many are missing."""
    found = plain(list(range(100_000)))
    assert found[:MAX_ITEMS] == list(range(MAX_ITEMS))
    assert found[MAX_ITEMS:] == [f"…[{100_000 - MAX_ITEMS} items cut]"]
    assert plain({n: n for n in range(2_000)})["…"] == "[1000 entries cut]"


def lattice() -> Any:
    value: Any = [1]
    for _ in range(12):
        value = [value] * 256
    return value


@pytest.mark.parametrize(
    "value",
    [
        lattice(),
        list(range(100_000)),
        ["x" * 100] * 100_000,
        "x" * 50_000_000,
        "\ud800" * 5_000_000,
        {"a": ["ä" * 1_000_000] * 100},
        [[[]] * 1_000] * 1_000,
    ],
    ids=["lattice", "ints", "texts", "huge", "surrogates", "many huge", "empty"],
)
def test_bounded_in_size_and_work(value: Any) -> None:
    """Less than 1 MB, by a number of calls that says nothing of the value."""
    calls = 0

    def note(*_: object) -> None:
        nonlocal calls
        calls += 1

    sys.setprofile(note)
    try:
        encoded = to_json(value)
    finally:
        sys.setprofile(None)
    assert calls < 500_000
    assert len(encoded.encode()) <= 1_000_000
    json.loads(encoded)
    health.failures.clear()


ODD = [value for value, _ in VALUES] + [threading.Lock(), deep(500)]
KEYS = st.text() | st.integers() | st.none() | st.tuples(st.text(), st.integers()) | st.floats()
ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(exclude_categories=()))
    | st.binary()
    | st.integers(0, len(ODD) - 1).map(lambda place: ODD[place]),
    lambda inner: st.lists(inner) | st.dictionaries(KEYS, inner) | st.tuples(inner, inner),
    max_leaves=30,
)


@given(ANYTHING)
def test_always_valid(value: Any) -> None:
    """Whatever is in it: valid JSON, in UTF-8, within the limit, the same each time."""
    encoded = to_json(value)
    assert len(encoded.encode()) <= 1_000_000
    json.loads(encoded, parse_constant=pytest.fail)
    assert to_json(value) == encoded
    health.failures.clear()


@given(st.recursive(st.none() | st.booleans() | st.text(max_size=9), st.lists, max_leaves=9))
def test_plain_data_is_unchanged(value: Any) -> None:
    """What JSON can say is said as it is."""
    assert json.loads(to_json(value)) == plain(value) == value


NUMPY = """
import sys
from types import ModuleType
from langchain_otel.content.json_data import plain
assert "numpy" not in sys.modules
numpy = sys.modules["numpy"] = ModuleType("numpy")

class float32:
    shape = ()
    def item(self): return 0.5

class ndarray:
    def __init__(self, values):
        self.values, self.size = values, len(values)
        self.shape, self.dtype = (len(values),), "float32"
    def tolist(self): return list(self.values)

float32.__module__ = ndarray.__module__ = "numpy"
assert plain({"a": float32(), "b": ndarray([1.0, 2.0])}) == {"a": 0.5, "b": [1.0, 2.0]}
assert plain(ndarray([0.0] * 5000)) == "<ndarray float32 (5000,)>"
"""


def test_numpy_is_known_and_not_imported() -> None:
    """Scalars and small arrays are numbers, where the application has imported numpy."""
    subprocess.run([sys.executable, "-c", NUMPY], check=True)
