"""Draws lines below the cursor of a terminal, and takes them away where the program writes.

The cursor stays the program's: what it prints, asks for with `input()`, or lets a subprocess write
goes where it would go anyway. Whatever text stream of this process leads to the terminal, an older
one that a logging handler keeps too, takes the lines away before it writes.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, suppress
from io import TextIOWrapper
from typing import Any, Final

Lock = AbstractContextManager[Any]

LIVE: Final = "LANGCHAIN_OTEL_LIVE"
REFUSED: Final = ("0", "false", "no", "off")
NO_TERMINALS: Final = ("", "dumb", "unknown")

DOWN: Final = "\x1bD"  # one line down in the same column, and the screen scrolls at its end
SAVE: Final = "\x1b7"
RESTORE: Final = "\x1b8"
NEXT_LINE: Final = "\r\n\x1b[0m\x1b[2K"
CLEAR_BELOW: Final = "\x1b[J"
# So much may be written between two drawings into the line of the cursor and the empty one below.
UNCLEARED: Final = 30


def screen_of(out: object, lock: Lock) -> Screen | None:
    """The screen of a stream, where lines can be drawn and drawn again."""
    wanted = os.environ.get(LIVE, "").strip().lower() not in REFUSED and not os.environ.get("CI")
    usable = sys.platform != "win32" and os.environ.get("TERM", "") not in NO_TERMINALS
    if wanted and usable and isinstance(out, TextIOWrapper) and _is_terminal(out):
        return Screen(out, lock)
    return None


class Screen:
    """The lines that are drawn below the cursor now; there may be none.

    The lock is that of whoever prints there: the garbage collector may end a span in the middle of
    a `print()`, and its tree is printed within it. It is reentrant for that.
    """

    def __init__(self, out: TextIOWrapper, lock: Lock) -> None:
        self.out: Final = out
        self._file: Final = out.fileno()
        self._lock: Final = lock
        self._is_drawn = self._is_in_line = False
        self._written = 0
        self._hooks: list[tuple[TextIOWrapper, Callable[[str], int]]] = []

    @property
    def size(self) -> tuple[int, int]:
        """Columns and rows that lines may take."""
        columns, rows = os.get_terminal_size(self._file)
        return max(columns - 1, 1), max(rows - 3, 1)

    def draw(self, lines: Sequence[str]) -> None:
        """Draw lines in place of those that are there; an empty one is above them.

        The first time only the streams are prepared: what other threads are writing by then, which
        takes no lines away, is through when lines are drawn next.
        """
        with self._lock:
            if not self._is_ours():
                return
            if not self._hooks:
                self._hook()
                return
            height = len(lines) + 1
            drawn = "".join(f"{NEXT_LINE}{each}" for each in ("", *lines))
            room = f"{DOWN * height}\x1b[{height}A"
            self._is_drawn = True
            self._written = 0
            self._send(f"{room}{SAVE}{drawn}\x1b[0m{CLEAR_BELOW}{RESTORE}")

    def clear(self) -> None:
        """Take the lines away."""
        with self._lock:
            if self._is_drawn:
                self._is_drawn = False
                self._send(CLEAR_BELOW)

    def release(self) -> None:
        """Take the lines away, and let streams write as they did before."""
        with self._lock:
            self.clear()
            self.forget()

    def forget(self) -> None:
        """Let streams write as they did; a forked process leaves the lines to its parent."""
        self._is_drawn = self._is_in_line = False
        hooks, self._hooks = self._hooks, []
        for stream, hook in hooks:
            if vars(stream).get("write") is hook:
                del vars(stream)["write"]

    def end_line(self) -> None:
        """End the line that the program has begun, so that a tree begins in one of its own."""
        with self._lock:
            if self._is_in_line:
                self.out.write("\n")

    def _hook(self) -> None:
        for stream in self._streams():
            hook = self._hooked(stream.write)
            vars(stream)["write"] = hook
            self._hooks.append((stream, hook))

    def _hooked(self, write: Callable[[str], int]) -> Callable[[str], int]:
        def clear_and_write(text: str, /) -> int:
            with self._lock:
                self._before(text)
                return write(text)

        return clear_and_write

    def _before(self, text: Any) -> None:
        if not isinstance(text, str) or not text:
            return
        self._is_in_line = not text.endswith(("\n", "\r"))
        self._written += len(text)
        if self._written > UNCLEARED or not text.isprintable():
            self.clear()

    def _streams(self) -> Iterator[TextIOWrapper]:
        """The process's own streams that lead to a terminal, each once."""
        streams = (self.out, sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__)
        for stream in {id(stream): stream for stream in streams}.values():
            if isinstance(stream, TextIOWrapper) and _is_terminal(stream):
                yield stream

    def _is_ours(self) -> bool:
        """Whether this process may draw now: a shell gives the terminal to one in front."""
        try:
            return os.tcgetpgrp(self._file) == os.getpgrp()
        except OSError:
            return True

    def _send(self, text: str) -> None:
        # Not through the stream: a thread in the middle of it would keep the interpreter from
        # ending, and what it has not sent yet belongs to the program.
        data = text.encode(self.out.encoding, "backslashreplace")
        with suppress(OSError):
            while data:
                data = data[os.write(self._file, data) :]


def _is_terminal(stream: TextIOWrapper) -> bool:
    try:
        return stream.isatty()
    except ValueError:
        return False
