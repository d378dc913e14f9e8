"""Lets an application name the conversation, user and session of its runs."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from langchain_otel import semconv
from langchain_otel.runs.identity import IDENTITY_KEY, Identity, with_identity
from langchain_otel.sources.blocks import Block
from langchain_otel.sources.identifiers import checked_identifier

ARGUMENTS: Final = {
    "id": semconv.GEN_AI_CONVERSATION_ID,
    "user": semconv.USER_ID,
    "session": semconv.SESSION_ID,
}


def conversation(
    id: str | int | UUID | None = None,  # noqa: A002 - the conventions' word
    *,
    user: str | int | UUID | None = None,
    session: str | int | UUID | None = None,
) -> Block:
    """Name the conversation, user or session of the runs in a `with` block or a decorated function.

        with conversation("chat-7", user="ada"):
            chain.invoke(question)

        @conversation(user="batch-job")
        async def answer(question): ...

    Model, tool, agent and workflow spans inside have `gen_ai.conversation.id`; `user.id` and
    `session.id` stand on the first LangChain span inside. They are set on purpose, so they are
    recorded whether or not content is: pass a pseudonym where traces must not say who it is.

    What a run's own configuration names (metadata or configurable: `thread_id`, `session_id`,
    `conversation_id`; `user_id`, `user.id`; `session_id`, `session.id`) wins over the block around
    it, and a block over what the runs around it have: the nearest one counts. Of nested
    blocks the inner one overrides only what it names. All travels in OpenTelemetry's context, not
    in its baggage: to tasks and threads with a copy of the context, but in no header.

    Raises:
        TypeError: A value is no str, int or UUID, or what is decorated is no function.
        ValueError: A value is empty, or there is none.
    """
    identity = _identity({"id": id, "user": user, "session": session})
    return Block("conversation", identity, IDENTITY_KEY, with_identity)


def _identity(arguments: dict[str, Any]) -> Identity:
    identity = {
        ARGUMENTS[name]: checked_identifier(name, value)
        for name, value in arguments.items()
        if value is not None
    }
    if not identity:
        raise ValueError("conversation() needs an id, a user or a session; got none of them")
    return identity
