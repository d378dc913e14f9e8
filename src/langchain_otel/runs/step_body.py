"""Makes the span of a run current in the copy of the context in which LangChain runs its body."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from langchain_otel.runs.context import RUN_KEY, current, inside, make_current
from langchain_otel.runs.current_frame import current_frame, hide_frame
from langchain_otel.runs.identity import KEYS, set_identity_in_body
from langchain_otel.runs.run_id import key_of
from langchain_otel.runs.store import open_under


def enter_body(config: Any) -> None:
    """Make the span of the run whose body `config` is for current, in this copy of the context.

    `config` is a `RunnableConfig` whose callback manager names that run as the parent of the next.
    """
    run_id = getattr(config.get("callbacks"), "parent_run_id", None)
    run = None
    if run_id is not None:
        run = open_under(run_id.int if type(run_id) is UUID else key_of(run_id))
    if run is not None:
        run.passes_on = True
        ambient = current()
        if ambient.get(RUN_KEY) is not run:
            make_current(inside(run, ambient))
        configurable = config.get("configurable")
        if configurable and not KEYS.isdisjoint(configurable):
            set_identity_in_body(run, configurable)
    if current_frame() is not None:
        hide_frame()
