"""Describes retrievers: the query and the documents found."""

from typing import TYPE_CHECKING, Any, Final

from opentelemetry.trace import SpanKind

from langchain_otel import semconv
from langchain_otel.content.documents import documents
from langchain_otel.content.values import EMPTY, Facts, integer, text
from langchain_otel.operations.mapping import Table, facts_from
from langchain_otel.operations.span_names import own_name, titled
from langchain_otel.runs.run import Operation, Started

if TYPE_CHECKING:
    from langchain_otel.runs.run import Run

FIELDS: Final[Table] = {
    "k": (semconv.GEN_AI_RETRIEVAL_TOP_K, integer),
    "knowledge_base_id": (semconv.GEN_AI_DATA_SOURCE_ID, text),  # Amazon Bedrock's
    "data_store_id": (semconv.GEN_AI_DATA_SOURCE_ID, text),  # Vertex AI Search's
}
"""Fields of retrievers, and of the `search_kwargs` of a vector store's retriever."""

METADATA: Final[Table] = {
    "ls_vector_store_provider": (semconv.GEN_AI_PROVIDER_NAME, text),
    "ls_embedding_model": (semconv.GEN_AI_REQUEST_MODEL, text),
}
"""Metadata of a retriever's run (`BaseRetriever._get_ls_params`)."""


def _request(started: Started, _: "Run | None") -> Facts:
    facts: Facts = {semconv.GEN_AI_OPERATION_NAME: semconv.RETRIEVAL}
    facts.update(facts_from(started.metadata or EMPTY, METADATA))
    facts.update(_fields(started))
    return facts


def _fields(started: Started) -> Facts:
    fields = getattr(started.owner, "__dict__", EMPTY)
    searched_with = fields.get("search_kwargs")
    facts = facts_from(fields, FIELDS)
    if isinstance(searched_with, dict):
        facts.update(facts_from(searched_with, FIELDS))
    return facts


def _name(started: Started) -> str | None:
    # Where there is no data source id, the conventions let a retriever use another name.
    found = _fields(started).get(semconv.GEN_AI_DATA_SOURCE_ID)
    return found or own_name(started.owner) or text(started.options.get("name"))


def _request_content(started: Started) -> Facts:
    return {semconv.GEN_AI_RETRIEVAL_QUERY_TEXT: started.payload}


def _response_content(found: Any) -> Facts:
    return {semconv.GEN_AI_RETRIEVAL_DOCUMENTS: documents(found)}


RETRIEVER: Final = Operation(
    family="retriever",
    kind=SpanKind.CLIENT,
    title=titled(semconv.RETRIEVAL, _name),
    request=_request,
    request_content=_request_content,
    response_content=_response_content,
)
