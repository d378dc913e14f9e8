"""`langchain-otel view --redact`: a trace without its content, in the terminal and as a page."""

import json
from pathlib import Path

import pytest

import otlp_documents as otlp
from langchain_otel import semconv
from langchain_otel.__main__ import main
from langchain_otel.dialects import openinference_names
from langchain_otel.viewing.redaction import NUMBERS, NUMBERS_BEGIN, RESOURCE_WORDS, WORDS
from test_architecture import names_in

pytest.importorskip("rich")

Capture = pytest.CaptureFixture[str]

# Content that could pass for a word, and content that could not.
SENTINELS = ("SENTINEL", "A SENTINEL, said to nobody!", '{"SENTINEL": "SENTINEL"}')


def shown(document: otlp.Json, folder: Path, capsys: Capture) -> str:
    """All that is printed and all that is in the page."""
    file = folder / "traces.jsonl"
    file.write_text(otlp.lines(document))
    html = folder / "page.html"
    assert main(["view", str(file), "--redact"]) == 0
    assert main(["view", str(file), "--redact", "--html", str(html)]) == 0
    captured = capsys.readouterr()
    return captured.out + captured.err + html.read_text()


@pytest.mark.parametrize("sentinel", SENTINELS)
@pytest.mark.parametrize("form", ["gen_ai", "openinference", "traceloop", "unknown"])
def test_no_content_is_left(form: str, sentinel: str, tmp_path: Path, capsys: Capture) -> None:
    """Nothing of what was said is anywhere, whichever instrumentation recorded it."""
    unknown = otlp.span(
        1,
        attributes={
            "app.note": sentinel, "app.notes": [sentinel], "app.map": {"a": sentinel},
            "db.query.text": sentinel, "url.full": sentinel, "user.id": sentinel,
            sentinel: 1, "gen_ai.conversation.id": sentinel, "langchain.tags": [sentinel],
        },
        status={"code": 2, "message": sentinel},
        events=[{"name": sentinel, "attributes": otlp.pairs({"x": sentinel, sentinel: 7})}],
        links=[{"traceId": otlp.TRACE, "spanId": "1", "attributes": otlp.pairs({"x": sentinel})}],
    )  # fmt: skip
    documents = {
        "gen_ai": otlp.document(*otlp.agent(sentinel, sentinel)),
        "openinference": otlp.openinference(sentinel),
        "traceloop": otlp.traceloop(sentinel),
        "unknown": otlp.document(unknown, resource={"process.command_args": [sentinel]}),
    }
    assert "SENTINEL" not in shown(documents[form], tmp_path, capsys)


def test_what_helps_is_left(tmp_path: Path, capsys: Capture) -> None:
    """Names, models, tokens, costs, times and kinds of errors remain, and the page says so."""
    text = shown(otlp.document(*otlp.agent()), tmp_path, capsys)
    for word in ("invoke_agent guide", "gpt-5", "1200→34 tokens", "0.0125", "ValueError", "shop"):
        assert word in text, word
    assert '"redacted":true' in text


def test_every_attribute_was_decided_upon() -> None:
    """Only names of the conventions, of OpenInference or known ones are kept; no content is."""
    content = {
        semconv.GEN_AI_INPUT_MESSAGES, semconv.GEN_AI_OUTPUT_MESSAGES,
        semconv.GEN_AI_SYSTEM_INSTRUCTIONS, semconv.GEN_AI_TOOL_DEFINITIONS,
        semconv.GEN_AI_TOOL_CALL_ARGUMENTS, semconv.GEN_AI_TOOL_CALL_RESULT,
        semconv.GEN_AI_RETRIEVAL_QUERY_TEXT, semconv.GEN_AI_RETRIEVAL_DOCUMENTS,
        semconv.GEN_AI_REQUEST_STOP_SEQUENCES, semconv.GEN_AI_EVALUATION_EXPLANATION,
        semconv.EXCEPTION_MESSAGE, semconv.EXCEPTION_STACKTRACE, semconv.EVENT_DATA,
        semconv.STATE_INPUT, semconv.STATE_OUTPUT, semconv.PROMPT_TEMPLATE, semconv.TAGS,
        semconv.USER_ID, semconv.SESSION_ID, semconv.GEN_AI_CONVERSATION_ID, semconv.RUN_NAME,
    }  # fmt: skip
    assert not content & (WORDS | NUMBERS | RESOURCE_WORDS)
    of_dialects = names_in(semconv) | names_in(openinference_names)
    begun = ("db.", "http.", "network.", "rpc.", "gen_ai.", "llm.", "traceloop.", "exception.")
    others = (WORDS | NUMBERS) - of_dialects
    assert all(name.startswith(begun) or name == "operation.cost" for name in others)


@pytest.mark.parametrize("name", sorted(NUMBERS) + [f"{begin}x" for begin in NUMBERS_BEGIN])
def test_a_number_is_no_text(name: str, tmp_path: Path, capsys: Capture) -> None:
    """A text where a number should be is left out."""
    attributes = {name: "SENTINEL", "gen_ai.request.x": ["SENTINEL"]}
    document = otlp.document(otlp.span(1, attributes=attributes))
    assert "SENTINEL" not in shown(document, tmp_path, capsys)


@pytest.mark.parametrize(
    "value",
    ["SENTINEL " * 30, "SENTINEL!", "SENTINEL\nline", ["SENTINEL"] * 21, {"a": "SENTINEL"}],
    ids=["long", "sentence", "lines", "many", "map"],
)
def test_a_word_is_a_word(value: object, tmp_path: Path, capsys: Capture) -> None:
    """What a program would not call a thing is left out, also where a name is known."""
    document = otlp.document(otlp.span(1, attributes={"gen_ai.tool.name": value}))
    assert "SENTINEL" not in shown(document, tmp_path, capsys)


def test_the_original_is_not_touched(tmp_path: Path, capsys: Capture) -> None:
    """The file stays as it is."""
    document = otlp.document(*otlp.agent())
    shown(document, tmp_path, capsys)
    assert json.loads((tmp_path / "traces.jsonl").read_text()) == document
