"""Counts failures of our own code, logs each kind once, and raises them when strict."""

from __future__ import annotations

import logging
from collections import Counter
from typing import Final

from langchain_otel.async_exceptions import is_asynchronous

logger: Final = logging.getLogger("langchain_otel")

failures: Final[Counter[str]] = Counter()
"""How often each kind of failure happened, by `place:exception type`, and each limit was met."""

UNKNOWN_TENANT: Final = "unknown tenant"
EVICTED: Final = "evicted"
ORPHANED: Final = "orphaned"
NOTICE: Final = "notice"
LEFT_OUT: Final = ("detail", "run_filter", "failure")
"""Why a run has no span."""
events: Final[Counter[str]] = Counter()
"""How often what is no failure happened, by the names above."""

OTLP: Final = "otlp"
"""The place of a failure to write an attribute."""

MAX_UNKNOWN_TENANTS: Final = 20
MAX_TENANT_NAME: Final = 64
unknown_tenants: Final[set[str]] = set()

lost_seams: Final[set[str]] = set()
"""The names of what we rely on in other packages and is not there, or not as we need it."""

MAX_KINDS: Final = 1_000
MAX_SHOWN: Final = 200
OTHER: Final = "other kinds of failures"

strict: bool = False
"""Raise what `failed` would swallow: the tests of this package do, an application never."""


def failed(place: str, error: Exception) -> None:
    """Record that our own code failed in `place`; the application goes on untouched.

    The message of the error is left out of the log line: it may quote a prompt. What a signal
    handler or another thread raised is no failure of ours, and goes on to the application.
    """
    if strict or is_asynchronous(error):
        raise error
    kind = f"{place}:{type(error).__name__}"
    if _first(kind):
        logger.warning(
            "langchain-otel failed in %s (%s); the application is not affected, the span may lack "
            "attributes. Logged once. Please report it with the stack trace that the log level "
            "DEBUG of this logger shows.",
            place,
            _shown(type(error).__name__),
        )
        logger.debug("langchain-otel failed in %s", place, exc_info=error)


def limited(limit: str, consequence: str) -> None:
    """Record that the limit named `limit` was met; `consequence` says what happens instead."""
    if _first(limit):
        logger.warning("langchain-otel: %s was reached: %s. Logged once.", limit, consequence)


def left_out(attribute: str, error: Exception) -> None:
    """Record that an attribute cannot be written as OTLP; neither the error nor its text is said.

    They may quote the value.
    """
    reason = type(error).__name__
    if _first(f"{OTLP}:{reason}"):
        logger.warning(
            "The attribute %s was left out: %s. Logged once, also for other attributes.",
            _shown(attribute),
            _shown(reason),
        )


def left_unpriced(reason: str) -> None:
    """Record that the function given as `cost` raised, or gave what is no cost."""
    if _first(f"cost:{reason}"):
        logger.warning(
            "The function given as cost raised, or gave what is no cost (%s): the price of the "
            "call is unknown. Logged once.",
            _shown(reason),
        )


def function_failed(option: str, reason: str, consequence: str, error: Exception | None) -> None:
    """Record that a function that the user gave as an option raised, or gave what it may not.

    `reason` is a type, because the message of an error may quote a prompt. `error` is None where
    not even the log level DEBUG may show it.
    """
    if _first(f"{option}:{reason}"):
        logger.warning(
            "The function given as %s failed (%s): %s. Logged once.%s",
            option,
            _shown(reason),
            consequence,
            "" if error is None else " The log level DEBUG of this logger shows the stack trace.",
        )
        if error is not None:
            logger.debug("The function given as %s failed", option, exc_info=error)


def not_installed(what: str, command: str) -> None:
    """Record that a package is missing that an option needs; `command` installs it."""
    if _first(f"not installed:{command}"):
        logger.warning("%s, which is not installed: %s", what, command)


def unknown_tenant(name: str) -> None:
    """Record that a run names a tenant that nobody has registered, as a request may."""
    events[UNKNOWN_TENANT] += 1
    shown = name[:MAX_TENANT_NAME]
    if shown in unknown_tenants or len(unknown_tenants) >= MAX_UNKNOWN_TENANTS:
        return
    unknown_tenants.add(shown)
    logger.warning(
        "No tenant %r is registered: its runs are recorded as those without a tenant. Call "
        "register_tenant() before. Logged once for a name, for %d names at most.",
        shown,
        MAX_UNKNOWN_TENANTS,
    )


def _shown(name: str) -> str:
    """A name that others have chosen, for a line of the log: it begins no line of its own."""
    shown = name[:MAX_SHOWN]
    return shown if shown.isprintable() else ascii(shown)


def _first(kind: str) -> bool:
    if kind not in failures and len(failures) >= MAX_KINDS:
        # Classes of exceptions may be made per request.
        kind = OTHER
    failures[kind] += 1
    return failures[kind] == 1
