"""Resumes a thread of a graph that another process has begun; says nothing of tracing.

    conversation.py SAVER PLACE THREAD ANSWER

prints the thread's list. The graph asks one question a turn, and adds the answer to the list.
"""

import json
import operator
import sys
from pathlib import Path
from typing import Annotated, Any, TypedDict

from langgraph.graph import START, StateGraph
from langgraph.types import Command, Interrupt, StateSnapshot, interrupt

sys.path.insert(0, str(Path(__file__).parents[1]))

from savers import Storage


class State(TypedDict):
    seen: Annotated[list[str], operator.add]


def first(_: State) -> Any:
    return {"seen": ["first"]}


def ask(_: State) -> Any:
    return {"seen": [interrupt("go on?")]}


def last(_: State) -> Any:
    return {"seen": ["last"]}


def conversation_graph(saver: Any) -> Any:
    """The graph with a checkpointer."""
    builder: Any = StateGraph(State)
    before = START
    for node in (first, ask, last):
        builder.add_node(node.__name__, node)
        builder.add_edge(before, node.__name__)
        before = node.__name__
    return builder.compile(saver, name="conversation")


def told(value: Any) -> Any:
    """What a graph gave, without what is another one each time: ids, times and the thread."""
    if isinstance(value, StateSnapshot):
        metadata = {key: kept for key, kept in (value.metadata or {}).items() if key != "thread_id"}
        tasks = [(task.name, told(task.interrupts), task.error) for task in value.tasks]
        return (value.values, value.next, metadata, tasks)
    if isinstance(value, Interrupt):
        return value.value
    if isinstance(value, dict):
        return {key: told(part) for key, part in value.items() if key != "configurable"}
    if isinstance(value, (list, tuple)):
        return [told(part) for part in value]
    return value


def main(name: str, place: str, thread: str, answer: str) -> None:
    with Storage(name, place).open() as saver:
        config = {"configurable": {"thread_id": thread}}
        print(json.dumps(conversation_graph(saver).invoke(Command(resume=answer), config)["seen"]))


if __name__ == "__main__":
    main(*sys.argv[1:])
