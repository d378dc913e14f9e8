"""A fleet as processes on loopback: traces stay whole while a gateway dies and the backend is away."""

from collections import Counter
from dataclasses import dataclass
from typing import Final

import pytest

from .collectors import GATEWAY, HERE, Collector, Collectors
from .processes import peak_memory
from .services import Sent, services, work
from .test_production import SINK, wait_for

AGENT: Final = ("fleet/agent.yaml", "redaction.yaml")
WATCHED_GATEWAY: Final = (*GATEWAY, HERE / "fleet-gateway.yaml")
RUNS: Final = 8
# Long enough for the gateway to die before it has decided.
AFTER_ROOT: Final = "2s"

pytestmark = [pytest.mark.timeout(180)]


@dataclass(slots=True)
class Fleet:
    """Two agents, two balancers, three gateways, one backend."""

    sink: Collector
    gateways: list[Collector]
    balancers: list[Collector]
    agents: list[Collector]

    @classmethod
    def started(cls, made: Collectors) -> "Fleet":
        sink = made.started("sink", SINK)
        settings = {
            "BACKEND_ENDPOINT": sink.endpoint,
            "SAMPLING_PERCENTAGE": "25",
            "SAMPLING_WAIT_AFTER_ROOT": AFTER_ROOT,
        }
        gateways = [made.started(f"gateway-{i}", *WATCHED_GATEWAY, **settings) for i in range(3)]
        known = f"[{', '.join(gateway.endpoint for gateway in gateways)}]"
        balancers = [
            made.started(f"balancer-{i}", "fleet/balancer.yaml", GATEWAYS=known) for i in range(2)
        ]
        agents = [
            made.started(f"agent-{i}", *AGENT, NEXT_ENDPOINT=f"dns:///{balancer.endpoint}")
            for i, balancer in enumerate(balancers)
        ]
        return cls(sink, gateways, balancers, agents)

    def has_received(self, sent: Sent) -> bool:
        received = [gateway.ids("spanId", "received.jsonl") for gateway in self.gateways]
        return sent.all_in(set().union(*received))

    def has_decided(self, sent: Sent) -> bool:
        """Whether every trace that must be kept has been kept: its gateway has it on disk."""
        return sent.kept_anyway <= self.kept()

    def kept(self) -> set[str]:
        return set().union(*(gateway.ids("traceId", "kept.jsonl") for gateway in self.gateways))

    def has_stored(self, sent: Sent, traces: set[str]) -> bool:
        return sent.of(traces) <= self.sink.ids("spanId", "spans.jsonl")

    def peaks(self) -> dict[str, int]:
        tiers = [*self.gateways, *self.balancers, *self.agents]
        return {one.name: peak_memory(one.process) for one in tiers if one.process is not None}


def test_a_fleet_keeps_its_traces_whole(made: Collectors) -> None:
    """What a gateway has decided, and what it has not been given, survives its death."""
    fleet = Fleet.started(made)
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
    received = [gateway.ids("traceId", "received.jsonl") for gateway in fleet.gateways]
    assert Counter(trace for traces in received for trace in traces) == dict.fromkeys(sent.spans, 1)
    kept = fleet.kept()
    wait_for(lambda: fleet.has_stored(sent, kept), "what was kept is not stored")
    stored = fleet.sink.spans()
    assert {span.trace_id for span in stored} == kept
    assert {span.span_id for span in stored} == sent.of(kept)
    lost = sent.kept_anyway - kept
    assert lost <= at_risk & received[0]


def print_figures(fleet: Fleet, sent: Sent, peaks: dict[str, int]) -> None:
    """For the table in collector-config/README.md: `pytest -rP` shows them."""
    stored = [span.span_id for span in fleet.sink.spans()]
    lost = sent.kept_anyway - fleet.kept()
    figures = {
        "traces sent": len(sent.spans),
        "traces kept": len(fleet.kept()),
        "traces lost with the gateway": len(lost),
        "spans sent": len(sent.of(sent.spans)),
        "spans kept": len(set(stored)),
        "spans lost with the gateway": len(sent.of(lost)),
        "spans stored twice": len(stored) - len(set(stored)),
    } | {f"MiB of {name} at most": peak for name, peak in peaks.items()}
    for name, figure in figures.items():
        print(f"{name:32} {figure:6}")
