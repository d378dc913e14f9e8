"""Converts the documents that a retriever found."""

from collections.abc import Mapping
from math import isfinite
from typing import Any, Final

from langchain_otel.content.fields import fields_of, first_items, mapping_of, number_of, text_of

SCORE_KEYS: Final = ("score", "relevance_score", "similarity_score", "similarity", "_score")
ID_KEYS: Final = ("id", "_id", "doc_id", "document_id")


def documents(found: Any) -> list[dict[str, Any]]:
    """The documents that a retriever found: id and score where they are known, content, metadata.

    Neither is made up: Phoenix shows a list only where every document has both.
    """
    return [_document(document) for document in first_items(found)]


def score_of(value: Any) -> float | None:
    """A score as a number that is finite."""
    number = number_of(value)
    try:
        return None if number is None or not isfinite(number) else float(number)
    except OverflowError:
        return None


def _document(document: Any) -> dict[str, Any]:
    fields = fields_of(document)
    metadata = fields.get("metadata")
    known = mapping_of(metadata)
    described: dict[str, Any] = {}
    identity = _identity(fields.get("id")) or _identity(_first(known, ID_KEYS))
    if identity is not None:
        described["id"] = identity
    score = score_of(_first(known, SCORE_KEYS))
    if score is not None:
        described["score"] = score
    described["content"] = fields.get("page_content")
    if known:
        described["metadata"] = metadata
    return described


def _identity(value: Any) -> str | None:
    return str(value) if type(value) is int else text_of(value) or None


def _first(metadata: Mapping[str, Any], keys: tuple[str, ...]) -> Any:
    return next((metadata[key] for key in keys if metadata.get(key) is not None), None)
