"""What becomes of the spans of Traceloop's `opentelemetry-instrumentation-langchain`."""

from typing import Final

from langchain_otel import semconv
from migration.langchain import metadata_rows
from migration.rows import MODELS, STEPS, Metric, Package, Query, Row, Span, Switch
from migration.values import (
    EACH_RUN,
    FAILED,
    FINISHED,
    NODE,
    NONE,
    ONE_OF,
    OTHER,
    QUALIFIED,
    REST,
    ROOT_NAME,
    SAID,
    SAME,
    SUM,
    SYSTEM,
    TEXTS,
    TEXTS_LATE,
    words,
)

AGENT_LOOP: Final = "agent loop"
GRAPH_LOOP: Final = "graph loop"
RUNNING: Final = ("chain", AGENT_LOOP, GRAPH_LOOP)
WORKFLOWS: Final = ("chain", "graph", GRAPH_LOOP)
AGENTS: Final = ("agent", AGENT_LOOP)
WITH_STATE: Final = "with `capture_state`"
OPERATION: Final = semconv.GEN_AI_OPERATION_NAME
PROVIDER: Final = semconv.GEN_AI_PROVIDER_NAME
NAMES: Final = (semconv.GEN_AI_WORKFLOW_NAME, semconv.GEN_AI_AGENT_NAME)
EQUAL: Final = (
    semconv.GEN_AI_REQUEST_MODEL,
    semconv.GEN_AI_REQUEST_MAX_TOKENS,
    semconv.GEN_AI_REQUEST_TEMPERATURE,
    semconv.GEN_AI_REQUEST_TOP_P,
    semconv.GEN_AI_RESPONSE_ID,
    semconv.GEN_AI_USAGE_INPUT_TOKENS,
    semconv.GEN_AI_USAGE_OUTPUT_TOKENS,
    semconv.GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS,
    semconv.GEN_AI_CONVERSATION_ID,
    semconv.GEN_AI_TOOL_NAME,
    semconv.GEN_AI_TOOL_TYPE,
    semconv.GEN_AI_TOOL_DESCRIPTION,
)
"""Names and values that are the same."""

RENAMED: Final = words({semconv.INVOKE_AGENT: semconv.INVOKE_WORKFLOW})
SEARCHED: Final = words({"vector_db_retrieve": semconv.RETRIEVAL})
KIND: Final = words(
    {
        "workflow": (semconv.INVOKE_WORKFLOW, semconv.INVOKE_AGENT),
        "tool": semconv.EXECUTE_TOOL,
        "task": semconv.RETRIEVAL,
    }
)


def content_rows() -> tuple[Row, ...]:
    """What went in and came out, which theirs has by two names, of tools by a third."""
    found = []
    for theirs in ("traceloop.entity.input", "gen_ai.task.input"):
        found += [
            Row(theirs, semconv.GEN_AI_INPUT_MESSAGES, TEXTS_LATE, RUNNING),
            Row(theirs, semconv.STATE_INPUT, TEXTS_LATE, STEPS, note=WITH_STATE),
            Row(theirs, semconv.GEN_AI_RETRIEVAL_QUERY_TEXT, TEXTS, ("retriever",)),
        ]
    for theirs in ("traceloop.entity.output", "gen_ai.task.output"):
        found += [
            Row(theirs, semconv.GEN_AI_OUTPUT_MESSAGES, TEXTS, RUNNING),
            Row(theirs, semconv.STATE_OUTPUT, TEXTS, STEPS, note=WITH_STATE),
            Row(theirs, semconv.GEN_AI_RETRIEVAL_DOCUMENTS, TEXTS, ("retriever",)),
        ]
    for theirs in ("traceloop.entity.input", semconv.GEN_AI_TOOL_CALL_ARGUMENTS):
        found.append(Row(theirs, semconv.GEN_AI_TOOL_CALL_ARGUMENTS, TEXTS, ("tool",)))
    for theirs in ("traceloop.entity.output", semconv.GEN_AI_TOOL_CALL_RESULT):
        found.append(Row(theirs, semconv.GEN_AI_TOOL_CALL_RESULT, TEXTS, ("tool",)))
    return tuple(found)


ROWS: Final = (
    *(Row(name, name, SAME) for name in EQUAL),
    Row(semconv.GEN_AI_RESPONSE_FINISH_REASONS, semconv.GEN_AI_RESPONSE_FINISH_REASONS, FINISHED),
    Row(OPERATION, OPERATION, SAME, (*MODELS, "tool", *AGENTS)),
    Row(OPERATION, OPERATION, RENAMED, WORKFLOWS),
    Row(OPERATION, OPERATION, SEARCHED, ("retriever",)),
    Row(OPERATION, None, NONE, STEPS, note="such a span has no operation"),
    Row(PROVIDER, PROVIDER, SAME, MODELS),
    Row(PROVIDER, PROVIDER, OTHER, ("retriever",), note="the store, not `langchain`"),
    Row(PROVIDER, None, NONE, ("tool", *AGENTS, *WORKFLOWS, *STEPS), note="not of a provider"),
    Row(semconv.GEN_AI_AGENT_NAME, semconv.GEN_AI_AGENT_NAME, SAME, AGENTS),
    Row(semconv.GEN_AI_AGENT_NAME, semconv.GEN_AI_WORKFLOW_NAME, SAME, WORKFLOWS),
    Row("gen_ai.agent.id", semconv.RUN_ID, EACH_RUN),
    Row(
        semconv.GEN_AI_RESPONSE_MODEL,
        (semconv.GEN_AI_RESPONSE_MODEL, semconv.GEN_AI_REQUEST_MODEL),
        ONE_OF,
    ),
    Row(
        "gen_ai.usage.total_tokens",
        (semconv.GEN_AI_USAGE_INPUT_TOKENS, semconv.GEN_AI_USAGE_OUTPUT_TOKENS),
        SUM,
    ),
    Row(semconv.GEN_AI_INPUT_MESSAGES, semconv.GEN_AI_INPUT_MESSAGES, REST),
    Row(semconv.GEN_AI_SYSTEM_INSTRUCTIONS, semconv.GEN_AI_INPUT_MESSAGES, SYSTEM),
    Row(semconv.GEN_AI_OUTPUT_MESSAGES, semconv.GEN_AI_OUTPUT_MESSAGES, SAID),
    Row(semconv.GEN_AI_TOOL_DEFINITIONS, semconv.GEN_AI_TOOL_DEFINITIONS, TEXTS),
    Row(semconv.ERROR_TYPE, semconv.ERROR_TYPE, QUALIFIED),
    Row("gen_ai.workflow.nodes", None, NONE, note="each node that runs has a span"),
    Row("gen_ai.workflow.edges", None, NONE, note="the spans stand in the order of what ran"),
    Row("gen_ai.task.name", "name", SAME),
    Row("gen_ai.task.id", None, NONE, note="the span has an id"),
    Row("gen_ai.task.parent.id", None, NONE, note="the span has a parent"),
    Row("gen_ai.task.status", semconv.ERROR_TYPE, FAILED, note="the span's status says it too"),
    Row("traceloop.span.kind", OPERATION, KIND, (*RUNNING, "tool", "retriever")),
    Row("traceloop.span.kind", None, NONE, STEPS, note="such a span has no operation"),
    Row("traceloop.workflow.name", NAMES, ROOT_NAME, at="root"),
    Row("traceloop.entity.path", semconv.LANGGRAPH_NODE, NODE, at="parent"),
    Row("traceloop.entity.name", semconv.GEN_AI_WORKFLOW_NAME, SAME, ("chain", GRAPH_LOOP)),
    Row("traceloop.entity.name", semconv.GEN_AI_AGENT_NAME, SAME, (AGENT_LOOP,)),
    Row("traceloop.entity.name", semconv.GEN_AI_TOOL_NAME, SAME, ("tool",)),
    Row("traceloop.entity.name", semconv.RETRIEVER_CLASS, SAME, ("retriever",)),
    Row("traceloop.entity.name", "name", SAME, STEPS),
    *content_rows(),
    *metadata_rows(
        "traceloop.association.properties.", (AGENT_LOOP,), ("chain", AGENT_LOOP, GRAPH_LOOP)
    ),
)

PACKAGE: Final = Package(
    name="Traceloop",
    distribution="opentelemetry-instrumentation-langchain",
    page="migrating-from-traceloop.md",
    has_content=True,
    succeeded="UNSET",
    exceptions=("chain", "model"),
    spans=(
        Span("model", "{class}.chat", "CLIENT"),
        Span("completion", "{class}.completion", "CLIENT"),
        Span("tool", "execute_tool {tool}", "INTERNAL"),
        Span("retriever", "vector_db_retrieve {class}", "CLIENT"),
        Span("embeddings", None),
        Span("agent", "invoke_agent {agent}", "INTERNAL"),
        Span("agent", "{agent}.workflow", "INTERNAL", AGENT_LOOP),
        Span("graph", "invoke_agent {graph}", "INTERNAL"),
        Span("graph", "{graph}.workflow", "INTERNAL", GRAPH_LOOP),
        Span("chain", "{chain}.workflow", "INTERNAL"),
        Span("node", "execute_task {node}", "INTERNAL"),
        Span("prompt", "execute_task {class}", "INTERNAL"),
        Span("step", "execute_task {class}", "INTERNAL"),
    ),
    rows=ROWS,
    switches=(
        Switch(
            "TRACELOOP_TRACE_CONTENT",
            "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT",
            "nothing is recorded until it says `SPAN_ONLY`; theirs records until it says `false`",
        ),
        Switch(
            "use_attributes",
            "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT",
            "`EVENT_ONLY` for `use_attributes=False`",
        ),
        Switch("metadata_key_prefix", "", "metadata is `langchain.metadata.<key>`"),
        Switch(
            "disable_trace_context_propagation",
            "",
            "no header is added; an instrumentation of your HTTP client does that",
        ),
    ),
    queries=(
        Query(
            "Runs of a chain or graph",
            "traceql",
            '{ span.traceloop.span.kind = "workflow" && span.traceloop.entity.name = "newsroom" }',
            '{ span.gen_ai.workflow.name = "newsroom" }',
        ),
        Query(
            "Calls of a tool",
            "traceql",
            '{ span.traceloop.span.kind = "tool" && span.traceloop.entity.name = "get_weather" }',
            '{ span.gen_ai.tool.name = "get_weather" }',
        ),
        Query(
            "Nodes of a graph",
            "traceql",
            '{ span.gen_ai.task.name = "write" }',
            '{ span.langgraph.node = "write" }',
        ),
        Query(
            "Model calls of a conversation",
            "traceql",
            '{ span.gen_ai.operation.name = "chat"'
            ' && span.traceloop.association.properties.thread_id = "booking-7" }',
            '{ span.gen_ai.operation.name = "chat" && span.gen_ai.conversation.id = "booking-7" }',
        ),
        Query(
            "Calls of a tool, in Jaeger",
            "jaeger",
            '/api/traces?service=shop&tags={"traceloop.entity.name":"get_weather"}',
            '/api/traces?service=shop&tags={"gen_ai.tool.name":"get_weather"}',
        ),
        Query(
            "Tokens by model",
            "promql",
            "sum by (gen_ai_response_model, gen_ai_token_type)"
            " (rate(gen_ai_client_token_usage_sum[5m]))",
            "sum by (gen_ai_response_model, gen_ai_token_type)"
            " (rate(gen_ai_client_token_usage_sum[5m]))",
        ),
    ),
    metrics=(
        Metric("gen_ai.client.operation.duration", "gen_ai.client.operation.duration"),
        Metric("gen_ai.client.token.usage", "gen_ai.client.token.usage", "token"),
    ),
)
