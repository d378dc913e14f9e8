"""Knows what a run owes its relatives: an agent its totals, a model call its prompt template."""

from dataclasses import dataclass, field
from typing import Any, Final

from opentelemetry.trace import SpanContext

from langchain_otel import semconv
from langchain_otel.attempts import number_attempt
from langchain_otel.content.history import History
from langchain_otel.identity import conversation_of
from langchain_otel.mapping import text
from langchain_otel.operations import Facts, Started
from langchain_otel.operations.chain import AGENT
from langchain_otel.run import Run

PROMPT: Final = "prompt"
MAX_VARIABLES: Final = 32
AGENTS_OWN: Final = frozenset(
    (semconv.CHAT, semconv.TEXT_COMPLETION, semconv.RETRIEVAL, semconv.EMBEDDINGS)
)
"""The operations that are named by the agent they are made for, as tools and agents name theirs."""
HUB_NAME: Final = "lc_hub_repo"
HUB_VERSION: Final = "lc_hub_commit_hash"


@dataclass(slots=True)
class Totals:
    """What an agent's invocation has come to so far: its own calls, and the tokens of all below."""

    inference_calls: int = 0
    tool_calls: int = 0
    input_tokens: int | None = None
    output_tokens: int | None = None
    models: set[str] = field(default_factory=set)
    finish_reasons: list[str] | None = None
    content: Facts = field(default_factory=dict)
    history: History = field(default_factory=History)

    def add_tokens(self, input_tokens: int | None, output_tokens: int | None) -> None:
        """Add the tokens of a model call, or of an agent below; None is no count."""
        self.input_tokens = _sum(self.input_tokens, input_tokens)
        self.output_tokens = _sum(self.output_tokens, output_tokens)


def _sum(total: int | None, count: int | None) -> int | None:
    return total if count is None else (total or 0) + count


def adopt(run: Run, parent: Run | SpanContext | None, started: Started) -> None:
    """Give a run that starts its place among its relatives."""
    run.owner, run.tags, run.metadata = started.owner, started.tags, started.metadata
    if isinstance(parent, Run):
        run.parent = parent
        run.agent = parent if parent.totals is not None else parent.agent
        number_attempt(run, started)
    if run.operation is AGENT:
        run.totals = Totals()
    if run.operation.family == "model":
        _take_prompt(run)
    elif started.options.get("run_type") == PROMPT:
        _leave_prompt(run, started)


def belonging_of(run: Run) -> Facts:
    """The conversation that a run is a part of, and the agent that it works for."""
    facts = dict(conversation_of(run))
    if run.kin is not None and run.facts.get(semconv.GEN_AI_OPERATION_NAME) in AGENTS_OWN:
        agent = run.kin.agent_name
        if agent is not None:
            facts[semconv.GEN_AI_AGENT_NAME] = agent
    return facts


def account(run: Run) -> None:
    """Add a run that ends to the totals of the agent that made it."""
    totals = None if run.agent is None else run.agent.totals
    if totals is None or run.facts.get(semconv.CACHE_HIT):
        return
    if run.operation.family == "tool":
        totals.tool_calls += 1
    elif run.operation.family == "model":
        totals.inference_calls += 1
        totals.models.add(run.facts.get(semconv.GEN_AI_REQUEST_MODEL, ""))
        totals.finish_reasons = run.facts.get(semconv.GEN_AI_RESPONSE_FINISH_REASONS)
    elif run.totals is None:
        return
    totals.add_tokens(
        run.facts.get(semconv.GEN_AI_USAGE_INPUT_TOKENS),
        run.facts.get(semconv.GEN_AI_USAGE_OUTPUT_TOKENS),
    )


def totals_of(run: Run) -> Facts:
    """What an agent's span says of all that its invocation did."""
    totals = run.totals
    if totals is None:
        return {}
    (model,) = totals.models if len(totals.models) == 1 else ("",)
    facts = {
        semconv.GEN_AI_USAGE_INPUT_TOKENS: totals.input_tokens,
        semconv.GEN_AI_USAGE_OUTPUT_TOKENS: totals.output_tokens,
        semconv.GEN_AI_RESPONSE_FINISH_REASONS: totals.finish_reasons,
        semconv.GEN_AI_REQUEST_MODEL: model or None,
    }
    return {name: value for name, value in facts.items() if value is not None}


def note_content(run: Run, instructions: list[dict[str, Any]]) -> None:
    """Keep for an agent's span what its first model call says of its instructions and tools."""
    if run.operation.family != "model" or run.agent is None or run.agent.totals is None:
        return
    kept = run.agent.totals.content
    definitions = run.asked.get(semconv.GEN_AI_TOOL_DEFINITIONS)
    if definitions:
        kept.setdefault(semconv.GEN_AI_TOOL_DEFINITIONS, definitions)
    if instructions:
        kept.setdefault(semconv.GEN_AI_SYSTEM_INSTRUCTIONS, instructions)


def history_of(run: Run) -> History | None:
    """What the model calls of a run's agent have shown so far; None for any other run."""
    if run.operation.family != "model" or run.agent is None or run.agent.totals is None:
        return None
    return run.agent.totals.history


def content_of(run: Run) -> Facts:
    """What an agent's span says of its instructions and tools."""
    return {} if run.totals is None else run.totals.content


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt template that has just been filled in, for the model call that comes next."""

    facts: Facts
    variables: Facts


def prompt_of(run: Run) -> Facts:
    """The name and version of the prompt template that a model call was made with."""
    return {} if run.prompt is None or run.operation.family != "model" else run.prompt.facts


def variables_of(run: Run) -> Facts:
    """What the prompt template of a model call was filled in with."""
    return {} if run.prompt is None or run.operation.family != "model" else run.prompt.variables


def _take_prompt(run: Run) -> None:
    if run.parent is not None:
        run.prompt, run.parent.prompt = run.parent.prompt, None


def _leave_prompt(run: Run, started: Started) -> None:
    if run.parent is None:
        return
    metadata = started.metadata or {}
    name = text(metadata.get(HUB_NAME)) or _given_name(started)
    version = text(metadata.get(HUB_VERSION))
    facts: Facts = {} if name is None else {semconv.GEN_AI_PROMPT_NAME: name}
    if name is not None and version is not None:
        facts[semconv.GEN_AI_PROMPT_VERSION] = version
    run.parent.prompt = Prompt(facts, _variables(started.payload))


def _given_name(started: Started) -> str | None:
    # Without a name of its own a template is called by its type.
    name = text(started.options.get("name"))
    return None if name is None or name.endswith(("Prompt", "PromptTemplate")) else name


def _variables(inputs: Any) -> Facts:
    if not isinstance(inputs, dict):
        return {}
    plain = [(key, value) for key, value in inputs.items() if isinstance(value, (str, int, float))]
    return {
        f"{semconv.GEN_AI_PROMPT_VARIABLE}{key}": str(value) for key, value in plain[:MAX_VARIABLES]
    }
