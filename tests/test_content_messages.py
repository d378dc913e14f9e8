"""Messages, whatever block a provider puts into them, become the conventions' parts."""

import base64
import json
from hashlib import sha256
from typing import Any

import pytest
from langchain_core.documents import Document
from langchain_core.messages import (
    AIMessage,
    AIMessageChunk,
    ChatMessage,
    FunctionMessage,
    HumanMessage,
    RemoveMessage,
    SystemMessage,
    ToolMessage,
)
from langchain_core.outputs import ChatGeneration, Generation, LLMResult

from langchain_otel import health, semconv
from langchain_otel.content.blocks import CONVERTERS
from langchain_otel.content.documents import documents
from langchain_otel.content.filter import permitted
from langchain_otel.content.message_list import (
    Messages,
    answers,
    conversation,
    prompts,
    state_messages,
)
from langchain_otel.content.policy import Policy
from langchain_otel.content.tool_definitions import tool_definitions
from schemas import check

PNG = b"\x89PNG\r\n\x1a\n not a real picture"
BASE64 = base64.b64encode(PNG).decode()
URL = "https://example.org/cat.png"
DATA_URL = f"data:image/png;base64,{BASE64}"

Block = Any
Part = dict[str, Any]


def text(content: str) -> Part:
    return {"type": "text", "content": content}


def reasoning(content: str) -> Part:
    return {"type": "reasoning", "content": content}


def blob(modality: str, mime: str | None = None) -> Part:
    part: Part = {"type": "blob", "modality": modality, "content": "", "size": len(PNG)}
    part["sha256"] = sha256(PNG).hexdigest()
    return part if mime is None else part | {"mime_type": mime}


def uri(modality: str, address: str = URL, mime: str | None = None) -> Part:
    part = {"type": "uri", "modality": modality, "uri": address}
    return part if mime is None else part | {"mime_type": mime}


def file(modality: str, file_id: str = "file-1") -> Part:
    return {"type": "file", "modality": modality, "file_id": file_id}


def call(arguments: Any, call_id: str = "c1", name: str = "search") -> Part:
    return {"type": "tool_call", "id": call_id, "name": name, "arguments": arguments}


def server_call(name: str, arguments: Any, call_id: str = "s1") -> Part:
    described = {"type": name, "arguments": arguments}
    return {"type": "server_tool_call", "id": call_id, "name": name, "server_tool_call": described}


def server_result(kind: str, output: Any, call_id: str = "s1", **more: Any) -> Part:
    described = {"type": kind, "output": output, **more}
    return {
        "type": "server_tool_call_response",
        "id": call_id,
        "server_tool_call_response": described,
    }


def generic(kind: str, value: Any = None) -> Part:
    part: Part = {"type": "generic", "generic_type": kind}
    return part if value is None else part | {"value": value}


def data(messages: Messages, schema: str = "input-messages", **policy: Any) -> list[Any]:
    """The messages as every channel has them: both forms are the same and valid."""
    facts = {semconv.GEN_AI_INPUT_MESSAGES: messages}
    kept = permitted(facts, Policy(**policy))[semconv.GEN_AI_INPUT_MESSAGES]
    found: list[Any] = kept.data()
    assert json.loads(kept.json()) == found
    check(schema, found)
    return found


def parts(*blocks: Block, **policy: Any) -> list[Part]:
    (message,) = data(conversation([[HumanMessage(content=list(blocks))]]), **policy)
    found: list[Part] = message["parts"]
    return found


CITATION = {"type": "citation", "url": URL, "cited_text": "cats"}
STANDARD: list[tuple[Block, list[Part]]] = [
    ({"type": "text", "text": "hello", "id": "lc_1", "index": 0}, [text("hello")]),
    (
        {"type": "text", "text": "cats", "annotations": [CITATION]},
        [text("cats") | {"annotations": [CITATION]}],
    ),
    ({"type": "text", "text": ""}, []),
    ({"type": "text", "text": None}, []),
    ({"type": "refusal", "refusal": "no"}, [text("no") | {"refusal": True}]),
    ({"type": "reasoning", "reasoning": "hm"}, [reasoning("hm")]),
    ({"type": "reasoning", "extras": {"signature": "s"}}, []),
    ({"type": "tool_call", "id": "c1", "name": "search", "args": {"q": 1}}, [call({"q": 1})]),
    (
        {"type": "tool_call_chunk", "id": "c1", "name": "search", "args": '{"q": 1}', "index": 0},
        [call({"q": 1})],
    ),
    (
        {"type": "tool_call_chunk", "id": "c1", "name": "search", "args": '{"q": '},
        [call('{"q": ')],
    ),
    (
        {"type": "tool_call_chunk", "id": "c1", "name": None, "args": None},
        [{"type": "tool_call", "id": "c1", "name": ""}],
    ),
    (
        {"type": "invalid_tool_call", "id": "c1", "name": "search", "args": "{", "error": "bad"},
        [call("{") | {"error": "bad"}],
    ),
    (
        {"type": "server_tool_call", "id": "s1", "name": "web_search", "args": {"q": "cats"}},
        [server_call("web_search", {"q": "cats"})],
    ),
    (
        {"type": "server_tool_call_chunk", "id": "s1", "name": "web_search", "args": '{"q'},
        [server_call("web_search", '{"q')],
    ),
    (
        {"type": "server_tool_result", "tool_call_id": "s1", "status": "success", "output": [1]},
        [server_result("server_tool_result", [1], status="success")],
    ),
    ({"type": "image", "url": URL, "mime_type": "image/png"}, [uri("image", URL, "image/png")]),
    ({"type": "image", "base64": BASE64, "mime_type": "image/png"}, [blob("image", "image/png")]),
    ({"type": "image", "file_id": "file-1"}, [file("image")]),
    ({"type": "audio", "base64": BASE64, "mime_type": "audio/wav"}, [blob("audio", "audio/wav")]),
    ({"type": "video", "url": URL}, [uri("video")]),
    ({"type": "file", "file_id": "file-1"}, [file("document")]),
    (
        {"type": "file", "base64": BASE64, "mime_type": "application/pdf"},
        [blob("document", "application/pdf")],
    ),
    ({"type": "text-plain", "text": "notes", "mime_type": "text/plain"}, [text("notes")]),
    (
        {"type": "text-plain", "base64": BASE64, "mime_type": "text/plain"},
        [blob("document", "text/plain")],
    ),
    ({"type": "non_standard", "value": {"type": "thinking", "thinking": "hm"}}, [reasoning("hm")]),
    (
        {"type": "non_standard", "value": {"type": "news", "body": "x"}},
        [generic("news", {"body": "x"})],
    ),
    ({"type": "non_standard", "value": 5}, [generic("non_standard", {"value": 5})]),
    ("a string", [text("a string")]),
    ({"type": "from_the_future", "a": [1]}, [generic("from_the_future", {"a": [1]})]),
]

V0: list[tuple[Block, list[Part]]] = [
    ({"type": "image", "source_type": "url", "url": URL}, [uri("image")]),
    (
        {"type": "image", "source_type": "base64", "data": BASE64, "mime_type": "image/png"},
        [blob("image", "image/png")],
    ),
    ({"type": "image", "source_type": "id", "id": "file-1"}, [file("image")]),
    (
        {"type": "audio", "source_type": "base64", "data": BASE64, "mime_type": "audio/mpeg"},
        [blob("audio", "audio/mpeg")],
    ),
    ({"type": "file", "source_type": "url", "url": URL}, [uri("document")]),
    ({"type": "file", "source_type": "id", "id": "file-1"}, [file("document")]),
    ({"type": "file", "source_type": "text", "text": "notes"}, [text("notes")]),
    ({"type": "file", "source_type": "text", "url": "notes"}, [text("notes")]),
]

OPENAI: list[tuple[Block, list[Part]]] = [
    ({"type": "image_url", "image_url": {"url": URL, "detail": "low"}}, [uri("image")]),
    ({"type": "image_url", "image_url": URL}, [uri("image")]),
    ({"type": "image_url", "image_url": {"url": DATA_URL}}, [blob("image", "image/png")]),
    (
        {"type": "input_audio", "input_audio": {"data": BASE64, "format": "wav"}},
        [blob("audio", "audio/wav")],
    ),
    (
        {"type": "file", "file": {"filename": "a.pdf", "file_data": DATA_URL}},
        [blob("image", "image/png")],
    ),
    ({"type": "file", "file": {"file_id": "file-1"}}, [file("document")]),
    ({"type": "input_image", "image_url": DATA_URL}, [blob("image", "image/png")]),
    ({"type": "input_image", "file_id": "file-1"}, [file("image")]),
    ({"type": "input_file", "file_url": URL}, [uri("document")]),
    ({"type": "input_text", "text": "hello"}, [text("hello")]),
    (
        {"type": "output_text", "text": "hi", "annotations": [{"type": "url_citation"}]},
        [text("hi") | {"annotations": [{"type": "url_citation"}]}],
    ),
    (
        {
            "type": "reasoning",
            "id": "rs_1",
            "summary": [
                {"type": "summary_text", "text": "one"},
                {"type": "summary_text", "text": "two"},
            ],
            "encrypted_content": "opaque",
        },
        [reasoning("one"), reasoning("two")],
    ),
    ({"type": "reasoning", "id": "rs_1", "summary": []}, []),
    (
        {"type": "function_call", "id": "f", "call_id": "c1", "name": "search", "arguments": "{}"},
        [call({})],
    ),
    (
        {"type": "computer_call", "call_id": "c1", "action": {"type": "click"}},
        [call({"type": "click"}, name="computer")],
    ),
    (
        {
            "type": "web_search_call",
            "id": "s1",
            "status": "completed",
            "action": {"type": "search", "query": "cats"},
        },
        [server_call("web_search", {"type": "search", "query": "cats"})],
    ),
    (
        {"type": "file_search_call", "id": "s1", "queries": ["a"], "results": [{"score": 1}]},
        [
            server_call("file_search", {"queries": ["a"]}),
            server_result("file_search", [{"score": 1}]),
        ],
    ),
    (
        {"type": "code_interpreter_call", "id": "s1", "code": "1+1", "outputs": None},
        [server_call("code_interpreter", {"code": "1+1"})],
    ),
    (
        {"type": "mcp_call", "id": "s1", "name": "ask", "arguments": '{"q": 1}', "output": "42"},
        [server_call("ask", {"q": 1}), server_result("mcp", "42")],
    ),
    (
        {"type": "function_call_output", "call_id": "c1", "output": "42"},
        [{"type": "tool_call_response", "id": "c1", "response": "42"}],
    ),
]

ANTHROPIC: list[tuple[Block, list[Part]]] = [
    ({"type": "thinking", "thinking": "hm", "signature": "opaque"}, [reasoning("hm")]),
    ({"type": "redacted_thinking", "data": "opaque"}, [generic("redacted_thinking")]),
    ({"type": "text", "text": "x", "cache_control": {"type": "ephemeral"}}, [text("x")]),
    (
        {"type": "text", "text": "cats", "citations": [{"cited_text": "cats"}]},
        [text("cats") | {"annotations": [{"cited_text": "cats"}]}],
    ),
    ({"type": "tool_use", "id": "c1", "name": "search", "input": {"q": 1}}, [call({"q": 1})]),
    (
        {"type": "tool_result", "tool_use_id": "c1", "content": [{"type": "text", "text": "ok"}]},
        [{"type": "tool_call_response", "id": "c1", "response": "ok"}],
    ),
    (
        {
            "type": "image",
            "source": {"type": "base64", "media_type": "image/png", "data": BASE64},
        },
        [blob("image", "image/png")],
    ),
    ({"type": "image", "source": {"type": "url", "url": URL}}, [uri("image")]),
    ({"type": "image", "source": {"type": "file", "file_id": "file-1"}}, [file("image")]),
    (
        {
            "type": "document",
            "source": {"type": "base64", "media_type": "application/pdf", "data": BASE64},
        },
        [blob("document", "application/pdf")],
    ),
    (
        {
            "type": "document",
            "source": {"type": "text", "media_type": "text/plain", "data": "notes"},
        },
        [text("notes")],
    ),
    ({"type": "container_upload", "file_id": "file-1"}, [file("document")]),
    (
        {"type": "server_tool_use", "id": "s1", "name": "web_search", "input": {"q": "cats"}},
        [server_call("web_search", {"q": "cats"})],
    ),
    (
        {"type": "mcp_tool_use", "id": "s1", "name": "ask", "input": {}},
        [server_call("ask", {})],
    ),
    (
        {"type": "web_search_tool_result", "tool_use_id": "s1", "content": [{"url": URL}]},
        [server_result("web_search_tool_result", [{"url": URL}])],
    ),
    (
        {"type": "mcp_tool_result", "tool_use_id": "s1", "is_error": True, "content": "no"},
        [server_result("mcp_tool_result", "no", is_error=True)],
    ),
    (
        {"type": "compaction", "content": "so far"},
        [{"type": "compaction", "content": "so far"}],
    ),
    ({"type": "compaction", "encrypted_content": "opaque"}, [{"type": "compaction"}]),
]

GOOGLE_AND_BEDROCK: list[tuple[Block, list[Part]]] = [
    ({"type": "media", "mime_type": "image/png", "data": PNG}, [blob("image", "image/png")]),
    (
        {"type": "media", "mime_type": "video/mp4", "file_uri": "gs://b/a.mp4"},
        [uri("video", "gs://b/a.mp4", "video/mp4")],
    ),
    ({"type": "file_data", "file_uri": URL}, [uri("document")]),
    (
        {"inline_data": {"mime_type": "image/png", "data": BASE64}},
        [blob("image", "image/png")],
    ),
    (
        {"type": "executable_code", "id": "s1", "executable_code": "1+1", "language": "PYTHON"},
        [server_call("executable_code", {"executable_code": "1+1"})],
    ),
    (
        {"type": "code_execution_result", "tool_call_id": "s1", "code_execution_result": "2"},
        [server_result("code_execution_result", "2")],
    ),
    ({"functionCall": {"name": "search", "args": {"q": 1}, "id": "c1"}}, [call({"q": 1})]),
    ({"text": "hello"}, [text("hello")]),
    (
        {"image": {"format": "png", "source": {"bytes": PNG}}},
        [blob("image", "image/png")],
    ),
    (
        {"document": {"format": "pdf", "name": "a", "source": {"bytes": PNG}}},
        [blob("document", "application/pdf")],
    ),
    ({"document": {"format": "txt", "source": {"text": "notes"}}}, [text("notes")]),
    (
        {"video": {"format": "mp4", "source": {"s3Location": {"uri": "s3://b/a.mp4"}}}},
        [uri("video", "s3://b/a.mp4", "video/mp4")],
    ),
    ({"reasoningContent": {"reasoningText": {"text": "hm", "signature": "s"}}}, [reasoning("hm")]),
    (
        {"type": "reasoning_content", "reasoning_content": {"text": "hm", "signature": "s"}},
        [reasoning("hm")],
    ),
    ({"toolUse": {"toolUseId": "c1", "name": "search", "input": {"q": 1}}}, [call({"q": 1})]),
    (
        {"cachePoint": {"type": "default"}},
        [generic("cachePoint", {"cachePoint": {"type": "default"}})],
    ),
    ({}, [generic("empty")]),
]


@pytest.mark.parametrize(
    ("block", "expected"), STANDARD + V0 + OPENAI + ANTHROPIC + GOOGLE_AND_BEDROCK
)
def test_block(block: Block, expected: list[Part]) -> None:
    """Every shape of a block has its part, valid by the conventions' schema."""
    assert parts(block) == expected


def test_every_standard_block_is_known() -> None:
    """What langchain-core defines has a row."""
    content = pytest.importorskip("langchain_core.messages.content")
    assert set(CONVERTERS) >= content.KNOWN_BLOCK_TYPES


@pytest.mark.parametrize("block", [PNG, 5, None, ["nested"], {"type": 5}, {"type": ["x"]}])
def test_what_is_no_block_is_generic_or_nothing(block: Block) -> None:
    """Content that breaks LangChain's own rules breaks nothing here."""
    message = HumanMessage.model_construct(content=[block], additional_kwargs={})
    message.__dict__["type"] = "human"
    (found,) = data(conversation([[message]]))
    assert all(part["type"] == "generic" for part in found["parts"])


# Bytes


@pytest.mark.parametrize(
    "block",
    [
        {"type": "image", "base64": BASE64, "mime_type": "image/png"},
        {"type": "image_url", "image_url": {"url": DATA_URL}},
        {"type": "image_url", "image_url": {"url": BASE64 * 40}},
        {"type": "media", "mime_type": "image/png", "data": PNG},
        {"type": "image_generation_call", "id": "s1", "result": BASE64},
        {"type": "future", "image": {"type": "image", "base64": BASE64}, "icon": DATA_URL},
        {"type": "tool_result", "content": [{"type": "image", "base64": BASE64}]},
        {"type": "tool_result", "content": DATA_URL},
        {"type": "text", "text": DATA_URL},
        {
            "type": "document",
            "source": {
                "type": "content",
                "content": [
                    {
                        "type": "image",
                        "source": {"type": "base64", "media_type": "image/png", "data": BASE64},
                    }
                ],
            },
        },
    ],
)
def test_bytes_are_described(block: Block) -> None:
    """Wherever a block keeps its bytes, type, size and hash are recorded and not they."""
    found = json.dumps(parts(block))
    assert BASE64 not in found
    assert '"sha256"' in found


def test_bytes_on_demand() -> None:
    """With `binary` the bytes are there, whole, in base64."""
    expected = {
        "type": "blob",
        "modality": "image",
        "mime_type": "image/png",
        "content": BASE64,
    }
    for block in (
        {"type": "image", "base64": BASE64, "mime_type": "image/png"},
        {"type": "image_url", "image_url": {"url": DATA_URL}},
        {"type": "media", "mime_type": "image/png", "data": PNG},
    ):
        assert parts(block, binary=True, max_length=8) == [expected]


# Messages


def one(message: Any) -> Any:
    (found,) = data(conversation([[message]]))
    return found


ROLES: list[tuple[Any, dict[str, Any]]] = [
    (HumanMessage("x"), {"role": "user", "parts": [text("x")]}),
    (HumanMessage("x", name="ann"), {"role": "user", "parts": [text("x")], "name": "ann"}),
    (SystemMessage("x"), {"role": "system", "parts": [text("x")]}),
    (AIMessage("x"), {"role": "assistant", "parts": [text("x")]}),
    (AIMessage(""), {"role": "assistant", "parts": []}),
    (AIMessageChunk(content="x"), {"role": "assistant", "parts": [text("x")]}),
    (ChatMessage(content="x", role="judge"), {"role": "judge", "parts": [text("x")]}),
    (
        FunctionMessage(content="x", name="search"),
        {
            "role": "tool",
            "parts": [{"type": "tool_call_response", "response": "x"}],
            "name": "search",
        },
    ),
    ("x", {"role": "user", "parts": [text("x")]}),
    (("human", "x"), {"role": "user", "parts": [text("x")]}),
    (("ai", "x"), {"role": "assistant", "parts": [text("x")]}),
    ({"role": "user", "content": "x"}, {"role": "user", "parts": [text("x")]}),
    ({"type": "ai", "content": "x"}, {"role": "assistant", "parts": [text("x")]}),
    ({"role": "model", "parts": [{"text": "x"}]}, {"role": "assistant", "parts": [text("x")]}),
    (
        {"role": "tool", "tool_call_id": "c1", "content": "x"},
        {"role": "tool", "parts": [{"type": "tool_call_response", "id": "c1", "response": "x"}]},
    ),
    (
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"id": "c1", "function": {"name": "search", "arguments": '{"q": 1}'}}],
        },
        {"role": "assistant", "parts": [call({"q": 1})]},
    ),
]


@pytest.mark.parametrize(("message", "expected"), ROLES)
def test_role(message: Any, expected: dict[str, Any]) -> None:
    """Every class of message, and everything that LangChain takes for one."""
    assert one(message) == expected


def test_tool_message() -> None:
    """The result and the error of a tool; its artifact is not for the record."""
    message = ToolMessage(
        "boom", tool_call_id="c1", name="search", status="error", artifact={"secret": 1}
    )
    assert one(message) == {
        "role": "tool",
        "name": "search",
        "parts": [
            {"type": "tool_call_response", "id": "c1", "response": "boom", "status": "error"}
        ],
    }


def test_tool_message_with_a_picture() -> None:
    """A result of several blocks is a list of parts."""
    message = ToolMessage(
        [{"type": "text", "text": "see"}, {"type": "image", "base64": BASE64}], tool_call_id="c1"
    )
    assert one(message)["parts"][0]["response"] == [text("see"), blob("image")]


def test_tool_calls_are_said_once() -> None:
    """Blocks that repeat the message's own list of calls are skipped."""
    message = AIMessage(
        content=[
            {"type": "text", "text": "let me see"},
            {"type": "tool_use", "id": "c1", "name": "search", "input": {"q": 1}},
        ],
        tool_calls=[{"id": "c1", "name": "search", "args": {"q": 1}}],
        invalid_tool_calls=[{"id": "c2", "name": "search", "args": "{", "error": "bad"}],
    )
    assert one(message)["parts"] == [
        text("let me see"),
        call({"q": 1}),
        call("{", "c2") | {"error": "bad"},
    ]


OLD: list[tuple[dict[str, Any], list[Part]]] = [
    (
        {"function_call": {"name": "search", "arguments": '{"q": 1}'}},
        [{"type": "tool_call", "name": "search", "arguments": {"q": 1}}],
    ),
    (
        {"tool_calls": [{"id": "c1", "function": {"name": "search", "arguments": "{"}}]},
        [call("{")],
    ),
    ({"refusal": "no"}, [text("no") | {"refusal": True}]),
    ({"refusal": None}, []),
    ({"reasoning_content": "hm"}, [reasoning("hm")]),
    ({"reasoning": {"summary": [{"type": "summary_text", "text": "hm"}]}}, [reasoning("hm")]),
    (
        {"audio": {"id": "a1", "data": BASE64, "transcript": "miau"}},
        [blob("audio"), text("miau")],
    ),
    ({"audio": PNG}, [blob("audio", "audio/wav")]),
    ({"audio": 5, "parsed": object()}, []),
]


@pytest.mark.parametrize(("extra", "expected"), OLD)
def test_additional_kwargs(extra: dict[str, Any], expected: list[Part]) -> None:
    """Where packages put what LangChain has no field for."""
    message = AIMessage.model_construct(content="", additional_kwargs=extra, type="ai")
    assert one(message)["parts"] == expected


def test_what_is_no_message_is_not_touched() -> None:
    """It is described by its type, and the others are there."""

    class Raising:
        def __getattribute__(self, name: str) -> Any:
            raise ValueError(name)

    first, second = data(conversation([[Raising(), "x"]]))
    assert [part["type"] for part in first["parts"]] == ["generic"]
    assert second == {"role": "user", "parts": [text("x")]}


def test_removals_are_no_messages() -> None:
    """An instruction to a graph's state is no message."""
    assert data(conversation([[HumanMessage("x"), RemoveMessage(id="1")]])) == [
        {"role": "user", "parts": [text("x")]}
    ]


def test_prompts() -> None:
    """A completion model's prompts are messages of the user."""
    assert data(prompts(["x", ""])) == [
        {"role": "user", "parts": [text("x")]},
        {"role": "user", "parts": []},
    ]


def test_unbound_messages_have_the_default_limits() -> None:
    """Without a policy the ordinary bounds hold."""
    (message,) = conversation([[HumanMessage("x" * 100_000)]]).data()
    assert "characters cut" in message["parts"][0]["content"]
    assert health.failures.pop("max_content_length") == 1


# Answers

REASONS: list[tuple[dict[str, Any], str]] = [
    ({"finish_reason": "stop"}, "stop"),
    ({"finish_reason": "length"}, "length"),
    ({"finish_reason": "content_filter"}, "content_filter"),
    ({"stop_reason": "end_turn"}, "stop"),
    ({"stop_reason": "max_tokens"}, "length"),
    ({"stop_reason": "refusal"}, "content_filter"),
    ({"stopReason": "tool_use"}, "tool_call"),
    ({"finish_reason": "SAFETY"}, "content_filter"),
    ({"finish_reason": "MAX_TOKENS"}, "length"),
    ({"done_reason": "stop"}, "stop"),
    ({"status": "completed"}, "stop"),
    ({"status": "completed", "incomplete_details": None}, "stop"),
    ({"status": "incomplete", "incomplete_details": {}}, "length"),
    (
        {"status": "incomplete", "incomplete_details": {"reason": "content_filter"}},
        "content_filter",
    ),
    ({"status": "failed"}, "error"),
    ({"finish_reason": "of its own"}, "of its own"),
    ({"finish_reason": None}, "unknown"),
    ({"finish_reason": "FINISH_REASON_UNSPECIFIED" * 2 + "STOP"}, "stop"),
    ({"finish_reason": "FINISH_REASON_UNSPECIFIED"}, "unknown"),
    ({}, "unknown"),
]


@pytest.mark.parametrize(("metadata", "expected"), REASONS)
def test_finish_reason(metadata: dict[str, Any], expected: str) -> None:
    """Every answer says why it ended, in the schema's words; an unknown reason is no other."""
    message = AIMessage("x", response_metadata=metadata)
    for result in (
        LLMResult(generations=[[ChatGeneration(message=message)]]),
        LLMResult(generations=[[ChatGeneration(message=AIMessage("x"), generation_info=metadata)]]),
    ):
        (found,) = data(answers(result), "output-messages")
        assert found == {"role": "assistant", "parts": [text("x")], "finish_reason": expected}
    (found,) = data(state_messages({"messages": ["earlier", message]}, last=1), "output-messages")
    assert found["finish_reason"] == expected


def test_answer_that_calls_tools() -> None:
    """A call without a reason is one all the same."""
    message = AIMessage("", tool_calls=[{"id": "c1", "name": "search", "args": {}}])
    result = LLMResult(generations=[[ChatGeneration(message=message)]])
    (found,) = data(answers(result), "output-messages")
    assert found["finish_reason"] == "tool_call"


def test_answer_of_a_completion_model() -> None:
    """A text, and its reason."""
    generation = Generation(text="x", generation_info={"finish_reason": "stop"})
    result = LLMResult(generations=[[generation]])
    assert data(answers(result), "output-messages") == [
        {"role": "assistant", "parts": [text("x")], "finish_reason": "stop"}
    ]


@pytest.mark.parametrize("state", [None, 5, {}, {"messages": None}, {"messages": "x"}, object()])
def test_state_without_messages(state: Any) -> None:
    """A graph's state need not have any."""
    assert not state_messages(state)


# Documents and tool definitions


def test_documents() -> None:
    """Id and score where they are known, and nowhere made up."""
    found = documents(
        [
            Document("a", id="1", metadata={"score": 0.5, "source": "s"}),
            Document("b", metadata={"relevance_score": 1, "_id": 7}),
            Document("c", metadata={"score": "high"}),
            Document("d", metadata={"score": True}),
            Document("e", metadata={"score": float("nan")}),
        ]
    )
    facts = {semconv.GEN_AI_RETRIEVAL_DOCUMENTS: found}
    kept = permitted(facts, Policy())[semconv.GEN_AI_RETRIEVAL_DOCUMENTS].data()
    check("retrieval-documents", kept)
    assert kept[:3] == [
        {"id": "1", "score": 0.5, "content": "a", "metadata": {"score": 0.5, "source": "s"}},
        {"id": "7", "score": 1.0, "content": "b", "metadata": {"relevance_score": 1, "_id": 7}},
        {"content": "c", "metadata": {"score": "high"}},
    ]
    assert all("score" not in document for document in kept[3:])


SCHEMA = {"type": "object", "properties": {"q": {"type": "string"}}}
FUNCTION = {
    "type": "function",
    "name": "search",
    "description": "Search.",
    "parameters": SCHEMA,
}
DESCRIBED = {"name": "search", "description": "Search."}
DEFINITIONS: list[tuple[Any, list[Any]]] = [
    ({"tools": [{"type": "function", "function": DESCRIBED | {"parameters": SCHEMA}}]}, [FUNCTION]),
    ({"tools": [FUNCTION | {"strict": True}]}, [FUNCTION]),
    ({"functions": [DESCRIBED | {"parameters": SCHEMA}]}, [FUNCTION]),
    ({"tools": [DESCRIBED | {"input_schema": SCHEMA}]}, [FUNCTION]),
    (
        {"tools": [{"type": "custom", **DESCRIBED, "input_schema": SCHEMA}]},
        [FUNCTION],
    ),
    (
        {"tools": [{"function_declarations": [DESCRIBED | {"parameters": SCHEMA}]}]},
        [FUNCTION],
    ),
    (
        {"toolConfig": {"tools": [{"toolSpec": DESCRIBED | {"inputSchema": {"json": SCHEMA}}}]}},
        [FUNCTION],
    ),
    (
        {"tools": [{"type": "web_search_20250305", "name": "web_search", "max_uses": 5}]},
        [{"type": "web_search_20250305", "name": "web_search"}],
    ),
    (
        {"tools": [{"type": "web_search"}, {"google_search": {}}]},
        [
            {"type": "web_search", "name": "web_search"},
            {"type": "google_search", "name": "google_search"},
        ],
    ),
    ({"tools": [{"type": "function", "name": "f"}]}, [{"type": "function", "name": "f"}]),
    ({"tools": [None, 5, {}, {"function": {}}]}, []),
    ({"tools": "all"}, []),
    ({}, []),
    (None, []),
]


@pytest.mark.parametrize(("parameters", "expected"), DEFINITIONS)
def test_tool_definitions(parameters: Any, expected: list[Any]) -> None:
    """What every provider package passes as its tools."""
    definitions = tool_definitions(parameters)
    facts = {semconv.GEN_AI_TOOL_DEFINITIONS: definitions}
    kept = permitted(facts, Policy()).get(semconv.GEN_AI_TOOL_DEFINITIONS)
    found = [] if kept is None else kept.data()
    check("tool-definitions", found)
    assert found == expected


def test_tool_definitions_as_objects() -> None:
    """Google's package passes objects; their fields are read."""

    class Declaration:
        def __init__(self) -> None:
            self.name = "search"
            self.description = "Search."
            self.parameters = SCHEMA

    class Tool:
        def __init__(self) -> None:
            self.function_declarations = [Declaration()]

    assert tool_definitions({"tools": [Tool()]}) == [FUNCTION]
