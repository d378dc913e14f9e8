"""Builds span names as the conventions want them: the operation, then the name of its subject."""

from collections.abc import Callable

from langchain_otel.runs.run import Started


def titled(operation: str, subject: Callable[[Started], str | None]) -> Callable[[Started], str]:
    """A function that names a span: the operation alone where its subject has no name."""

    def title(started: Started) -> str:
        name = subject(started)
        return operation if name is None else f"{operation} {name}"

    return title
