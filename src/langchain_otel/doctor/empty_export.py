"""Has an exporter send an export with nothing in it, and says what came of it."""

from __future__ import annotations

from typing import Any, Final

from langchain_otel.doctor.finding import MEND, OK, Finding
from langchain_otel.doctor.limits import untraced, within
from langchain_otel.doctor.senders import sender_of
from langchain_otel.inspection.providers import Destination

LIMIT: Final = 12.0
"""Seconds, more than the ten that exporters try by default."""

MORE: Final = (
    "Mend what the doctor says of its endpoint. If it says nothing, read the lines that the logger "
    "`opentelemetry` writes when the application runs."
)


def empty_export(destination: Destination, signal: str) -> Finding:
    """What the very exporter of a destination gives for an export without data."""
    exporter = destination.instance
    topic = f"{signal} export"
    if not callable(getattr(exporter, "export", None)):
        sentence = f"{destination} sends nothing by itself: there is no export to test."
        return Finding(topic, OK, sentence)
    if is_shut_down(exporter):
        return shut_down(topic, destination)
    try:
        result = within(LIMIT, lambda: untraced(lambda: exporter.export(_nothing(signal))))
    except TimeoutError:
        return failed(topic, destination, f"has not ended an empty export after {LIMIT:.0f} s")
    except Exception as error:
        what = f"raises {type(error).__name__} for an empty export"
        return failed(topic, destination, what)
    if not is_success(result):
        return failed(topic, destination, "cannot send an empty export")
    return Finding(topic, OK, _succeeded(destination))


def failed(topic: str, destination: Destination, what: str) -> Finding:
    """An exporter from which nothing arrives."""
    return Finding(topic, MEND, f"{destination} {what}.", MORE)


def is_success(result: Any) -> bool:
    """Whether an exporter says that it has sent; the three signals have results of their own."""
    return getattr(result, "name", None) == "SUCCESS"


def is_shut_down(exporter: Any) -> bool:
    """Whether an exporter for OTLP was told to send nothing more."""
    return getattr(sender_of(exporter), "_shutdown", False) is True


def shut_down(topic: str, destination: Destination) -> Finding:
    """An exporter that sends nothing more."""
    return Finding(
        topic,
        MEND,
        f"{destination} is shut down: it sends nothing more.",
        "Call shutdown() of the provider only when the application ends.",
    )


def _nothing(signal: str) -> Any:
    if signal != "metrics":
        return []
    from opentelemetry.sdk.metrics.export import MetricsData

    return MetricsData(resource_metrics=[])


def _succeeded(destination: Destination) -> str:
    # The standard exporters send also what is empty; of others that is not known.
    if sender_of(destination.instance) is not None:
        return f"{destination} has sent an empty export, and the server took it."
    return f"{destination} says that an empty export went well; it may have sent nothing."
