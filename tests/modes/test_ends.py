"""A run that LangChain forgets to end is ended: an interrupt, an exit, a failed neighbour."""

from typing import Any

import pytest
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from langchain_core.outputs import ChatGeneration, ChatResult, LLMResult
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import StructuredTool

from modes.completions import Completion
from modes.graphs import EMPTY, chained
from modes.lcel import generator
from modes.models import StreamingModel
from modes.probe import Probe
from modes.tools import SyncRetriever
from recording import Tracing

pytestmark = pytest.mark.usefixtures("wrapped_once")

INTERRUPTS = (KeyboardInterrupt, SystemExit)


class InterruptedModel(StreamingModel):
    """A chat model in which the process is interrupted."""

    error: Any

    def _answer(self, messages: list[BaseMessage]) -> AIMessage:
        raise self.error


class InterruptedCompletion(Completion):
    """A completion model in which the process is interrupted."""

    error: Any

    def _result(self, prompts: list[str]) -> LLMResult:
        raise self.error


class InterruptedRetriever(SyncRetriever):
    """A retriever in which the process is interrupted."""

    error: Any

    def _get_relevant_documents(self, query: str, *, run_manager: Any) -> Any:
        raise self.error


def programs(probe: Probe, error: BaseException) -> dict[str, tuple[Any, Any]]:
    """One of each kind, whose body raises the error."""

    def body(given: Any) -> Any:
        raise error

    def tool(word: str) -> str:
        """Raise."""
        raise error

    return {
        "lambda": (RunnableLambda(body, name="body"), 1),
        "sequence": (generator(probe, "chunks") | RunnableLambda(body, name="body"), 1),
        "model": (InterruptedModel(probe=probe, error=error), "hi"),
        "completion": (InterruptedCompletion(probe=probe, error=error), "hi"),
        "tool": (StructuredTool.from_function(tool), {"word": "hi"}),
        "retriever": (InterruptedRetriever(probe=probe, error=error), "hi"),
        "graph": (chained(body=body).compile(), EMPTY),
    }


@pytest.mark.parametrize("error", INTERRUPTS)
@pytest.mark.parametrize("mode", ["invoke", "stream"])
@pytest.mark.parametrize(
    "kind", ["lambda", "sequence", "model", "completion", "tool", "retriever", "graph"]
)
def test_an_interrupt_in_a_body_ends_the_runs_without_an_error(
    kind: str, mode: str, error: type[BaseException], tracing: Tracing
) -> None:
    """Ctrl-C and an exit are no failures of the run, but ends."""
    probe = Probe(tracing)
    it, given = programs(probe, error())[kind]
    with probe.watching() as config, pytest.raises(error):
        list(it.stream(given, config)) if mode == "stream" else it.invoke(given, config)
    probe.check()


class FirstFails(BaseChatModel):
    """A chat model that cannot answer the first question of several."""

    @property
    def _llm_type(self) -> str:
        return "first_fails"

    def _generate(self, messages: list[BaseMessage], *_: Any, **__: Any) -> ChatResult:
        if messages[0].content == "first":
            raise ValueError("no")
        return ChatResult(generations=[ChatGeneration(message=AIMessage("hi"))])


async def test_one_of_several_questions_fails(tracing: Tracing) -> None:
    """The runs of the questions that are not asked any more are ended too."""
    probe = Probe(tracing)
    questions: Any = [[HumanMessage(word)] for word in ("first", "second", "third")]
    with probe.watching() as config:
        with pytest.raises(ValueError, match="no"):
            FirstFails().generate(questions, callbacks=config["callbacks"])
        with pytest.raises(ValueError, match="no"):
            await FirstFails().agenerate(questions, callbacks=config["callbacks"])
    probe.check()
