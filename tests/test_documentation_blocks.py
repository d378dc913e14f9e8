"""Every block of the documentation runs as it stands, and prints what stands below it.

The blocks of a section are pasted into one terminal, in a folder of its own; README.md is pasted
from its top to its end. A block whose first line names a file is that file. `app.py` is the
reader's own program. Those of README.md run every time, those of other pages in `make test-all`:
every time, their programs can be read, and what they import is there.
"""

import ast
import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from importlib.metadata import metadata
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from packaging.requirements import Requirement

from backends.collectors import PRODUCTION
from documentation import OUTPUT, PAGES, PROGRAM, ROOT, SHELL, Block, blocks_of
from migration.tables import PACKAGES
from servers.otlp_proxy import Proxy, running_proxy
from waiting import PATIENCE

README: Final = ROOT / "README.md"
FIRST: Final = README.name
BIN: Final = Path(sys.executable).parent
PROGRAMS: Final = ROOT / "tests" / "programs"
PASTED: Final = "pasted.py"

# What is not run. The blocks that hold it are run, with something else in its place.

COMMANDS: Final = {
    "pip": "it would change the environment; its requirements are checked",
    "uv": "the same; tests/test_environments.py installs like this",
    "make": "it takes minutes; the target is checked by a dry run",
    "docker": "no Docker here; the files are checked",
    "otelcol": "it serves until it is stopped; tests/backends run it, the files are checked",
    "weaver": "it fetches OpenTelemetry's registry; the folder is checked",
    "curl": "it asks Jaeger; tests/backends/test_jaeger_queries.py does",
    "kubectl": "no cluster here; tests/test_kubernetes.py checks the manifests",
    "gunicorn": "it serves until it is stopped; tests/test_processes.py runs it",
    "uvicorn": "it serves until it is stopped; tests/test_processes.py runs it",
    "jupyter": "it speaks of its kernel; tests/test_example_pages.py runs the notebook",
    "langgraph": "it serves until it is stopped, and is not installed",
}
LANGUAGES: Final = {
    "jaeger": "tests/backends/test_jaeger_queries.py asks a real Jaeger, test_migration.py spans",
    "traceql": "tests/backends/test_traceql.py parses it, test_tempo_queries.py asks Tempo",
    "traceql-metrics": "the same",
    "promql": "tests/test_migration.py finds its metric and its labels",
    "pyi": "signatures, made from the code",
    "py": "lines of docstrings; other pages have whole programs",
}
PICTURES: Final = ("docs/architecture.md", "docs/terminal.md", "collector-config/README.md")
"""Pages that draw something in a block of text."""
OF_OPENTELEMETRY: Final = "OTEL_CONFIG_FILE is set; ignoring configurator kwargs"
"""What its command says of itself where there is a file of settings."""


def sections() -> dict[str, list[Block]]:
    """The blocks that are pasted into one terminal, by page and heading."""
    found: dict[str, list[Block]] = {}
    for page in PAGES:
        name = str(page.relative_to(ROOT))
        for block in blocks_of(page):
            key = name if page == README else f"{name}: {block.section}"
            found.setdefault(key, []).append(block)
    return {
        key: blocks
        for key, blocks in found.items()
        if any(block.language in {SHELL, PROGRAM} for block in blocks)
    }


SECTIONS: Final = sections()


@cache
def readers_program() -> str:
    """The program of the README without what it says about tracing."""
    (app,) = (block.text for block in blocks_of(README) if block.file == "app.py")
    return "".join(line for line in app.splitlines(True) if "langchain_otel" not in line)


@dataclass(slots=True)
class Terminal:
    """A folder and the variables that hold there."""

    folder: Path
    variables: dict[str, str] = field(default_factory=dict)

    @property
    def calls(self) -> list[list[str]]:
        """How the commands were called that are not run."""
        file = Path(self.variables["DOCUMENTATION_CALLS"])
        return [json.loads(line) for line in file.read_text().splitlines()]

    def run(self, *command: str | Path) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        return subprocess.run(
            command,
            cwd=self.folder,
            env=self.variables,
            capture_output=True,
            encoding="utf-8",
            timeout=PATIENCE,
            check=False,
        )

    def keep(self, block: Block) -> None:
        """Write a block to the file that it is, if it is one."""
        if file := block.file or (block.language == PROGRAM and PASTED):
            (self.folder / file).write_text(block.text, encoding="utf-8")

    def paste(self, block: Block) -> subprocess.CompletedProcess[str]:
        """Run a block, and keep the variables that it leaves."""
        if block.language == PROGRAM:
            return self.run(sys.executable, block.file or PASTED)
        kept = self.folder.parent / "variables"
        done = self.run("bash", "-euo", "pipefail", "-c", f'{block.text}\nenv -0 > "{kept}"')
        if kept.exists():
            pairs = kept.read_text(encoding="utf-8").split("\0")
            self.variables = dict(pair.split("=", 1) for pair in pairs if pair)
        return done


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    """A new one, in a folder that looks like the checkout and has the reader's program."""
    folder, stand_ins, temporary = (tmp_path / name for name in ("folder", "bin", "tmp"))
    for each in (folder, stand_ins, temporary):
        each.mkdir()
    calls = tmp_path / "calls"
    calls.touch()
    for name in ("examples", "collector-config", "semconv"):
        (folder / name).symlink_to(ROOT / name)
    (folder / "app.py").write_text(readers_program(), encoding="utf-8")
    for name in COMMANDS:
        program = stand_ins / name
        text = (PROGRAMS / "stand_in.py").read_text()
        program.write_text(f"#!{sys.executable}\n{text}")
        program.chmod(0o755)
    ours = ("OTEL_", "OPENAI_", "LANGSMITH_", "LANGCHAIN_", "PYTEST_", "CI", "BUILD_NUMBER")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return Terminal(
        folder,
        inherited
        | {
            "PATH": f"{stand_ins}{os.pathsep}{BIN}{os.pathsep}{os.environ['PATH']}",
            "DOCUMENTATION_CALLS": str(calls),
            "TMPDIR": str(temporary),
            "PYTHONIOENCODING": "utf-8",
            "PYTHONDONTWRITEBYTECODE": "1",
            # Traces are printed at the program's end, however slow it is, not between two prints.
            "OTEL_BSP_SCHEDULE_DELAY": "600000",
            # Only our tests have these plugins, which speak of themselves.
            "PYTEST_ADDOPTS": "-p no:randomly -p no:cacheprovider -p no:inline_snapshot",
            # Only our tests have these.
            "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": "asgi,celery,dbapi,fastapi,psycopg",
        },
    )


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    with running_proxy() as proxy:
        yield proxy


@pytest.mark.parametrize(
    "name",
    [name if name == FIRST else pytest.param(name, marks=pytest.mark.slow) for name in SECTIONS],
)
def test_blocks_run_as_they_stand(name: str, terminal: Terminal, proxy: Proxy) -> None:
    """Each ends well, prints what is shown, and sends where it says."""
    blocks = SECTIONS[name]
    for file in files_before(blocks[0]):
        terminal.keep(file)
    wanted = endpoints(blocks)
    if wanted:
        terminal.variables |= proxy.variables
    for block, shown in zip(blocks, [*blocks[1:], None], strict=True):
        terminal.keep(block)
        if block.language in {SHELL, PROGRAM}:
            check_done(block, shown, terminal.paste(block))
    check_sent(terminal, proxy, wanted)
    for command, *arguments in terminal.calls:
        if command in CHECKS:
            CHECKS[command](arguments)


def check_sent(terminal: Terminal, proxy: Proxy, wanted: set[str]) -> None:
    """Something was sent to each host; where the blocks only set variables, one span more is."""
    if wanted and not proxy.hosts:
        command = [sys.executable, str(PROGRAMS / "one_span.py")]
        with subprocess.Popen(command, env=terminal.variables, stderr=subprocess.PIPE) as sending:
            # A vendor cannot be reached; the program would try for a while.
            proxy.wait_for(wanted)
            sending.kill()
    assert wanted <= proxy.hosts
    assert bool(proxy.sink.spans) == any(host.startswith("127.0.0.1:") for host in wanted)


def files_before(first: Block) -> list[Block]:
    """The files that the page has shown until then."""
    blocks = blocks_of(first.page)
    return [block for block in blocks[: blocks.index(first)] if block.file]


ENDPOINT: Final = re.compile(r"""(?:ENDPOINT=|endpoint=")(https?)://([^/\s"]+)""")
PORTS: Final = {"http": 80, "https": 443}


def endpoints(blocks: Sequence[Block]) -> set[str]:
    """The hosts and ports that blocks name as endpoints, those of their files too."""
    files = [block for block in blocks_of(blocks[0].page) if block.file]
    texts = [block.text for block in blocks]
    texts += [file.text for file in files if any(f"={file.file}\n" in text for text in texts)]
    found = ENDPOINT.findall("\n".join(texts).replace('endpoint: "', 'endpoint="'))
    return {(host if ":" in host else f"{host}:{PORTS[scheme]}").lower() for scheme, host in found}


def check_done(block: Block, shown: Block | None, done: subprocess.CompletedProcess[str]) -> None:
    """It ended well, said nothing on standard error, and printed what is shown."""
    said = f"{block.place}\n{done.stdout}\n{done.stderr}"
    if "langchain-otel doctor" in block.text:
        # 1: something must be mended, here as with a reader.
        assert done.returncode in {0, 1}, said
        assert done.stdout, said
        return
    # A page may show a test that fails: what it prints is compared.
    assert done.returncode in ({0, 1} if block.text.startswith("pytest") else {0}), said
    lines = done.stderr.splitlines()
    assert not [line for line in lines if not line.startswith(OF_OPENTELEMETRY)], said
    if shown is not None and shown.language == OUTPUT:
        assert normal(done.stdout) == normal(shown.text), said


VARYING: Final = (
    (re.compile(r"\b[0-9a-f]{32}\b"), "TRACE"),
    (re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"), "CHECKPOINT"),
    (re.compile(r"\b[0-9a-f]{16}\b"), "SPAN"),
    (re.compile(r"(?<= in )\d+\.\d+s\b"), "TIME"),
    (re.compile(r"\b\d+(?:\.\d+)? (?:µs|ms|s)(?!\w)"), "TIME"),
)


TREE: Final = re.compile(r"^trace TRACE.*\n(?:.+\n)*?\d+ spans?  .*\n", re.MULTILINE)


def normal(printed: str) -> list[str]:
    """What is printed, without ids and times, and then the trees.

    A tree may come before or after what the program prints meanwhile; the order of siblings says
    which of them began first.
    """
    for pattern, word in VARYING:
        printed = pattern.sub(word, printed)
    trees = [tree.splitlines() for tree in TREE.findall(f"{printed}\n")]
    said = TREE.sub("", f"{printed}\n").split("\n")
    return [line for line in said if line] + [line for tree in trees for line in sorted_lines(tree)]


def sorted_lines(tree: list[str]) -> list[str]:
    """A printed tree between its head and its sums, siblings in alphabetical order."""
    head, root, *below, sums = tree
    return [head, root, *sorted_tree(below), sums]


def sorted_tree(lines: list[str]) -> list[str]:
    """The lines below one, in an order that does not depend on which came first."""
    branches: list[list[str]] = []
    for line in lines:
        text = line.lstrip("│├└─ ")
        depth = (len(line) - len(text)) // 4
        if depth <= 1:
            branches.append([text])
        else:
            branches[-1].append(line[4:])
    return [
        "    " + line
        for head, *below in sorted([head, *sorted_tree(below)] for head, *below in branches)
        for line in (head, *below)
    ]


# Commands that are not run


def check_pip(arguments: list[str]) -> None:
    """What is installed exists, with the extras that it is asked for."""
    command, *words = arguments
    if command == "uninstall":
        assert {package.distribution for package in PACKAGES.values()} >= set(words) - {"-y"}
        return
    assert command == "install"
    requirements = [Requirement(word) for word in words if not word.startswith("-")]
    extras = set(metadata("langchain-otel").get_all("Provides-Extra") or ())
    for requirement in requirements:
        assert metadata(requirement.name)
        assert requirement.name != "langchain-otel" or requirement.extras <= extras


def check_uv(arguments: list[str]) -> None:
    assert arguments[:2] == ["pip", "install"]
    check_pip(["install", arguments[-1]])


def check_make(arguments: list[str]) -> None:
    subprocess.run(["/usr/bin/env", "make", "--dry-run", *arguments], cwd=ROOT, check=True)


def check_docker(arguments: list[str]) -> None:
    assert arguments[:2] == ["compose", "-f"]
    assert yaml.safe_load((ROOT / arguments[2]).read_text())["services"]


def check_collector(arguments: list[str]) -> None:
    """The files are those that tests/backends give to a real Collector."""
    assert tuple(argument.removeprefix("--config=") for argument in arguments) == PRODUCTION


def check_kubectl(arguments: list[str]) -> None:
    command, option, path = arguments
    assert command == "apply"
    file = ROOT / path / "kustomization.yaml" if option == "-k" else ROOT / path
    assert list(yaml.safe_load_all(file.read_text()))


def check_weaver(arguments: list[str]) -> None:
    folder = ROOT / arguments[arguments.index("--registry") + 1]
    assert (folder / "manifest.yaml").exists()


CHECKS: Final[dict[str, Callable[[list[str]], None]]] = {
    "pip": check_pip,
    "uv": check_uv,
    "make": check_make,
    "docker": check_docker,
    "otelcol": check_collector,
    "kubectl": check_kubectl,
    "weaver": check_weaver,
}


# Other blocks


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_block_is_tried(page: Path) -> None:
    """A block that nothing tries would be wrong one day."""
    before: Block | None = None
    for block in blocks_of(page):
        if block.language == OUTPUT:
            is_output = before is not None and before.language in {SHELL, PROGRAM}
            assert is_output or str(page.relative_to(ROOT)) in PICTURES, block.place
        else:
            assert block.language in {SHELL, PROGRAM, *PARSERS, *LANGUAGES}, block.place
        before = block


PROGRAMS_SHOWN: Final = [
    block for page in PAGES for block in blocks_of(page) if block.language == PROGRAM
]


@pytest.mark.parametrize("block", PROGRAMS_SHOWN, ids=lambda block: block.place)
def test_programs_import_what_is_there(block: Block) -> None:
    """Whatever they import of ours has this name there."""
    for node in ast.walk(ast.parse(block.text)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("langchain_otel"):
            module = import_module(str(node.module))
            assert [name.name for name in node.names if not hasattr(module, name.name)] == []


PARSERS: Final[dict[str, Callable[[str], Any]]] = {
    "yaml": yaml.safe_load,
    "toml": tomllib.loads,
    "json": json.loads,
}


@pytest.mark.parametrize("language", PARSERS)
def test_files_are_well_formed(language: str) -> None:
    """There is one of each, and they can be read."""
    blocks = [block for page in PAGES for block in blocks_of(page) if block.language == language]
    assert all(PARSERS[language](block.text) for block in blocks)
    assert blocks
