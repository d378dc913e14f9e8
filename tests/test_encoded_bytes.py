"""Without `capture_binary` no encoded bytes leave, wherever in a text or a value they stand."""

import asyncio
import json
from base64 import b64encode, encodebytes, urlsafe_b64encode
from contextlib import suppress
from hashlib import sha256
from time import process_time
from typing import Any

import pytest
from langchain_core.callbacks import (
    CallbackManagerForChainRun,
    CallbackManagerForRetrieverRun,
    dispatch_custom_event,
)
from langchain_core.documents import Document
from langchain_core.embeddings import DeterministicFakeEmbedding
from langchain_core.language_models import FakeListLLM
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import tool
from opentelemetry.exporter.otlp.proto.common._log_encoder import encode_logs
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans

from langchain_otel import record_evaluation, semconv
from langchain_otel.content.filter import permitted
from langchain_otel.content.policy import Policy
from langchain_otel.dialects.genai import attributes
from models import Model
from recording import Tracing, instrumented

pytestmark = pytest.mark.usefixtures("wrapped_once")


def raw(place: str) -> bytes:
    """The bytes of a picture, which differ from those of any other place."""
    return b"\x89PNG\r\n\x1a\n" + place.encode() * 3


def coded(place: str) -> str:
    return b64encode(raw(place)).decode()


def url(place: str) -> str:
    return f"data:image/png;base64,{coded(place)}"


def markdown(place: str) -> str:
    return f"before ![picture]({url(place)}) after"


def media_json(place: str) -> str:
    return json.dumps({"type": "image", "data": coded(place), "mimeType": "image/png"})


def resource(place: str) -> dict[str, Any]:
    """A resource as MCP's servers give it."""
    inner = {"uri": "file:///a.png", "mimeType": "image/png", "blob": coded(place)}
    return {"type": "resource", "resource": inner}


def generated(place: str) -> dict[str, Any]:
    return {"type": "image_generation_call", "id": "ig_1", "result": coded(place)}


PLACES = (
    "system",
    "user",
    "answer",
    "tool message",
    "tool message json",
    "tool message resource",
    "generated image",
    "tool call",
    "completion prompt",
    "completion answer",
    "prompt variable",
    "prompt json",
    "tool argument",
    "tool result",
    "tool result json",
    "tool result blob",
    "document",
    "document metadata",
    "query",
    "state",
    "state in",
    "event",
    "event json",
    "text",
    "exception",
    "cause",
    "embedded",
    "explanation",
)


class Answering(Model):
    def _generate(self, *_: Any, **__: Any) -> ChatResult:
        content: list[Any] = [{"type": "text", "text": markdown("answer")}]
        message = AIMessage([*content, generated("generated image")])
        return ChatResult(generations=[ChatGeneration(message=message)])


class Finding(BaseRetriever):
    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun
    ) -> list[Document]:
        metadata = {"thumbnail": url("document metadata")}
        return [Document(markdown("document"), metadata=metadata)]


@tool
def draw(text: str) -> Any:
    """Draw a picture."""
    return {
        "png": markdown("tool result"),
        "json": media_json("tool result json"),
        "content": [resource("tool result blob")],
    }


def everything() -> None:
    def body(_: Any, run_manager: CallbackManagerForChainRun) -> Any:
        run_manager.on_text(markdown("text"))
        dispatch_custom_event("drawn", {"picture": markdown("event"), "b64": coded("event json")})
        try:
            raise KeyError(markdown("cause"))
        except KeyError as cause:
            raise ValueError(markdown("exception")) from cause

    call = {
        "name": "draw",
        "args": {"json": media_json("tool call")},
        "id": "c",
        "type": "tool_call",
    }
    history: Any = [
        SystemMessage(markdown("system")),
        HumanMessage(markdown("user")),
        AIMessage("", tool_calls=[call]),
        ToolMessage(markdown("tool message"), tool_call_id="c"),
        ToolMessage(media_json("tool message json"), tool_call_id="c"),
        ToolMessage([resource("tool message resource")], tool_call_id="c"),
    ]
    Answering().invoke(history)
    FakeListLLM(responses=[markdown("completion answer")]).invoke(markdown("completion prompt"))
    template = ChatPromptTemplate.from_template("Look at {picture} and {result}")
    variables = {"picture": markdown("prompt variable"), "result": media_json("prompt json")}
    (template | Model()).invoke(variables)
    draw.invoke({"text": markdown("tool argument")})
    Finding().invoke(markdown("query"))
    with suppress(ValueError):
        RunnableLambda(body).invoke({"picture": url("state in"), "image": {"blob": coded("state")}})
    DeterministicFakeEmbedding(size=3).embed_documents([markdown("embedded")])
    run_id = record_run()
    record_evaluation(run_id, "beauty", score=1.0, explanation=markdown("explanation"))


def record_run() -> Any:
    seen: list[Any] = []
    step: Any = RunnableLambda(lambda _, run_manager: seen.append(run_manager.run_id))
    step.invoke("hi")
    return seen[0]


@pytest.mark.parametrize("dialect", ["gen_ai", "openinference", "both"])
@pytest.mark.parametrize("redact", [None, lambda text, _: text], ids=["", "redact"])
def test_no_bytes_leave(dialect: str, redact: Any) -> None:
    """Every place where content enters, on every channel, in every dialect."""
    tracing = Tracing()
    options: dict[str, Any] = {
        "capture_message_content": "SPAN_AND_EVENT",
        "capture_state": True,
        "dialect": dialect,
        "redact": redact,
    }
    with instrumented(tracing, **options):
        everything()
    sent = encode_spans(tracing.spans).SerializeToString()
    sent += encode_logs(tracing.logs).SerializeToString()
    assert [place for place in PLACES if coded(place)[12:].encode() in sent] == []
    told = {place for place in PLACES if sha256(raw(place)).hexdigest().encode() in sent}
    assert set(PLACES) - told == (set() if dialect != "gen_ai" else {"embedded"})


def test_bytes_leave_where_they_are_asked_for() -> None:
    """The same with `capture_binary`: the places are real."""
    tracing = Tracing()
    options: dict[str, Any] = {
        "capture_message_content": "SPAN_AND_EVENT",
        "capture_state": True,
        "capture_binary": True,
        "dialect": "both",
    }
    with instrumented(tracing, **options):
        everything()
    sent = encode_spans(tracing.spans).SerializeToString()
    sent += encode_logs(tracing.logs).SerializeToString()
    assert [place for place in PLACES if coded(place).encode() not in sent] == []


QUERY = semconv.GEN_AI_RETRIEVAL_QUERY_TEXT
RESULT = semconv.GEN_AI_TOOL_CALL_RESULT
DIGEST = sha256(raw("x" * 40)).hexdigest()
LONG = coded("x" * 40)
WRAPPED = encodebytes(raw("x" * 40)).decode()


def recorded(value: Any, **policy: Any) -> str:
    return str(attributes(permitted({RESULT: value}, Policy(**policy)))[RESULT])


@pytest.mark.parametrize(
    "text",
    [
        f"![a](data:image/png;base64,{LONG})",
        f"<img src='data:image/png;charset=utf-8;base64,{LONG}'/>",
        f"DATA:image/png;BASE64,{LONG} and more",
        f"data:image/png;base64,{WRAPPED} end",
        f"data:image/png;base64,{urlsafe_b64encode(raw('x' * 40)).decode()}.",
        f"data:image/png;base64,{LONG.replace('+', '%2B').replace('=', '%3D')} end",
        json.dumps({"image": f"data:image/png;base64,{LONG}"}).replace("/", "\\/"),
        json.dumps({"image": f"data:image/png;base64,{WRAPPED}"}),
        json.dumps(json.dumps({"image": f"data:image/png;base64,{LONG}"})),
        json.dumps({"mimeType": "image/png", "data": LONG}, indent=4),
        json.dumps([json.dumps({"blob": LONG})]),
        str({"type": "image", "data": LONG.rstrip("=")}),
        f'result: {{"b64_json" : "{LONG}"}} thanks',
        f'{{"type": "image_generation_call", "result": "{LONG}"',
    ],
)
@pytest.mark.parametrize("in_a_value", [False, True])
def test_bytes_in_texts(text: str, in_a_value: bool) -> None:
    """However they are written: their size and hash stand there, and what is around them."""
    found = recorded({"value": text, "n": [1]} if in_a_value else text)
    assert LONG[16:40] not in found.replace("\\", "")
    assert DIGEST in found
    assert f"{len(raw('x' * 40))} bytes" in found or '"size":128' in found
    assert found[:1] == ("{" if in_a_value else text[:1]) or text[:5].lower() == "data:"


@pytest.mark.parametrize(
    "value",
    [
        {"blob": LONG},
        {"data": LONG, "mimeType": "image/png"},
        {"content": LONG, "encoding": "base64"},
        {"type": "image_generation_call", "result": LONG},
        {"data": [{"b64_json": LONG}]},
        {"a": {"type": "audio", "format": "mp3", "bytes": LONG}},
        [generated("x" * 40)],
        [resource("x" * 40)],
    ],
)
def test_bytes_under_keys(value: Any) -> None:
    """Bare base64 is known by its key, and by what stands beside it."""
    found = recorded(value)
    assert LONG[16:40] not in found
    assert DIGEST in found
    assert LONG in recorded(value, binary=True)


@pytest.mark.parametrize(
    "value",
    [
        {"data": "hello", "result": "fine", "content": "some words"},
        {"result": sha256(b"").hexdigest()},
        {"content": "x" * 300},
        {"data": "customer-12345678"},
        'a text with "data": "nothing" of the kind; and base64, the word',
        '{"result": "' + sha256(b"").hexdigest() + '"}',
        "data: all of it;base64 is how it is written",
    ],
)
def test_what_is_no_bytes_stays(value: Any) -> None:
    """Words, hashes and numbers under the same keys are recorded as they are."""
    expected = value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
    assert recorded(value) == expected


@pytest.mark.parametrize(
    "text",
    [
        '"data":"' * 200_000,
        ";base64," * 200_000,
        "\\" * 1_000_000,
        "data:" * 300_000 + ";base64,",
        '"data": "' + "A" * 3_000_000,
        'data":"AAAAAAAA"' * 100_000,
        "data:image/png;base64," + ("A" * 39 + "\n") * 100_000,
        '{"a":"b",' * 150_000,
        "data:;base64,A" * 100_000,
    ],
    ids=[
        "keys",
        "marks",
        "backslashes",
        "beginnings",
        "value",
        "values",
        "URL in lines",
        "objects",
        "URLs",
    ],
)
def test_the_search_is_linear(text: str) -> None:
    """Texts made to be slow are not: ten times the text is no hundred times the work."""
    policy = Policy(max_length=10**8, max_span_bytes=10**8)

    def seconds(size: int) -> float:
        begun = process_time()
        permitted({QUERY: text[:size]}, policy)
        return process_time() - begun

    small = min(seconds(len(text) // 10) for _ in range(3))
    assert seconds(len(text)) < 50 * max(small, 0.01)


def test_one_picture_many_times() -> None:
    """A thousand references to one picture cost no thousand hashes, and all are described."""
    found = recorded([markdown("x" * 40)] * 500)
    assert found.count(DIGEST) == 500
    assert LONG[16:40] not in found


def test_prompt_variables_are_texts() -> None:
    """A variable that is a picture is described in its place."""
    tracing = Tracing()
    template = ChatPromptTemplate.from_template("{a} {b}")
    with instrumented(tracing, capture_message_content="true"):
        asyncio.run(
            (template | Model()).ainvoke({"a": url("a"), "b": f"{markdown('b')} {coded('c')}"})
        )
    said = tracing.span("chat").attributes or {}
    assert sha256(raw("a")).hexdigest() in str(said[f"{semconv.GEN_AI_PROMPT_VARIABLE}a"])
    value = str(said[f"{semconv.GEN_AI_PROMPT_VARIABLE}b"])
    assert value.startswith(f"before ![picture]([image/png, {len(raw('b'))} bytes, sha256 ")
