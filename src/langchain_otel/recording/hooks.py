"""Calls functions that the user gives: hooks of spans, a name of a span, a filter of runs.

What they raise, and what they give that is no answer, is counted and logged once; the run goes on.
A run that starts inside such a function is recorded, but they are not called for it.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, Final, Literal

from opentelemetry.trace import Span

from langchain_otel import health
from langchain_otel.async_exceptions import let_through
from langchain_otel.config import HOOKS, Config
from langchain_otel.content.values import MAX_TEXT, sound
from langchain_otel.recording.run_view import RunView

FilterAnswer = Literal["keep", "leave_out_run", "leave_out_trace"]

SpanHook = Callable[[Span, RunView], object]
"""Is given the span of a run and the run; what it gives back is of no concern."""
SpanName = Callable[[RunView], str | None]
"""From a run, gives the name of its span; None: the usual one."""
RunFilter = Callable[[RunView], bool | FilterAnswer]
"""From a run, gives whether it is recorded: True is `keep`, False is `leave_out_run`."""

KEEP: Final = "keep"
LEAVE_OUT_RUN: Final = "leave_out_run"
LEAVE_OUT_TRACE: Final = "leave_out_trace"

_CHOICES: Final[dict[bool | str, FilterAnswer]] = {
    True: KEEP,
    False: LEAVE_OUT_RUN,
    KEEP: KEEP,
    LEAVE_OUT_RUN: LEAVE_OUT_RUN,
    LEAVE_OUT_TRACE: LEAVE_OUT_TRACE,
}
_CONSEQUENCES: Final = {
    "request_hook": "the span lacks what it would have set",
    "response_hook": "the span lacks what it would have set",
    "span_name": "the span has its usual name",
    "run_filter": "the run is recorded",
}
_NO_ANSWER: Final = object()

_is_calling: Final[ContextVar[bool]] = ContextVar("langchain-otel-hooks", default=False)


class Hooks:
    """The functions that the user gives to one recorder."""

    def __init__(self, config: Config) -> None:
        self._functions: Final = {option: getattr(config, option) for option in HOOKS}

    def request(self, span: Span, run: RunView) -> None:
        """Call the hook for a span that has started."""
        self._answer("request_hook", span, run)

    def response(self, span: Span, run: RunView) -> None:
        """Call the hook for a span that is about to end."""
        self._answer("response_hook", span, run)

    def name(self, run: RunView) -> str | None:
        """The name that the user gives to the span of a run."""
        answer = self._answer("span_name", run)
        if answer is _NO_ANSWER or answer is None:
            return None
        if not isinstance(answer, str) or not answer:
            _refuse("span_name", answer)
            return None
        return sound(answer)[:MAX_TEXT]

    def choice(self, run: RunView) -> FilterAnswer:
        """What the user chooses to record of a run."""
        answer = self._answer("run_filter", run)
        if answer is _NO_ANSWER:
            return KEEP
        choice = _CHOICES.get(answer) if isinstance(answer, (bool, str)) else None
        if choice is None:
            _refuse("run_filter", answer)
        return choice or KEEP

    def _answer(self, option: str, *args: Any) -> Any:
        function = self._functions[option]
        if function is None or _is_calling.get():
            return _NO_ANSWER
        try:
            _is_calling.set(True)
            return function(*args)
        except Exception as error:
            let_through(error)
            reason = type(error).__name__
            health.function_failed(option, reason, _CONSEQUENCES[option], error)
            return _NO_ANSWER
        finally:
            _is_calling.set(False)


def _refuse(option: str, answer: Any) -> None:
    """Count an answer that is none; its type is said, not its text."""
    reason = f"an answer of the type {type(answer).__name__}"
    health.function_failed(option, reason, _CONSEQUENCES[option], None)
