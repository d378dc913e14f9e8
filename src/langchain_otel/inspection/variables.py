"""Finds environment variables that nobody reads, and what the user is likely to have meant."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from langchain_otel.config import OPTIONS, SDK_DISABLED_VARIABLE
from langchain_otel.config.options import GENAI, LANGCHAIN, OTEL

OURS: Final = "langchain_otel"
INSTRUMENTORS: Final = "opentelemetry_instrumentor"
DISABLING_VARIABLE: Final = "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS"
# Names that people may take for ours in that variable.
MISNOMERS: Final = frozenset(("langchain", "langgraph", "langchain_core", "lang_chain", OURS))

STANDARDS: Final = frozenset(option.standard.variable for option in OPTIONS if option.standard)
OWN: Final = {
    option.variable.removeprefix(GENAI).removeprefix(LANGCHAIN): option.variable
    for option in OPTIONS
    if option.variable is not None
}
KNOWN: Final = frozenset((*OWN.values(), *STANDARDS, SDK_DISABLED_VARIABLE))
WITHOUT_VARIABLE: Final = frozenset(
    option.name.upper() for option in OPTIONS if option.variable is None
)

# A variable of the kind of ours: whose it says to be, and which option.
KIND: Final = (
    rf"{OTEL}(?:PYTHON_)?(?:INSTRUMENTATION_)?(LANG_CHAIN|LANG_GRAPH|GEN_AI|[A-Z]+)_(?:OTEL_)?(.+)"
)
WITHOUT_OTEL: Final = "LANGCHAIN_OTEL_"
FAMILIES: Final = ("LANGCHAIN", "LANGGRAPH", "GENAI")
EXCEPTIONS: Final = "OTEL_SEMCONV_EXCEPTION"
# How alike two names are, at least, from 0 to 1: of what is certainly ours, and of what may not be.
ALIKE: Final = 0.6
VERY_ALIKE: Final = 0.75
SPELT_ALIKE: Final = 0.9


def unknown_variables() -> list[tuple[str, str | None]]:
    """The variables that look like ours and are read by nobody, each with the nearest that is."""
    return sorted(_unknown())


def misnamed_instrumentations() -> list[str]:
    """The words of OTEL_PYTHON_DISABLED_INSTRUMENTATIONS that mean us and name no instrumentation.

    Where another package's instrumentation is called `langchain`, that word names it.
    """
    words = [word.strip() for word in os.environ.get(DISABLING_VARIABLE, "").split(",")]
    meant = [word for word in words if word != OURS and _means_us(word)]
    if not meant:
        return []
    installed = {found.name for found in entry_points(group=INSTRUMENTORS)}
    return [word for word in meant if word not in installed]


def _means_us(word: str) -> bool:
    name = word.lower().replace("-", "_").replace(".", "_")
    return name in MISNOMERS or nearest_of(name, (OURS,), SPELT_ALIKE) is not None


def _unknown() -> Iterator[tuple[str, str | None]]:
    for name, value in os.environ.items():
        # OpenTelemetry takes an empty variable for one that is not set.
        if name in KNOWN or not value.strip():
            continue
        upper = name.upper()
        if upper in KNOWN:
            yield name, upper
        elif upper.startswith(LANGCHAIN):
            yield name, _option_like(upper.removeprefix(LANGCHAIN).removeprefix("OTEL_"), ALIKE)
        else:
            meant = _like_ours(upper)
            if meant is not None and name not in _names_of_utilities():
                yield name, meant


def _like_ours(name: str) -> str | None:
    """The variable of ours that a name of another family comes near; None for most names."""
    if name.startswith(EXCEPTIONS):
        return nearest_of(name, STANDARDS, VERY_ALIKE)
    whole = f"{OTEL}{name}" if name.startswith(WITHOUT_OTEL) else name
    kind = re.fullmatch(KIND, whole) if whole.startswith(OTEL) else None
    if kind is None or nearest_of(kind[1].replace("_", ""), FAMILIES, 0.8) is None:
        return None
    return _option_like(kind[2], VERY_ALIKE)


def _option_like(word: str, alike: float) -> str | None:
    if word in WITHOUT_VARIABLE:
        return None
    nearest = nearest_of(word, OWN, alike)
    return None if nearest is None else OWN[nearest]


def nearest_of(word: str, known: Iterable[str], alike: float = ALIKE) -> str | None:
    """The name that comes nearest to a word; None where none is near."""
    # It is imported where a name is wrong, which is seldom.
    from difflib import get_close_matches

    return next(iter(get_close_matches(word, list(known), 1, alike)), None)


def _names_of_utilities() -> frozenset[str]:
    """The variables of opentelemetry-util-genai, of which nothing is imported."""
    namespace = find_spec("opentelemetry.util")
    for place in (namespace.submodule_search_locations or ()) if namespace is not None else ():
        file = Path(place, "genai", "environment_variables.py")
        if file.is_file():
            return frozenset(re.findall(r"\w+", file.read_text(encoding="utf-8")))
    return frozenset()
