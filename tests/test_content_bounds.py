"""What content costs is bounded before it is walked: by the values looked at and the bytes made.

Work is counted, as calls of this package's functions and as memory at its peak, never timed.
"""

import gc
import json
import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any, Final

import pytest
from langchain_core.documents import Document
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnableLambda

import langchain_otel
from models import Model
from recording import Tracing, instrumented

pytestmark = pytest.mark.usefixtures("wrapped_once")

OURS: Final = str(Path(langchain_otel.__file__).parent)
TEXT: Final = "x" * 32_768
# Far more than an ordinary run takes, far less than what the values below would.
MOST_CALLS: Final = 500_000
MOST_BYTES: Final = 40_000_000
MOST_GROWTH: Final = 2.2
OF_A_TOOL: Final = ", of a tool"


def nested_results(levels: int) -> Any:
    """A block whose result holds one block twice, and so on: 2 ** levels texts."""
    block: Any = {"type": "text", "text": "x"}
    for _ in range(levels):
        block = {"type": "tool_result", "tool_use_id": "1", "content": [block, block]}
    return [block]


def nested_lists(width: int) -> Any:
    inner: Any = ["thought"] * width
    for _ in range(2):
        inner = [inner] * width
    return [{"type": "reasoning", "reasoning": inner}]


def nested_generic(levels: int) -> Any:
    value: Any = {"x": "y"}
    for _ in range(levels):
        value = {"type": "future", "left": value, "right": value}
    return [value]


def non_standard(levels: int) -> Any:
    value: Any = {"type": "text", "text": "x"}
    for _ in range(levels):
        value = {"type": "non_standard", "value": value}
    return [value]


def itself() -> Any:
    content: list[Any] = []
    content += [{"type": "tool_result", "content": content}] * 2
    return content


def empty_blocks(count: int) -> Any:
    return [[{"type": "text", "text": ""}] * 1_000] * count


CONTENTS: Final[dict[str, Callable[[], Any]]] = {
    "nested results": lambda: nested_results(16),
    "deep results": lambda: nested_results(60),
    "nested lists of thoughts": lambda: nested_lists(100),
    "generic blocks": lambda: nested_generic(16),
    "blocks in blocks": lambda: non_standard(2_000),
    "a list in itself": itself,
    "one text many times": lambda: [{"type": "text", "text": TEXT}] * 10_000,
    "one text in a result": lambda: [{"type": "tool_result", "content": [TEXT] * 10_000}],
    "one text in a thought": lambda: [{"type": "reasoning", "summary": [TEXT] * 10_000}],
    "one text in a generic block": lambda: [{"type": "future", "a": [[TEXT] * 100] * 100}],
    "pictures": lambda: [{"type": "image", "url": "https://x/" + TEXT}] * 300,
    "empty blocks": lambda: empty_blocks(1_000),
}


class Box:
    """Holds a value that LangChain would write out whole."""

    def __init__(self, value: Any) -> None:
        self.value = value


class Finds(BaseRetriever):
    """Finds what it holds."""

    found: Box

    def _get_relevant_documents(self, query: str, **_: Any) -> Any:
        return self.found.value


class WithTools(Model):
    """Has been given definitions of tools."""

    definitions: Box

    def _get_invocation_params(self, *_: Any, **__: Any) -> dict[str, Any]:
        return {"tools": self.definitions.value}


def definitions(count: int) -> Any:
    schema = {"type": "object", "properties": {str(n): {"description": TEXT} for n in range(100)}}
    return [{"type": "function", "function": {"name": "f", "parameters": schema}}] * count


def document() -> Document:
    return Document(TEXT, metadata={"a": [TEXT] * 100})


def call(arguments: Any) -> AIMessage:
    return AIMessage("", tool_calls=[{"name": "f", "args": arguments, "id": "1"}] * 1_000)


def state(value: Any) -> Callable[[], Any]:
    return lambda: RunnableLambda(lambda _: value).invoke(value)


def asked(make: Callable[[], Any]) -> Callable[[], Any]:
    return lambda: Model().invoke([HumanMessage.model_construct(content=make(), type="human")])


def answered(make: Callable[[], Any]) -> Callable[[], Any]:
    return lambda: Model().invoke([ToolMessage.model_construct(content=make(), type="tool")])


PROGRAMS: Final[dict[str, Callable[[], Any]]] = {
    **{name: asked(make) for name, make in CONTENTS.items()},
    **{f"{name}{OF_A_TOOL}": answered(make) for name, make in CONTENTS.items()},
    "definitions of tools": lambda: WithTools(definitions=Box(definitions(1_000))).invoke("x"),
    "objects as tools": lambda: WithTools(
        definitions=Box([Document(TEXT, metadata={"a": [[TEXT] * 100] * 100})] * 1_000)
    ).invoke("x"),
    "documents": lambda: Finds(found=Box([document()] * 10_000)).invoke("x"),
    "arguments of tools": lambda: Model().invoke([call({str(n): TEXT for n in range(16)})]),
    "arguments as text": lambda: Model().invoke([call({"a": [TEXT] * 1_000})] * 10),
    "state": state({str(number): [TEXT] * 1_000 for number in range(1_000)}),
    "deep state": state(nested_generic(60)),
    "messages": lambda: Model().invoke(
        [HumanMessage([{"type": "text", "text": ""}] * 1_000)] * 100
    ),
}


def recorded(program: Callable[[], Any], **options: Any) -> Tracing:
    tracing = Tracing()
    settings = {"capture_message_content": "SPAN_ONLY", "capture_state": True} | options
    with instrumented(tracing, **settings):
        program()
    return tracing


class Calls:
    """Counts the calls of this package's functions."""

    def __init__(self) -> None:
        self.number = 0

    def __call__(self, frame: FrameType, event: str, _: Any) -> None:
        if event == "call" and frame.f_code.co_filename.startswith(OURS):
            self.number += 1


def calls_of(program: Callable[[], Any], **options: Any) -> int:
    recorded(lambda: Model().invoke("x"), **options)
    calls = Calls()
    sys.setprofile(calls)
    try:
        recorded(program, **options)
    finally:
        sys.setprofile(None)
    return calls.number


OPTIONS: Final[dict[str, dict[str, Any]]] = {
    "": {},
    "redacted": {"redact": lambda text, _: text},
    "Phoenix": {"dialect": "both"},
    "new": {"history": "new"},
}


@pytest.fixture(autouse=True)
def limits_are_met(nothing_left_behind: None) -> Any:
    """That a limit is met is counted, as it should be."""
    yield
    for limit in ("max_content_length", "max_span_content_bytes"):
        langchain_otel.health.failures.pop(limit, None)


@pytest.mark.parametrize("name", PROGRAMS)
def test_work_has_an_end(name: str) -> None:
    """However values hold one another, only so many are looked at, and the span has its limit."""
    assert calls_of(PROGRAMS[name]) < MOST_CALLS


@pytest.mark.parametrize("name", [name for name in PROGRAMS if not name.endswith(OF_A_TOOL)])
def test_memory_has_an_end(name: str) -> None:
    """Texts are counted before they are put together, not when all of them are.

    What a tool answers is read as what a person says.
    """
    program = PROGRAMS[name]
    recorded(lambda: Model().invoke("x"))
    gc.collect()
    tracemalloc.start()
    try:
        program()
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[1]
        tracing = recorded(program)
        peak = tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()
    assert peak < MOST_BYTES
    assert max(len(str(span.attributes)) for span in tracing.spans) < 2_500_000


@pytest.mark.parametrize("option", [name for name in OPTIONS if name])
@pytest.mark.parametrize("name", ["nested results", "one text many times", "arguments as text"])
def test_work_has_an_end_with(name: str, option: str) -> None:
    """Redaction, the other dialect and the way by which only new messages are shown are no way."""
    assert calls_of(PROGRAMS[name], **OPTIONS[option]) < 3 * MOST_CALLS


DEFINITION: Final = {"name": "f", "parameters": {"a": {"b": 1}}}
GROWING: Final[dict[str, Callable[[int], Callable[[], Any]]]] = {
    "messages": lambda n: lambda: Model().invoke([HumanMessage("x")] * 10 * n),
    "blocks": lambda n: lambda: Model().invoke([HumanMessage([{"type": "text", "text": "x"}] * n)]),
    "thoughts": lambda n: (
        lambda: Model().invoke([HumanMessage([{"type": "reasoning", "reasoning": ["x"] * n}])])
    ),
    "results": lambda n: lambda: Model().invoke([HumanMessage([{"type": "r", "a": ["x"] * n}])]),
    "documents": lambda n: lambda: Finds(found=Box([Document("x")] * n)).invoke("x"),
    "definitions": lambda n: lambda: WithTools(definitions=Box([DEFINITION] * n)).invoke("x"),
    "state": lambda n: state({str(number): [number] * 10 for number in range(n)}),
}


@pytest.mark.parametrize("name", GROWING)
def test_twice_as_much_costs_twice_as_much(name: str) -> None:
    """Within the limits the work grows as what there is, not faster."""
    program = GROWING[name]
    assert calls_of(program(400)) <= MOST_GROWTH * calls_of(program(200))


def test_what_fits_is_whole() -> None:
    """The allowance is no second limit: all that the span has room for is there."""
    blocks = [{"type": "text", "text": f"{number:05}" * 1_000} for number in range(150)]
    tracing = recorded(lambda: Model().invoke([HumanMessage([*blocks])]))
    (span,) = tracing.spans
    (message,) = json.loads(str((span.attributes or {})["gen_ai.input.messages"]))
    assert [part["content"] for part in message["parts"]] == [block["text"] for block in blocks]
