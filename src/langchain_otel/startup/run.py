"""Runs an application under auto-instrumentation, with its traces printed as trees."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from langchain_otel.startup.default_exporter import default_exporter
from langchain_otel.startup.variables import (
    CONFIG_FILE,
    ENDPOINT,
    EXPORTERS,
    NONE,
    OTHER_SIGNALS,
    TRACES_ENDPOINT,
    TREE,
    protocol_of,
    variable,
)

USAGE: Final = "usage: langchain-otel run app.py [arguments], or run -m module [arguments]"
NO_RICH: Final = (
    "langchain-otel run prints traces with rich, which is not installed: "
    'pip install "langchain-otel[console]", or say with OTEL_EXPORTER_OTLP_ENDPOINT where '
    "traces go."
)
# A trace is to be printed when it is complete, not with the next batch.
BATCH_DELAY: Final = "OTEL_BSP_SCHEDULE_DELAY"
BATCH_DELAY_MILLIS: Final = "100"


def main(arguments: Sequence[str]) -> int:
    """Become the application; gives an exit status only where there is none to become."""
    if not arguments or arguments[0] in {"-h", "--help"}:
        print(USAGE, file=sys.stdout if arguments else sys.stderr)
        return 0 if arguments else 2
    if not any(map(variable, (EXPORTERS, ENDPOINT, TRACES_ENDPOINT, CONFIG_FILE))):
        if find_spec("rich") is None:
            print(NO_RICH, file=sys.stderr)  # noqa: T201 - a command
            return 2
        os.environ.setdefault(BATCH_DELAY, BATCH_DELAY_MILLIS)
        os.environ[EXPORTERS] = TREE
        for exporter in OTHER_SIGNALS:
            os.environ[exporter] = variable(exporter) or NONE
    elif not variable(EXPORTERS) and not variable(CONFIG_FILE):
        os.environ[EXPORTERS] = default_exporter(protocol_of())
    from opentelemetry.instrumentation import auto_instrumentation

    sys.argv = ["langchain-otel run", *_command(arguments)]
    auto_instrumentation.run()
    return 0


def _command(arguments: Sequence[str]) -> list[str]:
    """What is run: a file or a module by this interpreter, else a command such as `uvicorn`."""
    first = arguments[0]
    is_command = not first.startswith("-") and not Path(first).exists() and shutil.which(first)
    return list(arguments) if is_command else [sys.executable, *arguments]
