"""Shows a run to functions that the user gives: what it is, what went in and what came out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, Literal
from uuid import UUID

from langchain_otel import health, semconv
from langchain_otel.content.filter import permitted, permitted_text
from langchain_otel.content.json_data import plain
from langchain_otel.content.policy import Content, Policy
from langchain_otel.content.values import EMPTY, Facts, name_of, text
from langchain_otel.content.workflow_messages import with_messages
from langchain_otel.operations.chain import AGENT, ROOT_CHAIN, WORKFLOW
from langchain_otel.operations.embeddings import EMBEDDINGS
from langchain_otel.operations.remote_graph import REMOTE
from langchain_otel.operations.search import RERANKING, SEARCH
from langchain_otel.operations.span_names import own_name
from langchain_otel.recording.description import title_of
from langchain_otel.recording.exception_texts import message_of
from langchain_otel.runs.outcome import error_type, outcome_of
from langchain_otel.runs.reported import Started
from langchain_otel.runs.run import Run

RunKind = Literal[
    "agent",
    "workflow",
    "chain",
    "model",
    "tool",
    "retriever",
    "embeddings",
    "search",
    "reranker",
]

_KINDS: Final[dict[int, RunKind]] = {
    id(AGENT): "agent",
    id(WORKFLOW): "workflow",
    id(ROOT_CHAIN): "workflow",
    id(REMOTE): "workflow",
    id(EMBEDDINGS): "embeddings",
    id(SEARCH): "search",
    id(RERANKING): "reranker",
}
"""By operation, where its family does not say it."""
_INPUTS: Final = (
    semconv.GEN_AI_TOOL_CALL_ARGUMENTS,
    semconv.GEN_AI_RETRIEVAL_QUERY_TEXT,
    semconv.STATE_INPUT,
    semconv.GEN_AI_INPUT_MESSAGES,
)
_RESULTS: Final = (
    semconv.GEN_AI_TOOL_CALL_RESULT,
    semconv.GEN_AI_RETRIEVAL_DOCUMENTS,
    semconv.STATE_OUTPUT,
    semconv.GEN_AI_OUTPUT_MESSAGES,
)
_NOT_READ: Final = object()


@dataclass(slots=True)
class Seen:
    """What a view shows of a run, as far as the run has come."""

    started: Started
    policy: Policy
    inputs: Any = _NOT_READ
    reported: Any = None
    result: Any = _NOT_READ
    error: BaseException | None = None
    is_over: bool = False

    def ask_again(self, inputs: Any) -> None:
        """Take what went in from the end: the start of a streamed chain does not report it."""
        self.started = copy(self.started)
        self.started.payload = inputs
        self.inputs = _NOT_READ

    def finish(self, result: Any, error: BaseException | None) -> None:
        """Take what came out."""
        self.reported, self.error, self.is_over = result, error, True


class RunView:
    """A run as `request_hook`, `response_hook`, `span_name` and `run_filter` see it.

    Nothing can be set. Whatever is given is a copy, made when it is asked for. `inputs`, `result`
    and `error_message` are what the span may have of them, as the options about content say: None
    where content is not recorded, else JSON data that `redact` has seen.
    """

    __slots__ = ("_run", "_seen")

    def __init__(self, run: Run, seen: Seen) -> None:
        self._run = run
        self._seen = seen

    def __repr__(self) -> str:
        return f"<RunView of the {self.kind} {self.name}>"

    @property
    def run_id(self) -> UUID:
        """The id that LangChain gave to the run."""
        return self._run.id

    @property
    def parent_run_id(self) -> UUID | None:
        """The id of the run that LangChain names as its parent; None for a root."""
        return self._run.parent_id

    @property
    def kind(self) -> RunKind:
        """What kind of thing runs. A chain that nothing is around is a workflow."""
        family = self._run.operation.family
        return _KINDS.get(id(self._run.operation), "chain" if family == "call" else family)

    @property
    def name(self) -> str:
        """The name of the run, as LangChain calls it."""
        started = self._seen.started
        named = text(started.options.get("name"))
        named = named or text((started.serialized or EMPTY).get("name"))
        return named or own_name(started.owner) or self.kind

    @property
    def span_name(self) -> str:
        """The name that the span has unless `span_name` gives another one."""
        return title_of(self._run, self._seen.started)

    @property
    def tags(self) -> tuple[str, ...]:
        """The tags of the run, with those that it inherits."""
        return tuple(tag for tag in self._seen.started.tags or () if type(tag) is str)

    @property
    def metadata(self) -> Mapping[str, Any]:
        """The metadata of the run, with what it inherits: JSON data under texts."""
        items = (self._seen.started.metadata or EMPTY).items()
        return MappingProxyType({name_of(key): plain(value) for key, value in items})

    @property
    def owner_type(self) -> type | None:
        """The class of the object that runs; None where LangChain does not say which it is."""
        owner = self._seen.started.owner
        return None if owner is None else type(owner)

    @property
    def inputs(self) -> Any:
        """What went in: messages, arguments, a query or a state, as far as a span may have it."""
        if self._seen.inputs is _NOT_READ:
            request = self._run.operation.request_content
            self._seen.inputs = self._content(_INPUTS, request, self._seen.started)
        return self._seen.inputs

    @property
    def result(self) -> Any:
        """What came out, likewise; None before the end."""
        if not self._seen.is_over or self._seen.reported is None:
            return None
        if self._seen.result is _NOT_READ:
            response = self._run.operation.response_content
            self._seen.result = self._content(_RESULTS, response, self._seen.reported)
        return self._seen.result

    @property
    def error_type(self) -> str | None:
        """The class of the error that the run failed with, as the span's `error.type`."""
        error, failure = self._seen.error, self._run.operation.failure
        if error is not None:
            return error_type(error) if outcome_of(error) is None else None
        try:
            return None if failure is None else failure(self._seen.reported)
        except Exception as unread:
            health.failed("run_view", unread)
            return None

    @property
    def error_message(self) -> str | None:
        """The text of that error, where spans may have it."""
        error = self._seen.error
        if error is None or outcome_of(error) is not None or not self._seen.policy.on_spans:
            return None
        return permitted_text(message_of(error), semconv.EXCEPTION_MESSAGE, self._seen.policy)

    @property
    def outcome(self) -> str | None:
        """How the run ended that neither succeeded nor failed: `interrupted`, `cancelled`, ..."""
        found = None if self._seen.error is None else outcome_of(self._seen.error)
        return found or self._run.facts.get(semconv.RUN_OUTCOME)

    @property
    def duration(self) -> float | None:
        """How long the run took, in seconds; None before the end."""
        return self._run.seconds if self._seen.is_over else None

    def _content(self, names: tuple[str, ...], read: Callable[[Any], Facts] | None, of: Any) -> Any:
        """The first of these facts that a span may have."""
        if read is None or not self._seen.policy.on_spans:
            return None
        try:
            found = with_messages(read(of)) if self._run.is_root else read(of)
            for name in names:
                shown = permitted({name: found[name]} if name in found else {}, self._seen.policy)
                if name in shown:
                    return _data(shown[name])
        except Exception as error:
            health.failed("run_view", error)
        return None


def _data(value: Any) -> Any:
    return value.data() if isinstance(value, Content) else value
