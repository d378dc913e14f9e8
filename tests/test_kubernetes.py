"""The manifests for Kubernetes: valid by its own schemas, of one piece, and started as it would."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from opentelemetry.instrumentation import auto_instrumentation

from backends.collectors import GATEWAY
from backends.pins import Pins
from servers.otlp_sink import Sink, running_sink

kubernetes_validate = pytest.importorskip("kubernetes_validate", reason="comes with group docs")

FOLDER: Final = Path(__file__).parents[1] / "collector-config"
MANIFESTS: Final = sorted((FOLDER / "kubernetes").glob("*.yaml"))
OURS: Final = ("Instrumentation",)
"""Kinds of OpenTelemetry's operator, of which Kubernetes has no schema."""
PROGRAM: Final = """\
from langchain_core.runnables import RunnableLambda
print(RunnableLambda(str.upper, name="shout").invoke("sunny"))
"""
AGENT: Final = ("fleet/agent.yaml", "redaction.yaml")


def documents(file: Path) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(file.read_text()))


def found(kind: str, name: str) -> dict[str, Any]:
    (one,) = (
        document
        for file in MANIFESTS
        for document in documents(file)
        if (document["kind"], document["metadata"]["name"]) == (kind, name)
    )
    return one


def container(kind: str, name: str) -> dict[str, Any]:
    (one,) = found(kind, name)["spec"]["template"]["spec"]["containers"]
    return dict(one)


@pytest.fixture
def sink() -> Iterator[Sink]:
    with running_sink() as sink:
        yield sink


@pytest.mark.parametrize("file", MANIFESTS, ids=lambda file: file.stem)
def test_a_manifest_is_valid(file: Path) -> None:
    """Every field is one that Kubernetes knows, of the type that it takes."""
    core = [document for document in documents(file) if document["kind"] not in OURS]
    assert core
    for document in core:
        kubernetes_validate.validate(document, kubernetes_validate.latest_version(), strict=True)


def test_a_wrong_field_is_found() -> None:
    """The schemas are strict."""
    service = found("Service", "otel-agent")
    service["spec"]["internalTrafikPolicy"] = "Local"
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(service, kubernetes_validate.latest_version(), strict=True)


@pytest.mark.parametrize(
    ("kind", "name", "files"),
    [("DaemonSet", "otel-agent", AGENT), ("StatefulSet", "otel-gateway", GATEWAY)],
    ids=["agent", "gateway"],
)
def test_a_collector_has_its_files(kind: str, name: str, files: tuple[str, ...]) -> None:
    """The files that it is started with are in its ConfigMap, in the order of the README."""
    (kustomization,) = documents(FOLDER / "kustomization.yaml")
    (made,) = (each for each in kustomization["configMapGenerator"] if each["name"] == name)
    pairs = [file.rpartition("=") for file in made["files"]]
    sources = {key or Path(path).name: path for key, _, path in pairs}
    assert sorted(sources.values()) == sorted(files)
    started = [argument.rpartition("/")[2] for argument in container(kind, name)["args"]]
    assert [sources[file] for file in started] == list(files)


def test_what_is_named_is_there() -> None:
    """The files of the kustomization, but for the application, which comes after them."""
    (kustomization,) = documents(FOLDER / "kustomization.yaml")
    named = {FOLDER / path for path in kustomization["resources"]}
    assert named == set(MANIFESTS) - {FOLDER / "kubernetes" / "application.yaml"}


@pytest.mark.parametrize(
    ("kind", "name", "files"),
    [("DaemonSet", "otel-agent", AGENT), ("StatefulSet", "otel-gateway", GATEWAY)],
    ids=["agent", "gateway"],
)
def test_a_collector_reads_its_variables(kind: str, name: str, files: tuple[str, ...]) -> None:
    text = "".join((FOLDER / file).read_text() for file in files)
    names = [variable["name"] for variable in container(kind, name)["env"]]
    assert [each for each in names if f"${{env:{each}" not in text] == []


def test_images_are_the_pinned_ones() -> None:
    version = Pins.load().collector.version
    for kind, name in (("DaemonSet", "otel-agent"), ("StatefulSet", "otel-gateway")):
        assert container(kind, name)["image"].endswith(f"-contrib:{version}")


def test_each_sends_to_a_service_that_is_there() -> None:
    """The application to the agents, these to the gateway, each at a port that is open."""
    exporter = found("Instrumentation", "langchain")["spec"]["exporter"]
    (next_one,) = (
        variable["value"]
        for variable in container("DaemonSet", "otel-agent")["env"]
        if variable["name"] == "NEXT_ENDPOINT"
    )
    for url in (exporter["endpoint"], next_one):
        host, _, port = url.rpartition("/")[2].partition(":")
        name, namespace = host.split(".")[:2]
        ports = [each["port"] for each in found("Service", name)["spec"]["ports"]]
        assert int(port) in ports
        assert namespace == found("Namespace", "observability")["metadata"]["name"]


def test_an_application_is_traced_as_the_operator_starts_it(sink: Sink) -> None:
    """The operator sets PYTHONPATH and variables, and the command stays as it is."""
    manifest = found("Instrumentation", "langchain")["spec"]
    variables = {variable["name"]: variable["value"] for variable in manifest["python"]["env"]}
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env=inherited
        | variables
        | {
            "PYTHONPATH": str(Path(auto_instrumentation.__file__).parent),
            "OTEL_EXPORTER_OTLP_ENDPOINT": sink.url,
            "OTEL_TRACES_SAMPLER": manifest["sampler"]["type"],
            "OTEL_PROPAGATORS": ",".join(manifest["propagators"]),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "SUNNY\n", "")
    assert [span.name for span in sink.spans] == ["invoke_workflow shout"]
