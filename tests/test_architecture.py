"""The shape of the code is a promise too: sizes, import direction, each name in one place."""

import ast
import re
from pathlib import Path
from types import ModuleType

import pytest

from langchain_otel import semconv
from langchain_otel.config import OPTIONS
from langchain_otel.dialects import openinference_names
from langchain_otel.mapping import LANGGRAPH, LANGSMITH, REQUEST
from langchain_otel.points import POINTS

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "src" / "langchain_otel"
MODULES = sorted(PACKAGE.rglob("*.py"))


def names_in(vocabulary: ModuleType) -> set[str]:
    return {
        value for name, value in vars(vocabulary).items() if name.isupper() and "." in str(value)
    }


NAMES = names_in(semconv)

MAX_FILE_LINES = 300
MAX_FUNCTION_LINES = 40

# Whoever stands to the right may import what stands to its left, never the other way.
LAYERS = (
    (
        "version",
        "semconv",
        "health",
        "collecting",
        "covering",
        "forks",
        "imports",
        "neighbours",
        "supported",
        "unread",
        "outcome",
        "mapping",
        "recent",
        "run",
        "identity",
    ),
    ("context", "content", "config"),
    ("operations", "dialects"),
    (
        "attempts",
        "events",
        "frame",
        "framing",
        "repair",
        "subclasses",
        "lineage",
        "causes",
        "instruments",
        "learned",
        "mcp",
    ),
    ("steps",),
    ("metrics", "capture", "checkpoints", "loops", "configuration"),
    ("recorder",),
    ("recorders",),
    ("observed",),
    ("remote",),
    ("points",),
    ("patches",),
    ("handler", "inject", "evaluation", "conversation"),
    ("instrumentor", "console", "otlp"),
    ("__init__",),
)
RANK = {module: rank for rank, layer in enumerate(LAYERS) for module in layer}
# A module of a type that one below names only for its annotations.
TYPE_CHECKING_ONLY = re.compile(r"^if TYPE_CHECKING:\n((?:    .*\n|\n)+)", re.MULTILINE)


def top(module: str) -> str:
    return module.removeprefix("langchain_otel").lstrip(".").split(".")[0] or "__init__"


def imported_by(path: Path) -> set[str]:
    source = TYPE_CHECKING_ONLY.sub("", path.read_text())
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("langchain_otel"):
            if node.module == "langchain_otel":
                found |= {alias.name for alias in node.names}
            else:
                found.add(top(str(node.module)))
    return found


def ids(path: Path) -> str:
    return str(path.relative_to(PACKAGE))


@pytest.mark.parametrize("path", MODULES, ids=ids)
def test_files_and_functions_are_small(path: Path) -> None:
    """A file has one idea, a function fits on a screen, a module says what it knows."""
    tree = ast.parse(path.read_text())
    assert len(path.read_text().splitlines()) <= MAX_FILE_LINES
    assert ast.get_docstring(tree)
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            assert node.end_lineno is not None
            assert node.end_lineno - node.lineno < MAX_FUNCTION_LINES, node.name


@pytest.mark.parametrize("path", MODULES, ids=ids)
def test_imports_run_one_way(path: Path) -> None:
    """Words, then content and operations, then runs, then the recorder, then the ways in."""
    own = top(".".join(path.relative_to(PACKAGE).with_suffix("").parts))
    own = "__init__" if path.parent == PACKAGE and path.stem == "__init__" else own
    for other in imported_by(path) - {own, "__version__"}:
        assert RANK[other] <= RANK[own], f"{own} imports {other}"


@pytest.mark.parametrize("vocabulary", [semconv, openinference_names])
def test_each_name_stands_in_one_place(vocabulary: ModuleType) -> None:
    """A convention's name is written out in `semconv` only, OpenInference's in its dialect."""
    for path in MODULES:
        if path != Path(str(vocabulary.__file__)):
            source = path.read_text()
            assert not [name for name in names_in(vocabulary) if f'"{name}"' in source], path


def test_rows_lead_to_known_names() -> None:
    """Every row of a table names an attribute that `semconv` has."""
    for table in (REQUEST, LANGSMITH, LANGGRAPH):
        assert {attribute for attribute, _ in table.values()} <= NAMES


@pytest.mark.parametrize(
    ("what", "where"),
    [
        (r"\battach\(|\bdetach\(|set_span_in_context", {"context.py"}),
        (r"\bsetattr\(", {"patches.py", "subclasses.py"}),
        (r"\bstr\(error\)", {"events.py"}),
        (r"from opentelemetry\.sdk", {"console.py", "exporter.py", "spans.py"}),
        (r"^(from|import) (langgraph|langchain|langchain_classic|openinference)\b", set()),
        (r"^(from|import) (mcp|langchain_mcp_adapters)\b", set()),
    ],
)
def test_only_one_module(what: str, where: set[str]) -> None:
    """One module touches the current context, two wrap functions, one says an error's text."""
    found = {path.name for path in MODULES if re.search(what, path.read_text(), re.MULTILINE)}
    assert found == where


def test_options_are_in_the_readme() -> None:
    """Each option is documented, with its variable and its argument."""
    readme = (ROOT / "README.md").read_text()
    for option in OPTIONS:
        assert f"`{option.variable}`" in readme
        assert f"`{option.name}`" in readme


def test_patch_points_are_unique() -> None:
    """A function is wrapped once."""
    assert len({(point.module, point.path) for point in POINTS}) == len(POINTS)


def test_public_names() -> None:
    """What a user may import from the package itself."""
    import langchain_otel

    assert sorted(langchain_otel.__all__) == [
        "LangChainInstrumentor",
        "OpenTelemetryCallbackHandler",
        "__version__",
        "conversation",
        "current_span_of",
        "record_evaluation",
    ]
