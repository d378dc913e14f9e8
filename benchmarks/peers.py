"""Knows the environments that are compared: one for each package, all else the same in all.

    python benchmarks/peers.py Traceloop langchain-openai==1.7.4

prints the interpreter of one that has more, for the tests.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parent.parent
CACHE_VARIABLE: Final = "LANGCHAIN_OTEL_CACHE"

# What all of them have, so that the packages are all that differs.
COMMON: Final = {
    "langchain": "1.5.2",
    "langchain-core": "1.8.3",
    "langgraph": "1.2.24",
    "opentelemetry-sdk": "1.45.1",
    "opentelemetry-exporter-otlp-proto-http": "1.45.1",
    "orjson": "3.13.0",
    "protobuf": "7.36.2",
    "pydantic": "2.14.4",
    "wrapt": "2.5.2",
}
OURS: Final = "langchain-otel"
PACKAGES: Final = {
    # Ourselves from the source tree: what it needs beside the common ones.
    OURS: {"opentelemetry-instrumentation": "0.66b1"},
    "OpenInference": {"openinference-instrumentation-langchain": "0.1.80"},
    "Traceloop": {"opentelemetry-instrumentation-langchain": "0.62.4"},
    "official": {"opentelemetry-instrumentation-genai-langchain": "1.3b0"},
    "Langfuse": {"langfuse": "5.0.4"},
}
PEERS: Final = tuple(name for name in PACKAGES if name != OURS)


def python_of(name: str) -> Path:
    """The interpreter of a package's environment, which is made if it is not there yet."""
    return python_with(f"bench-{name.lower()}", _pinned(name))


def python_with(label: str, pins: Mapping[str, str]) -> Path:
    """The interpreter of an environment of exactly these versions, made once for all processes."""
    requirements = [f"{package}=={version}" for package, version in pins.items()]
    digest = hashlib.sha256("\n".join([sys.version, *requirements]).encode()).hexdigest()[:12]
    place = _folder() / f"{label}-{digest}"
    python = place / "bin" / "python"
    with _alone(place):
        if not (place / ".complete").exists():
            print(f"making {place}", file=sys.stderr)
            shutil.rmtree(place, ignore_errors=True)
            _uv("venv", "--quiet", "--python", sys.executable, place)
            _uv("pip", "install", "--quiet", "--python", python, *requirements)
            (place / ".complete").touch()
    return python


@contextmanager
def _alone(place: Path) -> Iterator[None]:
    place.parent.mkdir(parents=True, exist_ok=True)
    with place.with_name(f"{place.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def variables_of(name: str) -> dict[str, str]:
    """The environment variables of a process there; queues are long enough to drop nothing."""
    kept = ("PATH", "HOME", "LANG", "TMPDIR")
    variables = {key: os.environ[key] for key in kept if key in os.environ}
    variables |= {
        "PYTHONHASHSEED": "0",
        "OTEL_BSP_MAX_QUEUE_SIZE": "100000",
        "LANGSMITH_TRACING": "false",
    }
    if name == OURS:
        variables["PYTHONPATH"] = str(ROOT / "src")
    return variables


def check_versions(name: str, installed: dict[str, str]) -> None:
    """Fail unless the versions that a worker reports are the pinned ones."""
    wrong = {
        package: installed.get(package)
        for package, version in _pinned(name).items()
        if installed.get(package) != version
    }
    if wrong:
        raise SystemExit(f"the environment {name} has other versions than are pinned: {wrong}")


def _pinned(name: str) -> dict[str, str]:
    return {**COMMON, **PACKAGES[name]}


def _folder() -> Path:
    default = Path.home() / ".cache" / "langchain-otel"
    return Path(os.environ.get(CACHE_VARIABLE, default)) / "environments"


def _uv(*arguments: str | Path) -> None:
    command = [sys.executable, "-m", "uv", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command)}:\n{done.stderr}")


def main(name: str, *more: str) -> None:
    """Print the interpreter of a package's environment with more requirements, all pinned."""
    pins = _pinned(name) | dict(requirement.split("==") for requirement in more)
    print(python_with(f"with-{name.lower()}", pins))


if __name__ == "__main__":
    main(*sys.argv[1:])
