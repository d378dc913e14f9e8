"""With `history="new"` a model call of an agent shows what no earlier call of it showed."""

from typing import Any

import pytest
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, LLMResult

from langchain_otel import semconv
from langchain_otel.content import history as history_module
from langchain_otel.content.history import History
from langchain_otel.content.message_list import Messages, answers, conversation


def asked(history: History, *messages: Any) -> tuple[list[Any], int]:
    new, omitted = history.unseen(conversation([messages]))
    return list(new.items), omitted


def answered(history: History, message: AIMessage) -> None:
    history.shown(answers(LLMResult(generations=[[ChatGeneration(message=message)]])))


def turns(with_ids: bool) -> list[AnyMessage]:
    def identity(name: str) -> dict[str, Any]:
        return {"id": name} if with_ids else {}

    return [
        SystemMessage("rules"),
        HumanMessage("weather?", **identity("h1")),
        AIMessage("", tool_calls=[{"id": "c1", "name": "w", "args": {}}], **identity("a1")),
        ToolMessage("rain", tool_call_id="c1", **identity("t1")),
        AIMessage("it rains", **identity("a2")),
        HumanMessage("and tomorrow?", **identity("h2")),
    ]


@pytest.mark.parametrize("with_ids", [True, False])
def test_each_message_is_shown_once(with_ids: bool) -> None:
    """The first call shows all, a later one only what came since; answers count as shown."""
    history = History()
    system, human, call, result, answer, again = turns(with_ids)
    assert asked(history, system, human) == ([system, human], 0)
    answered(history, call)  # type: ignore[arg-type]
    assert asked(history, system, human, call, result) == ([result], 3)
    answered(history, answer)  # type: ignore[arg-type]
    assert asked(history, system, human, call, result, answer, again) == ([again], 5)


def test_another_message_with_the_same_words_is_new() -> None:
    """A second "yes" is a second message."""
    history = History()
    first, second = HumanMessage("yes"), HumanMessage("yes")
    assert asked(history, first) == ([first], 0)
    answered(history, AIMessage("sure?"))
    assert asked(history, first, AIMessage("sure?"), second) == ([second], 2)


def test_copies_are_known() -> None:
    """A message that was copied, or came back from a checkpoint, is the same message."""
    history = History()
    messages = turns(with_ids=True)
    asked(history, *messages)
    assert asked(history, *(message.model_copy(deep=True) for message in messages)) == ([], 6)


def test_changed_message_is_new() -> None:
    """A message that keeps its id and says something else is shown again."""
    history = History()
    asked(history, HumanMessage("long story", id="h1"))
    summary = HumanMessage("summary", id="h1")
    assert asked(history, summary) == ([summary], 0)


def test_message_that_was_changed_in_place_is_new() -> None:
    """It is the same object, and says something else."""
    history = History()
    messages = turns(with_ids=False)
    asked(history, *messages)
    messages[1].content = "climate?"
    assert asked(history, *messages) == ([messages[1]], 5)


def test_shorter_request_is_known() -> None:
    """A conversation that was cut, at either end, shows nothing again; what then follows is new."""
    history = History()
    messages = turns(with_ids=True)
    asked(history, *messages)
    assert asked(history, *messages[:3]) == ([], 3)
    assert asked(history, *messages[2:]) == ([], 4)
    further = HumanMessage("thanks")
    assert asked(history, *messages[2:], further) == ([further], 4)


def test_repeated_words_without_ids_are_counted_over_requests() -> None:
    """Each further "yes" is new, whether the requests share objects or are copies."""
    history = History()
    said: list[AnyMessage] = []
    for number in range(5):
        said.append(HumanMessage("yes"))
        assert asked(history, *said) == ([said[-1]], number)
    copies = [message.model_copy(deep=True) for message in said]
    assert asked(history, *copies) == ([], 5)


def test_agents_have_histories_of_their_own() -> None:
    """What one agent showed, another has not."""
    message = HumanMessage("x")
    assert asked(History(), message) == asked(History(), message) == ([message], 0)


@pytest.mark.parametrize("odd", ["text", ("human", "x"), {"role": "user", "content": "x"}, 5, None])
def test_odd_messages(odd: Any) -> None:
    """Whatever stands for a message has an identity."""
    history = History()
    assert asked(history, odd) == ([odd], 0)
    assert asked(history, odd) == ([], 1)


def test_facts() -> None:
    """The facts of a request say how many messages were left out; others are untouched."""
    history = History()
    other: dict[str, Any] = {semconv.GEN_AI_TOOL_DEFINITIONS: []}
    assert history.request(other) is other
    assert history.response(other) is other
    for expected in ((1, 0), (0, 1)):
        facts = history.request({semconv.GEN_AI_INPUT_MESSAGES: conversation([["x"]])} | other)
        messages = facts[semconv.GEN_AI_INPUT_MESSAGES]
        assert isinstance(messages, Messages)
        assert (len(messages), facts[semconv.MESSAGES_OMITTED]) == expected


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """An endless conversation is shown once more now and then, rather than remembered."""
    monkeypatch.setattr(history_module, "MAX_SEEN", 10)
    history = History()
    for number in range(100):
        asked(history, f"message {number}")
        assert len(history._seen) <= 10
    assert asked(history, "message 99") == ([], 1)
    assert asked(history, "message 0") == (["message 0"], 0)
