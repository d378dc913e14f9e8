"""Gives what the doctor finds in the process that asks, for a notebook or a program."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from langchain_otel.doctor.checks import examine
from langchain_otel.doctor.finding import Finding
from langchain_otel.doctor.report import as_json, as_text, is_sound
from langchain_otel.doctor.scene import CALL, Scene


@dataclass(frozen=True, repr=False)
class Diagnosis:
    """What the doctor found; it shows itself as plain text."""

    findings: Sequence[Finding]

    @property
    def ok(self) -> bool:
        """Whether nothing must be mended."""
        return is_sound(self.findings)

    def json(self) -> str:
        """The findings as JSON, as `langchain-otel doctor --json` prints them."""
        return as_json(self.findings)

    def __repr__(self) -> str:
        return as_text(self.findings)


def diagnose() -> Diagnosis:
    """Look for what keeps traces of this process from arriving.

    It sends an empty export by each exporter, and one small run of LangChain. Shown by itself, as
    in a notebook, the answer is a report in plain text.
    """
    return Diagnosis(examine(Scene(CALL)))
