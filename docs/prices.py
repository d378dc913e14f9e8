"""Writes the prices of collector-config/prices.yaml from the table that the option `cost` uses.

    python docs/prices.py            rewrites what stands between the two marks
    python docs/prices.py --check    only says whether it is out of date

What is yours in the file stands outside of the marks, or instead of them. A new version of
genai-prices is a reason to run it: set `DAY` to the day when you do.
"""

import argparse
import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from importlib.metadata import version
from pathlib import Path
from typing import Final

from genai_prices.data_snapshot import get_snapshot
from genai_prices.types import Provider

from langchain_otel.pricing.kinds import CACHE_READ, INPUT, OUTPUT
from langchain_otel.pricing.package import PackagePrices
from langchain_otel.pricing.rates import Rates, Tiered

FILE: Final = Path(__file__).parents[1] / "collector-config" / "prices.yaml"
DAY: Final = "2026-11-26"
# The providers, and how the names begin of those of their models that are here.
PROVIDERS: Final = {
    "openai": ("gpt-", "o1", "o3", "o4", "text-embedding-"),
    "anthropic": ("claude-",),
    "google": ("gemini-",),
    "mistral": ("mistral-", "ministral-", "magistral-", "codestral", "devstral-"),
    "deepseek": ("deepseek-",),
    "x-ai": ("grok-",),
}
# The dashboards' kinds of tokens, with the kinds that have a price: the first that has one counts.
KINDS: Final = {"input": (INPUT,), "cached": (CACHE_READ, INPUT), "output": (OUTPUT,)}
# A name in Prometheus's labels is a text of YAML as it stands.
PLAIN: Final = re.compile(r"[a-z][a-z0-9.-]*")
MARKED: Final = re.compile(r"(?<=      # begin: prices\n).*?(?=      # end: prices\n)", re.DOTALL)


def rules() -> str:
    """One rule for each model and kind, with where the prices are from."""
    lines = [f"# Of genai-prices {version('genai-prices')}, as of {DAY}"]
    for provider in get_snapshot().providers:
        if provider.id in PROVIDERS:
            lines.append(f"# {provider.name}: {(provider.pricing_urls or ['no source'])[0]}")
            lines += _rules(provider)
    return "".join(f"      {line}\n" for line in lines)


def _rules(provider: Provider) -> Iterator[str]:
    prices = PackagePrices()
    when = datetime.fromisoformat(DAY).replace(tzinfo=UTC)
    for model in provider.models:
        name = model.id
        is_named_so = PLAIN.fullmatch(name) and name.startswith(PROVIDERS[provider.id])
        if model.deprecated or not is_named_so or provider.find_model(name) is not model:
            continue
        rates = prices.rates(provider.id, name, None, when)
        for kind, names in KINDS.items():
            rate = _rate(rates, names)
            if rate is not None:
                labels = f"{{gen_ai_request_model: {name}, kind: {kind}}}"
                yield (
                    f"- {{record: gen_ai_price_per_token, expr: vector({rate:f} / 1e6), "
                    f"labels: {labels}}}"
                )


def _rate(rates: Rates, names: tuple[str, ...]) -> Decimal | None:
    """The rate of the first kind that has one: where it has tiers, that of short inputs."""
    rate = next((rates[name] for name in names if name in rates), None)
    return rate.base if isinstance(rate, Tiered) else rate


def rewritten(text: str) -> str:
    """The file with its prices as they have to be."""
    return MARKED.sub(lambda _: rules(), text)


def main() -> int:
    """Rewrite the file, or say whether it has to be."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="only say whether it is out of date")
    is_check = parser.parse_args().check
    text = FILE.read_text()
    is_old = rewritten(text) != text
    if is_old:
        print(f"{FILE.name} {'is out of date' if is_check else 'is written anew'}")
        if not is_check:
            FILE.write_text(rewritten(text))
    return 1 if is_old and is_check else 0


if __name__ == "__main__":
    sys.exit(main())
