"""Finds rates in the table of the package genai-prices, which has it as data: nothing is fetched.

An application that lets genai-prices update itself gets the prices of the update here, too.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from langchain_otel.content.remembered import BoundedMap
from langchain_otel.pricing.kinds import (
    CACHE_READ,
    CACHE_WRITE,
    CACHE_WRITE_1H,
    INPUT,
    INPUT_AUDIO,
    INPUT_IMAGE,
    OUTPUT,
    OUTPUT_AUDIO,
    OUTPUT_IMAGE,
    REASONING,
    REQUEST,
)
from langchain_otel.pricing.model_names import unprefixed
from langchain_otel.pricing.question import Question
from langchain_otel.pricing.rates import EXACT, Amounts, Rate, Rates, Tiered, amounts

if TYPE_CHECKING:
    from genai_prices.data_snapshot import DataSnapshot
    from genai_prices.types import ModelInfo, Provider

    Found = tuple[Provider, ModelInfo]

MAX_MODELS: Final = 1_000

# The conventions' names of providers to the table's; what is not here has the same name there.
PROVIDERS: Final = {
    "aws.bedrock": "aws",
    "azure.ai.openai": "azure",
    "azure.ai.inference": "azure",
    "gcp.gemini": "google",
    "gcp.gen_ai": "google",
    "gcp.vertex_ai": "google",
    "mistral_ai": "mistral",
    "moonshot_ai": "moonshotai",
    "x_ai": "x-ai",
    # How gateways name them.
    "bedrock": "aws",
    "gemini": "google",
    "vertex_ai": "google",
    "xai": "x-ai",
}
# Providers whose client speaks to gateways, which name the real provider before the model.
GATEWAYS: Final = frozenset(("openai", "litellm"))

KEYS: Final = {
    INPUT: "input_mtok",
    CACHE_READ: "cache_read_mtok",
    CACHE_WRITE: "cache_write_mtok",
    CACHE_WRITE_1H: "cache_write_1h_mtok",
    INPUT_AUDIO: "input_audio_mtok",
    INPUT_IMAGE: "input_image_mtok",
    OUTPUT: "output_mtok",
    REASONING: "output_reasoning_mtok",
    OUTPUT_AUDIO: "output_audio_mtok",
    OUTPUT_IMAGE: "output_image_mtok",
    REQUEST: "requests_kcount",
}
"""What the table calls the price of each kind."""
THOUSAND: Final = Decimal(1_000)


class PackagePrices:
    """The prices of genai-prices.

    Raises ImportError where it is not installed.
    """

    def __init__(self) -> None:
        from genai_prices import data_snapshot

        self._snapshot = data_snapshot.get_snapshot
        # The names of models are few, and to find none looks at all of them.
        self._found: BoundedMap[tuple[str, str], tuple[DataSnapshot, Found | None]] = BoundedMap(
            MAX_MODELS
        )
        self._snapshot()

    def __call__(self, question: Question) -> Amounts | None:
        """What each kind of a call costs."""
        for model in question.models:
            rates = self.rates(question.provider, model, question.tier, datetime.now(UTC))
            if rates:
                return amounts(question.usage, rates)
        return None

    def rates(self, provider: str, model: str, tier: str | None, when: datetime) -> Rates:
        """The rates of a model at a time; none where it is not in the table."""
        found = self._lookup(provider, model)
        if found is None:
            return {}
        seller, entry = found
        # A model that the provider has from another one has the tiers of that one, not its own.
        is_own = tier is not None and any(entry is each for each in seller.models)
        return rates_of(entry.get_prices(when, {"service_tier": str(tier)} if is_own else None))

    def _lookup(self, provider: str, model: str) -> Found | None:
        snapshot = self._snapshot()
        key = (provider, model)
        known = self._found.get(key)
        if known is None or known[0] is not snapshot:
            known = (snapshot, _searched(snapshot, provider, model))
            self._found.put(key, known)
        return known[1]


def _searched(snapshot: DataSnapshot, provider: str, model: str) -> Found | None:
    sellers = {each.id for each in snapshot.providers}
    for seller, name in _names(PROVIDERS.get(provider, provider), model):
        # By its exact name: the table itself would take any that has `openai` in it for OpenAI.
        if seller in sellers or seller in GATEWAYS:
            try:
                return snapshot.find_provider_model(name, None, seller, None)
            except LookupError:
                continue
    return None


def _names(seller: str, model: str) -> Iterator[tuple[str, str]]:
    yield seller, model
    name = unprefixed(model)
    if name != model:
        yield seller, name
        if seller in GATEWAYS:
            named, _, rest = model.partition("/")
            yield PROVIDERS.get(named, named), rest


def rates_of(prices: Any) -> Rates:
    """The rates of a `ModelPrice`, which keeps those that it has as fields."""
    given = vars(prices)
    rates: dict[str, Rate] = {
        kind: _rate(given[key]) for kind, key in KEYS.items() if given.get(key) is not None
    }
    five_minutes = given.get("cache_write_5m_mtok")
    if five_minutes is not None:
        rates[CACHE_WRITE] = _rate(five_minutes)
    request = rates.get(REQUEST)
    if isinstance(request, Decimal):
        rates[REQUEST] = EXACT.divide(request, THOUSAND)
    return rates


def _rate(price: Any) -> Rate:
    if isinstance(price, Decimal):
        return price
    return Tiered(price.base, tuple((tier.start, tier.price) for tier in price.tiers))
