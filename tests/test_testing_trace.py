"""What a test can ask of a captured trace, and the reason that it reads when the answer is no."""

from collections.abc import Callable
from typing import Any
from unittest.mock import ANY

import pytest
from langchain_core.runnables import RunnableLambda
from langchain_openai import ChatOpenAI

from captured import QUESTION, TREE, agent, both, get_weather, weather_agent
from langchain_otel import semconv
from langchain_otel.testing import SpanView, Tokens, Trace, captured_trace
from models import Model, Retriever, StreamingModel, calls, says
from openai_server import start_server


def ask(city: str = "Porto") -> None:
    weather_agent(city).invoke(QUESTION)


def test_tree_of_an_agent(langchain_trace: Trace) -> None:
    """A line a span, with the arguments of tools, without ids and times."""
    ask()
    assert langchain_trace.tree() == TREE == str(langchain_trace)


def test_nothing_was_run(langchain_trace: Trace) -> None:
    """A trace is empty at first, and every question has an answer."""
    trace = langchain_trace
    assert (trace.tree(), trace.snapshot(), trace.traces(), trace.spans()) == ("", [], [], [])
    assert (trace.tokens(), trace.cost(), trace.seconds) == (Tokens(), None, 0.0)
    assert not trace.called("get_weather")
    assert trace.within(tokens=0, calls=0, cost=0, seconds=0)
    assert trace.metrics() == {}
    assert trace.logs == ()


def test_more_in_the_tree(langchain_trace: Trace) -> None:
    """Tokens, times and ids stand there only when asked for."""
    ask()
    assert "invoke_agent travel-agent  8→6 tokens\n" in langchain_trace.tree(tokens=True)
    times = langchain_trace.tree(times=True).splitlines()
    assert all(line.endswith(" s") for line in times)
    root = langchain_trace.first("invoke_agent")
    assert f"{root.span.context.span_id:016x}" in langchain_trace.tree(ids=True)


def test_kinds_of_spans(langchain_trace: Trace) -> None:
    """Each kind has its list; names of tools and agents are names of spans, too."""
    ask()
    Retriever().invoke("cats")
    trace = langchain_trace
    assert [view.agent for view in trace.agents()] == ["travel-agent"]
    assert [view.model for view in trace.models()] == ["scripted", "scripted"]
    assert [view.tool for view in trace.tools()] == ["get_weather"]
    (search,) = trace.retrievers()
    assert (search.question, search.documents[0]["content"]) == ("cats", "about cats")
    assert trace.workflows() == trace.embeddings() == trace.errors() == trace.open() == []
    named = ["invoke_agent travel-agent", "invoke_agent", "travel-agent"]
    assert {trace.first(name).name for name in named} == {named[0]}
    assert [view.name for view in trace.spans("model")] == ["model", "model"]
    assert trace.last("chat").answer == "It is sunny in Porto."


def test_what_a_span_says(langchain_trace: Trace) -> None:
    """Arguments, results and messages are plain data."""
    ask()
    trace = langchain_trace
    (call,) = trace.calls("get_weather")
    assert call.arguments == {"city": "Porto"}
    assert call.result == "sunny in Porto for 1 days"
    first, last = trace.models()
    assert first.question == "What is the weather like?"
    assert first.output_messages[0]["parts"][0]["name"] == "get_weather"
    assert last.input_messages[0]["role"] == "user"
    assert (first.tokens, trace.tokens()) == (Tokens(3, 2), Tokens(8, 6))
    assert trace.tokens().total == 14
    assert (call.kind, call.operation, call.agent) == ("tool", "execute_tool", "travel-agent")
    assert call.attributes[semconv.GEN_AI_TOOL_NAME] == "get_weather"
    assert call.seconds <= trace.seconds
    assert repr(call) == "<execute_tool get_weather(city='Porto')>"


def test_relatives(langchain_trace: Trace) -> None:
    """A view leads to its relatives; two views of one span are equal."""
    ask()
    call, root = langchain_trace.first("get_weather"), langchain_trace.first("travel-agent")
    assert call.parent is not None
    assert [view.name for view in call.ancestors()] == ["tools", root.name]
    assert call in root.descendants()
    assert [view.name for view in root.children] == ["model", "tools", "model"]
    assert call == langchain_trace.first("execute_tool")
    assert len({call, langchain_trace.first("execute_tool")}) == 1
    assert call != root
    assert root.parent is None


def test_a_text_as_argument(langchain_trace: Trace) -> None:
    """A tool that was called with a text was called with `input`."""
    get_weather.invoke("Porto")
    assert langchain_trace.called("get_weather", input="Porto")


CALLED: list[tuple[dict[str, Any], str]] = [
    ({"city": "Porto"}, "get_weather was called: get_weather(city='Porto')"),
    ({"city": ANY}, "get_weather was called: get_weather(city='Porto')"),
    ({}, "get_weather was called: get_weather(city='Porto')"),
]
NOT_CALLED: list[tuple[str, dict[str, Any], str]] = [
    (
        "get_weather",
        {"city": "Lisbon"},
        "get_weather(city='Lisbon') was not called; called once: get_weather(city='Porto')",
    ),
    (
        "get_weather",
        {"city": "Porto", "days": 3},
        "get_weather(city='Porto', days=3) was not called; called once: get_weather(city='Porto')",
    ),
    ("delete", {}, "delete was not called; called: get_weather"),
]


@pytest.mark.parametrize(("arguments", "reason"), CALLED, ids=["value", "matcher", "none"])
def test_called(arguments: dict[str, Any], reason: str, langchain_trace: Trace) -> None:
    """A tool was called with these arguments, each of which may be a matcher."""
    ask()
    check = langchain_trace.called("get_weather", **arguments)
    assert check
    assert repr(check) == reason


@pytest.mark.parametrize(("tool", "arguments", "reason"), NOT_CALLED, ids=["value", "one", "tool"])
def test_not_called(
    tool: str, arguments: dict[str, Any], reason: str, langchain_trace: Trace
) -> None:
    """The reason says what was called instead."""
    ask()
    check = langchain_trace.called(tool, **arguments)
    assert not check
    assert repr(check) == reason


def test_many_calls(langchain_trace: Trace) -> None:
    """Of many calls some are shown, and all are compared."""
    for number in range(9):
        get_weather.invoke({"city": f"City {number}"})
    check = langchain_trace.called("get_weather", city="Porto")
    assert "called 9 times: " in check.reason
    assert check.reason.endswith("get_weather(city='City 4'), ...")
    assert langchain_trace.called("get_weather", city="City 8")
    assert len(langchain_trace.calls("get_weather")) == 9


@pytest.mark.langchain_otel(capture_message_content=False)
def test_content_is_off(langchain_trace: Trace) -> None:
    """Without content a call is known, and not its arguments."""
    ask()
    assert langchain_trace.called("get_weather")
    check = langchain_trace.called("get_weather", city="Porto")
    assert (
        check.reason
        == "get_weather was called once, but arguments are not recorded (content is off)"
    )
    assert not check
    assert "Porto" not in str(langchain_trace.snapshot()) + langchain_trace.tree()


def test_a_matcher_decides(langchain_trace: Trace) -> None:
    """What is wanted stands left of `==`."""
    ask()

    class Capital:
        def __eq__(self, other: object) -> bool:
            return other in {"Lisbon", "Vienna"}

        __hash__ = None  # type: ignore[assignment]

    assert not langchain_trace.called("get_weather", city=Capital())
    get_weather.invoke({"city": "Vienna"})
    assert langchain_trace.called("get_weather", city=Capital())


def test_nesting(langchain_trace: Trace) -> None:
    """A span ran inside of another one, by its name or the view of it, or it did not."""
    ask()
    trace = langchain_trace
    assert trace.first("chat").under("invoke_agent")
    assert trace.first("chat").under(trace.first("model"))
    assert not trace.first("chat").under(trace.last("model"))
    check = trace.first("get_weather").under("chat")
    assert not check
    assert check.reason == (
        "execute_tool get_weather is not under chat: it is under tools < invoke_agent travel-agent"
    )


def test_sequence(langchain_trace: Trace) -> None:
    """A span had ended when another one began; the reason says how it was."""
    ask()
    trace = langchain_trace
    first, last = trace.models()
    call = trace.first("get_weather")
    assert first.before(call)
    assert call.before(last)
    assert last.after("get_weather")
    assert call.after(first)
    assert not call.after("chat")
    assert call.before(first).reason == (
        "execute_tool get_weather ran after chat scripted, not before it"
    )
    around = call.before("travel-agent")
    assert not around
    assert "at the same time as" in around.reason
    assert call.before("find_hotels").reason == "there is no find_hotels in the trace"


def test_nothing_of_this_name(langchain_trace: Trace) -> None:
    """The message has the tree."""
    ask()
    with pytest.raises(LookupError, match="no span 'nobody'") as raised:
        langchain_trace.first("nobody")
    assert TREE in str(raised.value)


def test_errors(langchain_trace: Trace) -> None:
    """A failure is where it began; what passed it on has failed, too."""
    with pytest.raises(ValueError, match="no such city"):
        ask("Atlantis")
    (error,) = langchain_trace.errors()
    assert (error.tool, error.error) == ("get_weather", "ValueError")
    assert error.error_message == "no such city"
    lines = langchain_trace.tree().splitlines()
    assert lines[0] == "invoke_agent travel-agent  error ValueError"
    assert lines[-1].endswith("(city='Atlantis')  error ValueError: no such city")


def test_left_open(langchain_trace: Trace) -> None:
    """What has not ended is shown as open, and as what it was once it has."""
    stream: Any = StreamingModel().stream("hi")
    next(stream)
    assert langchain_trace.tree() == "chat  open"
    (left,) = langchain_trace.open()
    stream.close()
    assert left.is_open
    assert langchain_trace.open() == []
    assert langchain_trace.tree() == "chat  closed"


LIMITS: list[tuple[dict[str, float], str]] = [
    ({"tokens": 13}, "14 tokens, more than 13"),
    ({"input_tokens": 7}, "8 input tokens, more than 7"),
    ({"output_tokens": 5}, "6 output tokens, more than 5"),
    ({"calls": 1}, "2 model calls, more than 1"),
    ({"tool_calls": 0}, "1 tool call, more than 0"),
    ({"tokens": 1, "calls": 1, "errors": 0}, "14 tokens, more than 1; 2 model calls, more than 1"),
]


@pytest.mark.parametrize(("limits", "reason"), LIMITS, ids="-".join)
def test_limits(limits: dict[str, float], reason: str, langchain_trace: Trace) -> None:
    """Each limit that is exceeded is named, and no other."""
    ask()
    check = langchain_trace.within(**limits)
    assert not check
    assert repr(check) == reason


def test_within_all_limits(langchain_trace: Trace) -> None:
    """A limit may be met; time is measured."""
    ask()
    assert langchain_trace.within(tokens=14, calls=2, tool_calls=1, errors=0, seconds=3600)
    check = langchain_trace.within(seconds=0)
    assert not check
    assert check.reason.endswith(" s, more than 0 s")


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ({"token": 1}, "no limit 'token'; there are tokens, input_tokens, output_tokens, calls"),
        ({}, "needs a limit: tokens"),
        ({"tokens": "many"}, r"tokens=\.\.\.\) must be a number; got 'many'"),
        ({"tokens": None}, "must be a number; got None"),
        ({"tokens": True}, "must be a number; got True"),
        ({"cost": float("nan")}, "must be a number; got nan"),
    ],
    ids=["unknown", "none", "text", "None", "bool", "nan"],
)
def test_no_limit(limits: dict[str, Any], message: str, langchain_trace: Trace) -> None:
    """What is no limit is a TypeError, which lists the limits."""
    with pytest.raises(TypeError, match=message):
        langchain_trace.within(**limits)


def price(*_: Any, **__: Any) -> dict[str, float]:
    return {"input": 0.004, "output": 0.006}


def test_cost_that_is_not_known(langchain_trace: Trace) -> None:
    """Without prices no limit of cost is kept, and the reason says how to have them."""
    ask()
    check = langchain_trace.within(cost=1)
    assert not check
    assert check.reason == (
        "the cost of 2 calls is not known (scripted); the option cost=True asks for it"
    )


def test_cost() -> None:
    """With prices it is the sum of all calls."""
    with captured_trace(cost=price) as trace:
        ask()
    assert trace.cost() == pytest.approx(0.02)
    assert trace.within(cost=0.021)
    assert trace.within(cost=0.01).reason == "$0.02, more than $0.01"
    assert "  $0.01" in trace.tree(cost=True)
    assert trace.unpriced() == []


def test_a_model_that_wraps_a_model(langchain_trace: Trace) -> None:
    """The inner call is the one that counts, as in the metrics."""

    class Wrapper(Model):
        def _generate(self, *args: Any, **kwargs: Any) -> Any:
            Model().invoke("hi")
            return super()._generate(*args, **kwargs)

    Wrapper().invoke("hi")
    assert len(langchain_trace.models()) == 2
    assert langchain_trace.tokens() == Tokens(3, 3)
    assert langchain_trace.within(calls=1)


def test_other_signals(langchain_trace: Trace) -> None:
    """Metrics and log records are those of the test."""
    with pytest.raises(ValueError, match="no such city"):
        ask("Atlantis")
    duration = langchain_trace.metrics()[semconv.METRIC_TOOL_DURATION]
    assert (duration.count, duration.unit) == (1, "s")
    total = langchain_trace.metrics()[semconv.METRIC_TOTAL_INPUT]
    assert (total.total, total.unit) == (3, "{token}")
    names = {each.log_record.event_name for each in langchain_trace.logs}
    assert names == {semconv.GEN_AI_CLIENT_OPERATION_EXCEPTION}


def test_several_traces(langchain_trace: Trace) -> None:
    """Each has its own spans and log records; together they are in order."""
    ask("Porto")
    with pytest.raises(ValueError, match="no such city"):
        ask("Atlantis")
    first, second = langchain_trace.traces()
    assert first.tree() == TREE
    assert f"{first.tree()}\n{second.tree()}" == langchain_trace.tree()
    assert first.called("get_weather", city="Porto")
    assert not second.called("get_weather", city="Porto")
    assert (len(first.logs), bool(second.logs)) == (0, True)
    assert repr(first) == "<Trace of 7 spans>"


def test_options_of_a_marker() -> None:
    """A wrong option is said at once, with those that exist."""
    with pytest.raises(TypeError, match=r"no option 'detial' \(did you mean 'detail'\?\)"):
        captured_trace(detial="nodes").__enter__()  # type: ignore[call-arg]
    with pytest.raises(ValueError, match="detail must be"):
        captured_trace(detail="nothing").__enter__()  # type: ignore[arg-type]


@pytest.mark.langchain_otel(detail="semantic")
def test_detail(langchain_trace: Trace) -> None:
    """The options are those of `instrument()`."""
    ask()
    assert [view.name for view in langchain_trace.first("invoke_agent").children] == [
        "chat scripted",
        "execute_tool get_weather",
        "chat scripted",
    ]


@pytest.mark.langchain_otel(dialect="openinference")
def test_openinference(langchain_trace: Trace) -> None:
    """The other dialect is read as well."""
    ask()
    trace = langchain_trace
    assert (len(trace.models()), len(trace.agents()), trace.tokens()) == (2, 1, Tokens(8, 6))
    assert trace.called("get_weather", city="Porto")
    assert trace.last("chat").answer == "It is sunny in Porto."


@pytest.mark.langchain_otel(redact=lambda text, *_: "***")
def test_redacted(langchain_trace: Trace) -> None:
    """A test of the application's own `redact` sees what it leaves."""
    ask()
    assert "Porto" not in langchain_trace.tree() + str(langchain_trace.snapshot())


def test_snapshot(langchain_trace: Trace) -> None:
    """Plain data: names, content and tokens, and no id."""
    get_weather.invoke({"city": "Porto"})
    assert langchain_trace.snapshot() == [
        {
            "span": "execute_tool get_weather",
            "arguments": {"city": "Porto"},
            "result": "sunny in Porto for 1 days",
        }
    ]
    (entry,) = langchain_trace.snapshot(semconv.GEN_AI_TOOL_TYPE)
    assert entry[semconv.GEN_AI_TOOL_TYPE] == "function"


RUNS: dict[str, Callable[[], Any]] = {
    "agent": lambda: agent(calls("get_weather", city="Porto"), says("Done.")).invoke(QUESTION),
    "parallel tools": lambda: agent(both(), says("Done.")).invoke(QUESTION),
    "batch": lambda: RunnableLambda(len).batch(["a", "bb", "ccc"]),
}


@pytest.mark.parametrize("run", RUNS)
def test_snapshots_are_the_same(run: str) -> None:
    """Two runs have one snapshot and one tree."""
    snapshots = []
    for _ in range(2):
        with captured_trace() as trace:
            RUNS[run]()
        snapshots.append((trace.snapshot(), trace.tree()))
    assert snapshots[0] == snapshots[1]


def test_a_real_client(langchain_trace: Trace) -> None:
    """A provider's client against a server: what it was answered is in the trace."""
    with start_server() as server:
        options: dict[str, Any] = {"api_key": "none", "max_retries": 0}
        model = ChatOpenAI(model="gpt-5-mini", base_url=server.base_url, **options)
        model.bind_tools([get_weather]).invoke("What is the weather in Lisbon?")
    (call,) = langchain_trace.models()
    assert (call.name, call.model) == ("chat gpt-5-mini", "gpt-5-mini-2025-08-07")
    assert call.output_messages[0]["parts"][0]["arguments"]["city"] == "Lisbon"
    assert langchain_trace.tokens() == call.tokens
    assert call.tokens.total > 0
    assert "id" not in str(list(_keys(langchain_trace.snapshot())))


def _keys(data: Any) -> Any:
    if isinstance(data, dict):
        for key, value in data.items():
            yield f"<{key}>"
            yield from _keys(value)
    for each in data if isinstance(data, list) else ():
        yield from _keys(each)


def test_names_are_public() -> None:
    """What a test may import, for its annotations."""
    from langchain_otel import testing

    assert set(testing.__all__) <= set(dir(testing))
    assert testing.SpanView is SpanView
    assert not hasattr(testing, "Tracer")
