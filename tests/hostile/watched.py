"""Objects that note which of their special methods this package calls, and iterators that count."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final
from weakref import ref

import langchain_otel

OURS: Final = str(Path(langchain_otel.__file__).parent)
FIELDS: Final = frozenset(("status", "content", "type", "tool_call_id", "metadata"))


class Notes:
    """What happened to the values of one case."""

    def __init__(self) -> None:
        self.touched: list[str] = []
        self.used: list[str] = []
        self.marks: list[ref[Any]] = []

    def kept(self) -> int:
        """How many of the marked objects somebody still holds."""
        return sum(mark() is not None for mark in self.marks)


class Mark:
    """An object that nobody may keep; it stands among the fields of others."""

    def __init__(self, notes: Notes) -> None:
        notes.marks.append(ref(self))


def _noting(touched: list[str], name: str, answer: Callable[..., Any]) -> Callable[..., Any]:
    def note(self: Any, *args: Any) -> Any:
        caller = sys._getframe(1)
        if caller.f_code.co_filename.startswith(OURS):
            place = f"{Path(caller.f_code.co_filename).name}:{caller.f_lineno}"
            touched.append(f"{name} in {place}")
        return answer(self, *args)

    return note


def _own_attribute(self: Any, name: str) -> Any:
    if name in FIELDS:
        raise AttributeError(name)
    return object.__getattribute__(self, name)


ANSWERS: Final[dict[str, Callable[..., Any]]] = {
    "__getattribute__": _own_attribute,
    "__len__": lambda _: 1,
    "__iter__": lambda _: iter(()),
    "__bool__": lambda _: True,
    "__eq__": lambda self, other: self is other,
    "__hash__": lambda _: 1,
    "__str__": lambda _: "watched",
    "__repr__": lambda _: "watched",
    "__getitem__": lambda _, __: None,
    "__contains__": lambda _, __: False,
    "__float__": lambda _: 1.0,
    "__int__": lambda _: 1,
    "__index__": lambda _: 1,
    "__fspath__": lambda _: "",
    "__bytes__": lambda _: b"",
    "__format__": lambda _, __: "",
    "__add__": lambda self, _: self,
    "__call__": lambda _, *__: None,
    "keys": lambda _: [],
    "values": lambda _: [],
    "items": lambda _: [],
    "get": lambda _, *__: None,
    "model_dump": lambda _: {},
    "to_json": lambda _: {},
}


def watched_class(*bases: type, touched: list[str] | None = None) -> Any:
    """A class that notes each special method that is called by this package."""
    noted: list[str] = [] if touched is None else touched
    names: dict[str, Any] = {name: _noting(noted, name, answer) for name, answer in ANSWERS.items()}
    names["__class__"] = property(_noting(noted, "__class__", type))
    if any(issubclass(base, BaseException) for base in bases):
        # Where content is recorded, an exception is asked for its text.
        names["__str__"] = ANSWERS["__str__"]
    return type("Watched", bases or (object,), names | {"touched_by_us": noted})


class Once(Iterator[Any]):
    """An iterator that notes that it is asked."""

    def __init__(self, notes: Notes) -> None:
        self._notes = notes

    def __next__(self) -> Any:
        self._notes.used.append("__next__")
        raise StopIteration
