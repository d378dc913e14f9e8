"""How values compare, in words for the pages and as functions for the tests."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any, Final

from migration.rows import How

SKIPPED: Final = frozenset({"type", "role", "finish_reason"})
LANGCHAINS: Final = ("ls_", "lc_", "langgraph_", "checkpoint_", "thread_id")
ALIASES: Final = {
    "model": "model_name",
    "stop_sequences": "stop",
    "max_tokens": "max_completion_tokens",
}
UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def read(value: Any) -> Any:
    """A value with its JSON read."""
    if isinstance(value, str) and value.startswith(("{", "[", '"')):
        return json.loads(value)
    return value


def texts(value: Any) -> Iterator[str]:
    """Every text in a value, inside JSON too, but for words that only say what kind it is."""
    with suppress(ValueError):
        value = read(value)
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for each in value:
            yield from texts(each)
    elif isinstance(value, dict):
        for key, each in value.items():
            if key not in SKIPPED:
                yield from texts(each)


def messages(value: Any) -> list[tuple[Any, ...]]:
    """Messages as tuples, from the JSON of the conventions or from attributes of OpenInference."""
    if isinstance(value, Mapping):
        return [_flat(each["message"]) for each in _nested(value)]
    return [_structured(each) for each in read(value)]


def _structured(message: dict[str, Any]) -> tuple[Any, ...]:
    parts = message["parts"]
    said = [text for part in parts for text in (part.get("content"), part.get("response")) if text]
    calls = [
        (part["id"], part["name"], part["arguments"])
        for part in parts
        if part["type"] == "tool_call"
    ]
    return (message["role"], said, calls)


def _flat(message: dict[str, Any]) -> tuple[Any, ...]:
    calls = [
        (call["id"], call["function"]["name"], read(call["function"]["arguments"]))
        for call in (each["tool_call"] for each in message.get("tool_calls", ()))
    ]
    return (message["role"], [message["content"]] if "content" in message else [], calls)


def _nested(flat: Mapping[str, Any]) -> Any:
    """The tree that dotted names are of; numbers are places in a list."""
    groups: dict[str, dict[str, Any]] = {}
    for name, value in flat.items():
        first, _, rest = name.partition(".")
        groups.setdefault(first, {})[rest] = value
    found = {first: below[""] if "" in below else _nested(below) for first, below in groups.items()}
    return list(found.values()) if all(key.isdigit() for key in found) else found


def _said(theirs: Any, ours: Any) -> bool:
    """Each text of ours is in theirs; nothing is in theirs where ours is not there."""
    if ours is None:
        return bool(theirs == "{}")
    everything = " ".join(texts(theirs)) or str(theirs)
    said = [*texts(ours)]
    if not said:
        # The answer of a call that failed is empty in both.
        return '"content":""' in theirs.replace(" ", "")
    return all(text in everything for text in said)


def _said_unless_streamed(theirs: Any, ours: Any) -> bool:
    return '"input": ""' in str(theirs) or r"\"input\": \"\"" in theirs or _said(theirs, ours)


def _parameters(theirs: Any, ours: Mapping[str, Any]) -> bool:
    known = read(theirs)
    return all(
        value in (known.get(key), known.get(ALIASES.get(key, key)))
        for key, value in ours.items()
        if key != "stream"
    )


def _own_metadata(theirs: Any, ours: Mapping[str, Any]) -> bool:
    known = {key: each for key, each in read(theirs).items() if not key.startswith(LANGCHAINS)}
    return bool(known == ours)


def _keys(theirs: Any, ours: Any) -> bool:
    return _own_metadata(theirs, read(ours))


def _given(theirs: Any, ours: Any) -> bool:
    return _parameters(theirs, read(ours)) and None not in read(ours).values()


def _counts(theirs: Any, ours: Mapping[str, Any]) -> bool:
    known = read(theirs)
    counts = {**known["input_token_details"], **known["output_token_details"], **known}
    both = [(value, counts.get(key.partition(".")[0])) for key, value in ours.items()]
    return bool(both) and all(theirs in (value, None) for value, theirs in both)


def _each_is_said(theirs: Any, ours: Any) -> bool:
    """Each value of theirs is among the texts of ours."""
    values = [*texts(read(theirs))] if isinstance(theirs, str) else [*texts([*theirs.values()])]
    everything = [*texts([*ours.values()] if isinstance(ours, Mapping) else ours)]
    return bool(values) and set(values) <= set(everything)


def _first_role(theirs: Any, ours: Any) -> bool:
    return bool(messages(theirs)[0][0] == messages(ours)[0][0])


def words(pairs: Mapping[str, str | tuple[str, ...]]) -> How:
    """Another word for the same, or for one of several."""
    known = {theirs: (ours,) if isinstance(ours, str) else ours for theirs, ours in pairs.items()}
    said = "; ".join(
        f"`{theirs}` is {' or '.join(f'`{each}`' for each in ours)}"
        for theirs, ours in known.items()
    )
    return How(said, lambda theirs, ours: ours in known.get(theirs, ()))


def _is_one_of(theirs: Any, ours: Iterable[Any]) -> bool:
    return theirs in ours


SAME: Final = How("the same", lambda theirs, ours: read(theirs) == read(ours))
NONE: Final = How("", lambda _, ours: ours is None)
OTHER: Final = How("another value", lambda theirs, ours: ours not in (theirs, None))
SUM: Final = How("their sum", lambda theirs, ours: theirs == sum(ours.values()))
FIRST: Final = How("a list; theirs is its first", lambda theirs, ours: [theirs] == ours[:1])
EACH_RUN: Final = How("each run has its own", lambda theirs, ours: len(theirs) == len(ours) == 36)
NAMESPACE: Final = How(
    "the same, but that each run has ids of its own",
    lambda theirs, ours: UUID.sub("", theirs) == UUID.sub("", ours),
)
FINISHED: Final = How(
    "the provider's words; `tool_calls` where theirs says `tool_call`",
    lambda theirs, ours: theirs in (ours, ["tool_call"]) and len(ours) == len(theirs),
)
SECONDS: Final = How("seconds, as each measures", lambda theirs, ours: min(theirs, ours) > 0)
QUALIFIED: Final = How(
    "with its module, unless it is Python's own",
    lambda theirs, ours: ours.rpartition(".")[2] == theirs,
)
ONE_OF: Final = How(
    "the response's; the request's where it was streamed or failed",
    lambda theirs, ours: _is_one_of(theirs, ours.values()),
)
ROOT_NAME: Final = How(
    "the same; theirs is empty where no chain is around",
    lambda theirs, ours: _is_one_of(theirs, ours.values() or [""]),
)
NODE: Final = How(
    "the same; theirs is empty outside nodes", lambda theirs, ours: theirs == (ours or "")
)
FAILED: Final = How(
    "is there where theirs is `failure`",
    lambda theirs, ours: (theirs == "failure") is (ours is not None),
)
MESSAGES: Final = How(
    "the same messages, as JSON", lambda theirs, ours: messages(theirs) == messages(ours)
)
SAID: Final = How(
    "the same messages; theirs says `unknown` for the role of a streamed answer",
    lambda theirs, ours: (
        [each[1:] for each in messages(theirs)] == [each[1:] for each in messages(ours)]
    ),
)
REST: Final = How(
    "the same messages; ours has that of the system too",
    lambda theirs, ours: (
        messages(theirs) == [each for each in messages(ours) if each[0] != "system"]
    ),
)
SYSTEM: Final = How(
    "the message whose role is `system`",
    lambda theirs, ours: [each["content"] for each in read(theirs)] == messages(ours)[0][1],
)
FIRST_ROLE: Final = How("theirs has a part of the first message", _first_role)
TEXTS: Final = How("the same texts in another form", _said)
TEXTS_LATE: Final = How(
    'the same texts in another form; theirs is `{"input": ""}` where it was streamed',
    _said_unless_streamed,
)
VARIABLES: Final = How("theirs is a part of it", _each_is_said)
PARAMETERS: Final = How("one attribute each", _parameters)
METADATA: Final = How("one attribute for each key of yours", _own_metadata)
COUNTS: Final = How("one attribute each", _counts)
ENCODED: Final = How("JSON; theirs is the plain text", lambda theirs, ours: theirs == read(ours))
TAGS: Final = How(
    "a list of your tags; theirs is one text, with LangChain's own",
    lambda theirs, ours: set(ours) <= set(theirs.split(", ")),
)
DOCUMENTS: Final = How(
    "the same documents; ours has content, score and metadata too",
    lambda theirs, ours: (
        [each["id"] for each in read(theirs)] == [each["id"] for each in read(ours)]
    ),
)
PROVIDER: Final = How(
    "the same; theirs is `langchain` where the call failed",
    lambda theirs, ours: theirs in (ours, "langchain"),
)

KEYS: Final = How("your keys, without LangChain's own", _keys)
GIVEN: Final = How("the parameters that were given, without tools, nulls and `_type`", _given)
FOLLOWS: Final = How(
    "follows the value",
    lambda _, ours: ours is None or set() < {*ours.values()} <= {"application/json", "text/plain"},
)
RELEASE: Final = How(
    "the response's, where it was streamed too", lambda theirs, ours: ours.startswith(theirs)
)
LONGER: Final = How("all messages of the template", lambda theirs, ours: theirs in ours)
