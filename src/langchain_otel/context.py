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

from langchain_otel import covering
from langchain_otel.collecting import is_collecting
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
    if _frame.get() is not None:
        _frame.set(None)


class Frame:
    """The call of a function that runs a run's body: the run's span is current inside, only there.

    Either the run is known (`run`), or it is the first one of `family` that starts inside.
    `owner` is the LangChain object that is called. The body begins where `begin_body` is called,
    when all handlers were told of the run: none of them finds our span current.
    """

    __slots__ = (
        "_attached",
        "_before",
        "_caller",
        "_inside",
        "_is_garbage",
        "_outer_frame",
        "_own",
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
    ) -> None:
        self.family = family
        self.owner = owner
        self.run = run
        self.activates = activates
        self.started: list[Run] = []
        self._attached: Context | None = None
        self._before = self._caller = get_current()
        self._own: dict[str, object] | None = None
        self._inside: Context | None = None
        if run is not None and self._caller.get(_RUN_KEY) is not run:
            self._inside = _inside(run, self._caller)

    def enter(self) -> None:
        """Go into the frame, at its call or at each step of its generator."""
        self._is_garbage = is_collecting()
        if self._is_garbage:
            return
        self._caller = get_current()
        if self._own is not None and self._attached is not None:
            _turn_into(self._attached, self._own)
        self._outer_frame = _frame.get()
        _frame.set(self if self.run is None else None)
        if self._inside is not None:
            attach(self._inside)

    def leave(self) -> None:
        """Give the caller's context back, as the very object that it was."""
        if self._is_garbage:
            return
        inside = get_current()
        if inside is not self._caller:
            self._inside = inside
            # No token: a reset fails, and is logged, where a body ends in another context.
            attach(self._caller)
        if inside is not self._attached or self._own is not None:
            self._lend()
        _frame.set(self._outer_frame)

    def begin(self, run: Run) -> None:
        """Make a run's span current from here to the end of the frame."""
        ambient = get_current()
        if ambient is self._attached:
            return
        inside = _inside(run, ambient)
        if self._attached is None:
            self._attached = inside
        else:
            self._lend()
        attach(inside)

    def _lend(self) -> None:
        """Let our context be as the caller's was, while control is there.

        Another tracer has attached its own context over ours. If its frame is around this one, it
        gives back what it found only after we have left, and that is ours.
        """
        if self._attached is not None:
            self._own = self._own or dict(self._attached)
            _turn_into(self._attached, self._before)

    def abandoned_by(self, error: BaseException) -> None:
        """End the runs that `error` leaves open: LangChain reports no cancellation to them.

        Those that started inside will never be reported ended; the one whose body this was is, if
        the exception is an ordinary one.
        """
        self._end_started(error)
        run = self.run
        if run is not None and not run.ended and not isinstance(error, Exception):
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


def frame_of(family: Family) -> Frame | None:
    """The frame that waits for a run of `family` to start inside it."""
    frame = _frame.get()
    if frame is None or frame.family != family or (frame.activates and frame.run is not None):
        return None
    if is_collecting():
        return None
    return frame


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
    """Tell a frame that its run has started."""
    frame.run = run
    frame.started.append(run)


def begin_body() -> None:
    """Make the span of the run that has just started current, if its body runs in a frame here."""
    frame = _frame.get()
    if frame is not None and frame.run is not None and frame.activates:
        frame.begin(frame.run)


def active_run() -> Run | None:
    """The open run whose code runs here."""
    run: Run | None = get_current().get(_RUN_KEY)  # type: ignore[assignment]
    return None if run is None or run.ended else run


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
    entries = {**ambient, _SPAN_KEY: run.span}
    if run.operation.family != "call":
        # To LangChain's own runs a call is what a user's span is: they nest, by the ambient span,
        # and have the run around it as their parent.
        entries[_RUN_KEY] = run
    if covering.known:
        covering.uncover(entries)
        covering.cover(run, entries)
    return Context(entries)


def _with(ambient: Context, key: str, value: object) -> Context:
    return Context({**ambient, key: value})


def _turn_into(context: Context, entries: dict[str, object]) -> None:
    # A context cannot be changed, except as the dict that it is.
    dict.update(context, entries)
    for key in context.keys() - entries.keys():
        dict.pop(context, key)
