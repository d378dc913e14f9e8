"""Writes the findings for people, as plain text, and for programs, as JSON."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Sequence
from dataclasses import asdict
from itertools import groupby
from typing import Final

from langchain_otel.doctor.finding import MEND, NOTE, OK, Finding

MARKS: Final = {OK: "ok  ", NOTE: "note", MEND: "MEND"}
WIDTH: Final = 98
INDENT: Final = " " * 7


def is_sound(findings: Sequence[Finding]) -> bool:
    """Whether nothing must be mended."""
    return all(finding.level != MEND for finding in findings)


def as_text(findings: Sequence[Finding]) -> str:
    """The findings by topic, each with its next step; the last line counts them."""
    lines = []
    for topic, group in groupby(findings, key=lambda finding: finding.topic):
        lines.append(topic)
        for finding in group:
            lines += _lines(finding)
        lines.append("")
    return "\n".join([*lines, _count(findings)])


def as_json(findings: Sequence[Finding]) -> str:
    """The findings with the overall status, as one JSON object."""
    status = OK if is_sound(findings) else MEND
    report = {"status": status, "findings": [asdict(finding) for finding in findings]}
    return json.dumps(report, indent=2)


def from_json(text: str) -> list[Finding]:
    """The findings that `as_json` wrote."""
    return [Finding(**finding) for finding in json.loads(text)["findings"]]


def _lines(finding: Finding) -> list[str]:
    lines = _wrapped(finding.sentence, f"  {MARKS[finding.level]} ")
    if finding.next_step:
        lines += _wrapped(finding.next_step, f"{INDENT}-> ")
    return lines


def _wrapped(text: str, first: str) -> list[str]:
    rest = " " * len(first)
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _count(findings: Sequence[Finding]) -> str:
    counts = {
        level: sum(finding.level == level for finding in findings) for level in (MEND, NOTE, OK)
    }
    end = "Nothing must be mended." if is_sound(findings) else "Mend what is marked MEND."
    return f"{counts[MEND]} to mend, {counts[NOTE]} to note, {counts[OK]} ok. {end}"
