"""Answers for our handlers that they tap no output, which LangChain asks at each call of a model.

It asks by `isinstance` of a protocol. Python goes through the members of a protocol anew each time:
that takes half as long as a span.
"""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any, Final

from langchain_otel import health
from langchain_otel.patching.imports import when_imported
from langchain_otel.patching.inline import InlineHandler

Undo = Callable[[], None]

MODULE: Final = "langchain_core.tracers._streaming"
PROTOCOL: Final = "_StreamingCallbackHandler"
MEMBER: Final = "tap_output_iter"


def watch() -> Undo:
    """Answer from here on; gives what ends it."""
    answered: list[Undo] = []

    def answer(module: ModuleType) -> None:
        protocol = vars(module).get(PROTOCOL)
        try:
            if isinstance(protocol, type):
                answered.append(_answered(protocol))
        except Exception as error:
            # LangChain asks as it always did.
            health.failed("output_taps", error)

    forget = when_imported(MODULE, answer)

    def undo() -> None:
        forget()
        while answered:
            answered.pop()()

    return undo


def _answered(protocol: type) -> Undo:
    """Give a protocol a class that knows our handlers; gives what puts its own class back."""
    kind: Any = type(protocol)

    def __instancecheck__(cls: Any, handler: object) -> bool:  # noqa: N807
        if isinstance(handler, InlineHandler) and not hasattr(handler, MEMBER):
            return False
        return bool(kind.__instancecheck__(cls, handler))

    protocol.__class__ = ours = type(
        kind.__name__, (kind,), {"__instancecheck__": __instancecheck__}
    )

    def undo() -> None:
        if type(protocol) is ours:
            protocol.__class__ = kind

    return undo
