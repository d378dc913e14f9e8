"""Reads the output type, reasoning level and service tier that a request asks for."""

from collections.abc import Mapping
from typing import Any, Final

from langchain_otel import semconv
from langchain_otel.content.values import EMPTY, Facts, text
from langchain_otel.runs.run import Started

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
    params = started.options.get("invocation_params") or EMPTY
    options = started.options.get("options") or EMPTY
    if KEYS.isdisjoint(params) and KEYS.isdisjoint(options):
        return {}
    facts = {
        semconv.GEN_AI_OUTPUT_TYPE: _output_type(params, options),
        semconv.GEN_AI_REQUEST_REASONING_LEVEL: _reasoning_level(params),
        semconv.GEN_AI_REQUEST_PREVIOUS_RESPONSE_ID: text(params.get("previous_response_id")),
        semconv.OPENAI_REQUEST_SERVICE_TIER: _service_tier(params),
    }
    return {name: value for name, value in facts.items() if value is not None}


def _output_type(params: Mapping[str, Any], options: Mapping[str, Any]) -> str | None:
    modalities = params.get("modalities")
    if isinstance(modalities, (list, tuple)) and "audio" in modalities:
        return SPEECH
    wanted = params.get("response_format")
    if isinstance(wanted, Mapping):
        return FORMATS.get(str(wanted.get("type")), JSON)
    if wanted is not None or STRUCTURED in options:
        return JSON
    if params.get("format") == JSON or any(params.get(key) is not None for key in JSON_KEYS):
        return JSON
    return None


def _reasoning_level(params: Mapping[str, Any]) -> str | None:
    for key in ("reasoning", "output_config"):
        settings = params.get(key)
        if isinstance(settings, Mapping) and text(settings.get("effort")):
            return text(settings["effort"])
    return text(params.get("reasoning_effort")) or text(params.get("effort"))


def _service_tier(params: Mapping[str, Any]) -> str | None:
    tier = text(params.get("service_tier"))
    is_openai = str(params.get("_type", "")).startswith(("openai", "azure"))
    return tier if is_openai and tier != DEFAULT_TIER else None
