"""Makes a tracer whose spans begin in a trace of which nothing but the id is known."""

from __future__ import annotations

from copy import copy
from typing import Any

from opentelemetry.trace import Tracer


class _Ids:
    """The ids of the SDK's own generator, but for the trace: of that there is one."""

    def __init__(self, trace_id: int, others: Any) -> None:
        self._trace_id = trace_id
        self._others = others

    def generate_trace_id(self) -> int:
        return self._trace_id

    def __getattr__(self, name: str) -> Any:
        return getattr(self._others, name)


def tracer_within(trace_id: int, tracer: Tracer) -> Tracer:
    """A tracer of the same kind whose roots are in this trace: they have no parent there.

    A span needs the id of its parent, and an invented one would be missed in every backend. A
    tracer that is not the SDK's makes its own trace.
    """
    generator = getattr(tracer, "id_generator", None)
    if generator is None:
        return tracer
    # The provider gives the same tracer to everybody who asks with the same name.
    own: Any = copy(tracer)
    own.id_generator = _Ids(trace_id, generator)
    found: Tracer = own
    return found
