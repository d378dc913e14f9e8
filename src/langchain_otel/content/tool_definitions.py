"""Reads tool definitions from a request: which tools the model was offered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, Final

from langchain_otel.content.allowance import Allowance
from langchain_otel.content.fields import MAX_ITEMS, first_items, is_mapping, mapping_of, text_of
from langchain_otel.content.json_data import plain
from langchain_otel.content.values import sound

FUNCTION: Final = "function"
LISTINGS: Final = frozenset(("tools", "functions", "toolConfig", "tool_config"))
"""The parameters that may list tools."""
DECLARATIONS: Final = ("function_declarations", "functionDeclarations")
SCHEMA_KEYS: Final = ("parameters", "input_schema", "inputSchema", "parameters_json_schema")

Definition = dict[str, Any]


def tool_definitions(invocation_params: Any) -> list[Definition]:
    """The conventions' tool definitions among the parameters of a model call, from any provider."""
    params = invocation_params
    if type(params) is not dict:
        params = mapping_of(params)
    if LISTINGS.isdisjoint(params):
        return []
    config = mapping_of(params.get("toolConfig")) or mapping_of(params.get("tool_config"))
    listings = (params.get("tools"), params.get("functions"), config.get("tools"))
    listed = next((tools for tools in map(first_items, listings) if tools), [])
    if not listed:
        return []
    allowance = Allowance()
    found = (definition for tool in listed for definition in _definitions(tool, allowance))
    return list(islice(found, MAX_ITEMS))


def _definitions(tool: Any, allowance: Allowance) -> Iterator[Definition]:
    fields = _fields(tool, allowance)
    for key in DECLARATIONS:
        declared = first_items(fields.get(key))
        if declared:
            for declaration in declared:
                yield from _function(_fields(declaration, allowance))
            return
    inner = fields.get("function", fields.get("toolSpec"))
    if is_mapping(inner):
        yield from _function(mapping_of(inner))
    elif text_of(fields.get("type")) in {None, FUNCTION, "custom"} and text_of(fields.get("name")):
        yield from _function(fields)
    else:
        yield from _built_in(fields)


def _fields(tool: Any, allowance: Allowance) -> dict[str, Any]:
    # A tool that is an object of a provider's is described by its fields.
    return mapping_of(tool if is_mapping(tool) else plain(tool, allowance=allowance))


def _function(described: Mapping[str, Any]) -> Iterator[Definition]:
    name = text_of(described.get("name"))
    if name is None:
        return
    definition: Definition = {"type": FUNCTION, "name": sound(name)}
    description = text_of(described.get("description"))
    if description:
        definition["description"] = description
    schema = next((described[key] for key in SCHEMA_KEYS if described.get(key) is not None), None)
    if schema is not None:
        # Bedrock wraps it once more.
        fields = mapping_of(schema)
        is_wrapped = len(fields) == 1 and "json" in fields
        definition["parameters"] = fields["json"] if is_wrapped else schema
    yield definition


def _built_in(tool: Mapping[str, Any]) -> Iterator[Definition]:
    # A provider's own tool, named by its type or, by Google, by its one key.
    names = (key for key, value in islice(tool.items(), MAX_ITEMS) if value is not None)
    kind = text_of(tool.get("type")) or text_of(next(names, None))
    if kind is not None:
        yield {"type": sound(kind), "name": sound(text_of(tool.get("name")) or kind)}
