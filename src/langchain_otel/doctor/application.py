"""Starts an application with the doctor inside, and reads what it found there."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, Final

from langchain_otel.doctor.finding import MEND, NOTE, Finding
from langchain_otel.doctor.report import from_json

TOPIC: Final = "application"
HOOK: Final = Path(__file__).parent / "hook"
REPORTS_VARIABLE: Final = "LANGCHAIN_OTEL_DOCTOR_REPORTS"
NOT_STARTED: Final = 127
BY_SIGNAL: Final = 128


def examine_application(command: list[str]) -> tuple[int, list[Finding]]:
    """Run a command to its end; gives its exit status and what was found inside."""
    with tempfile.TemporaryDirectory(prefix="langchain-otel-") as folder:
        try:
            status = _run(command, _environment(folder))
        except OSError as error:
            return NOT_STARTED, [_not_started(error)]
        return status, list(_found(Path(folder)))


def _environment(folder: str) -> Mapping[str, str]:
    inherited = os.environ.get("PYTHONPATH")
    path = os.pathsep.join([str(HOOK), *([inherited] if inherited else [])])
    return {**os.environ, "PYTHONPATH": path, REPORTS_VARIABLE: folder}


def _run(command: list[str], environment: Mapping[str, str]) -> int:
    with subprocess.Popen(command, env=environment) as process, _passing_on(process):  # noqa: S603 - the user's own command
        while True:
            try:
                status = process.wait()
                break
            except KeyboardInterrupt:
                # The application was interrupted as well: it ends as it likes.
                continue
    return status if status >= 0 else BY_SIGNAL - status


@contextmanager
def _passing_on(process: subprocess.Popen[Any]) -> Iterator[None]:
    """Who asks the doctor to end means the application."""

    def pass_on(number: int, _: FrameType | None) -> None:
        process.send_signal(number)

    before = signal.signal(signal.SIGTERM, pass_on)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _not_started(error: OSError) -> Finding:
    return Finding(
        TOPIC,
        MEND,
        f"The application cannot be started ({type(error).__name__}).",
        "Write after -- what you would write in the shell, such as: python app.py",
    )


def _found(folder: Path) -> Iterator[Finding]:
    """What the process has found that made the most spans of LangChain."""
    reports = [json.loads(path.read_text(encoding="utf-8")) for path in folder.glob("*.json")]
    if not reports:
        yield Finding(
            TOPIC,
            MEND,
            "The doctor could not look into the application: it is no Python, or ignores "
            "PYTHONPATH.",
            "Run it without the options -E, -I and -S of Python.",
        )
        return
    chosen = max(reports, key=lambda report: (report["spans"], report["imported"]))
    if len(reports) > 1:
        yield Finding(
            TOPIC,
            NOTE,
            f"The application ran {len(reports)} Python processes; this is of process "
            f"{chosen['process']}, which made the most spans of LangChain.",
            "Call langchain_otel.diagnose() in the others to look into them.",
        )
    yield from from_json(json.dumps(chosen))
