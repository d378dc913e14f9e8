"""Finds what a span says of questions and answers, whichever dialect it says it in."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from opentelemetry.sdk.trace import ReadableSpan

from langchain_otel import semconv
from langchain_otel.dialects import openinference_names as names
from langchain_otel.exporters.message_texts import (
    all_messages,
    call_text,
    data_of,
    items_of,
    last_message,
    parts_text,
    text_of,
)

Attributes = Mapping[str, Any]


class Said(NamedTuple):
    """A text of a span, under a word: in short, which may be nothing, and whole."""

    word: str
    short: str
    whole: str


Reader = Callable[[str, Any], Said]


def content_of(span: ReadableSpan) -> list[Said]:
    """What the span was asked and what it answered, in this order."""
    attributes = span.attributes or {}
    found = [
        read(word, data_of(attributes[name]))
        for name, (word, read) in ROWS.items()
        if name in attributes
    ]
    return found or list(_openinference(span, attributes))


def is_content(name: str) -> bool:
    """Whether an attribute is shown as what a span was asked or answered."""
    return name in ROWS or name.startswith(OF_OPENINFERENCE)


def _messages(word: str, data: Any) -> Said:
    return Said(word, last_message(data), all_messages(data))


def _instructions(word: str, data: Any) -> Said:
    # They are the same in every call: a line for them would be in the way.
    return Said(word, "", parts_text(data))


def _value(word: str, data: Any) -> Said:
    is_messages = _is_messages(data)
    return _messages(word, data) if is_messages else Said(word, text_of(data), text_of(data))


def _documents(word: str, data: Any) -> Said:
    found = [each for each in items_of(data) if isinstance(each, Mapping)]
    return Said(word, _counted(len(found)), "\n".join(map(text_of, items_of(data))))


def _counted(count: int) -> str:
    return f"{count} document" + "s" * (count != 1)


def _is_messages(data: Any) -> bool:
    items = items_of(data)
    first = items[0] if items else None
    return isinstance(first, Mapping) and "role" in first and "parts" in first


ROWS: Final[dict[str, tuple[str, Reader]]] = {
    semconv.GEN_AI_SYSTEM_INSTRUCTIONS: ("system", _instructions),
    semconv.GEN_AI_INPUT_MESSAGES: ("question", _messages),
    semconv.STATE_INPUT: ("input", _value),
    semconv.GEN_AI_TOOL_CALL_ARGUMENTS: ("arguments", _value),
    semconv.GEN_AI_RETRIEVAL_QUERY_TEXT: ("query", _value),
    semconv.GEN_AI_OUTPUT_MESSAGES: ("answer", _messages),
    semconv.STATE_OUTPUT: ("output", _value),
    semconv.GEN_AI_TOOL_CALL_RESULT: ("result", _value),
    semconv.GEN_AI_RETRIEVAL_DOCUMENTS: ("found", _documents),
}
"""The words for the content of the GenAI conventions, and how it is read."""

MAX_DIGITS: Final = 6
# Words for the values of spans that are neither a root nor of a kind that is named here.
STATE: Final = ("input", "output")
CONVERSATION: Final = ("question", "answer")
SEARCH: Final = ("query", "found")
WORDS: Final = {
    names.LLM: CONVERSATION,
    names.AGENT: CONVERSATION,
    names.TOOL: ("arguments", "result"),
    names.RETRIEVER: SEARCH,
    names.RERANKER: SEARCH,
}
OF_OPENINFERENCE: Final = (
    names.INPUT_VALUE,
    names.OUTPUT_VALUE,
    f"{names.LLM_INPUT_MESSAGES}.",
    f"{names.LLM_OUTPUT_MESSAGES}.",
    f"{names.RETRIEVAL_DOCUMENTS}.",
    f"{names.RERANKER_OUTPUT_DOCUMENTS}.",
)


def _openinference(span: ReadableSpan, attributes: Attributes) -> Iterator[Said]:
    kind = attributes.get(names.SPAN_KIND)
    words = WORDS.get(str(kind), CONVERSATION if span.parent is None else STATE)
    sides = (
        (names.INPUT_VALUE, names.LLM_INPUT_MESSAGES),
        (names.OUTPUT_VALUE, names.LLM_OUTPUT_MESSAGES),
    )
    for word, (name, messages) in zip(words, sides, strict=True):
        spread = list(_spread(attributes, messages))
        if word == "found":
            yield from _found(word, attributes)
        elif spread:
            yield Said(word, last_message(spread), all_messages(spread))
        elif name in attributes:
            yield _value(word, data_of(attributes[name]))


def _found(word: str, attributes: Attributes) -> Iterator[Said]:
    """The documents, of which each has attributes of its own."""
    prefixes = (f"{names.RETRIEVAL_DOCUMENTS}.", f"{names.RERANKER_OUTPUT_DOCUMENTS}.")
    found = {
        name.removeprefix(prefix).split(".")[0]
        for name in attributes
        for prefix in prefixes
        if name.startswith(prefix)
    }
    data = data_of(attributes.get(names.OUTPUT_VALUE))
    if found or data is not None:
        whole = _documents(word, data if data is not None else [])
        # More may be in the whole value than a span has room for as attributes.
        yield (
            whole
            if not isinstance(data, str) and data
            else whole._replace(short=_counted(len(found)))
        )


def _spread(attributes: Attributes, prefix: str) -> Iterator[dict[str, Any]]:
    """The messages of which each field is an attribute."""
    fields: dict[int, dict[str, Any]] = {}
    for name, value in attributes.items():
        number, _, field = name.removeprefix(f"{prefix}.").partition(".")
        if name.startswith(f"{prefix}.") and number.isdecimal() and len(number) < MAX_DIGITS:
            fields.setdefault(int(number), {})[field] = value
    for _, message in sorted(fields.items()):
        texts = [
            text_of(value)
            for name, value in message.items()
            if name == names.MESSAGE_CONTENT or name.endswith(names.CONTENT_TEXT)
        ]
        content = " ".join(filter(None, [*texts, *_calls(message)]))
        yield {"role": message.get(names.MESSAGE_ROLE, ""), "content": content}


def _calls(fields: Attributes) -> Iterator[str]:
    for name, value in fields.items():
        if name.endswith(names.TOOL_CALL_NAME):
            before = name.removesuffix(names.TOOL_CALL_NAME)
            yield call_text(value, fields.get(f"{before}{names.TOOL_CALL_ARGUMENTS}"))
