"""Stands in for an exporter's `export` during the test run, and sees what becomes of its spans."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any, Final, Literal

from langchain_otel.doctor.empty_export import is_success
from langchain_otel.inspection.providers import Destination

Fate = Literal["unseen", "sending", "accepted", "refused", "untold", "raised"]


class Witness:
    """What one exporter did with the spans of a trace.

    A processor of batches keeps the result to itself. After a failure, batches of that trace alone
    are not tried again: each try may take ten seconds.
    """

    def __init__(self, export: Callable[[Any], Any], trace_id: Callable[[], int]) -> None:
        self.fate: Fate = "unseen"
        self.error = ""
        self.spans = 0
        self._export: Final = export
        self._trace_id: Final = trace_id
        self._failure: Any = None

    def export(self, spans: Sequence[Any]) -> Any:
        """The result of the exporter's own `export`."""
        of_trace = sum(span.get_span_context().trace_id == self._trace_id() for span in spans)
        if not of_trace:
            return self._export(spans)
        self.spans += of_trace
        if self._failure is not None and of_trace == len(spans):
            return self._failure
        return self._watched(spans)

    def _watched(self, spans: Sequence[Any]) -> Any:
        before, self.fate = self.fate, "sending"
        try:
            result = self._export(spans)
        except Exception as error:
            self.fate, self.error = "raised", type(error).__name__
            raise
        if result is None:
            self.fate = "untold"
        elif not is_success(result):
            self.fate, self._failure = "refused", result
        else:
            self.fate = before if before in {"raised", "refused"} else "accepted"
        return result


@contextmanager
def witnesses(
    destinations: Sequence[Destination], trace_id: Callable[[], int]
) -> Iterator[dict[int, Witness]]:
    """The witnesses of these destinations by the ids of their exporters, inside the block.

    An exporter whose `export` cannot be replaced has none.
    """
    found: dict[int, Witness] = {}
    with ExitStack() as stack:
        for exporter in [destination.instance for destination in destinations]:
            export = getattr(exporter, "export", None)
            if callable(export) and id(exporter) not in found:
                witness = Witness(export, trace_id)
                if _replace(exporter, witness.export, stack):
                    found[id(exporter)] = witness
        yield found


def _replace(exporter: Any, export: Callable[[Any], Any], stack: ExitStack) -> bool:
    own = vars(exporter).get("export") if hasattr(exporter, "__dict__") else None
    try:
        exporter.export = export
    except AttributeError:
        return False
    stack.callback(_put_back, exporter, own)
    return True


def _put_back(exporter: Any, own: Any) -> None:
    if own is None:
        del exporter.export
    else:
        exporter.export = own
