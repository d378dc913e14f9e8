"""`langchain-otel view`: recorded traces from files, as trees in the terminal."""

import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

import otlp_documents as otlp
from langchain_otel.__main__ import main
from langchain_otel.exporters.otlp_file import FileSpanExporter
from langchain_otel.viewing.conversation import messages_of
from langchain_otel.viewing.documents import spans_in_file, spans_of
from langchain_otel.viewing.forest import traces_of
from langchain_otel.viewing.page import page
from langchain_otel.viewing.page_data import page_data
from langchain_otel.viewing.readable_spans import readable_spans
from langchain_otel.viewing.reading import facts_of
from langchain_otel.viewing.redaction import redacted
from langchain_otel.viewing.sections import sections_of
from waiting import PATIENCE

pytest.importorskip("rich")

Capture = pytest.CaptureFixture[str]


def written(folder: Path, text: str, name: str = "traces.jsonl") -> str:
    file = folder / name
    file.write_text(text, encoding="utf-8", errors="surrogatepass")
    return str(file)


def printed(capsys: Capture, *words: str) -> str:
    """What the command prints, with times as dots."""
    assert main(["view", *words]) == 0
    shown = capsys.readouterr()
    assert not shown.err
    return re.sub(r"  [\d.]+ (µs|ms|s)\b", "  ...", shown.out)


def refused(capsys: Capture, *words: str) -> str:
    """The sentence that is said instead; it is one line and no traceback."""
    assert main(["view", *words]) == 2
    shown = capsys.readouterr()
    assert not shown.out
    assert shown.err.count("\n") == 1
    assert shown.err.rstrip().endswith(".")
    return shown.err


AGENT_TREE = f"""\
trace {otlp.TRACE}  shop
invoke_agent guide  ...
├── chat gpt-5  ...  1200→34 tokens  $0.0125
├── execute_tool look  ...  error ValueError
└── retrieval library  ...
4 spans  ...  1200→34 tokens  $0.0125  1 error

"""


def test_a_file_is_printed_as_a_tree(tmp_path: Path, capsys: Capture) -> None:
    """One request on a line, as the Collector writes it; the spans of a trace in any of them."""
    root, *others = otlp.agent()
    file = written(tmp_path, otlp.lines(otlp.document(*others), otlp.document(root)))
    assert printed(capsys, file) == AGENT_TREE


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(otlp.document(*otlp.agent()), indent=2),
        json.dumps([otlp.document(*otlp.agent())]),
        "\ufeff" + otlp.lines(otlp.document(*otlp.agent())),
        json.dumps({"trace": otlp.document(*otlp.agent())}),
        json.dumps({"result": otlp.document(*otlp.agent())}),
        json.dumps({"batches": otlp.document(*otlp.agent())["resourceSpans"]}),
        otlp.lines(otlp.in_base64(otlp.document(*otlp.agent()))),
        f"the application's own words\n{otlp.lines(otlp.document(*otlp.agent()))}" + '{"resourceSp',
        otlp.lines({"resourceLogs": []}, otlp.document(*otlp.agent()), {"resourceMetrics": []}),
    ],
    ids=[
        "laid out", "array", "byte order mark", "Tempo", "Jaeger", "older Tempo", "base64",
        "among other lines", "other signals",
    ],
)  # fmt: skip
def test_forms_of_a_file(text: str, tmp_path: Path, capsys: Capture) -> None:
    """What holds OTLP is read, in whichever of its forms."""
    assert printed(capsys, written(tmp_path, text)) == AGENT_TREE


def test_values_of_every_type(tmp_path: Path) -> None:
    """64 bits are not rounded, bytes stay text, and what is no value is none."""
    values: dict[str, Any] = {
        "text": {"stringValue": "a"},
        "number": {"intValue": "9007199254740993"},
        "plain": {"intValue": 7},
        "infinite": {"doubleValue": "Infinity"},
        "bytes": {"bytesValue": "AAE="},
        "list": {"arrayValue": {"values": [{"boolValue": True}, {"doubleValue": 0.5}]}},
        "map": {"kvlistValue": {"values": [{"key": "k", "value": {"stringValue": "v"}}]}},
        "nothing": {},
    }
    attributes = [{"key": name, "value": value} for name, value in values.items()]
    spans = otlp.document(otlp.span(1) | {"attributes": attributes})
    (found,) = spans_in_file(written(tmp_path, otlp.lines(spans)))
    assert found.attributes == {
        "text": "a",
        "number": 9007199254740993,
        "plain": 7,
        "infinite": "inf",
        "bytes": "AAE=",
        "list": [True, 0.5],
        "map": {"k": "v"},
        "nothing": None,
    }
    assert '"number":"9007199254740993"' in page(traces_of([found]), "", is_redacted=False)


def test_several_traces(tmp_path: Path, capsys: Capture) -> None:
    """All are printed, the oldest first; `--trace` chooses one, with or without leading zeros."""
    later = otlp.span(900, name="later") | {"traceId": "0" * 30 + "ab"}
    file = written(tmp_path, otlp.lines(otlp.document(later), otlp.document(otlp.span(1))))
    both = printed(capsys, file)
    assert both.index("span 1") < both.index("later")
    assert printed(capsys, file, "--trace", "AB").count("trace ") == 1
    assert "has no trace" in refused(capsys, file, "--trace", "cd")
    assert "hexadecimal" in refused(capsys, file, "--trace", "<script>")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is empty"),
        ("  \n\n", "is empty"),
        ("hello\nworld\n", "holds no traces"),
        ("{}", "holds no traces"),
        ("[" * 100_000, "holds no traces"),
        ('{"resourceSpans": []}', "has no spans"),
        ('{"resourceSpans": [{"scopeSpans": [7, {"spans": "x"}]}, null]}', "has no spans"),
        ('{"resourceSpans": {"a": 1}}', "has no spans"),
    ],
)
def test_what_is_no_trace(text: str, says: str, tmp_path: Path, capsys: Capture) -> None:
    """A plain sentence says what is wrong with a file."""
    assert says in refused(capsys, written(tmp_path, text))


def test_what_cannot_be_read_or_written(tmp_path: Path, capsys: Capture) -> None:
    """A file that is not there, a folder, a name that is none, a place that takes no page."""
    assert "There is no file" in refused(capsys, str(tmp_path / "none.jsonl"))
    assert "cannot be read" in refused(capsys, str(tmp_path))
    assert "cannot be read" in refused(capsys, "nul\0l")
    file = written(tmp_path, otlp.lines(otlp.document(otlp.span(1))))
    assert "cannot be written" in refused(
        capsys, file, "--html", str(tmp_path / "no" / "page.html")
    )


@pytest.mark.parametrize("words", [[], ["a", "b"], ["a", "--unknown"]])
def test_a_wrong_command(words: list[str], capsys: Capture) -> None:
    """What is not understood is answered with how it is used."""
    assert main(["view", *words]) == 2
    assert "usage: langchain-otel view" in capsys.readouterr().err


def test_a_program_can_be_read_from(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    """`-` is the standard input."""
    content = otlp.lines(otlp.document(*otlp.agent())).encode()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
    assert printed(capsys, "-") == AGENT_TREE


def test_a_hostile_trace_is_printed(tmp_path: Path, capsys: Capture) -> None:
    """Every span has a line, whatever its parents, and nothing steers the terminal."""
    spans = otlp.hostile()
    shown = printed(capsys, written(tmp_path, otlp.lines(otlp.document(*spans))))
    for name in ("circle three", "its own parent", "an orphan", "twice, but another", "no ids"):
        assert shown.count(name) >= 1, name
    assert not set("\x00\x07\x1b\u202e\u2066") & set(shown)
    assert len(shown.splitlines()) == len(spans) + 3


def test_a_deep_trace_is_printed(tmp_path: Path, capsys: Capture) -> None:
    """A tree is no deeper than a terminal can show; every span is there."""
    spans = [otlp.span(n, n - 1 if n > 1 else None) for n in range(1, 1001)]
    shown = printed(capsys, written(tmp_path, otlp.lines(otlp.document(*spans))))
    assert len(re.findall(r"span \d+ ", shown)) == 1000
    assert max(map(len, shown.splitlines())) < 900
    assert shown.index("span 1000 ") > shown.index("span 999 ")


def test_the_forest_says_what_is_wrong(tmp_path: Path) -> None:
    """A parent that is missing, a circle, an id twice and a time that runs backwards are notes."""
    spans = otlp.hostile()
    text = otlp.lines(otlp.document(*spans), otlp.document(spans[0]))
    (trace,) = traces_of(spans_in_file(written(tmp_path, text)))
    notes = {node.span.name: node.notes for node in trace.nodes if node.notes}
    assert notes["an orphan"] == ("its parent is not here",)
    assert notes["circle one"] == ("its parents lead back to it",)
    assert notes["its own parent"] == ("its parents lead back to it",)
    assert notes["twice, but another"] == ("another span has the same id",)
    assert notes["no times"] == ("nobody knows when it began",)
    assert notes["backwards"] == ("it ends before it begins",)
    assert len(trace.nodes) == len(spans)
    assert len({node.span.span_id for node in trace.nodes}) == len(spans)


def texts(message: dict[str, Any]) -> list[str]:
    return [part["text"] for part in message["parts"]]


def test_openinference(tmp_path: Path, capsys: Capture) -> None:
    """Messages, calls, documents, tokens and cost of spans by OpenInference."""
    file = written(tmp_path, otlp.lines(otlp.openinference()))
    assert "gpt-5  7→2 tokens" in printed(capsys, file)
    model, retriever = spans_in_file(file)
    facts = facts_of(model)
    assert (facts.kind, facts.model, facts.cost) == ("model", "gpt-5", 0.5)
    assert facts.tokens == {"input": 7, "output": 2}
    system, user, answer = messages_of(model)
    assert texts(system) == ["be kind: Will it rain?"]
    assert texts(user) == ["Will it rain?"]
    assert (answer["role"], answer["direction"]) == ("assistant", "output")
    (call,) = answer["parts"]
    assert (call["type"], call["name"], call["id"]) == ("call", "look", "call_7")
    ((title, documents),) = sections_of(retriever)["documents"]
    assert title == "Documents"
    assert [each["text"] for each in documents] == [
        "rain: Will it rain?", "the second", "the tenth"
    ]  # fmt: skip
    assert documents[0]["score"] == "0.9"


def test_other_instrumentations(tmp_path: Path) -> None:
    """OpenLLMetry's flattened prompts, and the events that earlier conventions had."""
    spans = spans_in_file(written(tmp_path, otlp.lines(otlp.traceloop())))
    workflow, model, older = spans
    assert [facts_of(each).kind for each in spans] == ["workflow", "model", "model"]
    assert facts_of(model).tokens == {"input": 11, "output": 3}
    user, answer = messages_of(model)
    assert texts(user) == ["Will it rain?"]
    assert texts(answer) == ["perhaps: Will it rain?", '{\n  "where": "Will it rain?"\n}']
    assert [title for title, _ in sections_of(workflow)["texts"]] == ["Input", "Output"]
    assert [texts(each) for each in messages_of(older)] == [
        ["event: Will it rain?"], ["old: Will it rain?"], ["choice: Will it rain?"]
    ]  # fmt: skip


def test_nothing_that_was_said_is_lost(tmp_path: Path) -> None:
    """What is not as the conventions have it is shown as it is: texts, lists, unknown fields."""
    attributes = {
        "gen_ai.input.messages": "only a text",
        "gen_ai.output.messages": json.dumps(["lone", {"role": "assistant", "audio": "twofold"}]),
        "gen_ai.retrieval.documents": "no list",
        "llm.input_messages.0.message.role": "user",
        "llm.input_messages.0.message.gesture": "nods",
        "llm.input_messages.0.message.contents.0.message_content.mood": "calm",
        "gen_ai.prompt.name": "a name of the conventions, no message",
    }
    document = otlp.document(otlp.span(1, attributes=attributes))
    traces = traces_of(spans_in_file(written(tmp_path, otlp.lines(document))))
    text = page(traces, "", is_redacted=False)
    for words in ("only a text", "lone", "twofold", "no list", "nods", "calm", "no message"):
        assert text.count(words) == 1, words


def test_traces_with_the_same_ids_of_spans(tmp_path: Path, capsys: Capture) -> None:
    """Each is printed."""
    other = otlp.span(1) | {"traceId": "ab" * 16}
    file = written(tmp_path, otlp.lines(otlp.document(otlp.span(1), other)))
    assert printed(capsys, file).count("span 1 ") == 2


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=6,
)
DOCUMENTS: list[otlp.Json] = [
    otlp.document(*otlp.agent()),
    otlp.openinference(),
    otlp.traceloop(),
    {"data": [{"spans": [{"traceID": "a", "spanID": "b", "tags": [{"key": "k", "value": 1}],
        "references": [{"refType": "CHILD_OF"}], "logs": [{}]}], "processes": {"p": {}}}]},
    {"data": [{"context": {"trace_id": "a", "span_id": "b"}, "start_time": "2026-01-01",
        "events": [{}], "attributes": {"llm.input_messages.0.message.role": "user"}}]},
]  # fmt: skip


def places_in(value: Any) -> list[tuple[Any, Any]]:
    """Every place of a document at which something else could stand."""
    keys = list(value) if isinstance(value, dict) else range(len(value))
    found = []
    for key in keys:
        found.append((value, key))
        if isinstance(value[key], dict | list):
            found += places_in(value[key])
    return found


@given(st.sampled_from(DOCUMENTS), st.data())
@settings(max_examples=300)
def test_damaged_documents(document: otlp.Json, data: st.DataObject) -> None:
    """Whatever stands wherever in a document: there is a page and a tree, redacted or not."""
    from langchain_otel.exporters.tree import TreeSpanExporter

    damaged = json.loads(json.dumps(document))
    for _ in range(data.draw(st.integers(1, 4))):
        owner, key = data.draw(st.sampled_from(places_in(damaged)))
        owner[key] = data.draw(VALUES | VALUES.map(json.dumps))
    spans = spans_of(json.loads(json.dumps(damaged))) or []
    for found in (spans, [redacted(span) for span in spans]):
        traces = traces_of(found)
        text = page(traces, "", is_redacted=False)
        data_of_page = text.partition('type="application/json">')[2].partition("</script>")[0]
        assert len(json.loads(data_of_page, parse_constant=pytest.fail)["traces"]) == len(traces)
        for trace in traces:
            exporter = TreeSpanExporter(io.StringIO())
            exporter.export(readable_spans(trace))


def test_calls_are_counted_once(tmp_path: Path) -> None:
    """The same call, seen by two instrumentations, has its tokens once in the sum of a trace."""
    call = {"gen_ai.operation.name": "chat", "gen_ai.usage.input_tokens": 5}
    outer, inner = (otlp.span(1, attributes=call), otlp.span(2, 1, attributes=call))
    spans = spans_in_file(written(tmp_path, otlp.lines(otlp.document(outer, inner))))
    assert '"tokens":{"input":5,"output":0}' in page(traces_of(spans), "", is_redacted=False)


def test_our_own_file(tmp_path: Path, capsys: Capture) -> None:
    """The exporter writes OTLP, one request on a line, that the command shows."""
    file = tmp_path / "traces.jsonl"
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(FileSpanExporter(file)))
    tracer = provider.get_tracer("tests")
    with tracer.start_as_current_span("outer") as outer:
        tracer.start_span("inner", links=[], attributes={"n": 2**40}).end()
    provider.shutdown()
    inner, _ = map(json.loads, file.read_text().splitlines())
    (written_span,) = inner["resourceSpans"][0]["scopeSpans"][0]["spans"]
    assert written_span["parentSpanId"] == f"{outer.get_span_context().span_id:016x}"
    assert written_span["attributes"] == [{"key": "n", "value": {"intValue": str(2**40)}}]
    assert file.stat().st_mode & 0o077 == 0
    assert "outer  ...\n└── inner  ..." in printed(capsys, str(file))


def test_the_file_exporter_is_set_up_by_variables(tmp_path: Path) -> None:
    """`OTEL_TRACES_EXPORTER=langchain_file` writes the file that a variable names, as it ends."""
    program = "from opentelemetry import trace; trace.get_tracer('t').start_span('it').end()"
    variables = {
        "PATH": os.environ["PATH"],
        "OTEL_TRACES_EXPORTER": "langchain_file",
        "OTEL_METRICS_EXPORTER": "none",
        "OTEL_LOGS_EXPORTER": "none",
        "LANGCHAIN_OTEL_FILE": "mine.jsonl",
    }
    command = Path(sys.executable).parent / "opentelemetry-instrument"
    subprocess.run(
        [command, sys.executable, "-c", program],
        env=variables, cwd=tmp_path, check=True, timeout=PATIENCE,
    )  # fmt: skip
    (found,) = spans_in_file(str(tmp_path / "mine.jsonl"))
    assert found.name == "it"


def test_a_file_that_cannot_be_written(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """One warning, and the application goes on."""
    provider = TracerProvider()
    exporter = FileSpanExporter(tmp_path / "no" / "traces.jsonl")
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    for _ in range(2):
        provider.get_tracer("tests").start_span("it").end()
    provider.shutdown()
    assert [record.message for record in caplog.records] == [
        f"Traces cannot be written to {tmp_path}/no/traces.jsonl: No such file or directory"
    ]


@pytest.mark.parametrize(
    ("kinds", "count"),
    [
        (("ValueError", "ValueError", "ValueError"), 1),
        (("RuntimeError", "ValueError", "ValueError"), 2),
        (("", "", "ValueError"), 1),
        (("ValueError", "ValueError", "401"), 1),
        ((None, "ValueError", None), 1),
        ((None, None, None), 0),
    ],
    ids=str,
)
def test_a_failure_that_is_passed_on_is_one(
    kinds: tuple[str | None, ...], count: int, tmp_path: Path
) -> None:
    """As the tree counts them: the spans that it passes through have it too."""
    spans = [
        otlp.span(
            number,
            number - 1 or None,
            attributes={"error.type": kind} if kind else {},
            status={} if kind is None else {"code": 2},
        )
        for number, kind in enumerate(kinds, 1)
    ]
    file = tmp_path / "traces.jsonl"
    file.write_text(otlp.lines(otlp.document(*spans)))
    data = json.loads(page_data(traces_of(spans_in_file(str(file))), "test", is_redacted=False))
    assert [trace["errors"] for trace in data["traces"]] == [count]
