"""Says whether `opentelemetry-instrument` runs this process, and what sets up the SDK there."""

from __future__ import annotations

import os
import re
import sys
from contextlib import suppress
from importlib.metadata import entry_points
from pathlib import Path
from typing import Final

COMMAND: Final = "opentelemetry-instrument"
MODULE: Final = "opentelemetry.instrumentation.auto_instrumentation"
CONFIGURE: Final = "langchain_otel.startup.configure"
CONFIGURATORS: Final = "opentelemetry_configurator"
CONFIGURATOR_VARIABLE: Final = "OTEL_PYTHON_CONFIGURATOR"
FILE_VARIABLE: Final = "OTEL_CONFIG_FILE"
DISABLED: Final = r"(?m)^disabled: *true\b"
NONE: Final = "none"


def is_command_running() -> bool:
    """Whether this process was started by `opentelemetry-instrument`, or does what it does."""
    # `configure()` uses a part of the command.
    return MODULE in sys.modules and CONFIGURE not in sys.modules


def is_configured() -> bool:
    """Whether `langchain_otel.configure()` has been called in this process."""
    return getattr(sys.modules.get(CONFIGURE), "_telemetry", None) is not None


def wanted_configurator() -> str | None:
    """The configurator that a variable names, which the command looks for; None: any."""
    return os.environ.get(CONFIGURATOR_VARIABLE)


def configurators() -> list[str]:
    """The configurators that are installed: those of distributions of OpenTelemetry."""
    return sorted(found.name for found in entry_points(group=CONFIGURATORS))


def exporters_of(signal: str) -> str | None:
    """What the variable says of where a signal goes; None where it is not set."""
    return os.environ.get(f"OTEL_{signal.upper()}_EXPORTER", "").strip().lower() or None


def configuration_file() -> str | None:
    """The file that sets up OpenTelemetry instead of variables."""
    return os.environ.get(FILE_VARIABLE) or None


def is_disabled_by_file() -> bool:
    """Whether the configuration file says `disabled: true`."""
    path = configuration_file()
    with suppress(OSError, UnicodeError):
        return path is not None and bool(re.search(DISABLED, Path(path).read_text("utf-8")))
    return False
