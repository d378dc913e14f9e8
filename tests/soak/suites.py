"""Runs another project's tests bare and with everything of theirs traced, and compares each test.

python tests/soak/suites.py langgraph==1.2.24 -- --numprocesses=1
python tests/soak/suites.py ~/deepagents/libs/deepagents -- --disable-socket --allow-unix-socket

A requirement is brought as its source distribution, a folder is taken as it stands; nothing of
either becomes part of this project. An environment of its own has what the suite's dependency group
`test` names, and this package as it stands here. What comes after `--` is pytest's. The exit code
is 0 if each test ended alike both times, nothing of ours was left open or current after any of
them, and no failure of ours was counted.
"""

import json
import os
import subprocess
import sys
import tarfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).parent
ROOT: Final = HERE.parent.parent
sys.path.insert(0, str(HERE.parent))

from backends.pins import cache_directory  # noqa: E402

CACHE: Final = cache_directory() / "suites"
TESTS: Final = ("tests/unit_tests", "tests")
"""Where suites have the tests that need no network."""
OPTIONS: Final = ("-p", "suite_plugin", "-p", "no:langchain_otel", "-p", "no:cacheprovider")


@dataclass(slots=True)
class Result:
    """How each test of a run ended, what was left after it, and how much was traced."""

    outcomes: dict[str, str] = field(default_factory=dict)
    left: dict[str, list[str]] = field(default_factory=dict)
    totals: Counter[str] = field(default_factory=Counter)

    def counted(self) -> str:
        """How many tests ended how, as pytest says it."""
        counts = Counter(self.outcomes.values())
        return ", ".join(f"{count} {outcome}" for outcome, count in sorted(counts.items()))


def main(arguments: list[str]) -> int:
    """Run a suite both ways; 1 if tracing has made a difference."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    words, options = arguments[:end], arguments[end + 1 :]
    if len(words) != 1:
        sys.exit(__doc__)
    folder = brought(words[0]) if "==" in words[0] else Path(words[0]).resolve()
    python = made(folder)
    bare, traced = (run(python, folder, options, traced=way) for way in (False, True))
    print(f"bare:   {bare.counted()}\ntraced: {traced.counted()}; {dict(traced.totals)}")
    found = [*differences(bare, traced)]
    print("\n".join(found) or "no difference")
    return int(bool(found))


def brought(requirement: str) -> Path:
    """The folder of a source distribution, which pip brings."""
    place = CACHE / "sources"
    download = ("download", "--quiet", "--no-deps", "--no-binary=:all:", f"--dest={place}")
    subprocess.run([sys.executable, "-m", "pip", *download, requirement], check=True)
    project, _, version = requirement.partition("==")
    name = f"{project.replace('-', '_')}-{version}"
    with tarfile.open(place / f"{name}.tar.gz") as archive:
        archive.extractall(place, filter="data")
    return place / name


def made(folder: Path) -> Path:
    """The interpreter of an environment that has what a suite needs, and this package."""
    place = CACHE / "environments" / folder.name
    python = place / "bin" / "python"
    uv = [sys.executable, "-m", "uv"]
    if not python.exists():
        subprocess.run([*uv, "venv", "--quiet", f"--python={sys.executable}", place], check=True)
    install = ("pip", "install", "--quiet", "--no-sources", f"--python={python}")
    wanted = ("--editable", f"{ROOT}[cost]", "--editable", str(folder), "--group")
    subprocess.run([*uv, *install, *wanted, f"{folder}/pyproject.toml:test"], check=True)
    return python


def run(python: Path, folder: Path, options: list[str], *, traced: bool) -> Result:
    """Run a suite's tests once."""
    report = CACHE / f"{folder.name}-{'traced' if traced else 'bare'}.jsonl"
    report.parent.mkdir(parents=True, exist_ok=True)
    report.unlink(missing_ok=True)
    variables = {
        "SUITE_REPORT": str(report),
        "SUITE_TRACED": str(int(traced)),
        "PYTHONPATH": str(HERE),
        # What LangGraph's suite reads: neither Redis nor PostgreSQL is started in containers.
        "NO_DOCKER": "true",
    }
    tests = next(each for each in TESTS if (folder / each).is_dir())
    command = [str(python), "-m", "pytest", *OPTIONS, "--quiet", tests, *options]
    subprocess.run(command, cwd=folder, env={**os.environ, **variables}, check=False)
    return read(report)


def read(report: Path) -> Result:
    """What the plugin has written down."""
    result = Result()
    for line in report.read_text().splitlines():
        fact = json.loads(line)
        result.outcomes |= fact.get("outcomes", {})
        result.totals.update(fact.get("totals", {}))
        if "test" in fact:
            result.left[fact["test"]] = fact["left"]
    return result


def differences(bare: Result, traced: Result) -> Iterator[str]:
    """The tests that ended otherwise, and what was left of ours, each in a line."""
    for test in sorted({*bare.outcomes, *traced.outcomes}):
        ends = [result.outcomes.get(test, "not run") for result in (bare, traced)]
        if ends[0] != ends[1]:
            yield f"{test}: {ends[0]} bare, {ends[1]} traced"
    for test, left in traced.left.items():
        yield from (f"{test}: {what}" for what in left)
    if not traced.totals["spans"]:
        yield "not one span was made"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
