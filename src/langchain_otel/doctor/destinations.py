"""Checks each provider: who set it, and where what it records is sent."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from langchain_otel.doctor.finding import MEND, NOTE, OK, Finding, Level
from langchain_otel.doctor.scene import APPLICATION, Scene
from langchain_otel.inspection.command import is_configured

if TYPE_CHECKING:
    from langchain_otel.inspection.providers import Provider

TOPIC: Final = "providers"
TRACES: Final = "traces"
HEADERS: Final = tuple(
    f"OTEL_EXPORTER_OTLP_{signal}HEADERS" for signal in ("", "TRACES_", "METRICS_", "LOGS_")
)
UNKNOWN_SERVICE: Final = "unknown_service"
AUTOMATIC: Final = "telemetry.auto.version"
SERVICE: Final = "service.name"
# As the exporters read it: what percent-encoding leaves, and what they take besides.
ENCODED: Final = re.compile(r"[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*")
TAKEN: Final = re.compile(r"[\x20\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*")
NAME: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
NO_CODE: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")
QUOTES: Final = "\"'`"


def providers(scene: Scene) -> Iterator[Finding]:
    """Each provider, then the name of the service and the headers that variables have."""
    from langchain_otel.inspection.providers import global_providers

    found = global_providers()
    for provider in found:
        yield from _provider(provider, scene)
    yield from _service(found[0].instance)
    # Where an exporter has read them, the check of its endpoint says what it made of them.
    if not any(one.endpoint for provider in found for one in provider.destinations):
        for variable in HEADERS:
            if os.environ.get(variable):
                yield from _headers(variable, os.environ[variable])


def _provider(provider: Provider, scene: Scene) -> Iterator[Finding]:
    signal = provider.signal
    grave: Level = MEND if signal == TRACES else NOTE
    if not provider.is_set:
        yield Finding(
            TOPIC,
            grave,
            f"No provider of {signal} is set: none are recorded.",
            "See what is said of the set-up."
            if scene.is_own
            else "Call langchain_otel.configure(), start the application by "
            "`opentelemetry-instrument`, or set a provider in code.",
        )
    elif provider.is_sdk and not provider.destinations:
        if _is_switched_off(signal) and signal != TRACES:
            yield Finding(TOPIC, OK, f"No {signal} are sent: OTEL_{signal.upper()}_EXPORTER=none.")
            return
        yield Finding(
            TOPIC,
            grave,
            f"The provider of {signal} has no exporter: they are sent nowhere.",
            f"Set OTEL_{signal.upper()}_EXPORTER=otlp, or add a processor to the provider in code.",
        )
    elif not provider.is_sdk:
        yield Finding(
            TOPIC,
            NOTE,
            f"The provider of {signal} is {provider.kind}, which is not of OpenTelemetry's SDK.",
            "Look into its own documentation for where it sends them.",
        )
    else:
        yield from _sent(provider, scene)


def _sent(provider: Provider, scene: Scene) -> Iterator[Finding]:
    # At its end an application may have done so itself.
    if scene.place != APPLICATION and is_shut_down(provider.instance):
        yield Finding(
            TOPIC,
            MEND,
            f"The provider of {provider.signal} was shut down: what comes now is lost.",
            "Call shutdown() only at the end of the program.",
        )
    yield from _doubled(provider)
    who = f" (set by {_setter()})" if _is_automatic(provider.instance) else ""
    for destination in provider.destinations:
        names = ", ".join(destination.header_names)
        headers = f", with the headers {names}" if names else ""
        sentence = f"{provider.signal.capitalize()}{who} go by {destination.processor} to "
        yield Finding(TOPIC, OK, f"{sentence}{destination}{headers}.")


def _doubled(provider: Provider) -> Iterator[Finding]:
    """An endpoint that two exporters of one provider send to."""
    endpoints = Counter(one.endpoint for one in provider.destinations if one.endpoint)
    variable = f"OTEL_{provider.signal.upper()}_EXPORTER"
    for endpoint, count in endpoints.items():
        if count > 1:
            sentence = f"{count} exporters send {provider.signal} to {endpoint}: each arrives "
            step = f"Keep one: add no exporter in code to what {variable} sets up."
            yield Finding(TOPIC, MEND, f"{sentence}{count} times.", step)


def _is_switched_off(signal: str) -> bool:
    return os.environ.get(f"OTEL_{signal.upper()}_EXPORTER", "").strip().lower() == "none"


def _is_automatic(provider: Any) -> bool:
    return AUTOMATIC in _attributes(provider)


def _setter() -> str:
    """Who lets OpenTelemetry's configurator make providers in this process."""
    return "langchain_otel.configure()" if is_configured() else "opentelemetry-instrument"


def _attributes(provider: Any) -> Any:
    # A provider of metrics keeps its resource elsewhere.
    holder = getattr(provider, "_sdk_config", provider)
    return getattr(getattr(holder, "resource", None), "attributes", None) or {}


def is_shut_down(provider: Any) -> bool:
    """Whether a provider of spans takes no more of them."""
    processor = getattr(provider, "_active_span_processor", None)
    batches = (
        getattr(one, "_batch_processor", None) for one in getattr(processor, "_span_processors", ())
    )
    return any(getattr(batch, "_shutdown", False) is True for batch in batches)


def _service(provider: Any) -> Iterator[Finding]:
    attributes = _attributes(provider)
    if not attributes:
        return
    name = str(attributes.get(SERVICE, UNKNOWN_SERVICE))
    if name.startswith(UNKNOWN_SERVICE):
        yield Finding(
            TOPIC,
            NOTE,
            "The service has no name: backends show it as unknown_service.",
            "Set OTEL_SERVICE_NAME to the name of your application.",
        )
    else:
        yield Finding(TOPIC, OK, f"The service is called {name}.")


def _headers(variable: str, text: str) -> Iterator[Finding]:
    """Of a header's value is said only whether it can be read."""
    if text.strip()[0] in QUOTES:
        yield Finding(
            TOPIC,
            MEND,
            f"{variable} begins with a quotation mark, which becomes part of the header's name.",
            f"Take the quotation marks out of {variable}: an env file needs none.",
        )
        return
    for number, header in enumerate(filter(None, re.split(r"[ \t]*,[ \t]*", text)), 1):
        yield from _header(variable, number, header.strip())


def _header(variable: str, number: int, header: str) -> Iterator[Finding]:
    name, equals, value = (part.strip() for part in header.partition("="))
    if not equals or not NAME.fullmatch(name) or not TAKEN.fullmatch(value):
        yield Finding(
            TOPIC,
            MEND,
            f"Part {number} of {variable} is not name=value: it is not sent.",
            "Write name=value, with commas between; percent-encode commas, quotation marks, "
            "semicolons and backslashes in a value.",
        )
    elif not ENCODED.fullmatch(value) or NO_CODE.search(value):
        yield Finding(
            TOPIC,
            NOTE,
            f"The value of the header {name.lower()} in {variable} is not percent-encoded.",
            "Write a space as %20 and a percent sign as %25: not every exporter takes them plain.",
        )
