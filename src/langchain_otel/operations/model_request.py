"""Describes requests to chat and completion models; a model's last description is remembered.

An application asks the same model again and again with the same parameters. Where nothing that is
read has changed, by type and value, the facts are those of the call before.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from langchain_otel import semconv
from langchain_otel.content.fields import mapping_of
from langchain_otel.content.remembered import remember
from langchain_otel.content.values import EMPTY, Facts, text
from langchain_otel.operations.mapping import LANGSMITH, REQUEST, facts_from, facts_named
from langchain_otel.operations.provider import provider_of, server_of
from langchain_otel.operations.request_format import KEYS, STRUCTURED, requested_form
from langchain_otel.runs.reported import Started

# The parameter of a request that names the model, as the provider packages call it.
MODEL_KEYS: Final = ("model", "model_name", "model_id")

PARAMETERS: Final = (*MODEL_KEYS, *REQUEST, *sorted(KEYS), "_type")
METADATA: Final = ("ls_provider", "ls_model_name", *LANGSMITH)
"""All that the description of a request is made of, beside the kind of model server."""
UNCHANGING: Final = frozenset((str, int, float, bool, type(None)))

Entries = list[tuple[str, Any]]


class Request:
    """A request as it was read, and what was found in it: the model's name, facts.

    `names` are those of all its parameters; `parameters` and `metadata` are what was read.
    """

    __slots__ = ("facts", "is_structured", "metadata", "name", "names", "parameters")

    def __init__(
        self,
        names: frozenset[str],
        parameters: Entries,
        metadata: Entries,
        name: str | None,
        facts: Facts,
        *,
        is_structured: bool,
    ) -> None:
        self.names = names
        self.parameters = parameters
        self.metadata = metadata
        self.name = name
        self.facts = facts
        self.is_structured = is_structured


_latest: Final[dict[int, tuple[Request, object]]] = {}
"""The last request of a model by the id of the model, for as long as that lives."""
UNKNOWN: Final = (None, None)


def model_name(started: Started) -> str | None:
    """The name of the model that a request is for."""
    return _request(started).name


def request_facts(operation: str, started: Started) -> Facts:
    """The facts of a request, as a dict of its own."""
    facts = _request(started).facts.copy()
    facts[semconv.GEN_AI_OPERATION_NAME] = operation
    server = server_of(started.owner)
    if server:
        facts.update(server)
    facts[semconv.GEN_AI_PROVIDER_NAME] = provider_of(
        started.metadata or EMPTY, facts.get(semconv.SERVER_ADDRESS)
    )
    return facts


def _request(started: Started) -> Request:
    request = started.request
    if request is None:
        request = started.request = _remembered(started)
    return request  # type: ignore[no-any-return]


def _remembered(started: Started) -> Request:
    params, metadata = started.options.get("invocation_params"), started.metadata or EMPTY
    if type(params) is not dict:
        params = mapping_of(params)
    is_structured = STRUCTURED in mapping_of(started.options.get("options"))
    known, _ = _latest.get(id(started.owner), UNKNOWN)
    if (
        known is not None
        and is_structured is known.is_structured
        and params.keys() == known.names
        and _is_unchanged(params, known.parameters)
        and _is_unchanged(metadata, known.metadata)
    ):
        return known
    parameters = [(key, params[key]) for key in PARAMETERS if key in params]
    said = [(key, metadata.get(key)) for key in METADATA]
    name, facts = _name(params, metadata), _facts(started, params, metadata)
    request = Request(frozenset(params), parameters, said, name, facts, is_structured=is_structured)
    types = {type(value) for _, value in (*parameters, *said)}
    if started.owner is not None and types <= UNCHANGING:
        _remember(started.owner, request)
    return request


def _is_unchanged(source: Mapping[str, Any], entries: Entries) -> bool:
    """Whether a source has the values that it had: the very same, or equal ones of one type."""
    value_of = source.get
    for key, before in entries:
        value = value_of(key)
        # Of two types, values may be equal that say different things; another's may be compared by
        # code of its own.
        if value is not before and (type(value) is not type(before) or value != before):
            return False
    return True


def _remember(owner: object, request: Request) -> None:
    try:
        remember(_latest, id(owner), owner, request)
    except TypeError:
        """It has no weak references: it is described each time."""


def _name(params: Any, metadata: Any) -> str | None:
    for key in MODEL_KEYS:
        named = params.get(key)
        name = None if named is None else text(named)
        if name is not None:
            return name
    named = metadata.get("ls_model_name")
    return None if named is None else text(named)


def _facts(started: Started, params: Any, metadata: Any) -> Facts:
    facts = facts_named(metadata, LANGSMITH)
    facts.update(facts_from(params, REQUEST))
    name = _name(params, metadata)
    if name is not None:
        facts[semconv.GEN_AI_REQUEST_MODEL] = name
    facts.update(requested_form(started))
    return facts
