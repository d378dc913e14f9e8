"""Reads the variable of headers as exporters do, and finds what they leave out of it."""

from __future__ import annotations

import os
import re
from typing import Final

from opentelemetry.util.re import parse_env_headers

from langchain_otel.doctor.finding import MEND, Finding
from langchain_otel.doctor.limits import quiet
from langchain_otel.doctor.settings import Setting

ENCODED: Final = re.compile(r"%[0-9A-Fa-f]{2}")
COLON: Final = re.compile(r"[\w-]+[ \t]*:")


def header_findings(setting: Setting) -> list[Finding]:
    """What is wrong with the variable; nothing where the headers are given in code."""
    variable = setting.own_variable("HEADERS")
    parts = [part.strip() for part in os.environ.get(variable, "").split(",")]
    parts = [part for part in parts if part]
    sound = {part: _parsed(part) for part in parts}
    broken = [part for part, header in sound.items() if not header]
    undecoded = [
        name for header in sound.values() for name in header if _is_undecoded(header[name])
    ]
    topic = f"{setting.signal} headers"
    found = [_broken(topic, variable, broken)] if broken else []
    return found + [_undecoded(topic, variable, name) for name in undecoded]


def _parsed(part: str) -> dict[str, str]:
    # It logs what it does not take, and that may be a key.
    with quiet():
        return dict(parse_env_headers(part, liberal=True))


def _is_undecoded(value: str) -> bool:
    return " " in value and ENCODED.search(value) is not None


def _broken(topic: str, variable: str, parts: list[str]) -> Finding:
    if len(parts) == 1:
        what = f"One part of {variable} is not name=value: the exporter leaves it out."
    else:
        what = f"{len(parts)} parts of {variable} are not name=value: the exporter leaves them out."
    step = f"Set {variable}=name=value,name=value. {_advice(parts)}"
    return Finding(topic, MEND, what, step)


def _advice(parts: list[str]) -> str:
    if any(COLON.match(part) for part in parts):
        return "Write = between name and value, not a colon."
    if any('"' in part or "'" in part for part in parts):
        return "Leave the quotes out; the variable must not contain them."
    return "Inside a value write a comma as %2C, a semicolon as %3B, a backslash as %5C."


def _undecoded(topic: str, variable: str, name: str) -> Finding:
    return Finding(
        topic,
        MEND,
        f"The value of {name} in {variable} has a space and percent-encoding: with a space in it "
        f"the exporter decodes nothing.",
        f"In {variable} write the space as %20, as in authorization=Basic%20<key>.",
    )
