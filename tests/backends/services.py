"""Knows the traced programs of a test: how they are started, told to run agents, and asked."""

import json
import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from .collectors import HERE, Collector

PROGRAM: Final = HERE / "fleet_service.py"


@dataclass(slots=True)
class Service:
    """One of them: what it is told, it does beside the others."""

    process: "subprocess.Popen[str]"
    url: str

    def tell(self, **command: Any) -> None:
        print(json.dumps(command), file=self.process.stdin, flush=True)

    def answer(self) -> Any:
        line = self.process.stdout.readline() if self.process.stdout else ""
        assert line, "the service has ended"
        return json.loads(line)


@dataclass(slots=True)
class Sent:
    """The traces that were sent: their kinds and their spans, once each."""

    kinds: dict[str, str] = field(default_factory=dict)
    spans: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    @property
    def kept_anyway(self) -> set[str]:
        """The traces that no sampler may drop."""
        return {trace for trace, kind in self.kinds.items() if kind != "plain"}

    def of(self, traces: Iterable[str]) -> set[str]:
        """The spans of some of the traces."""
        return {span for trace in traces for span in self.spans[trace]}

    def all_in(self, span_ids: set[str]) -> bool:
        return self.of(self.spans) <= span_ids

    def __or__(self, other: "Sent") -> "Sent":
        return Sent(self.kinds | other.kinds, self.spans | other.spans)


def work(services: list[Service], runs: int) -> Sent:
    """Each service runs agents, each of which asks the next service; all of it has been sent."""
    sent = Sent()
    for service, peer in zip(services, services[1:] + services[:1], strict=True):
        service.tell(runs=runs, peer=peer.url)
    for service in services:
        sent.kinds |= service.answer()
    for service in services:
        service.tell()
    for service in services:
        for trace, spans in service.answer().items():
            sent.spans[trace] |= set(spans)
    return sent


@contextmanager
def services(agents: list[Collector], each: int) -> Iterator[list[Service]]:
    """Some for each agent; neighbours in the list send to different agents."""
    with ExitStack() as stack:
        processes = [
            stack.enter_context(_process(f"service-{number}", agent))
            for number, agent in enumerate(agents * each)
        ]
        yield [Service(process, _first_line(process)) for process in processes]


@contextmanager
def _process(name: str, agent: Collector) -> Iterator["subprocess.Popen[str]"]:
    sends_to = {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://{agent.endpoint}"}
    environment = os.environ | sends_to | {"OTEL_SERVICE_NAME": name}
    process = subprocess.Popen(
        [sys.executable, str(PROGRAM)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def _first_line(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()
