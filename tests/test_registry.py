"""The registry of our own names: it is as Weaver wants it, and has the names that we have."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from conventions import OWN
from langchain_otel import __version__, semconv
from langchain_otel.runs import outcome
from registry import (
    FOLDER,
    FORM,
    LISTS,
    SCALARS,
    Definition,
    files,
    is_of,
    is_template,
    manifest,
    members,
    read_registry,
    type_of,
)

WEAVER = shutil.which("weaver")
REGISTRY = read_registry()
SIGNALS = REGISTRY.spans | REGISTRY.events | REGISTRY.metrics
# What Weaver's schema of a definition asks for, and what else it lets a definition have.
ALWAYS = {"brief", "stability"}
OPTIONAL = {"note", "deprecated", "annotations"}
FIELDS = {
    "attributes": ({"key", "type"}, {"examples"}),
    "attribute_groups": ({"id", "visibility"}, {"attributes"}),
    "spans": ({"type", "kind", "name"}, {"attributes", "requirement_level"}),
    "events": ({"name"}, {"attributes", "requirement_level"}),
    "metrics": ({"name", "instrument", "unit"}, {"attributes", "requirement_level"}),
}
LEVELS = {"required", "recommended", "opt_in"}
NAME = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+")
SCHEMA_URL = re.compile(r"https?://[\w.-]+(:\d+)?/.+/\d+\.\d+\.\d+[\w.-]*")


def definitions() -> Iterator[tuple[str, Definition]]:
    for path in files():
        content = yaml.safe_load(path.read_text())
        assert content.pop("file_format") == FORM
        for kind, entries in content.items():
            yield from ((kind, entry) for entry in entries)


@pytest.mark.parametrize(
    ("kind", "definition"),
    [pytest.param(kind, each, id=f"{kind}-{each[LISTS[kind]]}") for kind, each in definitions()],
)
def test_form(kind: str, definition: Definition) -> None:
    """Each definition has the fields that Weaver's schema asks for, and no unknown one."""
    needed, allowed = FIELDS[kind]
    fields = definition.keys()
    assert ALWAYS | needed <= fields <= ALWAYS | needed | OPTIONAL | allowed
    assert definition["stability"] in {"development", "beta", "release_candidate", "stable"}
    assert definition["brief"].strip().endswith(".")
    assert NAME.fullmatch(definition[LISTS[kind]])
    for reference in definition.get("attributes", ()):
        level = reference.get("requirement_level", "recommended")
        assert level in LEVELS if isinstance(level, str) else len(level) == 1


@pytest.mark.parametrize("name", REGISTRY.attributes)
def test_examples(name: str) -> None:
    """A text has an example, and every example is of the attribute's type."""
    attribute = REGISTRY.attributes[name]
    examples = attribute.get("examples", [])
    kind = type_of(attribute)
    assert kind.removesuffix("[]") in SCALARS
    assert examples or kind == "boolean"
    assert all(is_of(kind, example) for example in examples)
    few = members(attribute)
    assert all(member.keys() == {"id", "value", "brief", "stability"} for member in few)
    assert not few or set(examples) <= values_of(name)


@pytest.mark.parametrize("name", SIGNALS)
def test_references(name: str) -> None:
    """A signal names attributes of ours, or of the conventions by the names that we have."""
    known = REGISTRY.attributes.keys() | conventions()
    assert REGISTRY.references(SIGNALS[name]).keys() <= known


def conventions() -> set[str]:
    return {name for name in dotted() if not name.startswith(OWN)}


def dotted() -> set[str]:
    values = {value for name, value in vars(semconv).items() if name.isupper()}
    return {value for value in values if "." in value}


def test_the_same_names_as_in_the_code() -> None:
    """The registry has every name of ours that `semconv` has, and no other."""
    ours = {name.rstrip(".") for name in dotted() if name.startswith(OWN)}
    signals = REGISTRY.events.keys() | REGISTRY.metrics.keys()
    assert REGISTRY.attributes.keys() | signals == ours
    assert not REGISTRY.attributes.keys() & signals
    assert {name for name in ours if is_prefix(name)} == {
        name for name, attribute in REGISTRY.attributes.items() if is_template(attribute)
    }


def is_prefix(name: str) -> bool:
    return f"{name}." in dotted()


def test_the_same_values_as_in_the_code() -> None:
    """Where few values are possible the registry has all of them."""
    constants = [value for name, value in vars(outcome).items() if name.isupper()]
    outcomes = {value for value in constants if isinstance(value, str)}
    assert values_of(semconv.RUN_OUTCOME) == outcomes
    assert values_of(semconv.LINK_TYPE) == {semconv.RESUMES, semconv.REQUESTED_BY}


def values_of(name: str) -> set[str]:
    return {member["value"] for member in members(REGISTRY.attributes[name])}


def test_manifest() -> None:
    """The registry is that of this version, and builds on the conventions that we follow."""
    found = manifest()
    assert found["schema_url"].endswith(f"/{__version__}")
    others = [dependency["schema_url"] for dependency in found["dependencies"]]
    assert semconv.SCHEMA_URL in others
    assert all(SCHEMA_URL.fullmatch(url) for url in (found["schema_url"], *others))


@pytest.mark.skipif(WEAVER is None, reason="OpenTelemetry Weaver is not installed")
def test_weaver_accepts_it(tmp_path: Path) -> None:
    """Weaver itself finds no fault; a stand-in has the conventions' names, which it would fetch."""
    ours = shutil.copytree(FOLDER, tmp_path / "ours")
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    known = {"schema_url": semconv.SCHEMA_URL}
    references = [name for signal in SIGNALS.values() for name in REGISTRY.references(signal)]
    common = {"type": "string", "brief": "A name.", "stability": "development", "examples": ["a"]}
    defined = [{"key": name, **common} for name in {*references} - REGISTRY.attributes.keys()]
    write(theirs / "manifest.yaml", known)
    write(theirs / "names.yaml", {"file_format": FORM, "attributes": defined})
    dependency = known | {"registry_path": str(theirs)}
    write(ours / "manifest.yaml", {**manifest(), "dependencies": [dependency]})
    command = [str(WEAVER), "registry", "check", "--v2", "--registry", str(ours)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "requirement_level" not in done.stderr


def write(path: Path, content: Any) -> None:
    path.write_text(yaml.safe_dump(content))
