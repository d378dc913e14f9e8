"""Brings the pages of Jaeger's user interface, which its Go module lacks, into the cache."""

import gzip
import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

from .build import GO_ENVIRONMENT, BuildError, find_go
from .pins import PINS_FILE, Pins, cache_directory


def pages_directory() -> Path:
    """Where the pages are, or will be."""
    return cache_directory() / f"jaeger-ui-{_pin()['version']}"


def fetch_pages() -> Path:
    """The directory with the built pages, each file of which their Go module has compressed.

    Raises:
        BuildError: Go is missing, or too old.
    """
    pin, directory = _pin(), pages_directory()
    if directory.exists():
        return directory
    module = f"{pin['module']}@{pin['module_version']}"
    command = [find_go(Pins.load().go), "mod", "download", "-json", module]
    environment = os.environ | GO_ENVIRONMENT
    done = subprocess.run(command, env=environment, capture_output=True, check=True)
    public = Path(json.loads(done.stdout)["Dir"]) / "public"
    unfinished = directory.with_name(f".{directory.name}.{os.getpid()}")
    for file in public.rglob("*"):
        if file.is_file():
            unpacked = unfinished / file.relative_to(public)
            unpacked.parent.mkdir(parents=True, exist_ok=True)
            unpacked.write_bytes(gzip.decompress(file.read_bytes()))
    unfinished.rename(directory)
    return directory


def _pin() -> dict[str, str]:
    pin: dict[str, str] = tomllib.loads(PINS_FILE.read_text())["jaeger_ui"]
    return pin


def main() -> int:
    """Bring the pages; the exit code is that of the build where Go cannot."""
    try:
        fetch_pages()
    except BuildError as error:
        print(error, file=sys.stderr)
        return error.code
    return 0


if __name__ == "__main__":
    sys.exit(main())
