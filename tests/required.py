"""Knows what becomes of a test whose servers are not here: skipped, or failed on demand."""

import os
from typing import Final, NoReturn

import pytest

REQUIRE_VARIABLE: Final = "LANGCHAIN_OTEL_REQUIRE_BACKENDS"


def unavailable(error: Exception) -> NoReturn:
    """Skip with the error's text, or fail where the environment requires the servers."""
    if os.environ.get(REQUIRE_VARIABLE) == "1":
        pytest.fail(str(error))
    pytest.skip(str(error))
