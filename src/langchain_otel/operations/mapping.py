"""Maps LangChain's keys to the conventions' names, by tables.

A row is `source key -> (attribute, converter)`. A converter gives None for what it cannot use.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from langchain_otel import semconv
from langchain_otel.content.values import integer, number, text, texts

Converter = Callable[[Any], Any]
Table = dict[str, tuple[str, Converter]]

# From so many entries on the table is walked instead of the source.
LARGE: Final = 256


def choice_count(value: Any) -> int | None:
    """A number of choices, which the conventions want only when it is not one."""
    count = integer(value)
    return None if count == 1 else count


REQUEST: Final[Table] = {
    "temperature": (semconv.GEN_AI_REQUEST_TEMPERATURE, number),
    "top_p": (semconv.GEN_AI_REQUEST_TOP_P, number),
    "top_k": (semconv.GEN_AI_REQUEST_TOP_K, integer),
    "max_tokens": (semconv.GEN_AI_REQUEST_MAX_TOKENS, integer),
    "max_completion_tokens": (semconv.GEN_AI_REQUEST_MAX_TOKENS, integer),
    "max_output_tokens": (semconv.GEN_AI_REQUEST_MAX_TOKENS, integer),
    "num_predict": (semconv.GEN_AI_REQUEST_MAX_TOKENS, integer),
    "frequency_penalty": (semconv.GEN_AI_REQUEST_FREQUENCY_PENALTY, number),
    "presence_penalty": (semconv.GEN_AI_REQUEST_PRESENCE_PENALTY, number),
    "seed": (semconv.GEN_AI_REQUEST_SEED, integer),
    "stop": (semconv.GEN_AI_REQUEST_STOP_SEQUENCES, texts),
    "stop_sequences": (semconv.GEN_AI_REQUEST_STOP_SEQUENCES, texts),
    "n": (semconv.GEN_AI_REQUEST_CHOICE_COUNT, choice_count),
}
"""`invocation_params` of a model call, as the provider packages name them."""

LANGSMITH: Final[Table] = {
    "ls_temperature": (semconv.GEN_AI_REQUEST_TEMPERATURE, number),
    "ls_max_tokens": (semconv.GEN_AI_REQUEST_MAX_TOKENS, integer),
    "ls_stop": (semconv.GEN_AI_REQUEST_STOP_SEQUENCES, texts),
}
"""Metadata of a model call (`BaseChatModel._get_ls_params`), for what the parameters lack."""

LANGGRAPH: Final[Table] = {
    "langgraph_node": (semconv.LANGGRAPH_NODE, text),
    "langgraph_step": (semconv.LANGGRAPH_STEP, integer),
    "langgraph_checkpoint_ns": (semconv.LANGGRAPH_CHECKPOINT_NAMESPACE, text),
    "checkpoint_id": (semconv.LANGGRAPH_CHECKPOINT_ID, text),
}
"""Metadata of a graph's node (`langgraph.pregel._algo`)."""


def facts_from(source: Mapping[str, Any], table: Table) -> dict[str, Any]:
    """The facts that `source` holds under the keys of `table`, of several for one the last."""
    facts = {}
    # A copy, made in one step: other threads may add to what an application shares.
    entries = list(source.items()) if len(source) <= LARGE else entries_in(source, table)
    for key, value in entries:
        if value is not None and type(key) is str and key in table:
            name, convert = table[key]
            converted = convert(value)
            if converted is not None:
                facts[name] = converted
    return facts


def facts_named(source: Mapping[str, Any], table: Table) -> dict[str, Any]:
    """The same by walking a table that is shorter than most sources, with one key for each fact."""
    facts = {}
    for key, (name, convert) in table.items():
        value = source.get(key)
        if value is not None:
            converted = convert(value)
            if converted is not None:
                facts[name] = converted
    return facts


def entries_in(source: Mapping[str, Any], table: Table) -> list[tuple[str, Any]]:
    """The entries of a dict that are in a table, however many others there are."""
    return [(key, source[key]) for key in table if key in source]
