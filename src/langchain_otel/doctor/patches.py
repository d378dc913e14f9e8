"""Checks the functions of LangChain that are followed: which are, wait, or are missing."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final

from langchain_otel import health
from langchain_otel.doctor.finding import NOTE, OK, Finding
from langchain_otel.doctor.scene import Scene

if TYPE_CHECKING:
    from langchain_otel.patching.points import Point, State

TOPIC: Final = "patch points"
# The doctor's own process imports these: an application without them runs no chain.
IMPORTED: Final = ("langchain_core.", "langgraph.")


def patches(scene: Scene) -> Iterator[Finding]:
    """How many functions are followed, which wait, and what those that are missing cost."""
    from langchain_otel.patching.inject import ENTRANCE
    from langchain_otel.sources.patch_points import PATCHER

    if not PATCHER.applied:
        return
    if scene.is_own:
        _import({point.module for point, _ in PATCHER.states()})
    states = [each for each in PATCHER.states() if _is_installed(each[0].module)]
    yield _followed([each for each in states if each[1] != "absent"])
    if ENTRANCE.seam.name in health.lost_seams:
        states.append((ENTRANCE, "missing"))
    yield from _lost(states)


def _followed(states: list[tuple[Point, State]]) -> Finding:
    applied = sum(state == "applied" for _, state in states)
    waiting = sorted({point.module.split(".")[0] for point, state in states if state == "waiting"})
    later = f"; the rest waits for {', '.join(waiting)}" if waiting else ""
    sentence = f"{applied} of {len(states)} functions of LangChain are followed{later}."
    return Finding(TOPIC, OK, sentence)


def _lost(states: list[tuple[Point, State]]) -> Iterator[Finding]:
    from langchain_otel.patching.lost_seams import HOW

    lost = [(point, state) for point, state in states if state in HOW]
    for seam in dict.fromkeys(point.seam for point, _ in lost):
        names = [f"{point.path} {HOW[state]}" for point, state in lost if point.seam is seam]
        yield Finding(
            TOPIC,
            NOTE,
            f"In this version, {'; '.join(names)}: what may be lost is {seam.lost}.",
            "If you miss it, bring LangChain and langchain-otel up to date.",
        )


def _is_installed(module: str) -> bool:
    top = module.split(".", maxsplit=1)[0]
    return top in sys.modules or find_spec(top) is not None


def _import(modules: set[str]) -> None:
    for module in sorted(modules):
        try:
            if module.startswith(IMPORTED) and find_spec(module.split(".")[0]) is not None:
                import_module(module)
        except Exception:  # noqa: S112 - this version has no such module: the point goes on waiting
            continue
