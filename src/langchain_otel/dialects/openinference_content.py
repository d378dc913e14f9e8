"""States content in the names of OpenInference: input and output, messages, documents."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import orjson
from opentelemetry.trace import Span

from langchain_otel import semconv
from langchain_otel.content.allowance import Allowance
from langchain_otel.content.documents import documents
from langchain_otel.content.fields import entry, first_items, mapping_of, size_of, text_of
from langchain_otel.content.policy import MAX_LENGTH
from langchain_otel.content.values import EMPTY, Facts
from langchain_otel.dialects import openinference_names as names
from langchain_otel.dialects.dialect import Attributes
from langchain_otel.dialects.openinference import kind_of
from langchain_otel.dialects.openinference_messages import (
    document_fields,
    in_order,
    json_of,
    newest_first,
    only_text,
    tool_fields,
)
from langchain_otel.operations.prompt_template import is_template, variables_in
from langchain_otel.runs.reported import Started
from langchain_otel.runs.run import Run

# What a span takes that does not say how much, as the SDK has it by default.
DEFAULT_ROOM: Final = 128
UNBOUNDED: Final = 10_000
# Kept free while a run is open: for what its end adds, its answer among it.
FOR_THE_END: Final = 40
TOOLS_SHARE: Final = 4
MAX_DEPTH: Final = 4
MAX_TEMPLATES: Final = 1_000
TYPES: Final = (
    (names.INPUT_VALUE, names.INPUT_MIME_TYPE),
    (names.OUTPUT_VALUE, names.OUTPUT_MIME_TYPE),
)
JSON_ENDS: Final = (("{", "}"), ("[", "]"))


def request_content(run: Run, started: Started) -> Facts:
    """What OpenInference records of a request and the GenAI conventions do not."""
    if is_template(started):
        template = "\n".join(_templates(started.serialized, Allowance(MAX_TEMPLATES)))
        facts = {} if run.parent is None else variables_in(started)
        return facts | {semconv.PROMPT_TEMPLATE: template} if template else facts
    kind = kind_of(run)
    if kind == names.EMBEDDING:
        one = text_of(started.payload)
        texts = first_items(started.payload) if one is None else [one]
        return {semconv.EMBEDDINGS_INPUT: texts} if texts else {}
    if kind == names.RERANKER and size_of(started.options.get("documents")):
        return {semconv.RERANKING_DOCUMENTS: documents(started.options["documents"])}
    return {}


def content(shown: Facts, run: Run, taken: int = 0) -> Attributes:
    """The attributes of content that was permitted; messages have become values before.

    `taken`: for how many others the span needs room.
    """
    free = _room(run.span) - taken
    held = getattr(run.span, "attributes", None) or EMPTY
    found: Attributes = _variables(shown, run)
    # Messages take what the rest has left.
    for name in sorted(shown, key=LISTS_OF_MESSAGES.__contains__):
        describe = DESCRIBED.get(name)
        if describe is not None:
            room = free - len(found) - (0 if name in TOLD_AT_END else FOR_THE_END)
            described = describe(shown[name], run, max(room, 0))
            found.update(described)
            found.update(_types_of_texts(described, found, held))
        elif not name.startswith("gen_ai."):
            found[name] = shown[name]
    return found


def _types_of_texts(
    described: Attributes, found: Attributes, held: Mapping[str, Any]
) -> Attributes:
    """The types of texts that replace JSON, as the input of a streamed chain does when it ends."""
    return {
        type_name: names.TEXT
        for name, type_name in TYPES
        if name in described
        and type_name not in described
        and (type_name in found or type_name in held)
    }


def _room(span: Span) -> int:
    limits = getattr(span, "_limits", None)
    most = getattr(limits, "max_span_attributes", DEFAULT_ROOM)
    return (UNBOUNDED if most is None else most) - len(getattr(span, "attributes", None) or ())


def _input_messages(value: Any, run: Run, room: int) -> Attributes:
    if _is_completion(run):
        parts = [part for message in value.data() for part in message["parts"]]
        prompts = [part["content"] for part in parts if "content" in part]
        return {names.LLM_PROMPTS: prompts} | _input(value, run, room)
    return _messages(value, run, room, names.LLM_INPUT_MESSAGES) | _input(value, run, room)


def _output_messages(value: Any, run: Run, room: int) -> Attributes:
    if _is_completion(run):
        return _output(value, run, room)
    return _messages(value, run, room, names.LLM_OUTPUT_MESSAGES) | _output(value, run, room)


def _is_completion(run: Run) -> bool:
    return bool(run.facts.get(semconv.GEN_AI_OPERATION_NAME) == semconv.TEXT_COMPLETION)


def _messages(value: Any, run: Run, room: int, prefix: str) -> Attributes:
    # Two are for the whole as one value.
    return newest_first(prefix, value.data(), room - 2) if kind_of(run) == names.LLM else {}


def _tools(value: Any, run: Run, room: int) -> Attributes:
    if kind_of(run) != names.LLM:
        return {}
    return in_order(names.LLM_TOOLS, map(tool_fields, value.data()), room // TOOLS_SHARE)


def _arguments(value: Any, run: Run, room: int) -> Attributes:
    return {names.TOOL_PARAMETERS: _text(value)} | _input(value, run, room)


def _query(value: Any, run: Run, room: int) -> Attributes:
    query = {names.RERANKER_QUERY: _text(value)} if kind_of(run) == names.RERANKER else {}
    return query | _input(value, run, room)


def _found(value: Any, run: Run, room: int) -> Attributes:
    is_reranker = kind_of(run) == names.RERANKER
    word = names.RERANKER_OUTPUT_DOCUMENTS if is_reranker else names.RETRIEVAL_DOCUMENTS
    return in_order(word, map(document_fields, value.data()), room - 2) | _output(value, run, room)


def _to_rerank(value: Any, _: Run, room: int) -> Attributes:
    # Half of the room is for those that come out.
    described = map(document_fields, value.data())
    return in_order(names.RERANKER_INPUT_DOCUMENTS, described, room // 2)


def _to_embed(value: Any, run: Run, room: int) -> Attributes:
    texts = ({names.EMBEDDING_TEXT: text} for text in value.data())
    return in_order(names.EMBEDDINGS, texts, room - 2) | _input(value, run, room)


def _template(value: Any, *_: Any) -> Attributes:
    return {names.LLM_PROMPT_TEMPLATE: value}


def _input(value: Any, *_: Any) -> Attributes:
    return _value(value, names.INPUT_VALUE, names.INPUT_MIME_TYPE)


def _output(value: Any, *_: Any) -> Attributes:
    return _value(value, names.OUTPUT_VALUE, names.OUTPUT_MIME_TYPE)


def _value(value: Any, name: str, type_name: str) -> Attributes:
    text = _plain_text(value)
    if text is None:
        return {name: value.json(), type_name: names.JSON}
    if _is_json(text):
        return {name: text, type_name: names.JSON}
    return {name: text}


def _is_json(text: str) -> bool:
    if not any(text.startswith(first) and text.endswith(last) for first, last in JSON_ENDS):
        return False
    try:
        orjson.loads(text)
    except ValueError:
        return False
    return True


def _text(value: Any) -> str:
    text = _plain_text(value)
    return str(value.json()) if text is None else text


def _plain_text(value: Any) -> str | None:
    """What is a text, or may be shown as one; None for what is JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, (bool, int, float)):
        return json_of(value)
    data = value.data()
    if isinstance(data, str):
        return data
    # A message that is one text is that text, so that lists of traces are easy to read.
    is_messages = isinstance(data, list) and data and isinstance(data[0], Mapping)
    return only_text(data) if is_messages and "parts" in data[0] else None


def _variables(shown: Facts, run: Run) -> Attributes:
    # They stand on the span of the prompt, not once more on the model's.
    if kind_of(run) != names.CHAIN:
        return {}
    prefix = semconv.GEN_AI_PROMPT_VARIABLE
    found = {key.removeprefix(prefix): shown[key] for key in shown if key.startswith(prefix)}
    return {names.LLM_PROMPT_TEMPLATE_VARIABLES: json_of(found)} if found else {}


def _templates(serialized: Any, allowance: Allowance) -> Iterator[str]:
    """The texts of a prompt template as LangChain serializes it, of each message in turn."""
    if allowance.depth > MAX_DEPTH or not allowance.grant(1):
        return
    allowance.depth += 1
    for item in first_items(serialized, allowance.nodes):
        yield from _templates(item, allowance)
    fields = mapping_of(entry(serialized, "kwargs"))
    template = text_of(fields.get("template"))
    if template is not None:
        yield template[:MAX_LENGTH]
    for key in ("messages", "prompt"):
        yield from _templates(fields.get(key), allowance)
    allowance.depth -= 1


Describe = Callable[[Any, Run, int], Attributes]

DESCRIBED: Final[dict[str, Describe]] = {
    semconv.GEN_AI_INPUT_MESSAGES: _input_messages,
    semconv.GEN_AI_OUTPUT_MESSAGES: _output_messages,
    semconv.GEN_AI_TOOL_DEFINITIONS: _tools,
    semconv.GEN_AI_TOOL_CALL_ARGUMENTS: _arguments,
    semconv.GEN_AI_TOOL_CALL_RESULT: _output,
    semconv.GEN_AI_RETRIEVAL_QUERY_TEXT: _query,
    semconv.GEN_AI_RETRIEVAL_DOCUMENTS: _found,
    semconv.RERANKING_DOCUMENTS: _to_rerank,
    semconv.EMBEDDINGS_INPUT: _to_embed,
    semconv.PROMPT_TEMPLATE: _template,
    semconv.STATE_INPUT: _input,
    semconv.STATE_OUTPUT: _output,
}
"""What becomes of content, by its fact."""

LISTS_OF_MESSAGES: Final = frozenset(
    (semconv.GEN_AI_INPUT_MESSAGES, semconv.GEN_AI_OUTPUT_MESSAGES)
)
TOLD_AT_END: Final = frozenset(
    (
        semconv.GEN_AI_OUTPUT_MESSAGES,
        semconv.GEN_AI_TOOL_CALL_RESULT,
        semconv.GEN_AI_RETRIEVAL_DOCUMENTS,
        semconv.STATE_OUTPUT,
    )
)
