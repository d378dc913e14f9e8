"""The wheel and the source distribution: what is in them, the same bytes anywhere, installed."""

import json
import os
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from configparser import ConfigParser
from pathlib import Path
from typing import Any, Final

import pytest

from environments import ROOT
from langchain_otel import __version__
from test_environments import uv, wheel

__all__ = ["wheel"]

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("environments")]

PROJECT: Final[dict[str, Any]] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
LONG_AGO: Final = 1_000_000_000
NEEDED: Final = (
    "langchain_otel/py.typed",
    "langchain_otel/doctor/__init__.py",
    "langchain_otel/testing/plugin.py",
    "langchain_otel/viewing/page.css",
    "langchain_otel/viewing/page.html",
    "langchain_otel/viewing/page.js",
)
# What has to be installed beside it says so.
OPTIONAL: Final = {
    "langchain_tree": 'no rich: pip install "langchain-otel[console]"',
    "pytest11": "No module named 'pytest'",
}
LOADED: Final = """
import importlib.metadata
import langchain_otel

print(langchain_otel.__file__)
for point in importlib.metadata.distribution("langchain-otel").entry_points:
    try:
        point.load()
    except ImportError as error:
        print(point.group, point.name, error)
    else:
        print(point.group, point.name)
"""


def ran(*command: str | Path, folder: Path, **options: Any) -> str:
    """What a command prints, which must succeed."""
    done: subprocess.CompletedProcess[str] = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False, **options
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def sdist_beside(wheel: Path) -> Path:
    (found,) = wheel.parent.glob("*.tar.gz")
    return found


def copied_checkout(place: Path) -> Path:
    """The checkout somewhere else, of another date, and for its owner alone."""
    ignored = (ROOT / ".gitignore").read_text().replace("/", "").split()
    shutil.copytree(ROOT, place, ignore=shutil.ignore_patterns(".git", *ignored))
    for path in place.rglob("*"):
        path.chmod(path.stat().st_mode & 0o700)
        os.utime(path, (LONG_AGO, LONG_AGO))
    return place


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the checkout in which `make sbom` was called, which makes the distributions too."""
    place = copied_checkout(tmp_path_factory.mktemp("elsewhere") / "other name")
    # The environment is the one that runs the tests; it is not installed anew.
    make = ["make", f"VENV={sys.prefix}", f"--old-file={sys.prefix}/.test", "sbom"]
    variables = {"TZ": "Pacific/Auckland", "LC_ALL": "C", "PYTHONHASHSEED": "7"}
    ran(*make, folder=place, umask=0o077, env=os.environ | variables)
    return place


def test_built_twice_they_are_the_same(wheel: Path, made: Path) -> None:
    """Byte for byte, whatever the folder, the dates, the permissions, the time zone, the day."""
    built = sorted((made / "dist").glob("langchain_otel-*"))
    assert [path.name for path in built] == sorted(
        [f"langchain_otel-{__version__}-py3-none-any.whl", f"langchain_otel-{__version__}.tar.gz"]
    )
    for path in built:
        assert path.read_bytes() == (wheel.parent / path.name).read_bytes(), path.name


def test_the_bill_of_materials(made: Path) -> None:
    """It names the package with its version and licence, and all that is installed with it."""
    bill = json.loads((made / "build" / "sbom.cdx.json").read_text())
    (licence,) = bill["metadata"]["component"]["licenses"]
    assert bill["metadata"]["component"]["version"] == __version__
    assert licence["license"]["id"] == "Apache-2.0"
    names = {component["name"].lower() for component in bill["components"]}
    assert {"langchain-core", "opentelemetry-sdk", "grpcio", "rich", "genai-prices"} <= names
    assert not {"pytest", "langchain-otel"} & names
    assert str(made) not in (made / "build" / "sbom.cdx.json").read_text()


def test_wheel_contents(wheel: Path) -> None:
    """The wheel has every file of the package, and nothing else."""
    names = zipfile.ZipFile(wheel).namelist()
    package = [name for name in names if not name.split("/")[0].endswith(".dist-info")]
    source = ROOT / "src"
    expected = sorted(
        str(path.relative_to(source))
        for path in source.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    )
    assert sorted(package) == expected
    assert set(NEEDED) <= set(names)


def test_wheel_metadata(wheel: Path) -> None:
    """The wheel has the licence, and the entry points that pyproject.toml names."""
    archive = zipfile.ZipFile(wheel)
    folder = f"langchain_otel-{__version__}.dist-info"
    assert archive.read(f"{folder}/licenses/LICENSE") == (ROOT / "LICENSE").read_bytes()
    found = ConfigParser()
    found.read_string(archive.read(f"{folder}/entry_points.txt").decode())
    expected = {"console_scripts": PROJECT["scripts"], **PROJECT["entry-points"]}
    assert {name: dict(found[name]) for name in found.sections()} == expected


def committed(*options: str) -> set[str]:
    """Files of the checkout that git has, or might have; without git the test is skipped."""
    command = ["git", "-c", "safe.directory=*", "ls-files", "-z", *options]
    if not (ROOT / ".git").exists() or shutil.which("git") is None:
        pytest.skip("this is no checkout of git")
    return {name for name in ran(*command, folder=ROOT).split("\0") if (ROOT / name).is_file()}


def test_sdist_contents(wheel: Path) -> None:
    """The source distribution is the checkout, whose tests run from it, and nothing else."""
    with tarfile.open(sdist_beside(wheel)) as archive:
        paths = [member.name.partition("/")[2] for member in archive if member.isfile()]
    assert committed() <= set(paths)
    assert set(paths) <= {"PKG-INFO"} | committed("--cached", "--others", "--exclude-standard")


@pytest.mark.parametrize("kind", ["wheel", "sdist"])
def test_installed_by_pip(kind: str, wheel: Path, tmp_path: Path) -> None:
    """With nothing else there is no conflict, the command answers, and entry points load."""
    uv("venv", "--quiet", "--seed", "--python", sys.executable, tmp_path / "venv")
    bin_folder = tmp_path / "venv" / "bin"
    distribution = wheel if kind == "wheel" else sdist_beside(wheel)
    # pip finds what it needs, and does not take long.
    uv("pip", "install", "--quiet", "--python", bin_folder / "python", *PROJECT["dependencies"])
    ran(bin_folder / "pip", "install", "--quiet", distribution, folder=tmp_path)
    ran(bin_folder / "pip", "check", folder=tmp_path)
    usage = ran(bin_folder / "langchain-otel", "--help", folder=tmp_path)
    assert "langchain-otel doctor" in usage
    file, *points = ran(bin_folder / "python", "-c", LOADED, folder=tmp_path).splitlines()
    assert Path(file).is_relative_to(tmp_path / "venv")
    groups = {"console_scripts": PROJECT["scripts"], **PROJECT["entry-points"]}
    assert sorted(points) == sorted(
        f"{group} {name} {OPTIONAL.get(group) or OPTIONAL.get(name, '')}".rstrip()
        for group, names in groups.items()
        for name in names
    )
