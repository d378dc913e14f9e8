"""Sets up OpenTelemetry and traces LangChain, in one line of a script, a server or a notebook."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from threading import RLock
from typing import TYPE_CHECKING, Any, Final, Unpack

from langchain_otel.async_exceptions import let_through
from langchain_otel.forks import fork_safe
from langchain_otel.inspection.providers import Provider, described, global_providers
from langchain_otel.instrumentor import LangChainInstrumentor
from langchain_otel.recording.arguments import Options
from langchain_otel.runs.program_end import end_open_runs
from langchain_otel.startup.global_providers import hand_over, release
from langchain_otel.startup.telemetry import Telemetry
from langchain_otel.startup.termination import at_termination
from langchain_otel.startup.variables import CONFIG_FILE, Arguments, in_environment, variable

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export import SpanExporter

logger: Final = logging.getLogger("langchain_otel")

# Exporters that show spans on this machine: each trace at once, rather than in batches.
CONSOLE_EXPORTER: Final = "ConsoleSpanExporter"
TREE_EXPORTER: Final = "TreeSpanExporter"

_LOCK: Final = fork_safe(RLock())
_telemetry: Telemetry | None = None


def configure(
    *,
    service_name: str | None = None,
    endpoint: str | None = None,
    headers: Mapping[str, str] | None = None,
    exporter: SpanExporter | str | None = None,
    **options: Unpack[Options],
) -> Telemetry:
    """Set up OpenTelemetry as its variables say, and trace every LangChain run from here on.

    OpenTelemetry's own configurator makes the providers, so that its variables and
    `OTEL_CONFIG_FILE` hold. Where neither an argument nor a variable says where traces go, each is
    printed as a tree. Metrics and logs go where the variables say, and nowhere else. Called again,
    it replaces what it made before. A tracer provider that somebody else has set is used as it is.

    Args:
        service_name: The name of this program in the backend.
        endpoint: The URL of an OTLP receiver for the traces, such as `http://127.0.0.1:4317`. Port
            4318, or a path, is OTLP over HTTP; `OTEL_EXPORTER_OTLP_PROTOCOL` wins.
        headers: What is sent along, such as a key; the values are encoded here.
        exporter: A `SpanExporter`, or the name of one, such as `langchain_tree` or `console`.
        options: The options of `instrument()`; see `langchain_otel.config`.

    Returns:
        What was set up, with `force_flush()` and `shutdown()`; its `repr` says where signals go.

    Raises:
        TypeError: An argument is of the wrong type; the message says what it takes.
        ValueError: An argument has no valid value.
    """
    arguments = Arguments(service_name, endpoint, headers, exporter)
    with _LOCK:
        telemetry = _in_place_of_earlier(arguments)
        _instrument(options)
    return telemetry


def _in_place_of_earlier(arguments: Arguments) -> Telemetry:
    """Shut down what an earlier call made, and set up anew."""
    global _telemetry  # noqa: PLW0603 - the process has one
    earlier = _telemetry
    if earlier is not None:
        earlier.shutdown()
        release(earlier.made)
    _telemetry = Telemetry(_set_up(arguments))
    if earlier is not None:
        hand_over(earlier.made, _telemetry.made)
    if _telemetry.made:
        at_termination(_flush)
    return _telemetry


def _flush() -> None:
    """Send everything: the process is about to end, and so are the runs that are under way."""
    if _telemetry is not None:
        end_open_runs()
        _telemetry.force_flush()


def _set_up(arguments: Arguments) -> tuple[Provider, ...]:
    """Make the providers; gives those that are ours, none where somebody else has set one."""
    before = global_providers()
    if before[0].is_set:
        unused = f" {', '.join(arguments.named)} changes nothing." if arguments.named else ""
        logger.warning("configure() uses the %s that is set already.%s", before[0].kind, unused)
        return ()
    _run_configurator(arguments)
    others = {provider.signal for provider in before if provider.is_set}
    made = [each for each in global_providers() if each.is_sdk and each.signal not in others]
    if made and made[0].signal == "traces":
        _add_exporter(made[0].instance, arguments)
    return tuple(described(provider.signal, provider.instance) for provider in made)


def _run_configurator(arguments: Arguments) -> None:
    """Let OpenTelemetry's configurator set up the SDK; what it raises is logged."""
    from opentelemetry.instrumentation.auto_instrumentation import _load

    if variable(CONFIG_FILE) and arguments.named:
        logger.warning(
            "%s is set: %s of configure() changes nothing.", CONFIG_FILE, ", ".join(arguments.named)
        )
    try:
        with in_environment(arguments.variables()):
            _load._load_distro().configure()
            _load._load_configurators()
    except Exception as error:
        let_through(error)
        logger.warning(
            "configure() could not set up OpenTelemetry, and nothing is recorded: %s. "
            "`langchain-otel doctor` says more.",
            error,
        )
        return
    if not global_providers()[0].is_set:
        logger.warning(
            "No configurator of OpenTelemetry is installed, and nothing is recorded: "
            "pip install opentelemetry-distro."
        )


def _add_exporter(tracer_provider: Any, arguments: Arguments) -> None:
    """Add the exporter that no variable can name, or the tree where nothing is named."""
    exporter = _tree() if arguments.prints_tree else arguments.exporter
    if exporter is None or isinstance(exporter, str) or variable(CONFIG_FILE):
        return
    tracer_provider.add_span_processor(_processor_of(exporter))


def _tree() -> Any:
    try:
        from langchain_otel.exporters.tree import TreeSpanExporter
    except ImportError as error:
        logger.warning("No endpoint is named, and traces cannot be printed: %s.", error)
        return None
    return TreeSpanExporter()


def _processor_of(exporter: Any) -> Any:
    """What gives an exporter its spans: one that shows them here gets each trace at once."""
    kind = type(exporter).__name__
    if kind == TREE_EXPORTER:
        from langchain_otel.exporters.live import processor_of

        return processor_of(exporter)
    from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor

    return (SimpleSpanProcessor if kind == CONSOLE_EXPORTER else BatchSpanProcessor)(exporter)


def _instrument(options: Options) -> None:
    """Trace LangChain with these options; `opentelemetry-instrument` may have begun without."""
    instrumentor = LangChainInstrumentor()
    if instrumentor.is_instrumented_by_opentelemetry:
        if not options:
            return
        instrumentor.uninstrument()
    instrumentor.instrument(**options)
