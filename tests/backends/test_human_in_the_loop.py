"""An agent that waits for a person in one process and goes on in another, read back from Jaeger."""

import os
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

from .readback import Backends
from .spans import Span

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent

pytestmark = [pytest.mark.xdist_group("backends")]


def run(backends: Backends, database: Path, *command: str) -> tuple[str, list[Span]]:
    """What the example prints, and its trace in Jaeger."""
    service = f"booking-{uuid.uuid4()}"
    done = subprocess.run(
        [
            str(BIN / "opentelemetry-instrument"),
            sys.executable,
            str(ROOT / "examples" / "human_in_the_loop.py"),
            *("--database", str(database)),
            *command,
        ],
        capture_output=True,
        text=True,
        check=False,
        env={
            "PATH": os.environ["PATH"],
            "OTEL_SERVICE_NAME": service,
            "OTEL_EXPORTER_OTLP_ENDPOINT": backends.otlp_grpc,
        },
    )
    assert done.returncode == 0, done.stderr
    (trace_id,) = backends.traces_of(service)
    written = backends.collector_spans(trace_id, at_least=8)
    return done.stdout, backends.jaeger_trace(trace_id, at_least=len(written))


def named(spans: list[Span], name: str) -> Span:
    (found,) = [span for span in spans if span.name == name]
    return found


@pytest.mark.parametrize("answer", ["yes", "too expensive"])
def test_two_linked_traces(backends: Backends, tmp_path: Path, answer: str) -> None:
    """Neither is red; the second leads to the first, and the tool to the model that wanted it."""
    database = tmp_path / "approval.db"
    asked, first = run(backends, database, "ask")
    assert asked == "Book Adler?\n"
    told, second = run(backends, database, "answer", answer)
    assert ("Adler is booked" in told) is (answer == "yes")
    assert {span.status_code for span in (*first, *second)} == {"UNSET"}
    waiting, going_on = (named(trace, "invoke_agent booking-agent") for trace in (first, second))
    assert waiting.attributes["langchain.run.outcome"] == "interrupted"
    assert [event.name for event in waiting.events] == ["langgraph.interrupt"]
    assert "langchain.run.outcome" not in going_on.attributes
    assert waiting.trace_id != going_on.trace_id
    (link,) = going_on.links
    assert (link.trace_id, link.span_id) == (waiting.trace_id, waiting.span_id)
    waited = going_on.attributes["langgraph.interrupt.wait_time"]
    assert isinstance(waited, float)
    assert waited > 0
    model = named(first, "chat gpt-5-mini")
    for trace in (first, second):
        (request,) = named(trace, "execute_tool book_hotel").links
        assert (request.trace_id, request.span_id) == (model.trace_id, model.span_id)
