"""Ends the runs that are still open when the program ends, before providers send the last spans."""

from __future__ import annotations

import atexit
import threading
from typing import Final

from langchain_otel.runs.outcome import ProgramEnded
from langchain_otel.runs.store import RUNS


class _Watch:
    begun = False


def watch() -> None:
    """Wait for the end of the program from now on; it cannot be taken back."""
    if _Watch.begun:
        return
    _Watch.begun = True
    atexit.register(end_open_runs)
    # What registers last is called first. Providers register themselves when they are made, also
    # after us: so we register once more when the main thread is through.
    register: Final = getattr(threading, "_register_atexit", None)
    if register is not None:
        try:
            register(atexit.register, end_open_runs)
        except RuntimeError:
            # The main thread is through.
            return


def end_open_runs() -> None:
    """End them, the inner ones first. Threads that are no daemons have come to their end by now."""
    for run in RUNS.open_runs():
        run.recorder.abandon(run, ProgramEnded())
