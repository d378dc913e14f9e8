"""Sets a process of the doctor's own up, as `opentelemetry-instrument` would set up any other."""

from __future__ import annotations

import atexit
import logging
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Final

from langchain_otel.doctor.checks import examine
from langchain_otel.doctor.finding import Finding
from langchain_otel.doctor.scene import OWN, Complaint, Listener, Scene

LOGGERS: Final = ("opentelemetry", "langchain_otel")


def examine_environment() -> list[Finding]:
    """What an application would find that is started with these variables, from this directory."""
    with _in_silence() as listener:
        complaints = list(_set_up())
        return examine(Scene(OWN, (*listener.complaints, *complaints)))


@contextmanager
def _in_silence() -> Iterator[Listener]:
    """Nothing but the report is printed: no span by a console exporter, no warning.

    What the providers would still send at the end is nothing of the user's; an endpoint that does
    not answer would hold the doctor up.
    """
    listener = Listener(quiet=True)
    for name in LOGGERS:
        logging.getLogger(name).addHandler(listener)
        logging.getLogger(name).propagate = False
    warnings.simplefilter("ignore")
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere, redirect_stdout(nowhere):
        yield listener
        _forget_the_end()


def _set_up() -> Iterator[Complaint]:
    if str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    try:
        from opentelemetry.instrumentation.auto_instrumentation import initialize

        initialize(swallow_exceptions=False)
    except ImportError as error:
        yield Complaint(type(error).__name__, "", raised=True)
    except Exception as error:
        yield Complaint(type(error).__name__, str(error.args[0]) if error.args else "", raised=True)


def _forget_the_end() -> None:
    try:
        from langchain_otel.inspection.providers import global_providers
    except ImportError:
        return
    for provider in global_providers():
        at_exit = getattr(provider.instance, "_atexit_handler", None)
        if at_exit is not None:
            atexit.unregister(at_exit)
