"""`langchain-otel run`: an application with its traces, with nothing set up."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from servers.otlp_sink import Sink, running_sink
from waiting import PATIENCE

BIN: Final = Path(sys.executable).parent
APPLICATION: Final = """
import sys
from langchain_core.runnables import RunnableLambda

RunnableLambda(lambda question: f"{question}!", name="shout").invoke("hi")
sys.stdout.write(f"{__name__} {sys.argv[1:]} {sys.stdin.read()}\\n")
sys.exit(7)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "application.py").write_text(APPLICATION)
    (tmp_path / "langchain_looper.py").write_text(APPLICATION)
    return tmp_path


@pytest.fixture
def sink() -> Iterator[Sink]:
    with running_sink() as sink:
        yield sink


def command(folder: Path, *words: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
    path = {"PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
    return subprocess.run(
        words,
        cwd=folder,
        env=inherited | path | variables,
        input="typed",
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


@pytest.mark.rows(4)
@pytest.mark.parametrize(
    "words",
    [
        ("langchain-otel", "run", "application.py"),
        ("langchain-otel", "run", "-m", "langchain_looper"),
        ("langchain-otel", "run", "python", "application.py"),
        (sys.executable, "-m", "langchain_otel", "run", "application.py"),
    ],
    ids=["file", "module", "command", "-m langchain_otel"],
)
def test_an_application_is_run_with_its_traces(words: tuple[str, ...], folder: Path) -> None:
    """It has its own arguments, standard input and exit status, and its traces are printed."""
    arguments = ["--help", "--traces_exporter", "console"]
    done = command(folder, *words, *arguments)
    assert f"__main__ {arguments} typed" in done.stdout
    assert done.stdout.count("invoke_workflow shout") == 1
    assert done.stderr == ""
    assert done.returncode == 7


def test_an_endpoint_is_sent_to(folder: Path, sink: Sink) -> None:
    """Nothing is printed then."""
    done = command(
        folder,
        *("langchain-otel", "run", "application.py"),
        OTEL_EXPORTER_OTLP_ENDPOINT=sink.url,
        OTEL_EXPORTER_OTLP_PROTOCOL="http/protobuf",
    )
    assert done.stdout == "__main__ [] typed\n"
    assert [span.name for span in sink.spans] == ["invoke_workflow shout"]


def test_who_names_no_exporter_gets_the_fast_one(folder: Path) -> None:
    """Where an endpoint says that traces are sent; not beside a configuration file."""
    program = "import os; print(os.environ.get('OTEL_TRACES_EXPORTER'))"
    words = ("langchain-otel", "run", "python", "-c", program)
    sent = command(folder, *words, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT="http://127.0.0.1:1")
    assert sent.stdout == "otlp_fast\n"
    (folder / "otel.yaml").write_text('file_format: "1.0"\n')
    assert command(folder, *words, OTEL_CONFIG_FILE="otel.yaml").stdout == "otlp\n"


def test_an_exporter_is_kept(folder: Path) -> None:
    """That of the variable, also where it is none."""
    done = command(folder, "langchain-otel", "run", "application.py", OTEL_TRACES_EXPORTER="none")
    assert done.stdout == "__main__ [] typed\n"


def test_metrics_go_where_a_variable_says(folder: Path) -> None:
    """Beside the tree."""
    done = command(
        folder, "langchain-otel", "run", "application.py", OTEL_METRICS_EXPORTER="console"
    )
    assert "invoke_workflow shout" in done.stdout
    assert "gen_ai.invoke_workflow.duration" in done.stdout


@pytest.mark.parametrize(
    ("words", "status"), [((), 2), (("run",), 2), (("run", "--help"), 0), (("--help",), 0)]
)
def test_usage(words: tuple[str, ...], status: int, folder: Path) -> None:
    """What it takes is said, on standard error where it was not asked for."""
    done = command(folder, "langchain-otel", *words)
    said, other = (done.stderr, done.stdout) if status else (done.stdout, done.stderr)
    assert "langchain-otel run app.py" in said
    assert other == ""
    assert done.returncode == status


def test_an_unknown_command(folder: Path) -> None:
    """The commands that there are."""
    done = command(folder, "langchain-otel", "trace", "application.py")
    assert "langchain-otel doctor" in done.stderr
    assert done.returncode == 2


def test_without_rich(folder: Path) -> None:
    """What is missing, and where else traces can go."""
    (folder / "sitecustomize.py").write_text(
        "import importlib.util as u\n"
        "find_spec = u.find_spec\n"
        "u.find_spec = lambda name, *a: None if name == 'rich' else find_spec(name, *a)\n"
    )
    done = command(folder, "langchain-otel", "run", "application.py", PYTHONPATH=str(folder))
    assert 'pip install "langchain-otel[console]"' in done.stderr
    assert done.returncode == 2
