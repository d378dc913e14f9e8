"""A fleet on loopback: traces stay whole while a gateway dies and the backend is away."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from .collectors import Collectors, wait_for
from .fleet import Fleet, print_figures
from .kafka import COMMAND, is_there, running_broker
from .services import Sent, services, work

RUNS: Final = 8

# One after the other: each is a dozen processes.
pytestmark = pytest.mark.xdist_group("fleet")


@pytest.fixture
def brokers(tmp_path: Path) -> Iterator[str]:
    """A Kafka of its own, if one is there."""
    if not is_there():
        pytest.skip(f"Kafka is not there: run `{COMMAND}`")
    with running_broker(tmp_path) as address:
        yield f"[{address}]"


def test_a_fleet_keeps_its_traces_whole(made: Collectors) -> None:
    """What a gateway has decided, and what it has not been given, survives its death."""
    fleet = Fleet.balanced(made)
    dying = fleet.gateways[0]
    with services(fleet.agents, each=2) as running:
        sent = work(running, RUNS)
        wait_for(lambda: fleet.has_decided(sent), "undecided before")
        fleet.sink.stop()
        sent |= work(running, RUNS)
        wait_for(lambda: fleet.has_decided(sent) and fleet.has_received(sent), "undecided without")
        on_disk = fleet.kept()
        undecided = sent.spans.keys() - on_disk
        at_risk = work(running, RUNS)
        wait_for(lambda: fleet.has_received(at_risk), "not every span is at a gateway")
        peaks = fleet.peaks()
        dying.kill()
        promised = work(running, RUNS)
        dying.start()
        fleet.sink.start()
        promised |= work(running, RUNS)
    wait_for(lambda: fleet.has_received(promised), "not every span is at a gateway")
    wait_for(lambda: fleet.has_decided(promised), "undecided after")
    check(fleet, sent | at_risk | promised, at_risk.spans.keys() | undecided)
    print_figures(fleet, sent | at_risk | promised, fleet.peaks() | {dying.name: peaks[dying.name]})


def check(fleet: Fleet, sent: Sent, at_risk: set[str]) -> None:
    """Whatever is kept is whole; only what the dead gateway had undecided may be missing."""
    received = fleet.received()
    assert Counter(trace for traces in received for trace in traces) == dict.fromkeys(sent.spans, 1)
    kept = fleet.kept()
    wait_for(lambda: fleet.has_stored(sent, kept), "what was kept is not stored")
    spans = fleet.sink.spans()
    stored = {span.trace_id for span in spans}
    assert {span.span_id for span in spans} == sent.of(stored), "a trace is not whole"
    # The last that the dead gateway decided may be on its disk and not in the test's file.
    undecided = at_risk & received[0]
    assert kept <= stored
    # A gateway writes down what it keeps a moment after it has sent it.
    wait_for(lambda: stored <= fleet.kept() | undecided, "what was not kept is stored")
    assert sent.kept_anyway - stored <= undecided


def test_with_kafka_another_gateway_decides(made: Collectors, brokers: str) -> None:
    """It reads again what the dead one had not decided: nothing is lost, some is stored twice."""
    fleet = Fleet.over_kafka(made, brokers)
    dying = fleet.gateways[0]
    with services(fleet.agents, each=2) as running:
        # Until each has its share of the partitions, traces may be split.
        wait_for(lambda: work(running, 2) and all(fleet.received()), "a gateway gets nothing")
        sent = work(running, RUNS)
        wait_for(lambda: fleet.has_received(sent), "not every span is at a gateway")
        peaks = fleet.peaks()
        dying.kill()
        sent |= work(running, RUNS)
    wait_for(lambda: fleet.has_received_elsewhere(sent, dying), "nobody has taken over")
    wait_for(lambda: fleet.has_decided(sent), "undecided")
    kept = sent.kept_anyway
    wait_for(lambda: fleet.has_stored(sent, kept), "what must be kept is not stored")
    print_figures(fleet, sent, fleet.peaks() | {dying.name: peaks[dying.name]})
