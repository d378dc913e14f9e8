"""Files that only GitHub, pre-commit or make read: they are in the form that these want, and agree.

Nothing here runs a workflow. What a workflow calls is tried: the targets of the Makefile that it
names are there, and `.ci/release-notes` runs.
"""

import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from check_jsonschema.builtin_schemas import get_builtin_schema
from jsonschema.validators import validator_for

from documentation import blocks_of
from environments import ROOT
from langchain_otel import __version__

GITHUB: Final = ROOT / ".github"
WORKFLOWS: Final = sorted((GITHUB / "workflows").iterdir())
CHOICE: Final = GITHUB / "ISSUE_TEMPLATE" / "config.yml"
FORMS: Final = sorted(set(CHOICE.parent.iterdir()) - {CHOICE})
PAGES: Final = (*sorted(ROOT.glob("*.md")), *sorted(GITHUB.glob("*.md")))
PROJECT: Final[dict[str, Any]] = tomllib.loads((ROOT / "pyproject.toml").read_text())
MAKEFILE: Final = (ROOT / "Makefile").read_text()
TARGETS: Final = set(re.findall(r"^([a-z][a-z-]*):", MAKEFILE, re.MULTILINE))
SCHEMAS: Final = {
    "vendor.github-workflows": WORKFLOWS,
    "custom.github-workflows-require-timeout": WORKFLOWS,
    "vendor.github-issue-forms": FORMS,
    "vendor.github-issue-config": [CHOICE],
    "vendor.dependabot": [GITHUB / "dependabot.yml"],
}
# What a job may do beyond reading the source, and in which job.
PERMISSIONS: Final = {
    ("release.yml", "attest"): {"attestations": "write", "contents": "read", "id-token": "write"},
    ("release.yml", "publish"): {"id-token": "write"},
    ("release.yml", "notes"): {"contents": "write"},
}
_PINNED: Final = re.compile(r"^[\w.-]+/[\w./-]+@[0-9a-f]{40}$")
_CALLED: Final = re.compile(r"\bmake ((?:[a-z][a-z-]*\b ?)+)")


def name_of(path: Path) -> str:
    return path.name


def read(path: Path) -> dict[Any, Any]:
    found = yaml.safe_load(path.read_text())
    assert isinstance(found, dict)
    return found


def jobs_of(path: Path) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = read(path)["jobs"]
    return found


def steps_of(path: Path) -> Iterator[dict[str, Any]]:
    for job in jobs_of(path).values():
        yield from job["steps"]


def targets_in(text: str) -> set[str]:
    """The targets of calls such as `make check test`."""
    return {target for names in _CALLED.findall(text) for target in names.split()}


def code_of(page: Path) -> str:
    """What stands in blocks and between backticks on a page."""
    spans = re.findall(r"`([^`\n]+)`", page.read_text())
    return "\n".join([*(block.text for block in blocks_of(page)), *spans])


def faults(schema: str, document: dict[Any, Any]) -> list[str]:
    """What GitHub would not take, by the forms that come with check-jsonschema."""
    form = get_builtin_schema(schema)
    # YAML 1.1 reads the key `on` as a truth value.
    named = {"on" if key is True else key: value for key, value in document.items()}
    return [error.message for error in validator_for(form)(form).iter_errors(named)]


@pytest.mark.parametrize("schema", SCHEMAS)
def test_files_are_in_the_form_that_github_documents(schema: str) -> None:
    """Every file that is there."""
    found = {path.name: faults(schema, read(path)) for path in SCHEMAS[schema]}
    assert not any(found.values()), found
    assert found


@pytest.mark.parametrize(
    ("schema", "key"),
    [
        ("vendor.github-workflows", "jobs"),
        ("vendor.github-issue-forms", "body"),
        ("vendor.dependabot", "updates"),
    ],
)
def test_a_file_that_lacks_something_is_found(schema: str, key: str) -> None:
    """Without what it is about, or with a key that nobody knows."""
    whole = read(SCHEMAS[schema][0])
    assert faults(schema, {name: whole[name] for name in whole if name != key})
    assert faults(schema, {**whole, "colour": "green"})


def test_every_file_of_github_is_looked_at() -> None:
    """A new file has its form here."""
    files = {path for path in GITHUB.rglob("*") if path.is_file()}
    looked_at = {path for paths in SCHEMAS.values() for path in paths}
    assert files == looked_at | {GITHUB / "PULL_REQUEST_TEMPLATE.md"}


@pytest.mark.parametrize("path", WORKFLOWS, ids=name_of)
def test_workflows_use_what_cannot_change_beneath_them(path: Path) -> None:
    """An action is named by its commit, with the version behind it for people."""
    used = [step["uses"] for step in steps_of(path) if "uses" in step]
    assert [each for each in used if not _PINNED.match(each)] == []
    lines = [line for line in path.read_text().splitlines() if "uses:" in line]
    assert all(re.search(r"@[0-9a-f]{40} # v\d+\.\d+\.\d+$", line) for line in lines)
    assert len(lines) == len(used)


def test_workflows_agree_on_versions_of_actions() -> None:
    """The same action is the same commit everywhere."""
    used = {step["uses"] for path in WORKFLOWS for step in steps_of(path) if "uses" in step}
    assert len({each.partition("@")[0] for each in used}) == len(used)


@pytest.mark.parametrize("path", WORKFLOWS, ids=name_of)
def test_workflows_may_do_little(path: Path) -> None:
    """They read the source. Only the jobs of a release may write, each what it has to."""
    assert read(path)["permissions"] in ({}, {"contents": "read"})
    for name, job in jobs_of(path).items():
        allowed = PERMISSIONS.get((path.name, name), {"contents": "read"})
        assert job.get("permissions", allowed) == allowed
    for step in steps_of(path):
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False
        # What others can choose, such as the name of a branch, is never part of a program.
        assert "${{" not in step.get("run", "")


@pytest.mark.parametrize("path", [*WORKFLOWS, GITHUB / "dependabot.yml"], ids=name_of)
def test_files_that_never_ran_say_so(path: Path) -> None:
    """Whoever reads them first knows what to expect."""
    head = re.match(r"(?:#.*\n)+", path.read_text())
    assert head
    assert "never run" in head[0]


def test_the_tests_run_on_each_python_that_is_supported() -> None:
    """Those that the classifiers name, from the oldest that can install it."""
    (strategy,) = (
        job["strategy"]
        for job in jobs_of(GITHUB / "workflows" / "ci.yml").values()
        if "strategy" in job
    )
    versions = strategy["matrix"]["python"]
    named = [
        text.rpartition(" ")[2]
        for text in PROJECT["project"]["classifiers"]
        if re.search(r":: 3\.\d+$", text)
    ]
    assert versions == named
    assert PROJECT["project"]["requires-python"] == f">={versions[0]}"


@pytest.mark.parametrize("path", WORKFLOWS, ids=name_of)
def test_workflows_call_what_is_there(path: Path) -> None:
    """Targets of the Makefile, and files of `.ci`."""
    commands = "\n".join(step.get("run", "") for step in steps_of(path))
    assert targets_in(commands) <= TARGETS
    for script in re.findall(r"\.ci/[\w-]+", commands):
        assert (ROOT / script).stat().st_mode & 0o100, script


@pytest.mark.parametrize("path", [*PAGES, ROOT / ".ci" / "run"], ids=name_of)
def test_pages_name_targets_that_are_there(path: Path) -> None:
    """So does the script that runs everything."""
    found = targets_in(code_of(path) if path.suffix == ".md" else path.read_text())
    assert found <= TARGETS
    assert found or path.name not in {"run", "CONTRIBUTING.md", "AGENTS.md"}


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_pages_name_files_that_are_there(page: Path) -> None:
    """From the checkout, or from the package; or they are made, and ignored by git."""
    named = re.findall(r"`((?:[\w.-]+/)+(?:[\w.-]+\.(?:py|md|yml|toml))?)`", page.read_text())
    made = {line.strip("/") for line in (ROOT / ".gitignore").read_text().splitlines()}
    places = (ROOT, ROOT / "src" / "langchain_otel")
    kept = [name for name in named if name.strip("/") not in made]
    assert [name for name in kept if not any((each / name).exists() for each in places)] == []
    assert named or page.name not in {"AGENTS.md", "CONTRIBUTING.md"}


def test_make_says_what_it_can_do() -> None:
    """`make` alone names each target, and each is one that makes no file of its name."""
    done = subprocess.run(
        ["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    named = {
        target
        for names in re.findall(r"^make ([a-z, -]+?)(?:  |$)", done, re.MULTILINE)
        for target in names.split(", ")
    }
    (phony,) = re.findall(r"^\.PHONY: (.*)$", MAKEFILE, re.MULTILINE)
    assert named | {"help", "clean"} == TARGETS
    assert set(phony.split()) == TARGETS


@pytest.mark.parametrize("path", FORMS, ids=name_of)
def test_forms_ask_the_doctor(path: Path) -> None:
    """What it prints as JSON has the versions and the set-up; a bug cannot be sent without."""
    fields = {field["id"]: field for field in read(path)["body"] if "id" in field}
    doctor = fields["doctor"]
    assert "`langchain-otel doctor --json`" in doctor["attributes"]["description"]
    assert doctor["attributes"]["render"] == "json"
    assert path.name != "bug.yml" or doctor["validations"]["required"] is True


@pytest.mark.parametrize("path", FORMS, ids=name_of)
def test_forms_are_sound(path: Path) -> None:
    """What the documented form leaves open: ids and labels are there once each."""
    fields = [field for field in read(path)["body"] if field["type"] != "markdown"]
    for key in (
        [field["id"] for field in fields],
        [field["attributes"]["label"] for field in fields],
    ):
        assert len(set(key)) == len(key)


def test_hooks_use_the_projects_own_tools() -> None:
    """Those of `make check`, from `.venv`, where the group `check` has them."""
    (repository,) = read(ROOT / ".pre-commit-config.yaml")["repos"]
    assert repository["repo"] == "local"
    entries = [hook["entry"] for hook in repository["hooks"]]
    assert all(hook["language"] == "system" for hook in repository["hooks"])
    tools = [re.sub(r"^\.venv/bin/| --.*$", "", entry) for entry in entries]
    recipe = MAKEFILE.partition("\ncheck: ")[2].partition("\n\n")[0]
    assert tools == re.findall(r"\$\(BIN\)/(ruff check|ruff format|mypy)", recipe)
    assert {tool.split()[0] for tool in tools} <= set(PROJECT["dependency-groups"]["check"])
    assert all(entry.startswith(".venv/bin/") for entry in entries)


def test_dependabot_looks_after_all() -> None:
    """What the package needs, and what the workflows use."""
    updates = read(GITHUB / "dependabot.yml")["updates"]
    assert {each["package-ecosystem"] for each in updates} == {"github-actions", "pip"}


def test_the_changelog_can_be_skimmed() -> None:
    """What is not published stands on top: sections in order, topics, short lines of sentences."""
    text = (ROOT / "CHANGELOG.md").read_text()
    before, *versions = re.split(r"^## \[(.+?)\].*$", text, flags=re.MULTILINE)
    assert before.startswith("# Changelog\n")
    assert versions[0] == "Unreleased"
    assert __version__ in versions
    sections = re.split(r"^### (.+)$", versions[1], flags=re.MULTILINE)[1:]
    order = ["Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"]
    assert sections[::2] == [name for name in order if name in sections[::2]]
    for section in sections[1::2]:
        without_topic, *topics = re.split(r"^#### (.+)$", section, flags=re.MULTILINE)
        assert without_topic.strip() == ""
        assert len(set(topics[::2])) == len(topics[::2])
        lines = [line for lines in topics[1::2] for line in lines.strip().splitlines()]
        assert [line for line in lines if not re.fullmatch(r"- .{1,500}\.", line)] == []


def notes(tag: str) -> subprocess.CompletedProcess[str]:
    command = [str(ROOT / ".ci" / "release-notes"), tag]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_notes_of_a_release() -> None:
    """They are the changelog's section of the version, and a wrong tag is refused."""
    printed = notes(f"v{__version__}")
    assert printed.returncode == 0, printed.stderr
    assert printed.stdout.strip() in (ROOT / "CHANGELOG.md").read_text()
    assert "## [" not in printed.stdout
    refused = notes("v0.0.1")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert __version__ in refused.stderr
