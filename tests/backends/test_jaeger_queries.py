"""docs/jaeger.md: every request that it shows finds in Jaeger what it is about."""

import json
import re
import urllib.parse
from pathlib import Path
from typing import Any, Final

import pytest

from required import unavailable

from .collectors import wait_for
from .jaeger_ui import pages_directory
from .loopback import fetch
from .pins import BUILD_COMMAND
from .queries import blocks, words
from .readback import Backends
from .shop import Shop

PAGE: Final = Path(__file__).parents[2] / "docs" / "jaeger.md"
REQUESTS: Final = blocks(PAGE, "jaeger")

pytestmark = [pytest.mark.xdist_group("backends")]


def parts(request: str) -> tuple[str, dict[str, str]]:
    """The path and the parameters, which are not encoded on the page."""
    path, _, query = request.partition("?")
    return path, dict(pair.split("=", 1) for pair in query.split("&") if pair)


def answered(request: str, shop: Shop, backends: Backends) -> list[Any]:
    """What Jaeger gives for a request about the service that is called `shop` on the page."""
    path, parameters = parts(request)
    if "service" in parameters:
        parameters["service"] = shop.service
    path = path.replace("/shop/", f"/{shop.service}/")
    body = fetch(f"{backends.jaeger_url}{path}?{urllib.parse.urlencode(parameters)}")
    assert body is not None, "Jaeger refuses it"
    return json.loads(body)["data"] or []


def tags_on(span: Any) -> dict[str, str]:
    """The tags of a span as the search compares them."""
    return {
        tag["key"]: str(tag["value"]).lower() if tag["type"] == "bool" else str(tag["value"])
        for tag in span["tags"]
    }


def tags_of(request: str) -> dict[str, str]:
    tags: dict[str, str] = json.loads(parts(request)[1].get("tags", "{}"))
    return tags


@pytest.mark.parametrize("request_", REQUESTS)
def test_a_request_finds_what_it_is_about(request_: str, shop: Shop, backends: Backends) -> None:
    """Each trace that comes back has one span with that name and those tags."""
    wait_for(lambda: answered(request_, shop, backends), f"nothing came of {request_}")
    operation, tags = parts(request_)[1].get("operation"), tags_of(request_)
    for trace in answered(request_, shop, backends) if tags or operation else ():
        spans = [(span["operationName"], tags_on(span)) for span in trace["spans"]]
        assert [
            name for name, has in spans if operation in (None, name) and tags.items() <= has.items()
        ]


@pytest.mark.parametrize("request_", [request for request in REQUESTS if tags_of(request)])
def test_a_request_finds_nothing_of_what_never_was(
    request_: str, shop: Shop, backends: Backends
) -> None:
    """With other values of its tags the same request comes back empty: it does select."""
    other = re.sub(r'":"[^"]+"', '":"never"', request_)
    assert answered(other, shop, backends) == []


@pytest.mark.parametrize("request_", REQUESTS)
def test_a_tag_is_one_that_we_write(request_: str) -> None:
    assert tags_of(request_).keys() <= words() | {"error"}


def test_jaeger_shows_its_pages(backends: Backends) -> None:
    """Not the placeholder that its Go module has, but the user interface with its script."""
    if not pages_directory().exists():
        unavailable(FileNotFoundError(f"Jaeger's pages are missing: run `{BUILD_COMMAND}`"))
    page = (fetch(backends.jaeger_url) or b"").decode()
    (script, *_) = re.findall(r'<script type="module" [^>]*src="\.(/static/[^"]+\.js)"', page)
    assert fetch(backends.jaeger_url + script)
