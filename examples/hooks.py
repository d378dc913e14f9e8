"""Functions of your own: what spans have at their start and end, their names, what is left out.

    LANGCHAIN_OTEL_TREE=full python examples/hooks.py

Every span says which customer it is for, a failed tool says whether it is worth another try, and
a health check leaves no trace. No model is asked.
"""

from typing import Literal

from langchain_core.runnables import Runnable, RunnableConfig, RunnableLambda
from langchain_core.tools import tool
from opentelemetry.trace import Span

import langchain_otel
from langchain_otel import RunView

RETRIED = {"ConnectionError", "TimeoutError"}


def request_hook(span: Span, run: RunView) -> None:
    """Say whose request it is on every span, so that a backend can filter by it."""
    span.set_attribute("app.customer", run.metadata.get("customer", "unknown"))


def response_hook(span: Span, run: RunView) -> None:
    """Say of a failure whether another try may help."""
    if run.error_type is not None:
        span.set_attribute("app.may_retry", run.error_type in RETRIED)


def span_name(run: RunView) -> str | None:
    """Call tools by their names alone."""
    return run.name if run.kind == "tool" else None


def run_filter(run: RunView) -> bool | Literal["leave_out_trace"]:
    """Leave out health checks, and the step that only reads the question."""
    if "health-check" in run.tags:
        return "leave_out_trace"
    return run.name != "read"


@tool
def get_weather(city: str) -> str:
    """Say how the weather is."""
    if city == "Atlantis":
        raise ConnectionError
    return f"It is sunny in {city}."


def read(question: str) -> dict[str, str]:
    """Find the city."""
    return {"city": question.removesuffix("?")}


def chain() -> Runnable[str, str]:
    """A chain that reads a question and asks the tool."""
    return RunnableLambda(read) | get_weather


def main() -> None:
    """Ask twice, once in vain, and check the health of the chain."""
    langchain_otel.configure(
        request_hook=request_hook,
        response_hook=response_hook,
        span_name=span_name,
        run_filter=run_filter,
    )
    weather = chain()
    config: RunnableConfig = {"metadata": {"customer": "acme"}, "run_name": "weather"}
    print(weather.invoke("Lisbon?", config))
    try:
        weather.invoke("Atlantis?", config)
    except ConnectionError:
        print("Nobody knows.")
    weather.invoke("Oslo?", {"tags": ["health-check"]})


if __name__ == "__main__":
    main()
