"""Reads prompt templates: name, version, and the variables that fill one."""

from __future__ import annotations

from itertools import islice
from typing import Any, Final

from langchain_otel import semconv
from langchain_otel.content.fields import MAX_ITEMS, mapping_of
from langchain_otel.content.values import EMPTY, Facts, name_of, scalar, text, written
from langchain_otel.runs.reported import Started

RUN_TYPE: Final = "prompt"
MAX_VARIABLES: Final = 32
HUB_NAME: Final = "lc_hub_repo"
HUB_VERSION: Final = "lc_hub_commit_hash"


def is_template(started: Started) -> bool:
    """Whether what starts is a prompt template."""
    run_type = started.options.get("run_type")
    return type(run_type) is str and run_type == RUN_TYPE


def template_of(template: Started) -> Facts:
    """The name and version of a template, for the model call that is made with it."""
    metadata = template.metadata or EMPTY
    name = text(metadata.get(HUB_NAME)) or _given_name(template)
    if name is None:
        return {}
    version = text(metadata.get(HUB_VERSION))
    facts: Facts = {semconv.GEN_AI_PROMPT_NAME: name}
    return facts if version is None else facts | {semconv.GEN_AI_PROMPT_VERSION: version}


def variables_in(template: Started) -> Facts:
    """What a template is filled in with."""
    found: Facts = {}
    for key, value in list(islice(mapping_of(template.payload).items(), MAX_ITEMS)):
        kept = _variable(value)
        if kept is not None and len(found) < MAX_VARIABLES:
            found[f"{semconv.GEN_AI_PROMPT_VARIABLE}{name_of(key)}"] = kept
    return found


def _variable(value: Any) -> str | None:
    if issubclass(type(value), str):
        return str.__str__(value)
    found = scalar(value)
    return None if found is None else written(found)


def _given_name(template: Started) -> str | None:
    # Without a name of its own a template is called by its type.
    name = text(template.options.get("name"))
    return None if name is None or name.endswith(("Prompt", "PromptTemplate")) else name
