"""Makes a recorder of the kind that the options ask for: a plain one, or one with hooks."""

from __future__ import annotations

from langchain_otel.config import Config
from langchain_otel.recording.destinations import NOWHERE_ELSE, Destinations
from langchain_otel.recording.recorder import Recorder


def recorder_of(
    config: Config, destinations: Destinations = NOWHERE_ELSE, base: Recorder | None = None
) -> Recorder:
    """A recorder of the kind that the options ask for."""
    if not config.has_hooks:
        return Recorder(config, destinations, base)
    # Who gives no function imports nothing for them.
    from langchain_otel.recording.hooked_recorder import HookedRecorder

    return HookedRecorder(config, destinations, base)
