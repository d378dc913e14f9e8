"""Runs the command `langchain-otel`: an application, a view of its traces, or the doctor."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Final

USAGE: Final = """\
usage: langchain-otel run app.py [arguments]      run an application and print its traces
       langchain-otel run -m module [arguments]   the same for a module
       langchain-otel view SOURCE [--html FILE]   show a recorded trace, or write it as a page
       langchain-otel doctor [--json]             say what keeps traces from arriving
       langchain-otel doctor -- python app.py     the same, from inside an application
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command of ours; gives the exit status."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    command = words[0] if words else ""
    if command == "run":
        from langchain_otel.startup.run import main as run

        return run(words[1:])
    if command == "view":
        from langchain_otel.viewing.command import main as view

        return view(words[1:])
    if command == "doctor":
        from langchain_otel.doctor.command import main as doctor

        return doctor(words[1:])
    is_help = command in {"-h", "--help"}
    print(USAGE, end="", file=sys.stdout if is_help else sys.stderr)
    return 0 if is_help else 2


if __name__ == "__main__":
    sys.exit(main())
