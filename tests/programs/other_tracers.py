"""The other tracers: how each is switched on, and how what it saw is read back."""

import json
import os
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import import_module
from typing import Any

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.trace import TracerProvider


class Neighbour:
    """Another tracer, which makes spans of the scopes that begin with one of `scopes`."""

    scopes: tuple[str, ...] = ()

    def __init__(self, provider: TracerProvider, meter_provider: MeterProvider) -> None:
        self.provider = provider
        self.meter_provider = meter_provider

    def start(self) -> None:
        """Switch it on."""

    def handlers(self) -> list[Any]:
        """The callback handlers that it wants in a run's configuration."""
        return []

    def forget(self) -> None:
        """Forget what it saw so far."""

    def account(self) -> list[Any]:
        """What it saw and made no spans of."""
        return []

    def made(self, scope: str) -> bool:
        """Whether spans and metrics of this scope are its own."""
        return scope.startswith(self.scopes) if self.scopes else False


def instrumentors(*paths: str, environment: dict[str, str] | None = None) -> type[Neighbour]:
    """Instrumentors by module and class, as one neighbour."""

    class Instrumentors(Neighbour):
        scopes = tuple(path.partition(":")[0] for path in paths)

        def start(self) -> None:
            os.environ.update(environment or {})
            for path in paths:
                module, _, name = path.partition(":")
                getattr(import_module(module), name)().instrument(
                    tracer_provider=self.provider, meter_provider=self.meter_provider
                )

    return Instrumentors


class Received(ThreadingHTTPServer):
    """A server that takes everything it is sent."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Taker)
        self.bodies: list[tuple[str, str, Any]] = []
        self.url = f"http://127.0.0.1:{self.server_port}"
        threading.Thread(target=self.serve_forever, daemon=True).start()


class _Taker(BaseHTTPRequestHandler):
    server: Received

    def _take(self) -> None:
        raw = self.rfile.read(int(self.headers.get("content-length", 0)))
        try:
            body = json.loads(raw)
        except ValueError:
            body = None
        self.server.bodies.append((self.command, self.path, body))
        # LangSmith's client asks how it may send: plain JSON, run by run.
        limits = {"size_limit": 100, "size_limit_bytes": 20_000_000, "scale_up_qsize_trigger": 1000}
        config = {"use_multipart_endpoint": False, "scale_up_nthreads_limit": 1, **limits}
        info = {"batch_ingest_config": config, "version": "0.7.0"}
        answer = json.dumps(info if self.path.endswith("/info") else {}).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_GET = do_POST = do_PATCH = _take  # noqa: N815

    def log_message(self, *_: object, **__: object) -> None:
        pass


class LangSmith(Neighbour):
    """LangSmith's tracer, by its variable or as a handler, and its client."""

    by_variable = True

    def start(self) -> None:
        from langsmith import Client

        self.server = Received()
        os.environ["LANGSMITH_ENDPOINT"] = self.server.url
        os.environ["LANGSMITH_API_KEY"] = "none"
        if self.by_variable:
            os.environ["LANGSMITH_TRACING"] = "true"
        self.client = Client(
            api_url=self.server.url, api_key="none", auto_batch_tracing=self.by_variable
        )

    def handlers(self) -> list[Any]:
        if self.by_variable:
            return []
        from langchain_core.tracers import LangChainTracer

        return [LangChainTracer(client=self.client)]

    def forget(self) -> None:
        self._flush()
        self.server.bodies.clear()

    def account(self) -> list[Any]:
        self._flush()
        sent: list[Any] = []
        for method, path, body in self.server.bodies:
            if path.endswith("/runs/batch"):
                sent += [["POST", run] for run in body.get("post", ())]
                sent += [["PATCH", run] for run in body.get("patch", ())]
            elif "/runs" in path:
                sent.append([method, body])
        return merged(sent)

    def _flush(self) -> None:
        from langchain_core.tracers.langchain import wait_for_all_tracers

        wait_for_all_tracers()
        self.client.flush()


VARYING = ("dotted_order", "start_time", "end_time", "trace_id", "id", "session_id")


def merged(sent: list[Any]) -> list[Any]:
    """Each run as it stands at the end, by start, with its parent's name and not its id."""
    runs: dict[str, dict[str, Any]] = {}
    for _, run in sent:
        told = {key: value for key, value in run.items() if value is not None}
        runs.setdefault(run["id"], {}).update(told)
    at_end: list[Any] = []
    for run in sorted(runs.values(), key=lambda run: run.get("dotted_order", "")):
        parent = runs.get(run.pop("parent_run_id", None) or "", {}).get("name")
        kept = {key: value for key, value in run.items() if key not in VARYING}
        at_end.append({"parent": parent, "depth": run.get("dotted_order", "").count("."), **kept})
    return at_end


class LangSmithHandler(LangSmith):
    """LangSmith's tracer in the configuration of each run."""

    by_variable = False


class Langfuse(Neighbour):
    """Langfuse's callback handler and its client, which makes spans of a provider."""

    scopes = ("langfuse-sdk",)

    def start(self) -> None:
        from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

        self.server = Received()
        self.client = import_module("langfuse").Langfuse(
            public_key="pk-lf-none",
            secret_key="sk-lf-none",
            base_url=self.server.url,
            tracer_provider=self.provider,
            span_exporter=InMemorySpanExporter(),
        )

    def handlers(self) -> list[Any]:
        return [import_module("langfuse.langchain").CallbackHandler(public_key="pk-lf-none")]


GENAI = "opentelemetry.instrumentation.genai"
OTHERS: dict[str, Callable[[TracerProvider, MeterProvider], Neighbour]] = {
    "genai providers": instrumentors(
        f"{GENAI}.openai:OpenAIInstrumentor", f"{GENAI}.anthropic:AnthropicInstrumentor"
    ),
    "genai-langchain": instrumentors(f"{GENAI}.langchain:LangChainInstrumentor"),
    "genai-langchain and providers": instrumentors(
        f"{GENAI}.langchain:LangChainInstrumentor",
        f"{GENAI}.openai:OpenAIInstrumentor",
        f"{GENAI}.anthropic:AnthropicInstrumentor",
    ),
    "openai-v2": instrumentors("opentelemetry.instrumentation.openai_v2:OpenAIInstrumentor"),
    "openai-v2, latest conventions": instrumentors(
        "opentelemetry.instrumentation.openai_v2:OpenAIInstrumentor",
        environment={"OTEL_SEMCONV_STABILITY_OPT_IN": "gen_ai_latest_experimental"},
    ),
    "traceloop providers": instrumentors(
        "opentelemetry.instrumentation.openai:OpenAIInstrumentor",
        "opentelemetry.instrumentation.anthropic:AnthropicInstrumentor",
    ),
    "traceloop langchain": instrumentors(
        "opentelemetry.instrumentation.langchain:LangchainInstrumentor"
    ),
    "openinference providers": instrumentors(
        "openinference.instrumentation.openai:OpenAIInstrumentor"
    ),
    "openinference langchain": instrumentors(
        "openinference.instrumentation.langchain:LangChainInstrumentor"
    ),
    "langfuse": Langfuse,
    "langsmith": LangSmith,
    "langsmith handler": LangSmithHandler,
}
