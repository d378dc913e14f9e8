"""Knows how measurements are put into words: a table for people, and what machine it was."""

import os
import platform
import statistics
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from peers import COMMON, OURS, PACKAGES, PEERS

Figures = dict[str, Any]

BY_HAND: Final = "by hand"
SMALLEST: Final = "smallest bridge"
COLUMNS: Final = (BY_HAND, SMALLEST, OURS, *PEERS)
PACKAGE_COLUMNS: Final = (BY_HAND, OURS, *PEERS)


def spread(values: list[float]) -> dict[str, float]:
    """The median, the quartiles, and of how many."""
    low, _, high = statistics.quantiles(values, n=4) if len(values) > 1 else values * 3
    return {
        "median": statistics.median(values),
        "low": low,
        "high": high,
        "number": len(values),
    }


def machine() -> dict[str, Any]:
    """When and on what it was measured."""
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "load": os.getloadavg()[0],
        "system": platform.platform(),
        "python": platform.python_version(),
    }


def as_markdown(figures: Figures) -> str:
    """All tables."""
    parts = [_heading(figures["machine"])]
    if figures["works"]:
        parts += [_added(figures["works"]), _ratios(figures["works"]), _spans(figures["works"])]
    for work, samplers in figures["not sampled"].items():
        rows = {f"{work}, sampled: {sampler}": found for sampler, found in samplers.items()}
        parts.append(_added(rows))
    if figures["export"]:
        parts.append(_exported(figures["export"]))
    if "memory" in figures:
        parts += [_started(figures["start"]), _remembered(figures["memory"])]
    return "\n\n".join(parts)


def table(head: list[str], rows: list[list[str]]) -> str:
    """A table in Markdown; the first column is text, the others numbers."""
    rule = ["---", *["---:"] * (len(head) - 1)]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (head, rule, *rows))


def described(found: dict[str, Any]) -> str:
    """When and on what it was measured, in a line."""
    return (
        f"{found['date']}, {found['processor']}, {found['cores']} cores, load {found['load']:.1f}, "
        f"CPython {found['python']}"
    )


def _heading(found: dict[str, Any]) -> str:
    pinned = {key: value for key, value in COMMON.items() if key.startswith(("lang", "opentel"))}
    for package in PEERS:
        pinned |= PACKAGES[package]
    versions = ", ".join(f"{package} {version}" for package, version in pinned.items())
    return f"{described(found)}; {versions}."


def _added(works: dict[str, Any]) -> str:
    rows = []
    for name, work in works.items():
        bare, empty = work["bare"][OURS]["median"], work["added"]["empty handler, content off"]
        unit = "" if work["unit"] == "run" else f", per {work['unit']}"
        cells = [_pair(work["added"], column) for column in COLUMNS]
        rows.append([f"{name}{unit}", _number(bare), _number(empty["median"]), *cells])
    head = ["µs of CPU for each run, content off / on", "bare", "empty handler", *COLUMNS]
    return table([head[0], head[1], *(f"+ {column}" for column in head[2:])], rows)


def _ratios(works: dict[str, Any]) -> str:
    rows = []
    for name, work in works.items():
        added = work["added"]

        def ratio(above: str, below: str, added: dict[str, Any] = added) -> str:
            return _both(lambda end: _times(added[above + end], added[below + end]))

        floors = (ratio(OURS, floor) for floor in (BY_HAND, SMALLEST))
        rows.append([name, *floors, *(ratio(peer, OURS) for peer in PEERS)])
    floors = (f"{OURS} ÷ {floor}" for floor in (BY_HAND, SMALLEST))
    head = [*floors, *(f"{peer} ÷ {OURS}" for peer in PEERS)]
    return table(["ratio of what is added, content off / on", *head], rows)


def _spans(works: dict[str, Any]) -> str:
    rows = [
        [
            row,
            str(work["runs"]),
            *(f"{work['spans per run'][f'{name}, content off']:.2f}" for name in PACKAGE_COLUMNS),
        ]
        for row, work in works.items()
    ]
    return table(["spans for each run", "runs", *PACKAGE_COLUMNS], rows)


def _exported(export: dict[str, Any]) -> str:
    def cell(found: dict[str, Any], end: str, column: str) -> str:
        one = found[column + end]
        fast = one.get("microseconds, otlp_fast")
        faster = f" ({_number(fast['median'])} otlp_fast)" if fast else ""
        return f"{_number(one['microseconds']['median'])} µs{faster}, {one['bytes']:,.0f} B"

    rows = [
        [f"{work}{end}", *(cell(found, end, column) for column in PACKAGE_COLUMNS)]
        for work, found in export.items()
        for end in (", content off", ", content on")
    ]
    return table(["encoding as OTLP, for each run", *PACKAGE_COLUMNS], rows)


def _started(start: dict[str, Any]) -> str:
    cells = [f"{start[name]['median']:.0f}" for name in (OURS, *PEERS)]
    return table(["", OURS, *PEERS], [["import and switch on, CPU ms", *cells]])


def _remembered(memory: dict[str, Any]) -> str:
    def cell(found: dict[str, Any], column: str) -> str:
        return _both(
            lambda end: f"{found[column + end]['half']:.0f} → {found[column + end]['whole']:.0f}"
        )

    rows = [
        [
            f"runs of 1 kB, {kind}",
            f"{found['bare, content off']['whole']:.0f}",
            *(cell(found, column) for column in (OURS, *PEERS)),
        ]
        for kind, found in memory.items()
    ]
    return table(["MB after 10,000 → 20,000, content off / on", "bare", OURS, *PEERS], rows)


def _pair(added: dict[str, Any], column: str) -> str:
    return _both(lambda end: _number(added[column + end]["median"]))


def _both(text: Callable[[str], str]) -> str:
    return " / ".join(text(end) for end in (", content off", ", content on"))


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 10 else f"{value:.1f}"


def _times(above: dict[str, float], below: dict[str, float]) -> str:
    # Beside nothing, everything is infinitely much.
    return f"{above['median'] / below['median']:.1f}" if below["median"] > 0.5 else "-"


def _processor() -> str:
    return next(_named(Path("/proc/cpuinfo")), platform.processor() or platform.machine())


def _named(file: Path) -> Iterator[str]:
    lines = file.read_text().splitlines() if file.exists() else []
    return (line.split(":")[1].strip() for line in lines if line.startswith("model name"))
