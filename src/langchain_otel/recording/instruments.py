"""Lists the metrics: name, unit, buckets, and what the end of a run records in each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from langchain_otel import semconv
from langchain_otel.runs.run import Run

Values = str | Callable[[Run], Sequence[float]]
"""What is recorded of a run: the fact of this name, or what a function finds."""

SECONDS: Final = tuple(0.01 * 2**power for power in range(14))
AGENT_SECONDS: Final = tuple(0.1 * 2**power for power in range(13))
WORKFLOW_SECONDS: Final = (1, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200)
TOKENS: Final = tuple(4**power for power in range(14))
MINUTE: Final = 60
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR
WAITING_SECONDS: Final = (
    *(1, 5, 15, MINUTE, 5 * MINUTE, 15 * MINUTE),
    *(HOUR, 4 * HOUR, 12 * HOUR, DAY, 3 * DAY, 7 * DAY, 30 * DAY),
)
CALLS: Final = tuple(2**power for power in range(8))

CLIENT: Final = (
    semconv.GEN_AI_OPERATION_NAME,
    semconv.GEN_AI_PROVIDER_NAME,
    semconv.GEN_AI_REQUEST_MODEL,
    semconv.GEN_AI_RESPONSE_MODEL,
    semconv.SERVER_ADDRESS,
    semconv.SERVER_PORT,
)
CLIENT_FAILING: Final = (*CLIENT, semconv.ERROR_TYPE)
MODEL: Final = (
    *CLIENT,
    semconv.OPENAI_RESPONSE_SERVICE_TIER,
    semconv.OPENAI_RESPONSE_SYSTEM_FINGERPRINT,
)
MODEL_FAILING: Final = (*MODEL, semconv.ERROR_TYPE)
PRICED: Final = CLIENT[:4]
AGENT: Final = (semconv.GEN_AI_AGENT_NAME,)
AGENT_FAILING: Final = (*AGENT, semconv.GEN_AI_REQUEST_MODEL, semconv.ERROR_TYPE)
WORKFLOW_FAILING: Final = (semconv.GEN_AI_WORKFLOW_NAME, semconv.ERROR_TYPE)
PAUSING: Final = (semconv.GEN_AI_AGENT_NAME, semconv.GEN_AI_WORKFLOW_NAME)
TOOL_FAILING: Final = (
    semconv.GEN_AI_TOOL_NAME,
    semconv.GEN_AI_TOOL_TYPE,
    semconv.GEN_AI_AGENT_NAME,
    semconv.ERROR_TYPE,
)

MODELS: Final = (semconv.CHAT, semconv.TEXT_COMPLETION)
OTHER_CLIENTS: Final = (semconv.EMBEDDINGS, semconv.RETRIEVAL)
CLIENTS: Final = (*MODELS, *OTHER_CLIENTS)
COUNTED: Final = (*MODELS, semconv.EMBEDDINGS)
AGENTS: Final = (semconv.INVOKE_AGENT,)
WORKFLOWS: Final = (semconv.INVOKE_WORKFLOW,)
GRAPHS: Final = (*AGENTS, *WORKFLOWS)
TOOLS: Final = (semconv.EXECUTE_TOOL,)


def _duration(run: Run) -> Sequence[float]:
    return (run.seconds,)


def _between_chunks(run: Run) -> Sequence[float]:
    times = () if run.chunks is None else run.chunks.times
    return [later - earlier for earlier, later in pairwise(times)]


def _inference_calls(run: Run) -> Sequence[float]:
    return () if run.totals is None else (run.totals.inference_calls,)


def _tool_calls(run: Run) -> Sequence[float]:
    return () if run.totals is None else (run.totals.tool_calls,)


_first_chunk: Final = semconv.GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK
_input: Final = semconv.GEN_AI_USAGE_INPUT_TOKENS
_output: Final = semconv.GEN_AI_USAGE_OUTPUT_TOKENS
_waited: Final = semconv.LANGGRAPH_INTERRUPT_WAIT


class Row(NamedTuple):
    """A histogram: of which operations, which values, under which of the run's facts."""

    name: str
    unit: str
    buckets: tuple[float, ...]
    operations: tuple[str, ...]
    values: Values
    attributes: tuple[str, ...]
    token_type: str | None = None


COUNT_UNIT: Final = "{token}"
DOLLAR_UNIT: Final = "{USD}"
CALL_UNIT: Final = "{call}"
NAMES: Final = semconv
LATEST: Final = (
    Row(NAMES.METRIC_INFERENCE_DURATION, "s", SECONDS, MODELS, _duration, MODEL_FAILING),
    Row(NAMES.METRIC_INFERENCE_FIRST_CHUNK, "s", SECONDS, MODELS, _first_chunk, CLIENT),
    Row(NAMES.METRIC_INFERENCE_CHUNK, "s", SECONDS, MODELS, _between_chunks, CLIENT),
    Row(NAMES.METRIC_INFERENCE_INPUT, COUNT_UNIT, TOKENS, MODELS, _input, MODEL),
    Row(NAMES.METRIC_INFERENCE_OUTPUT, COUNT_UNIT, TOKENS, MODELS, _output, MODEL),
    Row(NAMES.METRIC_CLIENT_DURATION, "s", SECONDS, OTHER_CLIENTS, _duration, CLIENT_FAILING),
    Row(
        NAMES.METRIC_WORKFLOW_DURATION,
        "s",
        WORKFLOW_SECONDS,
        WORKFLOWS,
        _duration,
        WORKFLOW_FAILING,
    ),
)
PREVIOUS: Final = (
    Row(NAMES.METRIC_CLIENT_DURATION, "s", SECONDS, CLIENTS, _duration, CLIENT_FAILING),
    Row(NAMES.METRIC_PREVIOUS_FIRST_CHUNK, "s", SECONDS, MODELS, _first_chunk, CLIENT),
    Row(NAMES.METRIC_PREVIOUS_CHUNK, "s", SECONDS, MODELS, _between_chunks, CLIENT),
    Row(NAMES.METRIC_PREVIOUS_TOKENS, COUNT_UNIT, TOKENS, COUNTED, _input, CLIENT, "input"),
    Row(NAMES.METRIC_PREVIOUS_TOKENS, COUNT_UNIT, TOKENS, COUNTED, _output, CLIENT, "output"),
    Row(
        NAMES.METRIC_PREVIOUS_WORKFLOW_DURATION,
        "s",
        WORKFLOW_SECONDS,
        WORKFLOWS,
        _duration,
        WORKFLOW_FAILING,
    ),
)
IN_BOTH: Final = (
    Row(NAMES.METRIC_AGENT_DURATION, "s", AGENT_SECONDS, AGENTS, _duration, AGENT_FAILING),
    Row(
        NAMES.METRIC_AGENT_INFERENCE_CALLS,
        "{inference_call}",
        CALLS,
        AGENTS,
        _inference_calls,
        AGENT,
    ),
    Row(NAMES.METRIC_AGENT_TOOL_CALLS, "{tool_call}", CALLS, AGENTS, _tool_calls, AGENT),
    Row(NAMES.METRIC_TOOL_DURATION, "s", SECONDS, TOOLS, _duration, TOOL_FAILING),
    Row(NAMES.METRIC_INTERRUPT_DURATION, "s", WAITING_SECONDS, GRAPHS, _waited, PAUSING),
)

TOTALS: Final = {
    semconv.GEN_AI_USAGE_INPUT_TOKENS: semconv.METRIC_TOTAL_INPUT,
    semconv.GEN_AI_USAGE_OUTPUT_TOKENS: semconv.METRIC_TOTAL_OUTPUT,
    semconv.GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS: semconv.METRIC_TOTAL_CACHE_READ,
    semconv.GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS: semconv.METRIC_TOTAL_CACHE_WRITE,
    semconv.GEN_AI_USAGE_REASONING_OUTPUT_TOKENS: semconv.METRIC_TOTAL_REASONING,
}
"""The sums of the latest conventions: each adds up one fact of a model call."""


def rows_of(flavour: str) -> list[Row]:
    """The histograms of a flavour; where both have a name, the previous one records more."""
    chosen = {
        "latest": LATEST,
        "previous": PREVIOUS,
        "both": (*LATEST, *PREVIOUS),
    }[flavour]
    by_name = {(row.name, row.token_type): row for row in (*chosen, *IN_BOTH)}
    return list(by_name.values())
