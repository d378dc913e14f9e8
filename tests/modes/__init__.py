"""Programs of LangChain and LangGraph, the modes in which they run, and what must hold in each."""

import pytest

pytest.register_assert_rewrite("modes.probe", "modes.drive")
