"""Finds the object that a root chain is a run of: LangChain reports only what the run is called.

To wrap every method that starts a chain would cost each step. A root alone has a name that depends
on its object: where no frame of ours has it, its caller is looked for on the stack.
"""

from __future__ import annotations

import sys
from types import FrameType
from typing import Any, Final

MANAGERS: Final = "langchain_core.callbacks.manager"
RUNNABLES: Final = "langchain_core.runnables.base"
SELF: Final = "self"
OWN_FRAMES: Final = 2
MAX_FRAMES: Final = 32


def calling_runnable() -> object | None:
    """The `self` of the first method beyond those of LangChain's callback manager."""
    runnable: Any = getattr(sys.modules.get(RUNNABLES), "Runnable", None)
    # Not of this module, nor of a handler of ours.
    frame: FrameType | None = sys._getframe(OWN_FRAMES)
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
