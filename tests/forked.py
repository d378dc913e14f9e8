"""Runs short programs that begin alike: each is the fork of a process that has begun already."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Final, NamedTuple, Self

_LOOP: Final = """
import json, os, sys
for _line in iter(sys.stdin.readline, ""):
    _program, _folder = json.loads(_line)
    _child = os.fork()
    if _child == 0:
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        for _number, _name in ((1, "stdout"), (2, "stderr")):
            os.dup2(os.open(os.path.join(_folder, _name), os.O_WRONLY | os.O_CREAT), _number)
        break
    print(os.waitstatus_to_exitcode(os.waitpid(_child, 0)[1]), flush=True)
else:
    _program = ""
exec(compile(_program, "<string>", "exec"))
"""


class Done(NamedTuple):
    """How a program ended, and what it said."""

    returncode: int
    stdout: str
    stderr: str


class Begun:
    """A process that has run the beginning of programs; it has no threads, so that it can fork."""

    def __init__(self, beginning: str, variables: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-c", beginning + _LOOP],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=variables,
        )

    def run(self, program: str, folder: Path) -> Done:
        """Go on with a program, which ends as one of its own would; the folder keeps its output."""
        assert self._process.stdin
        assert self._process.stdout
        print(json.dumps((program, os.fspath(folder))), file=self._process.stdin, flush=True)
        code = int(self._process.stdout.readline())
        stdout, stderr = ((folder / name).read_text() for name in ("stdout", "stderr"))
        return Done(code, stdout, stderr)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.communicate()
