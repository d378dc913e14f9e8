"""Knows the worker processes: one for each environment, kept alive, asked in turn."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, Final

from peers import check_versions, python_of, variables_of

FOLDER: Final = Path(__file__).parent
TIMEOUT: Final = 300


class Worker:
    """A process that measures in one environment."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._errors = TemporaryFile("w+")  # noqa: SIM115
        self._process = subprocess.Popen(
            [python_of(name), FOLDER / "worker.py"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            env=variables_of(name),
        )
        self.versions: dict[str, str] = self.ask("hello")
        check_versions(name, self.versions)

    def ask(self, action: str, **request: Any) -> dict[str, Any]:
        """The answer to a request."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps({"do": action, **request}), file=self._process.stdin, flush=True)
        line = self._process.stdout.readline()
        if not line:
            self._errors.seek(0)
            raise SystemExit(f"the worker of {self.name} ended:\n{self._errors.read()[-4_000:]}")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def stop(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.communicate()
        self._errors.close()


@contextmanager
def workers(names: tuple[str, ...]) -> Iterator[dict[str, Worker]]:
    """A worker for each environment."""
    running: dict[str, Worker] = {}
    try:
        for name in names:
            running[name] = Worker(name)
        yield running
    finally:
        for worker in running.values():
            worker.stop()


def started(name: str) -> float:
    """CPU milliseconds that a fresh process takes to import and switch on a package."""
    done = subprocess.run(
        [python_of(name), FOLDER / "starting.py", name],
        capture_output=True,
        text=True,
        check=True,
        timeout=TIMEOUT,
        env=variables_of(name),
    )
    return float(done.stdout.split()[-1])
