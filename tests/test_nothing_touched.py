"""What the application passes around is its own: nothing of it is used up, awakened or called."""

from collections import UserDict
from collections.abc import Callable, Iterator
from queue import Queue
from typing import Any
from unittest.mock import MagicMock

import pytest
import wrapt
from langchain_core.callbacks import dispatch_custom_event
from langchain_core.documents import BaseDocumentCompressor, Document
from langchain_core.embeddings import Embeddings
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.prompts import PromptTemplate
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnableConfig, RunnableLambda
from langchain_core.tools import StructuredTool
from langchain_core.vectorstores import VectorStore
from langgraph.graph import StateGraph
from langgraph.types import Command
from opentelemetry.trace import StatusCode

from hostile.watched import watched_class
from langchain_otel import semconv
from models import Model
from recording import Tracing, instrumented

pytestmark = pytest.mark.usefixtures("wrapped_once")

CONTENT = {
    f"{dialect}-{mode}": {
        "dialect": dialect,
        "capture_message_content": mode,
        "capture_state": True,
    }
    for dialect in ("gen_ai", "openinference", "both")
    for mode in ("NO_CONTENT", "SPAN_ONLY", "EVENT_ONLY", "SPAN_AND_EVENT")
}


@pytest.fixture(params=CONTENT.values(), ids=list(CONTENT))
def traced(request: pytest.FixtureRequest) -> Iterator[Tracing]:
    """LangChain instrumented in each dialect, with content on each channel and on none."""
    tracing = Tracing()
    with instrumented(tracing, **request.param):
        yield tracing


class Retriever(BaseRetriever):
    """Gives back what `found` makes."""

    found: Any

    def _get_relevant_documents(self, query: str, **_: Any) -> Any:
        return self.found()


class Lengths(Embeddings):
    """Embeds texts, from anything that can be iterated, as their lengths."""

    def embed_documents(self, texts: Any) -> list[list[float]]:
        return [[float(len(text))] for text in texts]

    def embed_query(self, text: str) -> list[float]:
        return [float(len(text))]


class Anything(Lengths):
    """Embeds anything."""

    def embed_documents(self, texts: Any) -> list[list[float]]:
        return [[1.0]] * len(texts)


class First(BaseDocumentCompressor):
    """Keeps the first document, of anything that can be iterated, and gives it as a generator."""

    def compress_documents(self, documents: Any, query: str, callbacks: Any = None) -> Any:
        return (document for document in list(documents)[:1])


class Store(VectorStore):
    """Finds documents as a generator."""

    def similarity_search(self, query: Any, k: int = 4, **_: Any) -> Any:
        return (Document(word) for word in query)

    def add_texts(self, *_: Any, **__: Any) -> Any:
        raise NotImplementedError

    @classmethod
    def from_texts(cls, *_: Any, **__: Any) -> Any:
        raise NotImplementedError


def words() -> Iterator[str]:
    yield "one"
    yield "two"


NUMBERS = {1.0: "one", 2.0: "two"}


def sizes() -> Iterator[str]:
    yield "x"
    yield "xx"


def documents() -> Iterator[Document]:
    yield Document("one")
    yield Document("two")


def graph() -> Any:
    """A graph of one node, whose state holds an iterator."""
    builder: Any = StateGraph(dict)
    builder.add_node("node", lambda state: state)
    builder.set_entry_point("node")
    return builder.compile()


def tool(function: Callable[..., Any]) -> StructuredTool:
    return StructuredTool.from_function(function, name="tool", description="A tool.")


def anything(given: Any) -> Any:
    return given


def mapped(given: Any) -> Any:
    return map(str, given)


def from_metadata(_: Any, config: RunnableConfig) -> Any:
    return config["metadata"]["words"]


def report(given: Any) -> str:
    dispatch_custom_event("event", given)
    return "".join(given)


ONCE: dict[str, Callable[[], Any]] = {
    "retriever": lambda: [each.page_content for each in Retriever(found=documents).invoke("q")],
    "embeddings": lambda: [NUMBERS[size] for [size] in Lengths().embed_documents(sizes())],
    "reranker in": lambda: [
        *(each.page_content for each in First().compress_documents(documents(), "q")),
        "two",
    ],
    "vector store": lambda: [each.page_content for each in Store().similarity_search(words())],
    "chain": lambda: list(RunnableLambda(mapped).invoke(words())),
    "tool's result": lambda: list(tool(words).invoke({})),
    "tool's argument": lambda: list(tool(anything).invoke({"given": words()})),
    "graph": lambda: list(graph().invoke({"messages": words(), "other": words()})["messages"]),
    "event": lambda: [RunnableLambda(report).invoke(words())[:3], "two"],
    "metadata": lambda: list(
        RunnableLambda(from_metadata).invoke(0, {"metadata": {"words": words()}})
    ),
}


@pytest.mark.parametrize("name", ONCE)
def test_what_can_be_read_once_is_read_by_the_application(traced: Tracing, name: str) -> None:
    """A generator, an iterator or a map comes to its reader whole, whatever is recorded."""
    assert ONCE[name]() == ["one", "two"]
    assert traced.spans


KINDS: dict[str, tuple[tuple[type, ...], Any]] = {
    "object": ((), ()),
    "dict": ((dict,), ({"type": "text", "text": "x", "status": "error"},)),
    "list": ((list,), ([{"type": "text", "text": "x"}],)),
    "tuple": ((tuple,), (("x", 1),)),
    "str": ((str,), ("text",)),
    "UserDict": ((UserDict,), ()),
    "exception": ((Exception,), ("x",)),
}


def result_of(message: Any) -> ChatResult:
    generation = ChatGeneration.model_construct(message=message, text="x", generation_info=None)
    return ChatResult.model_construct(generations=[generation], llm_output=None)


class Answers(BaseChatModel):
    """Answers with what it holds."""

    result: Any

    @property
    def _llm_type(self) -> str:
        return "answers"

    def _generate(self, *_: Any, **__: Any) -> ChatResult:
        return result_of(self.result)


@pytest.mark.parametrize(
    "place",
    [
        "tool result",
        "tool argument",
        "chain",
        "state",
        "document",
        "embedded",
        "reranked",
        "event",
        "message",
        "answer",
        "blocks",
        "variables",
    ],
)
def test_objects_of_the_application_are_not_touched(traced: Tracing, place: str) -> None:
    """No special method of theirs is called by this package, whatever they stand for."""
    touched = {}
    # All in one test: to instrument takes longer than to run.
    for kind, (bases, arguments) in KINDS.items():
        value = watched_class(*bases)(*arguments)
        run_with(place, value)
        touched[kind] = type(value).touched_by_us
        assert traced.spans, kind
        traced.exporter.clear()
    assert not {kind: calls for kind, calls in touched.items() if calls}


def run_with(place: str, value: Any) -> None:
    """Run LangChain with an object at a place where this package looks."""
    fields = ("additional_kwargs", "response_metadata", "usage_metadata", "tool_calls", "name")
    programs: dict[str, Callable[[], Any]] = {
        "tool result": lambda: tool(lambda: value).invoke({}),
        "tool argument": lambda: tool(anything).invoke({"given": value}),
        "chain": lambda: RunnableLambda(lambda _: {"a": [value]}).invoke(value),
        "state": lambda: graph().invoke({"messages": [value], "other": value}),
        "document": lambda: Retriever(
            found=lambda: [value, Document.model_construct(page_content=value, metadata=value)]
        ).invoke("q"),
        "embedded": lambda: Anything().embed_documents([value]),
        "reranked": lambda: First().compress_documents([value], "q"),
        "event": lambda: RunnableLambda(reporting(value)).invoke(0),
        "message": lambda: Model().invoke(
            [
                HumanMessage.model_construct(content=[{"type": "a", "b": value}], type="human"),
                *(AIMessage.model_construct(content="x", **{field: value}) for field in fields),
                AIMessage("", tool_calls=[{"name": "t", "args": {"a": value}, "id": "1"}]),
            ]
        ),
        "answer": lambda: [
            Answers(result=AIMessage.model_construct(content="x", **{field: value})).invoke("x")
            for field in fields[:3]
        ],
        "blocks": lambda: Model().invoke(
            [HumanMessage([{"type": kind, kind: value} for kind in ("text", "reasoning", "image")])]
        ),
        "variables": lambda: PromptTemplate.from_template("{a}").invoke({"a": "x", "b": value}),
    }
    programs[place]()


def reporting(value: Any) -> Callable[[Any], None]:
    return lambda _: dispatch_custom_event("event", value)


class Blocking(Queue):  # type: ignore[type-arg]
    """A queue whose `get` would wait for ever."""

    def get(self, *_: Any, **__: Any) -> Any:
        raise AssertionError("waited")


@pytest.mark.parametrize("make", [Blocking, MagicMock], ids=["queue", "mock"])
@pytest.mark.parametrize(
    "field", ["additional_kwargs", "response_metadata", "usage_metadata", "tool_calls"]
)
def test_fields_of_messages_are_what_their_type_says(
    traced: Tracing, make: Callable[[], Any], field: str
) -> None:
    """A queue has a `get` and a mock has everything: neither is a dict, nor a list."""
    value = make()
    message = AIMessage.model_construct(content="x", **{field: value})
    Model().invoke([message, HumanMessage("y")])
    if field != "response_metadata":
        # That of an answer LangChain itself adds to.
        Answers(result=message).invoke("x")
        assert semconv.GEN_AI_USAGE_INPUT_TOKENS not in (traced.spans[-1].attributes or {})
    names = {name for name, _, _ in getattr(value, "mock_calls", ())}
    # LangChain compares the fields of a message with their defaults.
    assert names <= {"__ne__", "__eq__"}


class Row:
    """A row of a table, whose fields are loaded when they are asked for."""

    @property
    def status(self) -> str:
        raise AssertionError("loaded")

    tool_call_id = content = type = status


class Failed:
    """A result of the application's that has the words of a message."""

    status = "error"
    tool_call_id = "not-one"


class Frame:
    """As a table of numbers does: compares by element, is neither true nor false."""

    def __init__(self) -> None:
        self.status = self

    def __eq__(self, other: object) -> Any:
        return self

    def __bool__(self) -> bool:
        raise ValueError("ambiguous")

    __hash__ = object.__hash__


def lazy() -> Any:
    """A proxy that would load what it stands for."""

    class Lazy(wrapt.ObjectProxy):  # type: ignore[type-arg, unused-ignore]
        def __getattr__(self, name: str) -> Any:
            raise AssertionError(name)

    return Lazy(Failed())


RESULTS: dict[str, Callable[[], Any]] = {
    "row": Row,
    "object with a status": Failed,
    "frame": Frame,
    "mock": MagicMock,
    "proxy": lazy,
    "class": lambda: Failed,
    "dict": lambda: {"status": "error", "type": "tool", "tool_call_id": "x"},
    "state": lambda: {"messages": [Failed()]},
}


@pytest.mark.parametrize("name", RESULTS)
def test_result_of_a_tool_is_the_application_s(
    traced: Tracing, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    """It may look like a message; only a message of LangChain's says that the tool failed."""
    value = RESULTS[name]()
    assert tool(lambda: value).invoke({}) is value
    (span,) = traced.spans
    assert span.status.status_code is StatusCode.UNSET
    attributes = span.attributes or {}
    assert semconv.ERROR_TYPE not in attributes
    assert semconv.GEN_AI_TOOL_CALL_ID not in attributes
    assert not caplog.records


class OwnMessage(ToolMessage):
    """A message of a tool that the application derives."""


FAILED = OwnMessage(content="no", tool_call_id="call-1", status="error")
MESSAGES: dict[str, Any] = {
    "message": FAILED,
    "command": Command(update={"messages": [HumanMessage("x"), FAILED]}),
    "command with another key": Command(update={"chat": [FAILED], "messages": []}),
    "command with one message": Command(update={"messages": FAILED}),
    "command with a list": Command(update=[HumanMessage("x"), FAILED]),
    "command with pairs": Command(update=[("messages", [FAILED]), ("other", 1)]),
}


@pytest.mark.parametrize("name", MESSAGES)
def test_message_of_a_tool_says_that_it_failed(tracing: Tracing, name: str) -> None:
    """Alone or in the update of a command, of LangChain's class or one derived from it."""
    tool(lambda: MESSAGES[name]).invoke({})
    (span,) = tracing.spans
    assert span.status.status_code is StatusCode.ERROR
    assert (span.attributes or {})[semconv.ERROR_TYPE] == semconv.TOOL_ERROR
