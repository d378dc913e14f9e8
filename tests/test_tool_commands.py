"""Tools that answer with a `Command`: what they tell the model is the result, not the state."""

from typing import Annotated, Any

from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.tools import InjectedToolCallId, tool
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode
from langgraph.types import Command

from langchain_otel import semconv
from recording import Tracing
from shown import everything, executed, shown

SECRET = "the secret state"
ANSWER = "I noted it."

CallId = Annotated[str, InjectedToolCallId]


class Notes(MessagesState):
    notes: str


@tool
def note(status: str, tool_call_id: CallId) -> Command[Any]:
    """Note something."""
    answer = ToolMessage(ANSWER, tool_call_id=tool_call_id, status=status)
    return Command(update={"notes": SECRET, "messages": [HumanMessage(SECRET), answer]})


def tool_graph(*tools: Any) -> Any:
    graph = StateGraph(Notes)
    graph.add_node("tools", ToolNode(list(tools)))
    graph.add_edge(START, "tools")
    return graph.compile(name="g")


def asked(status: str) -> Any:
    call = {"name": "note", "args": {"status": status}, "id": "call-1", "type": "tool_call"}
    return {"messages": [AIMessage("", tool_calls=[call])], "notes": SECRET}


def test_update_by_a_tool(tracing: Tracing, mode: str) -> None:
    """The state that a tool changes shows nowhere; the call that it answers does."""
    executed(tool_graph(note), asked("success"), mode)
    assert shown(tracing) == "invoke_workflow g\n  tools\n    execute_tool note\n"
    attributes = tracing.span("execute_tool note").attributes or {}
    assert attributes[semconv.GEN_AI_TOOL_CALL_ID] == "call-1"
    assert SECRET not in everything(tracing)
    assert ANSWER not in everything(tracing)


def test_failure_in_an_update(tracing: Tracing, mode: str) -> None:
    """A tool that tells the model of its failure has failed, the graph has not."""
    executed(tool_graph(note), asked("error"), mode)
    assert shown(tracing) == (
        "invoke_workflow g\n  tools\n    execute_tool note ERROR(tool_error)\n"
    )


def test_result_in_an_update(tracing_with_content: Tracing, mode: str) -> None:
    """With content on the result is what the model is told."""
    executed(tool_graph(note), asked("success"), mode)
    attributes = tracing_with_content.span("execute_tool note").attributes or {}
    assert attributes[semconv.GEN_AI_TOOL_CALL_RESULT] == f'"{ANSWER}"'


def test_command_without_an_answer(tracing_with_content: Tracing) -> None:
    """A command that answers nothing is the result as it stands."""

    @tool
    def goes(text: str) -> Command[Any]:
        """Go elsewhere."""
        return Command(goto="elsewhere")

    goes.invoke({"text": "x"})
    attributes = tracing_with_content.span("execute_tool goes").attributes or {}
    assert "elsewhere" in str(attributes[semconv.GEN_AI_TOOL_CALL_RESULT])
