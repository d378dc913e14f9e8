"""Runs `langchain-otel doctor`: looks, writes the report, gives the exit status."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Final

from langchain_otel.doctor.report import as_json, as_text, is_sound

MENDING: Final = 1
SEPARATOR: Final = "--"


def main(arguments: list[str]) -> int:
    """Run the command; 1 where anything must be mended, else the application's status, or 0."""
    split = arguments.index(SEPARATOR) if SEPARATOR in arguments else len(arguments)
    options = _options(arguments[:split])
    application = arguments[split + 1 :]
    if application:
        from langchain_otel.doctor.application import examine_application

        status, findings = examine_application(application)
    else:
        from langchain_otel.doctor.own_process import examine_environment

        status, findings = 0, examine_environment()
    text = as_json(findings) if options.json else as_text(findings)
    if options.output is not None:
        options.output.write_text(f"{text}\n", encoding="utf-8")
    else:
        # Standard output is the application's.
        print(text, file=sys.stderr if application else sys.stdout)
    return status if is_sound(findings) else MENDING


def _options(arguments: list[str]) -> Namespace:
    parser = ArgumentParser(
        prog="langchain-otel doctor",
        description="Say what keeps the traces of LangChain from arriving.",
        usage="%(prog)s [--json] [--output FILE] [-- command ...]",
        epilog="After --, a command that starts an application: the doctor looks from inside of "
        "it. The report is written to standard error then, for standard output is the "
        "application's.",
    )
    parser.add_argument("--json", action="store_true", help="write the report as JSON")
    parser.add_argument("--output", type=Path, metavar="FILE", help="write the report to a file")
    return parser.parse_args(arguments)
