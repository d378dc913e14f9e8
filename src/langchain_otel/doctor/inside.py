"""Looks from inside an application that the doctor has started, and leaves a report in a file.

It looks at the program's end, and before that once after the first run: some programs are killed.
"""

from __future__ import annotations

import atexit
import json
import logging
import os
import sys
import threading
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from langchain_otel.doctor.finding import MEND, Finding
from langchain_otel.doctor.scene import APPLICATION, Listener, Scene

LOGGERS: Final = ("opentelemetry", "langchain_otel")
LANGCHAIN: Final = "langchain_core"
STORE: Final = "langchain_otel.runs.store"
PAUSE: Final = 0.1
# A program that has run nothing by then is looked at all the same.
PATIENCE: Final = 10.0


class Watch:
    """The doctor in one process."""

    def __init__(self, folder: str) -> None:
        self._folder = Path(folder)
        self._listener = Listener(quiet=False)
        self._looking = threading.Lock()

    def begin(self) -> None:
        """Listen from here on, and look when the time has come."""
        for name in LOGGERS:
            logging.getLogger(name).addHandler(self._listener)
        self._wait()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._begin_again)
        # After all providers have registered what they do at the end, so before they do it.
        register = getattr(threading, "_register_atexit", None)
        if register is None:
            atexit.register(self.look)
        else:
            register(atexit.register, self.look)

    def _begin_again(self) -> None:
        self._looking = threading.Lock()
        self._wait()

    def _wait(self) -> None:
        threading.Thread(target=self._look_early, name="langchain-otel-doctor", daemon=True).start()

    def _look_early(self) -> None:
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and not spans():
            time.sleep(PAUSE)
        self.look()

    def look(self) -> None:
        """Look, and leave the report; whatever happens is not the application's concern."""
        with self._looking:
            try:
                findings = _examined(Scene(APPLICATION, tuple(self._listener.complaints)))
            except Exception as error:
                findings = [_failed(error)]
            try:
                self._leave(findings)
            except OSError:
                # The doctor is gone: nobody reads it.
                return

    def _leave(self, findings: list[Finding]) -> None:
        report = {
            "process": os.getpid(),
            "spans": spans(),
            "imported": LANGCHAIN in sys.modules,
            "findings": [asdict(finding) for finding in findings],
        }
        # A reader never sees half of it.
        unfinished = self._folder / f"{os.getpid()}.part"
        unfinished.write_text(json.dumps(report), encoding="utf-8")
        unfinished.replace(self._folder / f"{os.getpid()}.json")


def spans() -> int:
    """How many spans of LangChain have ended lately."""
    store: Any = getattr(sys.modules.get(STORE), "RUNS", None)
    return 0 if store is None else len(store.ended_contexts())


def _examined(scene: Scene) -> list[Finding]:
    from langchain_otel.doctor.checks import examine

    return examine(scene)


def _failed(error: Exception) -> Finding:
    sentence = f"The doctor failed inside the application ({type(error).__name__})."
    return Finding("application", MEND, sentence, "Please report it.")
