"""Adds up the tokens of model calls by metric and attributes, for readers to observe.

Adding here costs a hundredth of a counter's `add`; a reader sees the same counter.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from threading import Lock
from typing import Any, Final

from opentelemetry.metrics import CallbackOptions, Meter, Observation

from langchain_otel import semconv
from langchain_otel.content.counts import LARGEST
from langchain_otel.content.values import Facts
from langchain_otel.forks import fork_safe
from langchain_otel.recording.instruments import COUNT_UNIT, TOTALS

Series = tuple[tuple[str, Any], ...]

MODALITIES: Final = {
    semconv.GEN_AI_USAGE_INPUT_TOKENS: (
        ("text", semconv.GEN_AI_USAGE_TEXT_INPUT_TOKENS),
        ("image", semconv.GEN_AI_USAGE_IMAGE_INPUT_TOKENS),
        ("audio", semconv.GEN_AI_USAGE_AUDIO_INPUT_TOKENS),
    ),
    semconv.GEN_AI_USAGE_OUTPUT_TOKENS: (
        ("text", semconv.GEN_AI_USAGE_TEXT_OUTPUT_TOKENS),
        ("image", semconv.GEN_AI_USAGE_IMAGE_OUTPUT_TOKENS),
        ("audio", semconv.GEN_AI_USAGE_AUDIO_OUTPUT_TOKENS),
    ),
}
SPLIT: Final = frozenset(detail for parts in MODALITIES.values() for _, detail in parts)
UNKNOWN: Final = "unknown"


class TokenSums:
    """The sums of one meter provider, whichever recorders add to them."""

    def __init__(self) -> None:
        self._lock = fork_safe(Lock())
        self._sums: dict[str, dict[Series, int]] = {name: {} for name in TOTALS.values()}

    def show_to(self, meter: Meter) -> None:
        """Let the readers of a meter observe the sums; a meter that does already goes on so."""
        for name in self._sums:
            meter.create_observable_counter(name, [partial(self._observe, name)], COUNT_UNIT)

    def add(self, series: Series, facts: Facts) -> None:
        """Add the tokens of a model call with these attributes."""
        is_whole = SPLIT.isdisjoint(facts)
        with self._lock:
            for fact, name in TOTALS.items():
                whole = facts.get(fact)
                if whole is None:
                    continue
                sums = self._sums[name]
                parts = ((UNKNOWN, whole),) if is_whole else by_modality(fact, facts)
                for modality, count in parts:
                    key = (*series, (semconv.GEN_AI_TOKEN_MODALITY, modality))
                    sums[key] = sums.get(key, 0) + count

    def _observe(self, name: str, _: CallbackOptions) -> Iterable[Observation]:
        with self._lock:
            sums = list(self._sums[name].items())
        # A view may add all series up: together, too, they stay 64 bits wide. An absurd count is
        # the largest, and takes nothing from the others.
        room = LARGEST
        observed = []
        for series, tokens in sorted(sums, key=_tokens):
            shown = min(tokens, room)
            room -= shown
            observed.append(Observation(shown, dict(series)))
        return observed


def _tokens(entry: tuple[Series, int]) -> int:
    return entry[1]


def by_modality(fact: str, facts: Facts) -> list[tuple[str, int]]:
    """The count of a fact, split as far as the provider did; what is left is unknown."""
    rest = facts.get(fact)
    if rest is None:
        return []
    parts = []
    for modality, detail in MODALITIES.get(fact, ()):
        part = min(facts.get(detail, 0), rest)
        if part > 0:
            parts.append((modality, part))
            rest -= part
    return [*parts, (UNKNOWN, rest)] if rest > 0 or not parts else parts
