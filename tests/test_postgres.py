"""The tests' own PostgreSQL server: whom it listens to, and when it ends."""

import os
import select
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from backends.loopback import ADDRESS, listening
from servers.postgres import Postgres
from waiting import PATIENCE

TESTS = Path(__file__).parent
STARTER = """\
import sys
sys.path.insert(0, sys.argv[1])
from servers.postgres import running_postgres

with running_postgres() as server:
    print(server.pid, flush=True)
    sys.stdin.read()
"""


def test_it_listens_on_the_loopback_address_only(postgres: Postgres) -> None:
    """No port is open to the network."""
    assert listening(postgres.pid) == {(ADDRESS, postgres.port)}


@pytest.fixture
def open_to_all(postgres: Postgres) -> Iterator[str]:
    """A directory that the server's account can go into, which pytest's are not."""
    with tempfile.TemporaryDirectory() as directory:
        Path(directory).chmod(0o755)
        yield directory


def test_it_ends_when_its_starter_is_killed(open_to_all: str) -> None:
    """A test session that dies leaves no server behind."""
    starter = subprocess.Popen(
        [sys.executable, "-c", STARTER, str(TESTS)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"TMPDIR": open_to_all},
    )
    assert starter.stdout is not None
    server = int(starter.stdout.readline())
    handle = os.pidfd_open(server)
    try:
        starter.send_signal(signal.SIGKILL)
        starter.communicate()
        ended, _, _ = select.select([handle], [], [], PATIENCE)
        assert ended
    finally:
        os.close(handle)
