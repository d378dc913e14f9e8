"""Makes messages of what goes into a workflow and comes out: a message, a state, any value."""

from __future__ import annotations

from typing import Any, Final

from langchain_otel import semconv
from langchain_otel.content.choices import as_choice
from langchain_otel.content.fields import (
    fields_of,
    is_mapping,
    is_sequence,
    last_items,
    mapping_of,
)
from langchain_otel.content.message import ASSISTANT, USER, Said
from langchain_otel.content.message_list import MAX_MESSAGES, Messages, state_messages
from langchain_otel.content.values import Facts

GRAPH_TYPES: Final = "langgraph.types"
COMMAND: Final = "Command"


def input_messages(value: Any) -> Messages:
    """The messages in an input; any other value is what a user says."""
    if _is_unknown(value):
        return Messages(())
    found = _messages_in(_answer_in(value))
    return found or state_messages(value) or Messages([Said(USER, _answer_in(value))])


def output_messages(value: Any) -> Messages:
    """The messages in an output, of a state the last one; any other value is an assistant's."""
    if value is None or (type(value) is dict and not value):
        return Messages(())
    found = _messages_in(value)
    if found:
        return Messages([as_choice(item) for item in found.items])
    return state_messages(value, last=1) or Messages([as_choice(Said(ASSISTANT, value))])


MESSAGES: Final = (
    (semconv.STATE_INPUT, semconv.GEN_AI_INPUT_MESSAGES, input_messages),
    (semconv.STATE_OUTPUT, semconv.GEN_AI_OUTPUT_MESSAGES, output_messages),
)


def with_messages(content: Facts) -> Facts:
    """The content of a root, with what goes into it and comes out of it as messages too."""
    for name, said, messages_of in MESSAGES:
        if name in content:
            messages = messages_of(content[name])
            if messages.items:
                content = {**content, said: messages}
    return content


def _is_unknown(value: Any) -> bool:
    # Of a stream LangChain reports the input at the end, and at the start {"input": ""}.
    if type(value) is not dict:
        return value is None
    return not value or (len(value) == 1 and type(value.get("input")) is str and not value["input"])


def _answer_in(value: Any) -> Any:
    """What a person answers to a graph that waited; any other input as it is."""
    kind = type(value)
    if kind.__name__ != COMMAND or kind.__module__ != GRAPH_TYPES:
        return value
    answer = fields_of(value).get("resume")
    return value if answer is None else answer


def _messages_in(value: Any) -> Messages:
    """The message that a value is, or the messages of a list or of a prompt."""
    if _is_message(value):
        return Messages([value])
    listed = value if is_sequence(value) else fields_of(value).get("messages")
    messages = last_items(listed, MAX_MESSAGES)
    return Messages(messages if messages and all(map(_is_message, messages)) else ())


def _is_message(value: Any) -> bool:
    if is_mapping(value):
        return bool(mapping_of(value).keys() >= {"role", "content"})
    fields = fields_of(value)
    return "content" in fields and "type" in fields
