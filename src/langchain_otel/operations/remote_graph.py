"""Describes calls of a remote graph: its name, its server, its configuration.

To its caller a remote graph is a graph, so the span is that of a workflow: nothing says whether
it is an agent. It is of the kind CLIENT, other than a workflow in this process: it waits for a
server, whose own spans hang under it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from opentelemetry.trace import SpanKind

from langchain_otel import semconv
from langchain_otel.content.fields import copy_of, fields_of, first_items, mapping_of
from langchain_otel.content.message_list import state_messages
from langchain_otel.content.values import Facts, text
from langchain_otel.operations.provider import server_of
from langchain_otel.operations.span_names import titled
from langchain_otel.runs.identity import KEYS
from langchain_otel.runs.operation import Operation
from langchain_otel.runs.reported import Started

if TYPE_CHECKING:
    from langchain_otel.runs.run import Run


def remote_started(graph: object, arguments: Mapping[str, Any]) -> Started:
    """What the call of a remote graph starts with."""
    tags: list[str] = []
    metadata: dict[str, Any] = {}
    options: dict[str, Any] = {}
    for given in (fields_of(graph).get("config"), arguments.get("config")):
        config = mapping_of(given)
        tags.extend(first_items(config.get("tags")))
        configurable = mapping_of(config.get("configurable"))
        metadata.update({key: configurable[key] for key in KEYS if key in configurable})
        metadata.update(copy_of(mapping_of(config.get("metadata"))))
        options["name"] = text(config.get("run_name")) or options.get("name")
    return Started(None, arguments.get("input"), tags, metadata, options, graph)


def _request(started: Started, _: Run | None) -> Facts:
    facts = server_of(started.owner)
    facts[semconv.GEN_AI_OPERATION_NAME] = semconv.INVOKE_WORKFLOW
    name = _name(started)
    return facts if name is None else facts | {semconv.GEN_AI_WORKFLOW_NAME: name}


def _name(started: Started) -> str | None:
    return text(fields_of(started.owner).get("name"))


def _request_content(started: Started) -> Facts:
    messages = state_messages(started.payload)
    return {semconv.GEN_AI_INPUT_MESSAGES: messages} if messages else {}


REMOTE: Final = Operation(
    family="call",
    kind=SpanKind.CLIENT,
    title=titled(semconv.INVOKE_WORKFLOW, _name),
    request=_request,
    request_content=_request_content,
)
