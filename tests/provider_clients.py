"""Keeps the HTTP clients that providers' packages drop with their connections open.

Python warns of such a connection when the garbage collector finds it, in whatever test runs then.
"""

import sys
from collections.abc import Iterator
from functools import cache, wraps
from typing import Any, Final

PACKAGES: Final = ("langchain_openai", "langchain_anthropic")
SDKS: Final = ("openai", "anthropic")
KEPT: Final[list[Any]] = []


def keep_clients() -> None:
    """Keep every client that a test makes for as long as the process lives.

    LangChain's caches drop the oldest of 128 addresses, and each server of a test has one of its
    own. A client of a provider's SDK closes itself when it is collected, but its connections may be
    collected first.
    """
    unbounded: dict[int, Any] = {}
    for module in _loaded():
        for name, function in list(vars(module).items()):
            if hasattr(function, "cache_parameters"):
                kept = unbounded.setdefault(id(function), cache(function.__wrapped__))
                setattr(module, name, kept)
    for sdk in SDKS:
        module = sys.modules.get(f"{sdk}._base_client")
        if module is not None:
            _keep_instances(module.SyncHttpxClientWrapper)
            _keep_instances(module.AsyncHttpxClientWrapper)


def _loaded() -> Iterator[Any]:
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] in PACKAGES:
            yield module


def _keep_instances(kind: Any) -> None:
    make = kind.__init__

    @wraps(make)
    def kept(self: Any, *args: Any, **options: Any) -> None:
        make(self, *args, **options)
        KEPT.append(self)

    kind.__init__ = kept
