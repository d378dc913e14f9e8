"""The shape of the code is a promise too: sizes, import direction, each name in one place."""

import ast
import re
from graphlib import TopologicalSorter
from pathlib import Path
from types import ModuleType

import pytest

from langchain_otel import semconv
from langchain_otel.config import OPTIONS
from langchain_otel.dialects import openinference_names
from langchain_otel.operations.mapping import LANGGRAPH, LANGSMITH, REQUEST
from langchain_otel.patching.points import PointTable
from langchain_otel.sources.patch_points import TABLES
from wrapped_points import POINTS

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

# What each room may import beside itself. A module of the top level that is no word may import
# everything.
WORDS = {
    "semconv",
    "version",
    "exception_fields",
    "async_exceptions",
    "health",
    "failure_kinds",
    "forks",
}
ROOMS = {
    "content": WORDS,
    "runs": WORDS | {"content"},
    "pricing": WORDS | {"content", "runs"},
    "config": WORDS | {"content", "runs", "pricing"},
    "operations": WORDS | {"content", "runs"},
    "dialects": WORDS | {"content", "runs", "operations"},
    "recording": WORDS
    | {"content", "runs", "pricing", "config", "inspection", "operations", "dialects"},
    "patching": WORDS | {"runs"},
    "sources": WORDS | {"content", "runs", "operations", "dialects", "recording", "patching"},
    "exporters": WORDS | {"dialects", "runs"},
    "inspection": WORDS | {"config"},
    "notices": WORDS | {"content", "runs", "config", "recording", "inspection"},
    "viewing": WORDS | {"dialects", "exporters", "pricing"},
    "testing": WORDS
    | {
        "config",
        "dialects",
        "exporters",
        "handler",
        "patching",
        "recording",
        "runs",
        "sources",
        "viewing",
    },
    "startup": WORDS | {"config", "inspection", "instrumentor", "exporters", "recording", "runs"},
    "doctor": WORDS
    | {
        "config",
        "content",
        "handler",
        "inspection",
        "instrumentor",
        "patching",
        "recording",
        "runs",
        "sources",
    },
    **dict.fromkeys(WORDS - {"health", "failure_kinds", "async_exceptions"}, frozenset[str]()),
    "async_exceptions": {"exception_fields"},
    "health": {"async_exceptions"},
    "failure_kinds": {"health"},
}
MAX_TOP_LEVEL = 12


def room_of(module: str) -> str:
    """The room of a module, or the module itself where it stands at the top level."""
    return module.removeprefix("langchain_otel").lstrip(".").split(".")[0]


def name_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts).removesuffix(".__init__")


NAMES_OF_MODULES = {name_of(path): path for path in MODULES}


def imported_by(path: Path) -> set[str]:
    """The modules of ours that a module imports anywhere: at its top, for types, in a function."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                found.add(inner if inner in NAMES_OF_MODULES else node.module)
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return (found & NAMES_OF_MODULES.keys()) - {"langchain_otel"}


def ids(path: Path) -> str:
    return str(path.relative_to(PACKAGE))


@pytest.mark.parametrize("path", MODULES, ids=ids)
def test_files_and_functions_are_small(path: Path) -> None:
    """A file has one idea, a function fits on a screen, a module has a docstring."""
    tree = ast.parse(path.read_text())
    assert len(path.read_text().splitlines()) <= MAX_FILE_LINES
    assert ast.get_docstring(tree)
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            assert node.end_lineno is not None
            assert node.end_lineno - node.lineno < MAX_FUNCTION_LINES, node.name


@pytest.mark.parametrize("path", MODULES, ids=ids)
def test_imports_run_one_way(path: Path) -> None:
    """A room imports only the rooms that stand above it; imports for types count."""
    room = room_of(name_of(path))
    allowed = ROOMS.get(room)
    if allowed is not None:
        assert {room_of(other) for other in imported_by(path)} - {room} <= allowed


def test_no_modules_import_each_other_in_a_circle() -> None:
    """Modules can be put in an order in which each imports only earlier ones."""
    TopologicalSorter(
        {name: imported_by(path) for name, path in NAMES_OF_MODULES.items()}
    ).prepare()


def test_the_top_level_is_small() -> None:
    """Who opens the package sees a few modules beside the rooms."""
    assert len(list(PACKAGE.glob("*.py"))) <= MAX_TOP_LEVEL
    assert {path.name for path in PACKAGE.iterdir() if (path / "__init__.py").exists()} == {
        room for room in ROOMS if (PACKAGE / room).is_dir()
    }


@pytest.mark.parametrize("path", MODULES, ids=ids)
def test_modules_say_what_they_do(path: Path) -> None:
    """The first line of a module is a verb and what it does it to, not what the module knows."""
    docstring = ast.get_docstring(ast.parse(path.read_text())) or ""
    assert not docstring.startswith("Knows")


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
        (r"\bsetattr\(", {"applying.py", "subclasses.py"}),
        (r"\bstr\(error\)", {"exception_texts.py"}),
        (
            r"from opentelemetry\.sdk",
            {
                "configure.py",
                "empty_export.py",
                "evaluation_results.py",
                "failures.py",
                "live.py",
                "live_frame.py",
                "notebook.py",
                "otlp.py",
                "otlp_file.py",
                "otlp_grpc.py",
                "otlp_http.py",
                "otlp_spans.py",
                "span_content.py",
                "span_details.py",
                "span_facts.py",
                "span_labels.py",
                "readable_spans.py",
                "capture.py",
                "foreign_spans.py",
                "measured.py",
                "recorded_spans.py",
                "span_data.py",
                "span_view.py",
                "trace.py",
                "tree.py",
            },
        ),
        (r"^(from|import) (langgraph|langchain|langchain_classic|openinference)\b", set()),
        (r"^(from|import) (mcp|langchain_mcp_adapters)\b", set()),
        (r"^(from|import) genai_prices\b", set()),
        (r"\b(from|import) pytest\b", {"plugin.py"}),
    ],
)
def test_only_one_module(what: str, where: set[str]) -> None:
    """One module touches the current context, two wrap functions, one says an error's text."""
    found = {path.name for path in MODULES if re.search(what, path.read_text(), re.MULTILINE)}
    assert found == where


MAKES_SOUND = "span_attributes.py"


@pytest.mark.parametrize("path", MODULES, ids=ids)
def test_attributes_encode(path: Path) -> None:
    """What is set on a span was made sound right there: one name costs a whole batch of spans."""
    for line in path.read_text().splitlines():
        if re.search(r"span\.(set_attribute|add_event)", line) and path.name != MAKES_SOUND:
            assert "sound_attributes(" in line


def test_options_are_in_the_documentation() -> None:
    """Each option is on the page of settings, with its variable and its argument."""
    page = (ROOT / "docs" / "settings.md").read_text()
    for option in OPTIONS:
        assert option.variable is None or f"`{option.variable}`" in page
        assert f"`{option.name}`" in page


def test_each_finding_has_a_next_step() -> None:
    """Whoever reads of the doctor that something is to mend, or to note, reads what to do."""
    for path in (PACKAGE / "doctor").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "Finding" and node.args:
                is_ok = ast.unparse(node.args[1]) == "OK"
                assert is_ok or len(node.args) == 4, f"{path.name}:{node.lineno}"


def test_patch_points_are_unique() -> None:
    """A function is wrapped once."""
    assert len({(point.module, point.path) for point in POINTS}) == len(POINTS)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.modules[0])
def test_a_table_names_the_modules_of_its_points(table: PointTable) -> None:
    """Else a point would wait for a module that nobody waits for."""
    assert set(table.modules) == {point.module for point in table.points()}


def test_public_names() -> None:
    """What a user may import from the package itself."""
    import langchain_otel

    assert sorted(langchain_otel.__all__) == [
        "LangChainInstrumentor",
        "OpenTelemetryCallbackHandler",
        "RunView",
        "__version__",
        "attributes",
        "configure",
        "conversation",
        "current_run_id",
        "current_span_of",
        "diagnose",
        "record_evaluation",
        "register_tenant",
        "span_context_of",
        "traced_with",
        "traceparent_of",
        "unregister_tenant",
    ]
