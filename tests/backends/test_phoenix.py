"""Arize Phoenix itself: what it shows of our spans is what it shows of its own instrumentation's.

The same programs are sent to projects of their own, under OpenInference's instrumentation for
LangChain and under ours in each dialect.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from .phoenix import Phoenix

pytest.importorskip("langchain", minversion="1.0", reason="create_agent")

PROGRAM = Path(__file__).parents[1] / "programs" / "in_phoenix.py"
QUESTION = "What is the weather in Lisbon, and which hotels there cost less than 120 euros?"
THEIRS = 32
# Of embeddings, of which theirs knows nothing.
OURS = THEIRS + 2

pytestmark = pytest.mark.xdist_group("phoenix")

Json = dict[str, Any]

# By project: which instrumentation, whether content is recorded, how many spans that makes.
PROJECTS = {
    "theirs": ("theirs", "", THEIRS),
    "openinference": ("openinference", "SPAN_ONLY", OURS),
    "both": ("both", "SPAN_ONLY", OURS),
    "gen_ai": ("gen_ai", "SPAN_ONLY", OURS),
    "private": ("openinference", "NO_CONTENT", OURS),
}
SHOWN = """
    query ($id: ID!) { node(id: $id) { ... on Project {
        tokenCountTotal
        costSummary { total { cost tokens } }
        sessions(first: 10) { edges { node {
            sessionId numTraces tokenUsage { total } firstInput { value } lastOutput { value }
        } } }
        spans(first: 100) { edges { node {
            spanId spanKind statusCode propagatedStatusCode numDocuments
            tokenCountTotal tokenCountPrompt tokenCountCompletion
            tokenPromptDetails { audio cacheRead cacheWrite }
            cumulativeTokenCountTotal cumulativeTokenCountPrompt cumulativeTokenCountCompletion
            input { value mimeType } output { value mimeType }
            events { name message }
        } } }
    } } }
"""


class Project:
    """What Phoenix has of a project: its spans by REST, and what its pages show of each."""

    def __init__(self, phoenix: Phoenix, name: str) -> None:
        spans = phoenix.spans(name, at_least=PROJECTS[name][2])
        found = phoenix.query("{ projects(first: 50) { edges { node { id name } } } }")
        nodes = [edge["node"] for edge in found["projects"]["edges"]]
        (project,) = [node["id"] for node in nodes if node["name"] == name]
        self.shown: Json = phoenix.query(SHOWN, id=project)["node"]
        pages = {edge["node"]["spanId"]: edge["node"] for edge in self.shown["spans"]["edges"]}
        self.spans = [span | pages[span["context"]["span_id"]] for span in spans]

    def in_order(self) -> list[tuple[int, Json]]:
        """The spans that theirs has too, with their depths; tools side by side by their names."""
        spans = [span for span in self.spans if span["spanKind"] != "embedding"]
        found: list[tuple[int, Json]] = []

        def tool_of(span: Json) -> str:
            own = span["context"]["span_id"]
            children = [child for child in spans if child["parent_id"] == own]
            return max([str(span["attributes"].get("tool.name", "")), *map(tool_of, children)])

        def walk(parent: str | None, depth: int) -> None:
            children = [span for span in spans if span["parent_id"] == parent]
            for span in sorted(children, key=lambda span: (tool_of(span), span["start_time"])):
                found.append((depth, span))
                walk(span["context"]["span_id"], depth + 1)

        walk(None, 0)
        return found

    def sessions(self) -> dict[str, Json]:
        """The sessions that began in this project."""
        edges = self.shown["sessions"]["edges"]
        return {edge["node"]["sessionId"]: edge["node"] for edge in edges}


@pytest.fixture(scope="module")
def projects(phoenix: Phoenix, peer: Mapping[str, str]) -> dict[str, Project]:
    """Every project, filled by the programs, each in a process of its own."""

    def fill(name: str) -> subprocess.CompletedProcess[str]:
        which, content, _ = PROJECTS[name]
        variables = peer if which == "theirs" else os.environ
        return subprocess.run(
            [sys.executable, PROGRAM, which, phoenix.otlp],
            capture_output=True,
            text=True,
            check=False,
            env={**variables, "PROJECT": name, "CONTENT": content},
        )

    with ThreadPoolExecutor(2) as pool:
        for done in pool.map(fill, PROJECTS):
            assert done.returncode == 0, done.stderr
    return {name: Project(phoenix, name) for name in PROJECTS}


def column(project: Project, *fields: str) -> list[tuple[Any, ...]]:
    return [(depth, *(span[field] for field in fields)) for depth, span in project.in_order()]


@pytest.mark.parametrize("name", ["openinference", "both", "private"])
def test_the_tree_has_the_same_kinds(name: str, projects: dict[str, Project]) -> None:
    """Every span is of the kind that its own instrumentation says, in the same tree."""
    theirs = column(projects["theirs"], "spanKind")
    assert {kind for _, kind in theirs} == {
        "agent", "chain", "llm", "prompt", "retriever", "tool"
    }  # fmt: skip
    assert column(projects[name], "spanKind") == theirs
    embeddings = [span for span in projects[name].spans if span["spanKind"] == "embedding"]
    assert len(embeddings) == OURS - THEIRS


@pytest.mark.parametrize("name", ["openinference", "both", "private", "gen_ai"])
def test_tokens_and_costs_are_the_same(name: str, projects: dict[str, Project]) -> None:
    """Counts of each call, their sums on every span above it, details and costs."""
    fields = (
        "cumulativeTokenCountTotal",
        "cumulativeTokenCountPrompt",
        "cumulativeTokenCountCompletion",
    )
    theirs, ours = projects["theirs"], projects[name]
    assert column(ours, *fields) == column(theirs, *fields)
    assert ours.shown["tokenCountTotal"] == theirs.shown["tokenCountTotal"] > 0
    assert ours.shown["costSummary"] == theirs.shown["costSummary"]
    assert calls_of(ours) == calls_of(theirs)


def calls_of(project: Project) -> list[Any]:
    fields = ("tokenCountTotal", "tokenCountPrompt", "tokenCountCompletion", "tokenPromptDetails")
    calls = [span for _, span in project.in_order() if span["spanKind"] == "llm"]
    # Nothing is the same as no tokens to Phoenix's pages.
    return [[_counted(span[field]) for field in fields] for span in calls]


def _counted(value: Any) -> Any:
    return {key: value[key] or 0 for key in value} if isinstance(value, dict) else value or 0


@pytest.mark.parametrize("name", ["openinference", "both", "gen_ai"])
def test_messages_and_tools_are_the_same(name: str, projects: dict[str, Project]) -> None:
    """The conversation and the tools of each call are what its own instrumentation says."""
    theirs = [said(span) for _, span in projects["theirs"].in_order() if is_call(span)]
    ours = [said(span) for _, span in projects[name].in_order() if is_call(span)]
    assert sum(map(len, theirs)) > 50
    if name == "gen_ai":
        # A message of text is a list of one text there.
        assert [texts(call) for call in ours] == [texts(call) for call in theirs]
    else:
        assert ours == theirs


def is_call(span: Json) -> bool:
    return bool(span["spanKind"] == "llm")


def said(span: Json) -> Json:
    prefixes = ("llm.input_messages.", "llm.output_messages.", "llm.tools.")
    found = {key: span["attributes"][key] for key in span["attributes"] if key.startswith(prefixes)}
    return {key: compact(value) for key, value in found.items()}


def texts(call: Json) -> set[str]:
    return {value for key, value in call.items() if key.endswith((".content", ".text"))}


def compact(value: Any) -> Any:
    is_json = isinstance(value, str) and value.startswith(("{", "["))
    return json.loads(value) if is_json else value


@pytest.mark.parametrize("name", ["openinference", "both"])
def test_documents_are_shown(name: str, projects: dict[str, Project]) -> None:
    """A retriever has its documents, each with content and metadata."""

    def found(project: Project) -> list[Any]:
        spans = [span for _, span in project.in_order() if span["spanKind"] == "retriever"]
        wanted = (".document.content", ".document.metadata.source", ".document.metadata.page")
        return [
            (
                span["numDocuments"],
                {k: v for k, v in span["attributes"].items() if k.endswith(wanted)},
            )
            for span in spans
        ]

    assert found(projects[name]) == found(projects["theirs"])
    assert all(count == 1 for count, _ in found(projects[name]))


@pytest.mark.parametrize("name", ["openinference", "both"])
def test_what_goes_in_and_comes_out_is_in_the_list_of_traces(
    name: str, projects: dict[str, Project]
) -> None:
    """Every root shows its input and, unless it failed, its output."""
    roots = [span for depth, span in projects[name].in_order() if depth == 0]
    assert len(roots) == 8
    for span in roots:
        assert span["input"]["value"]
        assert span["status_code"] == "ERROR" or span["output"]["value"]
    (agent,) = [span for span in roots if span["spanKind"] == "agent"]
    assert agent["input"] == {"value": QUESTION, "mimeType": "text"}
    assert "sunny" in agent["output"]["value"]


@pytest.mark.parametrize("name", ["openinference", "both"])
def test_sessions_are_the_same(name: str, projects: dict[str, Project]) -> None:
    """A session has its traces, its tokens, its first input and its last output."""
    theirs = projects["theirs"].sessions()["session of theirs"]
    ours = projects[name].sessions()[f"session of {name}"]
    assert ours["numTraces"] == theirs["numTraces"] == 2
    assert ours["tokenUsage"] == theirs["tokenUsage"]
    assert compact(ours["firstInput"]["value"]) == compact(theirs["firstInput"]["value"])
    assert ours["lastOutput"] == theirs["lastOutput"]


@pytest.mark.parametrize("name", ["openinference", "both"])
def test_errors_are_shown(name: str, projects: dict[str, Project]) -> None:
    """What failed is an error, with the exception's text, and so is what is above it."""
    for project in (projects["theirs"], projects[name]):
        failed = [(d, span) for d, span in project.in_order() if span["statusCode"] == "ERROR"]
        assert [(depth, span["spanKind"]) for depth, span in failed] == [(0, "chain"), (1, "llm")]
        (event,) = failed[-1][1]["events"]
        assert event == {"name": "exception", "message": "out of order"}


def test_nothing_is_told_by_default(projects: dict[str, Project]) -> None:
    """Without the content policy, no text of the conversation is in Phoenix."""
    private, told = (str(projects[name].spans) for name in ("private", "openinference"))
    for text in ("why?", "Be kind", "one two three", "Lisbon", "about cats", "out of order"):
        assert text in told
        assert text not in private
    for span in projects["private"].spans:
        assert span["input"] is None
        assert span["output"] is None


def test_what_phoenix_makes_of_the_default_dialect(projects: dict[str, Project]) -> None:
    """`gen_ai` has its kinds, tokens, messages and documents; chains are unknown, roots empty."""
    theirs, ours = column(projects["theirs"], "spanKind"), column(projects["gen_ai"], "spanKind")
    unknown = {"chain", "prompt"}
    assert ours == [(depth, "unknown" if kind in unknown else kind) for depth, kind in theirs]
    for depth, span in projects["gen_ai"].in_order():
        if depth == 0 and span["spanKind"] in {"agent", "unknown"}:
            assert span["input"] is None
        if span["spanKind"] == "retriever":
            assert span["input"]["value"]
    counts = [s["numDocuments"] for _, s in projects["gen_ai"].in_order() if s["numDocuments"]]
    # Phoenix leaves out a list with a document that has no score: these have one.
    assert counts == [1, 1]
