"""Runs the tests at the ends of the version ranges, with an environment for each.

python tests/environments.py            all tests in every environment
python tests/environments.py --quick    those that versions are most likely to break, at the ends
python tests/environments.py NAME ...   only in these; what begins with `-` is pytest's
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from backends.pins import cache_directory

ROOT: Final = Path(__file__).parent.parent
GROUPS: Final = ("demo", "test")
EXTRAS: Final = ("console", "cost")
# What does not depend on the versions, or makes environments of its own.
ELSEWHERE: Final = (
    "backends",
    "test_architecture.py",
    "test_distributions.py",
    "test_docs.py",
    "test_documentation_blocks.py",
    "test_documentation_links.py",
    "test_environments.py",
    "test_example_pages.py",
    "test_migration.py",
    "test_migration_switches.py",
    "test_licences.py",
    "test_postgres.py",
    "test_project_files.py",
    "test_view_page.py",
)
QUICK: Final = (
    "modes/test_current_span.py",
    "test_abandonment.py",
    "test_agents.py",
    "test_checkpointers.py",
    "test_configurable.py",
    "test_errors.py",
    "test_instrumentor.py",
    "test_metrics.py",
    "test_openai.py",
    "test_seams.py",
)
# An old version's own deprecations, and those of newer libraries that it uses, are no news.
TOLERANT: Final = tuple(
    f"-W=ignore::{category}" for category in ("DeprecationWarning", "PendingDeprecationWarning")
)
# Older checkpointers take the connection for a thread, which it was.
OLD_DRIVER: Final = "aiosqlite<0.22"
# Neither the newer adapters of MCP nor the older ones say what they want.
OLD_MCP: Final = ("langchain-mcp-adapters<0.2", "mcp<2")
# LangChain's standard tests of today need a newer core, and those of an older day an older pytest.
STANDARD_TESTS: Final = "langchain-tests"

# A pre-release is taken of what is named with one: these are made together.
FAMILY: Final = ("langchain-core", "langgraph", "langchain", "langchain-classic")
PARTS: Final = ("langgraph-checkpoint>=2a0", "langgraph-prebuilt>=1.0.0a0", "langgraph-sdk>=0.2a0")

# What is printed of an environment.
SHOWN: Final = ("langchain-core", "langgraph", "langchain", "opentelemetry-api")

Version = tuple[int, ...]
OLDEST_PYTHON: Final[Version] = (3, 11)
# 3.15 has to wait for zstandard, which langsmith needs: there is no wheel of it yet.
NEWEST_PYTHON: Final[Version] = (3, 14)
NEWER_PYTHON: Final = "cpython-{}"


@dataclass(frozen=True, slots=True)
class Environment:
    """What is pinned, and which of the interpreters that are here runs it.

    `only` names the tests that run there, whatever is asked for; an environment without is an end
    of the version ranges.
    """

    pins: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    newest_python: bool = False
    python: Version | None = None
    deprecations: bool = True
    lowest: bool = False
    quick: bool = False
    only: tuple[str, ...] = ()


ENVIRONMENTS: Final = {
    "oldest-0.3": Environment(
        ("langgraph==0.6.0", "langchain<1", OLD_DRIVER, *OLD_MCP),
        without=("langchain-classic", "opentelemetry-configuration", STANDARD_TESTS),
        deprecations=False,
        lowest=True,
        quick=True,
    ),
    # On 3.14 LangChain 0.3 itself fails: pydantic cannot evaluate what annotates its legacy chains.
    "newest-0.3": Environment(
        ("langchain-core<0.4", "langgraph<0.7", "langchain<1", *OLD_MCP),
        without=("langchain-classic", STANDARD_TESTS),
        python=(3, 13),
        deprecations=False,
    ),
    "oldest-1": Environment(
        (
            "langchain-core==1.0.0",
            "langgraph==1.0.0",
            "langgraph-prebuilt==1.0.0",
            OLD_DRIVER,
            *OLD_MCP,
        ),
        without=(STANDARD_TESTS,),
        deprecations=False,
        quick=True,
    ),
    "newest-1": Environment(("langchain",), newest_python=True, quick=True),
    "newest-1-on-3.12": Environment(("langchain",), python=(3, 12)),
    "newest-1-on-3.13": Environment(("langchain",), python=(3, 13)),
    # The adapters hold the MCP SDK below 2; LangChain's own tools of MCP servers want 2.
    "newest-mcp": Environment(
        ("langchain", "fastmcp>=4"),
        without=("langchain-mcp-adapters",),
        only=("test_mcp_sdk.py",),
    ),
    # Where there is no pre-release that is newer, it is the newest release.
    "prereleases": Environment(
        (*(f"{package}>=1.0.0a0" for package in FAMILY), "langchain-core<2", *PARTS),
        newest_python=True,
        deprecations=False,
        quick=True,
        only=("test_seams.py", "test_agents.py"),
    ),
}


def main(arguments: list[str]) -> int:
    """Run the tests in the environments that are asked for; 1 when one has failed."""
    named = [word for word in arguments if not word.startswith("-")]
    quick = "--quick" in arguments
    options = [word for word in arguments if word.startswith("-") and word != "--quick"]
    chosen = {
        name: environment
        for name, environment in ENVIRONMENTS.items()
        if (name in named or not named) and (environment.quick or not quick)
    }
    results = {
        name: run_tests(name, environment, options, quick=quick)
        for name, environment in chosen.items()
    }
    for name, result in results.items():
        print(f"{name}: {'passed' if result == 0 else 'FAILED'}")
    return int(any(results.values()))


def run_tests(name: str, environment: Environment, options: list[str], *, quick: bool) -> int:
    """The exit code of the tests in an environment."""
    python = made(name, environment)
    ignored = [f"--ignore=tests/{path}" for path in ELSEWHERE]
    few = environment.only or (QUICK if quick else ())
    chosen = [f"tests/{path}" for path in few] if few else ["tests", *ignored]
    if not environment.deprecations:
        chosen += TOLERANT
    side_by_side = ("--numprocesses=auto", "--dist=loadgroup")
    command = [str(python), "-m", "pytest", "--quiet", *side_by_side, *chosen, *options]
    return subprocess.run(command, cwd=ROOT, check=False).returncode


def made(name: str, environment: Environment) -> Path:
    """The interpreter of an environment, brought up to what is the newest today within its pins."""
    pythons = interpreters()
    version = environment.python or (max if environment.newest_python else min)(pythons)
    if version not in pythons:
        sys.exit(f"{name} needs CPython {'.'.join(map(str, version))}, which is not here")
    key = hashlib.sha256(str(pythons[version]).encode()).hexdigest()[:12]
    place = cache_directory() / "environments" / f"{name}-{key}"
    python = place / "bin" / "python"
    if not python.exists():
        uv("venv", "--quiet", "--clear", "--python", str(pythons[version]), str(place))
    # `--exact` removes what other pins, or an earlier day, have needed.
    how = ("--quiet", "--exact", "--upgrade", "--python", str(python))
    uv("pip", "install", *how, *requirements(environment))
    label = ".".join(map(str, version))
    print(f"\n{name}: CPython {label}, {described(python, *SHOWN)}", flush=True)
    return python


def requirements(environment: Environment) -> list[str]:
    """What is installed: this package as it stands here, what the tests need, and the pins."""
    groups = project()["dependency-groups"]
    return [
        *("--editable", f"{ROOT}[{','.join(EXTRAS)}]"),
        *(line for group in GROUPS for line in groups[group] if line not in environment.without),
        *pins(environment),
    ]


def pins(environment: Environment) -> list[str]:
    """The requirements that make an environment an end of the version ranges."""
    return ["langgraph", *environment.pins, *(lower_bounds() if environment.lowest else ())]


def lower_bounds() -> Iterator[str]:
    """Each dependency at exactly the version that `pyproject.toml` names as its oldest."""
    package = project()["project"]
    extras = (line for name in EXTRAS for line in package["optional-dependencies"][name])
    for line in (*package["dependencies"], *extras):
        bound = re.match(r"([\w.-]+)>=([\w.]+)", line)
        if bound is not None:
            yield f"{bound[1]}=={bound[2]}"


def project() -> dict[str, Any]:
    """What `pyproject.toml` says."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def interpreters() -> dict[Version, Path]:
    """The interpreters here that the package supports, one of each minor version."""
    names = [f"python3.{minor}" for minor in range(OLDEST_PYTHON[1], NEWEST_PYTHON[1] + 1)]
    on_path = [Path(place) for name in names if (place := shutil.which(name))]
    unpacked = cache_directory().glob(f"{NEWER_PYTHON.format('*')}/usr/bin/python3.??")
    of_pyenv = sorted(Path.home().glob(".pyenv/versions/3.*/bin/python3"))
    found: dict[Version, Path] = {}
    for python in [Path(sys.executable), *on_path, *of_pyenv, *unpacked]:
        version = version_of(python)
        if version is not None and OLDEST_PYTHON <= version <= NEWEST_PYTHON:
            found.setdefault(version, python)
    return found


def version_of(python: Path) -> Version | None:
    """The minor version of an interpreter; None for what cannot make environments."""
    program = "import sys, venv; print(*sys.version_info[:2], sys.version_info.releaselevel)"
    done = subprocess.run([python, "-c", program], capture_output=True, text=True, check=False)
    major, minor, level = done.stdout.split() if done.returncode == 0 else ("0", "0", "")
    return (int(major), int(minor)) if level == "final" else None


def described(python: Path, *names: str) -> str:
    """The versions of these packages in an environment."""
    done = subprocess.run(
        [sys.executable, "-m", "uv", "pip", "freeze", "--quiet", "--python", str(python)],
        capture_output=True,
        text=True,
        check=True,
    )
    lines = done.stdout.splitlines()
    return ", ".join(line for line in lines if line.partition("==")[0] in names)


def uv(*arguments: str) -> None:
    """Run uv; what it said is the error if it fails."""
    command = [sys.executable, "-m", "uv", *arguments]
    environment = {key: value for key, value in os.environ.items() if key != "VIRTUAL_ENV"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)} failed:\n{done.stderr}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
