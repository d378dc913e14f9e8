"""Counts what it takes to record inputs of one form and of twice the size; no clock is asked."""

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any, Final

from langchain_core.documents import Document
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage

from hostile.events import Values, reported
from hostile.lives import Listener
from hostile.watched import OURS


def nested(levels: int, item: Any = "x") -> Any:
    """A list in a list, and so on."""
    for _ in range(levels):
        item = [item]
    return item


def tree(size: int) -> Any:
    """A mapping whose values are mappings, of about so many entries in all."""
    inner = {f"key {number}": number for number in range(10)}
    return {f"key {number}": dict(inner) for number in range(size // 10)}


def shared(size: int) -> Any:
    """One list, which stands in itself again and again."""
    found: Any = ["x"]
    for _ in range(size):
        found = [found, found]
    return found


def caused(size: int) -> BaseException:
    """An exception that has so many causes."""
    error: BaseException = ValueError("first")
    for number in range(size):
        later = ValueError(f"number {number}")
        later.__cause__ = error
        error = later
    return error


def call(size: int) -> Any:
    calls = [{"name": "f", "args": {"a": 1}, "id": str(number)} for number in range(size)]
    return AIMessage.model_construct(None, content="", tool_calls=calls, type="ai")


def blocks(size: int, block: dict[str, Any]) -> Any:
    return HumanMessage.model_construct(None, content=[dict(block) for _ in range(size)])


PICTURE: Final = {"type": "image", "base64": "iVBORw0K" * 8, "mime_type": "image/png"}
SEARCHED: Final = {"type": "text", "text": "x", "annotations": [{"url": "https://x"}] * 3}
DATA_URL: Final = "![a](data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAUA) "
KEYED: Final = '{"data": "iVBORw0KGgoAAAANSUhEUgAAAAUA", "mimeType": "image/png"} '

GROWING: Final[dict[str, Callable[[int], Values]]] = {
    "text": lambda n: Values("chain", "word " * n * 50, "word " * n * 50),
    "brackets": lambda n: Values("chain", "[" * n * 50, "{" * n * 50),
    "quotes": lambda n: Values("tool", '\\"' * n * 50, '\\"' * n * 50),
    "data URLs": lambda n: Values("chain", DATA_URL * n, DATA_URL * n),
    "bytes in JSON": lambda n: Values("tool", KEYED * n, KEYED * n),
    "list": lambda n: Values("chain", ["x"] * n, [1] * n),
    "tree": lambda n: Values("chain", tree(n), tree(n)),
    "nested": lambda n: Values("chain", nested(n), nested(n, {"type": "text"})),
    "shared": lambda n: Values("chain", shared(n), shared(n)),
    "set": lambda n: Values("tool", set(range(n)), frozenset(map(str, range(n)))),
    "messages": lambda n: Values("chat", None, "x")._replace(payload=[HumanMessage("x")] * n),
    "blocks": lambda n: Values("chat", blocks(n, SEARCHED), blocks(n, SEARCHED), shape="one"),
    "pictures": lambda n: Values("chat", blocks(n, PICTURE), blocks(n, PICTURE), shape="one"),
    "tool calls": lambda n: Values("chat", call(n), call(n), shape="one"),
    "answers": lambda n: Values("completion", ["x"] * n, ["x"] * n, shape="many"),
    "documents": lambda n: Values("retriever", "q", [Document("x", metadata={"a": 1})] * n),
    "tags": lambda n: Values("tool", "x", tags=tuple(f"tag {number}" for number in range(n))),
    "metadata": lambda n: Values("tool", "x", metadata={f"key {each}": each for each in range(n)}),
    "value of metadata": lambda n: Values("tool", "x", metadata={"own": tree(n)}),
    "parameters": lambda n: Values(
        "chat", "x", options={"invocation_params": {f"key {each}": "x" for each in range(n)}}
    ),
    "tools": lambda n: Values(
        "chat", "x", options={"invocation_params": {"tools": [{"name": "f"}] * n}}
    ),
    "events": lambda n: Values("tool", "x", events=(("custom", {"a": 1}),) * n),
    "texts": lambda n: Values("chain", "x", events=(("text", "x"),) * n),
    "tokens": lambda n: Values("chat", "x", events=(("token", "x"),) * n, way="error"),
    "chunks": lambda n: Values(
        "chat",
        "x",
        ValueError("x"),
        events=(("chunk", AIMessageChunk(content="x")),) * n,
        way="error",
    ),
    "causes": lambda n: Values("chain", "x", caused(n // 10), way="error"),
    "exception's text": lambda n: Values("chain", "x", ValueError("word " * n * 50), way="error"),
}
"""By form: what is reported of a run, in a size."""


class Steps:
    """Counts the calls that our code makes, of functions in Python and in C."""

    def __init__(self) -> None:
        self.number = 0

    def __call__(self, frame: FrameType, event: str, _: Any) -> None:
        if event in {"call", "c_call"} and frame.f_code.co_filename.startswith(OURS):
            self.number += 1


def cost(listener: Listener, values: Values) -> tuple[int, int]:
    """The steps that it takes to record a run, and the bytes that it comes to."""
    listener.forget()
    steps = Steps()
    sys.setprofile(steps)
    try:
        reported(values, listener.handler)
    finally:
        sys.setprofile(None)
    return steps.number, listener.size()


def cost_of_twice(listener: Listener, name: str, size: int) -> tuple[float, float]:
    """How many times the steps and the bytes of an input that of twice the size takes."""
    make = GROWING[name]
    cost(listener, make(size))
    once, twice = cost(listener, make(size)), cost(listener, make(2 * size))
    return twice[0] / once[0], twice[1] / once[1]
