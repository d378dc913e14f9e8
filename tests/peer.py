"""Knows OpenInference's own instrumentation: installed beside everything, not among it.

Where it is importable, `opentelemetry-instrument` switches it on; so only the programs that are
run under it have its folder on their path.
"""

import fcntl
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path

from backends.pins import PINS_FILE, cache_directory


class PeerError(Exception):
    """It could not be installed; the text says why."""


def peer_environment() -> Mapping[str, str]:
    """The variables of a process that finds OpenInference's instrumentation."""
    inherited = os.environ.get("PYTHONPATH")
    path = [str(_installed()), *([inherited] if inherited else [])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path)}


def _installed() -> Path:
    packages: dict[str, str] = tomllib.loads(PINS_FILE.read_text())["openinference"]
    name = f"openinference-{packages['openinference-instrumentation-langchain']}"
    directory = cache_directory() / "environments" / name
    directory.parent.mkdir(parents=True, exist_ok=True)
    with (cache_directory() / "openinference.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not directory.exists():
            _install([f"{package}=={version}" for package, version in packages.items()], directory)
    return directory


def _install(requirements: list[str], directory: Path) -> None:
    unfinished = directory.with_name(f".{directory.name}")
    shutil.rmtree(unfinished, ignore_errors=True)
    # Everything that they need is in the environment of the tests.
    command = ["pip", "install", "--quiet", "--no-deps", "--target", str(unfinished), *requirements]
    done = subprocess.run(
        [sys.executable, "-m", "uv", *command], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise PeerError(f"OpenInference's instrumentation is not installed: {done.stderr}")
    unfinished.rename(directory)
