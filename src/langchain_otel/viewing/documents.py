"""Tells which kind of document JSON is, and reads spans from files of one or many of them."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import orjson

from langchain_otel.viewing.jaeger import is_jaeger, spans_of_jaeger
from langchain_otel.viewing.otlp_json import is_otlp, spans_of_otlp
from langchain_otel.viewing.phoenix import is_phoenix, spans_of_phoenix
from langchain_otel.viewing.spans import SourceError, Span

STDIN: Final = "-"
READERS: Final = (
    (is_otlp, spans_of_otlp),
    (is_jaeger, spans_of_jaeger),
    (is_phoenix, spans_of_phoenix),
)


def spans_of(document: Any) -> list[Span] | None:
    """The spans of a document; None if it is none of those that have some."""
    read = next((read for is_known, read in READERS if is_known(document)), None)
    return None if read is None else list(read(document))


def spans_in_file(name: str) -> list[Span]:
    """The spans of a file: one document, or one on each line; what else it holds is passed over.

    An application may have printed something in between, and the last line be half there.
    """
    content = _content(name)
    if not content.strip():
        raise SourceError(f"{_shown(name)} is empty.")
    found = [spans for each in _documents(content) if (spans := spans_of(each)) is not None]
    if not found:
        raise SourceError(
            f"{_shown(name)} holds no traces: expected OTLP as JSON, one request on a line, as the "
            "Collector's file exporter writes it, or what Jaeger, Tempo or Phoenix answer."
        )
    spans = [span for each in found for span in each]
    if not spans:
        raise SourceError(f"{_shown(name)} is OTLP, but has no spans.")
    return spans


def _content(name: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if name == STDIN else Path(name).read_bytes()
    except FileNotFoundError:
        raise SourceError(f"There is no file {name}.") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it has no such name"
        raise SourceError(f"{name} cannot be read: {reason}.") from None


def _documents(content: bytes) -> Iterator[Any]:
    lines = [line for line in content.removeprefix(b"\xef\xbb\xbf").split(b"\n") if line.strip()]
    found = [document for line in lines if (document := parsed(line)) is not None]
    if not any(isinstance(document, dict) for document in found):
        found = [parsed(content.removeprefix(b"\xef\xbb\xbf"))]
    for document in found:
        yield from document if isinstance(document, list) else [document]


def parsed(content: bytes) -> Any:
    """What JSON says; None for what is none."""
    for parse in (orjson.loads, json.loads):
        try:
            return parse(content)
        # A number or a nesting that one of the two does not take, or no JSON at all.
        except (ValueError, RecursionError):
            continue
    return None


def _shown(name: str) -> str:
    return "The standard input" if name == STDIN else name
