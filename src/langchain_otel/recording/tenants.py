"""Keeps the tenants that an application has registered, and finds the one that a run names.

The metadata of a run may come from a request. So they can only choose among what is registered.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from langchain_otel import health
from langchain_otel.content.attribute_value import identifier
from langchain_otel.recording.recorder_changes import RecorderChanges
from langchain_otel.runs.changes import RECORDER_CHOICE

TENANT_KEY: Final = "langchain_otel.tenant"
"""The key of a run's metadata that names its tenant."""

_tenants: Final[dict[str, RecorderChanges]] = {}


def keep_tenant(name: str, changes: RecorderChanges) -> None:
    """Have the runs that name a tenant recorded with these changes, in place of earlier ones."""
    RECORDER_CHOICE.is_needed = True
    _tenants[name] = changes


def forget_tenant(name: str) -> bool:
    """Let nothing be changed for a tenant any more; whether there was one of that name."""
    return _tenants.pop(name, None) is not None


def tenant_in(metadata: Mapping[str, Any] | None) -> str | None:
    """The tenant that metadata name, registered or not."""
    return identifier(metadata.get(TENANT_KEY)) if metadata else None


def changes_for(name: str) -> RecorderChanges | None:
    """How the runs of a tenant are recorded; None, and one warning, for one that is unknown."""
    changes = _tenants.get(name)
    if changes is None:
        health.unknown_tenant(name)
    return changes


def forget() -> None:
    """Let it be as if there had been no tenant and no block."""
    _tenants.clear()
    health.unknown_tenants.clear()
    RECORDER_CHOICE.is_needed = False
