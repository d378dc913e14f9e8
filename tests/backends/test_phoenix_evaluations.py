"""What Arize Phoenix has of an evaluation: the span that we send, and the annotation of the page.

`docs/evaluations.md` shows a module that annotates; it is run here as it stands.
"""

import json
import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from langchain_core.runnables import RunnableLambda
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.trace import SpanContext

from documentation import ROOT, blocks_of
from langchain_otel import LangChainInstrumentor, record_evaluation, semconv, span_context_of

from .loopback import fetch
from .patience import PATIENCE
from .phoenix import Phoenix

pytestmark = pytest.mark.xdist_group("phoenix")

Json = dict[str, Any]
PROJECT = "evaluations"
WHY = "It is in capitals."


@pytest.fixture(scope="module")
def judged(phoenix: Phoenix) -> SpanContext:
    """A run that was judged while it was under way, and once more after its end."""
    provider = TracerProvider(
        resource=Resource({"openinference.project.name": PROJECT}), shutdown_on_exit=False
    )
    provider.add_span_processor(SimpleSpanProcessor(OTLPSpanExporter(phoenix.otlp)))
    run_id = uuid4()

    def body(_: Any) -> None:
        record_evaluation(run_id, "early", score=0.5)

    LangChainInstrumentor().instrument(tracer_provider=provider, dialect="openinference")
    try:
        RunnableLambda(body, name="run").invoke(1, {"run_id": run_id})
        assert record_evaluation(run_id, "late", score=0.2, label="rude", explanation=WHY)
        found = span_context_of(run_id)
    finally:
        LangChainInstrumentor().uninstrument()
        provider.shutdown()
    assert found is not None
    return found


def annotate() -> Callable[..., None]:
    """The function of the page."""
    page = ROOT / "docs" / "evaluations.md"
    (module,) = [block for block in blocks_of(page) if block.file == "phoenix_annotation.py"]
    names: Json = {}
    exec(module.text, names)
    found: Callable[..., None] = names["annotate"]
    return found


def test_spans(phoenix: Phoenix, judged: SpanContext) -> None:
    """The early one is an event of the run, the late one an evaluator's span below it."""
    spans = {span["name"]: span for span in phoenix.spans(PROJECT, at_least=2)}
    run, late = spans["invoke_workflow run"], spans["evaluate late"]
    assert [event["name"] for event in run["events"]] == [semconv.GEN_AI_EVALUATION_RESULT]
    assert late["parent_id"] == run["context"]["span_id"] == f"{judged.span_id:016x}"
    assert late["span_kind"] == "EVALUATOR"
    result = {"score": 0.2, "label": "rude", "explanation": WHY}
    assert json.loads(late["attributes"]["output.value"]) == result
    assert late["attributes"][semconv.GEN_AI_EVALUATION_SCORE_VALUE] == 0.2


def annotations(phoenix: Phoenix, context: SpanContext) -> list[Json]:
    path = f"/v1/projects/{PROJECT}/span_annotations?span_ids={context.span_id:016x}"
    body = fetch(phoenix.url + path)
    return [] if body is None else list(json.loads(body)["data"])


def test_annotations(phoenix: Phoenix, judged: SpanContext) -> None:
    """What the page's function sends is what Phoenix has of the span."""
    phoenix.spans(PROJECT, at_least=2)
    annotate()(phoenix.url, judged, "tone", "HUMAN", score=0.2, label="rude", explanation=WHY)
    deadline = time.monotonic() + PATIENCE
    while not (found := annotations(phoenix, judged)):
        assert time.monotonic() < deadline, "no annotation in Phoenix"
        time.sleep(0.1)
    (annotation,) = found
    assert annotation["name"] == "tone"
    assert annotation["annotator_kind"] == "HUMAN"
    result = {key: annotation["result"][key] for key in ("score", "label", "explanation")}
    assert result == {"score": 0.2, "label": "rude", "explanation": WHY}
