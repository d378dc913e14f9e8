"""Sets attributes on a span, made sound, in the way that costs the SDK least."""

from typing import Any, Final

from opentelemetry.trace import Span

from langchain_otel.content.encodable import sound_attributes

FEW: Final = 2


def set_attributes(span: Span, attributes: dict[str, Any]) -> None:
    """Set attributes, a few of them one by one: a dict takes the SDK as long as two of them."""
    sound = sound_attributes(attributes)
    if len(sound) > FEW:
        span.set_attributes(sound)
        return
    for name, value in sound.items():
        span.set_attribute(name, value)
