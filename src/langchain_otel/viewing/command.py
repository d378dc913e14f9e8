"""Shows a trace from the command line: prints its tree, or writes it as a page."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from langchain_otel.viewing.forest import Trace, traces_of
from langchain_otel.viewing.redaction import redacted
from langchain_otel.viewing.source import Source, spans_of_source
from langchain_otel.viewing.spans import SourceError
from langchain_otel.viewing.web import Site, url_of

PROGRAM: Final = "langchain-otel view"
DESCRIPTION: Final = "Print a trace as a tree, or write it as a page that opens in any browser."
SOURCE: Final = (
    "a file of OTLP JSON (- is the standard input), the URL of a trace in Jaeger, Tempo or "
    "Phoenix, or the URL of one of these"
)
NO_RICH: Final = (
    "The tree is printed with rich, which is not installed: "
    'pip install "langchain-otel[console]", or write a page with --html.'
)
KILOBYTE: Final = 1_000


def main(arguments: Sequence[str]) -> int:
    """Show what is asked for; gives the exit status."""
    try:
        wanted = _parser().parse_args(arguments)
    except SystemExit as end:
        return int(end.code or 0)
    try:
        return _show(wanted)
    except SourceError as error:
        print(_printable(error.args[0]), file=sys.stderr)  # noqa: T201 - a command
        return 2
    except KeyboardInterrupt:
        return 130


def _printable(text: str) -> str:
    """Names come from servers too: nothing in them may steer the terminal."""
    return "".join(each if each.isprintable() else repr(each)[1:-1] for each in text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(PROGRAM, description=DESCRIPTION)
    parser.add_argument("source", metavar="SOURCE", help=SOURCE)
    parser.add_argument("--html", metavar="FILE", help="write a page instead")
    parser.add_argument("--trace", metavar="ID", help="only this trace")
    parser.add_argument("--project", metavar="NAME", help="of Phoenix only this project")
    parser.add_argument("--redact", action="store_true", help="leave out content")
    parser.add_argument(
        "--header",
        metavar="'NAME: VALUE'",
        action="append",
        default=[],
        help="send a header to the server, such as Authorization",
    )
    return parser


def _show(wanted: argparse.Namespace) -> int:
    source = Source(wanted.source, wanted.trace, wanted.project, _headers(wanted.header))
    spans = spans_of_source(source)
    traces = traces_of(map(redacted, spans) if wanted.redact else spans)
    if wanted.html is None:
        return _printed(traces)
    return _written(traces, source, Path(wanted.html), is_redacted=wanted.redact)


def _headers(given: Sequence[str]) -> dict[str, str]:
    found = {}
    for header in given:
        name, colon, value = header.partition(":")
        if not colon or not name.strip() or not header.isprintable():
            raise SourceError(
                '--header takes a name and a value, such as "Authorization: Bearer ...".'
            )
        found[name.strip()] = value.strip()
    return found


def _printed(traces: Sequence[Trace]) -> int:
    try:
        from langchain_otel.exporters.tree import TreeSpanExporter
    except ImportError:
        print(NO_RICH, file=sys.stderr)  # noqa: T201 - a command
        return 2
    from langchain_otel.viewing.readable_spans import readable_spans

    for trace in traces:
        # One for each: it remembers spans by ids that another trace may have too.
        exporter = TreeSpanExporter()
        exporter.export(readable_spans(trace))
        exporter.shutdown()
    return 0


def _written(traces: Sequence[Trace], source: Source, file: Path, *, is_redacted: bool) -> int:
    from langchain_otel.viewing.page import page

    # A path or a URL may say more than a reader is to know.
    name = Site(url_of(source.name), "", {}).name if source.is_url else Path(source.name).name
    content = page(traces, name, is_redacted=is_redacted).encode()
    try:
        file.write_bytes(content)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it has no such name"
        raise SourceError(f"{file} cannot be written: {reason}.") from None
    spans = sum(len(trace.nodes) for trace in traces)
    counts = f"{_counted(len(traces), 'trace')}, {_counted(spans, 'span')}"
    print(f"{file}: {counts}, {len(content) // KILOBYTE} kB")  # noqa: T201 - a command
    return 0


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" + "s" * (number != 1)
