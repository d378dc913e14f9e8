"""States an evaluation as the span of an evaluator, as Arize Phoenix shows it."""

from __future__ import annotations

from typing import Final

from langchain_otel import semconv
from langchain_otel.content.encoding import to_json
from langchain_otel.content.values import Facts
from langchain_otel.dialects import openinference_names as names
from langchain_otel.dialects.dialect import Attributes

SHOWN: Final = {
    semconv.GEN_AI_EVALUATION_SCORE_VALUE: "score",
    semconv.GEN_AI_EVALUATION_SCORE_LABEL: "label",
    semconv.GEN_AI_EVALUATION_EXPLANATION: "explanation",
}
"""What Phoenix calls the parts of a result."""


def evaluation(facts: Facts) -> Attributes:
    """The kind of the span, and its result; the facts have no other names in OpenInference."""
    result = {word: facts[name] for name, word in SHOWN.items() if name in facts}
    return {
        names.SPAN_KIND: names.EVALUATOR,
        names.OUTPUT_VALUE: to_json(result),
        names.OUTPUT_MIME_TYPE: names.JSON,
    }
