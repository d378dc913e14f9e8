"""Reads tool definitions from a request: which tools the model was offered."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from langchain_otel.content.json_data import MAX_ITEMS, plain, sound

FUNCTION: Final = "function"
DECLARATIONS: Final = ("function_declarations", "functionDeclarations")
SCHEMA_KEYS: Final = ("parameters", "input_schema", "inputSchema", "parameters_json_schema")

Definition = dict[str, Any]


def tool_definitions(invocation_params: Any) -> list[Definition]:
    """The conventions' tool definitions among the parameters of a model call, from any provider."""
    if not isinstance(invocation_params, Mapping):
        return []
    listed = invocation_params.get("tools") or invocation_params.get("functions")
    config = invocation_params.get("toolConfig") or invocation_params.get("tool_config")
    if not listed and isinstance(config, Mapping):
        listed = config.get("tools")
    if not isinstance(listed, (list, tuple)):
        return []
    return [
        definition
        for tool in listed[:MAX_ITEMS]
        for definition in _definitions(tool if isinstance(tool, Mapping) else plain(tool))
    ]


def _definitions(tool: Any) -> Iterator[Definition]:
    if not isinstance(tool, Mapping):
        return
    declared = next((tool[key] for key in DECLARATIONS if tool.get(key)), None)
    if isinstance(declared, (list, tuple)):
        for declaration in declared[:MAX_ITEMS]:
            yield from _function(declaration)
        return
    inner = tool.get("function", tool.get("toolSpec"))
    if isinstance(inner, Mapping):
        yield from _function(inner)
    elif tool.get("type") in {None, FUNCTION, "custom"} and tool.get("name"):
        yield from _function(tool)
    else:
        yield from _built_in(tool)


def _function(described: Any) -> Iterator[Definition]:
    if not isinstance(described, Mapping):
        described = plain(described)
    name = described.get("name") if isinstance(described, Mapping) else None
    if not isinstance(name, str):
        return
    definition: Definition = {"type": FUNCTION, "name": sound(name)}
    if described.get("description"):
        definition["description"] = described["description"]
    schema = next((described[key] for key in SCHEMA_KEYS if described.get(key)), None)
    if schema is not None:
        # Bedrock wraps it once more.
        wrapped = isinstance(schema, Mapping) and set(schema) == {"json"}
        definition["parameters"] = schema["json"] if wrapped else schema
    yield definition


def _built_in(tool: Mapping[str, Any]) -> Iterator[Definition]:
    # A provider's own tool, named by its type or, by Google, by its one key.
    kind = tool.get("type") or next((key for key, value in tool.items() if value is not None), None)
    if isinstance(kind, str):
        name = tool.get("name")
        yield {"type": sound(kind), "name": sound(name if isinstance(name, str) and name else kind)}
