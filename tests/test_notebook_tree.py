"""A trace in a notebook: below its cell, as HTML in which nothing runs, and as text."""

import json
import re
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any, Final

import pytest
from opentelemetry.sdk.trace import Event
from opentelemetry.trace import Status, StatusCode

from langchain_otel import semconv
from langchain_otel.exporters.notebook import ShownTrace, notebook_display
from langchain_otel.exporters.tree_mode import MODES
from servers.notebook import outputs, running_kernel
from test_configure import environment
from test_tree import no_settings_of_the_terminal, readable

__all__ = ["no_settings_of_the_terminal"]

CONFIGURE: Final = """
import os
os.environ["LANGCHAIN_OTEL_TREE"] = "content"
import langchain_otel
telemetry = langchain_otel.configure(service_name="shop", capture_message_content=True)
"""
RUN: Final = """
from langchain_core.runnables import RunnableLambda
RunnableLambda(lambda question: f"{question}!", name="shout").invoke("<b>hi</b>")
"""
HOSTILE: Final = "<script>alert(1)</script>\"'><img src=x onerror=y>&amp;\u202e\x1b[2J\x00\ud800"


class Checked(HTMLParser):
    """Refuses what is not nested properly, and everything but the few tags that are ours."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.texts: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in {"div", "span", "details", "summary"}
        assert {name for name, _ in attrs} <= {"style", "open"}
        assert "url" not in str(attrs)
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


@pytest.fixture(scope="module")
def kernel() -> Iterator[Any]:
    with running_kernel(environment()) as kernel:
        yield kernel


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_a_cell_shows_its_trace(kernel: Any) -> None:
    """Once, as HTML and as text, whoever reads the notebook; what a page of it has is whole."""
    assert outputs(kernel, CONFIGURE) == []
    for _ in range(2):
        (shown,) = outputs(kernel, RUN)
        assert shown["output_type"] == "display_data"
        html, text = shown["data"]["text/html"], shown["data"]["text/plain"]
        assert "invoke_workflow shout" in "".join(Checked(html).texts)
        assert "<b>hi</b>!" in "".join(Checked(html).texts)
        assert re.sub(r"[0-9a-f]{32}|[\d.]+ (?:µs|ms|s)\b", "X", text).splitlines() == [
            "trace X  shop",
            "invoke_workflow shout  X",
            "  question  <b>hi</b>",
            "  answer  <b>hi</b>!",
            "1 span  X",
        ]
    assert html.replace(" open>", ' open="">') in page(RUN, shown)


def page(code: str, shown: dict[str, Any]) -> str:
    """The HTML page that nbconvert makes of a notebook with one cell and its output."""
    nbformat: Any = pytest.importorskip("nbformat")
    nbconvert: Any = pytest.importorskip("nbconvert")
    shown.pop("transient", None)
    code_cell = nbformat.v4.new_code_cell(code, outputs=[nbformat.from_dict(shown)])
    notebook = nbformat.v4.new_notebook(cells=[code_cell])
    body: str = nbconvert.HTMLExporter().from_notebook_node(notebook)[0]
    return body


def test_a_cell_may_keep_its_trace_for_itself(kernel: Any) -> None:
    """`%%capture` takes the trace, as all that a cell shows."""
    outputs(kernel, CONFIGURE)
    assert outputs(kernel, f"%%capture kept\n{RUN}") == []
    (told,) = outputs(kernel, "print(['text/html' in each.data for each in kept.outputs])")
    # The second one is the value of the cell's last line.
    assert told["text"] == "[True, False]\n"


@pytest.mark.parametrize("mode", MODES)
def test_content_is_no_markup(mode: str) -> None:
    """Not from a name, an attribute, an event, a link's or an error's text; it is shown as text."""
    said = {
        semconv.GEN_AI_RETRIEVAL_QUERY_TEXT: HOSTILE,
        semconv.GEN_AI_OUTPUT_MESSAGES: json.dumps([{"role": HOSTILE, "parts": []}]),
        HOSTILE: HOSTILE,
    }
    events = [Event("exception", {"exception.message": HOSTILE}), Event(HOSTILE, {HOSTILE: "x"})]
    failed = Status(StatusCode.ERROR, HOSTILE)
    span = readable(2, 1, name=HOSTILE, attributes=said, events=events, status=failed)
    html = ShownTrace([readable(1), span], HOSTILE, mode)._repr_html_()
    checked = Checked(html)
    shown = "".join(checked.texts)
    assert "<script>alert(1)</script>" in shown
    assert all(line.isprintable() for line in shown.replace("\u2002", " ").split("\n"))


def test_spans_are_nested() -> None:
    """What has something inside can be opened and closed; of a large trace little is open."""
    small = Checked(html := shown_html(3))
    assert html.count("<details open>") == 2
    assert [text for text in small.texts if text.startswith("span")] == [
        "span 1",
        "span 2",
        "span 3",
    ]
    large = shown_html(2_000)
    Checked(large)
    assert large.count("<details") == 1_999
    assert large.count("<details open") == 2


def shown_html(depth: int) -> str:
    spans = [readable(number, number - 1 or None) for number in range(1, depth + 1)]
    return ShownTrace(spans, "", "compact")._repr_html_()


def test_where_no_notebook_is_nothing_is_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not in IPython's own terminal either."""
    for name in [name for name in sys.modules if name.split(".")[0] == "IPython"]:
        monkeypatch.delitem(sys.modules, name)
    assert notebook_display() is None
    assert "IPython" not in sys.modules

    class Shell:
        kernel = None

    class IPython:
        get_ipython = Shell

    monkeypatch.setitem(sys.modules, "IPython", IPython)
    monkeypatch.setitem(sys.modules, "IPython.display", IPython)
    assert notebook_display() is None
