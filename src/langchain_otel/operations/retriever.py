"""Knows retrievers: the query and the documents found."""

from typing import TYPE_CHECKING, Any, Final

from opentelemetry.trace import SpanKind

from langchain_otel import semconv
from langchain_otel.content.blocks import documents
from langchain_otel.mapping import text
from langchain_otel.operations import Facts, Operation, Started

if TYPE_CHECKING:
    from langchain_otel.run import Run


def _request(started: Started, _: "Run | None") -> Facts:
    metadata = started.metadata or {}
    facts: Facts = {semconv.GEN_AI_OPERATION_NAME: semconv.RETRIEVAL}
    provider = text(metadata.get("ls_vector_store_provider"))
    if provider is not None:
        facts[semconv.GEN_AI_PROVIDER_NAME] = provider
    model = text(metadata.get("ls_embedding_model"))
    if model is not None:
        facts[semconv.GEN_AI_REQUEST_MODEL] = model
    return facts


def _title(started: Started, _: Facts) -> str:
    # LangChain knows no data source id; the conventions let a retriever use another name then.
    name = text(started.options.get("name"))
    return semconv.RETRIEVAL if name is None else f"{semconv.RETRIEVAL} {name}"


def _request_content(started: Started) -> Facts:
    return {semconv.GEN_AI_RETRIEVAL_QUERY_TEXT: started.payload}


def _response_content(found: Any) -> Facts:
    return {semconv.GEN_AI_RETRIEVAL_DOCUMENTS: documents(found)}


RETRIEVER: Final = Operation(
    family="retriever",
    kind=SpanKind.CLIENT,
    title=_title,
    request=_request,
    request_content=_request_content,
    response_content=_response_content,
)
