"""Switching on and off, three ways in, bad input, suppression."""

import importlib
import logging
import sys
import tomllib
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib import metadata
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from langchain_core.callbacks import CallbackManager
from langchain_core.runnables import RunnableLambda, RunnableParallel
from langchain_core.tracers import context as tracers_context
from opentelemetry import trace
from opentelemetry.instrumentation.dependencies import DependencyConflictError
from opentelemetry.instrumentation.utils import suppress_instrumentation
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, TraceIdRatioBased
from packaging.requirements import Requirement

from langchain_otel import (
    LangChainInstrumentor,
    OpenTelemetryCallbackHandler,
    current_span_of,
    health,
    semconv,
)
from langchain_otel.config import OPTIONS
from langchain_otel.patching import supported
from langchain_otel.patching.points import PatchPoint
from langchain_otel.runs.store import RUNS
from models import Model, Retriever, StreamingModel
from recording import Tracing
from wrapped_points import POINTS

CAPTURE = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"


@pytest.fixture
def fresh() -> Iterator[Tracing]:
    """Providers, with nothing instrumented yet."""
    instrumentor = LangChainInstrumentor()
    yield Tracing()
    if instrumentor.is_instrumented_by_opentelemetry:
        instrumentor.uninstrument()


def chain() -> Any:
    return RunnableLambda(lambda text: Model().invoke(text), name="outer")


def patched_object(point: PatchPoint) -> Any:
    owner: Any = sys.modules.get(point.module)
    for name in point.path.split("."):
        owner = vars(owner).get(name) if owner is not None else None
    return owner


# Uninstrumenting


def test_uninstrument_puts_back_identical_objects(fresh: Tracing) -> None:
    """Every patched attribute is the very object that it was; the hook is gone."""
    for point in POINTS:
        with suppress(ModuleNotFoundError):
            importlib.import_module(point.module)

    before = {point: patched_object(point) for point in POINTS}
    hooks = list(tracers_context._configure_hooks)
    LangChainInstrumentor().instrument(tracer_provider=fresh.tracer_provider)
    during = {point: patched_object(point) for point in POINTS}
    there = [point for point in POINTS if before[point] is not None]
    assert len(there) > 25
    assert all(during[point] is not before[point] for point in there)
    LangChainInstrumentor().uninstrument()
    assert all(patched_object(point) is before[point] for point in POINTS)
    assert tracers_context._configure_hooks == hooks


def test_nothing_is_traced_after_uninstrument(fresh: Tracing) -> None:
    """Afterwards a run makes no span."""
    LangChainInstrumentor().instrument(tracer_provider=fresh.tracer_provider)
    LangChainInstrumentor().uninstrument()
    chain().invoke("hello")
    assert not fresh.spans


def test_instrument_again_sends_to_the_new_provider(fresh: Tracing) -> None:
    """A second life has providers of its own."""
    other = Tracing()
    for tracing in (fresh, other):
        LangChainInstrumentor().instrument(tracer_provider=tracing.tracer_provider)
        chain().invoke("hello")
        LangChainInstrumentor().uninstrument()
    assert len(fresh.spans) == len(other.spans) == 2


def test_run_in_flight_stays_whole(fresh: Tracing) -> None:
    """A run that is open when tracing is switched off is recorded to its end."""

    def body(text: str) -> Any:
        LangChainInstrumentor().uninstrument()
        return Model().invoke(text)

    LangChainInstrumentor().instrument(tracer_provider=fresh.tracer_provider)
    RunnableLambda(body, name="outer").invoke("hello")
    assert fresh.tree() == "invoke_workflow outer\n  chat"


def test_instrument_twice_and_uninstrument_first(
    fresh: Tracing, caplog: pytest.LogCaptureFixture
) -> None:
    """Both are a warning and change nothing."""
    LangChainInstrumentor().uninstrument()
    LangChainInstrumentor().instrument(tracer_provider=fresh.tracer_provider)
    LangChainInstrumentor().instrument(tracer_provider=Tracing().tracer_provider)
    chain().invoke("hello")
    assert len(fresh.spans) == 2
    warnings = [record.getMessage() for record in caplog.records]
    assert len(warnings) == 2
    caplog.clear()


def test_patch_of_another_package_is_kept(fresh: Tracing) -> None:
    """Where somebody wrapped the function after us, theirs stays; ours inside does nothing."""
    from langchain_core.language_models.chat_models import BaseChatModel

    original = BaseChatModel.generate
    LangChainInstrumentor().instrument(tracer_provider=fresh.tracer_provider)
    ours = BaseChatModel.generate

    def theirs(*args: Any, **kwargs: Any) -> Any:
        return ours(*args, **kwargs)

    BaseChatModel.generate = theirs  # type: ignore[method-assign]
    try:
        LangChainInstrumentor().uninstrument()
        assert BaseChatModel.generate is theirs
        Model().invoke("hello")
        assert not fresh.spans
    finally:
        BaseChatModel.generate = original  # type: ignore[method-assign]


# Three ways in


@pytest.fixture
def handler(fresh: Tracing) -> OpenTelemetryCallbackHandler:
    return OpenTelemetryCallbackHandler(tracer_provider=fresh.tracer_provider)


def marked_chain(tracing: Tracing) -> Any:
    def body(text: str) -> Any:
        tracing.mark("in outer")
        return Retriever().invoke(text)

    return RunnableLambda(body, name="outer")


WHOLE = "invoke_workflow outer\n  in outer\n  retrieval"


def test_handler_of_a_request(fresh: Tracing, handler: OpenTelemetryCallbackHandler) -> None:
    """A handler among the request's callbacks sees the request and all below it."""
    marked_chain(fresh).invoke("hello", {"callbacks": [handler]})
    marked_chain(fresh).invoke("nobody sees this")
    assert fresh.tree() == f"{WHOLE}\nin outer"


def test_handler_of_a_constructor(fresh: Tracing, handler: OpenTelemetryCallbackHandler) -> None:
    """A handler in a constructor sees that object's runs alone."""
    model = Model(callbacks=[handler])

    def body(text: str) -> Any:
        return Model().invoke(text), model.invoke(text)

    RunnableLambda(body, name="outer").invoke("hello")
    assert fresh.tree() == "chat"


@pytest.mark.parametrize("own_provider", [True, False])
def test_handler_and_instrumentor_give_no_doubles(fresh: Tracing, own_provider: bool) -> None:
    """However many ways lead to the same provider, a run has one span."""
    LangChainInstrumentor().instrument(tracer_provider=fresh.tracer_provider)
    provider = fresh.tracer_provider if own_provider else None
    handler = OpenTelemetryCallbackHandler(tracer_provider=provider)
    model = Model(callbacks=[handler])
    chain: Any = RunnableLambda(model.invoke, name="outer")
    chain.invoke("hello", {"callbacks": [handler, OpenTelemetryCallbackHandler(provider)]})
    chain.invoke("hello", {"callbacks": CallbackManager([handler])})
    assert fresh.tree() == "invoke_workflow outer\n  chat\ninvoke_workflow outer\n  chat"


def test_two_providers_get_a_whole_tree_each(fresh: Tracing) -> None:
    """A handler with a provider of its own beside the instrumentor: each sees all, once."""
    other = Tracing()
    LangChainInstrumentor().instrument(tracer_provider=fresh.tracer_provider)
    handler = OpenTelemetryCallbackHandler(tracer_provider=other.tracer_provider)
    chain().invoke("hello", {"callbacks": [handler]})
    assert fresh.tree() == other.tree() == "invoke_workflow outer\n  chat"
    assert len({span.context.trace_id for span in fresh.spans if span.context}) == 1


def test_handler_alone_after_uninstrument(
    fresh: Tracing, handler: OpenTelemetryCallbackHandler
) -> None:
    """A handler goes on by itself when the instrumentor has gone."""
    LangChainInstrumentor().instrument(tracer_provider=Tracing().tracer_provider)
    LangChainInstrumentor().uninstrument()
    marked_chain(fresh).invoke("hello", {"callbacks": [handler]})
    assert fresh.tree() == WHOLE


def test_handler_survives_copies(handler: OpenTelemetryCallbackHandler) -> None:
    """A configuration that is copied, deeply or not, goes on with the same handler."""
    import copy

    assert copy.deepcopy({"callbacks": [handler]})["callbacks"][0] is handler
    assert copy.copy(handler) is handler


def test_span_of_a_run(tracing: Tracing) -> None:
    """`current_span_of` gives an open run's span, and an inert one for any other."""
    seen = []

    def body(text: str, run_manager: Any) -> str:
        seen.append(current_span_of(run_manager.run_id))
        return text

    RunnableLambda(body).invoke("hello")
    assert seen[0].get_span_context() == tracing.spans[0].get_span_context()
    assert current_span_of(uuid4()) is trace.INVALID_SPAN


# Bad input


def test_invalid_variable_is_one_clear_warning(
    fresh: Tracing, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The warning names the variable, the value and what is used; nothing is lost."""
    monkeypatch.setenv(CAPTURE, "sometimes")
    LangChainInstrumentor().instrument(tracer_provider=fresh.tracer_provider)
    chain().invoke("hello")
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    for part in (CAPTURE, "'sometimes'", "NO_CONTENT is used instead"):
        assert part in record.getMessage()
    assert len(fresh.spans) == 2


@pytest.mark.parametrize(
    ("value", "recorded"),
    [("true", True), ("TRUE", True), ("span_only", True), ("SPAN_AND_EVENT", True)]
    + [(value, False) for value in ("false", "no_content", "EVENT_ONLY", " ", "")],
)
def test_capture_variable(
    fresh: Tracing, monkeypatch: pytest.MonkeyPatch, value: str, recorded: bool
) -> None:
    """The standard variable, in the standard's values and the older ones."""
    monkeypatch.setenv(CAPTURE, value)
    LangChainInstrumentor().instrument(tracer_provider=fresh.tracer_provider)
    Model().invoke("hello")
    assert (semconv.GEN_AI_INPUT_MESSAGES in (fresh.spans[0].attributes or {})) is recorded


def test_argument_wins_over_variable(fresh: Tracing, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is passed to `instrument()` is what counts."""
    monkeypatch.setenv(CAPTURE, "SPAN_ONLY")
    LangChainInstrumentor().instrument(
        tracer_provider=fresh.tracer_provider, capture_message_content="NO_CONTENT"
    )
    Model().invoke("hello")
    assert semconv.GEN_AI_INPUT_MESSAGES not in (fresh.spans[0].attributes or {})


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"tracer_provider": "http://localhost:4317"}, TypeError),
        ({"logger_provider": 1}, TypeError),
        ({"meter_provider": object()}, TypeError),
        ({"capture_message_content": 1}, TypeError),
        ({"max_open_runs": True}, TypeError),
        ({"capture_message_content": "sometimes"}, ValueError),
    ],
)
@pytest.mark.parametrize("way", [LangChainInstrumentor().instrument, OpenTelemetryCallbackHandler])
def test_bad_argument_raises_with_the_fix(
    way: Callable[..., Any], arguments: dict[str, Any], error: type[Exception]
) -> None:
    """A wrong argument is an error at once; its message names it, the value and what to pass."""
    with pytest.raises(error) as raised:
        way(**arguments)
    ((name, value),) = arguments.items()
    assert name in str(raised.value)
    assert repr(value) in str(raised.value)
    assert "must be" in str(raised.value)
    assert not LangChainInstrumentor().is_instrumented_by_opentelemetry


def test_unknown_option_of_a_handler_raises() -> None:
    """A misspelt option is not taken for one that is in force."""
    with pytest.raises(TypeError, match="redcat"):
        OpenTelemetryCallbackHandler(redcat=str)  # type: ignore[call-arg]


def test_unknown_argument_is_a_warning(fresh: Tracing, caplog: pytest.LogCaptureFixture) -> None:
    """Distributions pass arguments to every instrumentor; one that is not ours is named."""
    LangChainInstrumentor().instrument(
        tracer_provider=fresh.tracer_provider,
        colour="red",  # type: ignore[call-arg]
    )
    (record,) = caplog.records
    assert "colour" in record.getMessage()
    caplog.clear()


@pytest.mark.parametrize("argument", ["skip_dep_check", "raise_exception_on_conflict"])
def test_arguments_of_every_instrumentor(
    fresh: Tracing, caplog: pytest.LogCaptureFixture, argument: str
) -> None:
    """What OpenTelemetry's commands say to every instrumentor is no surprise."""
    flags: Any = {argument: True}
    LangChainInstrumentor().instrument(tracer_provider=fresh.tracer_provider, **flags)
    assert LangChainInstrumentor().is_instrumented_by_opentelemetry
    assert not caplog.records
    LangChainInstrumentor().uninstrument()
    assert not LangChainInstrumentor().is_instrumented_by_opentelemetry


def test_unsupported_version_changes_nothing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The log names both versions, each way in once; nothing is patched, LangChain works."""
    of_version(monkeypatch, "2.7.1")
    before = {point: patched_object(point) for point in POINTS}
    tracing = Tracing()
    LangChainInstrumentor().instrument(tracer_provider=tracing.tracer_provider)
    handler = OpenTelemetryCallbackHandler(tracer_provider=tracing.tracer_provider)
    assert chain().invoke("hello", {"callbacks": [handler]}).content == "one two three"
    assert {point: patched_object(point) for point in POINTS} == before
    assert not LangChainInstrumentor().is_instrumented_by_opentelemetry
    assert [record.name for record in caplog.records] == [
        "opentelemetry.instrumentation.instrumentor",
        "langchain_otel",
    ]
    for record in caplog.records:
        assert "langchain-core 2.7.1" in record.getMessage()
        assert supported.REQUIREMENT in record.getMessage()
    caplog.clear()


def of_version(monkeypatch: pytest.MonkeyPatch, version: str | None) -> None:
    """Another version of langchain-core is installed, by its metadata; None: it has none."""

    def version_of(name: str) -> str:
        if version is None:
            raise PackageNotFoundError(name)
        return version

    monkeypatch.setattr(supported, "version_of", version_of)
    monkeypatch.setattr(supported, "_warned", set())


def test_metadata_of_a_package_are_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many patch points ask for its version, and however often tracing begins."""
    read: list[str] = []
    version = metadata.version

    def noting(name: str) -> str:
        read.append(name)
        return version(name)

    monkeypatch.setattr(metadata, "version", noting)
    supported.version_of.cache_clear()
    for _ in range(2):
        LangChainInstrumentor().instrument()
        LangChainInstrumentor().uninstrument()
    found = [name for name in read if name in {"langchain-core", "langgraph"}]
    assert "langchain-core" in found
    assert len(found) == len(set(found))


def test_a_conflict_raises_where_it_is_to(monkeypatch: pytest.MonkeyPatch) -> None:
    """As with every instrumentor: `raise_exception_on_conflict`."""
    of_version(monkeypatch, "2.0.0")
    with pytest.raises(DependencyConflictError, match=r"langchain-core 2\.0\.0"):
        LangChainInstrumentor().instrument(raise_exception_on_conflict=True)
    assert not LangChainInstrumentor().is_instrumented_by_opentelemetry


def test_a_check_that_is_skipped(fresh: Tracing, monkeypatch: pytest.MonkeyPatch) -> None:
    """With `skip_dep_check` the version does not matter: all is traced."""
    of_version(monkeypatch, "2.0.0")
    LangChainInstrumentor().instrument(tracer_provider=fresh.tracer_provider, skip_dep_check=True)
    marked_chain(fresh).invoke("hello")
    assert fresh.tree() == WHOLE


@pytest.mark.parametrize("version", [None, "1.9.0rc1", "1.9.0+build.7", "0.3.81.post1"])
def test_versions_that_are_no_conflict(
    fresh: Tracing, monkeypatch: pytest.MonkeyPatch, version: str | None
) -> None:
    """Pre-releases, local versions, and a package without metadata, as frozen ones are."""
    of_version(monkeypatch, version)
    LangChainInstrumentor().instrument(tracer_provider=fresh.tracer_provider)
    marked_chain(fresh).invoke("hello")
    assert fresh.tree() == WHOLE


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("0.2.43", False),
        ("0.3.0", False),
        ("0.3.79", False),
        ("0.3.80rc1", False),
        ("0.3.80", True),
        ("0.3.80+local", True),
        ("0.3.86", True),
        ("1", True),
        ("1.0.0", True),
        ("1.8.4rc1", True),
        ("1.9.0.dev3+g1a2b3c4", True),
        ("2", False),
        ("2.0.0a1", False),
        ("2.0.0.dev1", False),
        ("3.1", False),
        ("unknown", False),
    ],
)
def test_supported_versions(version: str, expected: bool) -> None:
    """The range, by its ends."""
    assert supported.is_in_range(version) is expected


def test_the_range_is_the_one_of_the_package() -> None:
    """What pip installs and what we check are one range."""
    package = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())["project"]
    installed = map(Requirement, package["dependencies"])
    assert Requirement(supported.REQUIREMENT) in list(installed)


def test_the_second_call_of_the_command_is_silent(
    fresh: Tracing, caplog: pytest.LogCaptureFixture
) -> None:
    """With a configuration file, `opentelemetry-instrument` calls each instrumentor twice."""
    LangChainInstrumentor().instrument(tracer_provider=fresh.tracer_provider, detail="nodes")
    LangChainInstrumentor().instrument(skip_dep_check=True)
    assert not caplog.records
    LangChainInstrumentor().instrument()
    LangChainInstrumentor().instrument(skip_dep_check=True, detail="all")
    assert ["changes nothing" in record.getMessage() for record in caplog.records] == [True, True]
    caplog.clear()


def test_constructor_takes_no_options() -> None:
    """What is passed there by mistake is not lost in silence."""
    with pytest.raises(TypeError):
        LangChainInstrumentor(capture_message_content=True)  # type: ignore[call-arg]


# Suppression, sampling, bounds


def test_suppress_instrumentation(tracing: Tracing) -> None:
    """Inside OpenTelemetry's `suppress_instrumentation` nothing is recorded."""

    def body(text: str) -> Any:
        with suppress_instrumentation():
            return Model().invoke(text)

    with suppress_instrumentation():
        chain().invoke("hello")
    RunnableLambda(body, name="outer").invoke("hello")
    assert tracing.tree() == "invoke_workflow outer"


def test_sdk_disabled(fresh: Tracing, monkeypatch: pytest.MonkeyPatch) -> None:
    """With OTEL_SDK_DISABLED=true LangChain is not touched."""
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    before = {point: patched_object(point) for point in POINTS}
    LangChainInstrumentor().instrument(tracer_provider=fresh.tracer_provider)
    assert {point: patched_object(point) for point in POINTS} == before
    chain().invoke("hello")
    assert not fresh.spans


@pytest.mark.parametrize("provider", [None, TracerProvider(ALWAYS_OFF, shutdown_on_exit=False)])
def test_without_recording_the_store_still_empties(provider: TracerProvider | None) -> None:
    """No provider, or a sampler that drops all: runs come and go as ever."""
    LangChainInstrumentor().instrument(tracer_provider=provider)
    try:
        list((RunnableParallel(a=Model(), b=StreamingModel()) | str).stream("hello"))
    finally:
        LangChainInstrumentor().uninstrument()
    assert len(RUNS) == 0


def test_ratio_sampling_takes_whole_traces() -> None:
    """A sampled root has all its children, any other none."""
    tracing = Tracing()
    tracing.tracer_provider.sampler = TraceIdRatioBased(0.5)
    LangChainInstrumentor().instrument(tracer_provider=tracing.tracer_provider)
    try:
        for _ in range(50):
            chain().invoke("hello")
    finally:
        LangChainInstrumentor().uninstrument()
    roots = tracing.names().count("invoke_workflow outer")
    assert 0 < roots < 50
    assert tracing.names().count("chat") == roots


def test_open_runs_are_bounded(fresh: Tracing) -> None:
    """The oldest open run is ended, with an outcome and a counter, when one more starts."""
    LangChainInstrumentor().instrument(tracer_provider=fresh.tracer_provider, max_open_runs=2)
    handler = OpenTelemetryCallbackHandler()
    runs = [uuid4() for _ in range(4)]
    for number, run in enumerate(runs):
        handler.on_chain_start({}, {}, run_id=run, name=f"run {number}")
    assert fresh.names() == ["invoke_workflow run 0", "invoke_workflow run 1"]
    assert all((span.attributes or {})[semconv.RUN_OUTCOME] == "evicted" for span in fresh.spans)
    assert health.failures.pop("max_open_runs") == 2
    for run in runs:
        handler.on_chain_end({}, run_id=run)
    assert len(fresh.spans) == 4
    RUNS.max_open = OPTIONS[-1].default


def test_processor_that_raises_costs_its_span_only(tracing: Tracing) -> None:
    """A broken span processor of somebody's is no reason to disturb a run."""

    class Broken:
        def on_start(self, span: Any, parent_context: Any = None) -> None:
            raise ValueError("start")

        def on_end(self, span: Any) -> None:
            raise ValueError("end")

        def _on_ending(self, span: Any) -> None: ...
        def shutdown(self) -> None: ...
        def force_flush(self, timeout_millis: int = 0) -> bool:
            return True

    tracing.tracer_provider.add_span_processor(Broken())  # type: ignore[arg-type]
    health.strict = False
    assert chain().invoke("hello").content == "one two three"
    assert health.failures
    health.failures.clear()
