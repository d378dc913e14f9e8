"""Pytest as a user runs it, with the plugin that the package brings: what it prints, what it costs.

Each runs in a process of its own, in a folder of its own.
"""

import os
import subprocess
import sys
from typing import Final

import pytest

from documentation import ROOT
from versions import newest_agent
from waiting import PATIENCE

pytest_plugins = ("pytester",)

QUIET: Final = ("-q", "-p", "no:randomly", "-p", "no:cacheprovider", "-W", "error")
TESTS: Final = """
import pytest
from captured import QUESTION, weather_agent

def ask(city="Porto"):
    return weather_agent(city).invoke(QUESTION)
"""


class Project:
    """A folder with tests, and pytest run there."""

    def __init__(self, pytester: pytest.Pytester) -> None:
        self.folder = pytester

    def write(self, **files: str) -> None:
        for name, text in files.items():
            (self.folder.path / f"{name}.py").write_text(text, encoding="utf-8")

    def run(self, *arguments: str) -> pytest.RunResult:
        return self.folder.runpytest_subprocess(*QUIET, *arguments, timeout=PATIENCE)


pytestmark = newest_agent


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Project:
    for name in os.environ:
        # Some plugins do otherwise in a worker of xdist, or on a server.
        if name.startswith(("PYTEST_", "GITHUB_", "COLUMNS")) or name == "CI":
            monkeypatch.delenv(name)
    folders = [str(ROOT / name) for name in ("tests", "examples")]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(folders))
    monkeypatch.setenv("COLUMNS", "120")
    return Project(pytester)


FAILING: Final = (
    TESTS
    + """
def test_called(langchain_trace):
    ask()
    assert langchain_trace.called("get_weather", city="Lisbon")

def test_under(langchain_trace):
    ask()
    assert langchain_trace.first("get_weather").under("chat")

def test_limit(langchain_trace):
    ask()
    assert langchain_trace.within(tokens=10, calls=1)

def test_tree(langchain_trace):
    ask()
    assert langchain_trace.tree() == "invoke_agent travel-agent"

def test_first(langchain_trace):
    ask()
    langchain_trace.first("nobody")

def test_error(langchain_trace):
    ask("Atlantis")

def test_nothing(langchain_trace):
    assert 1 == 2

def test_passes(langchain_trace):
    ask()
    assert not langchain_trace.errors()

def test_without_it():
    assert 1 == 2
"""
)
PRINTED: Final = {
    "test_called": [
        "E  *assert get_weather(city='Lisbon') was not called; called once: get_weather(city='Por*",
        "E  *where called = <Trace of 7 spans>.called",
        "-* LangChain trace -*",
        "invoke_agent travel-agent  8→6 tokens",
        "  tools",
        "    execute_tool get_weather(city='Porto')",
    ],
    "test_under": [
        "E  *assert execute_tool get_weather is not under chat: it is under tools < invoke_agent *",
        "E  *where under = <execute_tool get_weather(city='Porto')>.under",
    ],
    "test_limit": ["E  *assert 14 tokens, more than 10; 2 model calls, more than 1"],
    "test_tree": [
        "E  *invoke_agent travel-agent",
        "E  *+   model",
    ],
    "test_first": [
        '>       langchain_trace.first("nobody")',
        "E       LookupError: no span 'nobody' in the trace:",
        "E         tools",
    ],
    "test_error": [
        "E  *ValueError: no such city",
        "-* LangChain trace -*",
        "    execute_tool get_weather(city='Atlantis')  error ValueError: no such city",
    ],
    "test_nothing": ["-* LangChain trace -*", "(no run was recorded)"],
    "test_without_it": ["E       assert 1 == 2"],
}


def report_of(result: pytest.RunResult, test: str) -> pytest.LineMatcher:
    """What is printed of one failure."""
    (start,) = [number for number, line in enumerate(result.outlines) if line.strip("_ ") == test]
    end = next(
        number
        for number, line in enumerate([*result.outlines, "===="])
        if number > start and line.startswith(("____", "===="))
    )
    return pytest.LineMatcher(result.outlines[start:end])


@pytest.mark.rows(2)
@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["one process", "xdist"])
def test_what_a_failure_prints(workers: tuple[str, ...], project: Project) -> None:
    """The reason, and below it the trace; the same from the workers of xdist."""
    project.write(test_failing=FAILING)
    result = project.run(*workers)
    result.assert_outcomes(failed=8, passed=1)
    for test, lines in PRINTED.items():
        report_of(result, test).fnmatch_lines(lines)
    report_of(result, "test_without_it").no_fnmatch_line("*LangChain trace*")


@pytest.mark.slow
def test_options(project: Project) -> None:
    """The project's come from a fixture; markers win, the nearest first; wrong ones are errors."""
    project.write(
        conftest="""
import pytest

@pytest.fixture(scope="session")
def langchain_otel_options():
    return {"detail": "semantic", "capture_message_content": False}
""",
        test_options=TESTS
        + """
MODEL = "  chat scripted"
SHORT = ["invoke_agent travel-agent", MODEL, "  execute_tool get_weather", MODEL]

def test_of_the_project(langchain_trace):
    ask()
    assert langchain_trace.tree().splitlines() == SHORT

@pytest.mark.langchain_otel(detail="nodes", capture_message_content=True)
class TestMarked:
    @pytest.mark.langchain_otel(detail="semantic")
    def test_nearest(self, langchain_trace):
        ask()
        lines = langchain_trace.tree().splitlines()
        assert len(lines) == 4 and lines[2] == "  execute_tool get_weather(city='Porto')"

    @pytest.mark.parametrize(
        "length", [4, pytest.param(7, marks=pytest.mark.langchain_otel(detail="all"))]
    )
    def test_parameters(self, length, langchain_trace, request):
        ask()
        if length == 7:
            assert len(langchain_trace.spans()) == 7

@pytest.mark.langchain_otel(detial="nodes")
def test_unknown(langchain_trace):
    pass

@pytest.mark.langchain_otel(detail="nothing")
def test_invalid(langchain_trace):
    pass

@pytest.mark.langchain_otel("nodes")
def test_positional(langchain_trace):
    pass
""",
    )
    result = project.run("--strict-markers")
    result.assert_outcomes(passed=4, errors=3)
    for line in (
        "E*TypeError: no option 'detial' (did you mean 'detail'?); there are capture_message_*",
        "E*ValueError: detail must be *; got 'nothing'",
        "E*TypeError: the marker langchain_otel takes options by name; got ('nodes',)",
    ):
        result.stdout.fnmatch_lines([line])
    project.run("--markers").stdout.fnmatch_lines(["@pytest.mark.langchain_otel(?*options): *"])


@pytest.mark.slow
def test_ways_to_write_tests(project: Project) -> None:
    """Async tests of asyncio and anyio, classes of unittest, a fixture of a wider scope."""
    project.write(
        conftest="""
import pytest

@pytest.fixture
def anyio_backend():
    return "asyncio"
""",
        test_ways=TESTS
        + """
import unittest
from langchain_otel.testing import captured_trace

@pytest.mark.asyncio
async def test_asyncio(langchain_trace):
    await weather_agent().ainvoke(QUESTION)
    assert langchain_trace.called("get_weather", city="Porto")

@pytest.mark.anyio
async def test_anyio(langchain_trace):
    await weather_agent().ainvoke(QUESTION)
    assert langchain_trace.called("get_weather", city="Porto")

class TestOfUnittest(unittest.TestCase):
    def setUp(self):
        self.trace = self.enterContext(captured_trace())

    def test_it(self):
        ask()
        self.assertTrue(self.trace.called("get_weather", city="Porto"))

@pytest.fixture(scope="module")
def answered():
    with captured_trace() as trace:
        ask()
    return trace

def test_wider(answered):
    assert len(answered.models()) == 2

def test_wider_again(answered, langchain_trace):
    assert answered.called("get_weather")
    assert not langchain_trace.spans()

@pytest.fixture
def asked(langchain_trace):
    ask()

@pytest.mark.parametrize("number", range(3))
def test_each_is_empty_at_first(number, asked, langchain_trace):
    assert len(langchain_trace.traces()) == 1
""",
    )
    project.run("-o", "asyncio_mode=strict").assert_outcomes(passed=8)


SNAPSHOTS: Final = (
    TESTS
    + """
import os
from inline_snapshot import snapshot as inline

def test_syrupy(langchain_trace, snapshot):
    ask(os.environ.get("CITY", "Porto"))
    assert langchain_trace.snapshot() == snapshot
    assert langchain_trace.tree() == snapshot(name="tree")

def test_inline_snapshot(langchain_trace):
    ask(os.environ.get("CITY", "Porto"))
    assert langchain_trace.snapshot() == inline()
"""
)


@pytest.mark.slow
def test_snapshots(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """What syrupy and inline-snapshot wrote is met by the next run, and not by another answer."""
    pytest.importorskip("syrupy")
    pytest.importorskip("inline_snapshot")
    project.write(test_snapshot=SNAPSHOTS)
    project.run("--snapshot-update", "--inline-snapshot=create")
    (file,) = (project.folder.path / "__snapshots__").iterdir()
    assert "execute_tool get_weather(city='Porto')" in file.read_text()
    assert "execute_tool get_weather" in (project.folder.path / "test_snapshot.py").read_text()
    project.run("--inline-snapshot=disable").assert_outcomes(passed=2)
    monkeypatch.setenv("CITY", "Lisbon")
    result = project.run("--inline-snapshot=disable")
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(["E*'city': 'Lisbon'*"])


LOADED: Final = """
import sys

def pytest_sessionfinish(session):
    loaded = sorted(name for name in sys.modules if name.startswith("langchain_otel"))
    others = {"langchain_core", "opentelemetry", "langgraph"} & sys.modules.keys()
    print("loaded:", *loaded, *sorted(others))
"""
NOT_NEEDED: Final = ("langsmith_plugin", "logfire", "inline_snapshot", "syrupy", "anyio")


def test_nothing_is_imported_for_others(project: Project) -> None:
    """A project that does not ask for the fixture pays for a module that imports nothing."""
    project.write(conftest=LOADED, test_other="def test_other(): pass")
    others = [word for name in NOT_NEEDED for word in ("-p", f"no:{name}")]
    result = project.run("-s", *others)
    result.assert_outcomes(passed=1)
    names = ["langchain_otel", "langchain_otel.testing", "langchain_otel.testing.plugin"]
    (line,) = [line for line in result.outlines if "loaded:" in line]
    assert line.partition("loaded: ")[2].split() == [*names, "langchain_otel.version"]


def test_it_can_be_switched_off(project: Project) -> None:
    """As any plugin, by the name of its entry point."""
    project.write(test_other="def test_other(langchain_trace): pass")
    result = project.run("-p", "no:langchain_otel")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*fixture 'langchain_trace' not found"])


def test_the_package_does_without_pytest() -> None:
    """What a test imports, `captured_trace` too, needs no pytest."""
    program = """
import sys
sys.modules["pytest"] = None
from langchain_otel.testing import *
from langchain_core.language_models import FakeListChatModel
with captured_trace() as trace:
    FakeListChatModel(responses=["hello"]).invoke("hi")
print(trace.tree(), trace.models()[0].answer, isinstance(trace, Trace))
"""
    command = [sys.executable, "-W", "ignore", "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.stdout, done.returncode) == ("chat hello True\n", 0), done.stderr
