"""A function that is frozen between two calls, as on AWS Lambda: it sends before it answers.

A frozen process sends nothing, and one that is thrown away never will. So the handler ends with
`force_flush`. It costs a request to the Collector beside it, or to the backend, in each call.
"""

import os
from typing import Any

from langchain_core.language_models import FakeListChatModel
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import Runnable
from opentelemetry import metrics, trace
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from langchain_otel import LangChainInstrumentor

# Once, at the cold start. Less than the time that the platform gives a function in all.
MILLISECONDS = int(os.environ.get("FLUSH_MILLISECONDS", "2000"))
tracer_provider = TracerProvider()
tracer_provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
trace.set_tracer_provider(tracer_provider)
meter_provider = MeterProvider([PeriodicExportingMetricReader(OTLPMetricExporter())])
metrics.set_meter_provider(meter_provider)
LangChainInstrumentor().instrument()

chain: Runnable[Any, Any] = ChatPromptTemplate.from_template("{question}") | FakeListChatModel(
    responses=["It is sunny."]
)


def handler(event: dict[str, Any], _context: Any) -> dict[str, str]:
    """Answer a question, and have told everything about it by then."""
    try:
        return {"answer": chain.invoke({"question": event["question"]}).content}
    finally:
        tracer_provider.force_flush(MILLISECONDS)
        meter_provider.force_flush(MILLISECONDS)
