"""Lets an application name the conversation, user and session of its runs."""

from collections.abc import Callable
from typing import Any, Final, TypeVar
from uuid import UUID

from langchain_otel import semconv
from langchain_otel.content.values import text
from langchain_otel.patching.wrapping import framed
from langchain_otel.runs.context import enter_identity, leave_identity
from langchain_otel.runs.frame import Frame
from langchain_otel.runs.identity import Identity

Function = TypeVar("Function", bound=Callable[..., Any])

ARGUMENTS: Final = {
    "id": semconv.GEN_AI_CONVERSATION_ID,
    "user": semconv.USER_ID,
    "session": semconv.SESSION_ID,
}


class Conversation:
    """What `conversation()` gives: a context manager, sync or async, and a decorator."""

    def __init__(self, identity: Identity) -> None:
        self._identity = identity

    def __enter__(self) -> None:
        enter_identity(self._identity)

    def __exit__(self, *_: object) -> None:
        leave_identity(self._identity)

    async def __aenter__(self) -> None:
        enter_identity(self._identity)

    async def __aexit__(self, *_: object) -> None:
        leave_identity(self._identity)

    def __call__(self, function: Function) -> Function:
        """Have `function` run in the block: a generator while its own code runs, and only then."""
        if not callable(function) or isinstance(function, type):
            raise TypeError(
                "conversation() decorates a function, a coroutine function or a generator "
                f"function; got {function!r}, a {type(function).__name__}"
            )
        identity = self._identity
        return framed(function, lambda _, __: Frame(None, None, identity=identity))  # type: ignore[return-value]


def conversation(
    id: str | int | UUID | None = None,  # noqa: A002 - the conventions' word
    *,
    user: str | int | UUID | None = None,
    session: str | int | UUID | None = None,
) -> Conversation:
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
    return Conversation(_identity({"id": id, "user": user, "session": session}))


def _identity(arguments: dict[str, Any]) -> Identity:
    identity = {
        ARGUMENTS[name]: _identifier(name, value)
        for name, value in arguments.items()
        if value is not None
    }
    if not identity:
        raise ValueError("conversation() needs an id, a user or a session; got none of them")
    return identity


def _identifier(name: str, value: Any) -> str:
    if not isinstance(value, (str, int, UUID)) or isinstance(value, bool):
        raise TypeError(
            f"{name} must be a str, an int or a UUID; got {value!r}, a {type(value).__name__}"
        )
    identifier = text(value)
    if identifier is None or not identifier.strip():
        raise ValueError(f"{name} must not be empty; got {value!r}")
    return identifier
