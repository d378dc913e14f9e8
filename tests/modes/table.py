"""Knows all programs, of every area that the installed LangChain has."""

from importlib import import_module

from modes.probe import Program

AREAS = (
    "lcel",
    "models",
    "completions",
    "tools",
    "graphs",
    "flows",
    "loops",
    "agents",
    "classic",
)
"""The modules of programs; some need what an older LangChain has not."""


def programs(area: str) -> list[Program]:
    """The programs of an area; none where it cannot be imported."""
    try:
        found: list[Program] = import_module(f"modes.{area}").PROGRAMS
    except ImportError as error:
        if str(error.name).startswith("langchain"):
            return []
        raise
    return found


PROGRAMS = [program for area in AREAS for program in programs(area)]
