"""Several threads switch tracing on and off, or import, at once; managers that outlive tracing."""

import logging
import sys
import threading
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from typing import Any

import pytest
from langchain_core.callbacks import AsyncCallbackManager, CallbackManager
from langchain_core.runnables import RunnableLambda
from langchain_core.tracers import context as tracers_context

from langchain_otel import LangChainInstrumentor, OpenTelemetryCallbackHandler
from langchain_otel.patching import imports, supported
from models import Model
from recording import Tracing
from waiting import PATIENCE


@pytest.fixture
def quick_switches(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Threads take turns after a few instructions, and OpenTelemetry says nothing of the second."""
    caplog.set_level(logging.ERROR, "opentelemetry.instrumentation.instrumentor")
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def at_once(*actions: Callable[[], object]) -> None:
    """Run each in a thread of its own, all started together."""
    barrier = threading.Barrier(len(actions))

    def run(action: Callable[[], object]) -> None:
        barrier.wait()
        action()

    threads = [threading.Thread(target=run, args=(action,)) for action in actions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def chain() -> Any:
    return RunnableLambda(lambda text: Model().invoke(text), name="outer")


@pytest.mark.usefixtures("quick_switches")
def test_instrument_in_several_threads() -> None:
    """One of them instruments; afterwards nothing is left that could go on tracing."""
    hooks = list(tracers_context._configure_hooks)
    for _ in range(30):
        tracing = Tracing()

        def instrument(provider: Any = tracing.tracer_provider) -> None:
            LangChainInstrumentor().instrument(tracer_provider=provider)

        at_once(instrument, instrument, instrument, instrument)
        chain().invoke("hello")
        assert tracing.tree() == "invoke_workflow outer\n  chat"
        at_once(LangChainInstrumentor().uninstrument, LangChainInstrumentor().uninstrument)
        assert tracers_context._configure_hooks == hooks
        chain().invoke("hello")
        assert len(tracing.spans) == 2


@pytest.mark.usefixtures("quick_switches")
def test_instrument_while_others_uninstrument() -> None:
    """However they follow each other, the state that the instrumentor shows is the real one."""
    hooks = list(tracers_context._configure_hooks)
    instrumentor = LangChainInstrumentor()
    for _ in range(30):
        tracing = Tracing()

        def instrument(provider: Any = tracing.tracer_provider) -> None:
            LangChainInstrumentor().instrument(tracer_provider=provider)

        at_once(instrument, instrumentor.uninstrument, instrument, instrumentor.uninstrument)
        chain().invoke("hello")
        assert bool(tracing.spans) is instrumentor.is_instrumented_by_opentelemetry
        if instrumentor.is_instrumented_by_opentelemetry:
            instrumentor.uninstrument()
        assert tracers_context._configure_hooks == hooks


@pytest.mark.usefixtures("quick_switches")
def test_handlers_made_in_several_threads() -> None:
    """Whoever comes first wraps LangChain's functions; each run has its span once."""
    tracing = Tracing()

    def make() -> None:
        handler = OpenTelemetryCallbackHandler(tracer_provider=tracing.tracer_provider)
        chain().invoke("hello", {"callbacks": [handler]})

    at_once(*(make for _ in range(6)))
    assert len(tracing.spans) == 12


def test_action_waits_for_no_thread_that_imports(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thread that imports and one that registers an action do not wait for each other."""
    (tmp_path / "langchain_otel_slow_module.py").write_text("value = 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    lock = threading.Lock()
    is_importing = threading.Event()
    ran: list[str] = []

    def when_slow(_: Any) -> None:
        is_importing.set()
        with lock:
            ran.append("slow")

    forget = [imports.when_imported("langchain_otel_slow_module", when_slow)]
    importing = threading.Thread(target=__import__, args=("langchain_otel_slow_module",))
    with lock:
        importing.start()
        assert is_importing.wait(PATIENCE)
        forget.append(imports.when_imported("sys", lambda _: ran.append("sys")))
        assert ran == ["sys"]
    importing.join()
    assert ran == ["sys", "slow"]
    for each in forget:
        each()


@pytest.mark.parametrize(
    "found",
    [
        PackageNotFoundError("langchain-core"),
        UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"),
        KeyError("Version"),
        None,
    ],
    ids=repr,
)
def test_langchain_without_metadata(found: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is no way to tell the version of langchain-core, it is taken as supported."""

    def version_of(_: str) -> Any:
        if isinstance(found, Exception):
            raise found
        return found

    monkeypatch.setattr(supported, "version_of", version_of)
    tracing = Tracing()
    LangChainInstrumentor().instrument(tracer_provider=tracing.tracer_provider)
    chain().invoke("hello")
    LangChainInstrumentor().uninstrument()
    assert tracing.tree() == "invoke_workflow outer\n  chat"


@pytest.mark.parametrize("kind", [CallbackManager, AsyncCallbackManager])
async def test_manager_that_was_configured_before(kind: Any, tracing: Tracing) -> None:
    """A manager that the application keeps goes silent with the instrumentor."""
    manager = kind.configure()
    await chain().ainvoke("hello", {"callbacks": manager})
    with tracing.off():
        await chain().ainvoke("hello", {"callbacks": manager})
        assert len(tracing.spans) == 2
    await chain().ainvoke("hello", {"callbacks": manager})
    assert tracing.tree() == "invoke_workflow outer\n  chat\ninvoke_workflow outer\n  chat"


def test_handlers_of_the_application_go_on(tracing: Tracing) -> None:
    """Its own handlers record, wherever they are, and nothing of the instrumentor's does."""
    own = Tracing()
    handler = OpenTelemetryCallbackHandler(tracer_provider=own.tracer_provider)
    manager = CallbackManager.configure([handler])
    model = Model(callbacks=[handler])
    with tracing.off():
        chain().invoke("hello", {"callbacks": manager})
        chain().invoke("hello", {"callbacks": [handler]})
        model.invoke("hello")
        assert own.tree() == "invoke_workflow outer\n  chat\ninvoke_workflow outer\n  chat\nchat"
        assert not tracing.spans
    chain().invoke("hello", {"callbacks": manager})
    assert tracing.tree() == "invoke_workflow outer\n  chat"
    assert len(own.spans) == 7


def test_new_instrumentor_gets_the_runs_of_an_old_manager(tracing: Tracing) -> None:
    """A manager from before records to the providers of now, and each run once."""
    manager = CallbackManager.configure()
    LangChainInstrumentor().uninstrument()
    other = Tracing()
    other.on()
    chain().invoke("hello", {"callbacks": manager})
    assert other.tree() == "invoke_workflow outer\n  chat"
    assert not tracing.spans
