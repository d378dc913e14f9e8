"""How other packages are installed and switched on, by default and by their settings."""

import subprocess
from pathlib import Path
from typing import Final

import pytest

from langchain_otel.config import OPTIONS
from migrating import CONTENT, OURSELVES, interpreter_of, recorded, variables_of
from migration.rows import Package
from migration.tables import PACKAGES
from peer import PeerError
from required import unavailable
from servers.otlp_sink import Sink, running_sink

PAGES: Final = Path(__file__).parents[1] / "docs"
EVERY: Final = [pytest.param(package, id=name) for name, package in PACKAGES.items()]
ASKED: Final = "Why is the sky blue?"

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("migration")]


@pytest.fixture(scope="session", autouse=True)
def environments() -> dict[str, Path]:
    """The folder of each package's environment; without the registry the tests are skipped."""
    try:
        names = (OURSELVES, *PACKAGES)
        return {name: Path(interpreter_of(name)).parents[1] for name in names}
    except PeerError as error:
        unavailable(error)


@pytest.mark.parametrize("package", EVERY)
def test_settings_exist(package: Package, environments: dict[str, Path]) -> None:
    """Their package reads what the page names, and ours what it is replaced by."""
    files = [
        text
        for pattern in ("openinference", "opentelemetry", "langsmith")
        for path in environments[package.name].glob(f"lib/python*/site-packages/{pattern}/**/*.py")
        if (text := path.read_text(encoding="utf-8"))
    ]
    everywhere = "\n".join(files)
    for switch in package.switches:
        # The SDK of LangSmith puts the first word before each name.
        assert switch.theirs.removeprefix("LANGSMITH_") in everywhere, switch.theirs
    known = {option.variable for option in OPTIONS}
    ours = {switch.ours for switch in package.switches if switch.ours}
    assert {name for name in ours - known if "INSTRUMENTATION" in name} == set()


@pytest.mark.parametrize("package", EVERY)
def test_content_is_recorded_by_default_as_the_page_says(package: Package) -> None:
    """Where nothing is said, ours records none."""
    theirs = recorded(package.name, "chain", **{CONTENT: ""})
    assert (ASKED in str(theirs.spans)) is package.has_content


def test_ours_has_no_content_by_default() -> None:
    """As all pages say."""
    assert ASKED in str(recorded(OURSELVES, "chain").spans)
    assert ASKED not in str(recorded(OURSELVES, "chain", **{CONTENT: ""}).spans)


OFFLINE: Final = """
from langchain_core.runnables import RunnableLambda
from langchain_core.tracers.langchain import get_client, wait_for_all_tracers
from opentelemetry import trace

get_client()


def shout(text):
    with trace.get_tracer("application").start_as_current_span("inside"):
        return text.upper()


RunnableLambda(shout).with_config(run_name="shout").invoke("sunny")
wait_for_all_tracers()
get_client().flush()
trace.get_tracer_provider().force_flush()
"""


def langsmith(**variables: str) -> Sink:
    """What a receiver got of a chain that LangSmith's SDK recorded."""
    with running_sink() as sink:
        everywhere = {"LANGSMITH_ENDPOINT": sink.url, "OTEL_EXPORTER_OTLP_ENDPOINT": sink.url}
        done = subprocess.run(
            [interpreter_of("LangSmith"), "-c", OFFLINE],
            capture_output=True,
            text=True,
            check=False,
            env=variables_of("") | {"LANGSMITH_TRACING": "true"} | everywhere | variables,
        )
        assert done.returncode == 0, done.stderr
        (span,) = sink.wait_for(1, "shout")
        assert span.attributes["langsmith.span.kind"] == "chain"
        return sink


@pytest.mark.parametrize(
    "variables",
    [
        {"LANGSMITH_TRACING_MODE": "otel"},
        {"LANGSMITH_OTEL_ENABLED": "true", "LANGSMITH_OTEL_ONLY": "true"},
    ],
    ids=",".join,
)
def test_langsmith_sends_otlp_without_a_key(variables: dict[str, str]) -> None:
    """To any receiver, and nowhere else; spans of the application are in other traces."""
    sink = langsmith(**variables)
    assert {request.path for request in sink.requests} == {"/v1/traces"}
    assert len({span.trace_id for span in sink.spans}) == 2


def test_langsmith_sends_to_both_where_otlp_is_only_enabled() -> None:
    """To LangSmith as well, and its key to the receiver, which the page says."""
    sink = langsmith(LANGSMITH_OTEL_ENABLED="true", LANGSMITH_API_KEY="key")
    assert any(request.path.startswith("/runs") for request in sink.requests)
    sent = [request for request in sink.requests if request.path == "/v1/traces"]
    assert {request.headers["x-api-key"] for request in sent} == {"key"}


@pytest.mark.parametrize("package", EVERY)
def test_the_page_names_the_version_that_is_compared(
    package: Package, environments: dict[str, Path]
) -> None:
    """The one that is installed, and how it is switched on."""
    name = package.distribution.replace("-", "_")
    (installed,) = environments[package.name].glob(f"lib/python*/site-packages/{name}-*.dist-info")
    version = installed.name.removesuffix(".dist-info").rpartition("-")[2]
    page = (PAGES / package.page).read_text()
    assert f"`{package.distribution}` {version}" in page
    if package.name != "LangSmith":
        assert f"pip uninstall -y {package.distribution}\n" in page
        assert "\nlangchain = " in (installed / "entry_points.txt").read_text()
