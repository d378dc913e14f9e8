"""Makes the documentation site: `site/index.html` opens from disk, its search too.

python docs/website.py            makes it; a warning is an error
python docs/website.py --serve    shows it on 127.0.0.1:8000, and a page anew when it changes
"""

import argparse
import json
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

DOCS: Final = Path(__file__).parent
ROOT: Final = DOCS.parent
sys.path.insert(0, str(DOCS))

from navigation import HOME, Entry, Section, navigation  # noqa: E402
from staging import Staging, write  # noqa: E402

SITE: Final = ROOT / "site"
STAGED: Final = ROOT / ".site"
THEME: Final = DOCS / "theme"
CONFIGURATION: Final = "zensical.toml"
WORKER: Final = "file-worker.js"
FOREIGN_WORKER: Final = "https://unpkg.com/iframe-worker/shim"
"""What Zensical's search asks another host for, where a page is opened from disk."""
CELL: Final = re.compile(r"<td.*?</td>", re.DOTALL)
NAME: Final = re.compile(r"(?<=<code>)[^<\s]{16,}(?=</code>)")
FILES: Final = "Files"
NO_NAVIGATION: Final = "nav = []"
OFFLINE: Final = "[project.plugins.offline]"
INTERVAL: Final = 1.0
SUMMARY: Final = (
    "OpenTelemetry for LangChain and LangGraph: every run is one span under the right parent, in "
    "any OTLP backend; prompts and answers stay private until they are asked for."
)


def build(site: Path = SITE, staged: Path = STAGED) -> None:
    """Make the whole site anew."""
    sections = navigation()
    staging = stage(sections, staged)
    run_zensical("build", "--strict", "--clean", staged=staged)
    made = staged / "site"
    for page in made.rglob("*.html"):
        depth = len(page.relative_to(made).parts) - 1
        text = page.read_text(encoding="utf-8")
        page.write_text(_mended(text, "../" * depth), encoding="utf-8")
    _write_for_models(made, sections, staging)
    shutil.rmtree(site, ignore_errors=True)
    made.rename(site)


def stage(sections: tuple[Section, ...], staged: Path, *, is_offline: bool = True) -> Staging:
    """Write what Zensical reads: the pages, and its configuration with the navigation."""
    staging = Staging([HOME, *(entry.page for section in sections for entry in section.entries)])
    assets = {Path(file.name): file.read_bytes() for file in THEME.iterdir()}
    text = assets.pop(Path(CONFIGURATION)).decode()
    if text.count(NO_NAVIGATION) != 1 or text.count(OFFLINE) != 1:
        raise ValueError(f"{CONFIGURATION} has no place for the navigation")
    text = text.replace(NO_NAVIGATION, _nav(sections, staging))
    # A page from a server needs no worker but the browser's own.
    text = text.replace(OFFLINE, f"{OFFLINE}\nenabled = {str(is_offline).lower()}")
    write(staged / "docs", staging.contents() | assets)
    configuration = staged / CONFIGURATION
    if not configuration.exists() or configuration.read_text(encoding="utf-8") != text:
        configuration.write_text(text, encoding="utf-8")
    return staging


def _nav(sections: tuple[Section, ...], staging: Staging) -> str:
    """The navigation as Zensical reads it: tables of a title and a page, or more such tables."""
    lines = ['nav = [\n  { "Home" = "index.md" },']
    for section in sections:
        entries = [(entry.title, entry.page) for entry in section.entries]
        lines.append(_nav_of(section.title, entries, staging))
    files = [(page.relative_to(ROOT).as_posix(), page) for page in staging.files]
    lines.append(_nav_of(FILES, files, staging))
    return "\n".join([*lines, "]"])


def _nav_of(title: str, entries: list[tuple[str, Path]], staging: Staging) -> str:
    rows = [
        f"    {{ {json.dumps(name)} = {json.dumps(staging.place(page).as_posix())} }},"
        for name, page in entries
    ]
    return "\n".join([f"  {{ {json.dumps(title)} = [", *rows, "  ] },"])


def run_zensical(*arguments: str, staged: Path) -> None:
    """Run its command; a failure is an error."""
    command = (sys.executable, "-m", "zensical", *arguments, "--config-file", CONFIGURATION)
    subprocess.run(command, cwd=staged, check=True)


def _mended(page: str, root: str) -> str:
    """A page with our own worker, and with names in tables that may be broken after a word."""
    page = page.replace(FOREIGN_WORKER, root + WORKER)
    return CELL.sub(lambda cell: NAME.sub(lambda name: _breakable(name[0]), cell[0]), page)


def _breakable(name: str) -> str:
    return re.sub(r"(?<=\w[._/])(?=\w)", "<wbr>", name)


def _write_for_models(made: Path, sections: tuple[Section, ...], staging: Staging) -> None:
    """Write `llms.txt`, with a line a page, `llms-full.txt`, and each page as Markdown."""
    lines = ["# langchain-otel", "", f"> {SUMMARY}"]
    texts = []
    home = Section("Home", (Entry("langchain-otel", HOME, "what it is, and all pages."),))
    for section in (home, *sections):
        lines += ["", f"## {section.title}", ""]
        for entry in section.entries:
            place = staging.place(entry.page)
            lines.append(f"- [{entry.title}]({place.as_posix()}): {entry.about}")
            texts.append(staging.text(entry.page))
            (made / place).parent.mkdir(parents=True, exist_ok=True)
            (made / place).write_text(texts[-1], encoding="utf-8")
    (made / "llms.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (made / "llms-full.txt").write_text("\n\n".join(texts), encoding="utf-8")


def serve(address: str, staged: Path = STAGED) -> None:
    """Show the site, and copy what changes to where Zensical looks for changes."""
    stage(navigation(), staged, is_offline=False)
    command = (sys.executable, "-m", "zensical", "serve", "--config-file", CONFIGURATION)
    with subprocess.Popen((*command, "--dev-addr", address), cwd=staged) as server:
        try:
            while server.poll() is None:
                time.sleep(INTERVAL)
                stage(navigation(), staged, is_offline=False)
        except KeyboardInterrupt:
            pass
        finally:
            server.terminate()


def main() -> None:
    """Make the site, or show it."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--serve", action="store_true", help="show it, and what changes")
    parser.add_argument("--address", default="127.0.0.1:8000", help="where to show it")
    arguments = parser.parse_args()
    if arguments.serve:
        serve(arguments.address)
    else:
        build()


if __name__ == "__main__":
    main()
