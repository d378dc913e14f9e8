"""Knows what a provider's chunk says that LangChain does not keep: the id of the answer."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from langchain_otel import health
from langchain_otel.context import active_run
from langchain_otel.frames import unbound
from langchain_otel.mapping import text
from langchain_otel.operations.answer import response_identity


def learns_response_id(original: Callable[..., Any]) -> Callable[..., Any]:
    """The call converts a provider's chunk or event, its first argument, while streaming."""
    method = unbound(original)

    @wraps(original)
    def call(self: Any, chunk: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            _learn(chunk)
        except Exception as error:
            health.failed("learned", error)
        return method(self, chunk, *args, **kwargs)

    return call


def _learn(chunk: Any) -> None:
    run = active_run()
    if run is None or run.learned:
        return
    # OpenAI's chunks are dicts with an id each; Anthropic's first event holds a message.
    is_dict = isinstance(chunk, dict)
    found = chunk.get("id") if is_dict else getattr(getattr(chunk, "message", None), "id", None)
    response_id = text(found)
    if response_id is not None:
        run.learned = response_identity(response_id)
