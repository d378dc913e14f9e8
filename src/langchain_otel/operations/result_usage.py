"""Finds the token counts of a model's result, among the places where provider packages keep them.

A message's `usage_metadata` comes first. Another place only adds what it lacks, and only where both
count the same: what counts something else, all prompts of a batch say, is left out.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from langchain_otel import semconv
from langchain_otel.content.choices import Reported
from langchain_otel.content.counts import total
from langchain_otel.content.fields import mapping_of
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


def usage_in(reported: list[list[Reported]], llm_output: Any) -> Facts:
    """The facts of the usage of a result, whatever its prompts and choices."""
    is_single = len(reported) == 1 and len(reported[0]) == 1
    if is_single:
        facts = _choice_usage(reported[0][0])
    else:
        facts = _added_up([_prompt_usage(choices) for choices in reported])
    if semconv.CACHE_HIT in facts:
        return {semconv.CACHE_HIT: True}
    if llm_output is None or facts.keys() >= COMPLETE:
        return facts
    # What the whole result counts is said of all its prompts and choices together.
    whole = reported_usage(llm_output)
    if not is_single and not whole.keys().isdisjoint(COUNTS):
        return _completed(whole, facts)
    return _completed(facts, whole)


def _prompt_usage(choices: Iterable[Reported]) -> Facts:
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


def _choice_usage(choice: Reported) -> Facts:
    information, message = choice
    if not message:
        return reported_usage(information)
    facts = usage_of(message.get("usage_metadata"))
    if semconv.CACHE_HIT in facts or facts.keys() >= COMPLETE:
        return facts
    for source in (message.get("response_metadata"), information):
        if source is not None and (source if type(source) is dict else mapping_of(source)):
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
