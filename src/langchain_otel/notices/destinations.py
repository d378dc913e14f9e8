"""Says where spans, metrics and log records go, and warns where they go nowhere by mistake."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from langchain_otel.config import Config, written
from langchain_otel.content.policy import EVENT_ONLY
from langchain_otel.inspection.command import (
    COMMAND,
    CONFIGURATOR_VARIABLE,
    FILE_VARIABLE,
    NONE,
    configuration_file,
    configurators,
    exporters_of,
    is_command_running,
    is_disabled_by_file,
    wanted_configurator,
)
from langchain_otel.inspection.providers import (
    GLOBALS,
    Provider,
    SignalName,
    described,
    is_proxy,
)
from langchain_otel.notices.log import inform, warn

ARGUMENTS: Final[dict[SignalName, str]] = {
    "traces": "tracer_provider",
    "metrics": "meter_provider",
    "logs": "logger_provider",
}
DOCTOR: Final = "`langchain-otel doctor` says more."
SET_UP: Final = (
    f"Call langchain_otel.configure(), run the program under {COMMAND}, or pass a provider"
)
Providers = Mapping[SignalName, Provider]


def providers_of(arguments: Mapping[str, Any]) -> Providers:
    """The providers that runs are recorded to, given as arguments or else the global ones."""
    found: dict[SignalName, Provider] = {}
    for signal, name in ARGUMENTS.items():
        given = arguments.get(name)
        found[signal] = described(signal, GLOBALS[signal]() if given is None else given)
    return found


def say_where(providers: Providers, config: Config) -> None:
    """Log where each signal goes, and how much of the runs."""
    traces, metrics, logs = (_way(providers[signal]) for signal in ARGUMENTS)
    inform(
        f"langchain-otel records LangChain (content: {config.capture_message_content}, detail: "
        f"{config.detail}). Spans go {traces}; metrics go {metrics}; log records go {logs}."
    )


def _way(provider: Provider) -> str:
    said = str(provider)
    return said if said.startswith(("nowhere", "to ")) else f"to {said}"


def warn_of_nowhere(providers: Providers, arguments: Mapping[str, Any], config: Config) -> None:
    """Log what goes nowhere, though nobody has said that it should."""
    if exporters_of("traces") != NONE and not is_disabled_by_file():
        for notice in _spans_nowhere(providers, arguments):
            warn(notice)
    for notice in _content_nowhere(providers, arguments, config):
        warn(notice)


def _spans_nowhere(providers: Providers, arguments: Mapping[str, Any]) -> Iterator[str]:
    traces = providers["traces"]
    is_nothing_sent = not any(provider.is_sent for provider in providers.values())
    if traces.is_set and not traces.is_sent:
        what = "Nothing of LangChain is recorded" if is_nothing_sent else "No span is recorded"
        yield (
            f"{what}: the tracer provider has no span processor that would send spans. Add one "
            "(provider.add_span_processor), or set OTEL_TRACES_EXPORTER where OpenTelemetry's "
            f"variables make the provider; OTEL_TRACES_EXPORTER={NONE} says that it is meant so. "
            f"{DOCTOR}"
        )
    elif is_nothing_sent:
        cause, remedy = _why_no_provider(traces, arguments)
        yield f"Nothing of LangChain is recorded: {cause}. {remedy}. {DOCTOR}"


def _why_no_provider(traces: Provider, arguments: Mapping[str, Any]) -> tuple[str, str]:
    """Why there is no provider, and what to do."""
    given = arguments.get(ARGUMENTS["traces"])
    kind = traces.kind.rpartition(".")[2]
    if given is not None and not is_proxy(given):
        return f"the argument tracer_provider is a {kind}, which records nothing", (
            "Pass a provider of OpenTelemetry's SDK, or none to use the global one"
        )
    if not is_proxy(traces.instance):
        return f"the global tracer provider is a {kind}, which records nothing", SET_UP
    if not is_command_running():
        return "no OpenTelemetry provider is set in this process", SET_UP
    return _why_command_set_none()


def _why_command_set_none() -> tuple[str, str]:
    """The same where `opentelemetry-instrument` should have set one."""
    wanted, installed = wanted_configurator(), configurators()
    if not installed:
        return f"{COMMAND} found no configurator that sets up OpenTelemetry's SDK", (
            "Install one with `pip install opentelemetry-distro`, or call "
            "langchain_otel.configure()"
        )
    if wanted is not None and wanted not in installed:
        return f"{CONFIGURATOR_VARIABLE}={wanted} names no configurator that is installed", (
            f"Unset it, or set it to {' or '.join(installed)}"
        )
    if configuration_file() is not None:
        return f"the file of {FILE_VARIABLE} sets no provider", "Add a tracer_provider to it"
    return f"{COMMAND} has set no OpenTelemetry provider", SET_UP


def _content_nowhere(
    providers: Providers, arguments: Mapping[str, Any], config: Config
) -> Iterator[str]:
    """Log records that are wanted and go nowhere, where something else goes somewhere."""
    mode, logs = config.capture_message_content, providers["logs"]
    if not config.emits_event or logs.is_sent or not providers["traces"].is_sent:
        return
    if mode != EVENT_ONLY and exporters_of("logs") == NONE:
        return
    if config.emit_event:
        wanted = f"{written('emit_event', value=True, arguments=arguments)}=true"
    else:
        name = written("capture_message_content", mode, arguments)
        wanted = f"{name}={mode}"
    where = str(logs).removeprefix("nowhere: ")
    yield (
        f"{wanted} wants log records of model calls, but they go nowhere: {where}. Set a logger "
        "provider with an exporter (OTEL_LOGS_EXPORTER=otlp under "
        f"{COMMAND}), or have content on spans (SPAN_ONLY)."
    )
