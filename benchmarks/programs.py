"""The work that is measured: chains and agents over a model that answers at once."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from langchain.agents import create_agent
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.output_parsers import StrOutputParser
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.tools import tool

ROUNDS = 5
USAGE = UsageMetadata(input_tokens=10, output_tokens=5, total_tokens=15)


class InstantModel(BaseChatModel):
    """Asks for a tool while `rounds` are left, then answers."""

    rounds: int = 0

    @property
    def _llm_type(self) -> str:
        return "instant"

    def bind_tools(self, *_: Any, **__: Any) -> Any:
        return self

    def _generate(self, messages: list[Any], *_: Any, **__: Any) -> ChatResult:
        done = sum(message.type == "tool" for message in messages)
        call = {"name": "add", "args": {"a": 1, "b": 2}, "id": f"call-{done}", "type": "tool_call"}
        message = AIMessage(
            "an answer of some words",
            tool_calls=[call] if done < self.rounds else [],
            usage_metadata=USAGE,
            response_metadata={"model_name": "instant-1", "finish_reason": "stop"},
        )
        return ChatResult(generations=[ChatGeneration(message=message)])


@tool
def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


@dataclass(frozen=True)
class Work:
    """A program and the number of LangChain runs that it makes."""

    name: str
    call: Callable[[dict[str, Any]], Any]
    runs: int
    repeat: int


def works() -> list[Work]:
    """Every program that is measured."""
    chain: Any = (
        ChatPromptTemplate.from_template("Tell me about {topic}")
        | InstantModel()
        | StrOutputParser()
    )
    agent: Any = create_agent(InstantModel(rounds=ROUNDS), [add], name="calculator")
    question = {"messages": [HumanMessage("1 + 2?")]}
    return [
        Work("LCEL chain", lambda config: chain.invoke({"topic": "cats"}, config), 4, 400),
        Work(
            "tool agent, 5 rounds",
            lambda config: agent.invoke(question, config),
            # The agent, a node and a model call each round and at the end, a node and a tool.
            1 + 2 * (ROUNDS + 1) + 2 * ROUNDS,
            40,
        ),
    ]
