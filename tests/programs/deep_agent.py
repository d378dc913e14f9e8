"""Runs an agent of deepagents that plans nothing, delegates once, and writes a file."""

import asyncio
from typing import Any

from deepagents import create_deep_agent
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.tools import tool


class Model(BaseChatModel):
    answers: list[AIMessage]

    @property
    def _llm_type(self) -> str:
        return "test-model"

    def bind_tools(self, *_: Any, **__: Any) -> Any:
        return self

    def _generate(self, messages: list[Any], *_: Any, **__: Any) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=self.answers.pop(0))])


@tool
def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


def calls(name: str, **arguments: Any) -> AIMessage:
    call = {"name": name, "args": arguments, "id": f"call-{name}", "type": "tool_call"}
    return AIMessage("", tool_calls=[call])


def agent() -> Any:
    worker: Any = {
        "name": "adder",
        "description": "Adds numbers.",
        "system_prompt": "Add.",
        "tools": [add],
        "model": Model(answers=[calls("add", a=1, b=2), AIMessage("3")]),
    }
    answers = [
        calls("task", description="Add 1 and 2.", subagent_type="adder"),
        calls("write_file", file_path="/sum.txt", content="3"),
        AIMessage("done"),
    ]
    return create_deep_agent(model=Model(answers=answers), subagents=[worker], name="planner")


question: Any = {"messages": [HumanMessage("What is 1 and 2?")]}
answer = agent().invoke(question)
assert answer["messages"][-1].content == "done"
assert "/sum.txt" in answer["files"]
answer = asyncio.run(agent().ainvoke(question))
assert answer["messages"][-1].content == "done"
