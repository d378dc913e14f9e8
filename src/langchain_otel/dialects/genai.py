"""States facts as the GenAI conventions do, with structured values as JSON strings.

Every backend reads messages as JSON strings; maps on spans are dropped by some, and by SDKs
before 1.45. Log records have structured values, as the conventions demand.
"""

from __future__ import annotations

from typing import Any, Final

from opentelemetry.util.types import AttributeValue

from langchain_otel.content.policy import Content
from langchain_otel.content.values import Facts
from langchain_otel.dialects.dialect import Attributes, Dialect, Structured
from langchain_otel.runs.run import Run

PLAIN: Final = frozenset((str, int, float, bool))


def attributes(facts: Facts) -> Attributes:
    """The attributes that state `facts`."""
    return {name: value if type(value) in PLAIN else _value(value) for name, value in facts.items()}


def structured(facts: Facts) -> Structured:
    """The same with lists and maps as they are; content comes from `permitted`."""
    return {
        name: value.data() if isinstance(value, Content) else value for name, value in facts.items()
    }


def _value(value: Any) -> AttributeValue:
    if isinstance(value, Content):
        return value.json()
    if isinstance(value, (str, bool, int, float)):
        return value
    if isinstance(value, list) and all(type(item) in PLAIN for item in value):
        return value
    # Facts are seldom maps: where nobody records content, nothing is imported for them.
    from langchain_otel.content.encoding import to_json

    return to_json(value)


def _content(shown: Facts, _: Run) -> Attributes:
    return attributes(shown)


def _structured(shown: Facts, _: Run) -> Structured:
    return structured(shown)


JSON: Final = Dialect(_content)
STRUCTURED: Final = Dialect(_structured)
