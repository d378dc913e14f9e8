"""Makes spans current, and chooses the parent of a new run.

No other module touches the current context. What leads a run's span into the run's code is in
`frame`.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, Final

from opentelemetry import context as otel_context
from opentelemetry.context import (
    _RUNTIME_CONTEXT,
    _SUPPRESS_INSTRUMENTATION_KEY,
    Context,
    create_key,
)
from opentelemetry.trace import (
    INVALID_SPAN,
    NonRecordingSpan,
    Span,
    SpanContext,
    set_span_in_context,
)

from langchain_otel.runs import suppression
from langchain_otel.runs.blocks import without_block
from langchain_otel.runs.run import Run, share_tree
from langchain_otel.runs.store import RUNS

RUN_KEY: Final = create_key("langchain-otel-run")
"""Where a context has the run whose code it belongs to: see `run_of`."""
MODEL_KEY: Final = create_key("langchain-otel-model")
"""Where a context has the model run in whose body it is, however deep below."""
_SPAN_KEY: Final = next(iter(set_span_in_context(INVALID_SPAN, Context())))
_SUPPRESS_KEY: Final = _SUPPRESS_INSTRUMENTATION_KEY
_SUPPRESS_KEY_OF_OLD: Final = "suppress_instrumentation"

# The variable in which OpenTelemetry keeps the context: it is looked at several times in each run,
# and each of its own functions around it costs as much as ours. Another runtime context has none.
_variable: Final[Any] = getattr(_RUNTIME_CONTEXT, "_current_context", None)
_HAS_VARIABLE: Final = type(_variable) is ContextVar

current: Final[Callable[[], Context]] = (
    _variable.get if _HAS_VARIABLE else _RUNTIME_CONTEXT.get_current
)
"""The context that is current here, as `opentelemetry.context.get_current` gives it."""

make_current: Final[Callable[[Context], Any]] = (
    _variable.set if _HAS_VARIABLE else _RUNTIME_CONTEXT.attach
)
"""Make a context the current one here, as `opentelemetry.context.attach` does.

The token is left alone where code may end in another context than it began in: taking a context
back with it fails there. Whoever makes one current makes current what was before.
"""

take_back: Final[Callable[[Any], object]] = (
    _variable.reset if _HAS_VARIABLE else _RUNTIME_CONTEXT.detach
)
"""Make current what was before, by the token that `make_current` gave, which serves once.

Raises:
    ValueError: Code has come to another context than the one that the token is of.
    RuntimeError: The token has served already.
"""


def is_suppressed(ambient: Context) -> bool:
    """Whether `suppress_instrumentation()` of OpenTelemetry is in force in `ambient`."""
    if _SUPPRESS_KEY not in ambient and _SUPPRESS_KEY_OF_OLD not in ambient:
        return False
    return bool(ambient.get(_SUPPRESS_KEY) or ambient.get(_SUPPRESS_KEY_OF_OLD))


def has_span(ambient: Context) -> bool:
    """Whether a span is current in `ambient`, of whatever kind."""
    return _SPAN_KEY in ambient


def parent_context(parent: Run | SpanContext | None, ambient: Context) -> Context:
    """The context in which the span of a new run starts.

    Where the ambient code belongs to the parent run, or to a run inside it that LangChain does not
    pass on to what is called in its body, the ambient span is the parent: the span of the inner run
    or one that the user started. Otherwise it is the parent run's span, with the ambient baggage. A
    root run hangs under whatever is current, unless that is the left-over span of a run that has
    ended.
    """
    active: Run | None = ambient.get(RUN_KEY)  # type: ignore[assignment]
    if parent is None:
        return ambient if active is None else without_ended_runs(ambient)
    if active is not None:
        if active is parent or active.span.get_span_context() is parent:
            return ambient
        if not active.ended and is_inherited(parent, active):
            if not isinstance(parent, Run) or share_tree(active.recorder, parent.recorder):
                return ambient
            parent = RUNS.of_recorder(active.id, parent.recorder) or parent
    span = parent.span if isinstance(parent, Run) else NonRecordingSpan(parent)
    return Context({**ambient, _SPAN_KEY: span})


def innermost(parent: Run, ambient: Context) -> Run:
    """The run in whose body code with this context runs, where LangChain names `parent`."""
    active = run_of(ambient)
    if active is None or active is parent or active.ended or not is_inherited(parent, active):
        return parent
    return RUNS.of_origin(active.id, parent.recorder) or parent


def is_inherited(parent: Run | SpanContext, active: Run) -> bool:
    """Whether `parent` is named only because LangChain passes it on to all that is called inside.

    It passes on the runs of chains and tools (`passes_on`), not those of models, retrievers, legacy
    chains and groups. Where code of one that it passes on has another parent, that was said.
    """
    around: Run | None = active
    while around is not None:
        if isinstance(parent, Run):
            is_parent = around.id == parent.id
        else:
            is_parent = around.span.get_span_context() is parent
        if is_parent:
            return True
        if around.passes_on:
            return False
        around = run_of(around.ambient)
    return False


def enter_block(run: Run) -> Context:
    """Make the span of a run current in a block of the caller's code; gives the context before."""
    before = current()
    make_current(inside(run, before))
    return before


def leave_block(run: Run, before: Context) -> None:
    """End such a block; where it ends in another context, there is nothing to give back."""
    if run_of(current()) is run:
        make_current(before)


def begin_block(within: Callable[[Context, Context], Context]) -> None:
    """Begin a block of code; `within` makes its context of that around and that to go back to."""
    before = current()
    make_current(within(before, before))


def end_block(own: object, key: str) -> None:
    """End the innermost block of `own` of a kind; elsewhere than where it began, nothing ends."""
    after = without_block(own, key, current())
    if after is not None:
        make_current(after)


def run_of(context: Context) -> Run | None:
    """The run whose code a context belongs to, also if it has ended."""
    run: Run | None = context.get(RUN_KEY)  # type: ignore[assignment]
    return run


def run_around(ambient: Context) -> Run | None:
    """The open run in whose code something happens that LangChain has no parent for."""
    run = run_of(ambient)
    return None if run is None or run.ended else run


def innermost_run(ambient: Context) -> Run | None:
    """The innermost run that is open, of those whose code a context belongs to."""
    run = run_of(ambient)
    while run is not None and run.ended:
        run = run_of(run.ambient)
    return run


def active_run() -> Run | None:
    """The open run whose code runs here."""
    return run_around(current())


def span_context_with(span: Span) -> Context:
    """A context for a record that belongs to `span`."""
    return set_span_in_context(span, otel_context.Context())


def current_with(span: Span) -> Context:
    """The current context with another span, for what is started below that one."""
    return set_span_in_context(span, current())


def without_ended_runs(ambient: Context) -> Context:
    """A context as one would find it if the runs that have ended had never been around it.

    Nothing is found by them any more, and each holds the context that was around it.
    """
    active = run_of(ambient)
    while active is not None and active.ended and ambient.get(_SPAN_KEY) is active.span:
        ambient = active.ambient
        active = run_of(ambient)
    if active is None or not active.ended:
        return ambient
    # A span of the application's own is current; what is around the runs that have ended stays so.
    entries = {key: value for key, value in ambient.items() if key != RUN_KEY}
    around = innermost_run(ambient)
    return Context(entries if around is None else entries | {RUN_KEY: around})


def inside(run: Run, ambient: Context) -> Context:
    """The context of a run's body, in the one around it."""
    entries = {**ambient, _SPAN_KEY: run.span}
    if run.operation.family != "call" or run.is_silent:
        # To LangChain's own runs a call is what a user's span is: they nest, by the ambient span,
        # and have the run around it as their parent. One that is silent has no span to nest by.
        entries[RUN_KEY] = run
    if run.operation.family == "model":
        entries[MODEL_KEY] = run
    if suppression.marks:
        suppression.remove_marks(entries)
        suppression.add_marks(run, entries)
    return Context(entries)
