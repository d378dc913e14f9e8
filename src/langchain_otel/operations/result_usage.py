"""Finds the token counts of a model's result, among the places where provider packages keep them.

A message's `usage_metadata` comes first. Another place only adds what it lacks, and only where both
count the same: what counts something else, all prompts of a batch say, is left out.
"""

from collections.abc import Iterable
from typing import Any, Final

from langchain_otel import semconv
from langchain_otel.content.counts import total
from langchain_otel.content.values import Facts
from langchain_otel.operations.usage import (
    CACHE_READ,
    INPUT,
    OUTPUT,
    REASONING,
    reported_usage,
    usage_of,
)

COUNTS: Final = (INPUT, OUTPUT)
COMPLETE: Final = frozenset((*COUNTS, CACHE_READ, REASONING))
"""Who gives these has given all: the hot path looks no further."""


def usage_in(result: Any) -> Facts:
    """The facts of the usage of a result, whatever its prompts and choices."""
    prompts = result.generations
    is_single = len(prompts) == 1 and len(prompts[0]) == 1
    if is_single:
        facts = _choice_usage(prompts[0][0])
    else:
        facts = _added_up([_prompt_usage(prompt) for prompt in prompts])
    if semconv.CACHE_HIT in facts:
        return {semconv.CACHE_HIT: True}
    if not result.llm_output or facts.keys() >= COMPLETE:
        return facts
    # What the whole result counts is said of all its prompts and choices together.
    whole = reported_usage(result.llm_output)
    if not is_single and not whole.keys().isdisjoint(COUNTS):
        return _completed(whole, facts)
    return _completed(facts, whole)


def _prompt_usage(choices: Iterable[Any]) -> Facts:
    """The usage of the choices for one prompt, which mostly have the usage of them all, each."""
    distinct: list[Facts] = []
    for choice in choices:
        usage = _choice_usage(choice)
        if not usage:
            continue
        if distinct and _agree(distinct[-1], usage):
            distinct[-1] = usage | distinct[-1]
        else:
            distinct.append(usage)
    return _added_up(distinct)


def _choice_usage(choice: Any) -> Facts:
    message = getattr(choice, "message", None)
    if message is None:
        return reported_usage(choice.generation_info)
    facts = usage_of(getattr(message, "usage_metadata", None))
    if semconv.CACHE_HIT in facts or facts.keys() >= COMPLETE:
        return facts
    for source in (message.response_metadata, choice.generation_info):
        if source:
            facts = _completed(facts, reported_usage(source))
    return facts


def _completed(facts: Facts, others: Facts) -> Facts:
    return others | facts if others and _agree(facts, others) else facts


def _agree(facts: Facts, others: Facts) -> bool:
    return all(facts[name] == others[name] for name in COUNTS if name in facts and name in others)


def _added_up(usages: list[Facts]) -> Facts:
    if len(usages) == 1:
        return usages[0]
    facts: Facts = {}
    for usage in usages:
        for name, tokens in usage.items():
            facts[name] = total((facts.get(name, 0), tokens))
    return facts
