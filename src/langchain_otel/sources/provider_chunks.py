"""Reads the response id from streamed chunks of a provider; LangChain does not keep it."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from langchain_otel import health
from langchain_otel.content.values import text
from langchain_otel.operations.response import response_identity
from langchain_otel.patching.wrapping import unbound
from langchain_otel.runs.context import active_run

Wrap = Callable[[Callable[..., Any]], Callable[..., Any]]


def reads_response_id(position: int) -> Wrap:
    """The call converts a provider's chunk or event, its argument here, while streaming."""

    def wrap(original: Callable[..., Any]) -> Callable[..., Any]:
        method = unbound(original)

        @wraps(original)
        def call(*args: Any, **kwargs: Any) -> Any:
            try:
                _read(args[position])
            except Exception as error:
                health.failed("source_facts", error)
            return method(*args, **kwargs)

        return call

    return wrap


def _read(chunk: Any) -> None:
    run = active_run()
    if run is None or run.source_facts:
        return
    # OpenAI's chunks are dicts with an id each; Anthropic's first event holds a message.
    is_dict = isinstance(chunk, dict)
    found = chunk.get("id") if is_dict else getattr(getattr(chunk, "message", None), "id", None)
    response_id = text(found)
    if response_id is not None:
        run.source_facts = response_identity(response_id)
