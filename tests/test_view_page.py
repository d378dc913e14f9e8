"""The page of `langchain-otel view --html`, in headless Chromium: opened from disk, offline."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

import otlp_documents as otlp
from backends.collectors import wait_for
from backends.screenshots import chromium
from langchain_otel.viewing.documents import spans_in_file
from langchain_otel.viewing.forest import Trace, traces_of
from langchain_otel.viewing.page import page as page_of
from required import unavailable
from waiting import PATIENCE

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("chromium")]

MAX_SIZE: Final = 300_000
# Rows that fit, those that are spare above and below, and the one that has the focus.
MAX_ROWS: Final = 60
ROW: Final = "#space > .row"
ACTIVE: Final = f"{ROW}[aria-selected=true]"
# Whether there is a row where the rows begin to be seen.
SHOWN: Final = """
() => [...document.querySelectorAll('#space > .row')].some(row =>
  Math.abs(row.getBoundingClientRect().top - rows.getBoundingClientRect().top) < 28)
"""


def traces_in(folder: Path, *documents: otlp.Json) -> list[Trace]:
    file = folder / "traces.jsonl"
    file.write_text(otlp.lines(*documents))
    return traces_of(spans_in_file(str(file)))


def page_in(folder: Path, *documents: otlp.Json) -> Path:
    file = folder / "page.html"
    file.write_text(page_of(traces_in(folder, *documents), "test", is_redacted=False), "utf-8")
    return file


@dataclass(slots=True)
class Opened:
    """A page in the browser, what it asked for and what went wrong in it."""

    page: "Page"
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def open(self, file: Path, hash_: str = "") -> None:
        self.page.goto(f"{file.as_uri()}{hash_}")
        self.page.wait_for_selector(ACTIVE)

    def names(self) -> list[str]:
        found: list[str] = self.page.locator(f"{ROW} .label").all_inner_texts()
        return found

    def active(self) -> str:
        return str(self.page.locator(f"{ACTIVE} .label").inner_text())

    def focused(self) -> str:
        """What the focused row is called; nothing where no row has the focus."""
        return str(self.page.evaluate(
            "document.activeElement.matches('.row')"
            " ? document.activeElement.querySelector('.label').textContent : ''"
        ))  # fmt: skip

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def rows(self) -> int:
        return int(self.page.locator(ROW).count())


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    """Chromium; where it or playwright is missing the tests are skipped, or fail on demand."""
    try:
        with chromium() as browser:
            yield browser
    except (ImportError, SystemExit) as error:
        unavailable(RuntimeError(str(error)))


@pytest.fixture
def opened(browser: "Browser") -> Iterator[Opened]:
    """A new page without a network; at its end it has asked for nothing but itself."""
    context = browser.new_context(viewport={"width": 1300, "height": 800}, offline=True)
    context.set_default_timeout(PATIENCE * 1_000)
    found = Opened(context.new_page())
    found.page.on("request", lambda request: found.requests.append(request.url))
    found.page.on("console", lambda message: found.complaints.append(message.text))
    found.page.on("pageerror", lambda error: found.complaints.append(str(error)))
    yield found
    context.close()
    assert not found.complaints
    assert {re.sub("#.*", "", url) for url in found.requests} <= {found.requests[0]}


def test_a_page_without_data_is_small(tmp_path: Path) -> None:
    """All but the data is less than 300 kB, and is one file."""
    text = page_in(tmp_path, otlp.document(otlp.span(1))).read_text()
    assert len(text.encode()) < MAX_SIZE
    assert not re.search(r"""(?:src|href)="(?!#)|@import|url\(|https?:""", text)


def test_the_policy_allows_this_script_only(tmp_path: Path) -> None:
    """Scripts, styles and everything from elsewhere are forbidden, by hashes."""
    text = page_in(tmp_path, otlp.document(otlp.span(1))).read_text()
    (policy,) = re.findall(r'<meta http-equiv="Content-Security-Policy" content="([^"]+)">', text)
    assert text.index("Content-Security-Policy") < text.index("<style")
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe" not in policy
    assert "http" not in policy


def test_an_agent(opened: Opened, tmp_path: Path) -> None:
    """Its tree, waterfall, conversation, tool calls, documents, tokens, cost and attributes."""
    opened.open(page_in(tmp_path, otlp.document(*otlp.agent())))
    assert opened.names() == [
        "invoke_agent guide", "chat gpt-5", "execute_tool look", "retrieval library"
    ]  # fmt: skip
    page = opened.page
    assert page.title() == "invoke_agent guide · trace"
    summary = page.locator("#summary").inner_text()
    for words in ("4 spans", "999 ms", "1,200→34 tokens", "cost 0.0125", "1 error"):
        assert words in summary
    details = page.locator("#details")
    page.get_by_text("chat gpt-5").click()
    text = details.inner_text()
    for words in ("1,200 input, 34 output", "0.0125", "openai", "calls look", "call_1"):
        assert words in text, words
    assert details.locator("article").count() == 3
    page.get_by_text("execute_tool look").click()
    text = details.inner_text()
    assert "ValueError" in text
    assert "Traceback" not in text
    page.get_by_text("Stack trace").click()
    details.get_by_text("Traceback").wait_for()
    page.get_by_role("button", name="Go to chat gpt-5").click()
    assert opened.focused() == "chat gpt-5"
    page.get_by_text("retrieval library").click()
    assert "Documents (1)" in details.inner_text()
    assert page.locator(f"{ROW} .bar").count() == 4


def test_costs(opened: Opened, tmp_path: Path) -> None:
    """Of the trace, of an agent and of its calls; `?` stands for calls whose price is not known."""
    spans = (
        otlp.span(1, attributes={"gen_ai.operation.name": "invoke_agent", **cost(1.5, unknown=1)}),
        otlp.span(2, 1, name="chat priced", attributes=called(**cost(1.25))),
        otlp.span(3, 1, name="chat unknown", attributes=called(**cost(None, unknown=1))),
        otlp.span(4, 1, name="chat in part", attributes=called(**cost(None, unknown=1, part=0.25))),
    )
    opened.open(page_in(tmp_path, otlp.document(*spans)))
    assert "cost 1.5 + ?" in opened.page.locator("#summary").inner_text()
    for row, shown in enumerate(("1.5 + ?", "1.25", "?", "0.25 + ?")):
        opened.page.locator(f"{ROW} .label").nth(row).click()
        assert opened.page.locator("dt:text-is('Cost') + dd").inner_text() == shown


def test_evaluations(opened: Opened, tmp_path: Path) -> None:
    """They are in the row of what was judged, and with their explanations beside it."""
    result = {
        "gen_ai.evaluation.name": "tone",
        "gen_ai.evaluation.score.value": 0.5,
        "gen_ai.evaluation.score.label": "fair",
        "gen_ai.evaluation.explanation": "It is <b>kind</b>.",
    }
    spans = (otlp.span(1, name="run"), otlp.span(2, 1, name="evaluate tone", attributes=result))
    opened.open(page_in(tmp_path, otlp.document(*spans)))
    assert opened.names() == ["run"]
    assert opened.page.locator(f"{ROW} .judged").all_inner_texts() == ["tone 0.5 fair"]
    details = opened.page.locator("#details").inner_text()
    for words in ("Evaluations", "tone 0.5 fair", "It is <b>kind</b>."):
        assert words in details
    opened.page.locator("#search").fill("kind")
    opened.page.locator(f"{ROW}.hit").wait_for()


def called(**attributes: Any) -> dict[str, Any]:
    return {"gen_ai.operation.name": "chat", "gen_ai.usage.input_tokens": 7, **attributes}


def cost(total: float | None, unknown: int = 0, part: float = 0) -> dict[str, Any]:
    """What our option `cost` records."""
    found = {"total": total, "unknown_calls": unknown, "cache_read": part}
    return {f"langchain.cost.{name}": value for name, value in found.items() if value}


def test_a_hostile_trace(opened: Opened, tmp_path: Path) -> None:
    """Nothing of it runs, asks for anything or is taken for HTML; every span can be reached."""
    spans = otlp.hostile()
    opened.open(page_in(tmp_path, otlp.document(*spans), otlp.document(spans[0])))
    page = opened.page
    elements = "document.querySelectorAll('script, iframe, link, a[href], base, svg, img').length"
    assert page.evaluate(elements) == 3  # the skip link, the data and the script
    seen = set()
    page.locator(ACTIVE).focus()
    for _ in range(len(spans)):
        seen.add(page.locator(ACTIVE).get_attribute("data-place"))
        assert opened.rows() <= MAX_ROWS
        opened.press("ArrowDown")
    assert len(seen) == len(spans)
    assert page.evaluate("window.ran") is None
    assert page.evaluate("({}).polluted") is None
    assert page.evaluate(elements) == 3
    assert page.url.startswith("file://")


def test_what_hides_is_shown(opened: Opened, tmp_path: Path) -> None:
    """Characters that turn text around or cannot be seen are written out; letters are let be."""
    name = "\u202egnp.exe \x00 \x1b \u200b 👩\u200d🚀 \u0645\u06cc\u200c <b>"
    opened.open(page_in(tmp_path, otlp.document(otlp.span(1, name=name))))
    assert opened.page.locator("#details h2").inner_text() == (
        "\\u{202e}gnp.exe \\u{0} \\u{1b} \\u{200b} 👩\u200d🚀 \u0645\u06cc\u200c <b>"
    )


def test_a_long_text_comes_on_demand(opened: Opened, tmp_path: Path) -> None:
    """Of a megabyte a few thousand characters are drawn, and the rest when it is asked for."""
    span = otlp.span(1, attributes={"text": "x" * 300_000})
    opened.open(page_in(tmp_path, otlp.document(span)))
    cell = opened.page.locator("td").first
    assert len(cell.locator("pre").inner_text()) == 4_000
    cell.get_by_role("button").click()
    assert len(cell.locator("pre").inner_text()) == 204_000
    cell.get_by_role("button").click()
    assert cell.get_by_role("button").count() == 0


def test_pictures_are_those_of_the_trace(opened: Opened, tmp_path: Path) -> None:
    """A picture that is in a message is shown; an address of one is a text."""
    pixel = "R0lGODlhAQABAAAAACwAAAAAAQABAAA="
    parts = [
        {"type": "blob", "mime_type": "image/gif", "content": pixel},
        {"type": "uri", "mime_type": "image/gif", "uri": "http://127.0.0.1:9/tracker.gif"},
    ]
    said = {"gen_ai.input.messages": json.dumps([{"role": "user", "parts": parts}])}
    opened.open(page_in(tmp_path, otlp.document(otlp.span(1, attributes=said))))
    image = opened.page.locator("#details img")
    assert image.count() == 1
    assert image.evaluate("image => image.decode().then(() => image.naturalWidth)") == 1
    assert "http://127.0.0.1:9/tracker.gif" in opened.page.locator("#details").inner_text()


def test_ten_thousand_spans(opened: Opened, tmp_path: Path) -> None:
    """All can be scrolled to, searched and closed, with a few rows in the page at any time."""
    opened.open(page_in(tmp_path, otlp.document(*otlp.many(10_000))))
    page = opened.page
    grid = page.get_by_role("treegrid")
    assert grid.get_attribute("aria-rowcount") == "10001"
    assert opened.rows() <= MAX_ROWS
    for position in (0.25, 0.5, 0.75, 1.0):
        page.evaluate(f"(r => r.scrollTop = r.scrollHeight * {position})(rows)")
        wait_for(lambda: page.evaluate(SHOWN), "the rows of a place that was scrolled to")
        assert 0 < opened.rows() <= MAX_ROWS
    page.get_by_label("Search").fill("answer 9999")
    page.get_by_text("1 of 10,000 spans matches").wait_for()
    assert opened.active() == "turn"
    assert opened.rows() <= 3
    opened.press("Escape", "Home")
    page.get_by_role("button", name="Collapse all").click()
    assert opened.names() == ["invoke_agent marathon"]
    page.get_by_role("button", name="Expand all").click()
    opened.page.locator(ACTIVE).press("End")
    assert opened.focused() == opened.active()
    assert page.locator(ACTIVE).get_attribute("aria-rowindex") == "10001"


def test_the_keyboard(opened: Opened, tmp_path: Path) -> None:
    """Arrows walk the tree, open and close it; `/`, Enter and Escape go where they should."""
    spans = [otlp.span(1), otlp.span(2, 1), otlp.span(3, 2), otlp.span(4, 1), otlp.span(5)]
    opened.open(page_in(tmp_path, otlp.document(*spans)))
    page = opened.page
    opened.press("Tab", "Enter")
    assert opened.focused() == "span 1"
    opened.press("ArrowDown", "ArrowDown")
    assert opened.focused() == "span 3"
    opened.press("ArrowLeft")
    assert opened.focused() == "span 2"
    opened.press("ArrowLeft")
    assert page.locator(ACTIVE).get_attribute("aria-expanded") == "false"
    opened.press("ArrowDown")
    assert opened.focused() == "span 4"
    opened.press("ArrowUp", "ArrowRight", "ArrowRight")
    assert opened.focused() == "span 3"
    assert page.locator(ACTIVE).get_attribute("aria-level") == "3"
    assert page.locator(ACTIVE).get_attribute("aria-expanded") is None
    opened.press("End")
    assert opened.focused() == "span 5"
    opened.press("Home")
    assert opened.focused() == "span 1"
    opened.press("ArrowLeft")
    assert opened.names() == ["span 1", "span 5"]
    opened.press("*")
    assert len(opened.names()) == 5
    assert opened.focused() == "span 1"
    opened.press("Enter")
    assert page.evaluate("document.activeElement.id") == "details"
    opened.press("Escape")
    assert opened.focused() == "span 1"
    opened.press("/")
    assert page.evaluate("document.activeElement.id") == "search"
    # One row can be tabbed to, wherever the focus is.
    assert page.locator(f"{ROW}[tabindex='0']").count() == 1


def test_search(opened: Opened, tmp_path: Path) -> None:
    """What is looked for in names, messages and attributes is shown with what is above it."""
    opened.open(page_in(tmp_path, otlp.document(*otlp.agent("about UMBRELLAS"))))
    page = opened.page
    opened.press("/")
    page.keyboard.type("call_1")
    page.get_by_text("1 of 4 spans matches").wait_for()
    assert opened.names() == ["invoke_agent guide", "chat gpt-5"]
    page.get_by_label("Search").fill("umbrellas")
    page.get_by_text("4 of 4 spans match").wait_for()
    assert opened.active() == "chat gpt-5"
    page.get_by_label("Search").press("Enter")
    assert opened.active() == "execute_tool look"
    page.get_by_label("Search").press("Shift+Enter")
    assert opened.active() == "chat gpt-5"
    page.get_by_label("Search").fill("no such thing")
    page.get_by_text("0 of 4 spans match").wait_for()
    assert opened.rows() == 0
    opened.press("Escape")
    assert len(opened.names()) == 4
    page.get_by_label("only errors").check()
    assert opened.names() == ["invoke_agent guide", "execute_tool look"]


def test_several_traces(opened: Opened, tmp_path: Path) -> None:
    """The page has a list of them; its address names the span that is shown."""
    other = otlp.span(900, name="later", attributes={"n": 2}) | {"traceId": "ab" * 16}
    file = page_in(tmp_path, otlp.document(other), otlp.document(*otlp.agent()))
    opened.open(file, f"#{otlp.TRACE}/{3:016x}")
    assert opened.active() == "execute_tool look"
    opened.page.get_by_role("combobox", name="Trace").select_option(index=1)
    assert opened.names() == ["later"]
    assert opened.page.url.endswith(f"#{'ab' * 16}/{900:016x}")
    opened.page.evaluate(f"location.hash = '#{otlp.TRACE}/{2:016x}'")
    wait_for(lambda: opened.active() == "chat gpt-5", "the span that the address names")


def test_regions_have_names(opened: Opened, tmp_path: Path) -> None:
    """A screen reader finds its way: landmarks, headings, a grid with levels, a status."""
    opened.open(page_in(tmp_path, otlp.document(*otlp.agent())))
    page = opened.page
    role: Any
    for role, name in (
        ("search", "Find spans"),
        ("region", "Spans"),
        ("treegrid", "Spans of the trace"),
        ("region", "Details of the span"),
    ):
        assert page.get_by_role(role, name=name, exact=True).count() == 1, name
    assert page.get_by_role("main").count() == 1
    assert page.get_by_role("status").count() == 1
    assert page.get_by_role("heading", level=1).inner_text() == "invoke_agent guide"
    unnamed = page.evaluate(
        "[...document.querySelectorAll('button, input, select')]"
        ".filter(each => !each.textContent && !each.labels.length).length"
    )
    assert unnamed == 0
    assert page.get_by_role("columnheader").count() == 4
    assert page.locator(f"{ROW}[aria-level='2']").count() == 3


CONTRAST: Final = """
() => {
  const channel = c => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const numbers = text => text.match(/[\\d.]+/g).map(Number);
  const behind = element => {
    for (let each = element; each; each = each.parentElement) {
      const colour = numbers(getComputedStyle(each).backgroundColor);
      if (colour.length < 4 || colour[3] > 0.99) return colour;
    }
    return [255, 255, 255];
  };
  const poor = [];
  for (const element of document.querySelectorAll('body *')) {
    const own = [...element.childNodes].some(node => node.nodeType === 3 && node.data.trim());
    if (!own || !element.checkVisibility() || element.closest('script, style, .skip')) continue;
    const [one, other] = [numbers(getComputedStyle(element).color), behind(element)].map(light);
    const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    if (ratio < 4.5) poor.push(`${element.className} ${element.textContent.slice(0, 20)} ${ratio}`);
  }
  return poor;
}
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_contrast(scheme: Any, opened: Opened, tmp_path: Path) -> None:
    """Every text stands out from what is behind it, as WCAG's level AA asks, in both schemes."""
    opened.page.emulate_media(color_scheme=scheme)
    opened.open(page_in(tmp_path, otlp.document(*otlp.agent()), otlp.openinference()))
    for place in range(4):
        opened.page.locator(ROW).nth(place).click()
        assert opened.page.evaluate(CONTRAST) == []
    opened.page.get_by_label("Search").fill("guide")
    opened.page.get_by_text("spans match").wait_for()
    assert opened.page.evaluate(CONTRAST) == []


def test_in_a_narrow_window(opened: Opened, tmp_path: Path) -> None:
    """Spans stand above their details, and nothing is wider than the window."""
    opened.page.set_viewport_size({"width": 360, "height": 700})
    opened.open(page_in(tmp_path, otlp.document(*otlp.agent())))
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= 360
    rows, details = (opened.page.locator(each).bounding_box() for each in ("#rows", "#details"))
    assert rows is not None
    assert details is not None
    assert rows["y"] + rows["height"] <= details["y"] + 1
