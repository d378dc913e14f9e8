"""Runs the same programs under other packages and under ours, and pairs the spans of each run."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from fnmatch import fnmatch
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Final, NamedTuple

from langchain_otel import semconv
from migration.rows import OURS, Package, Row, Span
from peer import PeerError

ROOT: Final = Path(__file__).parent.parent
PROGRAM: Final = ROOT / "tests" / "programs" / "migrating.py"
OURSELVES: Final = "langchain-otel"
# Beside what benchmarks/peers.py pins for all.
PINS: Final = ("langchain-openai==1.7.4", "openai==3.57.0", "numpy==2.4.6")
VARIABLES: Final[dict[str, dict[str, str]]] = {
    # LangSmith's SDK is in every environment: LangChain depends on it.
    "LangSmith": {
        "LANGSMITH_TRACING": "true",
        "LANGSMITH_TRACING_MODE": "otel",
        "LANGCHAIN_REVISION_ID": "1",
    },
    OURSELVES: {
        "PYTHONPATH": str(ROOT / "src"),
        "OTEL_INSTRUMENTATION_LANGCHAIN_CAPTURE_STATE": "true",
    },
}
CONTENT: Final = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"
KINDS: Final = {
    semconv.CHAT: "model",
    semconv.TEXT_COMPLETION: "completion",
    semconv.EXECUTE_TOOL: "tool",
    semconv.RETRIEVAL: "retriever",
    semconv.EMBEDDINGS: "embeddings",
    semconv.INVOKE_AGENT: "agent",
    semconv.INVOKE_WORKFLOW: "chain",
}
CLASSES: Final = {
    "model": "ChatOpenAI",
    "completion": "OpenAI",
    "retriever": "VectorStoreRetriever",
}

Json = dict[str, Any]


class Recorded(NamedTuple):
    """What a package recorded of each program."""

    spans: dict[str, list[Json]]
    metrics: dict[str, Json]


class Pair(NamedTuple):
    """A run, with their span of it and ours."""

    described: Span
    theirs: Json
    ours: Json


@cache
def interpreter_of(package: str) -> str:
    """The interpreter of the package's environment, which is made if it is not there yet."""
    name = OURSELVES if package == "LangSmith" else package
    command = [sys.executable, str(ROOT / "benchmarks" / "peers.py"), name, *PINS]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise PeerError(f"there is no environment with {package}: {done.stderr}")
    return done.stdout.strip()


def variables_of(package: str) -> dict[str, str]:
    """The variables of a process there, with content recorded."""
    kept = {key: os.environ[key] for key in ("PATH", "HOME", "LANG", "TMPDIR") if key in os.environ}
    return {
        **kept,
        "LANGSMITH_TRACING": "false",
        CONTENT: "SPAN_ONLY",
        **VARIABLES.get(package, {}),
    }


def recorded(package: str, *programs: str, **variables: str) -> Recorded:
    """What a package records of programs, of all by default, in an environment of its own."""
    done = subprocess.run(
        [interpreter_of(package), PROGRAM, package, *programs],
        capture_output=True,
        text=True,
        check=False,
        env=variables_of(package) | variables,
    )
    assert done.returncode == 0, done.stderr
    *spans, (_, metrics) = map(json.loads, done.stdout.splitlines())
    return Recorded(dict(spans), metrics)


class Compared:
    """The spans of a package beside ours, run by run."""

    def __init__(self, package: Package, theirs: Recorded, ours: Recorded) -> None:
        self.package = package
        self.theirs = theirs
        self.ours = ours

    @cached_property
    def pairs(self) -> list[Pair]:
        """Each run with both spans, where theirs has one; found by the name and the order."""
        return [pair for program in self.ours.spans for pair in self._pairs(program)]

    def _pairs(self, program: str) -> Iterator[Pair]:
        left = list(self.theirs.spans[program])
        for ours in self.ours.spans[program]:
            run = run_of(ours, program)
            for described in self.package.spans:
                if described.run == run and described.name is not None:
                    wanted = described.name.format_map(fields_of(ours, run))
                    index = [span["name"] for span in left].index(wanted)
                    yield Pair(described, left.pop(index), ours)

    @property
    def unpaired(self) -> list[Json]:
        """Their spans that no row describes."""
        paired = [pair.theirs for pair in self.pairs]
        every = [span for spans in self.theirs.spans.values() for span in spans]
        return [span for span in every if span not in paired]

    def values(self, row: Row) -> list[tuple[Any, Any]]:
        """The values of a row in each run where theirs is there."""
        found = [
            (looked_up(pair.theirs["attributes"], row.theirs), pair.ours)
            for pair in self.pairs
            if not row.on or pair.described.key in row.on
        ]
        return [(theirs, self._value(row, ours)) for theirs, ours in found if theirs is not None]

    def _value(self, row: Row, ours: Json) -> Any:
        span = self._place(ours, row.at)
        attributes = {**span["attributes"], "name": span["name"]}
        if isinstance(row.ours, tuple):
            return {name: attributes[name] for name in row.ours if name in attributes}
        return looked_up(attributes, row.theirs if row.ours is None else row.ours)

    def _place(self, span: Json, at: str) -> Json:
        spans = next(spans for spans in self.ours.spans.values() if span in spans)
        above = {each["id"]: each for each in spans}
        if at == "model":
            beside = [each for each in spans if each["parent"] == span["parent"]]
            return next(each for each in beside if run_of(each, "") == "model")
        if at == "parent":
            return above.get(span["parent"], {"name": "", "attributes": {}})
        while at == "root" and span["parent"] in above:
            span = above[span["parent"]]
        return span

    def without_row(self) -> list[tuple[str, str]]:
        """The attributes of their spans that no row is about."""
        return [
            (pair.described.key, name)
            for pair in self.pairs
            for name in pair.theirs["attributes"]
            if not any(is_about(row, pair.described, name) for row in self.package.rows)
        ]


def is_about(row: Row, span: Span, name: str) -> bool:
    """Whether a row describes an attribute of such a span."""
    return fnmatch(name, row.theirs) and (not row.on or span.key in row.on)


def run_of(ours: Json, program: str) -> str:
    """Which kind of run a span of ours is."""
    attributes = ours["attributes"]
    operation = attributes.get(semconv.GEN_AI_OPERATION_NAME)
    if operation is not None:
        kind = KINDS[operation]
        return "graph" if kind == "chain" and program == "graph" else kind
    if semconv.LANGGRAPH_NODE in attributes:
        return "node"
    return "prompt" if ours["name"].endswith("Template") else "step"


def fields_of(ours: Json, run: str) -> dict[str, Any]:
    """What the names of spans are made of."""
    attributes = ours["attributes"]
    return {
        "model": attributes.get(semconv.GEN_AI_REQUEST_MODEL),
        "tool": attributes.get(semconv.GEN_AI_TOOL_NAME),
        "agent": attributes.get(semconv.GEN_AI_AGENT_NAME),
        "graph": attributes.get(semconv.GEN_AI_WORKFLOW_NAME),
        "chain": attributes.get(semconv.GEN_AI_WORKFLOW_NAME),
        "node": attributes.get(semconv.LANGGRAPH_NODE),
        "class": CLASSES.get(run, ours["name"]),
    }


def looked_up(attributes: Mapping[str, Any], name: str) -> Any:
    """A value, or all whose names fit, by what the star stands for; None where there is none."""
    before, star, _ = name.partition("*")
    if not star:
        return attributes.get(name)
    found = {key: value for key, value in attributes.items() if fnmatch(key, name)}
    return {key.removeprefix(before): value for key, value in found.items()} or None


def expected(ours: Json, program: str) -> tuple[str, str]:
    """The name and the kind that the pages say of a span of ours."""
    run = run_of(ours, program)
    return OURS[run].name.format_map(fields_of(ours, run)), OURS[run].kind
