"""Another langchain-core than the supported ones, by its metadata: real processes."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from unneeded import ALONE
from versions import release

INSTRUMENT: Final = (str(Path(sys.executable).with_name("opentelemetry-instrument")),)
IN_CODE: Final = """\
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import ConsoleSpanExporter, SimpleSpanProcessor
trace.set_tracer_provider(TracerProvider())
exporter = ConsoleSpanExporter(formatter=lambda span: f"span {span.name}\\n")
trace.get_tracer_provider().add_span_processor(SimpleSpanProcessor(exporter))
from langchain_otel import LangChainInstrumentor
LangChainInstrumentor().instrument()
"""
RUN: Final = """\
from langchain_core.runnables import RunnableLambda
print(RunnableLambda(str.upper, name="outer").invoke("answer"))
"""


def run(directory: Path, version: str, program: str, *command: str) -> tuple[list[str], list[str]]:
    """The lines of a program's output and errors, where this version is the installed one."""
    found = directory / "langchain_core-0.dist-info"
    found.mkdir()
    (found / "METADATA").write_text(f"Metadata-Version: 2.1\nName: langchain-core\n{version}\n")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
    signals = ("OTEL_TRACES_EXPORTER", "OTEL_METRICS_EXPORTER", "OTEL_LOGS_EXPORTER")
    path = os.pathsep.join(filter(None, [str(directory), os.environ.get("PYTHONPATH", "")]))
    done = subprocess.run(
        [*command, sys.executable, "-W", "ignore", "-c", program],
        env=inherited | ALONE | dict.fromkeys(signals, "none") | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines(), done.stderr.splitlines()


@pytest.mark.rows(3)
@pytest.mark.parametrize("version", ["0.3.0", "2", "2.0.0a1"])
@pytest.mark.parametrize("way", ["command", "code"])
def test_the_application_is_untouched(tmp_path: Path, version: str, way: str) -> None:
    """One line names both versions, and nothing is traced."""
    program, command = (RUN, INSTRUMENT) if way == "command" else (IN_CODE + RUN, ())
    output, errors = run(tmp_path, f"Version: {version}", program, *command)
    assert output == ["ANSWER"]
    # Older commands say it only to those who debug.
    assert len(errors) == (way == "code" or release("opentelemetry-instrumentation") >= (0, 66))
    assert all(f"langchain-core {version}" in line for line in errors)


@pytest.mark.rows(3)
@pytest.mark.parametrize("version", ["", "Version: 1.9.0+local", "Version: 1.9.0rc1"])
def test_what_is_no_conflict(tmp_path: Path, version: str) -> None:
    """Metadata that says no version, as in a frozen executable; builds of one's own."""
    output, errors = run(tmp_path, version, IN_CODE + RUN)
    assert output == ["span invoke_workflow outer", "ANSWER"]
    assert errors == []
