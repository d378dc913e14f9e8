"""Knows how to run a Prometheus that reads one Collector, with the shipped configuration."""

import json
import math
import shutil
import time
import urllib.parse
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from .loopback import ADDRESS, fetch, free_ports
from .patience import PATIENCE
from .processes import Server, ServerError, start, stop, wait_until_ready
from .servers import CONFIGURATION, Ports, only_one_chooses_ports

INSTALL_COMMAND: Final = "make prometheus"
STEP: Final = 0.1
RULES: Final = ("prices.yaml", "prometheus-alerts.yaml")
# Sooner than for people, or tests would wait.
SOON: Final = {
    "scrape_interval: 5s": "scrape_interval: 200ms",
    "evaluation_interval: 5s": "evaluation_interval: 1s",
}

Series = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Prometheus:
    """A running server."""

    url: str

    def query(self, promql: str) -> list[Series]:
        """The series that a query gives now."""
        address = f"{self.url}/api/v1/query?{urllib.parse.urlencode({'query': promql})}"
        body = fetch(address)
        assert body is not None, f"Prometheus refuses {promql}"
        result: list[Series] = json.loads(body)["data"]["result"]
        return result

    def wait_for_exemplars(self, promql: str) -> list[Series]:
        """The exemplars of all series that a query reads: they may come after the series."""
        deadline = time.monotonic() + PATIENCE
        while not (found := self._exemplars(promql)):
            assert time.monotonic() < deadline, f"{promql} has no exemplars"
            time.sleep(STEP)
        return found

    def _exemplars(self, promql: str) -> list[Series]:
        now = time.time()
        asked = urllib.parse.urlencode({"query": promql, "start": now - 3600, "end": now + 60})
        body = fetch(f"{self.url}/api/v1/query_exemplars?{asked}")
        assert body is not None, f"Prometheus refuses {promql}"
        series: list[Series] = json.loads(body)["data"]
        return [exemplar for row in series for exemplar in row["exemplars"]]

    def health_of_rules(self) -> dict[str, str]:
        """Of each rule whether its last evaluation went well: `ok`, `err` or `unknown`."""
        groups = json.loads(fetch(f"{self.url}/api/v1/rules") or b"{}")["data"]["groups"]
        return {rule["name"]: rule["health"] for group in groups for rule in group["rules"]}

    def wait_for(self, promql: str) -> list[Series]:
        """The series of a query, once all are numbers and one is more than nothing."""
        deadline = time.monotonic() + PATIENCE
        while not _says_something(found := self.query(promql)):
            assert time.monotonic() < deadline, f"{promql} gives {found}"
            time.sleep(STEP)
        return found


def _says_something(found: list[Series]) -> bool:
    values = [float(series["value"][1]) for series in found]
    return any(value > 0 for value in values) and all(math.isfinite(value) for value in values)


@contextmanager
def running_prometheus(collector: Ports, state: Path) -> Iterator[Prometheus]:
    """A server on a free port, with the files of collector-config/, reading that Collector."""
    binary = shutil.which("prometheus")
    if binary is None:
        raise ServerError(f"Prometheus is not installed: run `{INSTALL_COMMAND}`")
    files = _configured(collector, state, SOON)
    with only_one_chooses_ports():
        (port,) = free_ports(1)
        server = _server(binary, files, state, port)
        process = start(server, {"PATH": "/usr/bin"}, state / "prometheus.log", outlives_us=False)
        try:
            wait_until_ready(server, process)
        except BaseException:
            stop(process)
            raise
    try:
        yield Prometheus(f"http://{ADDRESS}:{port}")
    finally:
        stop(process)


def local_prometheus(binary: str, ports: Ports, state: Path) -> Server:
    """The server for people, which reads the Collector at these ports as often as in the files."""
    return _server(binary, _configured(ports, state, {}), state, ports.prometheus_port)


def _configured(collector: Ports, state: Path, changes: Mapping[str, str]) -> Path:
    text = (CONFIGURATION / "prometheus.yaml").read_text()
    moved = {
        "collector:9464": f"{ADDRESS}:{collector.collector_prometheus_port}",
        "collector:8888": f"{ADDRESS}:{collector.collector_telemetry_port}",
    }
    for wanted, instead in {**moved, **changes}.items():
        assert wanted in text
        text = text.replace(wanted, instead)
    for rules in RULES:
        shutil.copy(CONFIGURATION / rules, state)
    configuration = state / "prometheus.yaml"
    configuration.write_text(text)
    return configuration


def _server(binary: str, configuration: Path, state: Path, port: int) -> Server:
    options = (
        f"--config.file={configuration}",
        f"--storage.tsdb.path={state / 'prometheus'}",
        f"--web.listen-address={ADDRESS}:{port}",
        "--enable-feature=exemplar-storage",
    )
    ready = f"http://{ADDRESS}:{port}/-/ready"
    return Server("prometheus", (binary, *options), ready, seconds_to_end=5.0)
