"""Knows the GenAI conventions' form of facts: attributes, with structured values as JSON strings.

Every backend reads messages as JSON strings; maps on spans are dropped by some, and by SDKs
before 1.45. Log records have structured values, as the conventions demand.
"""

from typing import Any, Final

from opentelemetry.util.types import AttributeValue

from langchain_otel.content.encode import to_json
from langchain_otel.content.messages import Messages
from langchain_otel.content.plain import Value
from langchain_otel.operations import Facts

PLAIN: Final = frozenset((str, int, float, bool))
CONTENT: Final = (Messages, Value)

Attributes = dict[str, AttributeValue]
Structured = dict[str, Any]


def attributes(facts: Facts) -> Attributes:
    """The attributes that state `facts`."""
    return {name: value if type(value) in PLAIN else _value(value) for name, value in facts.items()}


def structured(facts: Facts) -> Structured:
    """The same with lists and maps as they are; content comes from `permitted`."""
    return {
        name: value.data() if isinstance(value, CONTENT) else value for name, value in facts.items()
    }


def _value(value: Any) -> AttributeValue:
    if isinstance(value, (str, bool, int, float)):
        return value
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return value
    return value.json() if isinstance(value, CONTENT) else to_json(value)
