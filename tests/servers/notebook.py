"""Knows how to be a notebook: cells in a real kernel of Jupyter's, whose event loop is running."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import pytest

from waiting import PATIENCE


@contextmanager
def running_kernel(environment: Mapping[str, str] | None = None) -> Iterator[Any]:
    """A kernel with these variables, or with ours; without ipykernel the test is skipped."""
    pytest.importorskip("ipykernel")
    start_new_kernel: Any = import_module("jupyter_client.manager").start_new_kernel
    options = {} if environment is None else {"env": dict(environment)}
    manager, client = start_new_kernel(startup_timeout=PATIENCE, kernel_name="python3", **options)
    yield client
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def outputs(kernel: Any, code: str) -> list[dict[str, Any]]:
    """What a cell shows, as a notebook keeps it; it may not fail."""
    found: list[dict[str, Any]] = []

    def heard(message: Any) -> None:
        assert message["msg_type"] != "error", message["content"]["traceback"]
        if message["msg_type"] in {"stream", "display_data"}:
            found.append({"output_type": message["msg_type"], **message["content"]})

    kernel.execute_interactive(code, output_hook=heard, timeout=PATIENCE)
    return found


def text_of(kernel: Any, code: str) -> str:
    """What a cell prints and shows, as text."""
    return "".join(
        output["data"]["text/plain"] if "data" in output else output["text"]
        for output in outputs(kernel, code)
    )
