"""The tree in the terminal: whole, in order, bounded, and plain text where there is no terminal."""

import importlib
import io
import itertools
import re
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import (
    Link,
    Span,
    SpanContext,
    Status,
    StatusCode,
    TraceFlags,
    Tracer,
    use_span,
)

from langchain_otel.exporters import tree
from langchain_otel.exporters.span_labels import DETAILS, TOKEN_DETAILS, TOKENS
from langchain_otel.exporters.tree import TreeSpanExporter
from langchain_otel.version import SCOPE

MS = 1_000_000
TOTALS_OR_HEAD = re.compile(r"trace |\d+ spans?  |$")
TRACE = f"trace {1:032x}  travel\n"


class Ids(IdGenerator):
    """Counts, so that a whole printed trace can be compared as text."""

    def __init__(self) -> None:
        self.traces, self.spans = itertools.count(1), itertools.count(1)

    def generate_trace_id(self) -> int:
        return next(self.traces)

    def generate_span_id(self) -> int:
        return next(self.spans)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def out() -> io.StringIO:
    return io.StringIO()


@pytest.fixture(autouse=True)
def no_settings_of_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "COLUMNS", "COLORTERM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")


def provider_to(out: io.StringIO) -> TracerProvider:
    """Hand each span to the exporter as soon as it ends."""
    resource = Resource({"service.name": "travel"})
    provider = TracerProvider(resource=resource, id_generator=Ids(), shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(TreeSpanExporter(out)))
    return provider


@contextmanager
def timed(tracer: Tracer, name: str, start: int, end: int, **more: Any) -> Iterator[Span]:
    """A current span from `start` to `end`, in milliseconds."""
    begun = tracer.start_span(name, start_time=start * MS, **more)
    with use_span(begun):
        yield begun
    begun.end(end * MS)


def readable(
    number: int, parent: int | None = None, *, trace_id: int = 1, remote: bool = False, **more: Any
) -> ReadableSpan:
    """A span that has ended, with the ids that the test wants."""

    def context_of(span_id: int) -> SpanContext:
        return SpanContext(trace_id, span_id, remote, TraceFlags(1))

    values: dict[str, Any] = {
        "name": f"span {number}",
        "context": context_of(number),
        "parent": context_of(parent) if parent else None,
        "resource": Resource({"service.name": "travel"}),
        "start_time": number * MS,
        "end_time": (number + 1) * MS,
    }
    return ReadableSpan(**values | more)


def names_in(out: io.StringIO) -> list[str]:
    """The names of the printed spans, from top to bottom."""
    lines = [line for line in out.getvalue().splitlines() if not TOTALS_OR_HEAD.match(line)]
    return [line.lstrip("│├└─ ").split("  ")[0] for line in lines]


def test_a_trace_is_one_tree(out: io.StringIO) -> None:
    """Each span is one line, under its parent, in the order in which the siblings began."""
    provider = provider_to(out)
    tracer = provider.get_tracer(SCOPE)
    http = provider.get_tracer("opentelemetry.instrumentation.httpx")
    chat = {
        "gen_ai.operation.name": "chat",
        "gen_ai.request.model": "gpt-5-mini",
        "gen_ai.response.model": "gpt-5-mini-2025-08-07",
    }
    usage = {
        "gen_ai.usage.input_tokens": 120,
        "gen_ai.usage.output_tokens": 45,
        "gen_ai.usage.cache_read.input_tokens": 64,
        "gen_ai.usage.reasoning.output_tokens": 16,
    }
    tool = {"gen_ai.tool.name": "get_weather", "gen_ai.tool.call.id": "call_1"}
    agent_usage = {"gen_ai.usage.input_tokens": 121, "gen_ai.usage.output_tokens": 47}
    with timed(tracer, "invoke_agent travel-agent", 0, 62_000, attributes=agent_usage):
        with timed(tracer, "chat gpt-5-mini", 1, 1_251, attributes=chat | usage):
            http.start_span("POST", start_time=2 * MS).end(4 * MS)
        with timed(tracer, "tools", 1_300, 2_300, attributes={"langchain.run.outcome": "drained"}):
            late = tracer.start_span("execute_tool get_weather", start_time=1_400 * MS)
            early = tracer.start_span("execute_tool find_hotels", start_time=1_399 * MS)
            late.set_attributes(tool | {"error.type": "httpx.ConnectError"})
            late.set_status(StatusCode.ERROR, "refused")
            late.end(1_400 * MS + 250_000)
            early.end(2_000 * MS)
        more = {"gen_ai.usage.input_tokens": 1, "gen_ai.usage.output_tokens": 2}
        with timed(tracer, "chat gpt-5-mini", 2_400, 2_401, attributes=chat | more):
            pass
    assert out.getvalue() == TRACE + (
        "invoke_agent travel-agent  1 min 2 s  121→47 tokens\n"
        "├── chat gpt-5-mini  1.25 s  gpt-5-mini-2025-08-07  120→45 tokens"
        " (64 cached, 16 reasoning)\n"
        "│   └── POST  2 ms\n"
        "├── tools  1.00 s  drained\n"
        "│   ├── execute_tool find_hotels  601 ms\n"
        "│   └── execute_tool get_weather  250 µs  call_1  error httpx.ConnectError\n"
        "└── chat gpt-5-mini  1 ms  gpt-5-mini-2025-08-07  1→2 tokens\n"
        "7 spans  1 min 2 s  121→47 tokens (64 cached, 16 reasoning)  1 error\n"
        "\n"
    )


def test_a_resumed_trace_names_the_one_it_continues(out: io.StringIO) -> None:
    """Links within a trace are not the reader's business."""
    tracer = provider_to(out).get_tracer(SCOPE)
    links = [Link(SpanContext(trace_id, 7, is_remote=False)) for trace_id in (1, 0xABC, 0xABC)]
    with timed(tracer, "invoke_agent", 0, 1, links=links):
        pass
    assert out.getvalue().splitlines()[1] == f"invoke_agent  1 ms  continues {0xABC:032x}"


def test_nothing_is_printed_before_the_root_has_ended(out: io.StringIO) -> None:
    exporter = TreeSpanExporter(out)
    exporter.export([readable(2, parent=1)])
    assert exporter.force_flush()
    assert not out.getvalue()


def test_a_remote_parent_makes_a_root_of_its_own(out: io.StringIO) -> None:
    """A service that calls itself prints the inner request when that ends, and only that."""
    exporter = TreeSpanExporter(out)
    exporter.export([readable(2, parent=1)])
    exporter.export([readable(4, parent=3), readable(3, parent=9, remote=True)])
    inner = out.getvalue()
    exporter.export([readable(1)])
    assert inner == TRACE + "span 3  1 ms\n└── span 4  1 ms\n2 spans  2 ms\n\n"
    outer = TRACE + "span 1  1 ms\n└── span 2  1 ms\n2 spans  2 ms\n\n"
    assert out.getvalue() == inner + outer


def test_what_ends_after_its_parent_was_printed_is_a_further_tree(out: io.StringIO) -> None:
    """It waits for those above it that are still open, and comes with all that is below it."""
    exporter = TreeSpanExporter(out)
    exporter.export([readable(1)])
    first = out.getvalue()
    exporter.export([readable(4, parent=3)])
    exporter.export([readable(3, parent=2)])
    assert out.getvalue() == first
    exporter.export([readable(2, parent=1)])
    assert out.getvalue() == first + (
        f"trace {1:032x}  travel  continued\n"
        "span 2  1 ms\n└── span 3  1 ms\n    └── span 4  1 ms\n3 spans  3 ms\n\n"
    )


@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_batches_may_cut_a_trace_anywhere(out: io.StringIO, size: int) -> None:
    """Every span is printed exactly once, however the processor cuts."""
    exporter = TreeSpanExporter(out)
    spans = [readable(3, 2), readable(2, 1), readable(1), readable(5, 4), readable(4, 1)]
    for begin in range(0, len(spans), size):
        exporter.export(spans[begin : begin + size])
    exporter.shutdown()
    assert sorted(names_in(out)) == [f"span {number}" for number in range(1, 6)]
    assert "unfinished" not in out.getvalue()


def test_a_batch_processor_prints_at_shutdown(out: io.StringIO) -> None:
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(TreeSpanExporter(out)))
    tracer = provider.get_tracer(SCOPE)
    with tracer.start_as_current_span("root"), tracer.start_as_current_span("child"):
        pass
    provider.shutdown()
    assert names_in(out) == ["root", "child"]


def test_shutdown_prints_what_is_left(out: io.StringIO) -> None:
    """A span whose parent never ended is still shown, and marked."""
    exporter = TreeSpanExporter(out)
    exporter.export([readable(2, parent=1), readable(3, parent=2), readable(7, parent=6)])
    exporter.shutdown()
    assert out.getvalue() == (
        f"trace {1:032x}  travel  unfinished\n"
        "span 2  1 ms\n└── span 3  1 ms\nspan 7  1 ms\n3 spans  6 ms\n\n"
    )


def test_the_oldest_trace_gives_way_when_there_are_too_many(out: io.StringIO) -> None:
    exporter = TreeSpanExporter(out)
    for number in range(1, tree.MAX_TRACES + 2):
        exporter.export([readable(number * 10, parent=1, trace_id=number)])
    assert names_in(out) == ["span 10"]
    assert "unfinished" in out.getvalue()


def test_the_oldest_trace_gives_way_when_there_are_too_many_spans(out: io.StringIO) -> None:
    exporter = TreeSpanExporter(out)
    exporter.export([readable(10, parent=9, trace_id=2)])
    exporter.export([readable(n, parent=1) for n in range(100, 100 + tree.MAX_SPANS)])
    assert names_in(out) == ["span 10"]


def test_what_was_printed_is_not_remembered_for_ever(out: io.StringIO) -> None:
    exporter = TreeSpanExporter(out)
    exporter.export([readable(number) for number in range(1, tree.MAX_SPANS + 100)])
    assert len(exporter._printed) == tree.MAX_SPANS
    assert not exporter._waiting


def test_colours_are_for_terminals(out: io.StringIO) -> None:
    terminal = Terminal()
    spans = [readable(2, parent=1), readable(1)]
    TreeSpanExporter(out).export(spans)
    TreeSpanExporter(terminal).export(spans)
    assert "\x1b[" in terminal.getvalue()
    assert "\x1b" not in out.getvalue()
    assert re.sub(r"\x1b\[[\d;]*m", "", terminal.getvalue()) == out.getvalue()


def test_an_error_is_red_unless_colours_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who sets NO_COLOR sees bold and dim text only."""
    failed = readable(1, status=Status(StatusCode.ERROR), attributes={"error.type": "ValueError"})
    shown = {}
    monkeypatch.delenv("NO_COLOR", raising=False)
    for no_color in ("", "1"):
        if no_color:
            monkeypatch.setenv("NO_COLOR", no_color)
        TreeSpanExporter(terminal := Terminal()).export([failed])
        shown[no_color] = terminal.getvalue()
    assert "\x1b[31merror ValueError\x1b[0m" in shown[""]
    assert "\x1b[31m" not in shown["1"]
    assert "error ValueError" in shown["1"]


def test_foreign_spans_are_dim() -> None:
    terminal = Terminal()
    ours, theirs = (InstrumentationScope(name) for name in (SCOPE, "sqlite3"))
    child = readable(2, parent=1, name="SELECT", instrumentation_scope=theirs)
    TreeSpanExporter(terminal).export([child, readable(1, instrumentation_scope=ours)])
    assert "\x1b[2mSELECT\x1b[0m" in terminal.getvalue()
    assert "\x1b[1mspan 1\x1b[0m" in terminal.getvalue()


def test_nothing_is_cut(out: io.StringIO) -> None:
    """However long a name, however deep a trace."""
    exporter = TreeSpanExporter(out)
    deep = [readable(number, parent=number - 1) for number in range(60, 1, -1)]
    exporter.export([*deep, readable(1, name="x" * 5_000)])
    lines = out.getvalue().splitlines()
    assert lines[1] == "x" * 5_000 + "  1 ms"
    assert lines[60] == " " * 4 * 58 + "└── span 60  1 ms"


def test_no_name_can_steer_the_terminal(out: io.StringIO) -> None:
    """A model chooses the names of the tools that it calls."""
    name = "[red]tool[/red]\x1b]0;title\x07\r\nnext \u202e\ud800 naïve 名"
    TreeSpanExporter(out).export([readable(1, name=name)])
    shown = r"[red]tool[/red]\x1b]0;title\x07\r\nnext \u202e\ud800 naïve 名"
    assert out.getvalue().splitlines()[1] == f"{shown}  1 ms"


@pytest.mark.parametrize("odd", [None, "many", True, 1.5, float("nan"), (1, 2), {"a": 1}, b"\xff"])
def test_odd_attributes_are_survived(out: io.StringIO, odd: object) -> None:
    names = [*DETAILS, *TOKEN_DETAILS, *TOKENS, "langchain.cost.unknown_calls"]
    attributes = dict.fromkeys([*names, "gen_ai.operation.name", "error.type"], odd)
    TreeSpanExporter(out).export(
        [readable(2, 1, attributes=attributes, status=Status(StatusCode.ERROR)), readable(1)]
    )
    assert names_in(out) == ["span 1", "span 2"]
    assert "tokens" not in out.getvalue()


def test_a_span_may_lack_almost_everything(out: io.StringIO) -> None:
    bare = readable(1, attributes=None, resource=Resource({}), end_time=None, start_time=None)
    TreeSpanExporter(out).export([bare])
    assert out.getvalue() == f"trace {1:032x}\nspan 1  0 µs\n1 span  0 µs\n\n"


def test_an_error_without_a_type_shows_its_description(out: io.StringIO) -> None:
    spans = [
        readable(2, parent=1, status=Status(StatusCode.ERROR, "it broke")),
        readable(1, status=Status(StatusCode.ERROR)),
    ]
    TreeSpanExporter(out).export(spans)
    assert out.getvalue().splitlines()[1:] == [
        "span 1  1 ms  error",
        "└── span 2  1 ms  error it broke",
        "2 spans  2 ms  1 error",
        "",
    ]


def test_an_output_without_unicode_gets_ascii() -> None:
    raw = io.BytesIO()
    with io.TextIOWrapper(raw, encoding="ascii", newline="") as ascii_out:
        tokens = {"gen_ai.usage.input_tokens": 3, "gen_ai.usage.output_tokens": 4}
        child = readable(2, parent=1, name="naïve", attributes=tokens, end_time=2 * MS + 5_000)
        TreeSpanExporter(ascii_out).export([child, readable(1)])
        shown = raw.getvalue().decode("ascii").splitlines()
    assert shown[1:3] == ["span 1  1 ms", r"`-- na\xefve  5 us  3->4 tokens"]


def test_the_output_is_looked_up_when_it_is_needed(capsys: pytest.CaptureFixture[str]) -> None:
    exporter = TreeSpanExporter()
    exporter.export([readable(1)])
    assert capsys.readouterr().out == TRACE + "span 1  1 ms\n1 span  1 ms\n\n"


def test_a_closed_output_is_nobodys_failure(out: io.StringIO) -> None:
    out.close()
    assert TreeSpanExporter(out).export([readable(1)]) is not None


def test_threads_print_whole_trees() -> None:
    """Trees of traces that end at the same time do not mix."""

    class Slow(io.StringIO):
        def write(self, text: str) -> int:
            for line in text.splitlines(keepends=True):
                super().write(line)
                time.sleep(0.0005)
            return len(text)

    out = Slow()
    exporter = TreeSpanExporter(out)

    def request(number: int) -> None:
        at = number * 3
        exporter.export([readable(at + 2, at + 1, trace_id=number + 1)])
        exporter.export([readable(at + 3, at + 1, trace_id=number + 1)])
        exporter.export([readable(at + 1, trace_id=number + 1)])

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(request, range(50)))
    blocks = out.getvalue().split("\n\n")[:-1]
    assert sorted(blocks) == [
        f"trace {number + 1:032x}  travel\n"
        f"span {number * 3 + 1}  1 ms\n"
        f"├── span {number * 3 + 2}  1 ms\n"
        f"└── span {number * 3 + 3}  1 ms\n"
        "3 spans  3 ms"
        for number in range(50)
    ]


def test_a_span_may_end_while_another_is_printed() -> None:
    """As when the garbage collector closes an abandoned generator in the middle of an export."""

    garbage = [readable(11, parent=10, trace_id=2), readable(10, trace_id=2)]

    class Collecting(io.StringIO):
        def write(self, text: str) -> int:
            ended = [garbage.pop(0) for _ in garbage[:]]
            exporter.export(ended)
            return super().write(text)

    out = Collecting()
    exporter = TreeSpanExporter(out)
    exporter.export([readable(2, parent=1), readable(1)])
    assert sorted(names_in(out)) == ["span 1", "span 10", "span 11", "span 2"]


def test_without_rich_the_import_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rich.tree", None)
    for name in [name for name in sys.modules if name.startswith("langchain_otel.exporters.")]:
        monkeypatch.delitem(sys.modules, name)
    with pytest.raises(ImportError, match=r'pip install "langchain-otel\[console\]"'):
        importlib.import_module("langchain_otel.exporters.tree")
