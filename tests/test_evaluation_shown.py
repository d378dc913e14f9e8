"""Evaluations are shown beside what they judge: in the tree, in `view`, on the page."""

import io
import json
import re
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4

import pytest
from langchain_core.runnables import RunnableLambda
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

from langchain_otel import current_run_id, record_evaluation, semconv, traceparent_of
from langchain_otel.exporters.otlp_file import FileSpanExporter
from langchain_otel.exporters.tree import TreeSpanExporter
from langchain_otel.viewing.command import main
from langchain_otel.viewing.documents import spans_in_file
from langchain_otel.viewing.forest import traces_of
from langchain_otel.viewing.page import page
from langchain_otel.viewing.redaction import redacted
from otlp_documents import SECOND, Json, document, lines, span
from recording import instrumented
from test_evaluation_signal import OnSpans

WHY: Final = "it is kind"
TIME: Final = re.compile(r"\b\d+(?:\.\d+)? (?:µs|ms|s)\b")
RESULT: Final[dict[str, Any]] = {
    "gen_ai.evaluation.name": "tone",
    "gen_ai.evaluation.score.value": 0.5,
    "gen_ai.evaluation.score.label": "fair",
    "gen_ai.evaluation.explanation": WHY,
}
EARLY: Final = {"name": "tone", "score": "0.9", "label": "good", "explanation": WHY}


def body(_: Any) -> None:
    record_evaluation(current_run_id(), "tone", score=0.9, label="good", explanation=WHY)


def run(tracing: OnSpans, exporter: Any) -> UUID:
    """A run that is judged while it is under way; it is not waited for."""
    tracing.tracer_provider.add_span_processor(SimpleSpanProcessor(exporter))
    run_id = uuid4()
    RunnableLambda(body, name="run").invoke(1, {"run_id": run_id})
    return run_id


def printed(out: io.StringIO) -> list[str]:
    text = re.sub("[0-9a-f]{32}", "ID", TIME.sub("TIME", out.getvalue()))
    return [line for line in text.splitlines() if line]


@pytest.mark.parametrize("mode", ["compact", "content", "full"])
def test_the_tree(mode: str) -> None:
    """The line of a run says how it was judged; what comes late says what it judges."""
    out, tracing = io.StringIO(), OnSpans()
    with instrumented(tracing):
        run_id = run(tracing, TreeSpanExporter(out, mode))
        record_evaluation(run_id, "length", score=1 / 3, error_type="TimeoutError")
    shown = printed(out)
    assert "invoke_workflow run  TIME  tone 0.9 good" in shown
    assert "evaluate length  TIME  0.333333  error TimeoutError" in shown
    assert any(line.endswith("  evaluation of invoke_workflow run") for line in shown)
    assert (f"  tone  {WHY}" in shown) is (mode == "content")
    assert (WHY in "\n".join(shown)) is (mode != "compact")


def test_the_tree_of_another_process() -> None:
    """It names the span by its id: its name is not known there."""
    out, tracing = io.StringIO(), OnSpans()
    with instrumented(tracing):
        tracing.tracer_provider.add_span_processor(SimpleSpanProcessor(TreeSpanExporter(out)))
        record_evaluation(f"00-{'a' * 32}-{'b' * 16}-01", "tone", label="good")
    assert out.getvalue().startswith(f"trace {'a' * 32}")
    assert f"evaluation of span {'b' * 16}" in out.getvalue()
    assert "  good\n" in out.getvalue()


def shown_data(file: Path, *, redact: bool = False) -> Json:
    spans = spans_in_file(str(file))
    traces = traces_of(map(redacted, spans) if redact else spans)
    text = page(traces, "test", is_redacted=redact)
    (data,) = re.findall(
        r'<script[^>]*type="application/json"[^>]*>(.*?)</script>', text, re.DOTALL
    )
    found: Json = json.loads(data)
    return found


@pytest.mark.parametrize("redact", [True, False], ids=["redacted", "whole"])
def test_the_page(redact: bool, tmp_path: Path) -> None:
    """Early and late ones are on the span that they judge, and nowhere else."""
    file, tracing = tmp_path / "traces.jsonl", OnSpans()
    with instrumented(tracing):
        run_id = run(tracing, FileSpanExporter(file))
        record_evaluation(traceparent_of(run_id), "length", score=3, error_type="TimeoutError")
    (trace,) = shown_data(file, redact=redact)["traces"]
    (shown,) = trace["spans"]
    early = {key: value for key, value in EARLY.items() if not redact or key != "explanation"}
    assert shown["evaluations"] == [
        early,
        {"name": "length", "score": "3", "error": "TimeoutError"},
    ]
    assert "events" not in shown
    assert trace["errors"] == 0


def test_view(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The tree of a file has both in one line."""
    file, tracing = tmp_path / "traces.jsonl", OnSpans()
    with instrumented(tracing):
        record_evaluation(run(tracing, FileSpanExporter(file)), "length", score=3)
    assert main([str(file)]) == 0
    assert "tone 0.9 good  length 3\n" in capsys.readouterr().out


def evaluation(number: int, parent: int | None, **fields: Any) -> Json:
    return span(number, parent, "evaluate tone", attributes=RESULT, **fields)


def judged(folder: Path, *spans: Json) -> list[tuple[str, int]]:
    """The spans that are shown, each with how many evaluations it has."""
    file = folder / "traces.jsonl"
    file.write_text(lines(document(*spans)))
    found: list[tuple[str, int]] = []
    for trace in shown_data(file)["traces"]:
        found += [(each["name"], len(each.get("evaluations", ()))) for each in trace["spans"]]
    return found


def test_an_evaluation_does_not_stretch_the_trace(tmp_path: Path) -> None:
    """It may be days late: the time of the trace is that of what was judged."""
    days = span(1, name="run")["startTimeUnixNano"][:-9] + "0" * 9
    late = str(int(days) + 3 * 24 * 3600 * SECOND)
    times = {"startTimeUnixNano": late, "endTimeUnixNano": late}
    file = tmp_path / "traces.jsonl"
    file.write_text(lines(document(span(1, name="run"), evaluation(2, 1, **times))))
    (trace,) = shown_data(file)["traces"]
    assert trace["duration"] == trace["spans"][0]["duration"] < SECOND


def test_an_evaluation_of_a_whole_trace(tmp_path: Path) -> None:
    """It is a further root, and is shown on the first one."""
    spans = (evaluation(3, None), span(1, name="run"), span(2, 1, "inner"))
    assert judged(tmp_path, *spans) == [("run", 1), ("inner", 0)]


def test_an_evaluation_of_what_is_not_there(tmp_path: Path) -> None:
    """It stays what it is, and says its result."""
    assert judged(tmp_path, evaluation(3, 7)) == [("evaluate tone", 1)]


def test_an_evaluation_that_is_a_piece_of_work(tmp_path: Path) -> None:
    """Another instrumentation's evaluator has its own calls below it: it is a span like others."""
    spans = (span(1, name="run"), evaluation(2, 1), span(3, 2, "chat"))
    assert judged(tmp_path, *spans) == [("run", 0), ("evaluate tone", 1), ("chat", 0)]


def test_an_evaluation_of_an_evaluation(tmp_path: Path) -> None:
    """Whoever judges judges is shown beside them."""
    assert judged(tmp_path, span(1, name="run"), evaluation(2, 1), evaluation(3, 2)) == [
        ("run", 0),
        ("evaluate tone", 2),
    ]


def test_hostile_values(tmp_path: Path) -> None:
    """Whatever stands in the attributes is shown as text, or not at all."""
    wrong = ["NaN", True, {"a": 1}, ["x"], 1e400, "\ud83d"]
    for value in wrong:
        attributes = dict.fromkeys(RESULT, value)
        assert judged(tmp_path, span(1, 0, "evaluate tone", attributes=attributes))[0][1] == 1


def test_names_are_the_conventions() -> None:
    """The documents of these tests have the names that are recorded."""
    assert {
        semconv.GEN_AI_EVALUATION_NAME,
        semconv.GEN_AI_EVALUATION_SCORE_VALUE,
        semconv.GEN_AI_EVALUATION_SCORE_LABEL,
        semconv.GEN_AI_EVALUATION_EXPLANATION,
    } == RESULT.keys()
