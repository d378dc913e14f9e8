"""Reads what an application gives to its runs: by `attributes()`, or in chosen baggage."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from langchain_otel import health
from langchain_otel.config import Config
from langchain_otel.content.redaction import redacted
from langchain_otel.content.values import Facts
from langchain_otel.runs.identity import PEOPLE
from langchain_otel.runs.run import Run

if TYPE_CHECKING:
    from langchain_otel.recording.chosen_baggage import ChosenBaggage


class OwnAttributes:
    """The attributes that an application gives to the runs of one recorder.

    `reads_baggage`: some may be given beside those that a run has (`Run.own_attributes`).
    """

    __slots__ = ("_baggage", "_policy", "reads_baggage")

    def __init__(self, config: Config) -> None:
        self._policy: Final = config.policy
        self._baggage: Final = _baggage_of(config)
        self.reads_baggage: Final = self._baggage is not None

    def of(self, run: Run) -> Facts:
        """Those of a run; callers first look whether there may be any.

        Who a run belongs to is said by `conversation()` or its configuration, where they say it.
        """
        try:
            found = {} if self._baggage is None else self._baggage.of(run.ambient)
            found |= {name: value for name, (_, value) in run.own_attributes.items()}
            for name in PEOPLE:
                if name in run.identity:
                    found.pop(name, None)
            return redacted(found, self._policy)
        except Exception as error:
            health.failed("own_attributes", error)
            return {}


def _baggage_of(config: Config) -> ChosenBaggage | None:
    """The baggage that the options choose; where they choose none, nothing is imported for it."""
    if not config.baggage_keys:
        return None
    from langchain_otel.recording.chosen_baggage import ChosenBaggage

    return ChosenBaggage(config.baggage_keys)
