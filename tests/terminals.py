"""Runs a program in a real pseudo-terminal, and knows what its screen shows at any moment."""

import os
import re
import select
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import Final

import pyte

from waiting import PATIENCE

NOTHING: Final[Mapping[str, str]] = {}
TESTS = Path(__file__).parent
ELAPSED = re.compile(r"(?:\d+ min )?\d[\d.]* (?:µs|ms|s)\b")
# `wait()` in a program goes on when the test says so.
PRELUDE = """
import logging, os, sys, threading
logging.basicConfig(level="WARNING", format="%(message)s")
def wait():
    os.read(int(os.environ["GO"]), 1)
"""


class Shown:
    """The screen of a program that runs."""

    def __init__(
        self, words: Sequence[str], columns: int, rows: int, variables: Mapping[str, str]
    ) -> None:
        self._screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self._screen)
        self._ours, theirs = os.openpty()
        waits, self._go = os.pipe()
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("OTEL_", "LANGCHAIN_OTEL_")) and name != "CI"
        }
        own = {
            "TERM": "xterm-256color",
            "NO_COLOR": "1",
            "PYTHONPATH": str(TESTS),
            "GO": f"{waits}",
        }
        _set_size(theirs, columns, rows)
        self.process = subprocess.Popen(
            words,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env=inherited | own | dict(variables),
            pass_fds=(waits,),
            start_new_session=True,
        )
        os.close(theirs)
        os.close(waits)

    @property
    def lines(self) -> list[str]:
        """What is on the screen, without times and empty lines."""
        lines = [ELAPSED.sub("T", line).rstrip() for line in self._screen.display]
        return [re.sub(r"\b[0-9a-f]{32}\b", "ID", line) for line in lines if line]

    def until(self, *texts: str, without: str = "\0") -> list[str]:
        """The lines once all the texts are there, and another one is not."""
        deadline = monotonic() + PATIENCE
        while not self._has(texts, without):
            assert self._read(deadline), f"{texts} never came: {self.lines}"
        return self.lines

    def go_on(self) -> None:
        """Let the program go on from where it waits."""
        os.write(self._go, b".")

    def type(self, text: str) -> None:
        os.write(self._ours, text.encode())

    def at_end(self) -> list[str]:
        """The lines that the program leaves behind."""
        deadline = monotonic() + PATIENCE
        while self._read(deadline):
            pass
        assert self.process.wait(PATIENCE) == 0, self.lines
        return self.lines

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._ours)
        os.close(self._go)

    def _has(self, texts: tuple[str, ...], without: str) -> bool:
        screen = "\n".join(self.lines)
        return all(text in screen for text in texts) and without not in screen

    def _read(self, deadline: float) -> bool:
        ready, _, _ = select.select([self._ours], [], [], max(deadline - monotonic(), 0))
        try:
            data = os.read(self._ours, 65_536) if ready else b""
        except OSError:
            # Linux says so where nobody has the other side open any more.
            return False
        self._stream.feed(data)
        return bool(data)


@contextmanager
def terminal(
    program: str,
    variables: Mapping[str, str] = NOTHING,
    *,
    words: Sequence[str] = (),
    columns: int = 80,
    rows: int = 24,
) -> Iterator[Shown]:
    """A program in a terminal, or another command that runs there."""
    shown = Shown(words or (sys.executable, "-c", PRELUDE + program), columns, rows, variables)
    try:
        yield shown
    finally:
        shown.close()


def _set_size(file: int, columns: int, rows: int) -> None:
    import fcntl
    import struct
    import termios

    fcntl.ioctl(file, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
