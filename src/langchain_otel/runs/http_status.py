"""Reads the HTTP status that an exception of a provider's client carries.

Clients keep it in different places: OpenAI, Anthropic, Azure, Ollama, Cohere and Mistral have a
`status_code`, Google a `code`, aiohttp a `status`, httpx and requests a response that has one, AWS
has the response as a dict. A package that raises an exception of its own names that as the cause.
"""

from __future__ import annotations

from http import HTTPStatus
from itertools import chain
from typing import Any, Final

from langchain_otel.content.fields import entry, fields_of
from langchain_otel.exception_fields import cause_of

MAX_CAUSES: Final = 8
STATUSES: Final = range(100, 600)
FAILURES: Final = range(400, 600)
WORDS: Final = (("status_code", STATUSES), ("http_status", STATUSES))
# Words that have other meanings elsewhere.
LOOSE_WORDS: Final = (("code", FAILURES), ("status", FAILURES))
RESPONSE: Final = "response"
AWS_KEYS: Final = ("ResponseMetadata", "HTTPStatusCode")


def http_status(error: BaseException) -> int | None:
    """The status that an exception, or one that caused it, carries; None where there is none."""
    cause: BaseException | None = error
    for _ in range(MAX_CAUSES):
        if cause is None:
            return None
        status = _status_of(cause)
        if status is not None:
            return status
        cause = cause_of(cause)
    return None


def _status_of(error: BaseException) -> int | None:
    response = _field(error, RESPONSE)
    found = chain(
        (_status(_field(error, name), allowed) for name, allowed in WORDS),
        (_status(_field(response, name), allowed) for name, allowed in WORDS),
        (_status(_aws_status(response), STATUSES),),
        (_status(_field(error, name), allowed) for name, allowed in LOOSE_WORDS),
    )
    return next((status for status in found if status is not None), None)


def _field(holder: object, name: str) -> Any:
    """What an object or its class has under a name, without running a property."""
    fields = fields_of(holder)
    if name in fields:
        return fields[name]
    return next((vars(kind)[name] for kind in type(holder).__mro__ if name in vars(kind)), None)


def _aws_status(response: Any) -> Any:
    for key in AWS_KEYS:
        response = entry(response, key)
    return response


def _status(value: Any, allowed: range) -> int | None:
    return int(value) if type(value) in {int, HTTPStatus} and value in allowed else None
