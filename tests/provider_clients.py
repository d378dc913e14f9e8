"""Knows that LangChain keeps the HTTP clients of providers, one for each address."""

import sys
from collections.abc import Iterator
from functools import cache
from typing import Any, Final

PACKAGES: Final = ("langchain_openai", "langchain_anthropic")


def keep_clients() -> None:
    """Keep every client: a cache that is full drops the oldest with its connections open.

    Each server of a test has an address of its own, so a worker comes to more than the 128 that
    these caches hold. Python warns of the open connections in whatever test runs then.
    """
    unbounded: dict[int, Any] = {}
    for module in _loaded():
        for name, function in list(vars(module).items()):
            if hasattr(function, "cache_parameters"):
                kept = unbounded.setdefault(id(function), cache(function.__wrapped__))
                setattr(module, name, kept)


def _loaded() -> Iterator[Any]:
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] in PACKAGES:
            yield module
