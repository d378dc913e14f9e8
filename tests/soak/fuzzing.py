"""Targets for atheris: each takes bytes, makes a value of them, and checks what becomes of it."""

import json
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).parent.parent))

MAX_DEPTH: Final = 6
KEYS: Final = (
    "type", "text", "content", "tool_calls", "name", "args", "id", "data", "mime_type", "source",
    "image_url", "url", "base64", "reasoning", "summary", "input", "output", "result", "role",
    "parts", "traceparent", "tool_calls", "paused_at", "resourceSpans", "scopeSpans", "spans",
    "attributes", "key", "value", "stringValue", "arrayValue", "values", "traceId", "spanId",
    "parentSpanId", "startTimeUnixNano", "events", "links", "status", "code",
)  # fmt: skip
# What the fuzzer sees into; these import all others that matter.
MODULES: Final = (
    "content.message_list", "content.attribute_value", "content.credentials",
    "content.encoded_bytes", "exporters.otlp_values", "exporters.harmless_text",
    "runs.traceparent", "sources.checkpoints", "viewing.documents", "viewing.forest",
    "viewing.page",
)  # fmt: skip
KINDS: Final = ("text", "image", "tool_use", "tool_result", "reasoning", "file", "audio", "human")


SCALARS: Final[tuple[Callable[[Any], Any], ...]] = (
    lambda data: data.ConsumeUnicode(64),
    lambda data: data.ConsumeInt(16),
    lambda data: data.ConsumeFloat(),
    lambda data: data.ConsumeBytes(32),
    lambda data: (None, True, *KINDS)[data.ConsumeIntInRange(0, len(KINDS) + 1)],
    lambda data: f"data:image/png;base64,{data.ConsumeUnicodeNoSurrogates(32)}",
)


def value_of(data: Any, depth: int = 0) -> Any:
    """A value that the fuzzer's bytes stand for."""
    kind = data.ConsumeIntInRange(0, len(SCALARS) + (2 if depth < MAX_DEPTH else -1))
    if kind < len(SCALARS):
        return SCALARS[kind](data)
    items = [value_of(data, depth + 1) for _ in range(data.ConsumeIntInRange(0, 4))]
    if kind > len(SCALARS) + 1:
        return {KEYS[data.ConsumeIntInRange(0, len(KEYS) - 1)]: item for item in items}
    return items if kind == len(SCALARS) else tuple(items)


def messages(data: Any) -> None:
    """Messages of any content, within a policy of any size."""
    from langchain_core.messages import AIMessage

    from langchain_otel.content.limits import Limits
    from langchain_otel.content.message_list import Messages
    from langchain_otel.content.policy import Policy

    size = data.ConsumeIntInRange(0, 5_000)
    policy = Policy(max_length=data.ConsumeIntInRange(0, 300), max_span_bytes=size)
    items: Any = [
        AIMessage.model_construct(None, content=value_of(data), tool_calls=value_of(data)),
        value_of(data),
    ]
    found = Messages(items, Limits(policy, "x")).data()
    encoded = json.dumps(found, allow_nan=False).encode()
    assert len(encoded.decode()) <= 4 * size + 1_000


def plain_values(data: Any) -> None:
    """Any value as JSON, and as an attribute."""
    from langchain_otel.content.attribute_value import attribute_value
    from langchain_otel.content.encoding import to_json

    value = value_of(data)
    json.loads(to_json(value), parse_constant=_refuse)
    attribute_value(value)


def otlp_encoding(data: Any) -> None:
    """Attributes by our encoder, as protobuf's own classes read them."""
    from opentelemetry.proto.common.v1.common_pb2 import AnyValue

    from langchain_otel.exporters.otlp_values import any_value

    value = value_of(data)
    try:
        encoded = any_value(value)
    except (ValueError, TypeError):
        return
    AnyValue.FromString(encoded)


def checkpoints(data: Any) -> None:
    """What stands in a checkpoint's metadata under our key."""
    from langchain_otel.sources.checkpoints import read, written

    value = value_of(data)
    if isinstance(value, dict) and data.ConsumeBool():
        value["traceparent"] = f"00-{7:032x}-{7:016x}-01"
    found = read(value)
    if found is not None:
        assert read(written(found)) == found


def recorded_traces(data: Any) -> None:
    """A document of OTLP, as a page shows it."""
    from langchain_otel.viewing.documents import spans_of
    from langchain_otel.viewing.forest import traces_of
    from langchain_otel.viewing.page import page

    spans = [{"traceId": "1", "spanId": value_of(data), **_fields(data)} for _ in range(2)]
    document = {"resourceSpans": [{"scopeSpans": [{"spans": spans}]}, value_of(data)]}
    text = page(traces_of(spans_of(document) or []), "", is_redacted=False)
    shown = text.partition('type="application/json">')[2].partition("</script>")[0]
    json.loads(shown, parse_constant=_refuse)


def _fields(data: Any) -> dict[str, Any]:
    found = value_of(data, MAX_DEPTH - 3)
    return found if isinstance(found, dict) else {"attributes": found, "events": found}


def texts(data: Any) -> None:
    """Texts with URLs and encoded bytes: what is masked leaves nothing behind."""
    from langchain_otel.content.credentials import without_url_credentials
    from langchain_otel.content.encoded_bytes import without_bytes
    from langchain_otel.exporters.harmless_text import all_lines, one_line
    from langchain_otel.runs.traceparent import span_context_in

    text = data.ConsumeUnicode(2_000)
    masked = without_url_credentials(text)
    assert without_url_credentials(masked) == masked
    without_bytes(text, 1_000)
    assert one_line(text).isprintable()
    assert all(line.isprintable() for line in all_lines(text))
    span_context_in(text)


def _refuse(constant: str) -> Any:
    raise AssertionError(f"{constant} is no JSON")


TARGETS: Final[dict[str, Callable[[Any], None]]] = {
    each.__name__: each
    for each in (messages, plain_values, otlp_encoding, checkpoints, recorded_traces, texts)
}
"""By name: what takes what the fuzzer makes."""


def main() -> None:
    """Fuzz the target that the first argument names; the others are libFuzzer's."""
    import atheris  # type: ignore[import-untyped, import-not-found, unused-ignore]

    import langchain_otel.health

    langchain_otel.health.strict = True
    target = TARGETS[sys.argv.pop(1)]
    with atheris.instrument_imports(include=["langchain_otel"]):
        for name in MODULES:
            import_module(f"langchain_otel.{name}")

    def run(content: bytes) -> None:
        target(atheris.FuzzedDataProvider(content))

    atheris.Setup(sys.argv, run)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
