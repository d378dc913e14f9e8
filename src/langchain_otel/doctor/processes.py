"""Checks how the process is served: by what it was forked, and whether its last spans are sent."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from typing import Final

from langchain_otel.doctor.finding import NOTE, Finding
from langchain_otel.doctor.scene import Scene

TOPIC: Final = "processes"
PRELOAD: Final = "--preload"


def processes(scene: Scene) -> Iterator[Finding]:
    """What is known of the server that the process runs."""
    if scene.is_own:
        return
    words = [*sys.orig_argv, *os.environ.get("GUNICORN_CMD_ARGS", "").split()]
    if "gunicorn" in sys.modules and PRELOAD in words:
        yield Finding(
            TOPIC,
            NOTE,
            "Gunicorn loads the application before it forks: a worker goes on with the sums of "
            "metrics that it was forked with.",
            "Run no chain before the fork, or set tracing up in Gunicorn's post_fork.",
        )
    if "uvicorn.server" in sys.modules:
        yield Finding(
            TOPIC,
            NOTE,
            "Uvicorn ends by the signal that it got: the last batch of spans is lost.",
            "Call force_flush() of the tracer provider in the application's lifespan.",
        )
    if "celery.bin.worker" in sys.modules and "worker" in words:
        yield Finding(
            TOPIC,
            NOTE,
            "Celery forks its workers: each has to set tracing up, and to send its last spans.",
            "Set tracing up in worker_process_init, and call force_flush() in "
            "worker_process_shutdown.",
        )
