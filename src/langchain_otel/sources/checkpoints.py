"""Stores the trace context with checkpoints, for runs that resume in another process.

A checkpointer that saves a checkpoint (`BaseCheckpointSaver.put`) saves the span context among its
metadata. One that loads a checkpoint remembers the span context and removes it again, so that the
application sees what it would see without us. A graph that pauses stores a write too
(`put_writes`), since it may pause more than once at the same checkpoint.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from functools import wraps
from itertools import islice
from math import isfinite
from types import MappingProxyType
from typing import Any, Final

from opentelemetry.trace import INVALID_SPAN_CONTEXT, SpanContext

from langchain_otel import health
from langchain_otel.content.fields import mapping_of
from langchain_otel.content.remembered import BoundedMap
from langchain_otel.content.values import number, text
from langchain_otel.operations.chain import AGENT, WORKFLOW
from langchain_otel.runs.context import active_run
from langchain_otel.runs.tool_call_links import MAX_PENDING
from langchain_otel.runs.traceparent import span_context_in, traceparent

KEY: Final = "langchain_otel"
"""Our key in a checkpoint's metadata, and our channel among its writes."""
TRACE_PARENT: Final = "traceparent"
PAUSED_AT: Final = "paused_at"
TOOL_CALLS: Final = "tool_calls"
GRAPHS: Final = (AGENT, WORKFLOW)
BY_HAND: Final = ("update", "fork")
MAX_CHECKPOINTS: Final = 4_096
# That of a later version may be longer than ours, which has 55 characters.
MAX_TRACE_PARENT: Final = 128


class Origin:
    """Where a checkpoint comes from: a span, and when it paused there (Unix seconds), if it did.

    `requests` are the tool calls that models had asked for by then, with the models' spans.
    """

    __slots__ = ("paused_at", "requests", "span_context")

    def __init__(
        self,
        span_context: SpanContext,
        paused_at: float | None = None,
        requests: Mapping[str, SpanContext] = MappingProxyType({}),
    ) -> None:
        self.span_context = span_context
        self.paused_at = paused_at
        self.requests = requests


_origins: Final[BoundedMap[str, Origin]] = BoundedMap(MAX_CHECKPOINTS)


def origin_of(checkpoint_id: str) -> Origin | None:
    """Where a checkpoint comes from that was loaded lately."""
    return _origins.get(checkpoint_id)


def written(origin: Origin) -> dict[str, Any] | None:
    """An origin as it is stored with a checkpoint; None for a span that is in no trace."""
    if not origin.span_context.is_valid:
        return None
    found: dict[str, Any] = {TRACE_PARENT: traceparent(origin.span_context)}
    if origin.paused_at is not None:
        found[PAUSED_AT] = origin.paused_at
    if origin.requests:
        found[TOOL_CALLS] = {
            call_id: traceparent(model) for call_id, model in origin.requests.items()
        }
    return found


def read(stored: Any) -> Origin | None:
    """What `written` gave, from wherever it was stored; None where it is nothing of ours.

    Whoever writes to the storage may have changed it: no more is read than what we write.
    """
    fields = mapping_of(stored)
    span_context = _span_context(fields.get(TRACE_PARENT))
    if not span_context.is_valid:
        return None
    calls = mapping_of(fields.get(TOOL_CALLS))
    requests = {
        call_id: _span_context(model)
        for key, model in islice(calls.items(), MAX_PENDING)
        if (call_id := text(key)) is not None
    }
    return Origin(span_context, _moment(fields.get(PAUSED_AT)), requests)


def _moment(stored: Any) -> float | None:
    found = number(stored)
    return found if found is not None and isfinite(found) else None


def _span_context(stored: Any) -> SpanContext:
    found = None if type(stored) is not str else span_context_in(stored[:MAX_TRACE_PARENT])
    return INVALID_SPAN_CONTEXT if found is None else found


def is_saving(name: str) -> bool:
    """Whether a method of a checkpointer saves or loads checkpoints."""
    return name in _WRAPS


def carries_origin(original: Callable[..., Any]) -> Callable[..., Any]:
    """A method of a checkpointer that stores the origin of a checkpoint, or reads and hides it."""
    return _WRAPS[original.__name__](original)


def _put(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def put(
        self: Any, config: Any, checkpoint: Any, metadata: Any, *args: Any, **kwargs: Any
    ) -> Any:
        return original(self, config, checkpoint, _marked(config, metadata), *args, **kwargs)

    return put


def _aput(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    async def aput(
        self: Any, config: Any, checkpoint: Any, metadata: Any, *args: Any, **kwargs: Any
    ) -> Any:
        return await original(self, config, checkpoint, _marked(config, metadata), *args, **kwargs)

    return aput


def _get(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def get(*args: Any, **kwargs: Any) -> Any:
        return _hidden(original(*args, **kwargs))

    return get


def _aget(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    async def aget(*args: Any, **kwargs: Any) -> Any:
        return _hidden(await original(*args, **kwargs))

    return aget


def _list(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def listed(*args: Any, **kwargs: Any) -> Iterator[Any]:
        for saved in original(*args, **kwargs):
            yield _hidden(saved)

    return listed


def _alist(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    async def listed(*args: Any, **kwargs: Any) -> AsyncIterator[Any]:
        async for saved in original(*args, **kwargs):
            yield _hidden(saved)

    return listed


_WRAPS: Final[dict[str, Callable[[Callable[..., Any]], Callable[..., Any]]]] = {
    "put": _put,
    "aput": _aput,
    "get_tuple": _get,
    "aget_tuple": _aget,
    "list": _list,
    "alist": _alist,
}


def _marked(config: Any, metadata: Any) -> Any:
    """The metadata of a checkpoint with its origin; unchanged where there is none to store."""
    try:
        stored = _origin_to_store(config["configurable"], metadata)
    except Exception as error:
        health.failed("checkpoint", error)
        stored = None
    return metadata if stored is None else {**metadata, KEY: stored}


def _origin_to_store(configurable: Any, metadata: Any) -> dict[str, Any] | None:
    if KEY in metadata or configurable.get("checkpoint_ns"):
        # Another method of the same checkpointer has stored it, or the enclosing graph does.
        return None
    run = active_run()
    if run is not None and run.has_span and run.operation in GRAPHS:
        return written(Origin(run.span.get_span_context()))
    if text(metadata.get("source")) not in BY_HAND:
        return None
    # A state that was changed by hand goes on from where it came from.
    before = _origins.get(configurable.get("checkpoint_id"))
    return None if before is None else written(before)


def _hidden(saved: Any) -> Any:
    """A loaded checkpoint without what we stored with it, which is remembered."""
    try:
        if saved is None:
            return None
        writes = saved.pending_writes or ()
        pauses = [read(value) for _, channel, value in writes if channel == KEY]
        stored = (saved.metadata or {}).get(KEY)
        if stored is None and not pauses:
            return saved
        _remember(saved.checkpoint["id"], [read(stored), *pauses])
        return saved._replace(
            metadata={key: value for key, value in saved.metadata.items() if key != KEY},
            pending_writes=[write for write in writes if write[1] != KEY],
        )
    except Exception as error:
        health.failed("checkpoint", error)
        return saved


def _remember(checkpoint_id: str, found: list[Origin | None]) -> None:
    origins = [origin for origin in found if origin is not None]
    if origins:
        _origins.put(checkpoint_id, max(origins, key=lambda origin: origin.paused_at or 0))
