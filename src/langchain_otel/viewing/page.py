"""Builds one page that needs nothing else: no network, no other file, no script but its own."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from importlib.resources import files
from typing import Final

from langchain_otel.viewing.forest import Trace
from langchain_otel.viewing.page_data import page_data

TEMPLATE: Final = "page.html"
STYLE: Final = "page.css"
SCRIPT: Final = "page.js"
# Of a page no more is allowed than this: its own script and style, and pictures that are in it.
POLICY: Final = (
    "default-src 'none'; script-src '{script}'; style-src '{style}'; img-src data:; "
    "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)


def page(traces: Sequence[Trace], source: str, *, is_redacted: bool) -> str:
    """The page of these traces, as HTML."""
    style, script = _part(STYLE), _part(SCRIPT)
    policy = POLICY.format(script=_hash(script), style=_hash(style))
    before, after_policy, after_style, after_data, rest = _part(TEMPLATE).split("<!--here-->")
    data = page_data(traces, source, is_redacted=is_redacted)
    head = f"{before}{policy}{after_policy}{style}{after_style}"
    return f"{head}{data}{after_data}{script}{rest}"


def _part(name: str) -> str:
    return files("langchain_otel.viewing").joinpath(name).read_text("utf-8")


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
