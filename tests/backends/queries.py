"""Knows where queries are written down, and which attributes one names."""

import json
import re
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from langchain_otel import semconv

# A scope, then a name of words with dots between them.
ATTRIBUTE: Final = re.compile(r"(?<![\w.])(?:span|event|link)\.([a-z_]+(?:\.[a-z_0-9]+)+)")


def attributes_in(traceql: str) -> set[str]:
    """The names of our attributes in a query, those of the resource left out."""
    return set(ATTRIBUTE.findall(traceql))


def words() -> set[str]:
    """Every name that `semconv` has."""
    return {value for value in vars(semconv).values() if isinstance(value, str)}


def linked(url: str) -> list[dict[str, Any]]:
    """The queries of a link to Grafana's Explore, as they are when nothing was put in."""
    found = parse_qs(urlsplit(url).query).get("panes", ["{}"])
    return [query for pane in json.loads(found[0]).values() for query in pane["queries"]]


def blocks(page: Path, language: str) -> list[str]:
    """The fenced blocks of a page that are in a language: what it shows is what is tested."""
    found = re.findall(rf"^```{language}\n(.+?)\n```$", page.read_text(), re.MULTILINE | re.DOTALL)
    assert found, f"{page} has no {language}"
    return found
