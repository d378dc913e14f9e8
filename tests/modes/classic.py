"""Knows the programs that are legacy chains and agents of `langchain_classic`."""

from typing import Any

from langchain_core.messages import AIMessage
from langchain_core.prompts import ChatPromptTemplate, PromptTemplate
from langchain_core.runnables import RunnableConfig

from modes.completions import StreamingCompletion
from modes.lcel import step
from modes.loops import calls
from modes.models import AsyncModel, StreamingModel
from modes.probe import SYNC, Probe, Programs
from modes.tools import add_tool
from versions import classic

PROGRAMS = Programs()

agents = classic("agents")
chains = classic("chains")
BaseMemory: Any = classic("base_memory").BaseMemory


@PROGRAMS.add("StreamingCompletion")
def llm_chain(probe: Probe) -> tuple[Any, Any]:
    prompt = PromptTemplate.from_template("{question}")
    return chains.LLMChain(llm=StreamingCompletion(probe=probe), prompt=prompt), {"question": "hi"}


@PROGRAMS.add("AsyncModel", "StreamingCompletion", "TransformChain")
def sequential_chain(probe: Probe) -> tuple[Any, Any]:
    def change(given: Any) -> Any:
        probe.unidentified("TransformChain")
        return {"changed": given["question"] * 2}

    steps = [
        chains.TransformChain(
            input_variables=["question"], output_variables=["changed"], transform=change
        ),
        chains.LLMChain(
            llm=AsyncModel(probe=probe),
            prompt=PromptTemplate.from_template("{changed}"),
            output_key="middle",
        ),
        chains.LLMChain(
            llm=StreamingCompletion(probe=probe),
            prompt=PromptTemplate.from_template("{middle}"),
            output_key="answer",
        ),
    ]
    chain = chains.SequentialChain(
        chains=steps, input_variables=["question"], output_variables=["answer"]
    )
    return chain, {"question": "hi"}


@PROGRAMS.add("StreamingModel", "add")
def agent_executor(probe: Probe) -> tuple[Any, Any]:
    return agents.AgentExecutor(**_agent(probe)), {"input": "hi"}


def _agent(probe: Probe) -> dict[str, Any]:
    prompt = ChatPromptTemplate.from_messages(
        [("human", "{input}"), ("placeholder", "{agent_scratchpad}")]
    )
    model = StreamingModel(probe=probe, answers=[calls("add"), AIMessage("done")])
    tools = [add_tool(probe)]
    return {"agent": agents.create_tool_calling_agent(model, tools, prompt), "tools": tools}


class ChainMemory(BaseMemory):  # type: ignore[misc]
    """A memory that runs a chain to recall, before the run starts, and one to remember, in it."""

    probe: Any

    @property
    def memory_variables(self) -> list[str]:
        return ["history"]

    def load_memory_variables(self, inputs: dict[str, Any]) -> dict[str, Any]:
        return {"history": self._run("recall", "history")}

    def save_context(self, inputs: dict[str, Any], outputs: dict[str, str]) -> None:
        self._run("remember", outputs["output"])

    def clear(self) -> None:
        """Nothing is kept."""

    def _run(self, name: str, given: str) -> str:
        config: RunnableConfig = {"callbacks": [self.probe.runs]}
        return str(step(self.probe, name, lambda text: text).invoke(given, config))


class OwnChain(chains.base.Chain):  # type: ignore[misc,name-defined]
    """Somebody's own legacy chain."""

    probe: Any

    @property
    def input_keys(self) -> list[str]:
        return ["input"]

    @property
    def output_keys(self) -> list[str]:
        return ["output"]

    def _call(self, inputs: dict[str, Any], run_manager: Any = None) -> dict[str, Any]:
        self.probe.mark("OwnChain", run_manager)
        inner = step(self.probe, "inner", lambda text: text)
        output = inner.invoke(inputs["input"], {"callbacks": run_manager.get_child()})
        self.probe.mark("OwnChain", run_manager)
        return {"output": output}


@PROGRAMS.add("OwnChain", "inner", "recall", "remember")
def own_chain_with_memory(probe: Probe) -> tuple[Any, Any]:
    probe.adopted = {"remember": "OwnChain"}
    return OwnChain(probe=probe, memory=ChainMemory(probe=probe)), {"input": "hi"}


@PROGRAMS.add("StreamingModel", "add", "recall", "remember", kinds=SYNC)
def agent_executor_with_memory(probe: Probe) -> tuple[Any, Any]:
    probe.adopted = {"remember": "AgentExecutor"}
    return agents.AgentExecutor(**_agent(probe), memory=ChainMemory(probe=probe)), {"input": "hi"}
