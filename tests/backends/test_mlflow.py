"""MLflow, where `LANGCHAIN_OTEL_MLFLOW` names its program: what it makes of a traced agent."""

import json
import os
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from .loopback import ADDRESS, free_ports
from .processes import Server, start, stop, wait_until_ready
from .servers import only_one_chooses_ports

VARIABLE: Final = "LANGCHAIN_OTEL_MLFLOW"
AGENT: Final = Path(__file__).parents[2] / "examples" / "agent.py"
DEFAULT_EXPERIMENT: Final = "0"
QUIET: Final = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}

pytestmark = [pytest.mark.xdist_group("backends")]


@pytest.fixture(scope="module")
def mlflow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server with a database of its own."""
    named = os.environ.get(VARIABLE)
    if not named:
        pytest.skip(f"MLflow is not installed by us: name its program in {VARIABLE}")
    program = shutil.which(named)
    assert program, f"{VARIABLE}={named} is not a program"
    state = tmp_path_factory.mktemp("mlflow")
    with only_one_chooses_ports():
        (port,) = free_ports(1)
        place = ("--host", ADDRESS, "--port", str(port), "--workers", "1")
        store = ("--backend-store-uri", f"sqlite:///{state}/traces.db")
        address = f"http://{ADDRESS}:{port}"
        server = Server(
            "mlflow", (program, "server", *place, *store), f"{address}/health", seconds_to_end=10.0
        )
        process = start(server, os.environ | QUIET, state / "log", outlives_us=False)
        wait_until_ready(server, process)
    yield address
    stop(process)


def traces(address: str) -> list[Any]:
    where = {
        "type": "MLFLOW_EXPERIMENT",
        "mlflow_experiment": {"experiment_id": DEFAULT_EXPERIMENT},
    }
    request = urllib.request.Request(
        f"{address}/api/3.0/mlflow/traces/search",
        json.dumps({"locations": [where]}).encode(),
        {"content-type": "application/json"},
    )
    with urllib.request.urlopen(request) as answer:
        found: list[Any] = json.load(answer)["traces"]
        return found


def test_an_agent_has_session_tokens_and_what_was_said(mlflow: str) -> None:
    """With the settings of docs/backends.md and content on."""
    done = subprocess.run(
        [Path(sys.executable).with_name("opentelemetry-instrument"), sys.executable, AGENT],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ
        | {
            "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": f"{mlflow}/v1/traces",
            "OTEL_EXPORTER_OTLP_TRACES_HEADERS": f"x-mlflow-experiment-id={DEFAULT_EXPERIMENT}",
            "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
            "OTEL_METRICS_EXPORTER": "none",
            "OTEL_LOGS_EXPORTER": "none",
            "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": "true",
        },
    )
    assert (done.returncode, done.stderr) == (0, "")
    (trace,) = traces(mlflow)
    assert trace["state"] == "OK"
    metadata = trace["trace_metadata"]
    assert metadata["mlflow.trace.session"] == "trip-42"
    tokens = json.loads(metadata["mlflow.trace.tokenUsage"])
    assert (tokens["input_tokens"], tokens["output_tokens"]) == (527, 174)
    assert "What is the weather in Lisbon" in trace["request_preview"]
    assert "it is sunny at 24 degrees" in trace["response_preview"]
