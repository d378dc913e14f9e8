"""Gives the id of the run whose code is being executed."""

from __future__ import annotations

from uuid import UUID

from langchain_otel.runs import context


def current_run_id() -> UUID | None:
    """The id of the innermost open run in whose code the caller is; None outside of runs.

    The code of a run is a tool's, a node's, a function's, a retriever's or a model's body, and all
    that it calls: with asyncio, in threads that LangChain starts, and in generators. A callback is
    called in the code of some run, too; the run that it is about is its argument `run_id`.
    """
    run = context.innermost_run(context.current())
    return None if run is None else run.id
