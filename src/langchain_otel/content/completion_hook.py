"""Calls the completion hook of opentelemetry-util-genai, which stores content elsewhere.

The package is imported only where a hook is wanted; its message types are made from our parts.
"""

from __future__ import annotations

import base64
import binascii
import logging
from collections.abc import Callable, Iterable
from importlib import import_module
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any, Final

from opentelemetry.trace import Span

from langchain_otel import health, semconv
from langchain_otel.async_exceptions import let_through
from langchain_otel.content.limits import Limits
from langchain_otel.content.media import Part
from langchain_otel.content.message_list import Messages
from langchain_otel.content.policy import Policy

if TYPE_CHECKING:
    from opentelemetry._logs import LogRecord

logger: Final = logging.getLogger("langchain_otel")

GROUP: Final = "opentelemetry_genai_completion_hook"
REQUIREMENT: Final = "opentelemetry-util-genai"
TYPES: Final = "opentelemetry.util.genai.types"
FUNCTION: Final = "function"
UNBOUNDED: Final = 2**62


def _blob(types: Any, part: Part) -> Any:
    try:
        content = base64.b64decode(part["content"])
    except binascii.Error:
        content = part["content"].encode()
    return types.BlobPart(part.get("mime_type"), part["modality"], content)


def _server_call(types: Any, part: Part) -> Any:
    return types.ServerToolCallPart(part["name"], part["server_tool_call"], part.get("id"))


def _server_result(types: Any, part: Part) -> Any:
    return types.ServerToolCallResponsePart(part["server_tool_call_response"], part.get("id"))


MAKERS: Final[dict[str, Callable[[Any, Part], Any]]] = {
    "text": lambda types, part: types.TextPart(part["content"]),
    "reasoning": lambda types, part: types.ReasoningPart(part["content"]),
    "compaction": lambda types, part: types.CompactionPart(content=part.get("content")),
    "tool_call": lambda types, part: types.ToolCallRequestPart(
        part.get("arguments"), part["name"], part.get("id")
    ),
    "tool_call_response": lambda types, part: types.ToolCallResponsePart(
        part["response"], part.get("id")
    ),
    "server_tool_call": _server_call,
    "server_tool_call_response": _server_result,
    "blob": _blob,
    "file": lambda types, part: types.FilePart(
        part.get("mime_type"), part["modality"], part["file_id"]
    ),
    "uri": lambda types, part: types.UriPart(part.get("mime_type"), part["modality"], part["uri"]),
}
"""The package's class for each type of part; it wants generic parts left out."""


class CompletionHook:
    """A hook, called with all of the content of a model call.

    The content does not depend on where else content is recorded, has no bounds and includes bytes;
    redaction applies to it as everywhere.
    """

    def __init__(self, hook: Any, types: Any, policy: Policy) -> None:
        self.hook = hook
        self._types = types
        self._policy = Policy(
            redact=policy.redact, max_length=UNBOUNDED, max_span_bytes=UNBOUNDED, binary=True
        )

    def call(
        self,
        inputs: Messages,
        outputs: Messages,
        system_instruction: Iterable[Part] = (),
        tool_definitions: Iterable[dict[str, Any]] = (),
        span: Span | None = None,
        log_record: LogRecord | None = None,
    ) -> None:
        """Give the hook the content of a model call; what it raises is counted."""
        try:
            self.hook.on_completion(
                inputs=self._messages(inputs, semconv.GEN_AI_INPUT_MESSAGES),
                outputs=self._messages(outputs, semconv.GEN_AI_OUTPUT_MESSAGES),
                system_instruction=self._parts(system_instruction),
                tool_definitions=self._definitions(tool_definitions) or None,
                span=span,
                log_record=log_record,
            )
        except Exception as error:
            let_through(error)
            # Its text may quote what it was given.
            reason = type(error).__name__
            health.function_failed(
                "completion_hook", reason, "the content of the call is not stored", None
            )

    def _messages(self, messages: Messages, attribute: str) -> list[Any]:
        data = messages.within(Limits(self._policy, attribute)).data()
        return [self._message(message) for message in data]

    def _message(self, message: dict[str, Any]) -> Any:
        role, parts, name = message["role"], self._parts(message["parts"]), message.get("name")
        if "finish_reason" in message:
            return self._types.OutputMessage(role, parts, message["finish_reason"], name)
        return self._types.InputMessage(role, parts, name)

    def _parts(self, parts: Iterable[Part]) -> list[Any]:
        made = ((MAKERS.get(part["type"]), part) for part in parts)
        return [make(self._types, part) for make, part in made if make is not None]

    def _definitions(self, definitions: Iterable[dict[str, Any]]) -> list[Any]:
        limits = Limits(self._policy, semconv.GEN_AI_TOOL_DEFINITIONS)
        return [self._definition(definition, limits) for definition in definitions]

    def _definition(self, definition: dict[str, Any], limits: Limits) -> Any:
        if definition["type"] != FUNCTION:
            return self._types.GenericToolDefinition(definition["name"], definition["type"])
        described = (limits.value(definition.get(key)) for key in ("description", "parameters"))
        return self._types.FunctionToolDefinition(definition["name"], *described)


def load_hook(
    wanted: Any, policy: Policy, written: str = "completion_hook"
) -> CompletionHook | None:
    """The hook of the option: an object, or an entry point's name; None without one.

    Where it cannot be had, one warning says why, and there is none. `written` is what the user has
    written: the argument, or the variable.
    """
    if wanted is None:
        return None
    try:
        types = import_module(TYPES)
        hook = _hook(wanted)
    except Exception as error:
        logger.warning(
            "%s=%r cannot be used: %s (%s). It takes the name of an entry point in the group %s, "
            "or, as an argument, an object with on_completion(), and needs the package %s.",
            written,
            wanted,
            type(error).__name__,
            _reason(error),
            GROUP,
            REQUIREMENT,
        )
        return None
    return CompletionHook(hook, types, policy)


class _NoHookError(LookupError):
    """There is no hook of that name, or what there is is none; the message says which."""


def _hook(wanted: Any) -> Any:
    hook = _from_entry_point(wanted) if isinstance(wanted, str) else wanted
    if not callable(getattr(hook, "on_completion", None)):
        raise _NoHookError("it has no on_completion()")
    return hook


def _from_entry_point(name: str) -> Any:
    for found in entry_points(group=GROUP, name=name):
        return found.load()()
    raise _NoHookError("no entry point of that name")


def _reason(error: Exception) -> str:
    if isinstance(error, ModuleNotFoundError):
        return f"no module {error.name}"
    return str(error.args[0]) if isinstance(error, _NoHookError) else "it failed to load"
