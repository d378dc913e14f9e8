"""Defines a finding: one sentence of the doctor's, and the next step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Level = Literal["ok", "note", "mend"]

OK: Final = "ok"
NOTE: Final = "note"
MEND: Final = "mend"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found.

    `mend` is for what keeps telemetry from arriving or doubles it, `note` for what a user may want
    to know, `ok` for what is as it should be. A finding to mend, or to note, has a next step.
    """

    topic: str
    level: Level
    sentence: str
    next_step: str = ""
