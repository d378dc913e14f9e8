"""Puts together the options of a captured test: those of its project, then those of its markers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any, Final

from langchain_otel.recording.arguments import Options

DEFAULTS: Final[Mapping[str, Any]] = {"capture_message_content": "SPAN_ONLY"}
"""What differs from the options' own defaults: nothing that a test looks at leaves the process."""

Marks = Iterable[tuple[tuple[Any, ...], Mapping[str, Any]]]
"""The positional and the named arguments of each marker, the nearest first."""


def merged(project: object, marks: Marks) -> dict[str, Any]:
    """The options of a test: the nearest marker wins, the project's come last.

    Raises:
        TypeError: They are no options; the message says which there are.
    """
    __tracebackhide__ = True
    if not isinstance(project, Mapping):
        raise TypeError(
            f"the fixture langchain_otel_options must give a dict of options; got {project!r}"
        )
    found: dict[str, Any] = {}
    for positional, named in marks:
        if positional:
            raise TypeError(f"the marker langchain_otel takes options by name; got {positional!r}")
        found = {**named, **found}
    return {**project, **found}


def checked(options: Mapping[str, Any]) -> dict[str, Any]:
    """All options, with those that a capture has of its own.

    Raises:
        TypeError: There is no such option.
    """
    __tracebackhide__ = True
    known = Options.__annotations__
    for name in options:
        if name not in known:
            near = get_close_matches(str(name), known, 1)
            hint = f" (did you mean {near[0]!r}?)" if near else ""
            raise TypeError(f"no option {name!r}{hint}; there are {', '.join(known)}.")
    return {**DEFAULTS, **{name: value for name, value in options.items() if value is not None}}
