"""Gathers what a page shows of a span: messages, documents, calls of tools, input, output."""

from __future__ import annotations

from typing import Any, Final

from langchain_otel import semconv
from langchain_otel.dialects import openinference_names as oi
from langchain_otel.viewing import names
from langchain_otel.viewing.conversation import is_item, is_message_attribute, messages_of, nested
from langchain_otel.viewing.parts import as_text, items_of
from langchain_otel.viewing.plain import dict_of, text_of
from langchain_otel.viewing.spans import Attributes, Span

# Titles, and the attributes whose values stand below them.
TEXTS: Final = {
    semconv.GEN_AI_TOOL_CALL_ARGUMENTS: "Arguments",
    semconv.GEN_AI_TOOL_CALL_RESULT: "Result",
    semconv.GEN_AI_RETRIEVAL_QUERY_TEXT: "Query",
    oi.RERANKER_QUERY: "Query",
    semconv.STATE_INPUT: "Input",
    oi.INPUT_VALUE: "Input",
    names.TRACELOOP_INPUT: "Input",
    semconv.STATE_OUTPUT: "Output",
    oi.OUTPUT_VALUE: "Output",
    names.TRACELOOP_OUTPUT: "Output",
    oi.LLM_PROMPT_TEMPLATE: "Template",
    oi.LLM_PROMPT_TEMPLATE_VARIABLES: "Variables",
    semconv.GEN_AI_TOOL_DEFINITIONS: "Tools offered",
}
# Of all others: a page shows them below a title, which need not be open from the start.
DOCUMENTS: Final = {
    semconv.GEN_AI_RETRIEVAL_DOCUMENTS: "Documents",
    oi.RETRIEVAL_DOCUMENTS: "Documents",
    oi.RERANKER_INPUT_DOCUMENTS: "Documents to rank",
    oi.RERANKER_OUTPUT_DOCUMENTS: "Documents ranked",
}


def sections_of(span: Span) -> dict[str, Any]:
    """Messages, texts with their titles, lists of documents; each only where there is some."""
    found = {
        "messages": messages_of(span),
        "texts": [
            [title, as_text(span.attributes[name])]
            for name, title in TEXTS.items()
            if span.attributes.get(name) not in (None, "")
        ],
        "documents": [
            [title, documents]
            for name, title in DOCUMENTS.items()
            if (documents := _documents(span.attributes, name))
        ],
    }
    return {name: value for name, value in found.items() if value}


def is_in_a_section(name: str) -> bool:
    """Whether an attribute is shown in a section, and need not be shown again."""
    return (
        name in TEXTS
        or name in DOCUMENTS
        or is_message_attribute(name)
        or any(is_item(name, prefix) for prefix in DOCUMENTS)
    )


def _documents(attributes: Attributes, name: str) -> list[dict[str, str]]:
    found = nested(attributes, name)
    entries = items_of(found) or ([] if found in (None, "") else [found])
    return [
        _document(dict_of(entry.get("document")) or entry)
        if isinstance(entry, dict)
        else {"text": as_text(entry)}
        for entry in entries
    ]


def _document(document: dict[str, Any]) -> dict[str, str]:
    content = next(
        (document[key] for key in ("content", "page_content", "text") if key in document), ""
    )
    described = {
        "id": text_of(document.get("id")),
        "score": text_of(document.get("score")),
        "text": as_text(content),
        "metadata": as_text(document.get("metadata")),
    }
    return {key: value for key, value in described.items() if value}
