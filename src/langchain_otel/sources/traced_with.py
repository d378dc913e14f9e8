"""Lets an application record the runs of a block, or of a tenant, in their own way."""

from __future__ import annotations

from typing import Unpack
from uuid import UUID

from langchain_otel.recording.arguments import Recorded
from langchain_otel.recording.recorder_changes import changes_of
from langchain_otel.recording.recorder_choice import chosen
from langchain_otel.recording.tenants import forget_tenant, keep_tenant
from langchain_otel.runs.changes import CHANGES_KEY, RECORDER_CHOICE, Changes, with_changes
from langchain_otel.sources.blocks import Block
from langchain_otel.sources.identifiers import checked_identifier

# All blocks and tenants are made here: who has none imports no choice of recorders.
RECORDER_CHOICE.choose = chosen


def traced_with(**arguments: Unpack[Recorded]) -> Block:
    """Trace the runs of a `with` block or a decorated function with options of their own.

        with traced_with(capture_message_content=True, tracer_provider=theirs):
            chain.invoke(question)

        @traced_with(redact=without_names)
        async def answer(question): ...

    What is not named is as `instrument()` has it, or as a block around has it. It holds for the
    runs that start inside, with all below them, in threads and tasks with a copy of the context
    too. One object can be entered again and again, by many threads and tasks at once.

    Args:
        arguments: As the handler takes them: `tracer_provider`, `meter_provider`,
            `logger_provider` and every option of `langchain_otel.config`; None names nothing.

    Raises:
        TypeError: There is no such argument, or it is of the wrong type; or what is decorated is
            no function.
        ValueError: An option has no valid value.
    """
    return _block("traced_with", changes_of("traced_with", arguments))


def register_tenant(name: str | int | UUID, **arguments: Unpack[Recorded]) -> Block:
    """Trace the runs whose metadata name a tenant with options of its own.

        register_tenant("acme", capture_message_content=True, tracer_provider=theirs)
        chain.invoke(question, {"metadata": {"langchain_otel.tenant": "acme"}})

    The metadata choose among what is registered, and hold nothing else. A tenant that nobody has
    registered is traced as everything is, with one warning. A name that is registered again has
    the new arguments for the runs that start then. Inside a block of `traced_with()` the block
    counts, and metadata are not looked at.

    Args:
        name: As metadata name it.
        arguments: As those of `traced_with()`.

    Returns:
        The same as a block, for code that would rather enter it.

    Raises:
        TypeError: There is no such argument, or it or the name is of the wrong type.
        ValueError: The name is empty, or an option has no valid value.
    """
    checked = checked_identifier("name", name)
    changes = changes_of("register_tenant", arguments)
    keep_tenant(checked, changes)
    return _block("register_tenant", changes)


def unregister_tenant(name: str | int | UUID) -> None:
    """Trace the runs of a tenant that start from here on as those without a tenant.

    Raises:
        TypeError: The name is no str, int or UUID.
        ValueError: No tenant of that name is registered.
    """
    if not forget_tenant(checked_identifier("name", name)):
        raise ValueError(f"no tenant {name!r} is registered")


def _block(name: str, changes: Changes) -> Block:
    return Block(name, changes, CHANGES_KEY, with_changes)
