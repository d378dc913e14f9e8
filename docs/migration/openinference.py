"""What becomes of the spans of `openinference-instrumentation-langchain`."""

from typing import Final

from langchain_otel import semconv
from langchain_otel.dialects import openinference_names as names
from migration.langchain import NAMED_AS_RUNS
from migration.rows import MODELS, ROOTS, STEPS, Package, Query, Row, Switch
from migration.values import (
    FIRST,
    FIRST_ROLE,
    FOLLOWS,
    GIVEN,
    KEYS,
    LONGER,
    MESSAGES,
    METADATA,
    NONE,
    ONE_OF,
    PARAMETERS,
    RELEASE,
    SAME,
    SUM,
    TEXTS,
    VARIABLES,
    words,
)

KIND: Final = words(
    {
        names.LLM: (semconv.CHAT, semconv.TEXT_COMPLETION),
        names.TOOL: semconv.EXECUTE_TOOL,
        names.RETRIEVER: semconv.RETRIEVAL,
        names.AGENT: semconv.INVOKE_AGENT,
        names.CHAIN: semconv.INVOKE_WORKFLOW,
    }
)
TOTAL: Final = (semconv.GEN_AI_USAGE_INPUT_TOKENS, semconv.GEN_AI_USAGE_OUTPUT_TOKENS)
NAMED: Final = (semconv.GEN_AI_RESPONSE_MODEL, semconv.GEN_AI_REQUEST_MODEL)
INPUT: Final = semconv.GEN_AI_INPUT_MESSAGES
OUTPUT: Final = semconv.GEN_AI_OUTPUT_MESSAGES
WITH_STATE: Final = "with `capture_state`"
TALKING: Final = (*MODELS, *ROOTS)

ROWS: Final = (
    Row("openinference.span.kind", "gen_ai.operation.name", KIND, (*TALKING, "tool", "retriever")),
    Row("openinference.span.kind", None, NONE, STEPS, note="such a span has no operation"),
    Row("llm.model_name", NAMED, ONE_OF),
    Row(
        "llm.provider",
        semconv.GEN_AI_PROVIDER_NAME,
        SAME,
        note="other providers can have another word",
    ),
    Row("llm.system", semconv.GEN_AI_PROVIDER_NAME, SAME, note="the provider, not its interface"),
    Row(
        "llm.invocation_parameters",
        "gen_ai.request.*",
        PARAMETERS,
        note="`gen_ai.request.stream` says what was done, LangChain's parameter does not",
    ),
    Row("llm.input_messages.*", INPUT, MESSAGES, ("model",)),
    Row("llm.input_messages.*", INPUT, FIRST_ROLE, ("agent",)),
    Row("llm.input_messages.*", None, NONE, ("node",), note="`langchain.input` has the state"),
    Row("llm.output_messages.*", OUTPUT, MESSAGES),
    Row("llm.prompts", INPUT, TEXTS),
    Row("llm.tools.*", semconv.GEN_AI_TOOL_DEFINITIONS, TEXTS),
    Row("llm.prompt_template.template", None, NONE, note="messages say what came of it"),
    Row(
        "llm.prompt_template.variables",
        f"{semconv.GEN_AI_PROMPT_VARIABLE}*",
        VARIABLES,
        at="model",
    ),
    Row("llm.token_count.prompt", semconv.GEN_AI_USAGE_INPUT_TOKENS, SAME),
    Row("llm.token_count.completion", semconv.GEN_AI_USAGE_OUTPUT_TOKENS, SAME),
    Row("llm.token_count.total", TOTAL, SUM),
    Row(
        "llm.token_count.prompt_details.cache_read",
        semconv.GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS,
        SAME,
    ),
    Row("llm.token_count.prompt_details.audio", semconv.GEN_AI_USAGE_AUDIO_INPUT_TOKENS, SAME),
    Row(
        "llm.token_count.completion_details.reasoning",
        semconv.GEN_AI_USAGE_REASONING_OUTPUT_TOKENS,
        SAME,
    ),
    Row("llm.token_count.completion_details.audio", semconv.GEN_AI_USAGE_AUDIO_OUTPUT_TOKENS, SAME),
    Row("llm.finish_reason", semconv.GEN_AI_RESPONSE_FINISH_REASONS, FIRST),
    Row("tool.name", semconv.GEN_AI_TOOL_NAME, SAME),
    Row("tool.description", semconv.GEN_AI_TOOL_DESCRIPTION, SAME),
    Row("retrieval.documents.*", semconv.GEN_AI_RETRIEVAL_DOCUMENTS, VARIABLES),
    Row("session.id", semconv.GEN_AI_CONVERSATION_ID, SAME, (*TALKING, "tool")),
    Row("session.id", semconv.GEN_AI_CONVERSATION_ID, SAME, STEPS, "root"),
    Row("session.id", None, NONE, ("retriever",), note="the root of a chain has it"),
    Row("metadata", f"{semconv.METADATA}*", METADATA, at="root"),
    Row("input.value", INPUT, TEXTS, TALKING),
    Row("input.value", semconv.GEN_AI_TOOL_CALL_ARGUMENTS, TEXTS, ("tool",)),
    Row("input.value", semconv.GEN_AI_RETRIEVAL_QUERY_TEXT, SAME, ("retriever",)),
    Row("input.value", semconv.STATE_INPUT, TEXTS, STEPS, note=WITH_STATE),
    Row("output.value", OUTPUT, TEXTS, TALKING),
    Row("output.value", semconv.GEN_AI_TOOL_CALL_RESULT, TEXTS, ("tool",)),
    Row("output.value", semconv.GEN_AI_RETRIEVAL_DOCUMENTS, TEXTS, ("retriever",)),
    Row("output.value", semconv.STATE_OUTPUT, TEXTS, STEPS, note=WITH_STATE),
    Row("*.mime_type", None, NONE, note="what is not a plain text is JSON"),
)

KEPT: Final = (
    Row("session.id", "session.id", SAME, STEPS, "root"),
    Row("metadata", "metadata", KEYS, at="root", note="a node has LangGraph's keys"),
    Row("input.value", "input.value", TEXTS, note="of steps with `capture_state`"),
    Row("output.value", "output.value", TEXTS, note="of steps with `capture_state`"),
    Row("*.mime_type", "*.mime_type", FOLLOWS),
    Row("llm.model_name", "llm.model_name", RELEASE),
    Row("llm.invocation_parameters", "llm.invocation_parameters", GIVEN),
    Row("llm.prompt_template.template", "llm.prompt_template.template", LONGER),
    Row("llm.prompt_template.variables", "llm.prompt_template.variables", VARIABLES),
    Row(
        "llm.input_messages.*",
        None,
        NONE,
        ("agent", "node"),
        note="theirs has a part of the first message",
    ),
)
"""Where the values differ with `dialect=openinference`, whose names are the same."""

PACKAGE: Final = Package(
    name="OpenInference",
    distribution="openinference-instrumentation-langchain",
    page="migrating-from-openinference.md",
    has_content=True,
    succeeded="OK",
    exceptions=("chain", "model"),
    spans=NAMED_AS_RUNS,
    rows=ROWS,
    switches=(
        Switch(
            "OPENINFERENCE_HIDE_INPUTS",
            "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT",
            "nothing is recorded until it says `SPAN_ONLY`; theirs records all until told not to",
        ),
        Switch(
            "OPENINFERENCE_HIDE_OUTPUTS",
            "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT",
            "the same; a function `redact` can tell one attribute from another",
        ),
        Switch(
            "OPENINFERENCE_HIDE_INPUT_MESSAGES",
            "OTEL_INSTRUMENTATION_LANGCHAIN_CAPTURE_MESSAGES",
            "`false`, for answers too",
        ),
        Switch(
            "OPENINFERENCE_HIDE_OUTPUT_MESSAGES",
            "OTEL_INSTRUMENTATION_LANGCHAIN_CAPTURE_MESSAGES",
            "`false`, for prompts too",
        ),
        Switch(
            "OPENINFERENCE_HIDE_LLM_TOOLS",
            "OTEL_INSTRUMENTATION_LANGCHAIN_CAPTURE_TOOLS",
            "`false`, for arguments and results too",
        ),
        Switch(
            "OPENINFERENCE_HIDE_RETRIEVAL_DOCUMENTS",
            "OTEL_INSTRUMENTATION_LANGCHAIN_CAPTURE_DOCUMENTS",
            "`false`",
        ),
        Switch(
            "OPENINFERENCE_HIDE_INPUT_IMAGES",
            "OTEL_INSTRUMENTATION_LANGCHAIN_CAPTURE_BINARY",
            "`false` is the default",
        ),
        Switch(
            "OPENINFERENCE_BASE64_IMAGE_MAX_LENGTH",
            "OTEL_INSTRUMENTATION_LANGCHAIN_MAX_CONTENT_LENGTH",
            "of any text",
        ),
        Switch(
            "OPENINFERENCE_ENABLE_GENAI_SEMCONV",
            "OTEL_INSTRUMENTATION_LANGCHAIN_DIALECT",
            "`both`",
        ),
        Switch("OPENINFERENCE_HIDE_EMBEDDINGS_VECTORS", "", "vectors are never recorded"),
        Switch(
            "OPENINFERENCE_HIDE_LLM_INVOCATION_PARAMETERS",
            "",
            "parameters are no content, and always recorded",
        ),
    ),
    queries=(
        Query(
            "Model calls",
            "traceql",
            '{ span.openinference.span.kind = "LLM" }',
            '{ span.gen_ai.operation.name =~ "chat|text_completion" }',
        ),
        Query(
            "Calls of a tool",
            "traceql",
            '{ span.openinference.span.kind = "TOOL" && span.tool.name = "get_weather" }',
            '{ span.gen_ai.operation.name = "execute_tool"'
            ' && span.gen_ai.tool.name = "get_weather" }',
        ),
        Query(
            "Model calls of a conversation",
            "traceql",
            '{ span.openinference.span.kind = "LLM" && span.session.id = "booking-7" }',
            '{ span.gen_ai.operation.name =~ "chat|text_completion"'
            ' && span.gen_ai.conversation.id = "booking-7" }',
        ),
        Query(
            "Prompt tokens by model",
            "traceql-metrics",
            '{ span.openinference.span.kind = "LLM" }'
            " | sum_over_time(span.llm.token_count.prompt) by (span.llm.model_name)",
            '{ span.gen_ai.operation.name =~ "chat|text_completion" }'
            " | sum_over_time(span.gen_ai.usage.input_tokens) by (span.gen_ai.request.model)",
        ),
        Query(
            "Calls of a tool, in Jaeger",
            "jaeger",
            '/api/traces?service=shop&tags={"tool.name":"get_weather"}',
            '/api/traces?service=shop&tags={"gen_ai.tool.name":"get_weather"}',
        ),
    ),
)
