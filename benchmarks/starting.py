"""Measures what importing a package and switching it on costs a process that has LangChain already.

    python benchmarks/starting.py langchain-otel

It prints CPU milliseconds. `run.py` starts it many times over, in each environment.
"""

import sys
import time
from importlib import import_module

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.documents import Document
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

# LangChain's packages load what they export when it is asked for.
LOADED = (
    BaseCallbackHandler,
    Document,
    BaseChatModel,
    AIMessage,
    StrOutputParser,
    ChatPromptTemplate,
    BaseRetriever,
    Runnable,
    BaseTool,
    BatchSpanProcessor,
)
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
