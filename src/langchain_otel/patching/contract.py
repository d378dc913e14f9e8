"""Judges whether a function of another package is still what the table says of it."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from itertools import zip_longest
from types import CodeType, FunctionType
from typing import Any, Final

from langchain_otel.patching.points import Form, PatchPoint

Parameters = tuple[list[str], Sequence[str], int]
"""Names by position, empty where a caller cannot use them; keywords; `*args` and `**kwargs`."""

GENERATOR_FLAGS: Final[Mapping[int, Form]] = {
    inspect.CO_GENERATOR: "generator",
    inspect.CO_COROUTINE: "coroutine",
    inspect.CO_ASYNC_GENERATOR: "async generator",
}
VARIADIC: Final = inspect.CO_VARARGS | inspect.CO_VARKEYWORDS
KINDS: Final = (
    inspect.Parameter.POSITIONAL_ONLY,
    inspect.Parameter.POSITIONAL_OR_KEYWORD,
    inspect.Parameter.VAR_POSITIONAL,
    inspect.Parameter.KEYWORD_ONLY,
    inspect.Parameter.VAR_KEYWORD,
)


def keeps_contract(point: PatchPoint, found: Any) -> bool:
    """Whether a function has the form and begins with the parameters that its point names.

    What another package has put around it is not judged, as far as the function inside is known.
    """
    if not callable(found) or isinstance(found, (staticmethod, type)):
        return False
    function = inspect.unwrap(found)
    if type(function) is not FunctionType:
        return True
    return has_form(function, point.form) and (
        not point.parameters or _begins_with(function, point.parameters)
    )


def has_form(function: FunctionType, form: Form) -> bool:
    """Whether a function is a coroutine function, a generator function or neither."""
    flags = function.__code__.co_flags
    found = [each for flag, each in GENERATOR_FLAGS.items() if flags & flag]
    return (found or ["function"]) == [form]


def _begins_with(function: FunctionType, names: tuple[str, ...]) -> bool:
    """Whether each name is that of the parameter at its position, or of a keyword."""
    positional, keywords, variadic = (
        _declared(function) if "__signature__" in vars(function) else _defined(function.__code__)
    )
    if variadic == 2:
        # It passes on whatever it is called with: somebody else's, around one that is not known.
        return True
    found = positional + [""] * variadic
    return len(found) + len(keywords) >= len(names) and all(
        not name or name in keywords or name == here
        for name, here in zip_longest(names, found[: len(names)], fillvalue="")
    )


def _defined(code: CodeType) -> Parameters:
    nameless, end = code.co_posonlyargcount, code.co_argcount
    return (
        [""] * nameless + [*code.co_varnames[nameless:end]],
        code.co_varnames[end : end + code.co_kwonlyargcount],
        (code.co_flags & VARIADIC).bit_count(),
    )


def _declared(function: FunctionType) -> Parameters:
    from langchain_otel.patching.signatures import signature_of

    kinds: dict[Any, list[str]] = {}
    for each in signature_of(function).parameters.values():
        kinds.setdefault(each.kind, []).append(each.name)
    nameless, named, args, keywords, kwargs = (kinds.get(kind, []) for kind in KINDS)
    return [""] * len(nameless) + named, keywords, len(args) + len(kwargs)
