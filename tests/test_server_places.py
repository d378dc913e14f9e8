"""Where a model of the user's own has its server: a field, a private one, what it makes later."""

from functools import cached_property
from types import SimpleNamespace
from typing import Any

import pytest
from langchain_core.callbacks import CallbackManager
from langchain_core.outputs import Generation, LLMResult
from pydantic import ConfigDict, PrivateAttr

from langchain_otel import semconv
from langchain_otel.operations.provider import server_of
from models import Model
from recording import Tracing

URL = "https://models.example.com:8443/v1"
FOUND = {semconv.SERVER_ADDRESS: "models.example.com", semconv.SERVER_PORT: 8443}
CLIENT = SimpleNamespace(_base_url=URL)


class Declared(Model):
    base_url: str = URL


class Below(Declared):
    other: int = 1


class Generic(Model):
    client: Any = CLIENT


class Private(Model):
    _client: Any = PrivateAttr(SimpleNamespace(_client=CLIENT))


class BelowPrivate(Private):
    other: int = 1


class Lazy(Model):
    @cached_property
    def client(self) -> Any:
        return CLIENT


class BelowLazy(Lazy):
    other: int = 1


class Mixin:
    __slots__ = ("base_url",)


class Plain:
    def __init__(self) -> None:
        self.base_url = URL


class Slotted(Mixin):
    def __init__(self) -> None:
        self.base_url = URL


class Open(Model):
    """What is not declared is kept elsewhere than the fields."""

    model_config = ConfigDict(extra="allow")


def lazy(kind: type[Lazy]) -> Any:
    model = kind()
    assert model.client is CLIENT
    return model


@pytest.mark.parametrize(
    "owner",
    [
        Declared(),
        Below(),
        Generic(),
        Private(),
        BelowPrivate(),
        lazy(Lazy),
        lazy(BelowLazy),
        Plain(),
        Slotted(),
        SimpleNamespace(base_url=URL),
    ],
    ids=lambda owner: type(owner).__name__,
)
def test_server_is_found_wherever_it_is(owner: Any) -> None:
    assert server_of(owner) == FOUND
    assert server_of(owner) == FOUND


@pytest.mark.parametrize(
    "owner", [Model(), Lazy(), Open.model_validate({"note": "x"}), Declared(base_url=""), None, 7]
)
def test_what_has_no_server_has_none(owner: Any) -> None:
    assert server_of(owner) == {}


def test_server_of_a_model_that_gets_its_client_in_its_first_call(tracing: Tracing) -> None:
    class First(Lazy):
        def _generate(self, *args: Any, **kwargs: Any) -> Any:
            assert self.client
            return super()._generate(*args, **kwargs)

    First().invoke("hi")
    (span,) = tracing.spans
    assert span.attributes is not None
    assert {name: span.attributes.get(name) for name in FOUND} == FOUND


@pytest.mark.parametrize("call", ["invoke", "stream", "batch"])
def test_a_run_that_a_model_reports_by_hand_is_not_that_model(call: str, tracing: Tracing) -> None:
    """What starts in the body of a model's run is no run of the model, whoever calls that."""

    class Reporting(Declared):
        def _generate(self, *args: Any, run_manager: Any = None, **kwargs: Any) -> Any:
            manager = CallbackManager(run_manager.handlers, parent_run_id=run_manager.run_id)
            (run,) = manager.on_llm_start({"name": "by hand"}, ["x"])
            run.on_llm_end(LLMResult(generations=[[Generation(text="y")]]))
            return super()._generate(*args, **kwargs)

    model = Reporting()
    given: Any = ["hi", "hello"] if call == "batch" else "hi"
    list(getattr(model, call)(given))
    assert len(tracing.spans) == (4 if call == "batch" else 2)
    for span in tracing.spans:
        is_inner = span.name.startswith("text_completion")
        assert (semconv.SERVER_ADDRESS in (span.attributes or {})) is not is_inner
        assert (span.parent is not None) is is_inner
