"""The messages of an agent are written once; one that was changed in place is written anew."""

from typing import Any

import pytest
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, SystemMessage, ToolMessage

from langchain_otel import health, semconv
from langchain_otel.content import message_json
from langchain_otel.content import written as module
from langchain_otel.content.limits import Limits
from langchain_otel.content.message_list import Messages
from langchain_otel.content.policy import Policy
from langchain_otel.content.written import Written
from recording import Tracing, instrumented
from test_cost import agent, counted

LONG: int = 100


def calling(**args: Any) -> AIMessage:
    return AIMessage("", tool_calls=[{"id": "c1", "name": "look", "args": args}])


def limits(**options: Any) -> Limits:
    return Limits(Policy(on_spans=True, **options), semconv.GEN_AI_INPUT_MESSAGES)


def said(messages: list[Any], written: Written | None = None, **options: Any) -> str:
    return Messages(messages, limits(**options), written).json()


@pytest.fixture
def writes(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The messages that are written, other than those that are a text alone."""
    found: list[Any] = []
    write = message_json._data_json

    def noted(item: Any, limits: Limits) -> bytes:
        found.append(item)
        return write(item, limits)

    monkeypatch.setattr(message_json, "_data_json", noted)
    return found


CONVERSATION: list[AnyMessage] = [
    SystemMessage("rules"),
    HumanMessage([{"type": "text", "text": "what is this?"}]),
    calling(place="Lisbon", days=[1, 2.5, None, float("nan")]),
    ToolMessage('{"rain": true}', tool_call_id="c1", status="error", artifact=object()),
    AIMessage("it rains", name="weather", additional_kwargs={"reasoning_content": "hm"}),
    HumanMessage([{"type": "image_url", "image_url": {"url": "data:image/png;base64,aaaa"}}]),
]


def test_each_message_is_written_once(writes: list[Any]) -> None:
    """Turn by turn, the bytes are those of a list that is written whole."""
    written = Written()
    for count in range(1, len(CONVERSATION) + 1):
        alone = said(CONVERSATION[:count])
        writes.clear()
        assert said(CONVERSATION[:count], written) == alone
        assert len(writes) <= 1


def test_a_request_that_begins_with_the_one_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """The messages that both have are compared together, not one by one."""
    looked_at: list[Any] = []
    read = module._read

    def noted(fields: Any) -> bytes | None:
        looked_at.append(fields)
        return read(fields)

    monkeypatch.setattr(module, "_read", noted)
    written = Written()
    for count in range(1, len(CONVERSATION) + 1):
        said(CONVERSATION[:count], written)
        assert said(CONVERSATION[:count], written) == said(CONVERSATION[:count])
    assert len(looked_at) <= len(CONVERSATION)


@pytest.mark.parametrize("place", [0, 2, 5])
def test_one_that_is_written_each_time_among_others(place: int, writes: list[Any]) -> None:
    """The others are known all the same."""
    written = Written()
    messages = [*CONVERSATION[:place], calling(thing=object()), *CONVERSATION[place:]]
    first = said(messages, written)
    writes.clear()
    assert said(messages, written) == first
    assert writes == [messages[place]]
    assert said(messages) == first


def test_one_of_a_class_that_was_not_met_before(writes: list[Any]) -> None:
    """The first of a class is known as any other is."""

    class Observation(ToolMessage):
        pass

    written = Written()
    messages = [Observation(content="rain", tool_call_id=number) for number in "ab"]
    first = said(messages, written)
    assert len(writes) == 2
    assert said(messages, written) == first == said(messages)
    assert len(writes) == 4


CHANGES: dict[str, Any] = {
    "an argument": lambda messages: messages[2].tool_calls[0]["args"].update(place="Porto"),
    "deep inside": lambda messages: messages[2].tool_calls[0]["args"]["days"].append(7),
    "a block": lambda messages: messages[1].content[0].update(text="and that?"),
    "content": lambda messages: setattr(messages[3], "content", "no rain"),
    "status": lambda messages: setattr(messages[3], "status", "success"),
    "name": lambda messages: setattr(messages[4], "name", "another"),
    "extra": lambda messages: messages[4].additional_kwargs.update(reasoning_content="ah"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_message_that_was_changed_in_place(change: str, writes: list[Any]) -> None:
    """It is written anew, the others are not."""
    written = Written()
    messages = [message.model_copy(deep=True) for message in CONVERSATION[:5]]
    before = said(messages, written)
    writes.clear()
    CHANGES[change](messages)
    after = said(messages, written)
    assert len(writes) == 1
    assert after == said(messages) != before


def test_messages_that_a_request_drops_are_forgotten() -> None:
    """What is kept is as much as the last request has."""
    written = Written()
    for start in range(10):
        said(
            [ToolMessage(f"result {number}", tool_call_id="c") for number in range(start, 10)],
            written,
        )
        assert len(written._pieces) == 10 - start


def test_texts_that_are_cut_are_cut_each_time(writes: list[Any]) -> None:
    """Each cut counts in what the package says of its limits."""
    written = Written()
    messages = [ToolMessage("long " * 100, tool_call_id="c")]
    for _ in range(2):
        assert said(messages, written, max_length=50) == said(messages, max_length=50)
    assert len(writes) == 4
    health.failures.clear()


@pytest.mark.parametrize("room", [60, 1_000, 100_000])
def test_room_is_counted_all_the_same(room: int) -> None:
    """For the bytes of a span, and the values in all of its messages together."""
    wide = [
        calling(**{f"key{index}": [number] * 40 for index in range(50)}) for number in range(40)
    ]
    for messages in (CONVERSATION, wide):
        written = Written()
        options: dict[str, Any] = {"max_span_bytes": room}
        alone = said(messages, **options)
        assert [said(messages, written, **options) for _ in range(3)] == [alone] * 3
    health.failures.clear()


class Tag(str):
    """A text with a class of its own, which says something else of itself."""

    __slots__ = ()

    def __str__(self) -> str:
        raise AssertionError


def test_what_is_no_plain_data_is_written_each_time(writes: list[Any]) -> None:
    """Nothing of its class is called for a comparison."""
    written = Written()
    messages = [calling(place=Tag("Lisbon"), thing=object())]
    for _ in range(2):
        assert said(messages, written) == said(messages)
    assert len(writes) == 4


def test_an_agents_calls_are_recorded_whole() -> None:
    """Every span has all messages; the calls into what reads them follow the new ones."""
    tracing = Tracing()
    with instrumented(tracing, capture_message_content="SPAN_ONLY"):
        calls = counted(agent()).ours
    *_, last = [span for span in tracing.spans if span.name.startswith("chat")]
    assert str((last.attributes or {})[semconv.GEN_AI_INPUT_MESSAGES]).count('"tool_call"') == 5
    # A message for each of five calls and results, and what comes out: not one for each span.
    assert calls["/content/message.py:message_data"] < 5 * 2 + 6 + 10
