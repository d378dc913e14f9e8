"""Knows how a program is run in a mode, and which programs run in which modes."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from modes.drive import ANY, MODES, Mode
from modes.probe import Probe, Program


def cells(programs: list[Program]) -> list[Any]:
    """Every program in every mode of its kinds."""
    return [
        pytest.param(program, mode, id=f"{program.name}-{mode.name}")
        for program in programs
        for mode in MODES
        if fits(program, mode)
    ]


def fits(program: Program, mode: Mode) -> bool:
    """Whether the program can run in the mode, in this version of LangChain."""
    if mode.kind not in program.kinds or mode.name in program.not_in:
        return False
    return mode.needs is ANY or bool(mode.needs & program.traits)


def run(program: Program, mode: Mode, probe: Probe) -> None:
    """Run a program in a mode once, with its caller's context watched."""
    if mode.kind == "async":
        asyncio.run(arun(program, mode, probe))
        return
    it, given = program.build(probe)
    with probe.watching() as config, _raising(program, mode):
        mode.run(it, given, config, probe)


async def arun(program: Program, mode: Mode, probe: Probe) -> None:
    """The same in an event loop."""
    it, given = program.build(probe)
    with probe.watching() as config, _raising(program, mode):
        await mode.run(it, given, config, probe)


@contextmanager
def _raising(program: Program, mode: Mode) -> Iterator[None]:
    if program.raises is None:
        yield
        return
    try:
        yield
    except program.raises:
        return
    assert mode.partly, f"{program.raises.__name__} was not raised"
