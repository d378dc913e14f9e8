"""Pickles handlers: in another process a handler becomes one of that process's own tracing.

Providers, locks and open runs stay where they are. In the process that pickled it, it is itself.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final
from uuid import uuid4
from weakref import WeakValueDictionary

_pickled: Final[WeakValueDictionary[str, Any]] = WeakValueDictionary()
KEY: Final = "_pickle_key"


def reduced(handler: Any, elsewhere: Callable[[], Any]) -> tuple[Any, ...]:
    """What `__reduce__` of a handler returns; `elsewhere` makes the one of another process."""
    key = vars(handler).setdefault(KEY, uuid4().hex)
    _pickled[key] = handler
    return _restored, (key, elsewhere)


def _restored(key: str, elsewhere: Callable[[], Any]) -> Any:
    handler = _pickled.get(key)
    return elsewhere() if handler is None else handler
