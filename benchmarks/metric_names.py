"""Measures what each choice of the option `metrics` costs a model call, in CPU µs.

    python benchmarks/metric_names.py

The choices take turns, and each one's fastest round counts, so that a busy machine does little.
"""

import time
from typing import Any, Final

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from opentelemetry.metrics import NoOpMeterProvider
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider

from langchain_otel import LangChainInstrumentor

NONE: Final = "no meter provider"
CHOICES: Final = (NONE, "latest", "previous", "both")
ROUNDS: Final = 30
CALLS: Final = 200


class Model(BaseChatModel):
    """Answers at once, with tokens."""

    @property
    def _llm_type(self) -> str:
        return "instant"

    def _generate(self, *_: Any, **__: Any) -> ChatResult:
        usage: Any = {"input_tokens": 10, "output_tokens": 5, "total_tokens": 15}
        message = AIMessage("hello", usage_metadata=usage)
        return ChatResult(generations=[ChatGeneration(message=message)])


def cost_of_a_call(choice: str, provider: Any) -> float:
    """CPU µs of one model call, traced and measured."""
    options: Any = {} if choice == NONE else {"metrics": choice}
    tracer_provider = TracerProvider(shutdown_on_exit=False)
    instrumentor = LangChainInstrumentor()
    instrumentor.instrument(tracer_provider=tracer_provider, meter_provider=provider, **options)
    try:
        model = Model()
        for _ in range(CALLS // 10):
            model.invoke("hi")
        begun = time.process_time()
        for _ in range(CALLS):
            model.invoke("hi")
        return (time.process_time() - begun) / CALLS * 1e6
    finally:
        instrumentor.uninstrument()


def main() -> None:
    """Print what each choice adds to a model call that is traced and not measured."""
    providers: dict[str, Any] = {
        choice: MeterProvider([InMemoryMetricReader()], shutdown_on_exit=False)
        for choice in CHOICES
    }
    providers[NONE] = NoOpMeterProvider()
    fastest = dict.fromkeys(CHOICES, float("inf"))
    for _ in range(ROUNDS):
        for choice in CHOICES:
            cost = cost_of_a_call(choice, providers[choice])
            fastest[choice] = min(fastest[choice], cost)
    print(f"{NONE}: {fastest[NONE]:.0f} µs")
    for choice in CHOICES[1:]:
        print(f"{choice}: + {fastest[choice] - fastest[NONE]:.0f} µs")


if __name__ == "__main__":
    main()
