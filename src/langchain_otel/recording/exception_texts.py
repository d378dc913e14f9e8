"""Writes the text and the stack of an exception, where the policy lets them go, in bounded time.

Python writes a list that holds another twice, and so on, in full: a text of any size. The arguments
of an exception are therefore counted before they are written.
"""

import gc
import traceback
from collections import deque
from collections.abc import Callable, Iterator
from types import MappingProxyType, WrapperDescriptorType
from typing import Any, Final

from langchain_otel.async_exceptions import let_through
from langchain_otel.content.credentials import without_url_credentials
from langchain_otel.content.encoding import to_json
from langchain_otel.content.fields import fields_of
from langchain_otel.content.lazy import is_lazy

MAX_VALUES: Final = 10_000
MAX_CHARACTERS: Final = 1_000_000
MAX_CHAIN: Final = 1_000
arguments_of: Final[Callable[[BaseException], tuple[Any, ...]]] = vars(BaseException)[
    "args"
].__get__
TEXTS: Final = (str, bytes, bytearray)
GROUPS: Final = (list, tuple, set, frozenset, deque)


def message_of(error: BaseException) -> str:
    """The text of an exception.

    Clients quote the URLs that they cannot reach: credentials in those are left out in any case.
    """
    try:
        text = str(error) if _can_be_written(error) else to_json(arguments_of(error))
        return without_url_credentials(text)
    except Exception as failure:
        let_through(failure)
        return f"<{type(error).__qualname__} without a text>"


def stack_of(error: BaseException) -> str:
    """The stack trace of an exception, with those that led to it."""
    if all(map(_can_be_written, _chain(error))):
        lines = traceback.format_exception(error)
    else:
        name = f"{type(error).__module__}.{type(error).__qualname__}"
        lines = [*traceback.format_tb(error.__traceback__), f"{name}: {message_of(error)}\n"]
    return without_url_credentials("".join(lines))


def _chain(error: BaseException) -> Iterator[BaseException]:
    waiting: list[BaseException | None] = [error]
    seen: set[int] = set()
    while waiting and len(seen) < MAX_CHAIN:
        each = waiting.pop()
        if each is not None and id(each) not in seen:
            seen.add(id(each))
            yield each
            waiting += (each.__cause__, each.__context__)
            if isinstance(each, BaseExceptionGroup):
                waiting += each.exceptions


def _can_be_written(error: BaseException) -> bool:
    """Whether the text is the exception's own, or its arguments are few."""
    is_own = type(type(error).__str__) is not WrapperDescriptorType
    return is_own or _are_few(arguments_of(error))


def _are_few(arguments: tuple[Any, ...]) -> bool:
    values, characters = MAX_VALUES, MAX_CHARACTERS
    waiting: list[Any] = [arguments]
    while waiting:
        value = waiting.pop()
        kind = type(value)
        if issubclass(kind, (str, bytes, bytearray)):
            characters -= len(value)
        elif is_lazy(kind):
            return False
        else:
            waiting += _inside(value, kind, values)
        values -= 1
        if values < 0 or characters < 0 or len(waiting) > values:
            return False
    return True


def _inside(value: Any, kind: type, most: int) -> list[Any]:
    if kind is MappingProxyType:
        return [dict(value)] if len(value) <= most else [None] * (most + 1)
    if issubclass(kind, BaseException):
        return [*arguments_of(value)]
    if issubclass(kind, dict):
        return [*dict.keys(value), *dict.values(value)]
    for group in GROUPS:
        if issubclass(kind, group):
            return list(group.__iter__(value))
    return list(fields_of(value).values())
