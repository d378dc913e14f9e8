"""The built wheel in environments of its own: both ends of every version range, and little else.

Each environment is made with the wheel, not with the source tree, and runs a program under
`opentelemetry-instrument` with no code changed.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from documentation import blocks_of
from environments import ENVIRONMENTS as ENDS
from environments import ROOT, pins
from servers.otlp_sink import running_sink

PROGRAMS = ROOT / "tests" / "programs"
MCP_PROGRAM = PROGRAMS / "mcp_tools.py"

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("environments")]

WITHOUT_GRAPH = """\
invoke_workflow
  find
    in lambda
    retrieval
      in retriever
  chat
    in model
between chunks
invoke_workflow
  find
    in lambda
    retrieval
      in retriever
  chat
    in model
    in model
execute_tool wait
  in tool
timed out
"""
WITH_GRAPH = f"""\
{WITHOUT_GRAPH}\
invoke_workflow calculator
  model
    in node
    chat
      in model
  tools
    execute_tool add
      in tool
"""


# The hooks of the library's own middleware are left out: they differ from version to version.
DEEP_AGENT = """\
invoke_agent planner
  model
    chat
  tools
    execute_tool task
      invoke_agent adder
        model
          chat
        tools
          execute_tool add
        model
          chat
  model
    chat
  tools
    execute_tool write_file
  model
    chat
"""


class Environment(NamedTuple):
    """What is installed beside the wheel, and what a program's traces look like then."""

    requirements: tuple[str, ...]
    tree: str
    program: Path = PROGRAMS / "any_version.py"


ENVIRONMENTS = {
    "langchain-core alone": Environment(("langchain-core",), WITHOUT_GRAPH),
    "langgraph without langchain": Environment(("langgraph", "langchain-openai"), WITH_GRAPH),
    **{
        name: Environment(tuple(pins(end)), WITH_GRAPH)
        for name, end in ENDS.items()
        # Those that are named so differ by the interpreter alone.
        if "-on-" not in name and not end.only
    },
    "deepagents": Environment(("deepagents",), DEEP_AGENT * 2, PROGRAMS / "deep_agent.py"),
}

MCP_ENVIRONMENTS = {
    "oldest mcp": (
        "langchain-core<0.4",
        "langchain-mcp-adapters==0.1.0",
        "mcp==1.9.2",
        "pydantic<2.12",  # mcp uses what is private to it
    ),
    "other instrumentations of mcp": (
        "langchain-mcp-adapters",
        "openinference-instrumentation-mcp",
        "opentelemetry-instrumentation-mcp",
    ),
}


def uv(*arguments: str | Path) -> None:
    command = [sys.executable, "-m", "uv", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built as for publishing: from the source distribution."""
    out = tmp_path_factory.mktemp("dist")
    uv("build", "--quiet", "--out-dir", out, ROOT)
    (built,) = out.glob("*.whl")
    return built


def environment_with(wheel: Path, requirements: tuple[str, ...], place: Path) -> Path:
    """An environment with the wheel, its command line folder; the downloads are cached by uv."""
    uv("venv", "--quiet", "--python", sys.executable, place)
    python = place / "bin" / "python"
    uv("pip", "install", "--quiet", "--python", python, f"{wheel}[console]", *requirements)
    return place / "bin"


def traced(bin_folder: Path, program: Path, **variables: str) -> str:
    """What a program prints under `opentelemetry-instrument` with traces in the terminal."""
    done = subprocess.run(
        [bin_folder / "opentelemetry-instrument", bin_folder / "python", program],
        capture_output=True,
        text=True,
        check=False,
        env={
            "PATH": f"{bin_folder}:{os.environ['PATH']}",
            "OTEL_TRACES_EXPORTER": "langchain_tree",
            "OTEL_METRICS_EXPORTER": "none",
            "OTEL_LOGS_EXPORTER": "none",
            **variables,
        },
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def shape(printed: str) -> str:
    """The printed trees without durations, ids, totals and lines."""
    lines = []
    for line in printed.splitlines():
        branch = re.match(r"^((?:│   |    )*)(├── |└── )?(.+?)  .*$", line)
        if branch is not None and not re.match(r"^(trace |\d+ spans?)", line):
            depth = len(branch[1]) // 4 + (1 if branch[2] else 0)
            lines.append("  " * depth + branch[3])
    return "".join(f"{line}\n" for line in lines if "Middleware." not in line)


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_wheel_works_in(name: str, wheel: Path, tmp_path: Path) -> None:
    """Whole traces and the right current span, whatever version is there or not there."""
    environment = ENVIRONMENTS[name]
    bin_folder = environment_with(wheel, environment.requirements, tmp_path / "venv")
    assert shape(traced(bin_folder, environment.program)) == environment.tree
    if name == "langchain-core alone":
        disabled = traced(
            bin_folder, environment.program, OTEL_PYTHON_DISABLED_INSTRUMENTATIONS="langchain_otel"
        )
        assert "invoke_workflow" not in disabled
        assert "in lambda" in disabled


@pytest.mark.parametrize("name", MCP_ENVIRONMENTS)
def test_mcp_tool_in(name: str, wheel: Path, tmp_path: Path) -> None:
    """One span `execute_tool`, under which the server's work is, whoever else instruments it."""
    bin_folder = environment_with(wheel, MCP_ENVIRONMENTS[name], tmp_path / "venv")
    lines = traced(bin_folder, MCP_PROGRAM).splitlines()
    # Traces are printed in between, whenever there are some.
    (ancestors,) = [line for line in lines if line.startswith("server: ")]
    (attributes,) = [line for line in lines if line.startswith("{")]
    assert ancestors.endswith("execute_tool where")
    found = json.loads(attributes)
    assert found["mcp.method.name"] == "tools/call"
    assert found["network.transport"] == "pipe"


@pytest.mark.parametrize("way", ["uv in a project", "uv", "pip"])
def test_otlp_over_http_without_grpc(way: str, wheel: Path, tmp_path: Path) -> None:
    """As docs/installing.md leaves it out: traces arrive, and nothing misses it."""
    place = tmp_path / ".venv"
    uv("venv", "--quiet", "--seed", "--python", sys.executable, place)
    blocks = blocks_of(ROOT / "docs" / "installing.md")
    project, by_uv, by_pip = (block.text for block in blocks if block.section.startswith("With "))
    if way == "uv in a project":
        source = f'[tool.uv.sources]\nlangchain-otel = {{path = "{wheel}"}}\n'
        (tmp_path / "pyproject.toml").write_text(f"{project}\n{source}")
        commands = "uv sync --quiet"
    else:
        commands = (by_uv if way == "uv" else by_pip).replace("langchain-otel", str(wheel))
    path = f"{place / 'bin'}:{Path(sys.executable).parent}:{os.environ['PATH']}"
    variables = os.environ | {"PATH": path, "VIRTUAL_ENV": str(place)}
    subprocess.run(
        ["bash", "-euo", "pipefail", "-c", commands], cwd=tmp_path, env=variables, check=True
    )
    python = place / "bin" / "python"
    assert subprocess.run(
        [python, "-c", "import grpc"], capture_output=True, check=False
    ).returncode
    with running_sink() as sink:
        done = subprocess.run(
            [place / "bin" / "opentelemetry-instrument", python, PROGRAMS / "any_version.py"],
            capture_output=True,
            text=True,
            check=False,
            env={
                "PATH": path,
                "OTEL_EXPORTER_OTLP_ENDPOINT": sink.url,
                "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
            },
        )
    assert (done.returncode, done.stderr) == (0, "")
    assert "invoke_workflow" in {span.name for span in sink.spans}
