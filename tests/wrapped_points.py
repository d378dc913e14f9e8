"""What the patcher wraps, or would: all patch points, and the functions among them."""

from typing import Final

from langchain_otel.patching.points import PatchPoint
from langchain_otel.sources.patch_points import PATCHER

ALL_POINTS: Final = [point for point, _ in PATCHER.states()]
POINTS: Final = [point for point in ALL_POINTS if isinstance(point, PatchPoint)]
