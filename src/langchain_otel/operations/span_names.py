"""Builds span names as the conventions want them: the operation, then the name of its subject."""

from collections.abc import Callable

from langchain_otel.content.values import EMPTY, text
from langchain_otel.runs.run import Started


def titled(operation: str, subject: Callable[[Started], str | None]) -> Callable[[Started], str]:
    """A function that names a span: the operation alone where its subject has no name."""

    def title(started: Started) -> str:
        name = subject(started)
        return operation if name is None else f"{operation} {name}"

    return title


def own_name(owner: object) -> str | None:
    """The name that an object was given, or else that of its class; None where it is not known.

    LangChain calls a run so, unless a caller calls it otherwise, which may be at each request.
    """
    if owner is None:
        return None
    return text(getattr(owner, "name", None)) or type(owner).__name__


def given_name(started: Started) -> str | None:
    """The name that a caller gave to a run; None where it is called as what runs."""
    name = text(started.options.get("name"))
    if name is None or name == own_name(started.owner):
        return None
    return None if name == (started.serialized or EMPTY).get("name") else name
