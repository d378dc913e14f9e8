"""Reads a file of prices: JSON with a date, a source, and rates for each model."""

import json
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final, NamedTuple, NoReturn

from langchain_otel.pricing.kinds import COSTS, REQUEST
from langchain_otel.pricing.model_names import undated, unprefixed
from langchain_otel.pricing.question import Question
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

    def is_of(self, provider: str, model: str) -> bool:
        """Whether they are of this model; a name with `*` is of every one that fits it."""
        return self.provider in {None, provider} and (
            fnmatchcase(model, self.model) if "*" in self.model else model == self.model
        )


@dataclass(frozen=True, slots=True)
class PriceFile:
    """The prices of a file. `has_fallback`: of models that are not in it, the package's."""

    day: date
    source: str
    models: tuple[ModelRates, ...]
    has_fallback: bool

    def __call__(self, question: Question) -> Amounts | None:
        """What each kind of a call costs."""
        rates = self.rates(question)
        return None if rates is None else amounts(question.usage, rates)

    def rates(self, question: Question) -> Rates | None:
        """The rates of a call's model: by its full name first, then without date and prefix."""
        names = [model.lower() for model in question.models]
        bare = [unprefixed(name) for name in names]
        for name in dict.fromkeys((*names, *bare, *map(undated, (*names, *bare)))):
            for each in self.models:
                if each.is_of(question.provider, name):
                    return each.rates
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
    # Those for one provider and one name come before those for more.
    ordered = sorted(models, key=lambda each: ("*" in each.model, each.provider is None))
    known = {(each.provider, each.model) for each in models}
    if len(known) < len(models):
        raise PriceFileError("a model is in it twice")
    return PriceFile(
        _date(content.get("date")), _text(content, "source"), tuple(ordered), fallback is not None
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
