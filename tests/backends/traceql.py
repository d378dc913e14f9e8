"""Parses TraceQL with the grammar of Grafana, an npm package installed once into the cache."""

import json
import re
import shutil
import subprocess
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from .pins import PINS_FILE, cache_directory
from .processes import ServerError

INSTALL_COMMAND: Final = "make traceql"
SCRIPT: Final = Path(__file__).with_name("traceql_errors.mjs")
# An attribute, or a field of Tempo's own, and the number that it is compared with.
COMPARISON: Final = re.compile(r"([a-z_.]+(?::\w+)?)\s*[<>]=?\s*(-?[\d.]+)(?![\w.])")


def main() -> None:
    """Install the grammar, unless it is there."""
    directory = _directory()
    if (directory / "node_modules").exists():
        return
    directory.mkdir(parents=True, exist_ok=True)
    packages = [f"{name}@{version}" for name, version in _pins().items()]
    command = ["npm", "install", "--silent", "--no-audit", "--no-fund", *packages]
    subprocess.run(command, cwd=directory, check=True)


def syntax_errors(queries: Sequence[str]) -> list[list[int]]:
    """The positions at which each query is no TraceQL.

    Raises:
        ServerError: The grammar is not installed.
    """
    node = shutil.which("node")
    if node is None or not (_directory() / "node_modules").exists():
        raise ServerError(f"the grammar of TraceQL is not installed: run `{INSTALL_COMMAND}`")
    done = subprocess.run(
        [node, str(SCRIPT), str(_directory())],
        input=json.dumps(queries),
        capture_output=True,
        text=True,
        check=True,
    )
    found: list[list[int]] = json.loads(done.stdout)
    return found


def compared_numbers(query: str) -> list[tuple[str, str]]:
    """Each attribute of a query that is compared with a number, and the number as it is written."""
    return COMPARISON.findall(query)


def _directory() -> Path:
    versions = "-".join(_pins().values())
    return cache_directory() / f"traceql-{versions}"


def _pins() -> dict[str, str]:
    pins: dict[str, str] = tomllib.loads(PINS_FILE.read_text())["traceql"]
    return pins


if __name__ == "__main__":
    main()
