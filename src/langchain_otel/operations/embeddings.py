"""Describes embeddings: the model and its server, the dimensions of the result, the tokens."""

from collections.abc import Iterator, Mapping
from itertools import chain
from typing import TYPE_CHECKING, Any, Final

from opentelemetry.trace import SpanKind

from langchain_otel import semconv
from langchain_otel.content.values import EMPTY, Facts, text, texts
from langchain_otel.operations.provider import (
    UNKNOWN_PROVIDER,
    model_of,
    provider_of_class,
    server_of,
)
from langchain_otel.operations.provider_report import with_provider_report
from langchain_otel.operations.span_names import titled
from langchain_otel.runs.run import Operation, Started

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

    if next(held(owner, Embeddings), None) is not None:
        return None
    texts = arguments.get("texts", arguments.get("text"))
    return Started(None, texts, None, None, owner=owner)


def is_recorded(_: object, __: "Run | None", call: "Run | None") -> bool:
    """Whether the span of another call records this one: it is how that one is done."""
    return call is not None and call.operation is EMBEDDINGS


def held(owner: object, kind: type) -> Iterator[Any]:
    """The objects of this kind that `owner` keeps in its fields, alone or in a collection."""
    for value in getattr(owner, "__dict__", EMPTY).values():
        items = value.values() if isinstance(value, dict) else value
        candidates = items if type(value) in (list, tuple, dict) else (value,)
        # By the type alone: a lazy proxy would be awakened by a look at anything else.
        yield from (item for item in chain(candidates) if issubclass(type(item), kind))


def _request(started: Started, _: "Run | None") -> Facts:
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
    fields = getattr(owner, "__dict__", EMPTY)
    extra = fields.get("model_kwargs")
    sources = (extra if isinstance(extra, dict) else EMPTY, fields)
    named = (texts(source.get(field)) for source in sources for field in ENCODING_FIELDS)
    return next((formats for formats in named if formats), None)


def _response(vectors: Any, run: "Run") -> Facts:
    return with_provider_report(_dimensions(vectors) | run.source_facts, run)


def _dimensions(vectors: Any) -> Facts:
    if vectors is None or not hasattr(vectors, "__len__") or not len(vectors):
        return {}
    first = vectors[0]
    dimensions = len(first) if hasattr(first, "__len__") else len(vectors)
    return {semconv.GEN_AI_EMBEDDINGS_DIMENSION_COUNT: dimensions}


EMBEDDINGS: Final = Operation(
    family="call",
    kind=SpanKind.CLIENT,
    title=titled(semconv.EMBEDDINGS, lambda started: model_of(started.owner)),
    request=_request,
    response=_response,
    suppresses="embedding",
)
