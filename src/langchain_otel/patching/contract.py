"""Judges whether a function of another package is still what the table says of it."""

import inspect
from collections.abc import Mapping
from itertools import zip_longest
from types import FunctionType
from typing import Any, Final

from langchain_otel.patching.points import Form, PatchPoint
from langchain_otel.patching.signatures import signature_of

GENERATOR_FLAGS: Final[Mapping[int, Form]] = {
    inspect.CO_GENERATOR: "generator",
    inspect.CO_COROUTINE: "coroutine",
    inspect.CO_ASYNC_GENERATOR: "async generator",
}


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
    parameters = signature_of(function).parameters.values()
    kinds = {parameter.kind for parameter in parameters}
    if {inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD} <= kinds:
        # It passes on whatever it is called with: somebody else's, around one that is not known.
        return True
    positional = [each for each in parameters if each.kind is not each.KEYWORD_ONLY]
    found = [each.name if each.kind is each.POSITIONAL_OR_KEYWORD else "" for each in positional]
    keywords = {each.name for each in parameters if each.kind is each.KEYWORD_ONLY}
    return len(found) + len(keywords) >= len(names) and all(
        not name or name in keywords or name == here
        for name, here in zip_longest(names, found[: len(names)], fillvalue="")
    )
