"""Knows the three servers: their ports, their configuration files, how they come up together."""

import fcntl
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Final, Self

from .jaeger_ui import pages_directory
from .loopback import ADDRESS, free_ports
from .pins import BUILD_COMMAND, Pins, cache_directory
from .processes import Process, Server, ServerError, start, stop, wait_until_ready

CONFIGURATION: Final = Path(__file__).parents[2] / "collector-config"
FILES_OVERLAY: Final = Path(__file__).with_name("collector-files.yaml")
TEMPO_VARIABLE: Final = "LANGCHAIN_OTEL_TEMPO"
ATTEMPTS: Final = 3
PORT_TAKEN: Final = "address already in use"
# Sooner than for people, or tests would wait.
SOON: Final = {"SPAN_METRICS_INTERVAL": "200ms"}
# What would move a server off 127.0.0.1, or send spans elsewhere.
MOVERS: Final = ("_HOST", "_ADDRESS")


@dataclass(frozen=True, slots=True)
class Ports:
    """Every port; the upper-case name is the environment variable in the configuration files."""

    collector_grpc_port: int = 4317
    collector_http_port: int = 4318
    collector_health_port: int = 13133
    collector_prometheus_port: int = 9464
    collector_telemetry_port: int = 8888
    jaeger_ui_port: int = 16686
    jaeger_query_grpc_port: int = 16685
    jaeger_otlp_grpc_port: int = 14317
    jaeger_otlp_http_port: int = 14318
    jaeger_health_port: int = 13134
    prometheus_port: int = 9090
    tempo_http_port: int = 3200
    tempo_grpc_port: int = 9095
    tempo_otlp_grpc_port: int = 24317
    tempo_otlp_http_port: int = 24318

    @classmethod
    def free(cls) -> Self:
        """Ports that nobody uses now."""
        return cls(*free_ports(len(fields(cls))))

    @classmethod
    def chosen(cls) -> Self:
        """The usual ports, unless the environment names others."""
        named = {field.name: os.environ.get(field.name.upper()) for field in fields(cls)}
        return cls(**{name: int(port) for name, port in named.items() if port})

    def environment(self) -> dict[str, str]:
        return {name.upper(): str(port) for name, port in asdict(self).items()}

    def of(self, server: str) -> dict[str, int]:
        """The ports of one server, by the name of their variable."""
        own = {name: port for name, port in asdict(self).items() if name.startswith(server)}
        return {name.upper(): port for name, port in own.items()}


@dataclass(frozen=True, slots=True)
class Binaries:
    """The programs; Tempo is not built by us and may be absent."""

    collector: Path
    jaeger: Path
    tempo: Path | None

    @classmethod
    def find(cls) -> Self:
        """Raise ServerError, with what to do, when one is missing."""
        tools = Pins.load().tools()
        if missing := [f"{tool.name} {tool.version}" for tool in tools if not tool.is_built]:
            raise ServerError(f"{' and '.join(missing)} not built: run `{BUILD_COMMAND}`")
        collector, jaeger = tools
        return cls(collector.binary, jaeger.binary, _find_tempo())


@dataclass(frozen=True, slots=True)
class Site:
    """Where a set of servers lives: its ports, and the directory of its state and logs."""

    ports: Ports
    state: Path

    def environment(self) -> dict[str, str]:
        """Ours, without what would turn the servers' own telemetry on or move them elsewhere."""
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith("OTEL_") and not name.endswith(MOVERS)
        }
        own = {"COLLECTOR_FILES": str(self.state)}
        own |= {f"{name.upper()}_STATE": str(self.state / name) for name in ("jaeger", "tempo")}
        return inherited | own | self.ports.environment()

    def url(self, port: int, path: str = "") -> str:
        return f"http://{ADDRESS}:{port}{path}"


def servers(site: Site, binaries: Binaries, *overlays: Path) -> list[Server]:
    """The servers to start, in this order: whoever receives comes before whoever sends."""
    storing = [_jaeger(site, binaries.jaeger)]
    if binaries.tempo is not None:
        storing.append(_tempo(site, binaries.tempo))
        overlays = (CONFIGURATION / "tempo-exporter.yaml", *overlays)
    return [*storing, _collector(site, binaries.collector, *overlays)]


def start_all(
    wanted: list[Server], environment: Mapping[str, str], state: Path, *, outlive_us: bool = False
) -> list[Process]:
    """Start each server when the one before answers; if one does not, none is left running."""
    started: list[Process] = []
    try:
        for server in wanted:
            log = state / f"{server.name}.log"
            started.append(start(server, environment, log, outlives_us=outlive_us))
            wait_until_ready(server, started[-1])
    except BaseException:
        stop_all(started)
        raise
    return started


def stop_all(processes: list[Process]) -> list[Process]:
    """Stop these, the sender first; those that were still running."""
    return [process for process in reversed(processes) if stop(process)]


@contextmanager
def running_servers(binaries: Binaries, state: Path) -> Iterator[tuple[Site, list[Process]]]:
    """All servers on free ports, with the Collector writing files too; for one test session."""
    with only_one_chooses_ports():
        site, processes = _start_on_free_ports(binaries, state)
    try:
        yield site, processes
    finally:
        stop_all(processes)


def _start_on_free_ports(
    binaries: Binaries, state: Path, attempts: int = ATTEMPTS
) -> tuple[Site, list[Process]]:
    """Choose and start again when somebody else took a port in between."""
    site = Site(Ports.free(), state)
    wanted = servers(site, binaries, FILES_OVERLAY)
    try:
        return site, start_all(wanted, site.environment() | SOON, state)
    except ServerError as error:
        if attempts == 1 or PORT_TAKEN not in str(error):
            raise
    return _start_on_free_ports(binaries, state, attempts - 1)


@contextmanager
def only_one_chooses_ports() -> Iterator[None]:
    """Test processes start side by side; each holds its ports before the next one looks."""
    with (cache_directory() / "ports.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _collector(site: Site, binary: Path, *overlays: Path) -> Server:
    files = (CONFIGURATION / "local.yaml", CONFIGURATION / "span-metrics.yaml", *overlays)
    configurations = [f"--config={file}" for file in files]
    health = site.url(site.ports.collector_health_port)
    return Server("collector", (str(binary), *configurations), health, seconds_to_end=5.0)


def _jaeger(site: Site, binary: Path) -> Server:
    options = [f"--config={CONFIGURATION / 'jaeger.yaml'}"]
    if pages_directory().exists():
        options.append(f"--set=extensions.jaeger_query.ui.assets_path={pages_directory()}")
    health = site.url(site.ports.jaeger_health_port, "/status")
    return Server("jaeger", (str(binary), *options), health, seconds_to_end=5.0)


def _tempo(site: Site, binary: Path) -> Server:
    options = (f"-config.file={CONFIGURATION / 'tempo.yaml'}", "-config.expand-env=true")
    ready = site.url(site.ports.tempo_http_port, "/ready")
    # Asked to end, Tempo may take minutes.
    return Server("tempo", (str(binary), *options), ready, seconds_to_end=0.0)


def _find_tempo() -> Path | None:
    named = os.environ.get(TEMPO_VARIABLE)
    if not named:
        return None
    found = shutil.which(named)
    if found is None:
        raise ServerError(f"{TEMPO_VARIABLE}={named} is not a program: name Tempo's binary")
    return Path(found)
