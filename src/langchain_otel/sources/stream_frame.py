"""Notes the chunks of a chat model's stream where they go to the caller.

LangChain reports each chunk to all handlers, which takes longer than all else that a chunk needs.
The frame around the stream sees the same chunks: of ours, no handler need be called.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

from langchain_otel import health
from langchain_otel.content.fields import fields_of
from langchain_otel.operations.model import is_last
from langchain_otel.patching.inline import InlineHandler
from langchain_otel.runs.frame import Frame
from langchain_otel.runs.run import Run


class StreamFrame(Frame):
    """The call of a generator that gives the chunks of a chat model's answer.

    `noted` are the recordings of the run whose chunks are noted here.
    """

    noted: Sequence[Run] = ()

    def on_managers(self, managers: Any) -> None:
        """Take the chunks over from the handlers that have nothing else to do with them."""
        try:
            for manager in managers:
                if self.run is not None and manager.run_id == self.run.id:
                    self._take_over(manager)
        except Exception as error:
            health.failed("stream", error)

    def _take_over(self, manager: Any) -> None:
        ours: list[object] = []
        others = copy.copy(manager)
        others.handlers = []
        for handler in manager.handlers:
            leaves = isinstance(handler, InlineHandler) and handler.only_notes_chunks()
            (ours if leaves else others.handlers).append(handler)
        manager.on_llm_new_token = others.on_llm_new_token
        self.noted = [run for run in self.started if run.handler in ours]

    def on_item(self, item: Any) -> None:
        """Note what the generator gives its caller: a message of the answer."""
        if not self.noted:
            return
        try:
            content = fields_of(item).get("content")
            # Whether a value of another type is true may be code of its own.
            is_empty = not ((type(content) is str or type(content) is list) and content)
            if is_empty and is_last(item):
                return
            for run in self.noted:
                if run.chunks is None:
                    run.begin_stream(item)
                else:
                    run.chunks.note(item)
        except Exception as error:
            health.failed("stream", error)
