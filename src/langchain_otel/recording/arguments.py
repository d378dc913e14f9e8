"""Types the arguments of `instrument()` and of the handler, for editors and type checkers.

`langchain_otel.config` has the table of the options, with their meanings; a test compares the two.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, TypedDict

from opentelemetry._logs import LoggerProvider
from opentelemetry.metrics import MeterProvider
from opentelemetry.trace import TracerProvider

from langchain_otel.config import Hook
from langchain_otel.content.policy import Redact
from langchain_otel.pricing.function import PriceFunction
from langchain_otel.recording.hooks import RunFilter, SpanHook, SpanName

CaptureMode = Literal["NO_CONTENT", "SPAN_ONLY", "EVENT_ONLY", "SPAN_AND_EVENT"]


class Options(TypedDict, total=False):
    """The options as arguments: each wins over its environment variable, None does not."""

    capture_message_content: CaptureMode | bool | None
    capture_messages: bool | None
    capture_tools: bool | None
    capture_documents: bool | None
    capture_prompt_variables: bool | None
    capture_exceptions: bool | None
    capture_state: bool | None
    capture_binary: bool | None
    structured_messages: bool | None
    redact: Redact | None
    max_content_length: int | None
    max_span_content_bytes: int | None
    history: Literal["full", "new"] | None
    emit_event: bool | None
    completion_hook: str | Hook | None
    request_hook: SpanHook | None
    response_hook: SpanHook | None
    span_name: SpanName | None
    run_filter: RunFilter | None
    metrics: Literal["both", "latest", "previous"] | None
    self_metrics: bool | None
    cost: bool | str | Path | PriceFunction | None
    exception_signal: Literal["both", "logs", "spans"] | None
    evaluation_signal: Literal["auto", "both", "logs", "spans"] | None
    detail: Literal["all", "nodes", "semantic"] | None
    dialect: Literal["gen_ai", "openinference", "both"] | None
    baggage_keys: str | Sequence[str] | None
    max_open_runs: int | None


class Providers(TypedDict, total=False):
    """Where spans, metrics and log records go; None: to the global provider."""

    tracer_provider: TracerProvider | None
    meter_provider: MeterProvider | None
    logger_provider: LoggerProvider | None


class Recorded(Options, Providers, total=False):
    """What a handler, a block or a tenant takes: how runs are recorded, and where that goes."""


class Arguments(Recorded, total=False):
    """What `instrument()` takes, with what the base class of all instrumentors takes."""

    skip_dep_check: bool
    raise_exception_on_conflict: bool
