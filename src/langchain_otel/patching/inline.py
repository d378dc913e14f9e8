"""Keeps an inline handler from changing what other handlers are called with."""

from __future__ import annotations

import copy
import sys
from collections.abc import Callable
from functools import wraps
from typing import Any, Self

from langchain_core.callbacks import BaseCallbackHandler

from langchain_otel import health
from langchain_otel.async_exceptions import is_asynchronous
from langchain_otel.patching.wrapping import unbound


class InlineHandler(BaseCallbackHandler):
    """A handler whose synchronous methods run where the event happens, in async code too.

    Anything else costs a hop to a thread or to a loop at each event, and loses the order of starts.
    """

    run_inline = True
    # LangChain asks before each event: a variable takes the place of a property.
    ignore_llm = ignore_chat_model = ignore_chain = ignore_agent = False
    ignore_retriever = ignore_retry = ignore_custom_event = False

    @property
    def raise_error(self) -> bool:  # type: ignore[override] # a variable of the class
        """Whether LangChain raises what it has caught: an exception that came from outside."""
        error = sys.exception()
        return error is not None and is_asynchronous(error)

    def only_notes_chunks(self) -> bool:
        """Whether it does nothing with a chunk of a stream but note it."""
        return False

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        """The handler itself: a copied configuration goes on with the same runs."""
        return self

    def __copy__(self) -> Self:
        """The handler itself, as for a deep copy."""
        return self


def repair_on_llm_start(original: Callable[..., Any]) -> Callable[..., Any]:
    """`AsyncCallbackManager.on_llm_start` that our presence does not change for other handlers.

    LangChain skips every handler that is not inline as soon as one is inline, as ours has to be
    (https://github.com/langchain-ai/langchain/issues/39633).
    """
    method = unbound(original)

    @wraps(original)
    async def on_llm_start(
        self: Any, serialized: Any, prompts: list[str], *args: Any, **kwargs: Any
    ) -> Any:
        ours = [h for h in self.handlers if isinstance(h, InlineHandler)]
        if not ours:
            return await method(self, serialized, prompts, *args, **kwargs)
        others = copy.copy(self)
        others.handlers = [h for h in self.handlers if h not in ours]
        managers = await method(others, serialized, prompts, *args, **kwargs)
        try:
            _report_to(ours, self, managers, serialized, prompts, kwargs)
        except Exception as error:
            health.failed("start", error)
        return managers

    return on_llm_start


def _report_to(
    ours: list[InlineHandler],
    around: Any,
    managers: list[Any],
    serialized: Any,
    prompts: list[str],
    kwargs: dict[str, Any],
) -> None:
    """Report the run of each prompt to our handlers, which its manager has from here on, too."""
    options = {key: value for key, value in kwargs.items() if key != "run_id"}
    for manager, prompt in zip(managers, prompts, strict=True):
        manager.handlers = around.handlers
        for handler in ours:
            handler.on_llm_start(
                serialized,
                [prompt],
                run_id=manager.run_id,
                parent_run_id=around.parent_run_id,
                tags=around.tags,
                metadata=around.metadata,
                **options,
            )
