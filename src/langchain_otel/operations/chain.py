"""Describes chains: plain steps and graph nodes, agents and workflows.

A chain at the root of a trace is a workflow, too, whose input and output are messages.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import FunctionType
from typing import TYPE_CHECKING, Any, Final

from opentelemetry.trace import SpanKind

from langchain_otel import semconv
from langchain_otel.content.fields import entry, fields_of, mapping_of
from langchain_otel.content.message_list import state_messages
from langchain_otel.content.remembered import remember
from langchain_otel.content.values import EMPTY, MAX_TEXT, Facts, text
from langchain_otel.operations.span_names import TYPE_NAMES, chain_name, own_name, titled
from langchain_otel.runs.operation import Operation
from langchain_otel.runs.reported import Started

if TYPE_CHECKING:
    from langchain_otel.runs.run import Run

CREATE_AGENT: Final = "langchain_create_agent"
# The node that calls the model, in a graph that LangChain or LangGraph makes to be an agent: its
# name, and the function that it is.
MODEL_NODES: Final = {
    "agent": ("langgraph.prebuilt.chat_agent_executor", "create_react_agent.<locals>.call_model"),
    "model": ("langchain.agents.factory", "create_agent.<locals>.model_node"),
}
AGENT_MODULES: Final = ("langchain_classic.agents.agent", "langchain.agents.agent")
NODE_TAG: Final = "graph:step:"
# The channel of what an entrypoint gave before, which no other graph has.
PREVIOUS: Final = "__previous__"
GRAPH_MODULE: Final = "langgraph.pregel.main"
# Kinds of chain runs that are one step alone, also where nothing is around them.
STEPS: Final = frozenset(("prompt", "parser"))


_operations: Final[dict[int, tuple[Operation, object]]] = {}
"""What the chains of a class are, by the id of the class, for as long as it lives."""


def operation_of(owner: object) -> Operation:
    """Which operation it is that a chain runs, by the type of what runs, never by its name."""
    kind = type(owner)
    known = _operations.get(id(kind))
    operation = _operation_of(kind) if known is None else known[0]
    return AGENT if operation is WORKFLOW and _is_agent(owner) else operation


def _operation_of(kind: type) -> Operation:
    operation = CHAIN
    for base in kind.__mro__:
        if base.__module__ == GRAPH_MODULE:
            operation = WORKFLOW
            break
        if base.__name__ == "AgentExecutor" and base.__module__ in AGENT_MODULES:
            operation = AGENT
            break
    remember(_operations, id(kind), kind, operation)
    return operation


def root_operation(operation: Operation, started: Started) -> Operation:
    """The operation of a run with nothing of LangChain's around it, which it has as a part."""
    if operation is not CHAIN:
        return operation
    run_type = started.options.get("run_type")
    return CHAIN if type(run_type) is str and run_type in STEPS else ROOT_CHAIN


def _is_no_node(started: Started, run: Run) -> bool:
    is_node = any(type(tag) is str and tag.startswith(NODE_TAG) for tag in started.tags or ())
    return run.operation is CHAIN and not run.is_root and not is_node


def _is_chain(_: Started, run: Run) -> bool:
    return run.operation is CHAIN


def _agent_metadata(owner: object) -> Mapping[str, Any]:
    # A graph's own configuration: the metadata of the event are those of all its ancestors too.
    return mapping_of(entry(fields_of(owner).get("config"), "metadata"))


def _is_agent(owner: object) -> bool:
    return _agent_metadata(owner).get("ls_integration") == CREATE_AGENT or _has_model_node(owner)


def _has_model_node(owner: object) -> bool:
    nodes = fields_of(owner).get("nodes")
    for name, made_as in MODEL_NODES.items():
        body = fields_of(fields_of(entry(nodes, name)).get("bound")).get("func")
        if type(body) is not FunctionType:
            continue
        origin = (body.__module__, body.__qualname__)
        if origin == made_as:
            return True
    return False


def _name(started: Started) -> str:
    name = started.options.get("name")
    if type(name) is str and 0 < len(name) <= MAX_TEXT:
        # The title is made sound as a whole.
        return name
    return text(name) or text((started.serialized or EMPTY).get("name")) or "chain"


def _named(
    operation: str, attribute: str, name_of: Callable[[Started], str | None]
) -> Callable[[Started, Run | None], Facts]:
    """The request of an operation of which nothing is known but the name of its subject."""

    def request(started: Started, _: Run | None) -> Facts:
        facts: Facts = {semconv.GEN_AI_OPERATION_NAME: operation}
        name = name_of(started)
        if name is not None:
            facts[attribute] = name
        return facts

    return request


def agent_name(started: Started) -> str | None:
    """An agent's own name; None for an agent without one."""
    owner = started.owner
    if isinstance(getattr(owner, "nodes", None), Mapping):
        return _graph_name(owner)
    return own_name(owner) or text(started.options.get("name"))


def _workflow_name(started: Started) -> str | None:
    return _graph_name(started.owner)


def _graph_name(owner: Any) -> str | None:
    """The name that somebody gave to a graph, never one that a caller gives to a run.

    It was compiled with it, configured with it, or is that of the function that it was made of.
    """
    name = text(getattr(owner, "name", None))
    if name is not None and name not in TYPE_NAMES:
        return name
    config = getattr(owner, "config", None) or EMPTY
    return text(config.get("run_name")) or _entrypoint_name(owner)


def _entrypoint_name(owner: Any) -> str | None:
    """The name of the function that `langgraph.func.entrypoint` made a graph of: its only node."""
    if PREVIOUS not in getattr(owner, "channels", EMPTY):
        return None
    (name,) = owner.nodes
    return text(name)


def _state_in(started: Started) -> Facts:
    return {semconv.STATE_INPUT: started.payload}


def _state_out(output: Any) -> Facts:
    return {semconv.STATE_OUTPUT: output}


def _request_messages(started: Started) -> Facts:
    messages = state_messages(started.payload)
    return {semconv.GEN_AI_INPUT_MESSAGES: messages} if messages else _state_in(started)


def _answer(output: Any) -> Facts:
    messages = state_messages(output, last=1)
    return {semconv.GEN_AI_OUTPUT_MESSAGES: messages} if messages else _state_out(output)


CHAIN: Final = Operation(
    family="chain",
    kind=SpanKind.INTERNAL,
    title=_name,
    request_content=_state_in,
    response_content=_state_out,
)
AGENT: Final = Operation(
    family="chain",
    kind=SpanKind.INTERNAL,
    title=titled(semconv.INVOKE_AGENT, agent_name),
    request=_named(semconv.INVOKE_AGENT, semconv.GEN_AI_AGENT_NAME, agent_name),
    request_content=_request_messages,
    response_content=_answer,
)
WORKFLOW: Final = Operation(
    family="chain",
    kind=SpanKind.INTERNAL,
    title=titled(semconv.INVOKE_WORKFLOW, _workflow_name),
    request=_named(semconv.INVOKE_WORKFLOW, semconv.GEN_AI_WORKFLOW_NAME, _workflow_name),
    request_content=_request_messages,
    response_content=_answer,
)
ROOT_CHAIN: Final = Operation(
    family="chain",
    kind=SpanKind.INTERNAL,
    title=titled(semconv.INVOKE_WORKFLOW, chain_name),
    request=_named(semconv.INVOKE_WORKFLOW, semconv.GEN_AI_WORKFLOW_NAME, chain_name),
    request_content=_state_in,
    response_content=_state_out,
)

LEFT_OUT: Final[dict[str, Callable[[Started, Run], bool] | None]] = {
    "all": None,
    "nodes": _is_no_node,
    "semantic": _is_chain,
}
"""By level of detail: which runs have no span of their own."""
