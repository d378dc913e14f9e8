"""Sends one span as OpenTelemetry's variables say, set up by OpenTelemetry's own configurator."""

from typing import Any

from opentelemetry import trace
from opentelemetry.instrumentation.auto_instrumentation import _load

_load._load_distro().configure()
_load._load_configurators()
provider: Any = trace.get_tracer_provider()
provider.get_tracer("documentation").start_span("sent").end()
provider.shutdown()
