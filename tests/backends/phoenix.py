"""Knows Arize Phoenix: its environment, made once; its server on loopback; what it says it has.

`python -m tests.backends.phoenix` makes the environment: 900 MB, a minute or two.
"""

import fcntl
import json
import os
import shutil
import subprocess
import sys
import time
import tomllib
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from .loopback import ADDRESS, fetch, free_ports, post
from .patience import PATIENCE
from .pins import PINS_FILE, cache_directory
from .processes import Process, Server, ServerError, start, stop, wait_until_ready

COMMAND: Final = "python -m tests.backends.phoenix"
STEP: Final = 0.1
PAGE: Final = 1_000
# Nothing is sent to anybody, no agent runs in the server, nothing is fetched.
SETTINGS: Final = {
    "PHOENIX_HOST": ADDRESS,
    "PHOENIX_TELEMETRY_ENABLED": "false",
    "PHOENIX_ALLOW_EXTERNAL_RESOURCES": "false",
    "PHOENIX_DISABLE_AGENT_ASSISTANT": "true",
    "PHOENIX_AGENTS_DISABLE_WEB_ACCESS": "true",
    "PHOENIX_AGENTS_DISABLE_BASH": "true",
    "PHOENIX_ENABLE_MCP_SERVER": "false",
    "PHOENIX_ENABLE_MCP_CODE_MODE": "false",
}
NOT_INHERITED: Final = ("OTEL_", "PHOENIX_", "PYTHON")
IN_USE: Final = "address already in use"

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Environment:
    """Where Phoenix is installed, and whether all of it is."""

    package: str
    version: str

    @property
    def directory(self) -> Path:
        return cache_directory() / "environments" / f"phoenix-{self.version}"

    @property
    def python(self) -> Path:
        return self.directory / "bin" / "python"

    @property
    def finished(self) -> Path:
        return self.directory / "finished"

    def make(self) -> None:
        """Install Phoenix, unless that was done before."""
        self.directory.parent.mkdir(parents=True, exist_ok=True)
        with (cache_directory() / "phoenix.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if self.finished.exists():
                return
            print(f"installing {self.package} {self.version} into {self.directory}", flush=True)
            shutil.rmtree(self.directory, ignore_errors=True)
            _uv("venv", "--quiet", "--python", sys.executable, self.directory)
            requirement = f"{self.package}=={self.version}"
            _uv("pip", "install", "--compile-bytecode", "--python", self.python, requirement)
            self.finished.touch()


def _uv(*arguments: str | Path) -> None:
    subprocess.run([sys.executable, "-m", "uv", *arguments], check=True)


def environment() -> Environment:
    """The environment of the version that is wanted."""
    return Environment(**tomllib.loads(PINS_FILE.read_text())["phoenix"])


@dataclass(frozen=True, slots=True)
class Phoenix:
    """A running server. Every method waits until it has something to return, or fails."""

    url: str
    process: Process

    @property
    def otlp(self) -> str:
        """Where spans are sent, by OTLP over HTTP."""
        return f"{self.url}/v1/traces"

    def spans(self, project: str, *, at_least: int) -> list[Json]:
        """The spans of a project as the REST interface tells them."""
        path = f"/v1/projects/{urllib.parse.quote(project)}/spans?limit={PAGE}"

        def read() -> list[Json]:
            body = fetch(self.url + path)
            return [] if body is None else list(json.loads(body)["data"])

        deadline = time.monotonic() + PATIENCE
        while len(found := read()) < at_least:
            assert time.monotonic() < deadline, f"{len(found)} of {at_least} spans in Phoenix"
            time.sleep(STEP)
        return found

    def query(self, query: str, **variables: Any) -> Json:
        """What GraphQL answers, which is what the pages of Phoenix show."""
        body = json.dumps({"query": query, "variables": variables}).encode()
        answer: Json = json.loads(post(f"{self.url}/graphql", body))
        assert not answer.get("errors"), answer["errors"]
        data: Json = answer["data"]
        return data


@contextmanager
def running_phoenix(state: Path) -> Iterator[Phoenix]:
    """Phoenix on ports of its own, with nothing in it."""
    installed = environment()
    if not installed.finished.exists():
        raise ServerError(f"Phoenix {installed.version} is not installed: run `{COMMAND}`")
    phoenix = _started(installed, state)
    try:
        yield phoenix
    finally:
        stop(phoenix.process)


def _started(installed: Environment, state: Path, attempts: int = 3) -> Phoenix:
    port, grpc_port = free_ports(2)
    inherited = {
        name: value for name, value in os.environ.items() if not name.startswith(NOT_INHERITED)
    }
    own = {
        "PHOENIX_WORKING_DIR": str(state / "phoenix"),
        "PHOENIX_PORT": str(port),
        "PHOENIX_GRPC_PORT": str(grpc_port),
    }
    (state / "phoenix").mkdir(parents=True, exist_ok=True)
    url = f"http://{ADDRESS}:{port}"
    command = (str(installed.python), "-m", "phoenix.server.main", "serve")
    server = Server("phoenix", command, f"{url}/healthz", seconds_to_end=5.0)
    process = start(server, inherited | SETTINGS | own, state / "phoenix.log", outlives_us=False)
    try:
        wait_until_ready(server, process)
    except ServerError as error:
        stop(process)
        if attempts == 1 or IN_USE not in str(error).lower():
            raise
        return _started(installed, state, attempts - 1)
    except BaseException:
        stop(process)
        raise
    return Phoenix(url, process)


if __name__ == "__main__":
    environment().make()
    print(f"Phoenix is ready in {environment().directory}")
