"""Finds what it is that runs where a chain starts: LangChain's event names it, but has it not."""

import sys
from types import FrameType
from typing import Any, Final

MANAGERS: Final = "langchain_core.callbacks.manager"
RUNNABLES: Final = "langchain_core.runnables.base"
SELF: Final = "self"
MAX_FRAMES: Final = 32


def calling_runnable() -> object | None:
    """The runnable whose method starts a run, from within a handler that is called with the start.

    It is the `self` of the first method beyond those of LangChain's callback manager. To wrap all
    methods that start runs would cost every step; this costs roots alone.
    """
    runnable: Any = getattr(sys.modules.get(RUNNABLES), "Runnable", None)
    frame: FrameType | None = sys._getframe(1)
    is_beyond = False
    for _ in range(MAX_FRAMES):
        if frame is None or runnable is None:
            return None
        is_manager = frame.f_globals.get("__name__") == MANAGERS
        if is_beyond and not is_manager and _has_self(frame):
            found = frame.f_locals.get(SELF)
            return found if isinstance(found, runnable) else None
        is_beyond = is_beyond or is_manager
        frame = frame.f_back
    return None


def _has_self(frame: FrameType) -> bool:
    code = frame.f_code
    # A comprehension has it from the method around.
    return SELF in code.co_varnames[:1] or SELF in code.co_freevars
