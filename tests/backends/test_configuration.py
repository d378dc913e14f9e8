"""The files of collector-config/: their programs accept them, and the README explains them."""

import re
import shutil
import subprocess
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import pytest

from langchain_otel.content.policy import MAX_SPAN_BYTES

from .collectors import GATEWAY, PRODUCTION
from .loopback import ADDRESS
from .patience import PATIENCE
from .pins import Pins
from .servers import CONFIGURATION, FILES_OVERLAY, Binaries, Ports

# langchain-core brings it; it has no types of its own.
yaml: Final[Any] = import_module("yaml")


@pytest.mark.parametrize(
    "files",
    [
        ("local.yaml",),
        ("local.yaml", "tempo-exporter.yaml", "span-metrics.yaml"),
        ("local.yaml", FILES_OVERLAY),
        PRODUCTION,
        (*PRODUCTION, "backend-http.yaml", "logs-exporter.yaml"),
        ("fleet/agent.yaml", "redaction.yaml"),
        ("fleet/agent.yaml", "redaction.yaml", "logs-exporter.yaml"),
        ("fleet/balancer.yaml",),
        ("fleet/balancer.yaml", "fleet/balancer-dns.yaml"),
        GATEWAY,
        ("fleet/agent.yaml", "redaction.yaml", "fleet/kafka-agent.yaml"),
        (*GATEWAY, "fleet/kafka-gateway.yaml"),
    ],
    ids=lambda files: "+".join(Path(file).stem for file in files),
)
def test_the_collector_accepts_its_configuration(
    binaries: Binaries, files: tuple[str | Path, ...]
) -> None:
    """`validate` says nothing against a file that is shipped, alone or laid over another."""
    options = [f"--config={CONFIGURATION / file}" for file in files]
    done = subprocess.run(
        [binaries.collector, "validate", *options],
        capture_output=True,
        check=True,
        timeout=PATIENCE,
    )
    assert (done.stdout, done.stderr) == (b"", b"")


@pytest.mark.parametrize("file", sorted(CONFIGURATION.rglob("*.yaml")), ids=lambda file: file.name)
def test_a_shipped_file_is_explained(file: Path) -> None:
    """The README beside it names it, and it opens with what it is."""
    name = str(file.relative_to(CONFIGURATION))
    assert f"`{name}`" in (CONFIGURATION / "README.md").read_text()
    assert file.read_text().startswith("# ")


def test_jaeger_accepts_its_configuration(binaries: Binaries) -> None:
    """`validate` says nothing against jaeger.yaml."""
    option = f"--config={CONFIGURATION / 'jaeger.yaml'}"
    subprocess.run([binaries.jaeger, "validate", option], check=True, timeout=PATIENCE)


def test_tempo_accepts_its_configuration(binaries: Binaries) -> None:
    """`-config.verify` says nothing against tempo.yaml."""
    if binaries.tempo is None:
        pytest.skip("Tempo is not built by us")
    file = f"-config.file={CONFIGURATION / 'tempo.yaml'}"
    options = [file, "-config.expand-env=true", "-config.verify=true"]
    subprocess.run([binaries.tempo, *options], check=True, timeout=PATIENCE)


def test_ports_are_the_same_in_the_configuration_and_here() -> None:
    """Every port is set by a variable, and without it is the one that `make up` reports."""
    text = "".join(file.read_text() for file in CONFIGURATION.glob("*.yaml"))
    defaults = dict(re.findall(r"\$\{(?:env:)?([A-Z_]+_PORT):-(\d+)\}", text))
    # Prometheus takes its own on the command line.
    assert defaults | {"PROMETHEUS_PORT": "9090"} == Ports().environment()


def test_compose_runs_the_pinned_images_and_publishes_on_loopback() -> None:
    """compose.yaml and pins.toml name the same versions; no port is open to the network."""
    compose = (CONFIGURATION / "compose.yaml").read_text()
    assert set(re.findall(r"image: (\S+)", compose)) == set(Pins.load().images.values())
    published = re.findall(r"- (\S+):\d+:\d+$", compose, re.MULTILINE)
    assert published
    assert set(published) == {ADDRESS}


@pytest.mark.parametrize("name", ["prometheus.yaml", "fleet/prometheus.yaml"])
def test_prometheus_accepts_its_configuration(name: str) -> None:
    """`promtool` says so, where there is one."""
    if (promtool := shutil.which("promtool")) is None:
        pytest.skip("promtool is not installed")
    command = [promtool, "check", "config", str(CONFIGURATION / name)]
    subprocess.run(command, check=True, capture_output=True, timeout=PATIENCE)


def test_both_tempos_take_what_a_span_may_have() -> None:
    """Neither cuts an attribute, nor a trace before 50 MB (parsed only: Tempo is not built)."""
    for name in ("tempo.yaml", "fleet/tempo-distributed.yaml"):
        parsed = yaml.safe_load((CONFIGURATION / name).read_text())
        assert parsed["distributor"]["max_attribute_bytes"] >= MAX_SPAN_BYTES
        traces = parsed["overrides"]["defaults"]["global"]
        assert traces["max_bytes_per_trace"] >= 50_000_000


def test_grafana_finds_what_it_is_given() -> None:
    """compose.yaml mounts the dashboards where the provisioning file looks for them."""
    provider = yaml.safe_load((CONFIGURATION / "grafana" / "dashboards.yaml").read_text())
    (path,) = [entry["options"]["path"] for entry in provider["providers"]]
    compose = yaml.safe_load((CONFIGURATION / "compose.yaml").read_text())
    mounted = dict(volume.split(":")[:2] for volume in compose["services"]["grafana"]["volumes"])
    assert mounted["./grafana"] == path
    assert all((CONFIGURATION / source).exists() for source in mounted)
