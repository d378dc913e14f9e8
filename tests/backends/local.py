"""Knows the servers that stay up on this machine: `up`, `down` and `status` for people."""

import json
import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Final

from .jaeger_ui import pages_directory
from .loopback import fetch, is_taken
from .pins import BUILD_COMMAND, cache_directory
from .processes import Process, Server, ServerError
from .prometheus import INSTALL_COMMAND, local_prometheus
from .servers import TEMPO_VARIABLE, Binaries, Ports, Site, servers, start_all, stop_all


def main(arguments: list[str]) -> int:
    """Run one command; the exit code."""
    command = COMMANDS.get(arguments[0]) if len(arguments) == 1 else None
    if command is None:
        print(f"usage: python -m tests.backends.local {'|'.join(COMMANDS)}", file=sys.stderr)
        return 2
    try:
        return command()
    except ServerError as error:
        print(error, file=sys.stderr)
        return 1


def up() -> int:
    """Start what does not run yet, and say where it is."""
    site = Site(Ports.chosen(), _state())
    running = _running()
    if not running:
        shutil.rmtree(site.state, ignore_errors=True)
    names = {process.name for process in running}
    wanted = [server for server in _servers(site) if server.name not in names]
    _refuse_taken_ports(site.ports, wanted)
    _remember(running + _start(site, wanted))
    print(_where(site, {process.name for process in _running()}))
    return 0


def down() -> int:
    """Stop exactly what `up` started."""
    stopped = stop_all(_running())
    shutil.rmtree(_state(), ignore_errors=True)
    names = ", ".join(f"{process.name} ({process.pid})" for process in stopped)
    print(f"stopped {names}" if stopped else "nothing was running")
    return 0


def status() -> int:
    """Say what runs; the exit code is 0 only if something does."""
    running = _running()
    for process in running:
        print(f"{process.name} runs as {process.pid}, log in {process.log}")
    if not running:
        print("nothing runs: `make up` starts the backends")
    return 0 if running else 1


ABSENT: Final = {
    "Tempo": f"does not run: {TEMPO_VARIABLE} names no binary of it",
    "Prometheus": f"is not installed: `{INSTALL_COMMAND}`, then `make up`",
}
COMMANDS: Final[dict[str, Callable[[], int]]] = {"up": up, "down": down, "status": status}


def _servers(site: Site) -> list[Server]:
    """Those that tests run too, and Prometheus where it is installed."""
    found = servers(site, Binaries.find())
    binary = shutil.which("prometheus")
    if binary is None:
        return found
    site.state.mkdir(parents=True, exist_ok=True)
    return [*found, local_prometheus(binary, site.ports, site.state)]


def _start(site: Site, wanted: list[Server]) -> list[Process]:
    site.state.mkdir(parents=True, exist_ok=True)
    return start_all(wanted, site.environment(), site.state, outlive_us=True)


def _refuse_taken_ports(ports: Ports, wanted: list[Server]) -> None:
    needed = {name: port for server in wanted for name, port in ports.of(server.name).items()}
    if taken := {name: port for name, port in needed.items() if is_taken(port)}:
        lines = [f"port {port} is taken: free it, or set {name}" for name, port in taken.items()]
        raise ServerError("\n".join(lines))


def _where(site: Site, running: set[str]) -> str:
    """Each address with what is to be seen there, what does not run, and what to do next."""
    lines = [
        f"{name:11} {address:38} {shown}"
        for name, address, shown in _addresses(site)
        if name.lower() in running
    ]
    absent = [f"{name:11} {why}" for name, why in ABSENT.items() if name.lower() not in running]
    log = f"{'Log records':11} {site.state / 'collector.log'}"
    endpoint = site.url(site.ports.collector_grpc_port)
    return "\n".join([*lines, *absent, log, f"export OTEL_EXPORTER_OTLP_ENDPOINT={endpoint}"])


def _addresses(site: Site) -> list[tuple[str, str, str]]:
    """Every page that a browser can open: whose it is, where, and what it shows."""
    ports = site.ports
    jaeger = "traces" if pages_directory().exists() else f"no pages yet: `{BUILD_COMMAND}`"
    prometheus, tempo = _prometheus(site), ports.tempo_http_port
    health, collected = ports.collector_health_port, ports.collector_prometheus_port
    return [
        ("Jaeger", site.url(ports.jaeger_ui_port, "/search"), jaeger),
        ("Tempo", site.url(tempo, "/status"), "its state; its pages are those of Grafana"),
        ("Prometheus", f"{prometheus}/graph", "metrics, asked for in PromQL"),
        ("Prometheus", f"{prometheus}/alerts", "alerts, and which of them are raised"),
        ("Prometheus", f"{prometheus}/targets", "whom it reads, and whether they answer"),
        ("Collector", site.url(health), "whether it is well"),
        ("Collector", site.url(collected, "/metrics"), "metrics that it was sent or made of spans"),
        *_telemetry(site),
    ]


def _telemetry(site: Site) -> list[tuple[str, str, str]]:
    """What the Collector says of itself, unless it was told not to."""
    if os.environ.get("COLLECTOR_TELEMETRY") == "none":
        return []
    itself = site.url(site.ports.collector_telemetry_port, "/metrics")
    return [("Collector", itself, "metrics of itself: queues, spans that failed")]


def _prometheus(site: Site) -> str:
    """Where the pages of Prometheus are: the build of Debian has the older ones only."""
    older = site.url(site.ports.prometheus_port, "/classic")
    return older if fetch(f"{older}/alerts", 5.0) else older.removesuffix("/classic")


def _state() -> Path:
    return cache_directory() / "run"


def _remember(processes: list[Process]) -> None:
    """Written in one step, so that a `down` at the same time reads all of it or nothing."""
    rows = [asdict(process) | {"log": str(process.log)} for process in processes]
    unfinished = _state() / f"processes.{os.getpid()}"
    unfinished.write_text(json.dumps(rows, indent=2))
    unfinished.rename(_state() / "processes.json")


def _running() -> list[Process]:
    """What `up` started and still runs."""
    file = _state() / "processes.json"
    rows = json.loads(file.read_text()) if file.exists() else []
    processes = [Process(**row | {"log": Path(row["log"])}) for row in rows]
    return [process for process in processes if process.is_running]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
