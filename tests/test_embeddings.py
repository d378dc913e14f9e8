"""Embeddings, of which LangChain reports nothing: one span for each call of a provider."""

import asyncio
import gc
import sys
import threading
import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import wraps
from types import FrameType
from typing import Any

import pytest
from langchain_core.embeddings import Embeddings, FakeEmbeddings
from langchain_core.runnables import RunnableLambda
from langchain_core.stores import InMemoryByteStore
from langchain_openai import OpenAIEmbeddings
from openai import NotFoundError, RateLimitError
from opentelemetry.instrumentation.utils import suppress_instrumentation
from opentelemetry.trace import SpanKind, StatusCode
from pydantic import BaseModel

from langchain_otel import LangChainInstrumentor, OpenTelemetryCallbackHandler, semconv
from openai_server import ModelServer, start_server
from recording import Tracing
from versions import classic, http_instrumentors
from waiting import PATIENCE

KEY: dict[str, Any] = {"api_key": "none"}
SPAN = "embeddings text-embedding-3-small"


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with start_server() as server:
        yield server


def provider(server: ModelServer, **options: Any) -> OpenAIEmbeddings:
    options = {"model": "text-embedding-3-small", "max_retries": 0, **KEY, **options}
    # Texts are sent as they are: counting tokens would fetch a vocabulary.
    return OpenAIEmbeddings(base_url=server.base_url, check_embedding_ctx_length=False, **options)


class Words(Embeddings):
    """Counts letters; a query is a document, as in most implementations."""

    model = "a class's own attribute is not a model"

    def __init__(self, model: str = "letters", fails: BaseException | None = None) -> None:
        self.model = model
        self.fails = fails
        self.on_call: Any = lambda: None

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        self.on_call()
        if self.fails is not None:
            raise self.fails
        return [[float(len(text)), 1.0, 0.0] for text in texts]

    def embed_query(self, text: str) -> list[float]:
        return self.embed_documents([text])[0]


class AsyncWords(Words):
    """The same with coroutines of its own, which wait until they are let go."""

    def __init__(self) -> None:
        super().__init__()
        self.started = asyncio.Event()
        self.let_go = asyncio.Event()

    async def aembed_documents(self, texts: list[str]) -> list[list[float]]:
        self.started.set()
        await self.let_go.wait()
        return self.embed_documents(texts)

    async def aembed_query(self, text: str) -> list[float]:
        return (await self.aembed_documents([text]))[0]


def test_span_says_who_was_asked_for_what(tracing: Tracing, server: ModelServer) -> None:
    """Every attribute of an embeddings span, and nothing of the texts."""
    embeddings = provider(server, model_kwargs={"encoding_format": "float"})
    vectors = embeddings.embed_documents(["a secret", "another"])
    (span,) = tracing.spans
    attributes = dict(span.attributes or {})
    attributes.pop(semconv.RUN_ID, None)
    assert span.name == SPAN
    assert span.kind is SpanKind.CLIENT
    assert span.status.status_code is StatusCode.UNSET
    assert attributes == {
        semconv.GEN_AI_OPERATION_NAME: "embeddings",
        semconv.GEN_AI_PROVIDER_NAME: "openai",
        semconv.GEN_AI_REQUEST_MODEL: "text-embedding-3-small",
        semconv.GEN_AI_REQUEST_ENCODING_FORMATS: ("float",),
        semconv.GEN_AI_EMBEDDINGS_DIMENSION_COUNT: len(vectors[0]),
        semconv.GEN_AI_RESPONSE_MODEL: "text-embedding-3-small",
        semconv.GEN_AI_USAGE_INPUT_TOKENS: 3,
        semconv.SERVER_ADDRESS: "127.0.0.1",
        semconv.SERVER_PORT: server.server_port,
    }


def test_content_is_not_recorded_even_when_asked(
    tracing_with_content: Tracing, server: ModelServer
) -> None:
    """The conventions have no attribute for the texts: they stay inside."""
    provider(server).embed_query("a secret")
    (span,) = tracing_with_content.spans
    assert "secret" not in span.to_json()


async def test_http_requests_nest(tracing: Tracing, server: ModelServer) -> None:
    """The client's HTTP span is the embeddings span's child, in each of the four methods."""
    instrumentors = http_instrumentors()
    for instrumentor in instrumentors:
        instrumentor.instrument(tracer_provider=tracing.tracer_provider)
    embeddings = provider(server)
    try:
        embeddings.embed_query("one")
        embeddings.embed_documents(["one", "two"])
        await embeddings.aembed_query("one")
        await embeddings.aembed_documents(["one", "two"])
    finally:
        await embeddings.async_client._client.close()
        for instrumentor in instrumentors:
            instrumentor.uninstrument()
    assert tracing.tree() == "\n".join([SPAN, "  POST"] * 4)


def test_nests_in_the_run_that_asks(tracing: Tracing, server: ModelServer) -> None:
    """Inside a run, or a user's span in it, that is the parent; both stay current around it."""
    embeddings = provider(server)

    def ask(text: str) -> list[float]:
        with tracing.user_span("mine"):
            vector = embeddings.embed_query(text)
            tracing.mark("inside mine")
        tracing.mark("inside ask")
        return vector

    RunnableLambda(ask).invoke("x")
    assert tracing.tree() == (
        f"invoke_workflow ask\n  mine\n    {SPAN}\n    inside mine\n  inside ask"
    )
    assert semconv.RUN_ID not in (tracing.span(SPAN).attributes or {})


@pytest.mark.parametrize("method", ["embed_query", "embed_documents"])
async def test_only_the_outermost_call_is_told(tracing: Tracing, method: str) -> None:
    """A query that is embedded as a document, in a thread too, is one call."""
    embeddings = Words()
    embeddings.on_call = lambda: tracing.mark("body")
    getattr(embeddings, method)("ab")
    await getattr(embeddings, f"a{method}")("ab")
    assert tracing.tree() == "\n".join(["embeddings letters", "  body"] * 2)
    span = tracing.spans[-1]
    assert (span.attributes or {})[semconv.GEN_AI_PROVIDER_NAME] == "words"
    assert (span.attributes or {})[semconv.GEN_AI_EMBEDDINGS_DIMENSION_COUNT] == 3
    assert semconv.SERVER_ADDRESS not in (span.attributes or {})


async def test_cache_is_no_provider(tracing: Tracing, server: ModelServer) -> None:
    """A cache hands a miss on, which is the provider's call, and a hit calls nobody."""
    embeddings = provider(server)
    cached = classic("embeddings").CacheBackedEmbeddings.from_bytes_store(
        embeddings,
        InMemoryByteStore(),
        key_encoder=lambda text: text,
        query_embedding_cache=True,
    )
    cached.embed_documents(["one", "two"])
    assert tracing.names() == [SPAN]
    cached.embed_documents(["one", "two"])
    assert tracing.names() == [SPAN]
    cached.embed_query("three")
    await cached.aembed_query("three")
    await cached.aembed_documents(["one", "four"])
    await embeddings.async_client._client.close()
    assert tracing.names() == [SPAN] * 3
    assert len(server.requests) == 3


def test_a_holder_of_several_is_no_provider(tracing: Tracing) -> None:
    """An object that chooses among others, in a list or by name, leaves the span to the chosen."""

    class Choice(Embeddings):
        def __init__(self) -> None:
            self.by_name = {"first": Words("first"), "second": Words("second")}

        def embed_documents(self, texts: list[str]) -> list[list[float]]:
            return self.by_name["second"].embed_documents(texts)

        def embed_query(self, text: str) -> list[float]:
            return self.by_name["first"].embed_query(text)

    Choice().embed_query("x")
    Choice().embed_documents(["x"])
    assert tracing.names() == ["embeddings first", "embeddings second"]


def test_provider_error(tracing: Tracing, server: ModelServer) -> None:
    """A refused call is red, with the error's class; its text stays inside, the error is theirs."""
    with pytest.raises(RateLimitError):
        provider(server, model="fail-429").embed_query("x")
    (span,) = tracing.spans
    assert span.status.status_code is StatusCode.ERROR
    assert not span.status.description
    assert str((span.attributes or {})[semconv.ERROR_TYPE]).endswith("RateLimitError")
    with pytest.raises(NotFoundError):
        OpenAIEmbeddings(
            base_url=f"{server.base_url}/nowhere", check_embedding_ctx_length=False, **KEY
        ).embed_query("x")


async def test_cancellation(tracing: Tracing) -> None:
    """A cancelled call has an outcome, and is no failure."""
    embeddings = AsyncWords()
    task = asyncio.create_task(embeddings.aembed_query("x"))
    await embeddings.started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    (span,) = tracing.spans
    assert span.status.status_code is StatusCode.UNSET
    assert (span.attributes or {})[semconv.RUN_OUTCOME] == "cancelled"


async def test_concurrent_calls_are_kept_apart(tracing: Tracing) -> None:
    """Calls of one object at the same time, in tasks and in threads, are a span each."""
    embeddings = AsyncWords()
    tasks = [asyncio.create_task(embeddings.aembed_query("x")) for _ in range(5)]
    await embeddings.started.wait()
    embeddings.let_go.set()
    await asyncio.gather(*tasks)
    barrier = threading.Barrier(3, timeout=PATIENCE)
    embeddings.on_call = barrier.wait
    threads = [threading.Thread(target=embeddings.embed_query, args=("x",)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert tracing.tree() == "\n".join(["embeddings letters"] * 8)


def test_suppression(tracing: Tracing) -> None:
    """Nothing is recorded where OpenTelemetry's instrumentation is suppressed."""
    with suppress_instrumentation():
        assert Words().embed_query("ab") == [2.0, 1.0, 0.0]
    assert not tracing.spans


def test_handler_alone_tells_calls_inside_its_runs() -> None:
    """Without the instrumentor, what is called inside a traced run is told, and nothing else."""
    tracing = Tracing()
    handler = OpenTelemetryCallbackHandler(tracing.tracer_provider)
    embeddings = Words()
    embeddings.embed_query("outside")
    chain = RunnableLambda(embeddings.embed_query, name="ask")
    chain.invoke("not traced")
    assert not tracing.spans
    chain.invoke("traced", {"callbacks": [handler]})
    assert tracing.tree() == "invoke_workflow ask\n  embeddings letters"


def test_every_recorder_of_the_run_tells(tracing: Tracing) -> None:
    """The instrumentor and a handler with providers of its own each have the span in their tree."""
    others = Tracing()
    handler = OpenTelemetryCallbackHandler(others.tracer_provider)
    embeddings = Words()
    embeddings.on_call = lambda: tracing.mark("body")
    RunnableLambda(embeddings.embed_query, name="ask").invoke("x", {"callbacks": [handler]})
    for spans in (tracing, others):
        assert "invoke_workflow ask\n  embeddings letters" in spans.tree()


def methods_of(*kinds: type) -> dict[tuple[type, str], Any]:
    return {
        (kind, name): vars(kind)[name]
        for kind in kinds
        for name in ("embed_query", "embed_documents", "aembed_query", "aembed_documents")
        if name in vars(kind)
    }


def test_uninstrument_puts_back_the_very_objects() -> None:
    """Every method of every subclass, and the base's own hook, are what they were."""
    kinds = (Embeddings, Words, AsyncWords, FakeEmbeddings, OpenAIEmbeddings)
    before = methods_of(*kinds)
    assert "__init_subclass__" not in vars(Embeddings)
    LangChainInstrumentor().instrument()
    try:
        assert vars(Words)["embed_query"] is not before[Words, "embed_query"]
        assert vars(Embeddings)["aembed_query"] is before[Embeddings, "aembed_query"]
    finally:
        LangChainInstrumentor().uninstrument()
    assert all(vars(kind)[name] is method for (kind, name), method in before.items())
    assert methods_of(*kinds) == before
    assert "__init_subclass__" not in vars(Embeddings)


def as_documents(self: Any, texts: list[str]) -> list[list[float]]:
    return [[1.0] for _ in texts]


def as_query(self: Any, text: str) -> list[float]:
    vectors: list[list[float]] = self.embed_documents([text])
    return vectors[0]


def test_classes_made_while_instrumented(tracing: Tracing) -> None:
    """A class that is defined later is told too, whatever kind of class it is, and put back."""

    class Labelled(Words):
        label = ""

        def __init_subclass__(cls, *, label: str = "", **kwargs: Any) -> None:
            super().__init_subclass__(**kwargs)
            cls.label = label

    class Plain(Labelled, label="x"):
        def embed_query(self, text: str) -> list[float]:
            return [1.0]

    class Pydantic(BaseModel, Embeddings):
        model: str = "pydantic"
        embed_documents = as_documents
        embed_query = as_query

    @dataclass(slots=True)
    class Slotted(Embeddings):
        size: int = 1
        embed_documents = as_documents
        embed_query = as_query

    assert Plain.label == "x"
    for embeddings in (Plain(), Pydantic(), Slotted()):
        embeddings.embed_query("x")
    assert tracing.names() == ["embeddings letters", "embeddings pydantic", "embeddings"]
    LangChainInstrumentor().uninstrument()
    methods = methods_of(Plain, Pydantic, Slotted)
    assert len(methods) == 5
    assert not any(hasattr(method, "__wrapped__") for method in methods.values())


def test_abstract_stays_abstract(tracing: Tracing) -> None:
    """A class without its methods cannot be made, and says so as before."""

    class Half(Embeddings):
        def embed_query(self, text: str) -> list[float]:
            return []

    with pytest.raises(TypeError, match="embed_documents"):
        Half()  # type: ignore[abstract]
    with pytest.raises(TypeError, match="takes no keyword arguments"):
        type("Odd", (Words,), {}, no_such_argument=1)


def test_a_class_that_is_not_used_any_more_is_freed(tracing: Tracing) -> None:
    """Neither the patches nor a span keep a class alive, also one whose methods use super()."""

    class Passing(Words):
        def embed_query(self, text: str) -> list[float]:
            return super().embed_query(text)

    Passing().embed_query("x")
    reference = weakref.ref(Passing)
    del Passing
    gc.collect()
    assert reference() is None


def test_what_others_wrap_stays_theirs(tracing: Tracing) -> None:
    """A wrapper that the application put around ours is kept, and ours inside does nothing."""

    class Wrapped(Words):
        def embed_query(self, text: str) -> list[float]:
            return [1.0]

    ours = Wrapped.embed_query

    @wraps(ours)
    def theirs(self: Any, text: str) -> list[float]:
        return ours(self, text)

    Wrapped.embed_query = theirs  # type: ignore[method-assign]
    LangChainInstrumentor().uninstrument()
    assert vars(Wrapped)["embed_query"] is theirs
    assert Wrapped().embed_query("x") == [1.0]
    assert not tracing.spans


def test_called_with_names_and_defaults(tracing: Tracing) -> None:
    """However the arguments are given, the call is the same; signatures are what they were."""
    embeddings = Words()
    assert embeddings.embed_query(text="x") == embeddings.embed_query("x")
    assert embeddings.embed_documents(texts=[]) == []
    assert len(tracing.spans) == 3
    assert asyncio.iscoroutinefunction(AsyncWords.aembed_query)
    assert not asyncio.iscoroutinefunction(Words.embed_query)


class Caching(Words):
    """Keeps what it has embedded, and what it was asked, as caches do."""

    def __init__(self, entries: int) -> None:
        super().__init__()
        self.cache = {str(number): [1.0] for number in range(entries)}
        self.asked = [str(number) for number in range(entries)]
        for number in range(entries // 100):
            setattr(self, f"field_{number}", number)


def profiled(program: Callable[[], Any]) -> int:
    """How many calls a program makes, of Python's own functions too."""
    events = 0

    def count(frame: FrameType, event: str, _: Any) -> None:
        nonlocal events
        events += event in {"call", "c_call"}

    sys.setprofile(count)
    try:
        program()
    finally:
        sys.setprofile(None)
    return events


def test_what_an_object_keeps_costs_nothing(tracing: Tracing) -> None:
    """A call is as dear with a cache of 100,000 entries as with one of 30,000."""
    small, large = Caching(30_000), Caching(100_000)
    small.embed_query("x")
    large.embed_query("x")
    few = profiled(lambda: small.embed_query("x"))
    assert abs(profiled(lambda: large.embed_query("x")) - few) < 50
    assert len(tracing.spans) == 4
