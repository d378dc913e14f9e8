"""Chooses the prices by the option: the package's, those of a file, of a function, or none."""

from __future__ import annotations

from typing import Any, Final

from langchain_otel import health
from langchain_otel.pricing.function import FunctionPrices
from langchain_otel.pricing.package import PackagePrices
from langchain_otel.pricing.price_file import PriceFile
from langchain_otel.pricing.question import Prices, Question
from langchain_otel.pricing.rates import Amounts

INSTALL: Final = 'pip install "langchain-otel[cost]"'


def prices_of(option: Any) -> Prices | None:
    """The prices of the option's value; None where nothing is priced."""
    if option is False or option is None:
        return None
    if option is True:
        return _package_prices()
    if isinstance(option, PriceFile):
        return _file_prices(option)
    return FunctionPrices(option)


def _file_prices(file: PriceFile) -> Prices:
    others = _package_prices() if file.has_fallback else None
    if others is None:
        return file
    return Overlaid(file, others)


def _package_prices() -> Prices | None:
    try:
        return PackagePrices()
    except ImportError:
        health.not_installed("The option cost needs the prices of genai-prices", INSTALL)
        return None


class Overlaid:
    """The prices of a file, and the package's for models that are not in it."""

    def __init__(self, file: PriceFile, others: Prices) -> None:
        self._file = file
        self._others = others

    def __call__(self, question: Question) -> Amounts | None:
        """What each kind of a call costs."""
        known = self._file.rates(question) is not None
        return self._file(question) if known else self._others(question)
