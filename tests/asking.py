"""Answers the queries of the pages about other packages from spans: which of them each finds."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any, Final

from migration.rows import Query

CONDITION: Final = re.compile(r'(span\.[\w.]+|status) (=~|=|>) ("[^"]*"|[\w.]+)')
ATTRIBUTE: Final = re.compile(r"span\.([\w.]+)")
NAMED: Final = re.compile(r"\b(?:le|gen_ai_\w+)\b")

Json = dict[str, Any]
TESTS: Final[dict[str, Callable[[Any, str], bool]]] = {
    "=": lambda value, wanted: str(value) == wanted,
    "=~": lambda value, wanted: re.fullmatch(wanted, str(value)) is not None,
    ">": lambda value, wanted: value > float(wanted),
}


def found(query: Query, text: str, spans: list[Json]) -> list[Json]:
    """The spans that a query selects; some have what the query then reads."""
    if query.language == "jaeger":
        tags = json.loads(text.partition("tags=")[2])
        return [span for span in spans if has_tags(span["attributes"], tags)]
    selector, _, rest = text.partition(" | ")
    selected = [span for span in spans if all(conditions(selector, span))]
    known = {name for span in selected for name in span["attributes"]}
    assert set(ATTRIBUTE.findall(rest)) <= known, rest
    return selected


def has_tags(attributes: Json, tags: dict[str, str]) -> bool:
    """As Jaeger compares them."""
    return all(str(attributes.get(name)) == value for name, value in tags.items())


def conditions(selector: str, span: Json) -> Iterator[bool]:
    """Whether each part of what stands in the braces holds."""
    parts = CONDITION.findall(selector)
    assert len(parts) == selector.count("&&") + 1, selector
    for name, operator, wanted in parts:
        if name == "status":
            yield span["status"].lower() == wanted
        else:
            value = span["attributes"].get(name.removeprefix("span."))
            yield value is not None and TESTS[operator](value, wanted.strip('"'))


def series(text: str, metrics: dict[str, Json]) -> tuple[Json, set[str]]:
    """The metric that PromQL reads, and the labels that it names, as attributes."""
    words = set(NAMED.findall(text)) - {"le"}
    for name, metric in metrics.items():
        unit = "_seconds" if metric["unit"] == "s" else ""
        own = f"{name.replace('.', '_')}{unit}"
        read = {word for word in words if re.fullmatch(rf"{own}_(?:bucket|sum|count)", word)}
        if read:
            return metric, words - read
    raise AssertionError(f"there is no such metric: {text}")
