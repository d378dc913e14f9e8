"""Knows which span is current, and which span a new run hangs under.

No other module touches the current context. Two ways lead a run's span into the code of the run:

- LangChain runs the body of chains and tools in a copy of the context (`set_config_context`).
  `enter_body` makes the span current in that copy, which is thrown away afterwards.
- Elsewhere (models, retrievers, graphs, legacy chains) a `Frame` stands around the function that
  runs the body and gives the caller's context back whenever control returns to the caller.
"""

from asyncio import CancelledError
from contextvars import ContextVar
from typing import Any, Final, Literal
from uuid import UUID

from opentelemetry import context as otel_context
from opentelemetry.context import (
    _SUPPRESS_INSTRUMENTATION_KEY,
    Context,
    attach,
    create_key,
    get_current,
)
from opentelemetry.trace import (
    INVALID_SPAN,
    NonRecordingSpan,
    Span,
    SpanContext,
    set_span_in_context,
)

from langchain_otel.collecting import is_collecting
from langchain_otel.identity import (
    Identity,
    conversation_of,
    given_in,
    identify_in_body,
    people_of,
    with_given,
)
from langchain_otel.run import RUNS, Run

Family = Literal["model", "chain", "tool", "retriever", "call"]

_RUN_KEY: Final = create_key("langchain-otel-run")
_SPAN_KEY: Final = next(iter(set_span_in_context(INVALID_SPAN, Context())))
_SUPPRESS_KEY: Final = _SUPPRESS_INSTRUMENTATION_KEY
_SUPPRESS_KEY_OF_OLD: Final = "suppress_instrumentation"

current: Final = get_current


def is_suppressed(ambient: Context) -> bool:
    """Whether `suppress_instrumentation()` of OpenTelemetry is in force in `ambient`."""
    return bool(ambient.get(_SUPPRESS_KEY) or ambient.get(_SUPPRESS_KEY_OF_OLD))


def parent_context(parent: Run | SpanContext | None, ambient: Context) -> Context:
    """The context in which the span of a new run starts.

    Where the ambient code belongs to exactly the parent run, the ambient span is the parent: the
    run's own span or one that the user started inside it. Otherwise it is the parent run's span,
    with the ambient baggage. A root run hangs under whatever is current, unless that is the
    left-over span of a run that has ended.
    """
    active: Run | None = ambient.get(_RUN_KEY)  # type: ignore[assignment]
    if parent is None:
        return _without_ended_runs(ambient, active)
    if active is not None and _is_same(active, parent):
        return ambient
    span = parent.span if isinstance(parent, Run) else NonRecordingSpan(parent)
    return _with(ambient, _SPAN_KEY, span)


def enter_body(config: Any) -> None:
    """Make the span of the run whose body `config` is for current, in this copy of the context.

    `config` is a `RunnableConfig` whose callback manager names that run as the parent of the next.
    """
    run_id = getattr(config.get("callbacks"), "parent_run_id", None)
    run = None if run_id is None else RUNS.head(run_id)
    if run is not None:
        ambient = get_current()
        if ambient.get(_RUN_KEY) is not run:
            attach(_inside(run, ambient))
        configurable = config.get("configurable")
        if configurable:
            _identify_in_body(run, configurable)
    if _frame.get() is not None:
        _frame.set(None)


def _identify_in_body(run: Run, configurable: Any) -> None:
    for each in run.twins():
        new = identify_in_body(each, configurable)
        if new and each.has_span:
            stated = conversation_of(each) | people_of(each)
            facts = {name: value for name, value in stated.items() if name in new}
            each.facts = each.facts | facts
            each.span.set_attributes(facts)


def enter_given(identity: Identity) -> None:
    """Begin a block of code whose runs have `identity`."""
    attach(with_given(identity, get_current()))


def leave_given(identity: Identity) -> None:
    """End such a block; where it ends in another context, there is nothing to give back."""
    given = given_in(get_current())
    if given is not None and given.identity is identity:
        # No token, for the reason that a frame has none.
        attach(given.before)


class Frame:
    """The call of a function that runs a run's body: the run's span is current inside, only there.

    Either the run is known (`run`), or it is the first one of `family` that starts inside.
    `owner` is the LangChain object that is called, `given` whose the runs inside are.
    """

    __slots__ = (
        "_caller",
        "_entered",
        "_inside",
        "_is_garbage",
        "activates",
        "family",
        "owner",
        "run",
        "started",
    )

    def __init__(
        self,
        family: Family | None,
        owner: object,
        run: Run | None = None,
        *,
        activates: bool = True,
        given: Identity | None = None,
    ) -> None:
        self.family = family
        self.owner = owner
        self.run = run
        self.activates = activates
        self.started: list[Run] = []
        self._inside: Context | None = None
        self._caller = get_current()
        if run is not None and self._caller.get(_RUN_KEY) is not run:
            self._inside = _inside(run, self._caller)
        elif given:
            self._inside = with_given(given, self._caller)

    def enter(self) -> None:
        """Go into the frame, at its call or at each step of its generator."""
        self._is_garbage = is_collecting()
        if self._is_garbage:
            return
        self._caller = get_current()
        self._entered = _frame.set(self if self.run is None else None)
        if self._inside is not None:
            attach(self._inside)

    def leave(self) -> None:
        """Give the caller's context back, as the very object that it was."""
        if self._is_garbage or is_collecting():
            return
        try:
            _frame.reset(self._entered)
        except ValueError:
            # A coroutine that was thrown away half way ends in the context of whoever did so.
            return
        inside = get_current()
        if inside is not self._caller:
            self._inside = inside
            # No token: a reset fails, and is logged, where a body ends in another context.
            attach(self._caller)

    def finished(self) -> None:
        """Know that the generator has come to its end, which LangChain reports to its run."""

    def abandoned_by(self, error: BaseException) -> None:
        """End the runs that `error` leaves open: LangChain reports no cancellation to them.

        Those that started inside will never be reported ended; the one whose body this was is, if
        the exception is an ordinary one.
        """
        self._end_started(error)
        if self.run is None or isinstance(error, Exception):
            return
        for run in list(self.run.twins()):
            if not run.ended:
                run.recorder.abandon(run, error)

    def _end_started(self, error: BaseException) -> None:
        if not self.activates and isinstance(error, Exception):
            if self.family == "chain":
                # The others of a batch go on by themselves.
                return
            # Where several runs share a frame, the exception of one is none of the others.
            error = CancelledError()
        for run in self.started:
            if not run.ended:
                run.recorder.abandon(run, error)


_frame: Final[ContextVar[Frame | None]] = ContextVar("langchain-otel-frame", default=None)


def frame_of(family: Family, run_id: UUID) -> Frame | None:
    """The frame in which the run starts, or has just been started by another recorder."""
    frame = _frame.get()
    if frame is None or frame.family != family:
        return None
    if frame.activates and frame.run is not None and frame.run.id != run_id:
        return None
    if is_collecting():
        return None
    return frame


def run_around(ambient: Context) -> Run | None:
    """The open run in whose code something happens that LangChain has no parent for."""
    run: Run | None = ambient.get(_RUN_KEY)  # type: ignore[assignment]
    return None if run is None or run.ended else run


def surroundings() -> tuple[Run | None, Run | None]:
    """The run whose body runs here, and the run of a call that has nothing but itself around it.

    Such a call is one that LangChain does not report: see `observed`.
    """
    frame = _frame.get()
    call = frame.run if frame is not None and frame.family == "call" else None
    return get_current().get(_RUN_KEY), call  # type: ignore[return-value]


def hide_frame() -> Frame | None:
    """Let runs that start from here on not be taken for the frame's own; gives what to put back."""
    frame = _frame.get()
    _frame.set(None)
    return frame


def show_frame(frame: Frame | None) -> None:
    """Put back what `hide_frame` gave."""
    _frame.set(frame)


def started_in(frame: Frame, run: Run) -> None:
    """Tell a frame that its run has started; makes the span current from here to its end.

    Of several recorders' spans of one run it is the first one.
    """
    frame.started.append(run)
    if frame.activates and frame.run is not None:
        return
    frame.run = run
    if frame.activates:
        attach(_inside(run, run.outer))


def active_run() -> Run | None:
    """The open run whose code runs here."""
    return run_around(get_current())


def span_context_with(span: Span) -> Context:
    """A context for a record that belongs to `span`."""
    return set_span_in_context(span, otel_context.Context())


def _is_same(active: Run, parent: Run | SpanContext) -> bool:
    return active is parent or active.span.get_span_context() is parent


def _without_ended_runs(ambient: Context, active: Run | None) -> Context:
    while active is not None and active.ended and ambient.get(_SPAN_KEY) is active.span:
        ambient = active.outer
        active = ambient.get(_RUN_KEY)  # type: ignore[assignment]
    return ambient


def _inside(run: Run, ambient: Context) -> Context:
    if run.operation.family == "call":
        # To LangChain's own runs such a call is what a user's span is: they nest, by the ambient
        # span, and have the run around it as their parent.
        return _with(ambient, _SPAN_KEY, run.span)
    return Context({**ambient, _SPAN_KEY: run.span, _RUN_KEY: run})


def _with(ambient: Context, key: str, value: object) -> Context:
    return Context({**ambient, key: value})
