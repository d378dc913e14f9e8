"""Knows single Collectors that a test starts, kills and starts again, on ports of their own."""

import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from .loopback import ADDRESS, free_ports
from .patience import PATIENCE
from .processes import Process, Server, kill, start, stop, wait_until_ready
from .readback import documents_in
from .servers import CONFIGURATION, only_one_chooses_ports
from .spans import Span, spans_in

HERE: Final = Path(__file__).parent
# A backend that writes what it gets to files.
SINK: Final = HERE / "sink.yaml"
STEP: Final = 0.05
PORTS: Final = ("GRPC", "HTTP", "HEALTH", "PROMETHEUS", "TELEMETRY")
# What the whole of collector-config/production.yaml is made of.
PRODUCTION: Final = ("production.yaml", "redaction.yaml", "sampling.yaml", "span-metrics.yaml")
# And a gateway of a fleet.
GATEWAY: Final = ("production.yaml", "sampling.yaml", "span-metrics.yaml", "fleet/gateway.yaml")
# Sooner than in production, or tests would wait for minutes.
SOON: Final = {
    "SAMPLING_WAIT": "3s",
    "SAMPLING_WAIT_AFTER_ROOT": "200ms",
    "SPAN_METRICS_INTERVAL": "200ms",
    "COLLECTOR_RETRY_INTERVAL": "1s",
    "COLLECTOR_FLUSH": "200ms",
    "BACKEND_INSECURE": "true",
    "NEXT_INSECURE": "true",
    "GATEWAY_INSECURE": "true",
    "COLLECTOR_FSYNC": "false",
}


@dataclass(slots=True)
class Collector:
    """One Collector; what it keeps on disk outlives its processes."""

    name: str
    binary: Path
    files: tuple[Path, ...]
    state: Path
    settings: dict[str, str]
    ports: dict[str, int]
    process: Process | None = field(default=None)

    def start(self) -> None:
        """Start it, or start it again; return when it answers."""
        options = [f"--config={file}" for file in self.files]
        ready = f"http://{ADDRESS}:{self.ports['HEALTH']}"
        server = Server(self.name, (str(self.binary), *options), ready, seconds_to_end=PATIENCE)
        log = self.state / "log"
        self.process = start(server, self._environment(), log, outlives_us=False)
        wait_until_ready(server, self.process)

    def stop(self) -> None:
        """Ask it to end."""
        if self.process is not None:
            stop(self.process)

    def kill(self) -> None:
        """It crashes."""
        if self.process is not None:
            kill(self.process)

    @property
    def endpoint(self) -> str:
        """Where it takes OTLP over gRPC."""
        return f"{ADDRESS}:{self.ports['GRPC']}"

    def url(self, port: str, path: str = "") -> str:
        return f"http://{ADDRESS}:{self.ports[port]}{path}"

    def spans(self, file: str = "spans.jsonl") -> list[Span]:
        """The spans that it wrote to a file."""
        return [span for line in documents_in(self.state / file) for span in spans_in(line)]

    def ids(self, kind: str, file: str) -> set[str]:
        """The `traceId`s or `spanId`s in a file, read fast."""
        path = self.state / file
        # Its last line may be half there.
        complete, _, _ = (path.read_text() if path.exists() else "").rpartition("\n")
        return set(re.findall(f'"{kind}":"([0-9a-f]+)"', complete))

    def _environment(self) -> dict[str, str]:
        own = {f"COLLECTOR_{name}_PORT": str(port) for name, port in self.ports.items()}
        paths = {"COLLECTOR_STATE": str(self.state / "queue"), "COLLECTOR_FILES": str(self.state)}
        return {"PATH": os.environ["PATH"]} | SOON | own | paths | self.settings


@dataclass(slots=True)
class Collectors:
    """Makes Collectors, each with a directory of its own below one."""

    binary: Path
    state: Path
    made: list[Collector] = field(default_factory=list)

    def started(self, name: str, *files: str | Path, **settings: str) -> Collector:
        """A running one; a file is of collector-config/ unless its path is whole."""
        with only_one_chooses_ports():
            collector = self.described(name, *files, **settings)
            collector.start()
        return collector

    def described(self, name: str, *files: str | Path, **settings: str) -> Collector:
        """One that does not run yet."""
        (self.state / name).mkdir()
        paths = tuple(CONFIGURATION / file for file in files)
        ports = dict(zip(PORTS, free_ports(len(PORTS)), strict=True))
        state = self.state / name
        self.made.append(Collector(name, self.binary, paths, state, settings, ports))
        return self.made[-1]


def wait_for(met: Callable[[], object], what: str) -> None:
    """Return when it is so; fail, and say what is not, when it takes too long."""
    deadline = time.monotonic() + PATIENCE
    while not met():
        assert time.monotonic() < deadline, what
        time.sleep(STEP)


@contextmanager
def collectors(binary: Path, state: Path) -> Iterator[Collectors]:
    """All that are made end together."""
    made = Collectors(binary, state)
    try:
        yield made
    finally:
        for collector in made.made:
            collector.kill()
