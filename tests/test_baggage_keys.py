"""Entries of the baggage that the option `baggage_keys` chooses are attributes of every span."""

import asyncio
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from langchain_core.runnables import RunnableLambda, RunnableParallel
from opentelemetry import baggage, context, propagate
from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
from opentelemetry.sdk.trace import TracerProvider

from langchain_otel import OpenTelemetryCallbackHandler, attributes, conversation, health, semconv
from langchain_otel.config import configured
from models import Model, StreamingModel
from recording import Tracing, instrumented
from servers.otlp_sink import running_sink
from unneeded import ALONE
from waiting import PATIENCE

VARIABLE: Final = "OTEL_INSTRUMENTATION_LANGCHAIN_BAGGAGE_KEYS"
KEYS: Final = "tenant,app.*"


@contextmanager
def in_baggage(**entries: Any) -> Iterator[None]:
    """A block whose baggage has these entries; `__` stands for a dot."""
    ambient = context.get_current()
    for name, value in entries.items():
        ambient = baggage.set_baggage(name.replace("__", "."), value, ambient)
    token = context.attach(ambient)
    try:
        yield
    finally:
        context.detach(token)


def asking() -> Any:
    """A step that asks a model."""
    return RunnableLambda(lambda it: Model().invoke(it), name="asking")


def found(tracing: Tracing, *names: str) -> list[tuple[Any, ...]]:
    """What the spans say under these names, in their order of ending."""
    return [tuple((span.attributes or {}).get(name) for name in names) for span in tracing.spans]


def ask(**options: Any) -> Tracing:
    """A chain that runs in some baggage."""
    tracing = Tracing()
    with instrumented(tracing, **options), in_baggage(tenant="acme", app__tier="gold", token="x"):
        asking().invoke("hi")
    return tracing


def test_nothing_is_recorded_by_default() -> None:
    """Baggage may come from anywhere, and hold anything."""
    assert found(ask(), "tenant", "app.tier", "token") == [(None, None, None)] * 2


@pytest.mark.parametrize(
    ("keys", "recorded"),
    [
        ("tenant", ("acme", None, None)),
        (" tenant , other ,", ("acme", None, None)),
        (KEYS, ("acme", "gold", None)),
        ("app.*", (None, "gold", None)),
        ("app*", (None, "gold", None)),
        ("app", (None, None, None)),
        ("*", ("acme", "gold", "x")),
        ("t*", ("acme", None, "x")),
        (["tenant", "token"], ("acme", None, "x")),
        (("tenant",), ("acme", None, None)),
        ([], (None, None, None)),
    ],
    ids=repr,
)
@pytest.mark.parametrize("way", ["argument", "variable"])
def test_keys(keys: Any, recorded: Any, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exact ones, and beginnings, on every span."""
    if way == "variable":
        monkeypatch.setenv(VARIABLE, keys if isinstance(keys, str) else ",".join(keys))
        tracing = ask()
    else:
        tracing = ask(baggage_keys=keys)
    assert found(tracing, "tenant", "app.tier", "token") == [recorded] * 2


def test_argument_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty list records none, though the variable has some."""
    monkeypatch.setenv(VARIABLE, "tenant")
    assert found(ask(baggage_keys=[]), "tenant") == [(None,)] * 2


INVALID: Final = ("a*b", "*.tier", "gen_ai.request.model", "gen_ai.*", "langchain.x", "error.type")


@pytest.mark.parametrize("keys", INVALID)
def test_invalid_argument(keys: str) -> None:
    """The message names the option, what it takes and the value."""
    for given in (keys, ["tenant", keys]):
        with pytest.raises(ValueError, match="baggage_keys must be keys with commas") as raised:
            configured({"baggage_keys": given})
        assert repr(given) in str(raised.value)


@pytest.mark.parametrize("wrong", [7, {"tenant"}, {"tenant": 1}, True], ids=repr)
def test_argument_of_the_wrong_type(wrong: Any) -> None:
    """The same, as a TypeError."""
    with pytest.raises(TypeError, match="baggage_keys must be keys with commas between them, or a"):
        configured({"baggage_keys": wrong})


@pytest.mark.parametrize("wrong", [[7], [None], b"tenant"], ids=repr)
def test_items_that_are_no_texts(wrong: Any) -> None:
    """They are no keys."""
    with pytest.raises(ValueError, match="baggage_keys must be"):
        configured({"baggage_keys": wrong})


@pytest.mark.parametrize("keys", INVALID)
def test_invalid_variable(
    keys: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """One warning names the variable; no baggage is recorded."""
    monkeypatch.setenv(VARIABLE, f"tenant,{keys}")
    assert found(ask(), "tenant") == [(None,)] * 2
    warnings = [each for each in caplog.records if each.levelno >= logging.WARNING]
    assert [VARIABLE in each.getMessage() for each in warnings] == [True]
    caplog.clear()


def test_what_is_recorded_of_runs_stays() -> None:
    """Under a beginning that takes all, baggage says nothing under the conventions' names."""
    tracing = Tracing()
    entries: dict[str, Any] = {
        semconv.GEN_AI_OPERATION_NAME: "theirs",
        semconv.ERROR_TYPE: "theirs",
        semconv.RUN_NAME: "theirs",
        semconv.USER_ID: "ada",
    }
    with instrumented(tracing, baggage_keys="*"), in_baggage(**entries):
        asking().invoke("hi")
        with conversation(user="bob"):
            asking().invoke("hi")
    assert not [name for span in tracing.spans for name, v in _items(span) if v == "theirs"]
    assert found(tracing, semconv.USER_ID) == [("ada",), ("ada",), (None,), ("bob",)]


def _items(span: Any) -> list[tuple[str, Any]]:
    return list((span.attributes or {}).items())


def test_what_is_no_text() -> None:
    """In the process, an entry may be anything: it is as metadata are, bounded."""
    tracing = Tracing()
    with (
        instrumented(tracing, baggage_keys="*"),
        in_baggage(number=7, long="x" * 5_000, map={"a": 1}, none=None),
    ):
        Model().invoke("hi")
    assert found(tracing, "number", "long", "map", "none") == [(7, "x" * 1_024, '{"a":1}', None)]


def test_limit() -> None:
    """A header of many entries does not flood a span; that it was met is counted."""
    tracing = Tracing()
    entries = {f"app.{number}": str(number) for number in range(100)}
    with instrumented(tracing, baggage_keys="app.*"), in_baggage(**entries):
        Model().invoke("hi")
    assert len([name for name, _ in _items(tracing.spans[0]) if name.startswith("app.")]) == 64
    assert health.failures.pop("the limit of baggage on a span") == 1


def test_attributes_win() -> None:
    """What the application says in code is nearer than what came along."""
    tracing = Tracing()
    with instrumented(tracing, baggage_keys=KEYS), in_baggage(tenant="acme", app__tier="gold"):
        with attributes(tenant="own"):
            Model().invoke("hi")
        Model().invoke("hi")
    assert found(tracing, "tenant", "app.tier") == [("own", "gold"), ("acme", "gold")]


def test_redact() -> None:
    """It is given every text with the key."""
    tracing = Tracing()

    def redact(text: str, name: str) -> str | None:
        return None if name == "tenant" else text.upper()

    with (
        instrumented(tracing, baggage_keys=KEYS, redact=redact),
        in_baggage(tenant="acme", app__tier="gold"),
    ):
        Model().invoke("hi")
    assert found(tracing, "tenant", "app.tier") == [(None, "GOLD")]


def test_baggage_that_changes_inside() -> None:
    """Each span has what is current where its run starts; a user's own step may set it."""

    def body(text: str) -> Any:
        with in_baggage(tenant="inner"):
            Model().invoke(text)
        return Model().invoke(text)

    tracing = Tracing()
    step: Any = RunnableLambda(body)
    with instrumented(tracing, baggage_keys=KEYS), in_baggage(tenant="outer"):
        step.invoke("hi")
    assert found(tracing, "tenant") == [("inner",), ("outer",), ("outer",)]


def test_threads_tasks_and_streams() -> None:
    """Those of LangChain have the baggage of their caller."""
    tracing = Tracing()
    chain = RunnableLambda(str.upper) | RunnableParallel(a=asking(), b=StreamingModel())

    async def streamed() -> None:
        async for _ in chain.astream_events("hi", version="v2"):
            """Read."""

    with instrumented(tracing, baggage_keys=KEYS), in_baggage(tenant="acme"):
        chain.batch(["a", "b"])
        list(chain.stream("hi"))
        asyncio.run(streamed())
    assert set(found(tracing, "tenant")) == {("acme",)}


def test_log_records() -> None:
    """They have what the span has."""
    tracing = Tracing()
    with instrumented(tracing, baggage_keys=KEYS, emit_event=True), in_baggage(tenant="acme"):
        Model().invoke("hi")
    (record,) = tracing.logs
    assert (record.log_record.attributes or {})["tenant"] == "acme"


@pytest.mark.parametrize("dialect", ["openinference", "both"])
def test_dialects(dialect: str) -> None:
    """They stand there too."""
    assert found(ask(baggage_keys=KEYS, dialect=dialect), "tenant") == [("acme",)] * 2


def test_each_recorder_has_its_own() -> None:
    """What one handler chose is not recorded by another, also below its runs."""
    chosen, other, none = Tracing(), Tracing(), Tracing()
    handlers = [
        OpenTelemetryCallbackHandler(chosen.tracer_provider, baggage_keys="tenant"),
        OpenTelemetryCallbackHandler(other.tracer_provider, baggage_keys="app.*"),
    ]
    with instrumented(none), in_baggage(tenant="acme", app__tier="gold"):
        asking().invoke("hi", {"callbacks": handlers})
    assert found(chosen, "tenant", "app.tier") == [("acme", None)] * 2
    assert found(other, "tenant", "app.tier") == [(None, "gold")] * 2
    assert found(none, "tenant", "app.tier") == [(None, None)] * 2


@pytest.mark.parametrize("path", ["/plain", "/stream"])
def test_baggage_of_a_request(path: str) -> None:
    """What a client sends in the header `baggage` is there, below an instrumented server."""
    tracing = Tracing()
    application = FastAPI()
    chain = RunnableLambda(str.upper) | StreamingModel()

    @application.get("/plain")
    def plain() -> str:
        return str(chain.invoke("hi").content)

    @application.get("/stream")
    async def stream() -> StreamingResponse:
        return StreamingResponse(str(chunk.content) async for chunk in chain.astream("hi"))

    FastAPIInstrumentor.instrument_app(
        application, tracer_provider=TracerProvider(shutdown_on_exit=False)
    )

    async def request() -> httpx.Response:
        headers: dict[str, str] = {}
        with in_baggage(tenant="ac me,1", app__tier="gold"):
            propagate.inject(headers)
        transport = httpx.ASGITransport(application)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return await client.get(path, headers=headers)

    with instrumented(tracing, baggage_keys=KEYS):
        assert "one" in asyncio.run(request()).text
    assert len(tracing.spans) == 3
    assert set(found(tracing, "tenant", "app.tier")) == {("ac me,1", "gold")}


PROGRAM: Final = """\
from langchain_core.language_models import FakeListChatModel
from langchain_core.runnables import RunnableLambda
from opentelemetry import baggage, context
{set_up}
import langchain_otel
model = FakeListChatModel(responses=["hi"])
step = RunnableLambda(lambda text: model.invoke(text), name="step")
context.attach(baggage.set_baggage("tenant", "acme"))
with langchain_otel.attributes(tier="gold"):
    step.invoke("hello")
"""
COMMAND: Final = str(Path(sys.executable).with_name("opentelemetry-instrument"))
SET_UPS: Final = {
    "command": ([COMMAND, sys.executable], ""),
    "configure": ([sys.executable], "import langchain_otel; langchain_otel.configure()"),
}


@pytest.mark.parametrize("way", SET_UPS)
def test_set_up_by_other_means(way: str) -> None:
    """Under `opentelemetry-instrument`, with no line of code, and after `configure()`."""
    command, set_up = SET_UPS[way]
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
    with running_sink() as sink:
        variables = {
            VARIABLE: "tenant",
            "OTEL_EXPORTER_OTLP_ENDPOINT": sink.url,
            "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
            "OTEL_METRICS_EXPORTER": "none",
            "OTEL_LOGS_EXPORTER": "none",
        }
        subprocess.run(
            [*command, "-c", PROGRAM.format(set_up=set_up)],
            env=inherited | ALONE | variables,
            capture_output=True,
            timeout=PATIENCE,
            check=True,
        )
        spans = sink.spans
    assert len(spans) == 2
    assert {(span.attributes["tenant"], span.attributes["tier"]) for span in spans} == {
        ("acme", "gold")
    }
