"""Makes the parts that are agents, whose tools run other parts, and so other agents."""

from typing import Any, Final

from langchain.agents import create_agent
from langchain_core.messages import AIMessage, HumanMessage

from models import counted
from modes.agents import Around, Hooks
from random_trees.builder import Anything, Builder, Maker, adapter
from random_trees.leaves import CountedModel, tool_of
from random_trees.plan import Part


def agent(builder: Builder, part: Part, name: str) -> Anything:
    """An agent that calls a tool for each part, all at once, and is done then."""
    names = [f"tool-{number}-{name}" for number in range(len(part.parts))]
    tools = [
        tool_of(builder, Part("tool", (inner,), part.variant, part.fails and number == 0), own)
        for number, (inner, own) in enumerate(zip(part.parts, names, strict=True))
    ]
    wish = AIMessage(
        "let me see",
        tool_calls=[{"name": own, "args": {"word": "hi"}, "id": f"call-{own}"} for own in names],
        usage_metadata=counted(5, 3),
    )
    answers = [wish, AIMessage("done", usage_metadata=counted(9, 1))]
    middleware: list[Any] = [Hooks(builder.probe), Around(builder.probe)]
    model: Any = CountedModel(probe=builder.probe, answers=answers)
    made: Anything = create_agent(
        model,
        tools,
        name=name,
        middleware=middleware if part.variant == 1 else [],
    )
    return adapter(f"in-{name}", lambda _: {"messages": [HumanMessage("hi")]}) | made


MAKERS: Final[dict[str, Maker]] = {"agent": agent}
