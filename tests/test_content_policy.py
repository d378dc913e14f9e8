"""One policy decides what content leaves the process: kinds, redaction, bounds, options."""

import json
import logging
from collections.abc import Callable
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage

from langchain_otel import config, health, semconv
from langchain_otel.config import OPTIONS, SAFE, configured
from langchain_otel.config import options as config_options
from langchain_otel.content.documents import documents
from langchain_otel.content.filter import SWITCHES, permitted, permitted_text
from langchain_otel.content.message_list import answers, conversation, prompts
from langchain_otel.content.policy import Budget, Policy
from langchain_otel.content.tool_definitions import tool_definitions
from langchain_otel.dialects.genai import attributes, structured
from schemas import check

SECRET = "s3cr3t"


def facts() -> dict[str, Any]:
    """Content facts of every kind, with a secret in each text."""
    from langchain_core.documents import Document
    from langchain_core.outputs import ChatGeneration, LLMResult

    call = {"id": "c1", "name": "search", "args": {"q": SECRET, SECRET: [{"deep": SECRET}]}}
    history: list[BaseMessage] = [
        SystemMessage(SECRET),
        HumanMessage(SECRET, name=SECRET),
        HumanMessage([{"type": "image", "url": f"https://example.org/{SECRET}"}, SECRET]),
        HumanMessage([{"type": "future", "a": SECRET}, {"type": "image", "file_id": SECRET}]),
        AIMessage(
            [{"type": "reasoning", "reasoning": SECRET}, {"type": "text", "text": SECRET}],
            tool_calls=[call],
            invalid_tool_calls=[{"id": "c2", "name": "search", "args": SECRET, "error": SECRET}],
        ),
        ToolMessage(f'{{"json": "{SECRET}"}}', tool_call_id="c1"),
    ]
    tools = {"tools": [{"name": "search", "description": SECRET, "input_schema": {"d": SECRET}}]}
    result = LLMResult(generations=[[ChatGeneration(message=AIMessage(SECRET))]])
    return {
        semconv.GEN_AI_INPUT_MESSAGES: conversation([history]),
        semconv.GEN_AI_OUTPUT_MESSAGES: answers(result),
        semconv.GEN_AI_SYSTEM_INSTRUCTIONS: [{"type": "text", "content": SECRET}],
        semconv.GEN_AI_TOOL_DEFINITIONS: tool_definitions(tools),
        semconv.GEN_AI_TOOL_CALL_ARGUMENTS: {"q": SECRET, SECRET: {SECRET}},
        semconv.GEN_AI_TOOL_CALL_RESULT: SECRET,
        semconv.GEN_AI_RETRIEVAL_QUERY_TEXT: SECRET,
        semconv.GEN_AI_RETRIEVAL_DOCUMENTS: documents([Document(SECRET, metadata={"a": SECRET})]),
        f"{semconv.GEN_AI_PROMPT_VARIABLE}name": SECRET,
        semconv.STATE_INPUT: {"messages": history, "other": SECRET},
        semconv.STATE_OUTPUT: [SECRET],
        semconv.EVENT_DATA: {"data": SECRET},
    }


ALL: dict[str, Any] = {"state": True}


def recorded(**policy: Any) -> dict[str, str]:
    found = attributes(permitted(facts(), Policy(**ALL | policy)))
    assert found == attributes(permitted(facts(), Policy(**ALL | policy))), "not deterministic"
    return {name: str(value) for name, value in found.items()}


# Kinds

KINDS: dict[str, set[str]] = {
    "messages": {
        semconv.GEN_AI_INPUT_MESSAGES,
        semconv.GEN_AI_OUTPUT_MESSAGES,
        semconv.GEN_AI_SYSTEM_INSTRUCTIONS,
        semconv.EVENT_DATA,
    },
    "tools": {
        semconv.GEN_AI_TOOL_CALL_ARGUMENTS,
        semconv.GEN_AI_TOOL_CALL_RESULT,
        semconv.GEN_AI_TOOL_DEFINITIONS,
    },
    "documents": {
        semconv.GEN_AI_RETRIEVAL_DOCUMENTS,
        semconv.GEN_AI_RETRIEVAL_QUERY_TEXT,
    },
    "prompt_variables": {f"{semconv.GEN_AI_PROMPT_VARIABLE}name"},
    "state": {semconv.STATE_INPUT, semconv.STATE_OUTPUT},
}


@pytest.mark.parametrize("kind", KINDS)
def test_switch(kind: str) -> None:
    """A switch leaves out its own kind of content and no other."""
    assert set(facts()) - set(recorded(**{kind: False})) == KINDS[kind]


def test_all_but_state_by_default() -> None:
    """What goes into a graph repeats the messages: it is for those who ask."""
    assert set(facts()) - set(permitted(facts(), Policy())) == KINDS["state"]


def test_tools_off_reaches_into_messages() -> None:
    """Without tools, a message says which tool was called, not with what nor what came back."""
    kept = permitted(facts(), Policy(tools=False))
    found = structured(kept)[semconv.GEN_AI_INPUT_MESSAGES]
    check("input-messages", found)
    parts = [part for message in found for part in message["parts"]]
    calls = [part for part in parts if part["type"].startswith("tool")]
    assert calls == [
        {"type": "tool_call", "id": "c1", "name": "search"},
        {"type": "tool_call", "id": "c2", "name": "search"},
        {"type": "tool_call_response", "id": "c1", "response": "[not recorded]"},
    ]


@pytest.mark.parametrize("attribute", [semconv.EXCEPTION_MESSAGE, semconv.EXCEPTION_STACKTRACE])
def test_texts_that_are_no_facts(attribute: str) -> None:
    """Exceptions' texts have their switch, redaction and bounds too."""
    assert permitted_text("boom", attribute, Policy()) == "boom"
    assert permitted_text("boom", attribute, Policy(exceptions=False)) is None
    policy = Policy(redact=lambda text, name: f"{name}={len(text)}")
    assert permitted_text("boom", attribute, policy) == f"{attribute}=4"
    assert permitted_text("boom", attribute, Policy(max_length=2)) == "bo…[2 characters cut]"
    assert health.failures.pop("max_content_length") == 1


def test_every_switch_is_a_field_of_the_policy() -> None:
    """No row of the table misses its switch."""
    assert all(isinstance(getattr(Policy(), switch), bool) for switch in SWITCHES.values())


# Redaction


def masked(text: str, _: str) -> str:
    return text.replace(SECRET, "***")


def test_redaction_reaches_every_text() -> None:
    """Messages, arguments, keys, addresses, JSON inside texts, state: nothing slips through."""
    found = recorded(redact=masked)
    assert set(found) == set(facts())
    assert SECRET not in "".join(found.values())
    assert all("***" in value for value in found.values())


def test_redaction_of_structured_values() -> None:
    """The same where values are structured."""
    found = structured(permitted(facts(), Policy(**ALL, redact=masked)))
    assert SECRET not in orjson.dumps(found).decode()
    check("input-messages", found[semconv.GEN_AI_INPUT_MESSAGES])
    check("output-messages", found[semconv.GEN_AI_OUTPUT_MESSAGES])


def test_redaction_is_told_the_attribute() -> None:
    """The function knows what a text is for."""
    names: set[str] = set()

    def redact(text: str, name: str) -> str:
        names.add(name)
        return text

    recorded(redact=redact)
    assert names == set(facts())


def test_redaction_sees_a_text_whole() -> None:
    """It comes before the cut: a secret across the limit is no secret half told."""
    seen: list[str] = []

    def redact(text: str, _: str) -> str:
        seen.append(text)
        return "short"

    argument = f'{{"card": "{"1" * 1_000}"}}'
    name = semconv.GEN_AI_TOOL_CALL_ARGUMENTS
    kept = permitted({name: argument}, Policy(redact=redact, max_length=10))
    assert kept == {name: "short"}
    assert seen == [argument]


def raises(_: str, __: str) -> str:
    raise ValueError(SECRET)


@pytest.mark.parametrize("redact", [raises, lambda *_: None, lambda *_: 5])
def test_redaction_fails_closed(
    redact: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    """None, an exception or nonsense leaves the text out; what remains is still valid."""
    kept = permitted(facts(), Policy(**ALL, redact=redact))
    found = structured(kept)
    assert SECRET not in orjson.dumps(found).decode()
    assert SECRET not in caplog.text
    check("input-messages", found[semconv.GEN_AI_INPUT_MESSAGES])
    check("output-messages", found[semconv.GEN_AI_OUTPUT_MESSAGES])
    check("tool-definitions", found[semconv.GEN_AI_TOOL_DEFINITIONS])
    failures = health.failures.pop("redact:ValueError", 0)
    assert (failures > 10) is (redact is raises)


def test_keys_that_redaction_makes_alike_stay_apart() -> None:
    """No value is lost because two keys look the same afterwards."""
    name = semconv.GEN_AI_TOOL_CALL_ARGUMENTS
    kept = permitted({name: {"ann": 1, "bob": 2}}, Policy(redact=lambda *_: "***"))
    assert sorted(kept[name].data().values()) == [1, 2]


# Bounds


def test_a_text_that_is_an_address_of_bytes_stays_a_text() -> None:
    """Where bytes may be recorded it is recorded as any other text."""
    question = {semconv.GEN_AI_RETRIEVAL_QUERY_TEXT: "data:image/png;base64,iVBORw0KGgo="}
    assert permitted(question, Policy(binary=True)) == question


def test_long_texts_are_cut_with_a_marker() -> None:
    """The marker says how much is missing; the JSON around it is whole."""
    found = json.loads(
        permitted(
            {semconv.GEN_AI_INPUT_MESSAGES: conversation([[HumanMessage("x" * 50)]])},
            Policy(max_length=20),
        )[semconv.GEN_AI_INPUT_MESSAGES].json()
    )
    assert found[0]["parts"][0]["content"] == "x" * 20 + "…[30 characters cut]"
    assert health.failures.pop("max_content_length")


MESSAGES = st.lists(
    st.builds(HumanMessage, st.text(max_size=300))
    | st.builds(AIMessage, st.text(max_size=300))
    | st.builds(lambda text: ToolMessage(text, tool_call_id="c1"), st.text(max_size=300)),
    max_size=30,
)


@given(history=MESSAGES, room=st.integers(1, 5_000), redact=st.sampled_from([None, masked]))
def test_messages_keep_to_the_room(history: list[BaseMessage], room: int, redact: Any) -> None:
    """However long the conversation: valid, within the bytes, newest last, both forms alike."""
    health.failures.clear()
    policy = Policy(max_span_bytes=room, redact=redact)
    name = semconv.GEN_AI_INPUT_MESSAGES
    kept = permitted({name: conversation([history])}, policy)
    if not history:
        assert not kept
        return
    encoded = kept[name].json()
    found = json.loads(encoded)
    check("input-messages", found)
    other = permitted({name: conversation([history])}, policy)[name].data()
    assert found == other
    assert len(encoded.encode()) <= max(room, 2)
    if not health.failures:
        assert len(found) == len(history)
    health.failures.clear()


@pytest.mark.parametrize("redact", [None, lambda text, _: text], ids=["plain", "redacted"])
def test_a_conversation_that_just_fits_is_whole(redact: Any) -> None:
    """Each message counts with the comma after it."""
    name = semconv.GEN_AI_INPUT_MESSAGES
    facts = {name: conversation([[SystemMessage("rules"), HumanMessage("hello")]])}
    whole = permitted(facts, Policy())[name].json()
    policy = Policy(redact=redact, max_span_bytes=len(whole) + 1)
    assert permitted(facts, policy)[name].json() == whole


def test_cut_conversation_keeps_its_ends() -> None:
    """The system's message and the newest ones stay; a message between says what is missing."""
    history = [SystemMessage("rules"), *(HumanMessage(f"{n} " + "x" * 80) for n in range(100))]
    name = semconv.GEN_AI_INPUT_MESSAGES
    kept = permitted({name: conversation([history])}, Policy(max_span_bytes=2_000))
    found = kept[name].data()
    assert found[0]["parts"][0]["content"] == "rules"
    assert found[1]["parts"][0]["content"] == f"…[{100 - len(found) + 2} messages cut]"
    assert found[-1]["parts"][0]["content"].startswith("99 ")
    assert len(found) > 10
    assert health.failures.pop("max_span_content_bytes")


def test_one_message_beyond_the_room_is_cut() -> None:
    """What one message has to say is cut until it fits."""
    blocks: list[Any] = [{"type": "text", "text": "x" * 10_000} for _ in range(200)]
    name = semconv.GEN_AI_INPUT_MESSAGES
    kept = permitted({name: conversation([[HumanMessage(blocks)]])}, Policy())
    found = kept[name].json()
    assert 100_000 < len(found) < 1_000_000
    assert "characters cut" in found
    check("input-messages", json.loads(found))
    assert health.failures.pop("max_span_content_bytes")


VALUES: dict[str, Any] = {
    semconv.GEN_AI_TOOL_CALL_ARGUMENTS: {f"key {n}": "ä" * 30_000 for n in range(100)},
    semconv.GEN_AI_TOOL_CALL_RESULT: ["\x01" * 30_000] * 100,
    semconv.GEN_AI_RETRIEVAL_QUERY_TEXT: "ä" * 20_000_000,
    semconv.GEN_AI_RETRIEVAL_DOCUMENTS: [{"content": "x" * 30_000}] * 1_000,
    semconv.STATE_INPUT: [[list(range(1_000))] * 1_000] * 1_000,
}


@pytest.mark.parametrize("name", VALUES)
@pytest.mark.parametrize("room", [1, 100, 10_000, 1_000_000])
def test_values_keep_to_the_room(name: str, room: int) -> None:
    """Arguments, results, documents and state too, cut but valid, or left out."""
    policy = Policy(**ALL, max_span_bytes=room)
    found = attributes(permitted({name: VALUES[name]}, policy))
    for value in found.values():
        assert len(str(value).encode()) <= room
    if room > 1_000:
        assert found
    for limit in ("max_span_content_bytes", "max_content_length"):
        health.failures.pop(limit, None)


def test_a_span_has_one_room() -> None:
    """What its request took is not there for its response."""
    policy = Policy(max_span_bytes=1_000)
    room = Budget(policy)
    request = permitted({semconv.GEN_AI_INPUT_MESSAGES: prompts(["x" * 600])}, policy, room)
    response = {semconv.GEN_AI_TOOL_CALL_RESULT: "y" * 600}
    first = str(attributes(request)[semconv.GEN_AI_INPUT_MESSAGES])
    second = str(attributes(permitted(response, policy, room))[semconv.GEN_AI_TOOL_CALL_RESULT])
    assert len(first) > 600
    assert "characters cut" in second
    assert len((first + second).encode()) <= 1_000
    assert health.failures.pop("max_span_content_bytes")


def test_halves_of_characters_are_replaced() -> None:
    """A lone surrogate would cost the whole batch in the exporter."""
    found = recorded_text("\ud800 x")
    assert found == "? x"


def recorded_text(text: str) -> str:
    name = semconv.GEN_AI_RETRIEVAL_QUERY_TEXT
    found: str = permitted({name: text}, Policy())[name]
    return found


# Options

VARIABLES: list[tuple[str, str, Any]] = [
    ("CAPTURE_MESSAGES", "false", {"messages": False}),
    ("CAPTURE_TOOLS", "0", {"tools": False}),
    ("CAPTURE_DOCUMENTS", "False", {"documents": False}),
    ("CAPTURE_PROMPT_VARIABLES", "false", {"prompt_variables": False}),
    ("CAPTURE_STATE", "true", {"state": True}),
    ("CAPTURE_EXCEPTIONS", "false", {"exceptions": False}),
    ("MAX_CONTENT_LENGTH", "10", {"max_length": 10}),
    ("MAX_SPAN_CONTENT_BYTES", "10", {"max_span_bytes": 10}),
    ("CAPTURE_BINARY", "1", {"binary": True}),
    ("HISTORY", "NEW", {"history": "new"}),
    ("STRUCTURED_MESSAGES", "true", {"structured": True}),
]


@pytest.fixture(autouse=True)
def recent_sdk(monkeypatch: pytest.MonkeyPatch) -> None:
    """An SDK that takes structured values, whatever is installed."""
    monkeypatch.setattr(config, "version_of", lambda _: "1.45.1")


@pytest.mark.parametrize(("variable", "value", "expected"), VARIABLES)
def test_variable(
    variable: str, value: str, expected: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each variable sets its part of the policy; the argument of its name wins."""
    name = f"OTEL_INSTRUMENTATION_LANGCHAIN_{variable}"
    monkeypatch.setenv(name, value)
    (field,) = expected
    assert {field: getattr(configured({}).policy, field)} == expected
    option = next(option for option in OPTIONS if option.variable == name)
    default = option.default
    assert getattr(configured({option.name: default}).policy, field) == getattr(Policy(), field)
    assert default == getattr(Policy(), field)


@pytest.mark.parametrize("option", [o for o in OPTIONS if o.variable and o.parse is not str])
def test_invalid_variable(
    option: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """One warning: variable, value, what is expected and used; what lets content out is off."""
    # Any word is a key of the baggage.
    wrong = "may*be" if option.name == "baggage_keys" else "maybe"
    monkeypatch.setenv(option.variable, wrong)
    used = getattr(configured({}), option.name)
    assert used == SAFE.get(option.name, option.default)
    assert not (used and option.name.startswith(("capture_", "emit_")) and used != "NO_CONTENT")
    (record,) = caplog.records
    for part in (option.variable, repr(wrong), option.expected, f"{used} is used instead"):
        assert part in record.getMessage()
    caplog.clear()


SWITCHED = [option for option in OPTIONS if option.expected.startswith("true or false")]


@pytest.mark.parametrize("option", SWITCHED, ids=lambda option: option.name)
@pytest.mark.parametrize("word", ["true", "ON", "Yes", "1", "false", "Off", "NO", "0", " off "])
def test_words_of_a_switch(
    option: Any, word: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A switch takes the usual words, in any case, from its variable and as an argument."""
    expected = word.strip().lower() in {"true", "on", "yes", "1"}
    monkeypatch.setenv(option.variable, word)
    assert getattr(configured({}), option.name) is expected
    monkeypatch.delenv(option.variable)
    assert getattr(configured({option.name: word}), option.name) is expected
    assert not caplog.records


@pytest.mark.parametrize("word", ["true", "on", "Yes", "1", "false", "OFF", "no", "0"])
def test_words_of_the_mode(word: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The option that has more than two values takes the words of a switch too."""
    expected = "SPAN_ONLY" if word.lower() in {"true", "on", "yes", "1"} else "NO_CONTENT"
    monkeypatch.setenv(f"{config_options.GENAI}CAPTURE_MESSAGE_CONTENT", word)
    assert configured({}).capture_message_content == expected
    assert configured({"capture_message_content": word}).capture_message_content == expected


@pytest.mark.parametrize("word", ["disabled", "flase", "2", "none", "'true'", "tru e"])
def test_a_word_that_is_none_keeps_content_in(
    word: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever sets a switch to a word that is none records nothing of its kind, and is warned."""
    for option in SWITCHED:
        monkeypatch.setenv(option.variable or "", word)
        assert getattr(configured({}), option.name) is False
        assert f"{option.variable}={word!r}" in caplog.text
        assert "False is used instead" in caplog.text
        caplog.clear()


@pytest.mark.parametrize("value", ["0", "-1", "10k", "1e3", "ten"])
@pytest.mark.parametrize("limit", ["MAX_CONTENT_LENGTH", "MAX_SPAN_CONTENT_BYTES"])
def test_a_limit_that_is_none_keeps_content_in(
    limit: str, value: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A limit that cannot be read records no character of a text, not the many of the default."""
    monkeypatch.setenv(f"{config_options.LANGCHAIN}{limit}", value)
    policy = configured({"capture_message_content": "true"}).policy
    found = attributes(permitted(facts(), policy.changed(state=True)))
    assert SECRET not in str(found)
    assert "0 is used instead" in caplog.text
    caplog.clear()
    health.failures.pop("max_content_length", None)
    health.failures.pop("max_span_content_bytes", None)


WRONG: list[tuple[str, Any, type[Exception]]] = [
    ("capture_messages", "maybe", ValueError),
    ("capture_messages", "", ValueError),
    ("capture_tools", 1, TypeError),
    ("max_content_length", "10", TypeError),
    ("max_content_length", True, TypeError),
    ("max_content_length", 0, ValueError),
    ("max_span_content_bytes", -1, ValueError),
    ("history", "some", ValueError),
    ("history", True, TypeError),
    ("metrics", "all", ValueError),
    ("detail", 5, TypeError),
    ("redact", "mask", TypeError),
    ("emit_event", "maybe", ValueError),
    ("emit_event", 1, TypeError),
    ("completion_hook", object(), TypeError),
    ("completion_hook", True, TypeError),
]


@pytest.mark.parametrize(("name", "value", "error"), WRONG)
def test_wrong_argument(name: str, value: Any, error: type[Exception]) -> None:
    """The message names the option and the value, and says what it takes."""
    with pytest.raises(error) as raised:
        configured({name: value})
    for part in (name, "must be", repr(value)):
        assert part in str(raised.value)


@pytest.mark.parametrize(
    ("mode", "given", "expected"),
    [
        ("NO_CONTENT", None, False),
        ("SPAN_ONLY", None, False),
        ("EVENT_ONLY", None, True),
        ("SPAN_AND_EVENT", None, True),
        ("NO_CONTENT", True, True),
        ("SPAN_AND_EVENT", False, False),
    ],
)
def test_emits_event(mode: str, given: bool | None, expected: bool) -> None:
    """Log records of model calls follow the content's channel unless told otherwise."""
    arguments = {"capture_message_content": mode, "emit_event": given}
    assert configured(arguments).emits_event is expected


def test_structured_messages_need_a_recent_sdk(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """An older SDK drops them: one warning, and JSON strings instead."""
    monkeypatch.setattr(config, "version_of", lambda _: "1.44.0")
    assert not configured({"structured_messages": True}).policy.structured
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    caplog.clear()


def test_redact_is_an_argument_only() -> None:
    """A function has no text for a variable."""
    assert configured({"redact": masked}).policy.redact is masked
