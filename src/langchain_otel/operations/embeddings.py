"""Describes embeddings: the model and its server, the dimensions of the result, the tokens."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from opentelemetry.trace import SpanKind

from langchain_otel import semconv
from langchain_otel.content.fields import (
    fields_of,
    first_items,
    held,
    length_of,
    mapping_of,
    number_of,
)
from langchain_otel.content.values import Facts, text, texts
from langchain_otel.operations.provider import (
    UNKNOWN_PROVIDER,
    model_of,
    provider_of_class,
    server_of,
)
from langchain_otel.operations.provider_report import with_provider_report
from langchain_otel.operations.span_names import titled
from langchain_otel.runs.operation import Operation
from langchain_otel.runs.reported import Started

if TYPE_CHECKING:
    from langchain_otel.runs.run import Run

METHODS: Final = frozenset(("embed_documents", "embed_query", "aembed_documents", "aembed_query"))
# Endings of a class's name that are not part of the provider's name.
KIND_SUFFIXES: Final = ("Model", "Embeddings", "Embedding")
ENCODING_FIELDS: Final = ("embedding_types", "encoding_format")


def started(owner: object, arguments: Mapping[str, Any]) -> Started | None:
    """What a call of an embeddings object starts with; None where it hands the call on.

    An object that holds another one (a cache, say) is no provider: the other's call is recorded.
    """
    from langchain_core.embeddings import Embeddings

    if held(owner, Embeddings) is not None:
        return None
    texts = arguments.get("texts", arguments.get("text"))
    return Started(None, texts, None, None, owner=owner)


def recorded_by(_: object, __: Run | None, call: Run | None) -> Run | None:
    """The run of another call whose span records this one: it is how that one is done."""
    return call if call is not None and call.operation is EMBEDDINGS else None


def _request(started: Started, _: Run | None) -> Facts:
    owner = started.owner
    facts: Facts = {semconv.GEN_AI_OPERATION_NAME: semconv.EMBEDDINGS}
    facts.update(server_of(owner))
    facts[semconv.GEN_AI_PROVIDER_NAME] = _provider(type(owner), facts)
    model = model_of(owner)
    if model is not None:
        facts[semconv.GEN_AI_REQUEST_MODEL] = model
    formats = _encoding_formats(owner)
    if formats is not None:
        facts[semconv.GEN_AI_REQUEST_ENCODING_FORMATS] = formats
    return facts


def _provider(kind: type, facts: Facts) -> str:
    name = provider_of_class(kind, facts.get(semconv.SERVER_ADDRESS))
    if name is not None:
        return name
    # As LangChain itself does for a model that names no provider.
    own_name = kind.__name__
    for suffix in KIND_SUFFIXES:
        own_name = own_name.removesuffix(suffix)
    return text(own_name.lower()) or UNKNOWN_PROVIDER


def _encoding_formats(owner: object) -> list[str] | None:
    fields = fields_of(owner)
    sources = (mapping_of(fields.get("model_kwargs")), fields)
    named = (texts(source.get(field)) for source in sources for field in ENCODING_FIELDS)
    return next((formats for formats in named if formats), None)


def _response(vectors: Any, run: Run) -> Facts:
    return with_provider_report(_dimensions(vectors) | run.source_facts, run)


def _dimensions(vectors: Any) -> Facts:
    """The length of a vector, or of the first of several."""
    first = next(iter(first_items(vectors, 1)), None)
    is_one = first is None or number_of(first) is not None
    length = length_of(vectors if is_one else first)
    return {semconv.GEN_AI_EMBEDDINGS_DIMENSION_COUNT: length} if length else {}


EMBEDDINGS: Final = Operation(
    family="call",
    kind=SpanKind.CLIENT,
    title=titled(semconv.EMBEDDINGS, lambda started: model_of(started.owner)),
    request=_request,
    response=_response,
    suppresses="embedding",
)
