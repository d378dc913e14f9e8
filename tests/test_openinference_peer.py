"""The dialect beside OpenInference's own instrumentation: the same programs, field by field.

Every difference has a row that says why it is meant; a row that explains nothing fails too.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, NamedTuple

import pytest

pytest.importorskip("langchain", minversion="1.2", reason="agents of these very nodes")

PROGRAM = Path(__file__).parent / "programs" / "in_phoenix.py"
UUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
KIND = "openinference.span.kind"
JSON, TEXT = "application/json", "text/plain"
PROGRAMS = (
    "chain",
    "stream",
    "agent",
    "parameters",
    "retriever_chain",
    "embeddings",
    "graph",
    "error",
)

pytestmark = [pytest.mark.xdist_group("openinference")]

Json = dict[str, Any]
Spans = dict[str, list[Json]]


class Meant(NamedTuple):
    """A difference that is meant: on which kinds of span, in which fields, what it is, and why."""

    kinds: str
    fields: str
    holds: Callable[[Any, Any], bool]
    reason: str


def only_ours(theirs: Any, ours: Any) -> bool:
    return theirs is None and ours is not None


def only_theirs(theirs: Any, ours: Any) -> bool:
    return ours is None and theirs is not None


def part_of_theirs(theirs: Any, ours: Any) -> bool:
    return theirs is not None and (ours or {}).items() <= theirs.items()


def both(theirs: Any, ours: Any) -> bool:
    return theirs is not None and ours is not None


def any_mime(theirs: Any, ours: Any) -> bool:
    return {theirs, ours} in ({None, JSON}, {TEXT, JSON})


MEANT = (
    Meant("*", "metadata", part_of_theirs, "stands where it is new; LangChain's own is left out"),
    Meant("CHAIN PROMPT RETRIEVER", "session.id", only_theirs, "the trace has it from its root"),
    Meant("*", "langchain.run.id", only_ours, "a root says its run"),
    Meant("*", "langgraph.checkpoint.id", only_ours, "what a resume can be found by"),
    Meant("CHAIN RETRIEVER", "tag.tags", only_ours, "LangChain's tags, which theirs leaves out"),
    Meant("*", "error.type", only_ours, "OpenTelemetry's own attribute of what failed"),
    Meant("LLM", "server.*", only_ours, "who answered"),
    Meant("RETRIEVER", "langchain.retriever.class", only_ours, "what kind of retriever"),
    Meant("LLM", "llm.finish_reason", only_ours, "a call that failed says so"),
    Meant("AGENT TOOL LLM", "agent.name", only_ours, "which agent"),
    Meant("TOOL", "tool.id", only_ours, "which call of the model asked for it"),
    Meant("TOOL", "tool.parameters", only_ours, "where Phoenix puts a tool's arguments"),
    Meant("RETRIEVER", "retrieval.documents.*.document.id", only_ours, "theirs leaves it out"),
    Meant("RETRIEVER", "retrieval.documents.*.document.score", only_ours, "theirs leaves it out"),
    Meant("AGENT CHAIN", "llm.input_messages.*", only_theirs, "the first message, by accident"),
    Meant("PROMPT", "llm.prompt_template.*", both, "all messages of the template, not the first"),
    Meant("LLM", "llm.invocation_parameters", part_of_theirs, "no tools, no nulls, no `_type`"),
    Meant("*", "*put.value", both, "messages as the conventions have them, a lone text as it is"),
    Meant("LLM", "output.value", only_theirs, "nothing was answered"),
    Meant("*", "*put.mime_type", any_mime, "follows the value"),
)


def run_program(which: str, environment: Mapping[str, str]) -> Spans:
    done = subprocess.run(
        [sys.executable, PROGRAM, which],
        capture_output=True,
        text=True,
        check=False,
        # Theirs records what goes into every step; ours is asked to.
        env={**environment, "STATE": "true"},
    )
    assert done.returncode == 0, done.stderr
    return dict(json.loads(line) for line in done.stdout.splitlines())


@pytest.fixture(scope="module")
def recorded(peer: Mapping[str, str]) -> dict[str, Spans]:
    """The spans of every program, under theirs and under ours, each in a process of its own."""
    environments = {"theirs": peer, "openinference": os.environ}
    with ThreadPoolExecutor() as pool:
        found = pool.map(run_program, environments, environments.values())
        return dict(zip(environments, found, strict=True))


def in_order(spans: list[Json]) -> list[tuple[int, Json]]:
    """The spans with their depths as in a tree, tools that ran side by side by their names."""
    ids = {span["id"] for span in spans}
    found: list[tuple[int, Json]] = []

    def tool_of(span: Json) -> str:
        children = [child for child in spans if child["parent"] == span["id"]]
        return max([str(span["attributes"].get("tool.name", "")), *map(tool_of, children)])

    def walk(parent: int | None, depth: int) -> None:
        children = [
            span for span in spans if (span["parent"] if span["parent"] in ids else None) == parent
        ]
        for span in sorted(children, key=lambda span: (tool_of(span), span["start"])):
            found.append((depth, span))
            walk(span["id"], depth + 1)

    walk(None, 0)
    return found


def pairs(recorded: dict[str, Spans], program: str) -> list[tuple[Json, Json]]:
    theirs = in_order(recorded["theirs"][program])
    ours = in_order([span for span in recorded["openinference"][program] if not is_new(span)])
    assert [depth for depth, _ in theirs] == [depth for depth, _ in ours]
    return [(one, other) for (_, one), (_, other) in zip(theirs, ours, strict=True)]


def is_new(span: Json) -> bool:
    # LangChain reports nothing of embeddings: theirs has no spans of them.
    return bool(span["attributes"][KIND] == "EMBEDDING")


def read(value: Any) -> Any:
    """A value with its JSON read, and without the ids that each run makes up."""
    if not isinstance(value, str) or not value.startswith(("{", "[")):
        return value
    return json.loads(re.sub(UUID, "id", value))


def differences(theirs: Json, ours: Json) -> list[tuple[str, Any, Any]]:
    one, other = theirs["attributes"], ours["attributes"]
    fields = sorted(one.keys() | other.keys())
    found = [(field, read(one.get(field)), read(other.get(field))) for field in fields]
    return [(field, theirs, ours) for field, theirs, ours in found if theirs != ours]


def meant(kind: str, field: str, theirs: Any, ours: Any) -> Meant | None:
    for row in MEANT:
        of_kind = row.kinds == "*" or kind in row.kinds.split()
        if of_kind and fnmatch(field, row.fields) and row.holds(theirs, ours):
            return row
    return None


@pytest.mark.parametrize("program", PROGRAMS)
def test_spans_are_those_of_its_own_instrumentation(
    program: str, recorded: dict[str, Spans]
) -> None:
    """The same tree of the same kinds, the same in every field but for what is meant."""
    for theirs, ours in pairs(recorded, program):
        kind = theirs["attributes"][KIND]
        assert ours["attributes"][KIND] == kind
        unexpected = [
            difference
            for difference in differences(theirs, ours)
            if meant(kind, *difference) is None
        ]
        assert not unexpected, f"{kind} {theirs['name']}"


@pytest.mark.parametrize("program", PROGRAMS)
def test_types_are_those_of_the_values(program: str, recorded: dict[str, Spans]) -> None:
    """JSON says so; a text is without a type, or says so where it replaces JSON."""
    for span in recorded["openinference"][program]:
        for name in ("input", "output"):
            value = span["attributes"].get(f"{name}.value")
            kind = span["attributes"].get(f"{name}.mime_type")
            is_json = isinstance(value, str) and value.startswith(("{", "["))
            assert kind == JSON if is_json else kind in {None, TEXT}, span["name"]


@pytest.mark.slow
def test_every_row_explains_a_difference(recorded: dict[str, Spans]) -> None:
    """No row is left from a difference that is gone."""
    used = {
        meant(theirs["attributes"][KIND], *difference)
        for program in PROGRAMS
        for theirs, ours in pairs(recorded, program)
        for difference in differences(theirs, ours)
    }
    assert [row for row in MEANT if row not in used] == []


def test_an_exception_is_the_same_event_once(recorded: dict[str, Spans]) -> None:
    """The exception event is like theirs, on the span where it was raised and no other."""
    found = [
        (theirs["events"].get("exception"), ours["events"].get("exception"))
        for theirs, ours in pairs(recorded, "error")
    ]
    assert [theirs is not None for theirs, _ in found] == [True, False, True]
    assert [ours is not None for _, ours in found] == [False, False, True]
    theirs, ours = found[-1]
    assert ours["exception.type"] == theirs["exception.type"] == "ValueError"
    assert ours["exception.message"] == theirs["exception.message"] == "out of order"
    assert ours["exception.stacktrace"].splitlines()[-1] == "ValueError: out of order"


def test_status_is_an_error_where_theirs_is(recorded: dict[str, Spans]) -> None:
    """A failure is one in both; success is unset with us, as OpenTelemetry wants it."""
    for program in PROGRAMS:
        for theirs, ours in pairs(recorded, program):
            assert (theirs["status"] == "ERROR") == (ours["status"] == "ERROR")
            assert ours["status"] != "OK"
