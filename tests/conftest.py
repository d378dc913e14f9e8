"""Fixtures that every test shares, and what must hold after each."""

import gc
import logging
import os
import signal
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import count
from pathlib import Path
from typing import Final

import pytest
from opentelemetry import context as otel_context
from opentelemetry import trace
from pydantic._internal import _fields

from installed import installed
from langchain_otel import health
from langchain_otel.notices import first_run
from langchain_otel.recording import tenants
from langchain_otel.runs.store import RUNS
from langchain_otel.sources.patch_points import PATCHER
from peer import PeerError, peer_environment
from provider_clients import keep_clients
from provider_environments import VARIABLE
from recording import Tracing, instrumented
from required import unavailable
from savers import MODULES, Storage, forget_memories
from seeds import LONG, SEED
from servers.postgres import Postgres, PostgresError, running_postgres
from shown import MODES

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell's background job ignores it, and so would the programs of the tests.
    signal.signal(signal.SIGINT, signal.default_int_handler)

TESTS: Final = count()
BETWEEN_FREEZES: Final = 32

collect_ignore = [
    *([] if LONG else ["soak"]),
    *([] if os.environ.get(VARIABLE) else ["providers"]),
    *([] if installed("fastmcp") else ["test_mcp_sdk.py"]),
]


def pytest_report_header() -> str:
    """What repeats the random tests of a run."""
    return f"random tests: SOAK_SEED={SEED}"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Of a test whose rows each start interpreters, all but every n-th row are slow tests."""
    rows: Counter[str] = Counter()
    for item in items:
        marker = item.get_closest_marker("rows")
        if marker is not None:
            test = item.nodeid.partition("[")[0]
            if rows[test] % marker.args[0]:
                item.add_marker(pytest.mark.slow)
            rows[test] += 1


def pytest_runtest_setup() -> None:
    """Now and then: what is there before a test is no garbage, no collection looks at it again.

    Collecting takes longer with each test otherwise: with the tests themselves, with each module
    that is imported on the way, and with what LangGraph keeps of the functions of nodes.
    """
    if next(TESTS) % BETWEEN_FREEZES == 0:
        gc.collect()
        gc.freeze()


@pytest.fixture(scope="module")
def wrapped_once() -> Iterator[None]:
    """LangChain's functions stay wrapped between the tests of a module, of which there are many.

    What a test switches on and off is then only who records: nothing is wrapped anew for it.
    """
    release = PATCHER.hold()
    yield
    release()


@pytest.fixture
def tracing() -> Iterator[Tracing]:
    """LangChain instrumented with providers of the test's own, which keep all in memory."""
    tracing = Tracing()
    with instrumented(tracing):
        yield tracing


@pytest.fixture
def failures(caplog: pytest.LogCaptureFixture) -> Iterator[Mapping[str, int]]:
    """What a test counts as failures, which are expected here."""
    caplog.set_level(logging.WARNING, "langchain_otel")
    yield health.failures
    health.failures.clear()


@pytest.fixture
def tracing_with_content() -> Iterator[Tracing]:
    """The same, with content recorded on every channel."""
    tracing = Tracing()
    with instrumented(tracing, capture_message_content="SPAN_AND_EVENT"):
        yield tracing


@pytest.fixture(params=MODES)
def mode(request: pytest.FixtureRequest) -> str:
    """Each way to run a graph; see `shown.executed`."""
    return str(request.param)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A server; without PostgreSQL the test is skipped, or fails where backends are required."""
    try:
        with running_postgres() as server:
            yield server
    except PostgresError as error:
        unavailable(error)


@pytest.fixture(scope="session")
def peer() -> Mapping[str, str]:
    """The variables for OpenInference's own instrumentation; without it, likewise."""
    try:
        return peer_environment()
    except PeerError as error:
        unavailable(error)


@pytest.fixture(params=MODULES)
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Storage]:
    """An empty storage of each kind that checkpointers have; see `savers`."""
    name: str = request.param
    pytest.importorskip(MODULES[name])
    if not name.startswith("postgres"):
        yield Storage(name, str(tmp_path / "checkpoints.sqlite"))
        forget_memories()
        return
    server: Postgres = request.getfixturevalue("postgres")
    database = server.new_database()
    yield Storage(name, database)
    server.drop(database)


@pytest.fixture(scope="session", autouse=True)
def plain_defaults() -> Iterator[None]:
    """Whenever a message is shown, pydantic reads the signatures of `list` and `dict` anew.

    It looks whether the factory of a default wants the other fields, which these two do not.
    """
    name = "takes_validated_data_argument"
    original = getattr(_fields, name, bool)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            _fields, name, lambda it: it not in (list, dict) and original(it), raising=False
        )
        yield


@pytest.fixture(scope="session", autouse=True)
def kept_clients() -> None:
    """What LangChain keeps of providers is not dropped in the middle of another test."""
    keep_clients()


OF_LANGCHAIN = (
    # Its own log stream is told of the end of a run whose start it never saw.
    "No indexed run ID",
    # Its stream of events is told twice of the ends of a batch of completions.
    "_AstreamEventsCallbackHandler.on_llm_end callback: KeyError",
)


@pytest.fixture(autouse=True)
def nothing_left_behind(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Our failures raise; afterwards no run is open, no span current, no callback complained."""
    health.strict = True
    health.failures.clear()
    health.events.clear()
    health.lost_seams.clear()
    first_run.forget()
    tenants.forget()
    before = otel_context.get_current()
    yield
    PATCHER.undo()
    open_runs = len(RUNS)
    RUNS.clear()
    assert open_runs == 0, "runs were left open"
    assert trace.get_current_span() is trace.INVALID_SPAN
    assert otel_context.get_current() == before
    assert not health.failures
    complaints = [
        record.getMessage()
        for record in caplog.get_records("call")
        if record.name.startswith(("langchain_core.callbacks", "langgraph", "opentelemetry"))
        and record.levelno >= logging.WARNING
        and not any(each in record.getMessage() for each in OF_LANGCHAIN)
    ]
    assert not complaints
