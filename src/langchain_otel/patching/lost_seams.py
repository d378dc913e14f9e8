"""Warns of what is lost where another package is not what we rely on, once for each seam."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Final

from langchain_otel import health
from langchain_otel.patching.points import Point, State

logger: Final = logging.getLogger("langchain_otel")

HOW: Final[Mapping[State, str]] = {
    "missing": "is not there",
    "changed": "is another than expected",
    "refused": "cannot be wrapped",
}


def warn_of_lost(states: Mapping[Point, State]) -> None:
    """Warn of each seam one of whose patch points is lost, if no one has warned of it before."""
    lost = {point: state for point, state in states.items() if state in HOW}
    for seam in dict.fromkeys(point.seam for point in lost):
        if seam.name in health.lost_seams:
            continue
        health.lost_seams.add(seam.name)
        of_seam = {point: state for point, state in lost.items() if point.seam is seam}
        logger.warning(
            "In this version of %s, %s. What may be lost is %s. Traces stay whole, by run id. "
            "Bring LangChain and langchain-otel up to date. Logged once.",
            next(iter(of_seam)).module.partition(".")[0],
            "; ".join(
                f"{point.module}.{point.path} {HOW[state]}" for point, state in of_seam.items()
            ),
            seam.lost,
        )
