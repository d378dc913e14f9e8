"""Reads the output type, reasoning level and service tier that a request asks for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from langchain_otel import semconv
from langchain_otel.content.fields import (
    entry,
    first_items,
    is_mapping,
    mapping_of,
    text_of,
)
from langchain_otel.content.values import Facts, text
from langchain_otel.runs.reported import Started

JSON: Final = "json"
TEXT: Final = "text"
# `response_format` by its type, as OpenAI and those who follow it name them.
FORMATS: Final = {"json_object": JSON, "json_schema": JSON, "text": TEXT}
# Any of these among the parameters asks for JSON, whatever its value.
JSON_KEYS: Final = ("response_schema", "response_json_schema", "guided_json")
STRUCTURED: Final = "ls_structured_output_format"
SPEECH: Final = "speech"
DEFAULT_TIER: Final = "auto"
KEYS: Final = frozenset(
    (
        *JSON_KEYS,
        STRUCTURED,
        "modalities",
        "response_format",
        "format",
        "reasoning",
        "output_config",
        "reasoning_effort",
        "effort",
        "previous_response_id",
        "service_tier",
    )
)
"""All that the functions below look for: most requests have none of it."""


def requested_form(started: Started) -> Facts:
    """The output type, reasoning effort, service tier and earlier response of a request."""
    params = started.options.get("invocation_params")
    options = started.options.get("options")
    if not type(params) is type(options) is dict:
        params, options = mapping_of(params), mapping_of(options)
    if not params.keys() & KEYS and not options.keys() & KEYS:
        return {}
    facts = {
        semconv.GEN_AI_OUTPUT_TYPE: _output_type(params, options),
        semconv.GEN_AI_REQUEST_REASONING_LEVEL: _reasoning_level(params),
        semconv.GEN_AI_REQUEST_PREVIOUS_RESPONSE_ID: text(params.get("previous_response_id")),
        semconv.OPENAI_REQUEST_SERVICE_TIER: _service_tier(params),
    }
    return {name: value for name, value in facts.items() if value is not None}


def _output_type(params: Mapping[str, Any], options: Mapping[str, Any]) -> str | None:
    if "audio" in map(text_of, first_items(params.get("modalities"))):
        return SPEECH
    wanted = params.get("response_format")
    if is_mapping(wanted):
        return FORMATS.get(text_of(entry(wanted, "type")) or "", JSON)
    if wanted is not None or STRUCTURED in options:
        return JSON
    is_json = text_of(params.get("format")) == JSON
    return JSON if is_json or any(params.get(key) is not None for key in JSON_KEYS) else None


def _reasoning_level(params: Mapping[str, Any]) -> str | None:
    for key in ("reasoning", "output_config"):
        effort = text(entry(params.get(key), "effort"))
        if effort is not None:
            return effort
    return text(params.get("reasoning_effort")) or text(params.get("effort"))


def _service_tier(params: Mapping[str, Any]) -> str | None:
    tier = text(params.get("service_tier"))
    is_openai = (text_of(params.get("_type")) or "").startswith(("openai", "azure"))
    return tier if is_openai and tier != DEFAULT_TIER else None
