"""Objects that load or compute something when they are looked at are left out, untouched."""

import weakref
from collections.abc import Callable, Iterator
from typing import Any, Final
from unittest.mock import MagicMock
from uuid import uuid4

import pytest
import wrapt
from langchain_core.runnables import RunnableLambda

from langchain_otel import OpenTelemetryCallbackHandler, health, semconv
from models import Model
from recording import Tracing


class Touched(BaseException):
    """Passes through whoever catches exceptions."""


def load() -> Any:
    raise Touched


class Lazy:
    """As Django's `SimpleLazyObject`: whatever is asked of it loads what it stands for."""

    def __getattr__(self, name: str) -> Any:
        return getattr(load(), name)

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        return type(load())

    def __eq__(self, other: object) -> bool:
        return bool(load() == other)

    def __hash__(self) -> int:
        return 7

    def __str__(self) -> str:
        return str(load())

    __repr__ = __str__


class Computed:
    """An object that computes whatever is read of it."""

    def __getattribute__(self, name: str) -> Any:
        return load()

    def __eq__(self, other: object) -> bool:
        return bool(load() == other)

    def __hash__(self) -> int:
        return 7


class Referent:
    """What a weak proxy stands for."""

    def __str__(self) -> str:
        return str(load())

    def __eq__(self, other: object) -> bool:
        return bool(load() == other)

    def __hash__(self) -> int:
        return 7

    @property
    def __dict__(self) -> Any:  # type: ignore[override]
        return load()


class Row:
    """An object of an ORM: what it has is in its fields, what it might have must be loaded."""

    def __init__(self) -> None:
        self.id = 7

    @property
    def related(self) -> Any:
        return load()


REFERENT: Final = Referent()
KINDS: Final[dict[str, Callable[[], Any]]] = {
    "class like Django's": Lazy,
    "wrapt.ObjectProxy": lambda: wrapt.ObjectProxy(Referent()),
    "weakref.proxy": lambda: weakref.proxy(REFERENT),
    "__getattribute__": Computed,
    "MagicMock": MagicMock,
}
if hasattr(wrapt, "LazyObjectProxy"):
    # It came with wrapt 2.
    KINDS["wrapt.LazyObjectProxy"] = lambda: wrapt.LazyObjectProxy(load)
LEFT_OUT: Final = "the limit of what is looked at"
kinds = pytest.mark.parametrize("make", KINDS.values(), ids=list(KINDS))


@pytest.fixture
def said() -> Iterator[None]:
    """That something was left out is said, and counted."""
    yield
    assert health.failures.pop(LEFT_OUT) >= 1


@kinds
@pytest.mark.parametrize("key", ["user", "user_id", "thread_id", "session.id"])
@pytest.mark.usefixtures("said")
def test_metadata(make: Callable[[], Any], key: str, tracing: Tracing) -> None:
    """They are left out, and all else of the run is there."""
    value = make()

    def body(_: Any) -> Any:
        return Model().invoke("x", {"metadata": {"own": value}})

    RunnableLambda(body, name="step").invoke(0, {"metadata": {"before": 1, key: value, "z": 2}})
    attributes = dict(tracing.span("invoke_workflow step").attributes or {})
    assert attributes[f"{semconv.METADATA}before"] == 1
    assert attributes[f"{semconv.METADATA}z"] == 2
    assert not [name for name in attributes if name.endswith(key)]
    assert "chat" in tracing.names()
    if make is MagicMock:
        assert value.mock_calls == []


@kinds
def test_what_the_conventions_name(make: Callable[[], Any], tracing: Tracing) -> None:
    """Nor is one looked at that stands where a model's name or a parameter is wanted."""
    value = make()
    metadata = {"ls_model_name": value, "ls_provider": value, "ls_temperature": value}
    Model().invoke("x", {"metadata": metadata}, seed=value, top_p=value)
    attributes = dict(tracing.span("chat").attributes or {})
    assert attributes[semconv.GEN_AI_PROVIDER_NAME]
    assert semconv.GEN_AI_REQUEST_SEED not in attributes


@kinds
@pytest.mark.usefixtures("said")
def test_tags(make: Callable[[], Any], tracing: Tracing) -> None:
    """A tag is not compared, either: not with those of the run around."""
    value = make()
    handler = OpenTelemetryCallbackHandler()
    outer, inner = uuid4(), uuid4()
    handler.on_chain_start({}, {}, run_id=outer, name="step", tags=["a", value])
    handler.on_chain_start(
        {}, {}, run_id=inner, parent_run_id=outer, name="child", tags=["b", make()]
    )
    handler.on_chain_end({}, run_id=inner)
    handler.on_chain_end({}, run_id=outer)
    assert (tracing.span("invoke_workflow step").attributes or {})[semconv.TAGS] == ("a",)
    assert (tracing.span("child").attributes or {})[semconv.TAGS] == ("b",)


@pytest.mark.parametrize("around", [lambda it: [it], lambda it: {"user": it}], ids=["list", "map"])
@kinds
def test_inside_of_others(make: Callable[[], Any], around: Any, tracing: Tracing) -> None:
    """What holds one is recorded; of the object itself no more than its type."""
    RunnableLambda(lambda it: it, name="step").invoke(0, {"metadata": {"key": around(make())}})
    assert (tracing.span("invoke_workflow step").attributes or {})[f"{semconv.METADATA}key"]
    health.failures.pop(LEFT_OUT, None)


def test_properties_are_not_called(tracing: Tracing) -> None:
    """Of an ordinary object the fields are recorded, and nothing is computed."""
    RunnableLambda(lambda it: it, name="step").invoke(0, {"metadata": {"row": Row()}})
    assert (tracing.span("invoke_workflow step").attributes or {})[
        f"{semconv.METADATA}row"
    ] == '{"id":7}'
