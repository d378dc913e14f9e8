"""Names what other instrumentations write on spans, and earlier versions of the conventions."""

from __future__ import annotations

from typing import Final

# Traceloop's OpenLLMetry, and what writes as it does
PROMPT: Final = "gen_ai.prompt"
COMPLETION: Final = "gen_ai.completion"
TRACELOOP_KIND: Final = "traceloop.span.kind"
TRACELOOP_NAME: Final = "traceloop.entity.name"
TRACELOOP_INPUT: Final = "traceloop.entity.input"
TRACELOOP_OUTPUT: Final = "traceloop.entity.output"
PROMPT_TOKENS: Final = "gen_ai.usage.prompt_tokens"
COMPLETION_TOKENS: Final = "gen_ai.usage.completion_tokens"
TOTAL_TOKENS: Final = "llm.usage.total_tokens"
CACHED_TOKENS: Final = "gen_ai.usage.cache_read_input_tokens"
LLM_REQUEST_TYPE: Final = "llm.request.type"

# The GenAI conventions of earlier versions
SYSTEM: Final = "gen_ai.system"
TOOL_MESSAGE: Final = "gen_ai.tool.message"
CHOICE: Final = "gen_ai.choice"
MESSAGE_EVENTS: Final = {
    "gen_ai.system.message": "system",
    "gen_ai.user.message": "user",
    "gen_ai.assistant.message": "assistant",
    TOOL_MESSAGE: "tool",
}
# What such an event says beside its message
MESSAGE_FIELDS: Final = (SYSTEM, "event.name", "message")
CONTENT_EVENTS: Final = {"gen_ai.content.prompt": PROMPT, "gen_ai.content.completion": COMPLETION}

# Costs: of OpenLIT, of pydantic-ai; ours begin with the prefix
COST: Final = "langchain.cost."
COSTS: Final = ("gen_ai.usage.cost", "operation.cost")
SERVICE_NAME: Final = "service.name"
