"""Knows how a server process is started, awaited and stopped, and how to tell it from others."""

import os
import shutil
import signal
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from .loopback import fetch
from .patience import PATIENCE

STEP: Final = 0.02


class ServerError(Exception):
    """A server did not come up; the text has the end of its log."""


@dataclass(frozen=True, slots=True)
class Server:
    """What to run, how to see that it is ready, and how long it may take to end by itself."""

    name: str
    command: tuple[str, ...]
    ready_url: str
    seconds_to_end: float


@dataclass(frozen=True, slots=True)
class Process:
    """A started server. The start time tells it from a later process with the same id."""

    name: str
    pid: int
    started: str
    seconds_to_end: float
    log: Path

    @property
    def is_running(self) -> bool:
        # No start time: it had ended before we could look.
        return bool(self.started) and _start_time(self.pid) == self.started


def start(
    server: Server, environment: Mapping[str, str], log: Path, *, outlives_us: bool
) -> Process:
    """Start a server whose output goes to a file; unless it outlives us, it ends when we do."""
    command = (*(() if outlives_us else _ends_with_parent()), *server.command)
    created = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    files = (
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, str(log), created, 0o644),
        (os.POSIX_SPAWN_DUP2, 1, 2),
    )
    pid = os.posix_spawn(command[0], command, environment, file_actions=files, setsid=True)
    return Process(server.name, pid, _start_time(pid), server.seconds_to_end, log)


def wait_until_ready(server: Server, process: Process) -> None:
    """Return when the server answers; raise when it ended or the time is over."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if not process.is_running:
            raise ServerError(f"{server.name} ended while starting:\n{_tail(process.log)}")
        if fetch(server.ready_url, timeout=5.0) is not None:
            return
        time.sleep(STEP)
    raise ServerError(
        f"{server.name} did not answer at {server.ready_url} in {PATIENCE:.0f} s:\n"
        f"{_tail(process.log)}"
    )


def stop(process: Process) -> bool:
    """End exactly this process, if it still runs; whether it did."""
    if not process.is_running:
        _reap(process)
        return False
    if process.seconds_to_end:
        _signal(process, signal.SIGTERM)
        _wait_until_ended(process, process.seconds_to_end)
    if process.is_running:
        _signal(process, signal.SIGKILL)
        _wait_until_ended(process, PATIENCE)
    _reap(process)
    return True


def kill(process: Process) -> None:
    """End a process as a crash would: it can do nothing more."""
    _signal(process, signal.SIGKILL)
    _wait_until_ended(process, PATIENCE)
    _reap(process)


def peak_memory(process: Process) -> int:
    """The most memory that a running process has had, in MiB (Linux)."""
    lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    (peak,) = [line.split()[1] for line in lines if line.startswith("VmHWM:")]
    return int(peak) // 1024


def _ends_with_parent() -> tuple[str, ...]:
    setpriv = shutil.which("setpriv")
    return (setpriv, "--pdeathsig", "KILL") if setpriv else ()


def _start_time(pid: int) -> str:
    """When the process was started, in the kernel's ticks; empty when it has ended."""
    try:
        after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return ""
    state, started = after_name[0], after_name[19]
    return "" if state in "ZX" else started


def _signal(process: Process, number: signal.Signals) -> None:
    try:
        os.kill(process.pid, number)
    except ProcessLookupError:
        return


def _wait_until_ended(process: Process, timeout: float) -> None:
    deadline = time.monotonic() + timeout
    while process.is_running and time.monotonic() < deadline:
        time.sleep(STEP)


def _reap(process: Process) -> None:
    """Take note of the end of a child of ours, once the last of its threads has ended too."""
    deadline = time.monotonic() + PATIENCE
    try:
        while os.waitpid(process.pid, os.WNOHANG) == (0, 0) and time.monotonic() < deadline:
            time.sleep(STEP)
    except ChildProcessError:
        return


def _tail(log: Path, lines: int = 20) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
