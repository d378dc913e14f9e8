"""Finds the conversation, user and session of a run.

The nearest word counts: what the configuration of the run itself says, else the `conversation()`
block that was entered last since the run around it started, else what that run has.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any, Final, Self

from opentelemetry.context import Context, create_key

from langchain_otel import semconv
from langchain_otel.content.attribute_value import identifier
from langchain_otel.content.encodable import sound_attributes
from langchain_otel.content.values import text
from langchain_otel.runs.blocks import EnteredBlock
from langchain_otel.runs.reported import OWN_KEYS, Started
from langchain_otel.runs.run import Run

Identity = dict[str, Any]

SOURCES: Final = {
    "thread_id": (semconv.GEN_AI_CONVERSATION_ID,),
    "session_id": (semconv.GEN_AI_CONVERSATION_ID, semconv.SESSION_ID),
    "conversation_id": (semconv.GEN_AI_CONVERSATION_ID,),
    "user_id": (semconv.USER_ID,),
    semconv.USER_ID: (semconv.USER_ID,),
    semconv.SESSION_ID: (semconv.SESSION_ID,),
}
"""The keys of `metadata` and `configurable`, and what each names if none before it does."""

KEYS: Final = frozenset(SOURCES)
RANK: Final = {key: rank for rank, key in enumerate(SOURCES)}
PEOPLE: Final = (semconv.USER_ID, semconv.SESSION_ID)
CONVERSING: Final = frozenset(
    (
        semconv.CHAT,
        semconv.TEXT_COMPLETION,
        semconv.EXECUTE_TOOL,
        semconv.INVOKE_AGENT,
        semconv.INVOKE_WORKFLOW,
    )
)
"""The operations whose spans the conventions give a conversation."""

UTIL_MODULE: Final = "opentelemetry.util.genai._conversation_context"
UTIL_KEY: Final = "CONVERSATION_ID_KEY"

IDENTITY_KEY: Final = create_key("langchain-otel-identity")


NO_IDENTITY: Final[Identity] = {}


class IdentityBlock(EnteredBlock):
    """The identity of the runs inside a block of code, and the block around it.

    `inherited` is what blocks further out gave that are forgotten.
    """

    __slots__ = ("inherited", "outer")

    outer: IdentityBlock | None

    def __init__(self, own: Identity, ambient: Context, before: Context | None) -> None:
        super().__init__(own, before)
        self.outer = identity_block(ambient)
        self.inherited = NO_IDENTITY

    def moved(self, ambient: Context) -> Self:
        """The same block in another context around."""
        return type(self)(self.own, ambient, ambient)

    def forget_outer(self) -> None:
        """Keep only what the blocks around come to: no open run is between them and this one."""
        if self.outer is not None:
            self.inherited = self.outer.given_since(None)
            self.outer = None

    def given_since(self, known: IdentityBlock | None) -> Identity:
        """What this block and those around it give, up to `known`; the inner ones first."""
        given: Identity = {}
        block: IdentityBlock | None = self
        while block is not None and block is not known:
            given = {**block.inherited, **(block.own or NO_IDENTITY), **given}
            block = block.outer
        return given


def identity_of(source: Mapping[str, Any] | None) -> Identity:
    """What a run's metadata or configurable values name; only real ids, never one that we make."""
    if not source:
        return NO_IDENTITY
    found: Identity = {}
    for key in sorted(KEYS.intersection(source), key=RANK.__getitem__):
        named = identifier(source[key])
        if named is not None:
            for name in SOURCES[key]:
                found.setdefault(name, named)
    return found


def with_identity(identity: Identity, ambient: Context, before: Context | None = None) -> Context:
    """The context of a block of code whose runs have `identity`; `before` is to go back to."""
    return Context({**ambient, IDENTITY_KEY: IdentityBlock(identity, ambient, before)})


def identity_block(ambient: Context) -> IdentityBlock | None:
    """The innermost block around."""
    block: IdentityBlock | None = ambient.get(IDENTITY_KEY)  # type: ignore[assignment]
    return block


def set_identity(run: Run, started: Started) -> None:
    """Give a run that starts its identity, by the nearest word.

    LangChain hands metadata down: what they said of the run around, too, is no word of its own.
    """
    enclosing = run.enclosing
    if enclosing is not None:
        run.identity = enclosing.identity
        run.metadata_identity = enclosing.metadata_identity
        run.configurable_identity = enclosing.configurable_identity
        if run.identity and enclosing.recorder is not run.recorder:
            run.identity = run.recorder.redacted(run.identity)
    own = entered = NO_IDENTITY
    metadata = started.metadata
    if metadata:
        started.is_plain = OWN_KEYS.issuperset(metadata)
        if not started.is_plain and not KEYS.isdisjoint(metadata):
            own = new_in(identity_of(metadata), run.metadata_identity)
    util = sys.modules.get(UTIL_MODULE)
    if IDENTITY_KEY in run.ambient or (
        util is not None and getattr(util, UTIL_KEY, "") in run.ambient
    ):
        entered = _entered_since(run.ambient, Context() if enclosing is None else enclosing.ambient)
    if own:
        run.metadata_identity = {**run.metadata_identity, **own}
    if own or entered:
        run.identity = {**run.identity, **run.recorder.redacted({**entered, **own})}


def add_configurable_identity(run: Run, configurable: Mapping[str, Any]) -> Identity:
    """Add what `configurable` names and later LangChain versions do not report; gives what is new.

    They are inherited as metadata are, but separately: where a run has others of its own,
    LangGraph keeps the metadata of the run around.
    """
    own = new_in(identity_of(configurable), run.configurable_identity)
    if not own:
        return NO_IDENTITY
    inherited = NO_IDENTITY if run.enclosing is None else run.enclosing.identity
    new = {
        name: value for name, value in own.items() if run.identity.get(name) == inherited.get(name)
    }
    run.configurable_identity = {**run.configurable_identity, **own}
    new = run.recorder.redacted(new)
    run.identity = {**run.identity, **new}
    return new


def set_identity_in_body(run: Run, configurable: Mapping[str, Any]) -> None:
    """Set what the configurable values name on the span of a run whose body begins."""
    for each in run.recordings():
        new = add_configurable_identity(each, configurable)
        if new and each.has_span:
            stated = conversation_of(each) | user_and_session_of(each)
            facts = {name: value for name, value in stated.items() if name in new}
            each.facts = each.facts | facts
            each.span.set_attributes(sound_attributes(facts))


def new_in(named: Identity, known: Identity) -> Identity:
    """What of `named` is not `known` yet."""
    if named.items() <= known.items():
        return NO_IDENTITY
    return {name: value for name, value in named.items() if known.get(name) != value}


def conversation_of(run: Run) -> Identity:
    """The conversation, for the span of an operation that has one."""
    name = semconv.GEN_AI_CONVERSATION_ID
    if name not in run.identity or run.facts.get(semconv.GEN_AI_OPERATION_NAME) not in CONVERSING:
        return NO_IDENTITY
    return {name: run.identity[name]}


def user_and_session_of(run: Run) -> Identity:
    """The user and the session, on the span where they first appear."""
    if semconv.USER_ID not in run.identity and semconv.SESSION_ID not in run.identity:
        return NO_IDENTITY
    around = run.enclosing
    while around is not None and not (around.has_span and around.recorder is run.recorder):
        around = around.enclosing
    known = NO_IDENTITY if around is None else around.identity
    return {
        name: run.identity[name]
        for name in PEOPLE
        if name in run.identity and run.identity[name] != known.get(name)
    }


def _entered_since(ambient: Context, around: Context) -> Identity:
    """What the blocks give that were entered between `around` and `ambient`, the inner ones first.

    An id that another instrumentation put there with OpenTelemetry's GenAI utilities counts as the
    outermost block.
    """
    util_key = getattr(sys.modules.get(UTIL_MODULE), UTIL_KEY, "")
    block = identity_block(ambient)
    entered = NO_IDENTITY if block is None else block.given_since(identity_block(around))
    conversation = text(ambient.get(util_key))
    if conversation is not None and conversation != around.get(util_key):
        return {semconv.GEN_AI_CONVERSATION_ID: conversation, **entered}
    return entered
