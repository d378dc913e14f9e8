"""Combines the dialects for Arize Phoenix: OpenInference alone, or with the conventions."""

from __future__ import annotations

from functools import partial
from typing import Final

import orjson

from langchain_otel import semconv
from langchain_otel.content.json_data import Value
from langchain_otel.content.message_list import Messages
from langchain_otel.content.values import Facts
from langchain_otel.dialects import genai, openinference, openinference_content
from langchain_otel.dialects.dialect import Attributes, Dialect, Structured
from langchain_otel.dialects.openinference_evaluation import evaluation
from langchain_otel.runs.reported import Started
from langchain_otel.runs.run import Run

# What only OpenInference records.
NOT_GENAI: Final = frozenset(
    (semconv.PROMPT_TEMPLATE, semconv.EMBEDDINGS_INPUT, semconv.RERANKING_DOCUMENTS)
)


def _content(shown: Facts, run: Run) -> Attributes:
    return openinference_content.content(_as_values(shown), run)


def _both_started(facts: Facts, run: Run, started: Started) -> Attributes:
    return genai.attributes(facts) | openinference.started(facts, run, started)


def _both_ended(facts: Facts, run: Run) -> Attributes:
    return genai.attributes(facts) | openinference.ended(facts, run)


def _both_content(shown: Facts, run: Run) -> Attributes:
    values = _as_values(shown)
    found = genai.attributes(_known(values))
    return found | openinference_content.content(values, run, len(found))


def _both_structured(shown: Facts, run: Run) -> Structured:
    values = _as_values(shown)
    return genai.structured(_known(values)) | openinference_content.content(values, run)


def _known(shown: Facts) -> Facts:
    return {name: value for name, value in shown.items() if name not in NOT_GENAI}


def _as_values(shown: Facts) -> Facts:
    # Messages are made into data once, and take their share of the span's room once.
    return {
        name: _as_value(value) if isinstance(value, Messages) else value
        for name, value in shown.items()
    }


def _as_value(messages: Messages) -> Value:
    data = messages.data()
    return Value(data, orjson.dumps(data))


_for_phoenix: Final = partial(
    Dialect,
    request_content=openinference_content.request_content,
    shows_roots=True,
    evaluation=evaluation,
)
_beside: Final = partial(_for_phoenix, started=_both_started, ended=_both_ended, copies=3)

ALONE: Final = _for_phoenix(
    _content, started=openinference.started, ended=openinference.ended, copies=2
)
BOTH: Final = _beside(_both_content)
BOTH_STRUCTURED: Final = _beside(_both_structured)
