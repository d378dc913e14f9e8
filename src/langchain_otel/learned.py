"""Knows what a provider's chunk says that LangChain does not keep: the id of the answer."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from langchain_otel import health
from langchain_otel.context import active_run
from langchain_otel.framing import unbound
from langchain_otel.mapping import text
from langchain_otel.operations.answer import response_identity

Wrap = Callable[[Callable[..., Any]], Callable[..., Any]]


def learns_response_id(position: int) -> Wrap:
    """The call converts a provider's chunk or event, its argument here, while streaming."""

    def wrap(original: Callable[..., Any]) -> Callable[..., Any]:
        method = unbound(original)

        @wraps(original)
        def call(*args: Any, **kwargs: Any) -> Any:
            try:
                _learn(args[position])
            except Exception as error:
                health.failed("learned", error)
            return method(*args, **kwargs)

        return call

    return wrap


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
