"""Every worker of gunicorn, and pools of every kind: each request's trace arrives, whole."""

from importlib.util import find_spec
from typing import Final

import pytest

import test_hosts
from servers.otlp_sink import Sink
from test_processes import ASYNC, GUNICORN, asked_until, check, server, sink

__all__ = ["sink"]

WORKERS: Final = {
    "sync": ("--worker-class=sync", "served_app:wsgi"),
    "gthread": ("--worker-class=gthread", "--threads=4", "served_app:wsgi"),
    "gevent": ("--worker-class=gevent", "served_app:wsgi"),
    "uvicorn": ASYNC,
}


@pytest.mark.parametrize("in_code", [False, True], ids=["command", "code"])
@pytest.mark.parametrize("preload", [False, True], ids=["", "preloaded"])
@pytest.mark.parametrize("worker", WORKERS)
def test_gunicorn(worker: str, preload: bool, in_code: bool, sink: Sink) -> None:
    """Set up by the command before workers fork, or in code before or after."""
    if worker == "gevent" and find_spec("gevent") is None:
        pytest.skip("gevent is not installed")
    arguments = (*GUNICORN, *(("--preload",) if preload else ()), *WORKERS[worker])
    variables = {"IN_CODE": "1"} if in_code else {}
    with server(sink, *arguments, instrument=not in_code, **variables) as address:
        answers = asked_until(address, 2)
    check(sink, answers)


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_pool(method: str, sink: Sink) -> None:
    """As the ordinary suite has it, and for forkserver."""
    test_hosts.test_a_pool_of_processes_goes_on_with_the_trace(sink, method)
