"""Starts the doctor inside an application, then runs the `sitecustomize` that would have been."""

from __future__ import annotations

import json
import os
import sys
from importlib.machinery import PathFinder
from importlib.util import module_from_spec
from pathlib import Path
from typing import Any

HERE = str(Path(__file__).parent)
FOLDER = os.environ.get("LANGCHAIN_OTEL_DOCTOR_REPORTS", "")


def begin() -> None:
    """Look from inside this process, where langchain-otel is installed in it."""
    try:
        from langchain_otel.doctor.inside import Watch
    except Exception as error:
        leave_report(type(error).__name__)
        return
    Watch(FOLDER).begin()


def leave_report(reason: str) -> None:
    """Say that there is no langchain-otel in the Python of the application."""
    finding = {
        "topic": "application",
        "level": "mend",
        "sentence": f"{sys.executable} runs the application, and has no langchain-otel ({reason}).",
        "next_step": "Run: pip install langchain-otel, in the environment of the application.",
    }
    report = {"process": os.getpid(), "spans": 0, "imported": False, "findings": [finding]}
    path = Path(FOLDER, f"{os.getpid()}.json")
    path.write_text(json.dumps(report), encoding="utf-8")


def stay_first() -> None:
    """Be first on the path of what this process becomes by `exec`.

    `opentelemetry-instrument` puts a `sitecustomize` of its own first, which hands on to no other.
    """
    original = os.execv

    def execv(*arguments: Any) -> Any:
        words = os.environ.get("PYTHONPATH", "").split(os.pathsep)
        os.environ["PYTHONPATH"] = os.pathsep.join(
            [HERE, *(word for word in words if word != HERE)]
        )
        return original(*arguments)

    os.execv = execv


def hand_on() -> None:
    """Run the next `sitecustomize` of the path, as if this one were not there."""
    spec = PathFinder.find_spec("sitecustomize", sys.path)
    if spec is not None and spec.loader is not None and spec.origin != __file__:
        module = sys.modules["sitecustomize"] = module_from_spec(spec)
        spec.loader.exec_module(module)


sys.path[:] = [path for path in sys.path if path != HERE]
if FOLDER:
    begin()
    stay_first()
hand_on()
