"""Wraps methods in every subclass of a class, those of now and those to come.

A class is wrapped when it comes into being, by `__init_subclass__` of the base; the base's own
methods stay as they are. Nothing here keeps a class alive.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from types import FunctionType
from typing import Any, Final
from weakref import WeakSet

from langchain_otel import health

Wrap = Callable[[Callable[..., Any]], Callable[..., Any]]

HOOK: Final = "__init_subclass__"
ASYNC_PREFIX: Final = "a"


class Subclasses:
    """The subclasses of a base, the methods of which are wrapped that are `chosen` by name.

    A name that begins with `a` is that of an asynchronous function if there is one without the `a`,
    as everywhere in LangChain.
    `wrap` gives back a method as it is where it does not want it.
    """

    def __init__(self, base: type, chosen: Callable[[str], bool], wrap: Wrap) -> None:
        self._base = base
        self._chosen = chosen
        self._wrap = wrap
        self._classes: WeakSet[type] = WeakSet()
        self._wrapped: WeakSet[Callable[..., Any]] = WeakSet()
        self._followed = True
        for kind in _below(base):
            self._wrap_methods(kind)
        self._hook_before = vars(base).get(HOOK)
        self._hook = self._new_hook()
        setattr(base, HOOK, self._hook)

    def undo(self) -> None:
        """Put every wrapped method back."""
        self._followed = False
        # What another package has wrapped in the meantime stays its own; ours inside is inert.
        if vars(self._base).get(HOOK) is self._hook:
            if self._hook_before is None:
                delattr(self._base, HOOK)
            else:
                setattr(self._base, HOOK, self._hook_before)
        for kind in list(self._classes):
            for name, function in list(vars(kind).items()):
                if type(function) is FunctionType and function in self._wrapped:
                    setattr(kind, name, inspect.unwrap(function, stop=self._is_original))
        self._classes.clear()

    def _is_original(self, function: Callable[..., Any]) -> bool:
        return function not in self._wrapped

    def _new_hook(self) -> Any:
        base: Any = self._base

        def hook(cls: Any, /, **kwargs: Any) -> None:
            if self._hook_before is None:
                super(base, cls).__init_subclass__(**kwargs)
            else:
                self._hook_before.__get__(None, cls)(**kwargs)
            if self._followed:
                self._wrap_methods(cls)

        return classmethod(hook)

    def _wrap_methods(self, kind: type) -> None:
        try:
            for name, function in list(vars(kind).items()):
                if type(function) is not FunctionType or not self._chosen(name):
                    continue
                # A class that is made of another one (a dataclass with slots) has its methods.
                if function in self._wrapped:
                    self._classes.add(kind)
                    continue
                wrapped = self._wrap(function)
                if wrapped is not function and _is_wrappable(kind, name, function):
                    self._wrapped.add(wrapped)
                    self._classes.add(kind)
                    setattr(kind, name, wrapped)
        except Exception as error:
            health.failed("subclass", error)


def _is_wrappable(kind: type, name: str, function: FunctionType) -> bool:
    is_named_async = name.startswith(ASYNC_PREFIX) and hasattr(kind, name[len(ASYNC_PREFIX) :])
    is_async = inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function)
    is_abstract = getattr(function, "__isabstractmethod__", False)
    return is_async == is_named_async and not is_abstract


def _below(base: type) -> Iterator[type]:
    seen = {base}
    classes = [base]
    while classes:
        kinds: list[type] = type.__subclasses__(classes.pop())
        for kind in kinds:
            if kind not in seen:
                seen.add(kind)
                classes.append(kind)
                yield kind
