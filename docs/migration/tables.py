"""The tables of the pages about other packages, made from the rows that the tests check."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Final

from migration import langsmith, official, openinference, traceloop
from migration.rows import OURS, Package, Query, Row

PACKAGES: Final = {
    module.PACKAGE.name: module.PACKAGE
    for module in (openinference, traceloop, official, langsmith)
}
NOTHING: Final = "none"
PLACES: Final = {
    "": "",
    "root": " of the root",
    "parent": " of the parent",
    "model": " of the next model call",
}

Table = Callable[[tuple[str, ...], Iterable[tuple[str, ...]]], str]


def sections(table: Table) -> dict[str, Callable[[], str]]:
    """Every section by its name."""
    makers = {
        "spans": spans,
        "attributes": attributes,
        "settings": settings,
        "metrics": metrics,
        "queries": lambda package, _: queries(package),
    }
    kept: Callable[[], str] = partial(_rows, openinference.KEPT, table)
    return {"openinference-kept": kept} | {
        f"{package.name.lower()}-{name}": partial(maker, package, table)
        for package in PACKAGES.values()
        for name, maker in makers.items()
        if getattr(package, {"attributes": "rows", "settings": "switches"}.get(name, name))
    }


def spans(package: Package, table: Table) -> str:
    """The names and kinds of the spans of each run."""
    rows = (
        (
            span.part or OURS[span.run].run,
            NOTHING if span.name is None else f"`{span.name}`, {span.kind}",
            f"`{OURS[span.run].name}`, {OURS[span.run].kind}",
        )
        for span in package.spans
    )
    return table(("run", "theirs", "here"), rows)


def attributes(package: Package, table: Table) -> str:
    """Every attribute of theirs."""
    return _rows(package.rows, table)


def _rows(rows: Iterable[Row], table: Table) -> str:
    cells = (_attribute(row) for row in sorted(rows, key=lambda row: row.theirs))
    return table(("theirs", "on", "here", "the value"), cells)


def _attribute(row: Row) -> tuple[str, ...]:
    names = (row.ours,) if isinstance(row.ours, str) else row.ours or ()
    shown = ", ".join(map(_shown, names))
    value = "; ".join(filter(None, (row.how.word, row.note)))
    on = ", ".join(row.on) or "any"
    return (f"`{row.theirs}`", on, f"{shown}{PLACES[row.at]}" if names else NOTHING, value)


def _shown(name: str) -> str:
    return "the span's name" if name == "name" else f"`{name.replace('.*', '.<key>')}`"


def settings(package: Package, table: Table) -> str:
    """Their settings."""
    rows = (
        (f"`{switch.theirs}`", f"`{switch.ours}`" if switch.ours else NOTHING, switch.note)
        for switch in package.switches
    )
    return table(("theirs", "here", "what to know"), rows)


def metrics(package: Package, table: Table) -> str:
    """Their metrics."""
    rows = (
        (
            f"`{each.theirs}`",
            f"`{each.ours}`",
            f"theirs has the unit `{each.unit}`" if each.unit else "the same",
        )
        for each in package.metrics
    )
    return table(("theirs", "here", "the unit"), rows)


def queries(package: Package) -> str:
    """Each question as it was asked and as it is asked now."""
    return "\n".join(line for query in package.queries for line in _asked(query)) + "\n"


def _asked(query: Query) -> Iterator[str]:
    yield f"\n{query.question}:"
    blocks = (query.before,) if query.before == query.after else (query.before, query.after)
    for block in blocks:
        yield f"\n```{query.language}\n{block}\n```"
