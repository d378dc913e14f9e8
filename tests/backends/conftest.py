"""Knows when the tests of real backends can run: the fixtures that start them, once a session."""

import os
from collections.abc import Iterator
from typing import Final

import pytest

from .phoenix import Phoenix, running_phoenix
from .processes import ServerError
from .readback import Backends
from .servers import TEMPO_VARIABLE, Binaries, running_servers

REQUIRE_VARIABLE: Final = "LANGCHAIN_OTEL_REQUIRE_BACKENDS"


@pytest.fixture(scope="session")
def binaries() -> Binaries:
    """The programs; without them the test is skipped, or fails where they are required."""
    try:
        return Binaries.find()
    except ServerError as error:
        if os.environ.get(REQUIRE_VARIABLE) == "1":
            pytest.fail(str(error))
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def backends(binaries: Binaries, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backends]:
    """Collector and Jaeger, and Tempo where it is had, on ports of their own."""
    with running_servers(binaries, tmp_path_factory.mktemp("backends")) as (site, processes):
        yield Backends.of(site, processes)


@pytest.fixture(scope="session")
def backends_with_tempo(backends: Backends) -> Backends:
    """The same, for tests that need Tempo: skipped without it."""
    if backends.tempo_url is None:
        pytest.skip(f"Tempo is not built by us: name its binary in {TEMPO_VARIABLE}")
    return backends


@pytest.fixture(scope="session")
def phoenix(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Phoenix]:
    """Arize Phoenix; where it is not installed the test is skipped, or fails where required."""
    try:
        with running_phoenix(tmp_path_factory.mktemp("phoenix")) as server:
            yield server
    except ServerError as error:
        if os.environ.get(REQUIRE_VARIABLE) == "1":
            pytest.fail(str(error))
        pytest.skip(str(error))
