"""Prints each trace in the terminal as one tree, as soon as its root has ended."""

import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import IO, Final

from opentelemetry.trace import StatusCode

from langchain_otel import semconv
from langchain_otel.exporters.cost_text import cost_of_calls, cost_text
from langchain_otel.forks import fork_safe
from langchain_otel.version import SCOPE

try:
    from opentelemetry.sdk.resources import SERVICE_NAME
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
    from rich.console import Console, Group
    from rich.text import Text
    from rich.tree import Tree
except ImportError as missing:
    raise ImportError(f'no {missing.name}: pip install "langchain-otel[console]"') from missing

MAX_TRACES: Final = 100
MAX_SPANS: Final = 10_000  # waiting, and as many whose ids are known to be printed
# Rich crops what is wider than its console, and a deep tree is wider than any terminal.
_WIDE: Final = 1_000_000
_ASCII: Final = str.maketrans({"→": "->", "µ": "u"})
_MODELS: Final = (semconv.CHAT, semconv.TEXT_COMPLETION)
_DETAILS: Final = {
    semconv.GEN_AI_REQUEST_MODEL: "cyan",
    semconv.GEN_AI_RESPONSE_MODEL: "cyan",
    semconv.GEN_AI_TOOL_NAME: "cyan",
    semconv.GEN_AI_TOOL_CALL_ID: "dim",
    semconv.RUN_OUTCOME: "yellow",
}
_TOKENS: Final = (semconv.GEN_AI_USAGE_INPUT_TOKENS, semconv.GEN_AI_USAGE_OUTPUT_TOKENS)
_TOKEN_DETAILS: Final = {
    semconv.GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS: "cached",
    semconv.GEN_AI_USAGE_REASONING_OUTPUT_TOKENS: "reasoning",
}
_Spans = list[ReadableSpan]


class TreeSpanExporter(SpanExporter):
    """Prints a trace when its root has ended; what ends later is printed as its continuation."""

    def __init__(self, out: IO[str] | None = None) -> None:
        self._out = out
        # Reentrant, because the garbage collector may end a span in the middle of an export.
        self._lock = fork_safe(threading.RLock())
        self._waiting: dict[int, _Spans] = {}
        self._printed: dict[int, None] = {}

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Print what is complete now, and keep the rest."""
        with self._lock:
            for span in spans:
                self._waiting.setdefault(span.context.trace_id, []).append(span)
            for span in spans:
                self._print_from(span)
            self._keep()
        return SpanExportResult.SUCCESS

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Keep what is not complete."""
        return True

    def shutdown(self) -> None:
        """Print what is left, complete or not."""
        with self._lock:
            self._keep(traces=0)

    def _print_from(self, span: ReadableSpan) -> None:
        parent = span.parent
        if span.context.span_id in self._printed:
            return
        if parent is None:
            self._print(self._waiting.pop(span.context.trace_id))
        elif parent.is_remote or parent.span_id in self._printed:
            tree, rest = _divided(self._waiting.pop(span.context.trace_id), span)
            if rest:
                self._waiting.setdefault(span.context.trace_id, []).extend(rest)
            self._print(tree, "" if parent.is_remote else "continued")

    def _keep(self, traces: int = MAX_TRACES) -> None:
        while len(self._waiting) > traces or sum(map(len, self._waiting.values())) > MAX_SPANS:
            self._print(self._waiting.pop(next(iter(self._waiting))), "unfinished")
        while len(self._printed) > MAX_SPANS:
            del self._printed[next(iter(self._printed))]

    def _print(self, spans: _Spans, note: str = "") -> None:
        self._printed.update((span.context.span_id, None) for span in spans)
        out = self._out or sys.stdout
        # When the terminal is gone, nobody is left to print for.
        with suppress(OSError, ValueError):
            out.write(_drawn(spans, note, out))
            out.flush()


def _divided(spans: _Spans, top: ReadableSpan) -> tuple[_Spans, _Spans]:
    """The spans from this one down, and the others."""
    children: dict[int | None, _Spans] = {}
    for span in spans:
        if span is not top:
            children.setdefault(span.parent and span.parent.span_id, []).append(span)
    tree = [top]
    for span in tree:
        tree.extend(children.pop(span.context.span_id, ()))
    return tree, [span for siblings in children.values() for span in siblings]


def _drawn(spans: _Spans, note: str, out: IO[str]) -> str:
    """The whole block as text, with colours if `out` is a terminal that has them."""
    service = str(spans[0].resource.attributes.get(SERVICE_NAME, ""))
    trace = f"trace {spans[0].context.trace_id:032x}"
    head = _line((trace, "bold"), (service, ""), (note, "yellow"))
    console = Console(file=out, width=_WIDE, highlight=False, force_jupyter=False)
    with console.capture() as captured:
        console.print(Group(head, *_trees(spans), _totals(spans), ""))
    text = captured.get().translate(_ASCII if console.options.ascii_only else {})
    return text.encode(console.encoding, "backslashreplace").decode(console.encoding)


def _trees(spans: _Spans) -> Iterator[Tree]:
    """One tree for each span whose parent is not among the spans."""
    nodes = {span.context.span_id: Tree(_label(span), guide_style="dim") for span in spans}
    for span in sorted(spans, key=lambda span: span.start_time or 0):
        node = nodes[span.context.span_id]
        if span.parent and (parent := nodes.get(span.parent.span_id)):
            parent.children.append(node)
        else:
            yield node


def _totals(spans: _Spans) -> Text:
    count = f"{len(spans)} span" + "s" * (len(spans) != 1)
    spent = _tokens(*(s for s in spans if _value(s, semconv.GEN_AI_OPERATION_NAME) in _MODELS))
    errors = sum(span.status.status_code is StatusCode.ERROR for span in spans)
    failed = f"{errors} error" + "s" * (errors != 1) if errors else ""
    cost = cost_of_calls(span.attributes for span in spans)
    told = ((count, "bold"), (_elapsed(*spans), ""), (spent, "green"), (cost, "green"))
    return _line(*told, (failed, "red"))


def _label(span: ReadableSpan) -> Text:
    scope = span.instrumentation_scope
    own = scope is not None and scope.name == SCOPE
    parts = [(span.name, "bold" if own else "dim"), (_elapsed(span), "" if own else "dim")]
    parts += [(_unnamed(span, name), style) for name, style in _DETAILS.items()]
    parts += [(_tokens(span), "green"), (cost_text([span.attributes]), "green")]
    parts += [(_failure(span), "red"), (_links(span), "magenta")]
    return _line(*parts)


def _unnamed(span: ReadableSpan, name: str) -> str:
    """An attribute, unless the name of the span contains it."""
    detail = _value(span, name)
    return "" if detail is None or str(detail) in span.name else str(detail)


def _tokens(*spans: ReadableSpan) -> str:
    def total(name: str) -> int:
        return sum(count for span in spans if type(count := _value(span, name)) is int)

    read, written = map(total, _TOKENS)
    parts = [f"{total(name)} {word}" for name, word in _TOKEN_DETAILS.items() if total(name)]
    spent = f"{read}→{written} tokens" if read or written else ""
    return f"{spent} ({', '.join(parts)})" if parts else spent


def _failure(span: ReadableSpan) -> str:
    if span.status.status_code is not StatusCode.ERROR:
        return ""
    return f"error {_value(span, semconv.ERROR_TYPE) or span.status.description or ''}".rstrip()


def _links(span: ReadableSpan) -> str:
    others = {link.context.trace_id for link in span.links} - {span.context.trace_id}
    return ", ".join(f"continues {trace_id:032x}" for trace_id in sorted(others))


def _value(span: ReadableSpan, name: str) -> object:
    return (span.attributes or {}).get(name)


def _line(*parts: tuple[str, str]) -> Text:
    # Names come from applications and models: nothing in them may steer the terminal.
    shown = [(t if t.isprintable() else repr(t)[1:-1], style) for t, style in parts if t]
    return Text("  ").join(Text(text, style) for text, style in shown)


def _elapsed(*spans: ReadableSpan) -> str:
    first = min(span.start_time or 0 for span in spans)
    nanoseconds = max(span.end_time or first for span in spans) - first
    if nanoseconds < 1e6:
        return f"{nanoseconds / 1e3:.0f} µs"
    if nanoseconds < 1e9:
        return f"{nanoseconds / 1e6:.0f} ms"
    if nanoseconds < 60e9:
        return f"{nanoseconds / 1e9:.2f} s"
    return "{} min {} s".format(*divmod(round(nanoseconds / 1e9), 60))
