"""Reads a file of prices: JSON with a date, a source, and rates for each model."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final, NamedTuple, NoReturn

from langchain_otel.pricing.kinds import COSTS, REQUEST
from langchain_otel.pricing.model_names import undated, unprefixed
from langchain_otel.pricing.question import NAMELESS, Question
from langchain_otel.pricing.rates import Amounts, Rate, Rates, Tiered, amounts

PACKAGE: Final = "genai-prices"
MAX_BYTES: Final = 10_000_000
MAX_RATE: Final = Decimal(1_000_000)
FIELDS: Final = frozenset(("date", "source", "fallback", "models"))
NAMES: Final = ("provider", "model")
TIERED: Final = frozenset(("base", "tiers"))


class PriceFileError(ValueError):
    """What is wrong with a file of prices."""


class ModelRates(NamedTuple):
    """The rates of one model; without a provider those of whoever serves it."""

    provider: str | None
    model: str
    rates: Rates

    @property
    def is_pattern(self) -> bool:
        """Whether they are of every model whose name fits."""
        return "*" in self.model

    def is_of(self, provider: str, model: str) -> bool:
        """Whether they are of this model."""
        fits = fnmatchcase(model, self.model) if self.is_pattern else model == self.model
        return fits and self.provider in {None, provider}


@dataclass(frozen=True, slots=True)
class PriceFile:
    """The prices of a file: of single models, and of all whose names fit a pattern with `*`.

    `has_fallback`: of models that are not in it, the package's prices count.
    """

    day: date
    source: str
    models: tuple[ModelRates, ...]
    patterns: tuple[ModelRates, ...]
    has_fallback: bool

    def __call__(self, question: Question) -> Amounts | None:
        """What each kind of a call costs."""
        rates = self.rates(question)
        return None if rates is None else amounts(question.usage, rates)

    def rates(self, question: Question) -> Rates | None:
        """The rates of a call's model: by its name as it is first, then without prefix and date."""
        for model in question.models or NAMELESS:
            name = model.lower()
            bare = unprefixed(name)
            names = dict.fromkeys((name, bare, undated(name), undated(bare)))
            for entries in (self.models, self.patterns):
                for each in names:
                    for entry in entries:
                        if entry.is_of(question.provider, each):
                            return entry.rates
        return None


def read_prices(path: str) -> PriceFile:
    """The prices of a file; a PriceFileError says what is wrong with it."""
    try:
        with Path(path).open("rb") as file:
            text = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        raise PriceFileError(f"it cannot be read: {type(error).__name__}") from None
    if len(text) > MAX_BYTES:
        raise PriceFileError(f"it has more than {MAX_BYTES} bytes")
    try:
        # Without a float on the way prices are what they say.
        content = json.loads(text, parse_float=Decimal, parse_constant=_refuse)
    except PriceFileError:
        raise
    except (ValueError, RecursionError):
        raise PriceFileError("it is not JSON") from None
    return _prices(content)


def _refuse(constant: str) -> NoReturn:
    raise PriceFileError(f"{constant} is no price")


def _prices(content: Any) -> PriceFile:
    if not isinstance(content, dict):
        raise PriceFileError("it has no fields")
    _check_names(content, FIELDS)
    fallback = content.get("fallback")
    if fallback not in {None, PACKAGE}:
        raise PriceFileError(f"fallback is {PACKAGE}, or left out")
    entries = content.get("models")
    if not isinstance(entries, list) or not entries:
        raise PriceFileError("models is no list, or empty")
    models = tuple(_model(entry) for entry in entries)
    known = {(each.provider, each.model) for each in models}
    if len(known) < len(models):
        raise PriceFileError("a model is in it twice")
    # Those for one provider come before those for any.
    ordered = sorted(models, key=lambda each: each.provider is None)
    return PriceFile(
        _date(content.get("date")),
        _text(content, "source"),
        tuple(each for each in ordered if not each.is_pattern),
        tuple(each for each in ordered if each.is_pattern),
        fallback is not None,
    )


def _model(entry: Any) -> ModelRates:
    if not isinstance(entry, dict):
        raise PriceFileError("a model has no fields")
    model = _text(entry, "model")
    _check_names(entry, COSTS.keys() | NAMES)
    rates = {kind: _rate(f"{kind} of {model}", entry[kind]) for kind in COSTS if kind in entry}
    if not rates:
        raise PriceFileError(f"{model} has no price")
    if isinstance(rates.get(REQUEST), Tiered):
        raise PriceFileError(f"{REQUEST} of {model} has tiers")
    provider = _text(entry, "provider") if "provider" in entry else None
    return ModelRates(provider, model.lower(), rates)


def _rate(name: str, given: Any) -> Rate:
    if not isinstance(given, dict):
        return _price(name, given)
    _check_names(given, TIERED)
    tiers = given.get("tiers")
    if not isinstance(tiers, list) or not all(isinstance(tier, dict) for tier in tiers):
        raise PriceFileError(f"{name} has no list of tiers")
    steps = sorted(
        (_start(name, tier.get("start")), _price(name, tier.get("price"))) for tier in tiers
    )
    return Tiered(_price(name, given.get("base")), tuple(steps))


def _price(name: str, given: Any) -> Decimal:
    is_number = isinstance(given, (int, Decimal)) and not isinstance(given, bool)
    if not is_number or not 0 <= given <= MAX_RATE:
        raise PriceFileError(f"{name} is no number from 0 to {MAX_RATE}")
    return Decimal(given)


def _start(name: str, given: Any) -> int:
    if type(given) is not int or given < 0:
        raise PriceFileError(f"{name} has a tier whose start is no number of tokens")
    return given


def _check_names(given: dict[str, Any], known: Any) -> None:
    unknown = sorted(given.keys() - known)
    if unknown:
        raise PriceFileError(f"it has an unknown field {unknown[0][:100]!r}")


def _text(given: dict[str, Any], name: str) -> str:
    text = given.get(name)
    if not isinstance(text, str) or not text.strip():
        raise PriceFileError(f"a field {name} is missing, or no text")
    return text.strip()


def _date(given: Any) -> date:
    try:
        return date.fromisoformat(given)
    except (TypeError, ValueError):
        raise PriceFileError("date is no date like 2026-11-26") from None
