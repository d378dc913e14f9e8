"""Knows how to compile the backends, once, into the cache; Python 3.11 and Go are all it needs."""

import fcntl
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from .pins import BUILD_COMMAND, RECIPE_FILE, Pins, Tool, cache_directory

BUILD_FAILED: Final = 1
NO_GO: Final = 2
GO_ENVIRONMENT: Final = {
    "GOTOOLCHAIN": "local",
    "GOFLAGS": "-trimpath -buildvcs=false",
    "GOWORK": "off",
    "CGO_ENABLED": "0",
}
COLLECTOR_BUILDER: Final = "go.opentelemetry.io/collector/cmd/builder"
JAEGER_COMMAND: Final = "cmd/jaeger"
JAEGER_VERSION_VARIABLE: Final = "internal/version.latestVersion"
UNFINISHED: Final = ".unfinished-"


class BuildError(Exception):
    """Nothing was built; the text says why and what to do, `code` is the exit code."""

    def __init__(self, text: str, code: int = BUILD_FAILED) -> None:
        super().__init__(text)
        self.code = code


@dataclass(frozen=True, slots=True)
class Workshop:
    """A directory to build in, the Go command, and the log of what it said."""

    go: str
    directory: Path
    log: Path

    def run(self, *command: str) -> None:
        """Run a command that must succeed; the end of its output is in the error if not."""
        with self.log.open("a") as log:
            print("$", *command, file=log, flush=True)
            environment = os.environ | GO_ENVIRONMENT
            done = subprocess.run(
                command, cwd=self.directory, env=environment, stdout=log, stderr=log, check=False
            )
        if done.returncode != 0:
            raise BuildError(f"{_tail(self.log)}\n{command[0]} failed; all of it: {self.log}")


def main() -> int:
    """Build what is missing; the exit code is 0, BUILD_FAILED or NO_GO."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(BUILD_FAILED))
    pins = Pins.load()
    try:
        build_missing(pins)
    except BuildError as error:
        print(f"{error}\nThen run `{BUILD_COMMAND}` again.", file=sys.stderr)
        return error.code
    names = ", ".join(f"{tool.name} {tool.version}" for tool in pins.tools())
    print(f"backends ready in {cache_directory()}: {names}")
    return 0


def build_missing(pins: Pins) -> None:
    """Build every tool that is not in the cache yet, one at a time."""
    if all(tool.is_built for tool in pins.tools()):
        return
    with _only_one_builds():
        for tool in pins.tools():
            if not tool.is_built:
                _build(pins, tool)


def find_go(oldest: str) -> str:
    """The Go command, if it is new enough."""
    go = shutil.which("go") or shutil.which("/usr/local/go/bin/go")
    if go is None:
        raise BuildError(f"Go is missing: install Go {oldest} or newer (go.dev/dl).", NO_GO)
    command = [go, "env", "GOVERSION"]
    environment = os.environ | GO_ENVIRONMENT
    found = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if _numbers(found.stdout) < _numbers(oldest):
        name = found.stdout.strip() or f"broken ({found.stderr.strip()})"
        raise BuildError(f"{go} is {name}: install Go {oldest} or newer (go.dev/dl).", NO_GO)
    return go


def _build(pins: Pins, tool: Tool) -> None:
    """Build in a temporary directory, try the result, and move it into place."""
    go = find_go(pins.go)
    log = cache_directory() / f"build-{tool.name}.log"
    log.unlink(missing_ok=True)
    print(f"building {tool.name} {tool.version}: takes minutes, output in {log}", flush=True)
    with tempfile.TemporaryDirectory(prefix=UNFINISHED, dir=cache_directory()) as temporary:
        workshop = Workshop(go, Path(temporary), log)
        binary = BUILDERS[tool.name](pins, workshop)
        _accept(tool, binary, Path(temporary))


def _build_collector(pins: Pins, workshop: Workshop) -> Path:
    manifest = workshop.directory / "manifest.json"
    manifest.write_text(json.dumps(_manifest(pins, workshop)))
    builder = f"{COLLECTOR_BUILDER}@v{pins.collector.version}"
    workshop.run(workshop.go, "run", builder, f"--config={manifest}")
    binary = workshop.directory / "out" / "otelcol"
    workshop.run(str(binary), "components")
    listed = workshop.log.read_text().rpartition("$ ")[2]
    modules = [module for kind in pins.collector.components.values() for module in kind]
    if absent := [module for module in modules if module not in listed]:
        raise BuildError(f"the Collector was built without {', '.join(absent)}")
    return binary


def _manifest(pins: Pins, workshop: Workshop) -> dict[str, object]:
    """What the Collector's builder reads: JSON is YAML too."""
    distribution = {
        "name": "otelcol",
        "description": "OpenTelemetry Collector for the tests of langchain-otel",
        "version": pins.collector.version,
        "output_path": str(workshop.directory / "out"),
        "go": workshop.go,
    }
    components = {
        kind: [{"gomod": module} for module in modules]
        for kind, modules in pins.collector.components.items()
    }
    replaces = [
        f"{module} => {module} v{version}"
        for module, version in pins.collector.replacements.items()
    ]
    return {"dist": distribution, "replaces": replaces, **components}


def _build_jaeger(pins: Pins, workshop: Workshop) -> Path:
    jaeger = pins.jaeger
    command = f"{jaeger.module}/{JAEGER_COMMAND}"
    version = f"-X {jaeger.module}/{JAEGER_VERSION_VARIABLE}=v{jaeger.version}"
    binary = workshop.directory / "jaeger"
    workshop.run(workshop.go, "mod", "init", "backends")
    workshop.run(workshop.go, "get", "-tool", f"{command}@v{jaeger.module_version}")
    workshop.run(workshop.go, "build", f"-ldflags=-s -w {version}", "-o", str(binary), command)
    workshop.run(str(binary), "version")
    if f"v{jaeger.version}" not in workshop.log.read_text().rpartition("$ ")[2]:
        raise BuildError(f"the binary that was built does not call itself v{jaeger.version}")
    return binary


BUILDERS: Final[dict[str, Callable[[Pins, Workshop], Path]]] = {
    "collector": _build_collector,
    "jaeger": _build_jaeger,
}


def _accept(tool: Tool, binary: Path, temporary: Path) -> None:
    """Put the binary and its recipe where the tool is looked for, in one rename."""
    finished = temporary / "finished"
    finished.mkdir()
    binary.rename(finished / tool.binary_name)
    (finished / RECIPE_FILE).write_text(tool.recipe)
    if tool.directory.exists():
        tool.directory.rename(temporary / "outdated")
    finished.rename(tool.directory)


@contextmanager
def _only_one_builds() -> Iterator[None]:
    """Hold the cache's lock; whatever an earlier, killed build left behind is swept away."""
    cache_directory().mkdir(parents=True, exist_ok=True)
    with (cache_directory() / "build.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("waiting for another build of the backends to end", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        for leftover in cache_directory().glob(f"{UNFINISHED}*"):
            shutil.rmtree(leftover, ignore_errors=True)
        yield


def _numbers(version: str) -> list[int]:
    found = re.search(r"(\d+)\.(\d+)(?:\.(\d+))?", version)
    return [int(number or 0) for number in found.groups()] if found else []


def _tail(log: Path, lines: int = 15) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])


if __name__ == "__main__":
    sys.exit(main())
