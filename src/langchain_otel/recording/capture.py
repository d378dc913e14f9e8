"""Sends the content of a run to its span, to its log record, to the completion hook."""

from __future__ import annotations

from itertools import islice, takewhile
from typing import TYPE_CHECKING, Any, Final

from langchain_otel import health, semconv
from langchain_otel.config import Config, written
from langchain_otel.content.fields import MAX_ITEMS, entry, fields_of, first_items, text_of
from langchain_otel.content.filter import permitted
from langchain_otel.content.message_list import Messages
from langchain_otel.content.policy import NEW
from langchain_otel.content.values import Facts
from langchain_otel.content.workflow_messages import with_messages
from langchain_otel.dialects.dialect import Dialect
from langchain_otel.dialects.genai import structured
from langchain_otel.operations.chain import CHAIN
from langchain_otel.recording.lineage import content_of, note_content, shown_by_agent, variables_of
from langchain_otel.recording.span_attributes import set_attributes
from langchain_otel.runs.reported import Started
from langchain_otel.runs.run import Run

if TYPE_CHECKING:
    from langchain_otel.content.completion_hook import CompletionHook

SYSTEM: Final = "system"


class Capture:
    """Takes the content of runs, as far as the policy lets it, to where it is wanted."""

    def __init__(self, config: Config, dialect: Dialect) -> None:
        self._policy = policy = config.policy
        self._root_policy = policy
        if dialect.shows_roots:
            self._root_policy = policy.changed(state=policy.state or policy.messages)
        self._takes_states = (
            policy.state or dialect.shows_roots or dialect.request_content is not None
        )
        self._dialect = dialect
        self._hook = _hook_of(config)
        self._goes_beyond_spans = policy.on_events or self._hook is not None
        self.is_wanted = policy.on_spans or self._goes_beyond_spans

    @property
    def hook(self) -> object | None:
        """The completion hook as it was loaded."""
        return None if self._hook is None else self._hook.hook

    def request(self, run: Run, started: Started) -> None:
        """Capture the content of a run's request."""
        operation = run.operation
        content = _found_by(operation.request_content, started)
        if run.prompt is not None:
            content = content | variables_of(run)
        if self._dialect.request_content is not None:
            content = content | _found_by(self._dialect.request_content, run, started)
        if run.is_root and operation is not CHAIN:
            content = with_messages(content)
        run.request_content = content
        if run.agent is not None and operation.family == "model":
            content = self._shown_for_agent(run, content)
        self._take(run, content)

    def _shown_for_agent(self, run: Run, content: Facts) -> Facts:
        """The content of a model call's request, as it is shown beside the agent's other calls."""
        note_content(run, _instructions(content))
        agents = shown_by_agent(run)
        if agents is not None and self._policy.history == NEW:
            return agents.history.request(content)
        if agents is not None and semconv.GEN_AI_INPUT_MESSAGES in content:
            content[semconv.GEN_AI_INPUT_MESSAGES].written = agents.history.written
        return content

    def response(self, run: Run, result: Any) -> None:
        """Capture the content of a run's result; None is no result."""
        content = {} if result is None else _found_by(run.operation.response_content, result)
        if result is not None and run.inner_results is not None:
            content |= _found_by(run.operation.inner_content, result, run.inner_results)
        if run.is_root and run.operation is not CHAIN:
            content = with_messages(content)
        agents = shown_by_agent(run) if self._policy.history == NEW else None
        if agents is not None:
            agents.history.response(content)
        self._take(run, content if run.totals is None else content | content_of(run))
        if self._hook is not None and run.operation.family == "model":
            self._hook.call(
                run.request_content.get(semconv.GEN_AI_INPUT_MESSAGES, Messages(())),
                content.get(semconv.GEN_AI_OUTPUT_MESSAGES, Messages(())),
                tool_definitions=run.request_content.get(semconv.GEN_AI_TOOL_DEFINITIONS, ()),
                span=run.span,
            )

    def on_event(self, run: Run) -> Facts:
        """What a run's log record carries of its content."""
        return structured(permitted(run.content, self._policy)) if self._policy.on_events else {}

    def takes(self, run: Run) -> bool:
        """Whether the content of a run is wanted."""
        if not run.has_span or (run.operation is CHAIN and not self._takes_states):
            return False
        return self._goes_beyond_spans or run.span.is_recording()

    def _take(self, run: Run, content: Facts) -> None:
        policy = self._policy
        if policy.on_events:
            run.content = run.content | content
        if policy.on_spans and content and run.span.is_recording():
            budget = self._dialect.budget_of(run, policy)
            if run.parent is None and run.operation is CHAIN:
                policy = self._root_policy
            shown = permitted(content, policy, budget)
            set_attributes(run.span, self._dialect.content(shown, run))


def _hook_of(config: Config) -> CompletionHook | None:
    """The completion hook of the options; where nobody wants one, nothing is imported for it."""
    hook = config.completion_hook
    if hook is None:
        return None
    from langchain_otel.content.completion_hook import load_hook

    return load_hook(hook, config.policy, written("completion_hook", hook))


def _instructions(content: Facts) -> list[dict[str, Any]]:
    """The texts of the system messages that a request begins with."""
    messages = content.get(semconv.GEN_AI_INPUT_MESSAGES)
    if messages is None:
        return []
    fields = map(fields_of, messages.items[:MAX_ITEMS])
    leading = takewhile(lambda message: text_of(message.get("type")) == SYSTEM, fields)
    found = (text for message in leading for text in _texts(message.get("content")))
    return [{"type": "text", "content": text} for text in islice(found, MAX_ITEMS)]


def _texts(content: Any) -> list[str]:
    one = text_of(content)
    blocks = first_items(content) if one is None else [one]
    return [text_of(block) or text_of(entry(block, "text")) or "" for block in blocks]


def _found_by(function: Any, *args: Any) -> Facts:
    if function is None:
        return {}
    try:
        found: Facts = function(*args)
    except Exception as error:
        health.failed(function.__name__, error)
        return {}
    return found
