"""Fetches JSON by HTTP, and says in plain words why it cannot, without a URL's secrets."""

from __future__ import annotations

import base64
import urllib.error
import urllib.request
from collections.abc import Mapping
from http.client import HTTPException, HTTPMessage
from typing import IO, Any, Final
from urllib.parse import SplitResult, unquote, urljoin, urlsplit

from langchain_otel.viewing.documents import parsed
from langchain_otel.viewing.spans import SourceError

TIMEOUT: Final = 20.0
MAX_BYTES: Final = 500_000_000
NOT_FOUND: Final = (400, 404, 405, 501)
REFUSED: Final = (401, 403)
LOCAL: Final = ("localhost", "127.0.0.1", "::1")


class Site:
    """A server, asked with the same headers each time; its name has no secrets."""

    def __init__(self, url: SplitResult, path: str, headers: Mapping[str, str]) -> None:
        host = url.hostname or ""
        port = f":{url.port}" if url.port else ""
        self.name: Final = f"{url.scheme}://{f'[{host}]' if ':' in host else host}{port}"
        self._base = self.name + path.rstrip("/")
        self._headers = {"Accept": "application/json", **_credentials(url), **headers}
        # What is on this machine is not reached through a proxy.
        proxies = [urllib.request.ProxyHandler({})] if host in LOCAL else []
        self._opener = urllib.request.build_opener(*proxies, _SameOrigin())

    def get(self, path: str) -> Any:
        """What a path answers as JSON; None where there is no such thing, or it is no JSON."""
        body = self._body(self._base + path)
        return None if body is None else parsed(body)

    def _body(self, url: str) -> bytes | None:
        request = urllib.request.Request(url, headers=self._headers)  # noqa: S310 - see `site_of`
        try:
            with self._opener.open(request, timeout=TIMEOUT) as answer:
                body: bytes = answer.read(MAX_BYTES + 1)
        except urllib.error.HTTPError as error:
            self._check(error)
            return None
        except (OSError, HTTPException, ValueError) as error:
            raise SourceError(f"{self.name} does not answer: {_reason(error)}.") from None
        if len(body) > MAX_BYTES:
            raise SourceError(f"{self.name} answers with more than {MAX_BYTES} bytes.")
        return body

    def _check(self, error: urllib.error.HTTPError) -> None:
        with error:
            if error.code in NOT_FOUND:
                return
        if error.code in REFUSED:
            raise SourceError(
                f"{self.name} refuses to answer (HTTP {error.code}): give a --header, such as "
                '--header "Authorization: Bearer ...".'
            )
        raise SourceError(f"{self.name} answers with HTTP {error.code}.")


class _SameOrigin(urllib.request.HTTPRedirectHandler):
    """Follows a server to other places of its own only: headers are for nobody else."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        there, here = urlsplit(urljoin(req.full_url, newurl)), urlsplit(req.full_url)
        if (there.scheme, there.netloc) != (here.scheme, here.netloc):
            fp.close()
            raise ValueError("it leads to another server")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def url_of(source: str) -> SplitResult:
    """The parts of a URL that can be asked."""
    try:
        url = urlsplit(source)
        _ = url.port
    except ValueError:
        raise SourceError("This is no URL: expected http://host:port or https://host.") from None
    if not url.hostname or any(character.isspace() for character in source):
        raise SourceError("This is no URL: expected http://host:port or https://host.")
    return url


def _credentials(url: SplitResult) -> dict[str, str]:
    """A user and a password in a URL, as the header that they are sent in."""
    if url.username is None:
        return {}
    pair = f"{unquote(url.username)}:{unquote(url.password or '')}"
    return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}


def _reason(error: Exception) -> str:
    """Why, in the system's words where it has some: those of others may repeat the URL."""
    cause = getattr(error, "reason", error)
    if isinstance(cause, TimeoutError):
        return f"no answer within {TIMEOUT:.0f} seconds"
    if isinstance(cause, ValueError) and not isinstance(cause, UnicodeError):
        return "it leads to another server" if "leads to" in str(cause) else "the URL is not valid"
    return getattr(cause, "strerror", None) or type(cause).__name__
