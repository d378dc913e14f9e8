"""Reads what the user and LangGraph attach to a run: tags, metadata, node, step, checkpoint.

Each stands on the span where it first appears, and is not repeated below.
"""

from collections.abc import Container, Mapping
from typing import TYPE_CHECKING, Any, Final

from langchain_otel import semconv
from langchain_otel.content.values import EMPTY, MAX_ITEMS, MAX_TEXT, Facts
from langchain_otel.operations.mapping import LANGGRAPH, facts_from
from langchain_otel.operations.span_names import given_name
from langchain_otel.runs.configurable_values import is_configurable
from langchain_otel.runs.identity import KEYS as IDENTITY_KEYS
from langchain_otel.runs.identity import user_and_session_of
from langchain_otel.runs.run import Started

if TYPE_CHECKING:
    from langchain_otel.runs.run import Run

MAX_METADATA: Final = 32
UNKNOWN: Final = object()
RETRY_TAG: Final = "retry:attempt:"
# Tags that LangChain itself adds to say which step a run is: the tree says it already.
STEP_TAGS: Final = (RETRY_TAG, "seq:step:", "map:key:", "graph:step:", "condition:", "branch:")
# Metadata that LangChain adds for its own use, or that stands on the span under another name.
OWN_METADATA: Final = ("ls_", "lc_", "langgraph_", "checkpoint_", "__")


def annotations(started: Started, run: "Run") -> Facts:
    """The facts that are new on this run, compared with its parent's; a root says its id."""
    parent = run.parent
    facts: Facts = {}
    known_tags: Container[str] = ()
    known = EMPTY
    if parent is not None:
        known_tags, known = parent.tags or (), parent.metadata or EMPTY
    elif run.operation.family != "call":
        # What LangChain reports nothing of has no run id that anybody could look for.
        facts[semconv.RUN_ID] = str(run.id)
    if run.operation.request is not None and started.options.get("name"):
        # A step that is no operation of the conventions has the name of its run as its span's.
        _add_run_name(facts, started, run)
    if started.tags:
        _add_tags(facts, started.tags, known_tags)
    if run.attempt > 1:
        facts[semconv.RETRY_ATTEMPT] = run.attempt
    if started.metadata and started.metadata != known:
        facts.update(_metadata(started.metadata, known))
    if run.identity:
        facts.update(user_and_session_of(run))
    return facts


def _add_tags(facts: Facts, tags: list[str], known: Container[str]) -> None:
    new_tags = []
    for tag in tags:
        if tag in known:
            continue
        if not tag.startswith(STEP_TAGS):
            new_tags.append(tag[:MAX_TEXT])
        elif tag.startswith(RETRY_TAG) and tag[len(RETRY_TAG) :].isdigit():
            facts[semconv.RETRY_ATTEMPT] = int(tag[len(RETRY_TAG) :])
    if new_tags:
        facts[semconv.TAGS] = new_tags[:MAX_ITEMS]


def _add_run_name(facts: Facts, started: Started, run: "Run") -> None:
    name = given_name(started)
    if name is not None and name != run.facts.get(semconv.GEN_AI_WORKFLOW_NAME):
        facts[semconv.RUN_NAME] = name


def _metadata(metadata: Mapping[str, Any], known: Mapping[str, Any]) -> Facts:
    facts: Facts = {}
    namespace = metadata.get("langgraph_checkpoint_ns")
    if namespace != known.get("langgraph_checkpoint_ns"):
        facts.update(facts_from(metadata, LANGGRAPH))
        facts.update(_task(namespace))
    for key, value in metadata.items():
        if known.get(key, UNKNOWN) is value:
            continue
        if key.startswith(OWN_METADATA) or key in IDENTITY_KEYS or is_configurable(key, value):
            continue
        scalar = _scalar(value)
        if scalar is not None and len(facts) < MAX_METADATA:
            facts[semconv.METADATA + key[:MAX_TEXT]] = scalar
    return facts


def _task(namespace: Any) -> Facts:
    """The task of a checkpoint namespace, and the nodes of the enclosing subgraphs.

    A namespace has a part `node:task` for each node on the way, without the task where a subgraph
    keeps one history for all its calls; a part that is a number counts such calls.
    """
    if not isinstance(namespace, str):
        return {}
    *around, own = [part for part in namespace.split("|") if not part.isdigit()] or [""]
    facts: Facts = {}
    _, _, task = own.rpartition(":")
    if task != own:
        facts[semconv.LANGGRAPH_TASK_ID] = task[:MAX_TEXT]
    if around:
        nodes = [part.partition(":")[0] for part in around]
        facts[semconv.LANGGRAPH_SUBGRAPH_PATH] = "/".join(nodes)[:MAX_TEXT]
    return facts


def _scalar(value: Any) -> Any:
    """What an attribute can hold of a metadata value, bounded; None for what is no plain value."""
    if isinstance(value, str):
        return value[:MAX_TEXT]
    if isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, (list, tuple)) and all(isinstance(item, str) for item in value):
        return [item[:MAX_TEXT] for item in value[:MAX_ITEMS]]
    return None
