"""Token arithmetic: the shapes that provider packages build, and what must hold for any shape."""

from collections import OrderedDict
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from langchain_otel import semconv
from langchain_otel.operations.usage import reported_usage, usage_of
from langchain_otel.recording.token_sums import by_modality

INPUT = semconv.GEN_AI_USAGE_INPUT_TOKENS
OUTPUT = semconv.GEN_AI_USAGE_OUTPUT_TOKENS
READ = semconv.GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS
WRITE = semconv.GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS
REASONING = semconv.GEN_AI_USAGE_REASONING_OUTPUT_TOKENS

SHAPES: dict[str, tuple[Any, dict[str, Any]]] = {
    "openai": (
        {
            "input_tokens": 10,
            "output_tokens": 5,
            "total_tokens": 15,
            "input_token_details": {"audio": None, "cache_read": 4},
            "output_token_details": {"audio": None, "reasoning": 2},
        },
        {INPUT: 10, OUTPUT: 5, READ: 4, REASONING: 2},
    ),
    "openai audio": (
        {
            "input_tokens": 10,
            "output_tokens": 5,
            "total_tokens": 15,
            "input_token_details": {"audio": 7, "cache_read": 0},
            "output_token_details": {"audio": 3, "reasoning": 0},
        },
        {
            INPUT: 10,
            OUTPUT: 5,
            READ: 0,
            REASONING: 0,
            semconv.GEN_AI_USAGE_AUDIO_INPUT_TOKENS: 7,
            semconv.GEN_AI_USAGE_AUDIO_OUTPUT_TOKENS: 3,
        },
    ),
    "anthropic, written for five minutes and an hour": (
        {
            "input_tokens": 130,
            "output_tokens": 5,
            "total_tokens": 135,
            "input_token_details": {
                "cache_read": 20,
                "cache_creation": 0,
                "ephemeral_5m_input_tokens": 70,
                "ephemeral_1h_input_tokens": 30,
            },
        },
        {INPUT: 130, OUTPUT: 5, READ: 20, WRITE: 100, semconv.USAGE_CACHE_WRITE_1H: 30},
    ),
    "anthropic, written": (
        {
            "input_tokens": 130,
            "output_tokens": 5,
            "total_tokens": 135,
            "input_token_details": {"cache_read": 20, "cache_creation": 100},
        },
        {INPUT: 130, OUTPUT: 5, READ: 20, WRITE: 100},
    ),
    "google": (
        {
            "input_tokens": 10,
            "output_tokens": 8,
            "total_tokens": 18,
            "input_token_details": {"cache_read": 0},
            "output_token_details": {"reasoning": 3},
        },
        {INPUT: 10, OUTPUT: 8, READ: 0, REASONING: 3},
    ),
    "vertex ai, whose total alone has the thoughts": (
        {
            "input_tokens": 10,
            "output_tokens": 5,
            "total_tokens": 18,
            "output_token_details": {"reasoning": 3},
        },
        {INPUT: 10, OUTPUT: 8, REASONING: 3},
    ),
    "a total of neither sort": (
        {
            "input_tokens": 10,
            "output_tokens": 5,
            "total_tokens": 17,
            "output_token_details": {"reasoning": 3},
        },
        {INPUT: 10, OUTPUT: 5, REASONING: 3},
    ),
    "nothing counted": (None, {}),
    "zero": (
        {"input_tokens": 0, "output_tokens": 0, "total_tokens": 0},
        {INPUT: 0, OUTPUT: 0},
    ),
    "no number": ({"input_tokens": None, "output_tokens": "many", "total_tokens": True}, {}),
    "cached by LangChain": (
        {"input_tokens": 10, "output_tokens": 5, "total_tokens": 15, "total_cost": 0},
        {semconv.CACHE_HIT: True},
    ),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_shapes(shape: str) -> None:
    """What a provider package counts becomes the conventions' counts."""
    usage, expected = SHAPES[shape]
    assert usage_of(usage) == expected


def test_legacy_shape() -> None:
    """Completion models and older packages count in `llm_output`."""
    usage = {"token_usage": {"prompt_tokens": 3, "completion_tokens": 0, "total_tokens": 3}}
    assert reported_usage(usage) == {INPUT: 3, OUTPUT: 0}
    assert reported_usage({"token_usage": {}}) == {}
    assert reported_usage(None) == {}


anything = st.one_of(
    st.none(), st.booleans(), st.integers(0, 10**9), st.floats(), st.text(), st.lists(st.integers())
)
details = st.dictionaries(
    st.sampled_from(["cache_read", "cache_creation", "audio", "text", "image", "reasoning", "x"]),
    anything,
)


@given(
    st.dictionaries(st.sampled_from(["input_tokens", "output_tokens", "total_tokens"]), anything),
    st.one_of(details, anything),
    st.one_of(details, anything),
)
def test_any_shape_gives_counts_only(usage: dict[str, Any], inputs: Any, outputs: Any) -> None:
    """Whatever is in a usage, only integers come out, and never one that was not in it."""
    facts = usage_of(usage | {"input_token_details": inputs, "output_token_details": outputs})
    given_values = [*usage.values()]
    for given_details in (inputs, outputs):
        if isinstance(given_details, dict):
            given_values += given_details.values()
    for value in facts.values():
        assert type(value) is int
        assert value in given_values


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 10**6))
def test_modalities_add_up(text: int, image: int, rest: int) -> None:
    """The parts of a count, with what is unknown, are the count."""
    facts = {
        INPUT: text + image + rest,
        semconv.GEN_AI_USAGE_TEXT_INPUT_TOKENS: text,
        semconv.GEN_AI_USAGE_IMAGE_INPUT_TOKENS: image,
    }
    parts = by_modality(INPUT, facts)
    assert sum(count for _, count in parts) == facts[INPUT]
    assert len({modality for modality, _ in parts}) == len(parts)
    assert all(count for _, count in parts) or parts == [("unknown", 0)]


@pytest.mark.parametrize("direction", ["INPUT", "OUTPUT"])
def test_modalities_have_their_names(direction: str) -> None:
    """What is of none that is known is unknown."""
    whole = getattr(semconv, f"GEN_AI_USAGE_{direction}_TOKENS")
    words = ("text", "image", "audio")
    details = [
        getattr(semconv, f"GEN_AI_USAGE_{word.upper()}_{direction}_TOKENS") for word in words
    ]
    facts = {whole: 10, **dict(zip(details, (1, 2, 3), strict=True))}
    assert by_modality(whole, facts) == [*zip(words, (1, 2, 3), strict=True), ("unknown", 4)]


MESSAGES: dict[str, tuple[Any, dict[str, Any]]] = {
    "writes of which the sum is said": (
        {
            "input_tokens": 130,
            "output_tokens": 5,
            "input_token_details": {
                "cache_creation": 90,
                "ephemeral_5m_input_tokens": 70,
                "ephemeral_1h_input_tokens": 30,
            },
        },
        {INPUT: 130, OUTPUT: 5, WRITE: 90, semconv.USAGE_CACHE_WRITE_1H: 30},
    ),
    "writes of one lifetime": (
        {"input_tokens": 9, "input_token_details": {"ephemeral_5m_input_tokens": 7}},
        {INPUT: 9, WRITE: 7},
    ),
    "writes of the longer lifetime": (
        {"input_tokens": 9, "input_token_details": {"ephemeral_1h_input_tokens": 7}},
        {INPUT: 9, WRITE: 7, semconv.USAGE_CACHE_WRITE_1H: 7},
    ),
    "nothing written": (
        {
            "input_tokens": 9,
            "input_token_details": {
                "ephemeral_5m_input_tokens": 0,
                "ephemeral_1h_input_tokens": 0,
            },
        },
        {INPUT: 9, WRITE: 0},
    ),
    "an answer that costs something": (
        {"input_tokens": 9, "output_tokens": 1, "total_cost": 0.5},
        {INPUT: 9, OUTPUT: 1},
    ),
    "an answer from a cache": (
        {"input_tokens": 9, "output_tokens": 1, "total_cost": 0},
        {semconv.CACHE_HIT: True},
    ),
    "a mapping that is no dict": (
        OrderedDict(input_tokens=9, output_tokens=1),
        {INPUT: 9, OUTPUT: 1},
    ),
}


@pytest.mark.parametrize("name", MESSAGES)
def test_counts_of_a_message(name: str) -> None:
    """Writes into a cache, by their lifetime and in sum; answers that were in one."""
    usage, facts = MESSAGES[name]
    assert usage_of(usage) == facts


PROVIDERS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "two spellings, the smaller second": (
        {"input_tokens": 10, "prompt_tokens": 3, "output_tokens": 1},
        {INPUT: 10, OUTPUT: 1},
    ),
    "writes by their lifetime, among what the input is made of": (
        {
            "input_tokens": 10,
            "output_tokens": 1,
            "input_token_details": {"ephemeral_5m_input_tokens": 4},
            "output_token_details": {"ephemeral_5m_input_tokens": 5},
        },
        {INPUT: 10, OUTPUT: 1, WRITE: 4},
    ),
    "cached tokens that the input includes, and no output": (
        {"prompt_tokens": 10, "cache_read_input_tokens": 4, "total_tokens": 10},
        {INPUT: 10, READ: 4},
    ),
    "an input that is cached as a whole": (
        {"prompt_tokens": 4, "cache_read_input_tokens": 4, "total_tokens": 4},
        {INPUT: 4, READ: 4},
    ),
    "thoughts that the output includes, and no input": (
        {"completion_tokens": 5, "thoughts_token_count": 2, "total_tokens": 5},
        {OUTPUT: 5, REASONING: 2},
    ),
    "cached tokens beside the input": (
        {"prompt_tokens": 10, "cache_read_input_tokens": 4, "total_tokens": 14},
        {INPUT: 14, READ: 4},
    ),
}


@pytest.mark.parametrize("name", PROVIDERS)
def test_counts_of_a_provider(name: str) -> None:
    """What is beside a count is added to it, once."""
    usage, facts = PROVIDERS[name]
    assert reported_usage(usage) == facts


SPELLINGS: dict[str, tuple[str, ...]] = {
    READ: (
        *("cache_read_input_tokens", "cacheReadInputTokens", "cacheReadInputTokenCount"),
        *("cached_content_token_count", "cachedContentTokenCount"),
        *("prompt_cache_hit_tokens", "cached_tokens"),
    ),
    WRITE: (
        *("cache_creation_input_tokens", "cache_write_input_tokens"),
        *("cacheWriteInputTokens", "cacheWriteInputTokenCount"),
    ),
    REASONING: ("reasoning_tokens", "thoughts_token_count", "thoughtsTokenCount"),
}


@pytest.mark.parametrize(
    ("fact", "word"), [(fact, word) for fact, words in SPELLINGS.items() for word in words]
)
def test_each_spelling_of_a_part(fact: str, word: str) -> None:
    """The packages of providers hand on what each of them says."""
    found = reported_usage({"prompt_tokens": 9, "completion_tokens": 5, word: 2})
    assert found[fact] == 2
