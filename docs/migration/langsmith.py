"""What becomes of the spans that the LangSmith SDK makes of LangChain's runs."""

from typing import Final

from langchain_otel import semconv
from migration.langchain import NAMED_AS_RUNS, metadata_rows
from migration.rows import MODELS, ROOTS, STEPS, Package, Query, Row, Switch
from migration.values import (
    COUNTS,
    NONE,
    OTHER,
    PROVIDER,
    SAME,
    SUM,
    TAGS,
    TEXTS,
    words,
)

KEY: Final = "langsmith.metadata."
OPERATION: Final = semconv.GEN_AI_OPERATION_NAME
WITH_STATE: Final = "with `capture_state`"
TALKING: Final = (*MODELS, *ROOTS)
EQUAL: Final = (
    semconv.GEN_AI_REQUEST_MODEL,
    semconv.GEN_AI_USAGE_INPUT_TOKENS,
    semconv.GEN_AI_USAGE_OUTPUT_TOKENS,
    semconv.GEN_AI_TOOL_NAME,
    semconv.GEN_AI_TOOL_CALL_ID,
)
"""Names and values that are the same."""

PARAMETERS: Final = {
    "model": semconv.GEN_AI_REQUEST_MODEL,
    "model_name": semconv.GEN_AI_REQUEST_MODEL,
    "temperature": semconv.GEN_AI_REQUEST_TEMPERATURE,
    "top_p": semconv.GEN_AI_REQUEST_TOP_P,
    "max_tokens": semconv.GEN_AI_REQUEST_MAX_TOKENS,
    "max_completion_tokens": semconv.GEN_AI_REQUEST_MAX_TOKENS,
    "frequency_penalty": semconv.GEN_AI_REQUEST_FREQUENCY_PENALTY,
    "presence_penalty": semconv.GEN_AI_REQUEST_PRESENCE_PENALTY,
    "seed": semconv.GEN_AI_REQUEST_SEED,
    "stop": semconv.GEN_AI_REQUEST_STOP_SEQUENCES,
}
"""Parameters of a call, which stand among the metadata."""

UNUSED: Final = {
    f"{KEY}stream": "`gen_ai.request.stream` says what was done, LangChain's parameter does not",
    f"{KEY}n": "`gen_ai.request.choice.count` is there where it is not 1",
    f"{KEY}_type": "the class, in another word",
    f"{KEY}LANGSMITH_TRACING": "variables of the environment are not recorded",
    f"{KEY}LANGSMITH_TRACING_MODE": "the same",
    f"{KEY}revision_id": "a version belongs into `OTEL_RESOURCE_ATTRIBUTES`",
    "langsmith.trace.session_name": "`service.name` of the resource takes a project's place",
    "gen_ai.serialized.name": "the class, which says less than the model's name",
}

KIND: Final = words(
    {
        "chain": (semconv.INVOKE_WORKFLOW, semconv.INVOKE_AGENT),
        "llm": (semconv.CHAT, semconv.TEXT_COMPLETION),
        "tool": semconv.EXECUTE_TOOL,
        "retriever": semconv.RETRIEVAL,
    }
)
RENAMED: Final = words(
    {
        "chain": (semconv.INVOKE_WORKFLOW, semconv.INVOKE_AGENT),
        "chat": semconv.TEXT_COMPLETION,
        "embeddings": semconv.RETRIEVAL,
    }
)

ROWS: Final = (
    *(Row(name, name, SAME) for name in EQUAL),
    Row(OPERATION, OPERATION, SAME, ("model", "tool")),
    Row(OPERATION, OPERATION, RENAMED, ("completion", "retriever", *ROOTS)),
    Row(OPERATION, None, NONE, STEPS, note="theirs counts a prompt as `chat`"),
    Row("gen_ai.system", semconv.GEN_AI_PROVIDER_NAME, PROVIDER, MODELS),
    Row(
        "gen_ai.system",
        semconv.GEN_AI_PROVIDER_NAME,
        OTHER,
        ("retriever",),
        note="the store, not `langchain`",
    ),
    Row("gen_ai.system", None, NONE, ("tool", *ROOTS, *STEPS), note="not of a provider"),
    Row(
        "gen_ai.usage.total_tokens",
        (semconv.GEN_AI_USAGE_INPUT_TOKENS, semconv.GEN_AI_USAGE_OUTPUT_TOKENS),
        SUM,
    ),
    Row(semconv.GEN_AI_TOOL_DEFINITIONS, semconv.GEN_AI_TOOL_DEFINITIONS, TEXTS),
    Row("gen_ai.prompt", semconv.GEN_AI_INPUT_MESSAGES, TEXTS, TALKING),
    Row("gen_ai.prompt", semconv.GEN_AI_TOOL_CALL_ARGUMENTS, TEXTS, ("tool",)),
    Row("gen_ai.prompt", semconv.GEN_AI_RETRIEVAL_QUERY_TEXT, TEXTS, ("retriever",)),
    Row("gen_ai.prompt", semconv.STATE_INPUT, TEXTS, STEPS, note=WITH_STATE),
    Row("gen_ai.completion", semconv.GEN_AI_OUTPUT_MESSAGES, TEXTS, TALKING),
    Row("gen_ai.completion", semconv.GEN_AI_TOOL_CALL_RESULT, TEXTS, ("tool",)),
    Row("gen_ai.completion", semconv.GEN_AI_RETRIEVAL_DOCUMENTS, TEXTS, ("retriever",)),
    Row("gen_ai.completion", semconv.STATE_OUTPUT, TEXTS, STEPS, note=WITH_STATE),
    Row("langsmith.span.kind", OPERATION, KIND, (*TALKING, "tool", "retriever")),
    Row("langsmith.span.kind", None, NONE, STEPS, note="such a span has no operation"),
    Row("langsmith.trace.name", semconv.GEN_AI_WORKFLOW_NAME, SAME, ("chain", "graph")),
    Row("langsmith.trace.name", semconv.GEN_AI_AGENT_NAME, SAME, ("agent",)),
    Row("langsmith.trace.name", semconv.GEN_AI_TOOL_NAME, SAME, ("tool",)),
    Row("langsmith.trace.name", semconv.RETRIEVER_CLASS, SAME, ("retriever",)),
    Row("langsmith.trace.name", "name", SAME, STEPS),
    Row(
        "langsmith.trace.name", None, NONE, MODELS, note="the class; the span's name has the model"
    ),
    Row("langsmith.span.tags", semconv.TAGS, TAGS, at="root"),
    *(Row(f"{KEY}{key}", name, SAME) for key, name in PARAMETERS.items()),
    Row(f"{KEY}usage_metadata", "gen_ai.usage.*", COUNTS),
    *metadata_rows(KEY, ("agent",), ROOTS),
    *(Row(name, None, NONE, note=note) for name, note in UNUSED.items()),
)

PACKAGE: Final = Package(
    name="LangSmith",
    distribution="langsmith",
    page="migrating-from-langsmith.md",
    has_content=True,
    succeeded="OK",
    exceptions=("chain", "model"),
    spans=NAMED_AS_RUNS,
    rows=ROWS,
    switches=(
        Switch("LANGSMITH_TRACING", "", "`false`, or LangSmith records beside us"),
        Switch(
            "LANGSMITH_TRACING_MODE",
            "",
            "`otel` and `hybrid`; older: `LANGSMITH_OTEL_ENABLED`, `LANGSMITH_OTEL_ONLY`",
        ),
        Switch(
            "LANGSMITH_HIDE_INPUTS",
            "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT",
            "nothing is recorded until it says `SPAN_ONLY`; theirs records all until told not to",
        ),
        Switch(
            "LANGSMITH_HIDE_OUTPUTS",
            "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT",
            "the same; a function `redact` can tell one attribute from another",
        ),
        Switch("LANGSMITH_PROJECT", "OTEL_SERVICE_NAME", "a service, where theirs has projects"),
        Switch(
            "LANGSMITH_TRACING_SAMPLING_RATE",
            "OTEL_TRACES_SAMPLER_ARG",
            "with `OTEL_TRACES_SAMPLER=parentbased_traceidratio`",
        ),
        Switch("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT", "the same"),
    ),
    queries=(
        Query(
            "Model calls",
            "traceql",
            '{ span.langsmith.span.kind = "llm" }',
            '{ span.gen_ai.operation.name =~ "chat|text_completion" }',
        ),
        Query(
            "Calls of a tool",
            "traceql",
            '{ span.langsmith.span.kind = "tool" && span.langsmith.trace.name = "get_weather" }',
            '{ span.gen_ai.tool.name = "get_weather" }',
        ),
        Query(
            "Runs of an agent",
            "traceql",
            '{ span.langsmith.span.kind = "chain" && span.langsmith.trace.name = "travel-agent" }',
            '{ span.gen_ai.operation.name = "invoke_agent"'
            ' && span.gen_ai.agent.name = "travel-agent" }',
        ),
        Query(
            "Model calls of a thread",
            "traceql",
            '{ span.langsmith.span.kind = "llm"'
            ' && span.langsmith.metadata.thread_id = "booking-7" }',
            '{ span.gen_ai.operation.name =~ "chat|text_completion"'
            ' && span.gen_ai.conversation.id = "booking-7" }',
        ),
        Query(
            "Calls of a tool, in Jaeger",
            "jaeger",
            '/api/traces?service=shop&tags={"langsmith.trace.name":"get_weather"}',
            '/api/traces?service=shop&tags={"gen_ai.tool.name":"get_weather"}',
        ),
    ),
)
