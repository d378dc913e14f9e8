"""Writes the text and the stack of an exception, where the policy lets them go, in bounded time.

Python writes a list that holds another twice, and so on, in full: a text of any size. The arguments
of an exception are therefore counted before they are written.
"""

from __future__ import annotations

import traceback
from collections import deque
from collections.abc import Iterable, Iterator
from gc import get_referents
from itertools import chain, islice
from types import MappingProxyType, WrapperDescriptorType
from typing import Any, Final

from langchain_otel.async_exceptions import let_through
from langchain_otel.content.credentials import without_url_credentials
from langchain_otel.content.fields import fields_of, slot_of
from langchain_otel.content.lazy import is_lazy
from langchain_otel.exception_fields import (
    arguments_of,
    cause_of,
    context_of,
    file_names_of,
    members_of,
    traceback_of,
)
from langchain_otel.runs.outcome import error_type

MAX_VALUES: Final = 10_000
MAX_CHARACTERS: Final = 1_000_000
MAX_CHAIN: Final = 1_000
TEXTS: Final = (str, bytes, bytearray)
GROUPS: Final = (list, tuple, set, frozenset, deque)


def message_of(error: BaseException) -> str:
    """The text of an exception.

    Clients quote the URLs that they cannot reach: credentials in those are left out in any case.
    """
    try:
        text = str(error) if _can_be_written(error) else _arguments_in_json(error)
        return without_url_credentials(text)
    except Exception as failure:
        let_through(failure)
        return f"<{type(error).__qualname__} without a text>"


def stack_of(error: BaseException) -> str:
    """The stack trace of an exception, with those that led to it."""
    try:
        lines = _lines_of(error)
    except Exception as failure:
        let_through(failure)
        lines = [*_places(error), f"{error_type(error)}\n"]
    return without_url_credentials("".join(lines))


def _lines_of(error: BaseException) -> list[str]:
    if all(map(_can_be_written, _chain(error))):
        return traceback.format_exception(error)
    return [*_places(error), f"{error_type(error)}: {message_of(error)}\n"]


def _places(error: BaseException) -> list[str]:
    return traceback.format_tb(traceback_of(error))


def _chain(error: BaseException) -> Iterator[BaseException]:
    waiting: list[BaseException | None] = [error]
    seen: set[int] = set()
    while waiting and len(seen) < MAX_CHAIN:
        each = waiting.pop()
        if each is not None and id(each) not in seen:
            seen.add(id(each))
            yield each
            waiting += (cause_of(each), context_of(each), *_members_of(each))


def _members_of(error: BaseException) -> tuple[BaseException, ...]:
    return members_of(error) if issubclass(type(error), BaseExceptionGroup) else ()


def _can_be_written(error: BaseException) -> bool:
    """Whether the text is the exception's own, or its arguments are few."""
    is_own = type(type(error).__str__) is not WrapperDescriptorType
    return is_own or _are_few((arguments_of(error), *_beside_arguments(error)))


def _arguments_in_json(error: BaseException) -> str:
    # It brings what records content, which few applications need.
    from langchain_otel.content.encoding import to_json

    return to_json(arguments_of(error))


def _beside_arguments(error: BaseException) -> Iterator[Any]:
    """What Python writes of an exception that is no argument: notes, and names of files."""
    yield fields_of(error).get("__notes__")
    if issubclass(type(error), OSError):
        yield from (read(error) for read in file_names_of)


def _are_few(arguments: tuple[Any, ...]) -> bool:
    values, characters = MAX_VALUES, MAX_CHARACTERS
    waiting: list[Any] = [arguments]
    while waiting:
        value = waiting.pop()
        kind = type(value)
        if is_lazy(kind):
            return False
        text = next((text for text in TEXTS if issubclass(kind, text)), None)
        if text is not None:
            characters -= text.__len__(value)
        else:
            waiting += islice(_inside(value, kind), values + 1)
        values -= 1
        if values < 0 or characters < 0 or len(waiting) > values:
            return False
    return True


def _inside(value: Any, kind: type) -> Iterable[Any]:
    if kind is MappingProxyType:
        return get_referents(value)
    if issubclass(kind, BaseException):
        return arguments_of(value)
    if issubclass(kind, dict):
        return chain(dict.keys(value), dict.values(value))
    for group in GROUPS:
        if issubclass(kind, group):
            return group.__iter__(value)
    # Pydantic writes them with the fields.
    extra = slot_of(value, "__pydantic_extra__")
    return chain(fields_of(value).values(), () if extra is None else (extra,))
