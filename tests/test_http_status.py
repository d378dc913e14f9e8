"""The HTTP status that a provider's exception carries stands beside the error's type."""

from collections.abc import Callable
from http import HTTPStatus
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
import requests
from langchain_anthropic import ChatAnthropic
from langchain_core.runnables import RunnableLambda
from langchain_openai import ChatOpenAI
from tenacity import RetryCallState, Retrying

from langchain_otel import semconv
from openai_server import start_server
from recording import Tracing

pytestmark = pytest.mark.usefixtures("wrapped_once")

OPTIONS: dict[str, Any] = {"api_key": "none", "max_retries": 0}
STATUS = semconv.HTTP_RESPONSE_STATUS_CODE


class ClientError(Exception):
    """An exception with whatever a client puts on it."""

    def __init__(self, **fields: Any) -> None:
        super().__init__("failed")
        self.__dict__.update(fields)


class GoogleError(Exception):
    """As those of google.api_core: the status is the class's."""

    code = HTTPStatus.TOO_MANY_REQUESTS


class TouchyError(Exception):
    """Its properties are not to be run."""

    @property
    def status_code(self) -> int:
        raise AssertionError("a property was run")

    code = response = status_code


def of_httpx() -> Exception:
    request = httpx.Request("GET", "http://127.0.0.1/")
    return httpx.HTTPStatusError("no", request=request, response=httpx.Response(503))


def of_requests() -> Exception:
    response = requests.Response()
    response.status_code = 404
    return requests.HTTPError("no", response=response)


def caused(cause: Exception) -> Exception:
    error = ValueError("what a package raises instead")
    error.__cause__ = cause
    return error


def in_a_circle() -> Exception:
    error, other = ValueError(), ValueError()
    error.__cause__, other.__cause__ = other, error
    return error


def aws(status: Any) -> Exception:
    return ClientError(response={"ResponseMetadata": {"HTTPStatusCode": status}})


FOUND: dict[str, tuple[Callable[[], Exception], int]] = {
    "httpx": (of_httpx, 503),
    "requests": (of_requests, 404),
    "status_code": (lambda: ClientError(status_code=429), 429),
    "http_status": (lambda: ClientError(http_status=500), 500),
    "its own before its response's": (
        lambda: ClientError(status_code=429, response=SimpleNamespace(status_code=200)),
        429,
    ),
    "AWS": (lambda: aws(400), 400),
    "Google": (GoogleError, 429),
    "code": (lambda: ClientError(code=503), 503),
    "aiohttp": (lambda: ClientError(status=502), 502),
    "an enum": (lambda: ClientError(status_code=HTTPStatus.BAD_GATEWAY), 502),
    "a cause": (lambda: caused(of_httpx()), 503),
}
NOT_FOUND: dict[str, Callable[[], Exception]] = {
    "none": lambda: ValueError("429"),
    "a text": lambda: ClientError(status_code="429"),
    "a bool": lambda: ClientError(status_code=True),
    "a float": lambda: ClientError(status_code=429.0),
    "no status": lambda: ClientError(status_code=-1),
    "a code of its own": lambda: ClientError(code="insufficient_quota"),
    "a code that is no failure": lambda: ClientError(code=200),
    "a websocket's code": lambda: ClientError(code=1006),
    "a method": lambda: ClientError(code=lambda: 429),
    "a response without one": lambda: ClientError(response=None),
    "AWS without one": lambda: aws(None),
    "AWS otherwise": lambda: ClientError(response={"ResponseMetadata": [429]}),
    "properties": TouchyError,
    "a circle": in_a_circle,
}


def failed_with(tracing: Tracing, error: Exception) -> list[Any]:
    """What the spans of a chain say whose step fails so."""

    def fail(_: Any) -> Any:
        raise error

    inner = RunnableLambda(fail, name="inner")
    with pytest.raises(type(error)):
        RunnableLambda(inner.invoke).invoke("x")
    return [(span.attributes or {}).get(STATUS) for span in tracing.spans]


@pytest.mark.parametrize(("error", "status"), FOUND.values(), ids=FOUND)
def test_status(tracing: Tracing, error: Callable[[], Exception], status: int) -> None:
    """On each span that has the error's type, as an int."""
    assert failed_with(tracing, error()) == [status, status]


@pytest.mark.parametrize("error", NOT_FOUND.values(), ids=NOT_FOUND)
def test_no_status(tracing: Tracing, error: Callable[[], Exception]) -> None:
    """Only what is a status is taken for one, and no code of an exception is run."""
    assert failed_with(tracing, error()) == [None, None]


@pytest.mark.parametrize("status", [401, 429, 503])
def test_openai(tracing: Tracing, status: int) -> None:
    """From the real client, on the model's span; metrics have the type alone."""
    with start_server() as server:
        model = ChatOpenAI(model=f"fail-{status}", base_url=server.base_url, **OPTIONS)
        with pytest.raises(Exception, match=str(status)):
            model.invoke("hi")
    (span,) = tracing.spans
    attributes = span.attributes or {}
    assert attributes[STATUS] == status
    assert semconv.ERROR_TYPE in attributes
    for name in ("gen_ai.client.inference.duration", "gen_ai.client.operation.duration"):
        (point,) = tracing.points(name)
        assert STATUS not in point.attributes


def test_anthropic(tracing: Tracing) -> None:
    """From the real client of another provider, which nobody answers as it wants."""
    with start_server() as server:
        options: Any = {"model": "claude", "base_url": server.base_url, **OPTIONS}
        model = ChatAnthropic(**options)
        with pytest.raises(Exception, match="404"):
            model.invoke("hi")
    (span,) = tracing.spans
    assert (span.attributes or {})[STATUS] == 404


def test_event_of_a_retry(tracing: Tracing) -> None:
    """It has the status beside the type as well."""

    def body(text: str, run_manager: Any) -> str:
        state = RetryCallState(Retrying(), None, (), {})
        state.set_exception((ClientError, ClientError(status_code=429), None))
        run_manager.on_retry(state)
        return text

    RunnableLambda(body).invoke("x")
    (event,) = tracing.spans[0].events
    assert (event.attributes or {})[STATUS] == 429
