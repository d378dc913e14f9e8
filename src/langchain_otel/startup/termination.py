"""Sends what was recorded when the process is asked to end, which Python itself says nobody.

A program that does not handle SIGTERM is killed by it, and Uvicorn ends by the signal that it got:
what is left for the interpreter's exit does not happen.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Final

PATIENCE_SECONDS: Final = 5.0


def at_termination(flush: Callable[[], object]) -> None:
    """Call `flush` before SIGTERM ends the process, where the application does not handle it.

    It has five seconds, in a thread of its own: a backend that is away keeps no process alive.
    """
    if threading.current_thread() is not threading.main_thread():
        return
    if signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        return

    def end(number: int, _: FrameType | None) -> None:
        flushing = threading.Thread(target=flush, daemon=True)
        flushing.start()
        flushing.join(PATIENCE_SECONDS)
        signal.signal(number, signal.SIG_DFL)
        signal.raise_signal(number)

    signal.signal(signal.SIGTERM, end)
