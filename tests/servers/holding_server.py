"""Knows a model server that stops in the middle of every text until it is told to go on."""

import itertools
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from openai_server import ModelServer, _Handler, start_server
from waiting import PATIENCE

CHUNKS_BEFORE = 5
"""The first is empty: four words come before the stop."""


class _Holding(_Handler):
    go_on: threading.Event
    answering: threading.Event

    def _send_events(self, chunks: Iterator[Any], pause: float = 0) -> None:
        whole = list(chunks)
        waiting = iter(whole)
        super()._send_events(itertools.islice(waiting, CHUNKS_BEFORE), pause)
        if any(choice["delta"].get("content") for chunk in whole for choice in chunk["choices"]):
            self._hold()
        super()._send_events(waiting, pause)

    def _send_json(self, status: int, body: Any) -> None:
        if any(choice["message"]["content"] for choice in body["choices"]):
            self._hold()
        super()._send_json(status, body)

    def _hold(self) -> None:
        self.answering.set()
        assert self.go_on.wait(PATIENCE)


class Holding:
    """The server; `answering` is set in the middle of an answer, which waits for `go_on`."""

    def __init__(self, server: ModelServer) -> None:
        self.base_url = server.base_url
        self.answering = threading.Event()
        self.go_on = threading.Event()
        events = {"answering": self.answering, "go_on": self.go_on}
        server.RequestHandlerClass = type("Handler", (_Holding,), events)


@contextmanager
def holding() -> Iterator[Holding]:
    """Serve for as long as the `with` block lasts; at its end every answer goes on."""
    with start_server() as server:
        held = Holding(server)
        try:
            yield held
        finally:
            held.go_on.set()
