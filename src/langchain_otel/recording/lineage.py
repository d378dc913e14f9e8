"""Connects a run with its relatives: agent totals, the prompt of a model call, the agent's name."""

from __future__ import annotations

from typing import Any, Final

from opentelemetry.trace import SpanContext

from langchain_otel import semconv
from langchain_otel.content.values import Facts
from langchain_otel.operations.chain import AGENT, CHAIN, root_operation
from langchain_otel.operations.prompt_template import is_template, template_of, variables_in
from langchain_otel.recording.model_calls import Share, model_around
from langchain_otel.runs.attempts import number_attempt
from langchain_otel.runs.context import MODEL_KEY
from langchain_otel.runs.identity import conversation_of
from langchain_otel.runs.reported import Started
from langchain_otel.runs.run import Run, share_tree
from langchain_otel.runs.store import RUNS
from langchain_otel.runs.totals import Totals

AGENTS_OWN: Final = frozenset(
    (semconv.CHAT, semconv.TEXT_COMPLETION, semconv.RETRIEVAL, semconv.EMBEDDINGS)
)
"""The operations that are named by the agent they are made for, as tools and agents name theirs."""


def attach_to_parent(run: Run, parent: Run | SpanContext | None, started: Started) -> None:
    """Give a run that starts its place among its relatives."""
    if run.is_root:
        _settle_root(run, started)
    operation = run.operation
    if isinstance(parent, Run):
        run.parent = run.enclosing = parent
        run.model = parent if parent.operation.family == "model" else parent.model
        if operation is CHAIN:
            _attach_step(run, parent, started)
        elif operation.family == "model":
            run.prompt, parent.prompt = parent.prompt, None
    # A run that LangChain names no parent for works for the agent in whose body it starts.
    around = run.enclosing
    if around is not None and (
        around.recorder is run.recorder or share_tree(around.recorder, run.recorder)
    ):
        run.agent = around if around.totals is not None else around.agent
    if run.model is not None or run.ambient.get(MODEL_KEY) is not None:
        run.model = model_around(run)
    if operation is AGENT:
        run.totals = Totals()


def _settle_root(run: Run, started: Started) -> None:
    """Let what is called plainly in the body of a run be a part of that, not a root."""
    around = run.enclosing
    run.is_root = around is None or RUNS.of_recorder(around.id, run.recorder) is None
    if run.is_root:
        run.operation = root_operation(run.operation, started)


def _attach_step(run: Run, parent: Run, started: Started) -> None:
    if started.metadata:
        number_attempt(run, parent, started.metadata)
    if is_template(started):
        parent.prompt = started


def inherited_facts(run: Run) -> Facts:
    """The conversation that a run is a part of, the agent that it works for, its prompt."""
    facts = dict(conversation_of(run))
    if run.enclosing is not None and run.facts.get(semconv.GEN_AI_OPERATION_NAME) in AGENTS_OWN:
        agent = run.enclosing.agent_name
        if agent is not None:
            facts[semconv.GEN_AI_AGENT_NAME] = agent
    if run.prompt is not None and run.operation.family == "model":
        facts.update(template_of(run.prompt))
    return facts


def add_to_totals(run: Run, agent: Run, share: Share) -> None:
    """Add a run that ends to the totals of the agent that made it."""
    totals = agent.totals
    if totals is None or semconv.CACHE_HIT in run.facts:
        return
    if run.operation.family == "tool":
        totals.tool_calls += 1
        return
    if run.operation.family == "model":
        _add_model_call(totals, run.facts, share)
    elif run.totals is None:
        return
    if share.tokens:
        totals.add_tokens(
            run.facts.get(semconv.GEN_AI_USAGE_INPUT_TOKENS),
            run.facts.get(semconv.GEN_AI_USAGE_OUTPUT_TOKENS),
        )


def _add_model_call(totals: Totals, facts: Facts, share: Share) -> None:
    reasons = facts.get(semconv.GEN_AI_RESPONSE_FINISH_REASONS)
    if share.call:
        totals.inference_calls += 1
        totals.models.add(facts.get(semconv.GEN_AI_REQUEST_MODEL, ""))
        totals.finish_reasons = reasons
    elif reasons is not None:
        totals.finish_reasons = reasons


def totals_of(totals: Totals) -> Facts:
    """The sums of an agent's invocation, for the agent's span."""
    (model,) = totals.models if len(totals.models) == 1 else ("",)
    facts = {
        semconv.GEN_AI_USAGE_INPUT_TOKENS: totals.input_tokens,
        semconv.GEN_AI_USAGE_OUTPUT_TOKENS: totals.output_tokens,
        semconv.GEN_AI_RESPONSE_FINISH_REASONS: totals.finish_reasons,
        semconv.GEN_AI_REQUEST_MODEL: model or None,
    }
    return {name: value for name, value in facts.items() if value is not None}


def note_content(run: Run, instructions: list[dict[str, Any]]) -> None:
    """Keep the instructions and tools of an agent's first model call for the agent's span."""
    agent = run.agent
    if run.operation.family != "model" or agent is None or agent.totals is None:
        return
    if agent.recorder is not run.recorder:
        # Another policy permits what its span shows.
        return
    kept = agent.totals.content
    definitions = run.request_content.get(semconv.GEN_AI_TOOL_DEFINITIONS)
    if definitions:
        kept.setdefault(semconv.GEN_AI_TOOL_DEFINITIONS, definitions)
    if instructions:
        kept.setdefault(semconv.GEN_AI_SYSTEM_INSTRUCTIONS, instructions)


def shown_by_agent(run: Run) -> Totals | None:
    """What has what the model calls of a run's agent showed, where one policy permits both."""
    agent = run.agent
    if run.operation.family != "model" or agent is None or agent.recorder is not run.recorder:
        return None
    return agent.totals


def content_of(run: Run) -> Facts:
    """The instructions and tools of an agent, for its span."""
    return {} if run.totals is None else run.totals.content


def variables_of(run: Run) -> Facts:
    """What the prompt template of a model call was filled in with."""
    return {} if run.prompt is None or run.operation.family != "model" else variables_in(run.prompt)


def is_inside_observed(run: Run) -> bool:
    """Whether a run, itself not recorded, belongs to one that says what it costs."""
    return run.enclosing is not None and run.enclosing.is_observed
