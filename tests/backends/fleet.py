"""Knows a whole fleet: agents, what stands between them and the gateways, gateways, a backend."""

from dataclasses import dataclass
from typing import Final, Self

from .collectors import GATEWAY, HERE, SINK, Collector, Collectors
from .processes import peak_memory
from .services import Sent

AGENT: Final = ("fleet/agent.yaml", "redaction.yaml")
WATCHED_GATEWAY: Final = (*GATEWAY, HERE / "fleet-gateway.yaml")
# A gateway has time to die before it has decided.
SAMPLING: Final = {"SAMPLING_PERCENTAGE": "25", "SAMPLING_WAIT_AFTER_ROOT": "2s"}


@dataclass(slots=True)
class Fleet:
    """Two agents, two balancers, three gateways, one backend."""

    sink: Collector
    gateways: list[Collector]
    balancers: list[Collector]
    agents: list[Collector]

    @classmethod
    def balanced(cls, made: Collectors) -> Self:
        """With two balancers between agents and gateways."""
        sink = made.started("sink", SINK)
        settings = SAMPLING | {"BACKEND_ENDPOINT": sink.endpoint}
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

    @classmethod
    def over_kafka(cls, made: Collectors, brokers: str) -> Self:
        """With Kafka between them."""
        sink = made.started("sink", SINK)
        kafka = {
            "KAFKA_BROKERS": brokers,
            "KAFKA_SESSION_TIMEOUT": "6s",
            "KAFKA_COMMIT_INTERVAL": "1h",
        }
        settings = SAMPLING | kafka | {"BACKEND_ENDPOINT": sink.endpoint}
        files = (*WATCHED_GATEWAY, "fleet/kafka-gateway.yaml", HERE / "fleet-kafka-gateway.yaml")
        gateways = [made.started(f"gateway-{i}", *files, **settings) for i in range(3)]
        agents = [
            made.started(f"agent-{i}", *AGENT, "fleet/kafka-agent.yaml", **kafka) for i in range(2)
        ]
        return cls(sink, gateways, [], agents)

    def has_received(self, sent: Sent) -> bool:
        received = [gateway.ids("spanId", "received.jsonl") for gateway in self.gateways]
        return sent.all_in(set().union(*received))

    def has_received_elsewhere(self, sent: Sent, dead: Collector) -> bool:
        alive = [gateway for gateway in self.gateways if gateway is not dead]
        received = [gateway.ids("spanId", "received.jsonl") for gateway in alive]
        return sent.all_in(set().union(*received))

    def has_decided(self, sent: Sent) -> bool:
        """Whether every trace that must be kept has been kept: its gateway has it on disk."""
        return sent.kept_anyway <= self.kept()

    def kept(self) -> set[str]:
        return set().union(*(gateway.ids("traceId", "kept.jsonl") for gateway in self.gateways))

    def has_stored(self, sent: Sent, traces: set[str]) -> bool:
        return sent.of(traces) <= self.sink.ids("spanId", "spans.jsonl")

    def received(self) -> list[set[str]]:
        """The traces that each gateway has seen."""
        return [gateway.ids("traceId", "received.jsonl") for gateway in self.gateways]

    def peaks(self) -> dict[str, int]:
        """MiB of each process that runs."""
        tiers = [*self.gateways, *self.balancers, *self.agents]
        processes = [one.process for one in tiers if one.process is not None]
        return {one.name: peak_memory(one) for one in processes if one.is_running}


def print_figures(fleet: Fleet, sent: Sent, peaks: dict[str, int]) -> None:
    """For the table in collector-config/README.md: `pytest -rP` shows them."""
    spans = [span for span in fleet.sink.spans() if span.trace_id in sent.spans]
    stored = [span.span_id for span in spans]
    traces = {span.trace_id for span in spans}
    lost = sent.kept_anyway - traces
    figures = {
        "traces sent": len(sent.spans),
        "traces kept": len(traces),
        "traces lost with the gateway": len(lost),
        "spans sent": len(sent.of(sent.spans)),
        "spans kept": len(set(stored)),
        "spans lost with the gateway": len(sent.of(lost)),
        "spans stored twice": len(stored) - len(set(stored)),
    } | {f"MiB of {name} at most": peak for name, peak in peaks.items()}
    for name, figure in figures.items():
        print(f"{name:32} {figure:6}")
