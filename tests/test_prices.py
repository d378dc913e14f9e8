"""Where prices come from: the package, a file, a function; by which names models are found."""

import logging
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from numpy import float64

from langchain_otel import health, semconv
from langchain_otel.pricing.kinds import COSTS
from priced import (
    PLAIN,
    Seller,
    costs,
    costs_of,
    paid,
    price_file,
    unknown,
    used,
)
from recording import Tracing, instrumented

ROOT: Final = Path(__file__).parents[1]
MILLION: Final = 1_000_000


@pytest.fixture
def prices(tmp_path: Path) -> str:
    return price_file(tmp_path)


@pytest.fixture
def by_package() -> Iterator[Tracing]:
    """LangChain traced with the prices of genai-prices."""
    pytest.importorskip("genai_prices")
    tracing = Tracing()
    with instrumented(tracing, cost=True):
        yield tracing


# As the file names them, and as a call does.
NAMES: Final = {
    "the same": ("gpt-x", "openai", "gpt-x", True),
    "with a date": ("gpt-x", "openai", "gpt-x-2026-08-07", True),
    "with a date in one": ("claude-x", "anthropic", "claude-x-20260807", True),
    "with a date, Vertex AI": ("claude-x", "google_vertexai", "claude-x@20260807", True),
    "the latest": ("mistral-x", "mistralai", "mistral-x-latest", True),
    "Bedrock": ("anthropic.claude-x", "bedrock", "anthropic.claude-x-20260807-v1:0", True),
    "Bedrock, a version": ("amazon.nova-x", "bedrock", "amazon.nova-x-v1:0", True),
    "Bedrock, a region": ("*.anthropic.claude-x", "bedrock", "eu.anthropic.claude-x-v1:0", True),
    "a path": ("gemini-x", "google_genai", "models/gemini-x", True),
    "through a gateway": ("claude-x", "openai", "anthropic/claude-x-20260807", True),
    "upper case": ("gpt-x", "openai", "GPT-X", True),
    "fine-tuned": ("ft:gpt-x:*", "openai", "ft:gpt-x:my-org::abc", True),
    "a name that begins so": ("gpt-x", "openai", "gpt-x-mini", False),
    "a date in the file": ("gpt-x-2026-08-07", "openai", "gpt-x", False),
    "no date": ("gpt-x", "openai", "gpt-x-2026-99-99", False),
    "fine-tuned, by the base's name": ("gpt-x", "openai", "ft:gpt-x:my-org::abc", False),
}


@pytest.mark.parametrize("case", NAMES)
def test_names_in_a_file(tmp_path: Path, case: str) -> None:
    """A model is found by its name with and without date and prefix, and never by a similar one."""
    in_file, provider, name, is_found = NAMES[case]
    tracing = Tracing()
    model = {"model": in_file, "input": 2, "output": 8}
    with instrumented(tracing, cost=price_file(tmp_path, model)):
        Seller(provider=provider, name=name, usage=used(1_000, 100)).invoke("hello")
    assert costs(tracing) == (PLAIN if is_found else {"unknown_calls": 1})


def test_the_closest_entry_counts(tmp_path: Path) -> None:
    """Provider and full name come first, the pattern last, wherever they stand in the file."""
    tracing = Tracing()
    entries = [
        {"model": "gpt-*", "input": 1, "output": 1},
        {"model": "gpt-x", "input": 2, "output": 2},
        {"model": "gpt-x-2026-08-07", "input": 3, "output": 3},
        {"model": "gpt-x", "provider": "azure.ai.openai", "input": 4, "output": 4},
    ]
    with instrumented(tracing, cost=price_file(tmp_path, *entries)):
        for provider, name in (
            ("openai", "gpt-y"),
            ("openai", "gpt-x"),
            ("openai", "gpt-x-2026-08-07"),
            ("azure", "gpt-x"),
            ("azure", "gpt-x-2026-01-01"),
        ):
            Seller(provider=provider, name=name, usage=used(MILLION, 0)).invoke("hello")
    assert [costs_of(span)["total"] for span in tracing.spans] == [1, 2, 3, 4, 4]


def test_the_answers_model_comes_first(tmp_path: Path) -> None:
    """Which model answered is more exact than which was asked for: Azure's are deployments."""
    tracing = Tracing()
    entries = [
        {"model": "router", "input": 1, "output": 1},
        {"model": "gpt-x", "input": 2, "output": 2},
    ]
    usage = used(MILLION, 0)
    with instrumented(tracing, cost=price_file(tmp_path, *entries)):
        Seller(name="router", answered="gpt-x-2026-08-07", usage=usage).invoke("hello")
        Seller(name="router", answered="never heard of", usage=usage).invoke("hello")
        Seller(name="my-deployment", answered="gpt-x", usage=usage).invoke("hello")
    assert [costs_of(span)["total"] for span in tracing.spans] == [2, 1, 2]


# Provider, model, tokens in and out, US dollars by the table of genai-prices.
SOLD: Final = {
    "OpenAI": ("openai", "gpt-4o", 0.0035),
    "OpenAI, with a date": ("openai", "gpt-4o-2024-08-06", 0.0035),
    "OpenAI, fine-tuned": ("openai", "ft:gpt-4o-mini-2024-07-18:org::id", 0.00042),
    "OpenAI, through a gateway": ("openai", "openai/gpt-4o", 0.0035),
    "Anthropic, through a gateway": ("openai", "anthropic/claude-sonnet-4-20250514", 0.0045),
    "Azure": ("azure", "gpt-4o-2024-08-06", 0.0035),
    "Azure, an older spelling": ("azure", "gpt-35-turbo", 0.00065),
    "Bedrock": ("bedrock", "anthropic.claude-3-5-sonnet-20240620-v1:0", 0.0045),
    "Bedrock, a region": ("bedrock", "us.anthropic.claude-sonnet-4-20250514-v1:0", 0.0045),
    "Vertex AI": ("anthropicvertex", "claude-sonnet-4@20250514", 0.0045),
    "Gemini": ("google_genai", "models/gemini-2.5-flash", 0.00055),
    "Anthropic": ("anthropic", "claude-3-5-haiku-20241022", 0.0012),
    "Mistral": ("mistralai", "mistral-large-latest", 0.0026),
}
UNSOLD: Final = {
    "a model of nobody": ("openai", "gpt-unknown-9"),
    "a new model": ("anthropic", "claude-99"),
    "a deployment": ("azure", "my-deployment"),
    "a fine-tuned model of nobody": ("openai", "ft:nobody:org::id"),
    "at home": ("ollama", "llama3"),
    "a provider that is like another": ("my-openai-clone", "gpt-4o"),
    "no provider": ("", "gpt-4o"),
    "through a gateway, a model of nobody": ("openai", "nobody/nothing"),
}


@pytest.mark.parametrize("case", SOLD)
def test_names_in_the_package(by_package: Tracing, case: str) -> None:
    """1,000 tokens in and 100 out, by the prices of models that no longer change."""
    provider, name, dollars = SOLD[case]
    Seller(provider=provider, name=name, usage=used(1_000, 100)).invoke("hello")
    assert costs(by_package)["total"] == dollars


@pytest.mark.parametrize("case", UNSOLD)
def test_names_that_the_package_does_not_know(by_package: Tracing, case: str) -> None:
    """They have no price, are counted, and cost nothing that is not known."""
    provider, name = UNSOLD[case]
    for _ in range(2):
        Seller(provider=provider, name=name, usage=used(1_000, 100)).invoke("hello")
    assert [costs_of(span) for span in by_package.spans] == [{"unknown_calls": 1}] * 2
    (point,) = by_package.points(semconv.METRIC_COST_UNKNOWN)
    assert (point.value, point.attributes[semconv.GEN_AI_REQUEST_MODEL]) == (2, name)
    assert paid(by_package) == {}


USAGES: Final = {
    "plain": used(1_000, 100),
    "cached": used(1_000, 100, in_cache_read=300),
    "written": used(1_000, 100, in_cache_read=300, in_cache_creation=200),
    "reasoning": used(1_000, 100, out_reasoning=70),
    "long": used(300_000, 100, in_cache_read=100_000),
}
TO_COMPARE: Final = (
    *(("openai", name) for name in ("gpt-4o", "gpt-5-mini", "o3", "gpt-4.1-nano")),
    *(("anthropic", name) for name in ("claude-sonnet-4-5", "claude-3-5-haiku-latest")),
    *(("google", name) for name in ("gemini-2.5-pro", "gemini-2.5-flash")),
    ("deepseek", "deepseek-chat"),
)


@pytest.mark.parametrize("usage", USAGES)
@pytest.mark.parametrize(("seller", "name"), TO_COMPARE)
def test_the_same_as_the_package_reckons(
    by_package: Tracing, usage: str, seller: str, name: str
) -> None:
    """The sum is the one that genai-prices itself comes to."""
    import genai_prices

    provider = {"google": "google_genai"}.get(seller, seller)
    given = USAGES[usage]
    Seller(provider=provider, name=name, usage=given).invoke("hello")
    keys = {
        "cache_read_tokens": given["input_token_details"].get("cache_read"),
        "cache_write_tokens": given["input_token_details"].get("cache_creation"),
        "output_reasoning_tokens": given["output_token_details"].get("reasoning"),
    }
    counted = genai_prices.Usage(
        input_tokens=given["input_tokens"], output_tokens=given["output_tokens"], **keys
    )
    expected = genai_prices.calc_price(counted, name, provider_id=seller).total_price
    assert costs(by_package)["total"] == float(expected)


def test_service_tiers(by_package: Tracing) -> None:
    """The tier that answered has the price that the package has for it; else the standard one."""
    usage = used(1_000_000, 0)
    for tier in (None, "default", "flex", "never heard of"):
        Seller(name="o3", tier=tier, usage=usage).invoke("hello")
    standard, default, flex, other = [costs_of(span)["total"] for span in by_package.spans]
    assert standard == default == other == 2
    assert flex == 1


def test_one_hour_in_the_package(by_package: Tracing) -> None:
    """Anthropic's cache of an hour has a price; Bedrock's is not in the table."""
    usage = used(MILLION, 0, in_ephemeral_5m_input_tokens=0, in_ephemeral_1h_input_tokens=100_000)
    Seller(provider="anthropic", name="claude-sonnet-4-20250514", usage=usage).invoke("hello")
    bedrock = "us.anthropic.claude-sonnet-4-20250514-v1:0"
    Seller(provider="bedrock", name=bedrock, usage=usage).invoke("hello")
    known, not_known = [costs_of(span) for span in by_package.spans]
    assert known == {"total": 3.3, "input": 2.7, "cache_write_1h": 0.6}
    assert not_known == {"unknown_calls": 1}


def test_a_file_over_the_package(tmp_path: Path) -> None:
    """With `fallback` other models have the package's prices, without it none."""
    pytest.importorskip("genai_prices")
    models = [Seller(usage=used(1_000, 100)), Seller(name="gpt-4o", usage=used(1_000, 100))]
    for fallback, others in (("genai-prices", {"total": 0.0035}), (None, {"unknown_calls": 1})):
        tracing = Tracing()
        with instrumented(tracing, cost=price_file(tmp_path, fallback=fallback)):
            for model in models:
                model.invoke("hello")
        own, other = [costs_of(span) for span in tracing.spans]
        assert own == PLAIN
        assert others.items() <= other.items()


def test_offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is fetched, not even looked up."""
    pytest.importorskip("genai_prices")

    def refuse(*_: Any, **__: Any) -> Any:
        raise AssertionError("the network was asked for")

    for name in ("socket", "create_connection", "getaddrinfo"):
        monkeypatch.setattr(socket, name, refuse)
    tracing = Tracing()
    with instrumented(tracing, cost=True):
        Seller(name="gpt-4o", usage=used(1_000, 100)).invoke("hello")
    assert costs(tracing)["total"] == 0.0035


def test_a_function() -> None:
    """It is given usage, provider and model, each name until it knows one."""
    asked: list[Any] = []

    def price(usage: dict[str, int], provider: str, model: str) -> dict[str, float] | None:
        asked.append((usage, provider, model))
        return {"input": 0.1, "output": 0.2} if model == "house-model" else None

    tracing = Tracing()
    model = Seller(answered="house-model-9", usage=used(10, 5, in_cache_read=4))
    with instrumented(tracing, cost=price):
        model.invoke("hello")
    assert costs(tracing) == {"total": 0.3, "input": 0.1, "output": 0.2}
    usage = {"input": 10, "output": 5, "cache_read": 4}
    assert asked == [(usage, "openai", "house-model-9"), (usage, "openai", "house-model")]


ANSWERS: Final = {
    "none": (None, {"unknown_calls": 1}),
    "nothing": ({}, {"total": 0.0}),
    "an integer": ({"input": 1}, {"total": 1.0, "input": 1.0}),
    "a decimal": ({"input": Decimal("0.1")}, {"total": 0.1, "input": 0.1}),
    "zero": ({"input": 0}, {"total": 0.0, "input": 0.0}),
    "a number of numpy": ({"input": float64(0.1)}, {"total": 0.1, "input": 0.1}),
}
NONSENSE: Final[dict[str, Any]] = {
    "not a number": {"input": float("nan")},
    "a decimal that is none": {"input": Decimal("NaN")},
    "a decimal that signals": {"input": Decimal("sNaN")},
    "infinite": {"input": float("inf")},
    "negative": {"input": -0.01},
    "huge": {"input": 10**10},
    "endless": {"input": 10**4000},
    "a text": {"input": "0.1"},
    "a bool": {"input": True},
    "nothing in it": {"input": None},
    "an unknown kind": {"inputs": 0.1},
    "a kind that is no text": {7: 0.1},
    "a number alone": 0.1,
    "a list": [0.1, 0.2],
}


@pytest.mark.parametrize("answer", ANSWERS)
def test_answers_of_a_function(answer: str) -> None:
    """Amounts by kind are taken as they are, also none of them; None is not known."""
    given, expected = ANSWERS[answer]
    tracing = Tracing()
    with instrumented(tracing, cost=lambda *_: given):
        Seller(usage=used(10, 5)).invoke("hello")
    assert costs(tracing) == expected


@pytest.fixture
def forgiving(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As in an application: failures are counted, and forgotten after the test."""
    monkeypatch.setattr(health, "strict", False)
    yield
    health.failures.clear()


@pytest.mark.parametrize("answer", NONSENSE)
def test_nonsense_of_a_function(
    forgiving: None, answer: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing of it is on the span; the call is counted, and one line says so."""
    tracing = Tracing()
    with instrumented(tracing, cost=lambda *_: NONSENSE[answer]):
        for _ in range(2):
            Seller(usage=used(10, 5)).invoke("hello")
    assert [costs_of(span) for span in tracing.spans] == [{"unknown_calls": 1}] * 2
    assert unknown(tracing) == 2
    assert paid(tracing) == {}
    assert sum(health.failures.values()) == 2
    assert caplog.text.count("The function given as cost") == 1


def test_a_function_that_raises(forgiving: None, caplog: pytest.LogCaptureFixture) -> None:
    """The application gets its answer; what the exception says is not logged."""

    def price(*_: Any) -> Any:
        raise ValueError("the secret contract")

    tracing = Tracing()
    with instrumented(tracing, cost=price):
        assert Seller(usage=used(10, 5)).invoke("hello").content == "hello"
    assert costs(tracing) == {"unknown_calls": 1}
    assert semconv.GEN_AI_USAGE_INPUT_TOKENS in (tracing.spans[0].attributes or {})
    assert health.failures == {"cost:ValueError": 1}
    assert "ValueError" in caplog.text
    assert "secret" not in caplog.text


def test_prices_that_fail(forgiving: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A failure of our own, or of the package, costs the price alone, and is counted."""
    data_snapshot = pytest.importorskip("genai_prices.data_snapshot")
    tracing = Tracing()
    with instrumented(tracing, cost=True):
        monkeypatch.setattr(data_snapshot.DataSnapshot, "find_provider_model", None)
        Seller(name="gpt-4o", usage=used(10, 5)).invoke("hello")
    assert costs(tracing) == {"unknown_calls": 1}
    assert unknown(tracing) == 1
    assert health.failures == {"prices:TypeError": 1}


def test_a_model_without_a_name(tmp_path: Path) -> None:
    """A function and a pattern may know it by its provider."""
    nameless = Seller(name="", usage=used(1_000, 100))
    model = {"provider": "openai", "model": "*", "input": 2, "output": 8}
    asked = []

    def price(_: Any, provider: str, name: str) -> dict[str, float]:
        asked.append((provider, name))
        return {"input": 1}

    for cost, expected in ((price_file(tmp_path, model), 0.0028), (price, 1.0)):
        tracing = Tracing()
        with instrumented(tracing, cost=cost):
            nameless.invoke("hello")
        assert costs(tracing)["total"] == expected
    assert asked == [("openai", "")]


def test_what_comes_from_outside_passes_a_function() -> None:
    """A signal that arrives while the function runs reaches the application."""

    def price(*_: Any) -> Any:
        raise KeyboardInterrupt

    with instrumented(Tracing(), cost=price), pytest.raises(KeyboardInterrupt):
        Seller(usage=used(10, 5)).invoke("hello")


def test_a_function_cannot_change_what_is_recorded() -> None:
    """The usage that it is given is its own."""

    def price(usage: dict[str, int], *_: Any) -> Any:
        usage.clear()
        return {"input": 1}

    tracing = Tracing()
    with instrumented(tracing, cost=price):
        Seller(usage=used(10, 5)).invoke("hello")
    assert (tracing.spans[0].attributes or {})[semconv.GEN_AI_USAGE_INPUT_TOKENS] == 10


# What the option takes


def variable(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("OTEL_INSTRUMENTATION_LANGCHAIN_COST", value)


def test_the_variable_names_a_file(prices: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the argument does, which may also be a path."""
    for argument in (None, Path(prices)):
        if argument is None:
            variable(monkeypatch, prices)
        tracing = Tracing()
        with instrumented(tracing, cost=argument):
            Seller(usage=used(1_000, 100)).invoke("hello")
        assert costs(tracing) == PLAIN
        monkeypatch.delenv("OTEL_INSTRUMENTATION_LANGCHAIN_COST", raising=False)


def entry(**fields: Any) -> dict[str, Any]:
    return {"models": [{"model": "m", "input": 1, "output": 1, **fields}]}


BROKEN: Final[dict[str, Any]] = {
    "no date": ({"date": None}, "date is no date"),
    "a strange date": ({"date": "yesterday"}, "date is no date"),
    "no source": ({"source": ""}, "source is missing"),
    "a strange fallback": ({"fallback": "litellm"}, "fallback is genai-prices"),
    "an unknown field": ({"modles": []}, "unknown field 'modles'"),
    "no models": ({"models": []}, "models is no list, or empty"),
    "models as a text": ({"models": "m"}, "models is no list"),
    "a model as a text": ({"models": ["m"]}, "a model has no fields"),
    "a model without a name": ({"models": [{"input": 1}]}, "field model is missing"),
    "a model without a price": ({"models": [{"model": "m"}]}, "m has no price"),
    "a model twice": ({"models": entry()["models"] * 2}, "in it twice"),
    "a misspelt kind": (entry(inptu=1), "unknown field 'inptu'"),
    "a negative price": (entry(input=-1), "input of m is no number from 0"),
    "a price as a text": (entry(input="1"), "input of m is no number"),
    "a price as a bool": (entry(input=True), "input of m is no number"),
    "no price": (entry(input=None), "input of m is no number"),
    "a huge price": (entry(input=1e300), "input of m is no number"),
    "tiers without a base": (entry(input={"tiers": []}), "input of m is no number"),
    "tiers that are none": (entry(input={"base": 1, "tiers": [7]}), "no list of tiers"),
    "a tier without a start": (entry(input={"base": 1, "tiers": [{"price": 1}]}), "whose start"),
    "a request in tiers": (entry(request={"base": 1, "tiers": []}), "request of m has tiers"),
    "a provider that is no text": (entry(provider=7), "field provider"),
}


def warned(caplog: pytest.LogCaptureFixture) -> str:
    (record,) = [each for each in caplog.records if each.levelno >= logging.WARNING]
    return record.getMessage()


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_file(
    tmp_path: Path, case: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """One warning names the variable, the file and what is wrong; then nothing is priced."""
    fields, wrong = BROKEN[case]
    path = price_file(tmp_path, **fields)
    variable(monkeypatch, path)
    tracing = Tracing()
    with instrumented(tracing):
        Seller(usage=used(1_000, 100)).invoke("hello")
    assert costs(tracing) == {}
    message = warned(caplog)
    assert "OTEL_INSTRUMENTATION_LANGCHAIN_COST" in message
    assert path in message
    assert wrong in message
    with pytest.raises(ValueError, match="cost must be"):
        instrumented(tracing, cost=path).__enter__()


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        (None, "cannot be read: FileNotFoundError"),
        ("models:\n", "it is not JSON"),
        ("[]", "it has no fields"),
        ('{"date": NaN}', "NaN is no price"),
        ("[" * 100_000, "it is not JSON"),
        (b"\xff\xfe", "it is not JSON"),
    ],
)
def test_what_is_no_file_of_prices(
    tmp_path: Path,
    text: Any,
    wrong: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The same warning."""
    path = tmp_path / "prices.json"
    if text is not None:
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    variable(monkeypatch, str(path))
    with instrumented(Tracing()):
        pass
    assert wrong in warned(caplog)


def test_a_price_of_the_wrong_type() -> None:
    """A number is neither a switch nor a file nor a function."""
    with pytest.raises(TypeError, match="cost must be"):
        instrumented(Tracing(), cost=7).__enter__()


def test_without_the_package(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """One warning says how to install it, however many trace; nothing is priced."""
    monkeypatch.setitem(sys.modules, "genai_prices", None)
    for _ in range(2):
        tracing = Tracing()
        with instrumented(tracing, cost=True):
            Seller(name="gpt-4o", usage=used(1_000, 100)).invoke("hello")
        assert costs(tracing) == {}
    assert 'pip install "langchain-otel[cost]"' in warned(caplog)
    health.failures.clear()


def test_nothing_of_the_package_is_loaded_without_being_asked() -> None:
    """It takes its time to load, which is for those who want it."""
    program = (
        "import sys; from langchain_otel import LangChainInstrumentor as i; i().instrument();"
        "assert not [name for name in sys.modules if 'genai_prices' in name]"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


# Documentation and what is made of the same table


def block(language: str) -> str:
    text = (ROOT / "docs" / "cost.md").read_text()
    (found,) = re.findall(rf"^```{language}\n(.+?)^```$", text, re.MULTILINE | re.DOTALL)
    return str(found)


def test_the_file_of_the_documentation(tmp_path: Path) -> None:
    """It is read as it stands, and prices as it says."""
    pytest.importorskip("genai_prices")
    path = tmp_path / "prices.json"
    path.write_text(block("json"))
    tracing = Tracing()
    usage = used(150_000, 1_000, in_cache_read=50_000)
    with instrumented(tracing, cost=path):
        for name in ("gpt-5-mini-2025-08-07", "house-model-7", "gpt-4o"):
            Seller(name=name, usage=usage).invoke("hello")
    contract, house, listed = [costs_of(span)["total"] for span in tracing.spans]
    assert (contract, house, listed) == (0.0226, 0.0075, 0.3225)


def test_the_function_of_the_documentation() -> None:
    """It comes to what the file comes to."""
    tracing = Tracing()
    program, _, call = block("python").rpartition("LangChainInstrumentor()")
    assert call == ".instrument(cost=price)\n"
    names: dict[str, Any] = {}
    exec(program, names)
    with instrumented(tracing, cost=names["price"]):
        Seller(name="gpt-5-mini", usage=used(150_000, 1_000, in_cache_read=50_000)).invoke("hello")
        Seller(name="gpt-4o", usage=used(150_000, 1_000)).invoke("hello")
    contract, other = [costs_of(span) for span in tracing.spans]
    assert contract["total"] == pytest.approx(0.0226, rel=1e-12)
    assert other == {"unknown_calls": 1}


def test_every_kind_is_in_the_documentation() -> None:
    """A kind has a row that says what it is."""
    text = (ROOT / "docs" / "cost.md").read_text()
    rows = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]
    assert [kind for kind in COSTS if not any(f"`{kind}`" in row for row in rows)] == []


def test_prices_of_the_dashboards_are_up_to_date() -> None:
    """After a change of the table: `make docs-tables`. Another version of it may differ."""
    pytest.importorskip("genai_prices")
    import prices as page

    text = page.FILE.read_text()
    (written,) = re.findall(r"# Of genai-prices (\S+), as of (\S+)", text)
    assert written[1] == page.DAY
    if written[0] != version("genai-prices"):
        pytest.skip(f"the file is made of genai-prices {written[0]}")
    assert page.rewritten(text) == text


def test_prices_of_the_dashboards(tmp_path: Path) -> None:
    """Each model has one price for each kind, and what is outside of the marks stays."""
    page = pytest.importorskip("prices")
    text = page.FILE.read_text()
    rules = yaml.safe_load(text)["groups"][0]["rules"]
    labels = [tuple(rule["labels"].values()) for rule in rules]
    assert len(set(labels)) == len(labels)
    assert {
        rule["expr"] for rule in rules if rule["labels"]["gen_ai_request_model"] == "gpt-4o"
    } == {
        "vector(2.5 / 1e6)",
        "vector(1.25 / 1e6)",
        "vector(10 / 1e6)",
    }
    emptied = page.MARKED.sub("", text)
    assert page.rewritten(emptied) == page.rewritten(text)
    assert "gen_ai_tokens_total" in emptied
