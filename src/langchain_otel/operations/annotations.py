"""Reads what the user and LangGraph attach to a run: tags, metadata, node, step, checkpoint.

Each stands on the span where it first appears, and is not repeated below.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from langchain_otel import health, semconv
from langchain_otel.content.attribute_value import attribute_value, identifier
from langchain_otel.content.credentials import names_credential
from langchain_otel.content.values import EMPTY, MAX_ITEMS, MAX_TEXT, PLAIN, Facts, name_of, text
from langchain_otel.operations.mapping import LANGGRAPH, facts_named
from langchain_otel.operations.span_names import given_name
from langchain_otel.runs.attempts import NAMESPACE
from langchain_otel.runs.configurable_values import is_configurable
from langchain_otel.runs.identity import KEYS as IDENTITY_KEYS
from langchain_otel.runs.identity import user_and_session_of
from langchain_otel.runs.reported import OWN_KEYS, Started

if TYPE_CHECKING:
    from langchain_otel.runs.run import Run

MAX_METADATA: Final = 32
UNKNOWN: Final = object()
RETRY_TAG: Final = "retry:attempt:"
# Tags that LangChain itself adds to say which step a run is: the tree says it already.
PLACE_TAGS: Final = ("seq:step:", "map:key:", "graph:step:", "condition:", "branch:")
# Metadata that LangChain adds for its own use, or that stands on the span under another name.
OWN_METADATA: Final = ("ls_", "lc_", "langgraph_", "checkpoint_", "__")


def annotations_of(started: Started, run: Run) -> Facts:
    """The facts that are new on this run, compared with its parent's; a root says its id."""
    parent = run.parent
    facts: Facts = {}
    if parent is None and run.operation.family != "call":
        # What LangChain reports nothing of has no run id that anybody could look for.
        run_id = run.id
        facts[semconv.RUN_ID] = (
            str(run_id) if type(run_id) is UUID else identifier(run_id) or type(run_id).__name__
        )
    if run.operation.request is not None and started.options.get("name") is not None:
        # A step that is no operation of the conventions has the name of its run as its span's.
        _add_run_name(facts, started, run)
    if started.tags and not _say_only_place(started.tags):
        _add_tags(facts, started.tags, () if parent is None else parent.tags or ())
    if run.attempt > 1:
        facts[semconv.RETRY_ATTEMPT] = run.attempt
    metadata = started.metadata
    if metadata:
        known = EMPTY if parent is None else parent.metadata or EMPTY
        if metadata is not known:
            facts.update(_metadata(started, metadata, known))
    if run.identity:
        facts.update(user_and_session_of(run))
    return facts


def _add_tags(facts: Facts, tags: list[Any], known: Sequence[Any]) -> None:
    new_tags = []
    known_texts = [other for other in known if type(other) is str]
    for tag in tags:
        name = tag if type(tag) is str else _tag_name(tag, known)
        if name is None or name in known_texts:
            continue
        if name.startswith(PLACE_TAGS):
            continue
        if not name.startswith(RETRY_TAG):
            new_tags.append(name[:MAX_TEXT])
        elif name[len(RETRY_TAG) :].isdecimal():
            facts[semconv.RETRY_ATTEMPT] = int(name[len(RETRY_TAG) :])
    if len(new_tags) > MAX_ITEMS:
        health.limited("the limit of tags of a run", f"those after the first {MAX_ITEMS} are cut")
    if new_tags:
        facts[semconv.TAGS] = new_tags[:MAX_ITEMS]


def _say_only_place(tags: list[Any]) -> bool:
    """Whether tags say no more than which step a run is, as those of most runs do."""
    # Each run asks: `all` of a generator takes twice as long.
    for tag in tags:  # noqa: SIM110
        if type(tag) is not str or not tag.startswith(PLACE_TAGS):
            return False
    return True


def _tag_name(tag: Any, known: Sequence[Any]) -> str | None:
    """The text of a tag that is none; None for one that is known, or left out."""
    # Nothing else of it is looked at: to compare it might load what it stands for.
    return None if any(tag is other for other in known) else identifier(tag)


def _add_run_name(facts: Facts, started: Started, run: Run) -> None:
    name = given_name(started)
    if name is not None and name != run.facts.get(semconv.GEN_AI_WORKFLOW_NAME):
        facts[semconv.RUN_NAME] = name


def _metadata(started: Started, metadata: Mapping[Any, Any], known: Mapping[Any, Any]) -> Facts:
    facts: Facts = {} if started.is_plain else _user_metadata(metadata, known)
    namespace, around = metadata.get(NAMESPACE), known.get(NAMESPACE)
    if namespace is not around and not _is_same(namespace, around):
        facts.update(facts_named(metadata, LANGGRAPH))
        facts.update(_task(namespace))
    return facts


def _user_metadata(metadata: Mapping[Any, Any], known: Mapping[Any, Any]) -> Facts:
    """What the user has attached."""
    facts: Facts = {}
    for key, value in metadata.items():
        if key in OWN_KEYS:
            continue
        other = known.get(key, UNKNOWN)
        if other is value or _is_same(value, other):
            continue
        name = key if type(key) is str else name_of(key)
        found = _shown(key, name, value)
        if found is None:
            continue
        if len(facts) >= MAX_METADATA:
            health.limited("the limit of metadata of a run", f"only {MAX_METADATA} are recorded")
            break
        facts[_unique(semconv.METADATA + name[:MAX_TEXT], facts)] = found
    return facts


def _shown(key: Any, name: str, value: Any) -> Any:
    """The attribute of an entry of the metadata; None where it is none, or stands elsewhere."""
    if name.startswith(OWN_METADATA) or name in IDENTITY_KEYS:
        return None
    return None if is_configurable(key, value) or names_credential(name) else attribute_value(value)


def _is_same(value: Any, other: Any) -> bool:
    # Only what cannot load or compute anything is compared.
    return type(value) in PLAIN and type(other) is type(value) and bool(value == other)


def _unique(name: str, taken: Facts) -> str:
    # A number and its text may both be keys.
    return name if name not in taken else f"{name}#{len(taken) + 1}"


def _task(namespace: Any) -> Facts:
    """The task of a checkpoint namespace, and the nodes of the enclosing subgraphs.

    A namespace has a part `node:task` for each node on the way, without the task where a subgraph
    keeps one history for all its calls; a part that is a number counts such calls.
    """
    if type(namespace) is not str:
        namespace = text(namespace) or ""
    around: list[str] = []
    own = namespace
    if "|" in namespace:
        *around, own = [part for part in namespace.split("|") if not part.isdigit()] or [""]
    facts: Facts = {}
    _, _, task = own.rpartition(":")
    if task != own:
        facts[semconv.LANGGRAPH_TASK_ID] = task[:MAX_TEXT]
    if around:
        nodes = [part.partition(":")[0] for part in around]
        facts[semconv.LANGGRAPH_SUBGRAPH_PATH] = "/".join(nodes)[:MAX_TEXT]
    return facts
