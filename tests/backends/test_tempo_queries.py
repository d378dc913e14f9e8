"""docs/tempo.md: every query speaks of attributes that exist, and finds something in Tempo."""

import json
import re
import time
import urllib.parse
from pathlib import Path
from typing import Final

import pytest

from .collectors import wait_for
from .loopback import fetch
from .queries import attributes_in, blocks, words
from .readback import Backends
from .shop import Shop

PAGE: Final = Path(__file__).parents[2] / "docs" / "tempo.md"
SEARCHES: Final = blocks(PAGE, "traceql")
METRICS: Final = blocks(PAGE, "traceql-metrics")
A_TRACE: Final = "4bf92f3577b34da6a3ce929d0e0e4736"

pytestmark = [pytest.mark.xdist_group("backends")]


@pytest.mark.parametrize("query", [*SEARCHES, *METRICS])
def test_a_query_speaks_of_attributes_that_we_write(query: str) -> None:
    named = attributes_in(query)
    assert named or A_TRACE in query
    assert named <= words()


def of(service: str, query: str) -> str:
    """The query about one service, with its thresholds low enough for a test's small traces."""
    lowered = re.sub(r"> \d+(?=\w* )", "> 0", query)
    return lowered.replace("{ ", f'{{ resource.service.name = "{service}" && ', 1)


@pytest.mark.parametrize("query", SEARCHES)
def test_a_search_finds_something(query: str, shop: Shop, backends_with_tempo: Backends) -> None:
    if A_TRACE in query:
        (interrupted, *_) = backends_with_tempo.tempo_search(
            of(shop.service, '{ span.langchain.run.outcome = "interrupted" }')
        )
        query = query.replace(A_TRACE, interrupted)
    assert backends_with_tempo.tempo_search(of(shop.service, query))


@pytest.mark.parametrize("query", METRICS)
def test_metrics_have_a_series(query: str, shop: Shop, backends_with_tempo: Backends) -> None:
    now = int(time.time())
    span = {"q": of(shop.service, query), "start": now - 600, "end": now + 60, "step": "10s"}
    url = f"{backends_with_tempo.tempo_url}/api/metrics/query_range?{urllib.parse.urlencode(span)}"
    wait_for(lambda: json.loads(fetch(url) or b"{}").get("series"), f"nothing came of {query}")
