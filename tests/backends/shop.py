"""Knows how the application that dashboards and queries show is started, and told to work."""

import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from .patience import PATIENCE

PROGRAM: Final = Path(__file__).parents[1] / "programs" / "shop.py"
INSTRUMENT: Final = Path(sys.executable).with_name("opentelemetry-instrument")


@dataclass(slots=True)
class Shop:
    """A running application and the name of its service, which nobody else has."""

    service: str
    process: "subprocess.Popen[str]"

    def work(self) -> None:
        """Do everything once; all of it has been sent afterwards."""
        print("work", file=self.process.stdin, flush=True)
        line = self.process.stdout.readline() if self.process.stdout else ""
        assert line == "sent\n", "the application has ended"


@contextmanager
def running_shop(endpoint: str) -> Iterator[Shop]:
    """It is started by plain `opentelemetry-instrument`, and ends with the block."""
    service = f"shop-{uuid.uuid4()}"
    environment = {
        "PATH": os.environ["PATH"],
        "OTEL_SERVICE_NAME": service,
        "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint,
        "OTEL_INSTRUMENTATION_LANGCHAIN_COST": "true",
        # Metrics and spans are sent when it says so: what is read in between would be half of it.
        "OTEL_METRIC_EXPORT_INTERVAL": "3600000",
        "OTEL_BSP_SCHEDULE_DELAY": "3600000",
    } | {name: os.environ[name] for name in ("PYTHONPATH",) if name in os.environ}
    process = subprocess.Popen(
        [INSTRUMENT, sys.executable, PROGRAM],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment,
        text=True,
    )
    try:
        yield Shop(service, process)
    finally:
        process.communicate(timeout=PATIENCE)
