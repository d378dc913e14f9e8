"""States what a model call cost in the names of OpenInference."""

from __future__ import annotations

from math import fsum
from typing import Final

from langchain_otel import semconv
from langchain_otel.content.values import Facts
from langchain_otel.dialects import openinference_names as names

PROMPT: Final = {
    semconv.COST_INPUT: names.LLM_COST_PROMPT_INPUT,
    semconv.COST_CACHE_READ: names.LLM_COST_CACHE_READ,
    semconv.COST_CACHE_WRITE: names.LLM_COST_CACHE_WRITE,
    semconv.COST_CACHE_WRITE_1H: names.LLM_COST_CACHE_WRITE,
    semconv.COST_INPUT_AUDIO: names.LLM_COST_PROMPT_AUDIO,
    semconv.COST_INPUT_IMAGE: None,
}
COMPLETION: Final = {
    semconv.COST_OUTPUT: names.LLM_COST_COMPLETION_OUTPUT,
    semconv.COST_REASONING: names.LLM_COST_REASONING,
    semconv.COST_OUTPUT_AUDIO: names.LLM_COST_COMPLETION_AUDIO,
    semconv.COST_OUTPUT_IMAGE: None,
}
"""What prompt and completion cost, by the word for each part; None: a part without one."""

SPOKEN: Final = frozenset(
    {semconv.COST_TOTAL}
    | {name for table in (PROMPT, COMPLETION) for name, word in table.items() if word is not None}
)
"""What has a word in OpenInference, and keeps no name of ours on the span of a model call."""


def costs(facts: Facts) -> Facts:
    """The cost of a model call; of a call that has none, nothing."""
    if semconv.COST_TOTAL not in facts:
        return {}
    found: Facts = {names.LLM_COST_TOTAL: facts[semconv.COST_TOTAL]}
    for whole, table in ((names.LLM_COST_PROMPT, PROMPT), (names.LLM_COST_COMPLETION, COMPLETION)):
        known = [name for name in table if name in facts]
        if known:
            found[whole] = fsum(facts[name] for name in known)
        for name in known:
            word = table[name]
            if word is not None:
                found[word] = fsum((found.get(word, 0.0), facts[name]))
    return found
