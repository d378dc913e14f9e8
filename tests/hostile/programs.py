"""Programs of LangChain's own, each with a value of anybody's at one place that we look at."""

from collections.abc import Callable, Iterator
from typing import Any, Final

from langchain_core.callbacks import dispatch_custom_event
from langchain_core.documents import Document
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.prompts import PromptTemplate
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnableGenerator, RunnableLambda
from langchain_core.tools import StructuredTool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import StateGraph
from langgraph.types import Command, interrupt

from models import Model


class Box:
    """Holds a value that LangChain would convert or copy."""

    def __init__(self, value: Any) -> None:
        self.value = value


class Answers(BaseChatModel):
    """Answers with an odd message, at once or in chunks, and says odd things of itself."""

    box: Any
    field: str = "content"

    @property
    def _llm_type(self) -> str:
        return "answers"

    def _get_invocation_params(self, *_: Any, **__: Any) -> dict[str, Any]:
        return {"model": self.box.value, "tools": self.box.value, "temperature": self.box.value}

    def _generate(self, *_: Any, **__: Any) -> ChatResult:
        message = AIMessage.model_construct(None, **{"content": "x", self.field: self.box.value})
        generation = ChatGeneration.model_construct(None, message=message, text="x")
        return ChatResult.model_construct(None, generations=[generation], llm_output=None)


class Streams(Answers):
    """The same in chunks."""

    def _stream(self, *_: Any, **__: Any) -> Any:
        for _each in range(2):
            message = AIMessageChunk(content="x")
            object.__setattr__(message, "additional_kwargs", {})
            yield ChatGenerationChunk(message=message, generation_info={"odd": self.box.value})


class Finds(BaseRetriever):
    """Finds what it holds."""

    box: Any
    times: int = 1

    def _get_relevant_documents(self, query: str, **_: Any) -> Any:
        return [self.box.value] * self.times + [
            Document.model_construct(None, page_content=self.box.value)
        ]


def _tool(function: Callable[..., Any]) -> StructuredTool:
    return StructuredTool.from_function(function, name="tool", description="A tool.")


def _given(given: Any) -> Any:
    return given


def _echo(value: Any) -> Any:
    return RunnableLambda(lambda it: it).invoke(value)


def _raise(value: Any) -> Any:
    def body(_: Any) -> None:
        raise value if issubclass(type(value), Exception) else ValueError(value)

    return RunnableLambda(body).invoke(0)


def _graph(value: Any) -> Any:
    builder: Any = StateGraph(dict)
    builder.add_node("node", lambda _: {"messages": [value], "other": value})
    builder.set_entry_point("node")
    return builder.compile().invoke({"messages": value})


def _pausing(value: Any) -> Any:
    builder: Any = StateGraph(dict)
    builder.add_node("node", lambda _: {"answer": interrupt(value)})
    builder.set_entry_point("node")
    graph = builder.compile(checkpointer=InMemorySaver())
    config: Any = {"configurable": {"thread_id": "1"}}
    graph.invoke({"a": 1}, config)
    return graph.invoke(Command(resume="yes"), config)


def _report(value: Any) -> None:
    step: Any = RunnableLambda(lambda _: dispatch_custom_event("e", value))
    step.invoke(0)


def _streamed(value: Any) -> Any:
    def chunks(_: Any) -> Iterator[Any]:
        yield value

    return [*RunnableGenerator(chunks).stream(0)]


PLACES: Final[dict[str, Callable[[Any], Any]]] = {
    "chain": _echo,
    "streamed": _streamed,
    "error": _raise,
    "state": _graph,
    "interrupt": _pausing,
    "tool result": lambda value: _tool(lambda: value).invoke({}),
    "tool argument": lambda value: _tool(_given).invoke({"given": value}),
    "documents": lambda value: Finds(box=Box(value)).invoke("q"),
    "event": _report,
    "metadata": lambda value: RunnableLambda(str).invoke(0, {"metadata": {"own": value}}),
    "configurable": lambda value: RunnableLambda(str).invoke(0, {"configurable": {"own": value}}),
    "variables": lambda value: PromptTemplate.from_template("{a}").invoke({"a": "x", "b": value}),
    "message": lambda value: Model().invoke(
        [HumanMessage.model_construct(None, content=[{"type": "text", "text": value}, value])]
    ),
    "kwargs": lambda value: Model().invoke("x", odd=value, temperature=value),
    "answer": lambda value: Answers(box=Box(value)).invoke("x"),
    "answer's usage": lambda value: Answers(box=Box(value), field="usage_metadata").invoke("x"),
    "answer's calls": lambda value: Answers(box=Box(value), field="tool_calls").invoke("x"),
    "chunks": lambda value: [*Streams(box=Box(value)).stream("x")],
}
"""By place: what is run with a value."""


def outcome(place: str, value: Any) -> tuple[str, Any]:
    """How a program ends: the types of what it gives, or of what it raises."""
    try:
        return "gives", shape(PLACES[place](value))
    except Exception as error:
        return "raises", (type(error).__qualname__, type(error.__cause__).__qualname__)


def shape(value: Any, depth: int = 4) -> Any:
    """The types in a value, by their names; nothing of it is called."""
    kind = type(value)
    if depth == 0:
        return type.__getattribute__(kind, "__qualname__")
    if kind is dict:
        return {key: shape(item, depth - 1) for key, item in value.items() if type(key) is str}
    if kind is list or kind is tuple:
        return [shape(item, depth - 1) for item in value[:9]]
    plain = kind in (str, int, bool)
    return value if plain else type.__getattribute__(kind, "__qualname__")
