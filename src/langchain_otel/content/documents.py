"""Converts the documents that a retriever found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any, Final

from langchain_otel.content.fields import fields_of, first_items, mapping_of, number_of, text_of

SCORE_KEYS: Final = ("score", "relevance_score", "similarity_score", "similarity", "_score")
ID_KEYS: Final = ("id", "_id", "doc_id", "document_id")


def documents(found: Any, searches: Sequence[Any] = ()) -> list[dict[str, Any]]:
    """The documents that a retriever found: id and score where they are known, content, metadata.

    Each stands alone or with its score behind it; `searches` are the results of what searched for
    it, where a score may stand that was dropped since, of several the last. Neither id nor score is
    made up: Phoenix shows a list only where every document has both.
    """
    entries = (entry for result in searches for entry in _entries(result))
    dropped = {id(one): score for one, score in entries if score is not None}
    return [_document(one, score, dropped.get(id(one))) for one, score in _entries(found)]


def _entries(found: Any) -> list[tuple[Any, float | None]]:
    entries = [first_items(item, 2) or [item] for item in first_items(found)]
    return [(entry[0], score_of(entry[-1]) if len(entry) > 1 else None) for entry in entries]


def score_of(value: Any) -> float | None:
    """A score as a number that is finite."""
    number = number_of(value)
    try:
        return None if number is None or not isfinite(number) else float(number)
    except OverflowError:
        return None


def _document(document: Any, score: float | None, dropped: float | None) -> dict[str, Any]:
    fields = fields_of(document)
    metadata = fields.get("metadata")
    known = mapping_of(metadata)
    described: dict[str, Any] = {}
    identity = _identity(fields.get("id")) or _identity(_first(known, ID_KEYS))
    if identity is not None:
        described["id"] = identity
    scores = (score, score_of(_first(known, SCORE_KEYS)), dropped)
    known_scores = [each for each in scores if each is not None]
    if known_scores:
        described["score"] = known_scores[0]
    described["content"] = fields.get("page_content")
    if known:
        described["metadata"] = metadata
    return described


def _identity(value: Any) -> str | None:
    return str(value) if type(value) is int else text_of(value) or None


def _first(metadata: Mapping[str, Any], keys: tuple[str, ...]) -> Any:
    return next((metadata[key] for key in keys if metadata.get(key) is not None), None)
