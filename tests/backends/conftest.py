"""Knows when the tests of real backends can run: the fixtures that start them, once a session."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from required import unavailable

from .collectors import Collectors, collectors
from .phoenix import Phoenix, running_phoenix
from .processes import ServerError
from .prometheus import Prometheus, running_prometheus
from .readback import Backends
from .servers import TEMPO_VARIABLE, Binaries, running_servers
from .shop import Shop, running_shop

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """`make test` leaves all of these to `make test-all`."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def binaries() -> Binaries:
    """The programs; without them the test is skipped, or fails where they are required."""
    try:
        return Binaries.find()
    except ServerError as error:
        unavailable(error)


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
def prometheus(
    backends: Backends, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Prometheus]:
    """Prometheus, reading that Collector; without it the test is skipped, or fails."""
    state = tmp_path_factory.mktemp("prometheus")
    try:
        with running_prometheus(backends.ports, state) as server:
            yield server
    except ServerError as error:
        unavailable(error)


@pytest.fixture(scope="session")
def shop(backends: Backends) -> Iterator[Shop]:
    """A traced application that has done all that dashboards and queries show, once."""
    with running_shop(backends.otlp_grpc) as shop:
        shop.work()
        yield shop


@pytest.fixture
def made(binaries: Binaries, tmp_path: Path) -> Iterator[Collectors]:
    """Makes Collectors, each on ports of its own, that end with the test."""
    with collectors(binaries.collector, tmp_path) as made:
        yield made


@pytest.fixture(scope="session")
def phoenix(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Phoenix]:
    """Arize Phoenix; where it is not installed the test is skipped, or fails where required."""
    try:
        with running_phoenix(tmp_path_factory.mktemp("phoenix")) as server:
            yield server
    except ServerError as error:
        unavailable(error)
