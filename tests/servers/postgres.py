"""Knows how to run a PostgreSQL server of the tests' own, on loopback; its data is thrown away.

It takes the newest of the system's packages. As the server refuses to run as root, root lends it
the account that the packages made for it.
"""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import uuid4

from backends.loopback import ADDRESS, free_ports
from waiting import PATIENCE

INSTALLED: Final = Path("/usr/lib/postgresql")
INSTALL_COMMAND: Final = "make postgres"
ACCOUNTS: Final = ("postgres", "nobody")
STEP: Final = 0.02
ATTEMPTS: Final = 3
# Nothing of a test has to outlive the machine.
HASTE: Final = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class PostgresError(Exception):
    """There is no server; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Postgres:
    """A running server, in which each test gets a database of its own."""

    programs: Path
    port: int
    pid: int

    def new_database(self) -> str:
        """The connection string of an empty database; other processes may use it too."""
        name = f"test_{uuid4().hex}"
        self._run("createdb", name)
        return f"postgresql://postgres@{ADDRESS}:{self.port}/{name}"

    def drop(self, database: str) -> None:
        """Remove a database, whoever is still connected to it."""
        self._run("dropdb", "--force", database.rpartition("/")[2])

    def _run(self, program: str, *arguments: str) -> None:
        server = ("--host", ADDRESS, "--port", str(self.port), "--username", "postgres")
        run(str(self.programs / program), *server, *arguments)


@contextmanager
def running_postgres() -> Iterator[Postgres]:
    """A server on a free port, which ends when the block does, or the process."""
    programs = find_programs()
    directory = Path(tempfile.mkdtemp(prefix="postgres-"))
    try:
        if account := _account():
            os.chown(directory, account.pw_uid, account.pw_gid)
        initdb = ("--no-sync", "--auth=trust", "--username=postgres", "--encoding=UTF8")
        data = str(directory / "data")
        run(*_as_account(), str(programs / "initdb"), *initdb, "--locale=C", "--pgdata", data)
        with _serving(programs, directory, ATTEMPTS) as server:
            yield server
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def find_programs() -> Path:
    """The folder of the newest server; raise PostgresError, with what to do, without one."""
    found = sorted(INSTALLED.glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if not found:
        raise PostgresError(f"PostgreSQL is not installed: run `{INSTALL_COMMAND}`")
    return found[-1].parent


def run(*command: str) -> None:
    """Run a command that must succeed; what it said is in the error if not."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/")
    if done.returncode != 0:
        raise PostgresError(f"{command} failed:\n{done.stdout}{done.stderr}")


@contextmanager
def _serving(programs: Path, directory: Path, attempts: int) -> Iterator[Postgres]:
    """The server of a data directory, started again when somebody else took its port."""
    (port,) = free_ports(1)
    log = directory / "log"
    with log.open("w") as output:
        process = subprocess.Popen(
            _command(programs, directory, port), stdout=output, stderr=output, cwd="/"
        )
    try:
        if _is_ready(programs, port, process):
            yield Postgres(programs, port, process.pid)
            return
    finally:
        _stop(process)
    said = log.read_text(errors="replace")
    if attempts == 1 or "Address already in use" not in said:
        raise PostgresError(f"PostgreSQL did not start:\n{said}")
    with _serving(programs, directory, attempts - 1) as server:
        yield server


def _command(programs: Path, directory: Path, port: int) -> list[str]:
    settings = {
        "listen_addresses": ADDRESS,
        "port": str(port),
        "unix_socket_directories": str(directory),
        **HASTE,
    }
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    ends_with_us = ("--pdeathsig", "INT")
    server = (str(programs / "postgres"), "-D", str(directory / "data"))
    return [*_as_account(*ends_with_us), *server, *options]


def _is_ready(programs: Path, port: int, process: subprocess.Popen[bytes]) -> bool:
    """Whether the server answers before it ends, or the time is over."""
    asks = [str(programs / "pg_isready"), "--quiet", "--host", ADDRESS, "--port", str(port)]
    deadline = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < deadline:
        if subprocess.run(asks, check=False).returncode == 0:
            # Somebody else's server may answer at a port that ours could not have.
            time.sleep(STEP)
            return process.poll() is None
        time.sleep(STEP)
    return False


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End the server and its connections, by its id."""
    process.send_signal(signal.SIGINT)
    try:
        process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _as_account(*options: str) -> list[str]:
    """The command before a command that is to run without root's rights."""
    account = _account()
    if account is not None:
        identity = (f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups")
        options = (*identity, *options)
    return ["setpriv", *options, "--"] if options else []


def _account() -> pwd.struct_passwd | None:
    """Whose rights a server of root's has; None where we are somebody else already."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    return next(known[name] for name in ACCOUNTS if name in known)
