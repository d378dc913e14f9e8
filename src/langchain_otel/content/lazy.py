"""Recognizes by their class objects that load or compute something when they are looked at."""

from __future__ import annotations

from types import FunctionType
from typing import Final
from weakref import CallableProxyType, ProxyType

from langchain_otel.content.remembered import remember

PYDANTIC: Final = "pydantic."

_known: Final[dict[int, tuple[bool, object]]] = {}
"""What was found of a class, by the id of the class, for as long as it lives."""


def is_lazy(kind: type) -> bool:
    """Whether a class runs code of its own as soon as one of its objects is looked at.

    So do proxies, which load what they stand for, and mocks, which make up what they are asked for.
    """
    try:
        return _known[id(kind)][0]
    except KeyError:
        return _found(kind)


def _found(kind: type) -> bool:
    is_proxy = kind in (ProxyType, CallableProxyType)
    found = is_proxy or any(_intercepts(base) for base in kind.__mro__[:-1])
    remember(_known, id(kind), kind, found)
    return found


def _intercepts(base: type) -> bool:
    names = vars(base)
    is_proxy = "__class__" in names or type(names.get("__getattribute__")) is FunctionType
    return is_proxy or ("__getattr__" in names and not base.__module__.startswith(PYDANTIC))
