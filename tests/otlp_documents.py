"""Knows OTLP documents as other programs write them: whole ones, large ones and hostile ones."""

import base64
import json
from collections.abc import Mapping
from typing import Any, Final

Json = dict[str, Any]

TRACE: Final = "c0ffee" + "0" * 25 + "1"
SECOND: Final = 1_000_000_000
NOW: Final = 1_790_000_000 * SECOND
SENTINEL: Final = "SENTINEL"
RUNS: Final = "window.ran = true"
HOSTILE_TEXTS: Final = (
    f"<script>{RUNS}</script>",
    f"</script><script>{RUNS}</script>",
    f"<!--<script>{RUNS}//--></script>",
    f'"><img src=x onerror="{RUNS}">',
    f"<svg/onload={RUNS}>",
    f"javascript:{RUNS}",
    f"<a href='javascript:{RUNS}'>click</a>",
    f"<iframe srcdoc='<script>parent.{RUNS}</script>'></iframe>",
    "<style>@import 'http://127.0.0.1:9/x'</style><link rel=stylesheet href=//127.0.0.1:9/y>",
    "<meta http-equiv=refresh content='0;url=http://127.0.0.1:9/'><base href=//127.0.0.1:9/>",
    f"${{{RUNS}}} {{{{constructor.constructor('{RUNS}')()}}}}",
    "\u202egnp.exe\u202c \u2066isolated\u2069 \u200b\ufeff",
    "null \x00 bell \x07 escape \x1b[31m",
    "line\u2028paragraph\u2029separators",
    "&lt;b&gt; &amp;amp; <b>bold</b>",
    "__proto__",
)


def any_value(value: Any) -> Json:
    """A value as OTLP writes it, 64 bits as text."""
    match value:
        case bool():
            return {"boolValue": value}
        case int():
            return {"intValue": str(value)}
        case float():
            return {"doubleValue": value}
        case list():
            return {"arrayValue": {"values": [any_value(each) for each in value]}}
        case dict():
            return {"kvlistValue": {"values": pairs(value)}}
    return {"stringValue": value}


def pairs(attributes: Mapping[str, Any]) -> list[Json]:
    return [{"key": name, "value": any_value(value)} for name, value in attributes.items()]


def span(number: int, parent: int | None = None, name: str = "", **fields: Any) -> Json:
    """A span that begins as many milliseconds after the first as its number says."""
    start = NOW + number * 1_000_000
    made: Json = {
        "traceId": TRACE,
        "spanId": f"{number:016x}",
        "name": name or f"span {number}",
        "kind": 1,
        "startTimeUnixNano": str(start),
        "endTimeUnixNano": str(start + 5_000_000),
        "attributes": pairs(fields.pop("attributes", {})),
        "status": {},
    }
    if parent is not None:
        made["parentSpanId"] = f"{parent:016x}"
    return made | fields


def document(*spans: Json, resource: Mapping[str, Any] | None = None, scope: str = "tests") -> Json:
    """An OTLP request."""
    described = {"attributes": pairs(resource or {"service.name": "shop"})}
    scopes = [{"scope": {"name": scope, "version": "1"}, "spans": list(spans)}]
    return {"resourceSpans": [{"resource": described, "scopeSpans": scopes}]}


def lines(*documents: Json) -> str:
    return "".join(json.dumps(each) + "\n" for each in documents)


def messages(*said: tuple[str, str]) -> str:
    """Messages as the conventions write them on a span."""
    return json.dumps(
        [{"role": role, "parts": [{"type": "text", "content": text}]} for role, text in said]
    )


def agent(said: str = "Will it rain in Lisbon?", answer: str = "It will be sunny.") -> list[Json]:
    """An agent with a model call, a tool that failed and a retrieval, with content."""
    call = {"type": "tool_call", "id": "call_1", "name": "look", "arguments": {"where": said}}
    asked = json.dumps([{"role": "assistant", "parts": [call], "finish_reason": "tool_call"}])
    documents = json.dumps([{"id": "d1", "score": 0.5, "content": said, "metadata": {"of": said}}])
    thrown = {
        "exception.type": "ValueError",
        "exception.message": said,
        "exception.stacktrace": f"Traceback\n  {said}",
    }
    return [
        span(
            1,
            name="invoke_agent guide",
            endTimeUnixNano=str(NOW + SECOND),
            attributes={
                "gen_ai.operation.name": "invoke_agent",
                "gen_ai.agent.name": "guide",
                "gen_ai.input.messages": messages(("user", said)),
                "gen_ai.output.messages": messages(("assistant", answer)),
                "langchain.metadata.customer": said,
                "user.id": said,
            },
        ),
        span(
            2,
            1,
            "chat gpt-5",
            kind=3,
            attributes={
                "gen_ai.operation.name": "chat",
                "gen_ai.provider.name": "openai",
                "gen_ai.request.model": "gpt-5",
                "gen_ai.system_instructions": json.dumps([{"type": "text", "content": said}]),
                "gen_ai.input.messages": messages(("user", said)),
                "gen_ai.output.messages": asked,
                "gen_ai.usage.input_tokens": 1200,
                "gen_ai.usage.output_tokens": 34,
                "langchain.cost.total": 0.0125,
            },
        ),
        span(
            3,
            1,
            "execute_tool look",
            attributes={
                "gen_ai.operation.name": "execute_tool",
                "gen_ai.tool.name": "look",
                "gen_ai.tool.call.arguments": json.dumps({"where": said}),
                "error.type": "ValueError",
            },
            status={"code": 2, "message": said},
            events=[
                {
                    "name": "exception",
                    "timeUnixNano": str(NOW + 4_000_000),
                    "attributes": pairs(thrown),
                }
            ],
            links=[{"traceId": TRACE, "spanId": f"{2:016x}", "attributes": []}],
        ),
        span(
            4,
            1,
            "retrieval library",
            attributes={
                "gen_ai.operation.name": "retrieval",
                "gen_ai.retrieval.query.text": said,
                "gen_ai.retrieval.documents": documents,
            },
        ),
    ]


def openinference(said: str = "Will it rain?") -> Json:
    """A model call and a retriever as OpenInference's instrumentations write them."""
    called = "llm.output_messages.0.message.tool_calls.0.tool_call"
    model = {
        "openinference.span.kind": "LLM",
        "llm.model_name": "gpt-5",
        "llm.provider": "openai",
        "input.value": json.dumps({"messages": [said]}),
        "llm.input_messages.0.message.role": "system",
        "llm.input_messages.0.message.content": f"be kind: {said}",
        "llm.input_messages.1.message.role": "user",
        "llm.input_messages.1.message.contents.0.message_content.type": "text",
        "llm.input_messages.1.message.contents.0.message_content.text": said,
        "llm.output_messages.0.message.role": "assistant",
        f"{called}.id": "call_7",
        f"{called}.function.name": "look",
        f"{called}.function.arguments": json.dumps({"where": said}),
        "llm.token_count.prompt": 7,
        "llm.token_count.completion": 2,
        "llm.cost.total": 0.5,
    }
    retriever = {
        "openinference.span.kind": "RETRIEVER",
        "input.value": said,
        "retrieval.documents.0.document.id": "d1",
        "retrieval.documents.0.document.score": 0.9,
        "retrieval.documents.0.document.content": f"rain: {said}",
        "retrieval.documents.0.document.metadata": json.dumps({"page": said}),
        "retrieval.documents.10.document.content": "the tenth",
        "retrieval.documents.2.document.content": "the second",
    }
    return document(
        span(1, name="ChatOpenAI", attributes=model),
        span(2, name="Retriever", attributes=retriever),
        scope="openinference.instrumentation.langchain",
    )


def traceloop(said: str = "Will it rain?") -> Json:
    """A workflow and a model call as OpenLLMetry writes them, and events of earlier conventions."""
    model = {
        "llm.request.type": "chat",
        "gen_ai.system": "OpenAI",
        "gen_ai.request.model": "gpt-4o",
        "gen_ai.prompt.0.role": "user",
        "gen_ai.prompt.0.content": said,
        "gen_ai.completion.0.role": "assistant",
        "gen_ai.completion.0.content": f"perhaps: {said}",
        "gen_ai.completion.0.tool_calls.0.name": "look",
        "gen_ai.completion.0.tool_calls.0.arguments": json.dumps({"where": said}),
        "gen_ai.usage.prompt_tokens": 11,
        "gen_ai.usage.completion_tokens": 3,
        "llm.usage.total_tokens": 14,
    }
    workflow = {
        "traceloop.span.kind": "workflow",
        "traceloop.entity.name": said,
        "traceloop.entity.input": json.dumps({"inputs": said}),
        "traceloop.entity.output": json.dumps({"outputs": said}),
    }
    choice = json.dumps({"content": f"choice: {said}"})
    events = [
        {"name": "gen_ai.user.message", "attributes": pairs({"content": f"event: {said}"})},
        {"name": "gen_ai.choice", "attributes": pairs({"message": choice, "index": 0})},
        {"name": "gen_ai.content.prompt", "attributes": pairs({"gen_ai.prompt": f"old: {said}"})},
    ]
    return document(
        span(1, name="travel.workflow", attributes=workflow),
        span(2, 1, "openai.chat", attributes=model),
        span(3, 1, "chat older", attributes={"gen_ai.operation.name": "chat"}, events=events),
        scope="opentelemetry.instrumentation.openai.v1",
    )


def in_base64(request: Json) -> Json:
    """The same request with ids as Protobuf's own JSON has them, and names of enums."""
    copied: Json = json.loads(json.dumps(request))
    for resource in copied["resourceSpans"]:
        for scope in resource["scopeSpans"]:
            for each in scope["spans"]:
                each["kind"] = "SPAN_KIND_CLIENT"
                for name in ("traceId", "spanId", "parentSpanId"):
                    if name in each:
                        each[name] = base64.b64encode(bytes.fromhex(each[name])).decode()
    return copied


def hostile() -> list[Json]:
    """Spans that would harm a page, or a program, that trusts what it reads."""
    spans = [
        span(
            number,
            None if number == 1 else 1,
            text,
            attributes={
                text: text,
                "gen_ai.operation.name": "chat" if number % 2 else text,
                "gen_ai.input.messages": messages((text, text)),
                "gen_ai.output.messages": json.dumps(
                    [
                        {
                            "role": "assistant",
                            "name": text,
                            "parts": [
                                {"type": "tool_call", "id": text, "name": text, "arguments": text},
                                {"type": "uri", "mime_type": text, "uri": f"javascript:{RUNS}"},
                                {
                                    "type": "blob",
                                    "mime_type": "image/svg+xml",
                                    "content": base64.b64encode(text.encode()).decode(),
                                },
                                {"type": "blob", "mime_type": "image/png", "content": '"><script>'},
                                {"type": text},
                                text,
                                7,
                                None,
                            ],
                        }
                    ]
                ),
                "gen_ai.retrieval.documents": json.dumps([{"id": text, "content": text}]),
                "gen_ai.response.model": text,
                "error.type": text,
            },
            status={"code": 2, "message": text},
            events=[{"name": text, "timeUnixNano": "7", "attributes": pairs({text: text})}],
            links=[{"traceId": text, "spanId": text, "attributes": pairs({text: text})}],
        )
        for number, text in enumerate(HOSTILE_TEXTS, 1)
    ]
    deep: Json = {"stringValue": "bottom"}
    for _ in range(40):
        deep = {"arrayValue": {"values": [deep]}}
    return [
        *spans,
        span(100, 1, "a megabyte", attributes={"text": "wide " * 200_000}),
        span(101, 1, "x" * 100_000),
        span(102, 1, "nested", attributes={"json": "[" * 5_000 + "]" * 5_000}),
        span(103, 1, "nested too") | {"attributes": [{"key": "deep", "value": deep}]},
        span(110, 112, "circle one"),
        span(111, 110, "circle two"),
        span(112, 111, "circle three"),
        span(113, 113, "its own parent"),
        span(120, 999, "an orphan"),
        span(130, 1, "twice"),
        span(130, 1, "twice, but another"),
        span(140, 1, "backwards", endTimeUnixNano=str(NOW - SECOND)),
        span(141, 1, "no times", startTimeUnixNano="never", endTimeUnixNano=None),
        span(142, 1, "no ids", spanId=None, parentSpanId=[]),
        span(143, 1, "wrong types", attributes={"a": "b"}, events=7, links="x", status=[], kind={}),
        span(144, 1, "", attributes={"": ""}),
        *(span(1000 + number, 1 if number == 0 else 999 + number) for number in range(300)),
    ]


def many(count: int) -> list[Json]:
    """An agent that went round and round: a step, a model call and a tool for each turn."""
    agent = {"gen_ai.operation.name": "invoke_agent"}
    end = str(NOW + count * 1_000_000)
    spans = [span(1, name="invoke_agent marathon", endTimeUnixNano=end, attributes=agent)]
    kinds = (("turn", ""), ("chat gpt-5", "chat"), ("execute_tool look", "execute_tool"))
    for number in range(2, count + 1):
        name, operation = kinds[number % 3]
        step = number - number % 3
        attributes = {
            "gen_ai.operation.name": operation,
            "turn": number,
            "gen_ai.output.messages": messages(("assistant", f"answer {number}")),
        }
        spans.append(span(number, 1 if step in {number, 0} else step, name, attributes=attributes))
    return spans
