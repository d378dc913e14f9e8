"""What the tree shows of a trace beside its spans: content, failures, pauses, links, everything."""

import inspect
import io
import json
import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command, interrupt
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.trace import Status, StatusCode

from langchain_otel import semconv
from langchain_otel.dialects import openinference_names as names
from langchain_otel.exporters.failures import failure_of
from langchain_otel.exporters.span_content import ROWS
from langchain_otel.exporters.tree import TreeSpanExporter
from langchain_otel.exporters.tree_mode import MODES
from models import Retriever, ScriptedModel, calls, says
from priced import Seller, price_file, used
from recording import Tracing, instrumented
from test_tree import Terminal, no_settings_of_the_terminal, readable

__all__ = ["no_settings_of_the_terminal"]

FORMS: dict[str, dict[str, Any]] = {
    "gen_ai": {},
    "structured": {"structured_messages": True},
    "openinference": {"dialect": "openinference"},
    "both": {"dialect": "both"},
}
ELAPSED = re.compile(r"\d[\d.]* (?:µs|ms|s)\b")
MODEL = re.compile(r"  scripted\b|  \d+→\d+ tokens")
TRACE_ID = re.compile(r"\b[0-9a-f]{32}\b")
UUID = re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")


def agent(*answers: AIMessage, tools: Any, **more: Any) -> Any:
    return create_agent(ScriptedModel(answers=list(answers)), tools, name="clerk", **more)


def asked(text: str) -> Any:
    return {"messages": [HumanMessage(text)]}


@tool
def weather(city: str) -> str:
    """Tell the weather."""
    return f"It is sunny in {city}."


@tool
def broken(city: str) -> str:
    """Fail."""
    raise ValueError(f"no weather\nin {city}")


@tool
def book(hotel: str) -> str:
    """Book a hotel, if a person agrees."""
    return str(interrupt(f"Book {hotel}?"))


@pytest.fixture(params=FORMS)
def form(request: pytest.FixtureRequest) -> str:
    """Each way in which content stands on spans."""
    return str(request.param)


@pytest.fixture
def recorded(form: str) -> Iterator[Tracing]:
    tracing = Tracing()
    with instrumented(tracing, capture_message_content=True, **FORMS[form]):
        yield tracing


def shown(spans: Any, mode: str, out: io.StringIO | None = None) -> str:
    out = out or io.StringIO()
    TreeSpanExporter(out, mode).export(spans)
    return out.getvalue()


def masked(text: str) -> list[str]:
    """The lines without what differs from run to run."""
    text = UUID.sub("ID", TRACE_ID.sub("TRACE", ELAPSED.sub("T", MODEL.sub("", text))))
    return [line for line in text.splitlines() if not line.startswith("trace ")]


def test_an_agent_with_its_content(recorded: Tracing) -> None:
    """What was asked and answered, called and given back, each in one line."""
    answers = calls("weather", city="Vienna"), says("It is\nsunny.")
    agent(*answers, tools=[weather]).invoke(asked("What is the\nweather?"))
    lines = masked(shown(recorded.spans, "content"))
    assert lines == [
        "invoke_agent clerk  T",
        "  question  What is the weather?",
        "  answer  It is sunny.",
        "├── model  T",
        "│   └── chat scripted  T",
        "│         question  What is the weather?",
        '│         answer  weather({"city":"Vienna"})',
        "├── tools  T",
        "│   └── execute_tool weather  T  call-weather",
        '│         arguments  {"city":"Vienna"}',
        "│         result  It is sunny in Vienna.",
        "│         requested by  chat scripted",
        "└── model  T",
        "    └── chat scripted  T",
        "          question  tool: It is sunny in Vienna.",
        "          answer  It is sunny.",
        "7 spans  T",
        "",
    ]


def test_a_search_with_its_content(recorded: Tracing) -> None:
    """The query, and how many documents were found."""
    Retriever().invoke("wine bars")
    assert [line.strip() for line in masked(shown(recorded.spans, "content"))[1:3]] == [
        "query  wine bars",
        "found  1 document",
    ]


def test_a_chain_with_its_content(recorded: Tracing) -> None:
    """The root of a trace says what it was asked, whatever that is."""
    chain: Any = RunnableLambda(lambda question: {"answer": f"{question}!"}, name="shout")
    chain.invoke("hi")
    _, question, answer, *_ = masked(shown(recorded.spans, "content"))
    assert question == "  question  hi"
    assert answer == '  answer  {"answer":"hi!"}'


@pytest.mark.parametrize("mode", MODES)
def test_what_calls_cost(form: str, mode: str, tmp_path: Path) -> None:
    """Each call, the agent around them, and the trace, in every mode and dialect."""
    tracing = Tracing()
    with instrumented(tracing, cost=price_file(tmp_path), **FORMS[form]):
        create_agent(Seller(usage=used(1_000, 100)), [], name="clerk").invoke(asked("Hello"))
        Seller(name="nobodys").invoke("Hello")
    lines = shown(tracing.spans, mode).splitlines()
    told = r"(invoke_agent clerk|chat [\w-]+|\d+ spans?)  \d.*  (\S+)$"
    found = [match.groups() for line in lines if (match := re.search(told, line))]
    assert found == [
        ("invoke_agent clerk", "$0.0028"),
        ("chat house-model", "$0.0028"),
        ("3 spans", "$0.0028"),
        ("chat nobodys", "$?"),
        ("1 span", "$?"),
    ]


def test_a_failure_is_shown_where_it_came_from(recorded: Tracing) -> None:
    """Its text and the line of code once, and one failure is one error."""
    with pytest.raises(ValueError, match="no weather"):
        agent(calls("broken", city="Vienna"), tools=[broken]).invoke(asked("Weather?"))
    lines = masked(shown(recorded.spans, "content"))
    function: Any = broken
    line = inspect.getsourcelines(function.func)[1] + 3
    place = Path(__file__).relative_to(Path.cwd())
    assert "          error  no weather in Vienna" in lines
    assert f"          at  {place}:{line}" in lines
    assert lines[0] == "invoke_agent clerk  T  error ValueError"
    assert lines[-2] == "5 spans  T  1 error"
    assert "\n".join(lines).count("no weather") == 1


@pytest.mark.parametrize("mode", ["compact", "content"])
def test_a_pause_and_what_resumes_it(recorded: Tracing, mode: str) -> None:
    """What a person is asked, at which checkpoint, and which trace the next one continues."""
    config: Any = {"configurable": {"thread_id": "1"}}
    answers = calls("book", hotel="Adler"), says("Booked.")
    booking = agent(*answers, tools=[book], checkpointer=InMemorySaver())
    booking.invoke(asked("Book the Adler."), config)
    paused = shown(recorded.spans, mode)
    first = next(span for span in recorded.spans if span.parent is None)
    (event,) = first.events
    checkpoint = dict(event.attributes or {})[semconv.LANGGRAPH_CHECKPOINT_ID]
    head, root = paused.splitlines()[:2]
    assert f"  interrupted  waits for Book Adler?  checkpoint {checkpoint}" in root
    recorded.exporter.clear()
    booking.invoke(Command(resume="yes"), config)
    resumed = shown(recorded.spans, mode)
    assert f"continues {head.split()[1]}, after " in resumed.splitlines()[1]
    (of_tool,) = [line for line in resumed.splitlines() if "execute_tool book" in line]
    assert of_tool.endswith(f"requested in {head.split()[1]}")


def test_without_content_a_pause_says_how_many_answers(tracing: Tracing) -> None:
    config: Any = {"configurable": {"thread_id": "1"}}
    agent(calls("book", hotel="Adler"), tools=[book], checkpointer=InMemorySaver()).invoke(
        asked("Book the Adler."), config
    )
    text = shown(tracing.spans, "content")
    assert "interrupted  waits for 1 answer  checkpoint " in text
    assert "Adler" not in text


def test_everything(recorded: Tracing, form: str) -> None:
    """Whole texts, attributes, events and links."""
    with pytest.raises(ValueError, match="no weather"):
        agent(calls("broken", city="Vienna"), tools=[broken]).invoke(asked("What\nnow?"))
    text = shown(recorded.spans, "full")
    lines = [line.lstrip("│├└─ ") for line in text.splitlines()]
    at = lines.index("question")
    who = "" if form == "openinference" else "user: "
    assert lines[at : at + 3] == ["question", f"{who}What", "now?"]
    assert "event exception" in lines
    assert "exception.type: ValueError" in lines
    assert 'raise ValueError(f"no weather\\nin {city}")' in lines
    assert any(line.endswith("langchain.link.type: requested_by") for line in lines)
    assert ("gen_ai.operation.name  chat" in lines) is (form != "openinference")
    assert ("openinference.span.kind  LLM" in lines) is (form in {"openinference", "both"})


def test_content_lines_are_as_wide_as_the_terminal(
    monkeypatch: pytest.MonkeyPatch, out: io.StringIO
) -> None:
    """Cut there, in columns; names and everything of a label stay whole."""
    said = {semconv.GEN_AI_RETRIEVAL_QUERY_TEXT: "名" * 500}
    spans = [readable(2, 1, attributes=said), readable(1, name="n" * 300, attributes=said)]
    _, label, first, *_ = shown(spans, "content", out).splitlines()
    assert label == "n" * 300 + "  1 ms"
    assert first.startswith("  query  名名")
    assert first.endswith("名…")
    monkeypatch.setenv("COLUMNS", "61")
    terminal = shown(spans, "content", Terminal())
    plain = [re.sub(r"\x1b\[[\d;]*m", "", line) for line in terminal.splitlines()]
    queries = [line for line in plain if "query" in line]
    # Each of these characters takes two columns.
    assert [len(line) + line.count("名") for line in (first, *queries)] == [100, 61, 61]


HOSTILE = "\x1b[2J\x1b]0;owned\x07\r\x08\u202eevil\u2066\x9b31m\ud800\x00[red]x[/red]<b>"


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", [*ROWS, names.INPUT_VALUE, names.OUTPUT_VALUE, "odd"])
def test_content_cannot_steer_the_terminal(name: str, mode: str) -> None:
    """Not as a text, as JSON or as data; not from events, links or the text of an error."""
    message = [{"role": HOSTILE, "parts": [{"type": "text", "content": HOSTILE}]}]
    event = {"exception.message": HOSTILE, "exception.stacktrace": HOSTILE, HOSTILE: HOSTILE}
    pause = {semconv.EVENT_DATA: json.dumps([HOSTILE]), semconv.LANGGRAPH_CHECKPOINT_ID: HOSTILE}
    for value in (HOSTILE, json.dumps(message), message, tuple(message)):
        span = readable(
            1,
            attributes={name: value, HOSTILE: HOSTILE, names.SPAN_KIND: names.LLM},
            events=[Event("exception", event), Event("langgraph.interrupt", pause)],
            status=Status(StatusCode.ERROR, HOSTILE),
        )
        text = shown([span], mode)
        assert all(line.isprintable() for line in text.split("\n"))
        assert "\ud800" not in text


ODD: list[Any] = [
    *(None, True, -1, float("nan"), "", "[", "[]", "{}", "null", "[[[[]]]]", b"\xff", (), {}),
    *('[{"role": 1}]', '[{"parts": {}}]', '[{"role": "user", "parts": [1, null, {}]}]', [[]]),
    *("[" * 5_000, [{"role": {}, "parts": [{"type": "tool_call", "arguments": {1: object()}}]}]),
]


@pytest.mark.parametrize("odd", ODD, ids=range(len(ODD)))
def test_odd_content_is_survived(odd: Any) -> None:
    """What others write under these names, in either dialect."""
    kinds = (names.LLM, names.TOOL, names.RETRIEVER, names.CHAIN, odd)
    spread = ["llm.input_messages.0.message.role", "llm.output_messages.x.message.content"]
    spread += ["llm.input_messages.99999999999.message.content", "retrieval.documents.0.x"]
    ours = [readable(n, attributes={name: odd}) for n, name in enumerate(ROWS, 1)]
    others = [*spread, names.INPUT_VALUE, names.OUTPUT_VALUE]
    theirs = [
        readable(20 + n, attributes={**dict.fromkeys(others, odd), names.SPAN_KIND: kind})
        for n, kind in enumerate(kinds)
    ]
    pause = [Event("langgraph.interrupt", {semconv.EVENT_DATA: odd})]
    for mode in MODES:
        assert f"span {len(ROWS)}" in shown(ours, mode)
        assert "span 24" in shown(theirs, mode)
        assert "waits for" in shown([readable(1, events=pause)], mode)


def test_a_huge_text_is_shown_whole_only_if_that_is_wanted() -> None:
    text = "x" * 3_000_000
    span = readable(1, attributes={semconv.GEN_AI_RETRIEVAL_QUERY_TEXT: text})
    assert len(shown([span], "content")) < 1_000
    assert shown([span], "full").count("x") >= len(text)


def failed(number: int, parent: int | None = None, kind: str | None = None) -> ReadableSpan:
    attributes = {} if kind is None else {"error.type": kind}
    return readable(number, parent, attributes=attributes, status=Status(StatusCode.ERROR))


@pytest.mark.parametrize(
    ("spans", "count"),
    [
        ([failed(3, 2, "ValueError"), failed(2, 1, "ValueError"), failed(1, None)], 1),
        ([failed(3, 1, "ValueError"), failed(2, 1, "ValueError"), readable(1)], 2),
        ([failed(3, 2, "TimeoutError"), readable(2, 1), failed(1, None, "TimeoutError")], 2),
        ([failed(2, 1, "TimeoutError"), failed(1, None, "ValueError")], 2),
        ([failed(2, 1), failed(1, None, "ValueError")], 1),
        ([failed(2, 1, "401"), failed(1, None, "ValueError")], 1),
        ([failed(3, 2, "ValueError"), failed(2, 1), failed(1)], 1),
        ([failed(3, 2), failed(2, 1), failed(1)], 1),
    ],
    ids=[
        "passes through",
        "two of a kind",
        "after a success",
        "another one",
        "a request without a word",
        "the status of a request",
        "above they say nothing",
        "nobody says anything",
    ],
)
def test_failures_are_counted_by_their_origin(spans: list[ReadableSpan], count: int) -> None:
    """A span only passes on what failed in a span right below it, by the same kind."""
    errors = re.search(r"(\d) errors?$", shown(spans, "compact"), re.MULTILINE)
    assert errors
    assert int(errors[1]) == count


def test_a_request_that_failed_leaves_the_text_to_what_made_it() -> None:
    """The model call knows why, and its HTTP span does not."""
    call = failed(1, None, "ValueError")
    call._status = Status(StatusCode.ERROR, "no such key")
    assert "error  no such key" in shown([failed(2, 1, "401"), call], "content")


def test_a_failure_without_a_text() -> None:
    """As of an HTTP request whose instrumentation says no more than that it failed."""
    assert failure_of(failed(1)) == ("", "")
    assert shown([failed(1)], "content").splitlines()[1:] == [
        "span 1  1 ms  error",
        "1 span  1 ms  1 error",
        "",
    ]


SITE = "/usr/lib/python3/site-packages"


@pytest.mark.parametrize(
    ("frames", "place"),
    [
        (["/app/main.py", f"{SITE}/langchain_core/base.py"], "/app/main.py:1"),
        (["/app/main.py", "/app/tools.py", f"{SITE}/httpx/x.py"], "/app/tools.py:2"),
        ([f"{SITE}/langgraph/x.py", f"{SITE}/httpx/x.py"], f"{SITE}/httpx/x.py:2"),
        ([f"{SITE}/langgraph/x.py"], ""),
        (["/app/langchain-demo/main.py"], "/app/langchain-demo/main.py:1"),
        ([], ""),
    ],
)
def test_the_place_of_a_failure(frames: list[str], place: str) -> None:
    """The application's own line, else a library's; never ours, LangChain's or the message's."""
    message = 'bad\n  File "/app/message.py", line 7, in f'
    lines = [f'  File "{file}", line {n}, in f\n    f()\n' for n, file in enumerate(frames, 1)]
    before = (
        'Traceback (most recent call last):\n  File "/app/cause.py", line 9, in f\nKeyError\n\n'
    )
    stack = f"{before}Traceback (most recent call last):\n{''.join(lines)}ValueError: {message}\n"
    event = Event("exception", {"exception.message": message, "exception.stacktrace": stack})
    found = failure_of(readable(1, events=[event], status=Status(StatusCode.ERROR)))
    assert found == (message, place)


def test_the_mode_of_the_variable(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, out: io.StringIO
) -> None:
    """An argument wins; a value that is none is said once, with what is used."""
    span = readable(1, attributes={semconv.GEN_AI_RETRIEVAL_QUERY_TEXT: "wine"})
    monkeypatch.setenv("LANGCHAIN_OTEL_TREE", " Content ")
    TreeSpanExporter(out).export([span])
    assert "query  wine" in out.getvalue()
    assert "wine" not in shown([span], "compact")
    monkeypatch.setenv("LANGCHAIN_OTEL_TREE", "everything")
    with caplog.at_level(logging.WARNING, "langchain_otel"):
        TreeSpanExporter(out)
    (said,) = caplog.messages
    expected = "must be compact, content or full; got 'everything': it is compact."
    assert said == f"LANGCHAIN_OTEL_TREE {expected}"
    with pytest.raises(ValueError, match="mode must be compact, content or full; got 'all'"):
        TreeSpanExporter(out, "all")


@pytest.fixture
def out() -> io.StringIO:
    return io.StringIO()
