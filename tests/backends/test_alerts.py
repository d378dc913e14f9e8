"""The alerts of collector-config/: each is raised when it should be, and says what to do."""

import logging
import re
import shutil
import subprocess
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import pytest
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

from required import unavailable

from .collectors import HERE, Collectors, wait_for
from .loopback import fetch, free_ports
from .patience import PATIENCE
from .processes import ServerError
from .prometheus import INSTALL_COMMAND, RULES, Prometheus
from .servers import CONFIGURATION

# langchain-core brings it; it has no types of its own.
yaml: Final[Any] = import_module("yaml")
CASES: Final = HERE / "alerts.test.yaml"
FILE: Final = CONFIGURATION / "prometheus-alerts.yaml"
RULES_OF_ALERTS: Final = [
    rule for group in yaml.safe_load(FILE.read_text())["groups"] for rule in group["rules"]
]
SEVERITIES: Final = {"critical", "warning", "info"}

pytestmark = [pytest.mark.xdist_group("backends")]


def promtool(*arguments: str | Path) -> str:
    """What it says; the test is skipped where it is not installed, or fails where required."""
    if (program := shutil.which("promtool")) is None:
        unavailable(ServerError(f"promtool is not installed: run `{INSTALL_COMMAND}`"))
    # The cases take minutes of a processor, which others may want at the same time.
    patience = 2 * PATIENCE
    done = subprocess.run(
        [program, *arguments], capture_output=True, check=False, text=True, timeout=patience
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_rules_are_accepted() -> None:
    """Their queries, and the templates of their texts."""
    said = promtool("check", "rules", *(CONFIGURATION / name for name in RULES))
    assert said.count("SUCCESS") == len(RULES)


def test_an_alert_is_raised_when_it_should_be_and_not_just_below() -> None:
    """Everything of alerts.test.yaml, each case of which names all alerts that fire."""
    promtool("test", "rules", CASES)


def test_every_alert_has_a_case() -> None:
    """In which it fires."""
    cases = yaml.safe_load(CASES.read_text())["tests"]
    raised = str([row["exp_samples"] for case in cases for row in case["promql_expr_test"]])
    fire = set(re.findall(r'alertname="(\w+)"', raised))
    assert fire == {rule["alert"] for rule in RULES_OF_ALERTS}


@pytest.mark.parametrize("rule", RULES_OF_ALERTS, ids=lambda rule: rule["alert"])
def test_an_alert_says_what_to_do(rule: Any) -> None:
    """How bad it is, whose it is, what has happened, where to look first; it is in the README."""
    assert rule["labels"]["severity"] in SEVERITIES
    texts = rule["annotations"]
    assert texts.keys() == {"summary", "description", "runbook"}
    assert "$labels." in texts["summary"]
    assert texts["description"].endswith(".")
    assert texts["runbook"].endswith(".")
    assert f"`{rule['alert']}`" in (CONFIGURATION / "README.md").read_text()


def test_prometheus_reads_the_collector_itself_and_loads_the_rules(prometheus: Prometheus) -> None:
    """Of every rule it says that the last evaluation went well."""
    prometheus.wait_for('up{job="otelcol"} == 1')
    prometheus.wait_for("otelcol_process_uptime")
    wait_for(lambda: set(prometheus.health_of_rules().values()) == {"ok"}, "a rule is not well")
    assert prometheus.health_of_rules().keys() >= {rule["alert"] for rule in RULES_OF_ALERTS}


def test_the_collector_has_the_metrics_that_alerts_watch(
    made: Collectors, caplog: pytest.LogCaptureFixture
) -> None:
    """Under these very names: of an exporter that gives up, and of one whose queue is full."""
    watched = set(re.findall(r"\botelcol_\w+", FILE.read_text()))
    (nobody,) = free_ports(1)
    collector = made.started(
        "refusing", "local.yaml", HERE / "refusing.yaml", JAEGER_OTLP_GRPC_PORT=str(nobody)
    )

    def reported() -> set[str]:
        text = (fetch(collector.url("TELEMETRY", "/metrics")) or b"").decode()
        return set(re.findall(r"^(otelcol_\w+){", text, re.MULTILINE))

    # The exporter complains as it should.
    caplog.set_level(logging.CRITICAL, logger="opentelemetry")
    # One is being sent, two wait, and for the fourth there is no room.
    exporter = OTLPSpanExporter(endpoint=collector.endpoint, insecure=True, timeout=1)
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    for _ in range(4):
        provider.get_tracer("hand.written").start_span("root").end()
    wait_for(lambda: watched <= reported(), f"of {watched} there is {reported()}")
    provider.shutdown()
