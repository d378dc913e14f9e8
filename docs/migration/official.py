"""What becomes of the spans of `opentelemetry-instrumentation-genai-langchain`."""

from typing import Final

from langchain_otel import semconv
from migration.rows import OURS, Metric, Package, Query, Row, Span, Switch
from migration.values import (
    DOCUMENTS,
    ENCODED,
    MESSAGES,
    SAME,
    SECONDS,
    TEXTS_LATE,
)

EQUAL: Final = (
    semconv.GEN_AI_OPERATION_NAME,
    semconv.GEN_AI_PROVIDER_NAME,
    semconv.GEN_AI_CONVERSATION_ID,
    semconv.GEN_AI_AGENT_NAME,
    semconv.GEN_AI_WORKFLOW_NAME,
    semconv.GEN_AI_REQUEST_MODEL,
    semconv.GEN_AI_REQUEST_STREAM,
    semconv.GEN_AI_REQUEST_TEMPERATURE,
    semconv.GEN_AI_REQUEST_TOP_P,
    semconv.GEN_AI_REQUEST_MAX_TOKENS,
    semconv.GEN_AI_REQUEST_FREQUENCY_PENALTY,
    semconv.GEN_AI_REQUEST_PRESENCE_PENALTY,
    semconv.GEN_AI_REQUEST_STOP_SEQUENCES,
    semconv.GEN_AI_REQUEST_SEED,
    semconv.GEN_AI_RESPONSE_FINISH_REASONS,
    semconv.GEN_AI_RESPONSE_MODEL,
    semconv.GEN_AI_RESPONSE_ID,
    semconv.GEN_AI_USAGE_INPUT_TOKENS,
    semconv.GEN_AI_USAGE_OUTPUT_TOKENS,
    semconv.GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS,
    semconv.GEN_AI_TOOL_NAME,
    semconv.GEN_AI_TOOL_TYPE,
    semconv.GEN_AI_TOOL_CALL_ID,
    semconv.GEN_AI_TOOL_DESCRIPTION,
    semconv.GEN_AI_TOOL_DEFINITIONS,
    semconv.GEN_AI_TOOL_CALL_ARGUMENTS,
    semconv.GEN_AI_RETRIEVAL_QUERY_TEXT,
    semconv.ERROR_TYPE,
)
"""Names and values that are the same."""

ROWS: Final = (
    *(Row(name, name, SAME) for name in EQUAL),
    Row(f"{semconv.GEN_AI_PROMPT_VARIABLE}*", f"{semconv.GEN_AI_PROMPT_VARIABLE}*", SAME),
    Row(
        semconv.GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK,
        semconv.GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK,
        SECONDS,
    ),
    Row(semconv.GEN_AI_INPUT_MESSAGES, semconv.GEN_AI_INPUT_MESSAGES, MESSAGES, ("model", "agent")),
    Row(
        semconv.GEN_AI_INPUT_MESSAGES,
        semconv.GEN_AI_INPUT_MESSAGES,
        TEXTS_LATE,
        ("chain", "graph"),
    ),
    Row(semconv.GEN_AI_OUTPUT_MESSAGES, semconv.GEN_AI_OUTPUT_MESSAGES, MESSAGES),
    Row(semconv.GEN_AI_TOOL_CALL_RESULT, semconv.GEN_AI_TOOL_CALL_RESULT, ENCODED),
    Row(semconv.GEN_AI_RETRIEVAL_DOCUMENTS, semconv.GEN_AI_RETRIEVAL_DOCUMENTS, DOCUMENTS),
)
MISSING: Final = ("completion", "embeddings", "node", "prompt", "step")

PACKAGE: Final = Package(
    name="official",
    distribution="opentelemetry-instrumentation-genai-langchain",
    page="migrating-from-opentelemetry.md",
    has_content=False,
    succeeded="UNSET",
    exceptions=(),
    spans=tuple(
        Span(run, None) if run in MISSING else Span(run, each.name, each.kind)
        for run, each in OURS.items()
    ),
    rows=ROWS,
    switches=(
        Switch(
            "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT",
            "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT",
            "the same values",
        ),
        Switch(
            "OTEL_INSTRUMENTATION_GENAI_EMIT_EVENT",
            "OTEL_INSTRUMENTATION_GENAI_EMIT_EVENT",
            "the same values",
        ),
        Switch(
            "OTEL_INSTRUMENTATION_GENAI_COMPLETION_HOOK",
            "OTEL_INSTRUMENTATION_GENAI_COMPLETION_HOOK",
            "the same entry points, which `opentelemetry-util-genai` brings",
        ),
    ),
    queries=(
        Query(
            "Failed model calls",
            "traceql",
            '{ span.gen_ai.operation.name = "chat" && status = error }',
            '{ span.gen_ai.operation.name = "chat" && status = error }',
        ),
        Query(
            "Calls of a tool by an agent",
            "traceql",
            '{ span.gen_ai.tool.name = "get_weather" && span.gen_ai.agent.name = "travel-agent" }',
            '{ span.gen_ai.tool.name = "get_weather" && span.gen_ai.agent.name = "travel-agent" }',
        ),
        Query(
            "Tokens by model; agents have a sum too, so models are asked for",
            "traceql-metrics",
            "{ span.gen_ai.usage.input_tokens > 0 }"
            " | sum_over_time(span.gen_ai.usage.input_tokens) by (span.gen_ai.request.model)",
            '{ span.gen_ai.operation.name = "chat" && span.gen_ai.usage.input_tokens > 0 }'
            " | sum_over_time(span.gen_ai.usage.input_tokens) by (span.gen_ai.request.model)",
        ),
        Query(
            "What a conversation asked of models, in Jaeger",
            "jaeger",
            '/api/traces?service=shop&tags={"gen_ai.conversation.id":"booking-7",'
            '"gen_ai.request.model":"gpt-4.1-mini"}',
            '/api/traces?service=shop&tags={"gen_ai.conversation.id":"booking-7",'
            '"gen_ai.request.model":"gpt-4.1-mini","gen_ai.operation.name":"chat"}',
        ),
        Query(
            "How long models take (95 of 100)",
            "promql",
            "histogram_quantile(0.95, sum by (le, gen_ai_request_model)"
            ' (rate(gen_ai_client_operation_duration_seconds_bucket{gen_ai_operation_name="chat"}'
            "[5m])))",
            "histogram_quantile(0.95, sum by (le, gen_ai_request_model)"
            ' (rate(gen_ai_client_operation_duration_seconds_bucket{gen_ai_operation_name="chat"}'
            "[5m])))",
        ),
    ),
    metrics=(
        Metric("gen_ai.client.operation.duration", "gen_ai.client.operation.duration"),
        Metric("gen_ai.client.token.usage", "gen_ai.client.token.usage"),
        Metric(
            "gen_ai.client.operation.time_to_first_chunk",
            "gen_ai.client.operation.time_to_first_chunk",
        ),
        Metric(
            "gen_ai.client.operation.time_per_output_chunk",
            "gen_ai.client.operation.time_per_output_chunk",
        ),
        Metric("gen_ai.invoke_workflow.duration", "gen_ai.invoke_workflow.duration"),
        Metric("gen_ai.invoke_agent.duration", "gen_ai.invoke_agent.duration"),
        Metric("gen_ai.execute_tool.duration", "gen_ai.execute_tool.duration"),
    ),
)
