"""Sets attributes on a span, made sound, in the way that costs the SDK least."""

from __future__ import annotations

from typing import Any, Final

from opentelemetry.trace import Span

from langchain_otel.content.encodable import sound_content

FEW: Final = 2


def set_attributes(span: Span, attributes: dict[str, Any]) -> None:
    """Set attributes, a few of them one by one: a dict takes the SDK as long as two of them."""
    if len(attributes) > FEW:
        span.set_attributes(sound_content(attributes))
        return
    for name, value in attributes.items():
        if type(value) is str and value.isascii() and name.isascii():
            span.set_attribute(name, value)
        else:
            span.set_attribute(*sound_content({name: value}).popitem())
