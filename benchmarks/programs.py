"""Knows the work that is measured: chains, agents, graphs and streams over a model without delay.

Each program takes how often it is to run and the configuration to run with.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Final
from uuid import uuid4

from langchain.agents import create_agent
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, HumanMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.output_parsers import StrOutputParser
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnableLambda, RunnableParallel
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, StateGraph

ROUNDS: Final = 5
TOKENS: Final = 500
TURNS: Final = 50
STEPS: Final = 200
BRANCHES: Final = 20
BATCH: Final = 50
CONCURRENT: Final = 200
HISTORIES: Final = (10, 50, 200, 1_000)
USAGE: Final = UsageMetadata(input_tokens=10, output_tokens=5, total_tokens=15)
MODEL: Final = "instant-1"
RESPONSE: Final = {"model_name": MODEL, "finish_reason": "stop"}

Config = dict[str, Any]
Program = Callable[[int, Config], None]


class InstantModel(BaseChatModel):
    """Asks for a tool while `rounds` are left, then answers; streamed, answers `tokens` words."""

    model_name: str = MODEL
    rounds: int = 0
    tokens: int = TOKENS

    @property
    def _llm_type(self) -> str:
        return "instant"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        # Some packages make no span of a model whose name they do not find here.
        return {"model_name": self.model_name, "temperature": 0.5}

    def bind_tools(self, *_: Any, **__: Any) -> Any:
        return self

    def _generate(self, messages: list[BaseMessage], *_: Any, **__: Any) -> ChatResult:
        done = sum(message.type == "tool" for message in messages)
        call = {"name": "add", "args": {"a": 1, "b": 2}, "id": f"call-{done}", "type": "tool_call"}
        message = AIMessage(
            "an answer of some words",
            tool_calls=[call] if done < self.rounds else [],
            usage_metadata=USAGE,
            response_metadata=RESPONSE,
        )
        return ChatResult(generations=[ChatGeneration(message=message)])

    async def _agenerate(self, messages: list[BaseMessage], *_: Any, **__: Any) -> ChatResult:
        return self._generate(messages)

    def _stream(self, *_: Any, **__: Any) -> Iterator[ChatGenerationChunk]:
        for _index in range(self.tokens):
            yield ChatGenerationChunk(message=AIMessageChunk(content="word "))

    async def _astream(self, *_: Any, **__: Any) -> AsyncIterator[ChatGenerationChunk]:
        for chunk in self._stream():
            yield chunk


@tool
def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


@dataclass(frozen=True)
class Work:
    """A program; its cost is divided by its runs, or by so many tokens of a stream, or turns."""

    name: str
    program: Program
    parts: int = 0
    part: str = "token"

    @property
    def unit(self) -> str:
        return self.part if self.parts else "run"


def repeated(once: Callable[[Config], object]) -> Program:
    """A program that does something again and again."""

    def program(count: int, config: Config) -> None:
        for _ in range(count):
            once(config)

    return program


def awaited(once: Callable[[Config], Awaitable[object]]) -> Program:
    """The same for something asynchronous, in one event loop."""

    def program(count: int, config: Config) -> None:
        async def all_of_them() -> None:
            for _ in range(count):
                await once(config)

        asyncio.run(all_of_them())

    return program


@cache
def chain() -> Any:
    prompt = ChatPromptTemplate.from_template("Tell me about {topic}")
    return prompt | InstantModel() | StrOutputParser()


@cache
def agent() -> Any:
    return create_agent(InstantModel(rounds=ROUNDS), [add], name="calculator")


def history(length: int) -> list[BaseMessage]:
    """A conversation of so many messages, a sentence each."""
    kinds = (HumanMessage, AIMessage)
    text = "the sentence number {} of a conversation, long enough to be one"
    return [kinds[number % 2](text.format(number)) for number in range(length)]


def conversation() -> Callable[[Config], None]:
    """An agent that is talked to `TURNS` times; what was said comes from its checkpointer."""
    talker: Any = create_agent(InstantModel(), [add], checkpointer=InMemorySaver())
    question = {"messages": [HumanMessage("the next question of the conversation")]}

    def once(config: Config) -> None:
        thread = str(uuid4())
        for _ in range(TURNS):
            talker.invoke(question, {**config, "configurable": {"thread_id": thread}})
        talker.checkpointer.delete_thread(thread)

    return once


def long_graph() -> Any:
    """A graph of `STEPS` nodes, one after the other."""
    graph: Any = StateGraph(dict)
    for number in range(STEPS):
        graph.add_node(f"step {number}", lambda state: state)
        graph.add_edge(START if number == 0 else f"step {number - 1}", f"step {number}")
    return graph.compile()


def streams() -> list[Work]:
    model = InstantModel()

    def once(config: Config) -> None:
        for _ in model.stream("a question", config):  # type: ignore[arg-type]
            pass

    async def asynchronously(config: Config) -> None:
        async for _ in model.astream("a question", config):  # type: ignore[arg-type]
            pass

    return [
        Work(f"streaming {TOKENS} tokens", repeated(once), TOKENS),
        Work(f"streaming {TOKENS} tokens, async", awaited(asynchronously), TOKENS),
    ]


def histories() -> list[Work]:
    def work(length: int) -> Work:
        messages = history(length)
        model: Any = InstantModel()
        program = repeated(lambda config: model.invoke(messages, config))
        return Work(f"one model call, history of {length:,}", program)

    return [work(length) for length in HISTORIES]


def works() -> list[Work]:
    """Every program that is measured."""
    question = {"messages": [HumanMessage("1 + 2?")]}
    topic = {"topic": "cats"}
    parallel: Any = RunnableParallel(
        {f"branch {number}": RunnableLambda(lambda value: value) for number in range(BRANCHES)}
    )
    graph = long_graph()
    limit = {"recursion_limit": STEPS + 10}

    async def at_once(config: Config) -> None:
        await asyncio.gather(*(chain().ainvoke(topic, config) for _ in range(CONCURRENT)))

    return [
        Work("LCEL chain", repeated(lambda config: chain().invoke(topic, config))),
        Work(
            f"tool agent, {ROUNDS} rounds",
            repeated(lambda config: agent().invoke(question, config)),
        ),
        Work(
            f"tool agent, {ROUNDS} rounds, async",
            awaited(lambda config: agent().ainvoke(question, config)),
        ),
        Work(f"agent, {TURNS} turns", repeated(conversation())),
        *histories(),
        *streams(),
        Work(
            f"RunnableParallel of {BRANCHES}", repeated(lambda config: parallel.invoke({}, config))
        ),
        Work(f"batch of {BATCH}", repeated(lambda config: chain().batch([topic] * BATCH, config))),
        Work(f"{CONCURRENT} concurrent ainvoke", awaited(at_once)),
        Work(
            f"graph of {STEPS} steps",
            repeated(lambda config: graph.invoke({}, {**config, **limit})),
        ),
    ]
