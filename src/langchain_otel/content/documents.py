"""Converts the documents that a retriever found."""

from collections.abc import Iterable, Mapping
from itertools import islice
from math import isfinite
from typing import Any, Final

from langchain_otel.content.json_data import MAX_ITEMS

SCORE_KEYS: Final = ("score", "relevance_score", "similarity_score", "similarity", "_score")
ID_KEYS: Final = ("id", "_id", "doc_id", "document_id")
NO_FIELDS: Final[dict[str, Any]] = {}


def documents(found: Iterable[Any]) -> list[dict[str, Any]]:
    """The documents that a retriever found: id and score where they are known, content, metadata.

    Neither is made up: Phoenix shows a list only where every document has both.
    """
    return [_document(document) for document in islice(found, MAX_ITEMS)]


def _document(document: Any) -> dict[str, Any]:
    fields = getattr(document, "__dict__", NO_FIELDS)
    metadata = fields.get("metadata")
    known = metadata if isinstance(metadata, Mapping) else {}
    described: dict[str, Any] = {}
    identifier = fields.get("id") or _first(known, ID_KEYS)
    if isinstance(identifier, (str, int)):
        described["id"] = str(identifier)
    score = _number(_first(known, SCORE_KEYS))
    if score is not None:
        described["score"] = score
    described["content"] = fields.get("page_content")
    if known:
        described["metadata"] = known
    return described


def _first(metadata: Mapping[str, Any], keys: tuple[str, ...]) -> Any:
    return next((metadata[key] for key in keys if metadata.get(key) is not None), None)


def _number(value: Any) -> float | None:
    if isinstance(value, (bool, str)) or not hasattr(type(value), "__float__"):
        return None
    number = float(value)
    return number if isfinite(number) else None
