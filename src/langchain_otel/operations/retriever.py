"""Describes retrievers: the query and the documents found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from opentelemetry.trace import SpanKind

from langchain_otel import semconv
from langchain_otel.content.fields import fields_of, is_sequence, mapping_of
from langchain_otel.content.values import EMPTY, Facts, integer, text
from langchain_otel.operations.data_source import data_source_of, search_facts
from langchain_otel.operations.mapping import Table, facts_from
from langchain_otel.operations.span_names import titled
from langchain_otel.runs.operation import Operation
from langchain_otel.runs.reported import Started

if TYPE_CHECKING:
    from langchain_otel.runs.run import Run

FIELDS: Final[Table] = {
    "k": (semconv.GEN_AI_RETRIEVAL_TOP_K, integer),
}
"""Fields of retrievers, and of the `search_kwargs` of a vector store's retriever."""

METADATA: Final[Table] = {
    "ls_vector_store_provider": (semconv.GEN_AI_PROVIDER_NAME, text),
    "ls_embedding_model": (semconv.GEN_AI_REQUEST_MODEL, text),
}
"""Metadata of a retriever's run (`BaseRetriever._get_ls_params`)."""


def _request(started: Started, _: Run | None) -> Facts:
    fields = fields_of(started.owner)
    searched_with = mapping_of(fields.get("search_kwargs"))
    return {
        semconv.GEN_AI_OPERATION_NAME: semconv.RETRIEVAL,
        **search_facts(started.owner),
        **facts_from(started.metadata or EMPTY, METADATA),
        **facts_from(fields, FIELDS),
        **facts_from(searched_with, FIELDS),
    }


def _name(started: Started) -> str | None:
    # Where there is no data source id, the conventions let a retriever use another name: one that
    # somebody gave to it.
    return data_source_of(started.owner) or text(fields_of(started.owner).get("name"))


def _request_content(started: Started) -> Facts:
    return {semconv.GEN_AI_RETRIEVAL_QUERY_TEXT: started.payload}


def found_content(found: Any) -> Facts:
    """The documents that a retriever or a search gives."""
    return inner_content(found, [])


def inner_content(found: Any, searches: list[Any]) -> Facts:
    """The same with the scores that the searches inside have found, of which only they know."""
    if not is_sequence(found):
        return {}
    # Where nobody records content, nothing is imported for it.
    from langchain_otel.content.documents import documents

    return {semconv.GEN_AI_RETRIEVAL_DOCUMENTS: documents(found, searches)}


RETRIEVER: Final = Operation(
    family="retriever",
    kind=SpanKind.CLIENT,
    title=titled(semconv.RETRIEVAL, _name),
    request=_request,
    request_content=_request_content,
    response_content=found_content,
    inner_content=inner_content,
)
