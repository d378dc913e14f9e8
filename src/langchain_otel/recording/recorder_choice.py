"""Chooses the recorder of a run that starts where blocks and tenants have recorders of their own.

A block counts that was entered since the run around started. Where there is no block at all, the
tenant does that the metadata name and those of the run around do not. Else it is as around.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from opentelemetry.context import Context

from langchain_otel import health
from langchain_otel.recording.recorder import Recorder
from langchain_otel.recording.registry import current_recorder
from langchain_otel.recording.tenants import changes_for, tenant_in
from langchain_otel.runs.changes import RECORDER_CHOICE, Changes, changes_block
from langchain_otel.runs.context import current, innermost, run_around
from langchain_otel.runs.run import Run, RunRecorder
from langchain_otel.runs.store import RUNS

Metadata = Mapping[str, Any] | None


def chosen(
    recorder: RunRecorder, parent_run_id: UUID | None = None, metadata: Metadata = None
) -> RunRecorder | None:
    """The recorder of a run that starts, where `recorder` would be it otherwise.

    None where it cannot be made: another one might record what this one would not.
    """
    if not (RECORDER_CHOICE.is_needed and recorder.follows_blocks):
        return recorder
    try:
        return _chosen(recorder, parent_run_id, metadata)
    except Exception as error:
        health.failed("choice", error)
        return None


def recorder_here() -> RunRecorder | None:
    """The recorder of what happens here and belongs to no run."""
    return chosen(current_recorder())


def _chosen(recorder: RunRecorder, parent_run_id: UUID | None, metadata: Metadata) -> RunRecorder:
    ambient = current()
    named = None if parent_run_id is None else RUNS.of_origin(parent_run_id, recorder)
    around = _around(recorder, named, ambient)
    as_around = recorder if around is None else around.recorder
    block = changes_block(ambient)
    known = None if around is None else changes_block(around.ambient)
    if block is not None and block is not known and block.changes is not None:
        return _changed(as_around, block.changes)
    if block is None and known is None:
        tenant = tenant_in(metadata)
        # LangChain passes on what the run says that it names, in the body of another one, too.
        said = () if around is None else (around, named or around)
        if tenant is not None and all(tenant != tenant_in(run.metadata) for run in said):
            changes = changes_for(tenant)
            return recorder.origin if changes is None else _changed(recorder.origin, changes)
    return as_around


def _around(recorder: RunRecorder, named: Run | None, ambient: Context) -> Run | None:
    """The open run in whose body a run starts, as it is recorded in the place of `recorder`."""
    if named is not None:
        return innermost(named, ambient)
    active = run_around(ambient)
    return None if active is None else RUNS.of_origin(active.id, recorder)


def _changed(base: RunRecorder, changes: Changes) -> RunRecorder:
    return changes.made_to(base) if isinstance(base, Recorder) else base
