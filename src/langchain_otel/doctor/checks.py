"""Lists every check, and makes each; one that fails is a finding of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from langchain_otel.doctor.clients import clients
from langchain_otel.doctor.counters import counters
from langchain_otel.doctor.delivery import delivery
from langchain_otel.doctor.destinations import providers
from langchain_otel.doctor.finding import MEND, NOTE, Finding
from langchain_otel.doctor.instrumented import instrumented
from langchain_otel.doctor.options import settings
from langchain_otel.doctor.patches import patches
from langchain_otel.doctor.processes import processes
from langchain_otel.doctor.sampling import sampling
from langchain_otel.doctor.scene import Scene
from langchain_otel.doctor.set_up import set_up
from langchain_otel.doctor.span_limits import limits
from langchain_otel.doctor.tracers import tracers
from langchain_otel.doctor.variables import variables
from langchain_otel.doctor.versions import versions

Check = Callable[[Scene], Iterator[Finding]]

CHECKS: Final[tuple[Check, ...]] = (
    versions,
    set_up,
    instrumented,
    patches,
    providers,
    sampling,
    tracers,
    settings,
    variables,
    limits,
    clients,
    processes,
    # Before the test run, which may make failures of its own.
    counters,
    delivery,
)


def examine(scene: Scene) -> list[Finding]:
    """Make every check."""
    return [finding for check in CHECKS for finding in _made(check, scene)]


def _made(check: Check, scene: Scene) -> Iterator[Finding]:
    try:
        yield from check(scene)
    except ImportError as error:
        # What is missing is to be mended: the check of the packages, or of the imports, says so.
        yield Finding(
            check.__name__,
            NOTE,
            f"The check of {check.__name__} needs {error.name or 'a module'}, which is missing.",
            "Mend what is said of the packages, then run the doctor again.",
        )
    except Exception as error:
        yield Finding(
            check.__name__,
            MEND,
            f"The check of {check.__name__} failed ({type(error).__name__}).",
            "Please report it, with the versions that are named above.",
        )
