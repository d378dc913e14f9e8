"""The documentation site: strict, whole, and asking nobody for anything."""

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urlsplit
from urllib.request import urlopen

import pytest
from markdown_it import MarkdownIt

import staging
import website
from backends.collectors import wait_for
from backends.loopback import free_ports
from backends.screenshots import chromium
from documentation import PAGES, ROOT
from navigation import HOME, navigation
from required import unavailable
from staging import Staging
from waiting import PATIENCE

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytest.importorskip("zensical", reason="comes with group docs")
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("website")]

NAVIGATED: Final = [entry.page for section in navigation() for entry in section.entries]
FETCHED: Final = {"script": "src", "link": "href", "img": "src", "iframe": "src", "source": "src"}
FOREIGN: Final = re.compile(r"(?:https?:)?//")
IN_STYLE: Final = re.compile(r"url\(\s*['\"]?((?:https?:)?//[^)]+)|@import\s+['\"]([^'\"]+)")
COUNTED: Final = ("li", "ol", "ul", "table", "tr", "pre", "h1", "h2", "h3", "img", "blockquote")
RESULT: Final = "redact"


class Page(HTMLParser):
    """What a page of the site fetches, where its links lead, and what can be linked to in it."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.links: list[str] = []
        self.ids: set[str] = set()
        self.feed(file.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag in FETCHED and FETCHED[tag] in values:
            self.fetched.append(values[FETCHED[tag]])
        if tag == "a" and "href" in values:
            self.links.append(values["href"])
        self.ids |= {values[name] for name in ("id", "name") if name in values}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, made as `make docs` makes it."""
    folder = tmp_path_factory.mktemp("website")
    website.build(folder / "site", folder / "staged")
    return folder / "site"


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    try:
        opened = chromium()
        with opened as browser:
            yield browser
    except (ImportError, FileNotFoundError) as error:
        unavailable(error)


def test_every_page_is_in_the_navigation() -> None:
    """Once each; the page that has the navigation is the first one of the site."""
    pages = set(PAGES) - {ROOT / "README.md", HOME}
    assert sorted(pages - {*NAVIGATED}) == []
    assert len({*NAVIGATED}) == len(NAVIGATED)


def test_nothing_is_asked_of_another_host(site: Path) -> None:
    """Neither by the pages nor by their styles."""
    pages = {file: Page(file) for file in site.rglob("*.html")}
    asked = {link for page in pages.values() for link in page.fetched if FOREIGN.match(link)}
    styles = [file.read_text(encoding="utf-8") for file in site.rglob("*.css")]
    asked |= {"".join(found) for text in styles for found in IN_STYLE.findall(text)}
    assert asked == set()
    assert len(pages) > len(NAVIGATED)


def test_links_of_the_site_lead_somewhere(site: Path) -> None:
    """To a page of it and a heading there, or to another host."""
    pages = {file.resolve(): Page(file) for file in site.rglob("*.html")}
    lost = []
    for file, page in pages.items():
        for link in page.links + page.fetched:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc or file.name == "404.html":
                continue
            target = (file.parent / unquote(parts.path)).resolve() if parts.path else file
            known = pages.get(target)
            is_there = target.exists() and not (
                known and parts.fragment and unquote(parts.fragment) not in known.ids
            )
            if not is_there:
                lost.append(f"{file.name}: {link}")
    assert lost == []


@pytest.mark.parametrize(
    "page", [HOME, *NAVIGATED], ids=lambda page: page.relative_to(ROOT).as_posix()
)
def test_a_page_is_shown_as_on_github(page: Path, site: Path) -> None:
    """With as many lists, tables, blocks and pictures: the two read Markdown differently."""
    wanted = MarkdownIt("commonmark").enable("table").render(page.read_text(encoding="utf-8"))
    place = Staging([HOME, *NAVIGATED]).place(page).with_suffix(".html")
    text = (site / place).read_text(encoding="utf-8")
    (article,) = re.findall(r"<article.*?</article>", text, re.DOTALL)
    assert counts(article) == counts(wanted)


def counts(html: str) -> dict[str, int]:
    return {tag: len(re.findall(rf"<{tag}[ >]", html)) for tag in COUNTED}


def test_models_find_every_page(site: Path) -> None:
    """`llms.txt` has a line for each, which leads to its Markdown; `llms-full.txt` has them all."""
    lines = (site / "llms.txt").read_text(encoding="utf-8").splitlines()
    found = [re.match(r"- \[(.+?)\]\((.+?)\): .+\.$", line) for line in lines if line[:1] == "-"]
    places = [match[2] for match in found if match]
    assert len(places) == len(found) == len({*places}) == len(NAVIGATED) + 1
    whole = (site / "llms-full.txt").read_text(encoding="utf-8")
    assert [each for each in places if (site / each).read_text() not in whole] == []


def test_the_search_works_from_disk(site: Path, browser: "Browser") -> None:
    """It finds a page, and no request leaves the machine."""
    page = browser.new_page()
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.goto((site / "index.html").as_uri())
    page.get_by_role("button", name="Search").first.click()
    box = page.get_by_role("combobox").or_(page.get_by_placeholder("Search")).first
    box.fill(RESULT)
    wanted = page.locator("a[href*='content.html']").first
    wanted.wait_for(state="attached", timeout=PATIENCE * 1_000)
    assert [url for url in requests if not url.startswith(("file:", "data:", "blob:"))] == []


def test_a_name_in_a_table_is_broken_after_a_word(site: Path) -> None:
    """A long name does not push the other columns out of sight."""
    text = (site / "settings.html").read_text(encoding="utf-8")
    assert "<code>OTEL_<wbr>INSTRUMENTATION_<wbr>LANGCHAIN_<wbr>DETAIL</code>" in text


def test_the_site_is_shown_while_it_is_written(tmp_path: Path) -> None:
    """`make docs-serve`: on loopback, and without another host."""
    (port,) = free_ports(1)
    # A shell's job in the background, and what it starts, ignores the signal.
    listen = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    serve = f"website.serve('127.0.0.1:{port}', website.Path({str(tmp_path)!r}))"
    command = [sys.executable, "-c", f"{listen}; import website; {serve}"]
    url = f"http://127.0.0.1:{port}/spans.html"
    with subprocess.Popen(command, cwd=ROOT / "docs", stdout=subprocess.DEVNULL) as serving:
        try:
            wait_for(lambda: "invoke_workflow" in fetched(url), f"{url} does not answer")
            shown = fetched(url)
        finally:
            serving.send_signal(signal.SIGINT)
    assert website.FOREIGN_WORKER not in shown


def fetched(url: str) -> str:
    try:
        with urlopen(url, timeout=PATIENCE) as answer:
            return str(answer.read().decode())
    except OSError:
        return ""


def test_a_link_that_leads_nowhere_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staging, "ROOT", tmp_path)
    page = tmp_path / "page.md"
    page.write_text("[lost](nowhere.md)\n")
    with pytest.raises(FileNotFoundError, match=r"page\.md links to nowhere\.md"):
        Staging([page])


@pytest.mark.parametrize("link", ["nowhere.md", "content.md#no-such-heading"])
def test_a_warning_is_an_error(tmp_path: Path, link: str) -> None:
    """A page or a heading that is not there ends the build."""
    website.stage(navigation(), tmp_path)
    with (tmp_path / "docs" / "spans.md").open("a") as page:
        page.write(f"\n[lost]({link})\n")
    with pytest.raises(subprocess.CalledProcessError):
        website.run_zensical("build", "--strict", staged=tmp_path)


@pytest.mark.parametrize("line", ["- [title](page.md)", "- title: about", "- [a](b.md) and more"])
def test_an_entry_of_another_form_is_an_error(tmp_path: Path, line: str) -> None:
    """No page is left out of the navigation in silence."""
    home = tmp_path / "README.md"
    home.write_text(f"# Title\n\n## Section\n\n{line}\n")
    with pytest.raises(ValueError, match="an entry is"):
        navigation(home)


def test_a_long_entry_is_read(tmp_path: Path) -> None:
    """What it is about may have more lines and links, and is plain text in the end."""
    home = tmp_path / "README.md"
    home.write_text("## One\n\n- [a](a.md): of\n  [b](b.md), too.\n\n## Two\n\nNo list.\n")
    ((title, ((name, page, about),)),) = navigation(home)
    assert (title, name, page, about) == ("One", "a", tmp_path / "a.md", "of b, too.")
