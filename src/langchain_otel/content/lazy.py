"""Recognizes by their class objects that load or compute something when they are looked at."""

from types import FunctionType
from typing import Final
from weakref import CallableProxyType, ProxyType

PYDANTIC: Final = "pydantic."


def is_lazy(kind: type) -> bool:
    """Whether a class runs code of its own as soon as one of its objects is looked at.

    So do proxies, which load what they stand for, and mocks, which make up what they are asked for.
    """
    return kind in (ProxyType, CallableProxyType) or any(
        _intercepts(base) for base in kind.__mro__[:-1]
    )


def _intercepts(base: type) -> bool:
    names = vars(base)
    is_proxy = "__class__" in names or type(names.get("__getattribute__")) is FunctionType
    return is_proxy or ("__getattr__" in names and not base.__module__.startswith(PYDANTIC))
