"""Nothing that comes in as data becomes code: no pickle, no eval, no import by a name in data."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

import langchain_otel

PACKAGE: Final = Path(langchain_otel.__file__).parent
MODULES: Final = sorted(PACKAGE.rglob("*.py"))

# Modules that make objects or processes of what they read.
REFUSED_MODULES: Final = frozenset(
    (
        "pickle", "cPickle", "dill", "cloudpickle", "marshal", "shelve", "dbm", "yaml", "xml",
        "xmlrpc", "ctypes", "codeop", "pty", "telnetlib", "runpy", "imp", "jinja2",
    )
)  # fmt: skip
REFUSED_CALLS: Final = frozenset(
    (
        "eval", "exec", "compile", "__import__", "input", "breakpoint", "os.system", "os.popen",
        "tempfile.mktemp", "string.Formatter", "extractall",
    )
)  # fmt: skip

ALLOWED: Final = {
    ("doctor/application.py", "subprocess"): "runs the command that the user has typed",
}
"""By file and what is used there: why it is no danger."""

IMPORTS: Final = {
    "__init__.py": "our own modules, by a table in the file",
    "testing/__init__.py": "our own modules, by a table in the file",
    "content/completion_hook.py": "one module of OpenTelemetry's, named in the file",
    "doctor/delivery.py": "modules named in the file",
    "doctor/instrumented.py": "packages named in a table of ours",
    "doctor/options.py": "one module of ours, named in the file",
    "doctor/patches.py": "the modules of our table of patch points",
    "doctor/senders.py": "modules of OpenTelemetry's, named in the file",
}
"""Where `import_module` is called, and where the names come from."""


def name_of(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def used(tree: ast.AST) -> Iterator[str]:
    """The modules that are imported, and the names that are called."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]
        elif isinstance(node, ast.Call):
            yield ast.unparse(node.func)
            if isinstance(node.func, ast.Attribute):
                yield node.func.attr
            yield from (
                "shell=True"
                for keyword in node.keywords
                if keyword.arg == "shell" and getattr(keyword.value, "value", True)
            )


def dangers(source: str) -> set[str]:
    """What of a source makes code of data, or processes of texts."""
    refused = REFUSED_MODULES | REFUSED_CALLS | {"subprocess", "shell=True"}
    # Methods of patterns and templates are called so, too.
    own = {"compile", "input", "exec"}
    found = set(used(ast.parse(source)))
    calls = {ast.unparse(n.func) for n in ast.walk(ast.parse(source)) if isinstance(n, ast.Call)}
    return (found & refused) - (own - calls)


def test_data_stays_data() -> None:
    """No module uses what makes code, objects or processes of what it reads."""
    found = {(name_of(path), what) for path in MODULES for what in dangers(path.read_text())}
    assert found - ALLOWED.keys() == set()


def test_names_of_imports_are_ours() -> None:
    """Modules are imported by name in few places, and never by one that was read."""
    found = {name_of(path) for path in MODULES if "import_module" in set(used_in(path))}
    assert found == set(IMPORTS)


def used_in(path: Path) -> Iterator[str]:
    return used(ast.parse(path.read_text()))


def test_what_is_allowed_is_there() -> None:
    """An exception that nobody needs any longer is none."""
    for name, what in ALLOWED:
        assert what in dangers((PACKAGE / name).read_text())


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "from pickle import loads",
        "import yaml.constructor",
        "eval('1')",
        "exec(x)",
        "__import__(name)",
        "import subprocess",
        "run(x, shell=True)",
        "import os\nos.system(x)",
        "archive.extractall()",
        "compile(x, '', 'exec')",
    ],
)
def test_dangers_are_seen(source: str) -> None:
    """The search finds what it looks for."""
    assert dangers(source)


def test_patterns_are_no_danger() -> None:
    """What only has such a name is none."""
    assert not dangers("import re\nre.compile('x')\nstdin.input()")
