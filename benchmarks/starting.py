"""Measures what importing a package and switching it on costs a process that has LangChain already.

    python benchmarks/starting.py langchain-otel

It prints CPU milliseconds. `run.py` starts it many times over, in each environment.
"""

import sys
import time
from importlib import import_module

import langchain_core.callbacks
import langchain_core.documents
import langchain_core.language_models
import langchain_core.messages
import langchain_core.output_parsers
import langchain_core.prompts
import langchain_core.retrievers
import langchain_core.runnables
import langchain_core.tools
import opentelemetry.sdk.trace.export
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider

LOADED = (langchain_core, opentelemetry)
WAYS = {
    "langchain-otel": ("langchain_otel", "LangChainInstrumentor"),
    "OpenInference": ("openinference.instrumentation.langchain", "LangChainInstrumentor"),
    "Traceloop": ("opentelemetry.instrumentation.langchain", "LangchainInstrumentor"),
    "official": ("opentelemetry.instrumentation.genai.langchain", "LangChainInstrumentor"),
}


def start(name: str) -> None:
    if name in WAYS:
        module, instrumentor = WAYS[name]
        getattr(import_module(module), instrumentor)().instrument()
    else:
        # The client needs a key before there is a handler.
        client = import_module("langfuse").Langfuse
        client(public_key="pk", secret_key="sk", base_url="http://127.0.0.1:9")  # noqa: S106
        import_module("langfuse.langchain").CallbackHandler()


trace.set_tracer_provider(TracerProvider(shutdown_on_exit=False))
before = time.process_time()
start(sys.argv[1])
print((time.process_time() - before) * 1e3)
