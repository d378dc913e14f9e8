"""Says which names of attributes are taken: an application cannot give these to its runs."""

from __future__ import annotations

from typing import Final

from langchain_otel import semconv

PREFIXES: Final = ("gen_ai.", "langchain.", "langgraph.")
# They may stand on every span; where a run is known to be somebody's, that is recorded instead.
FREE: Final = frozenset((semconv.USER_ID, semconv.SESSION_ID))
NAMES: Final = frozenset(
    value for value in vars(semconv).values() if type(value) is str and "." in value
).difference(FREE)


def is_taken(name: str) -> bool:
    """Whether a name is the GenAI conventions' or ours, or one that is recorded of runs."""
    return name in NAMES or name.startswith(PREFIXES)
