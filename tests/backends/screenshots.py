"""Knows how the pictures of docs/images are taken: the example in real backends and as a page.

`python -m tests.backends.screenshots`, with Jaeger built, Phoenix installed, Chromium and Go there.
"""

import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from .jaeger_ui import fetch_pages
from .loopback import fetch
from .phoenix import Phoenix, running_phoenix
from .servers import Binaries, Ports, Site, servers, start_all, stop_all

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

ROOT: Final = Path(__file__).parents[2]
IMAGES: Final = ROOT / "docs" / "images"
EXAMPLE: Final = ROOT / "examples" / "agent.py"
FAILING: Final = ROOT / "examples" / "failing_agent.py"
ASKING: Final = ROOT / "examples" / "human_in_the_loop.py"
SEARCHING: Final = ROOT / "examples" / "rag.py"
SERVICE: Final = "travel-agent"
FAILING_SERVICE: Final = "weather-agent"
ASKING_SERVICE: Final = "booking-agent"
SEARCHING_SERVICE: Final = "hotels"
MAX_SIZE: Final = 250_000
VIEWPORT: Final[Any] = {"width": 1440, "height": 860}
PAGE_SIZE: Final[Any] = {"width": 1200, "height": 720}
TALL: Final[Any] = {"width": 1440, "height": 1040}
# A stack trace is cut before the first path of the machine.
NARROW: Final[Any] = {"width": 1300, "height": 680}
CHROMIUM_OPTIONS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
)
CHROMIUM_NAMES: Final = ("chromium", "chromium-browser", "google-chrome")
OPEN_SEARCH: Final = "/search?service={service}&limit=20&lookback=1h"
OPEN_FAILED: Final = OPEN_SEARCH + "&tags=%7B%22error%22%3A%22true%22%7D"
SECONDS: Final = 1_000
TREE_COLUMNS: Final = 112


def main() -> None:
    """Take every picture."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as state, chromium() as browser:
        as_tree(browser)
        as_page(Path(state), browser)
        search_as_page(Path(state), browser)
        with running_phoenix(Path(state)) as phoenix:
            run_example(phoenix.otlp, "openinference")
            in_phoenix(phoenix, browser)
        with running_jaeger(Path(state)) as site:
            endpoint = site.url(site.ports.jaeger_otlp_http_port, "/v1/traces")
            for _ in range(3):
                run_example(endpoint, "gen_ai")
            run_example(endpoint, "gen_ai", FAILING, FAILING_SERVICE)
            for command in (("ask",), ("answer", "yes")):
                database = ("--database", str(Path(state) / "approval.db"))
                told = (*database, *command)
                run_example(endpoint, "gen_ai", ASKING, ASKING_SERVICE, *told, content="NO_CONTENT")
            in_jaeger(site, browser)
            failures_in_jaeger(site, browser)
            people_in_jaeger(site, browser)


def run_example(
    endpoint: str,
    dialect: str,
    example: Path = EXAMPLE,
    service: str = SERVICE,
    *arguments: str,
    content: str = "SPAN_ONLY",
    **settings: str,
) -> str:
    """Run an example as its users do; with its content, unless there would be no room for more.

    Gives what it printed.
    """
    bin_folder = Path(sys.executable).parent
    done = subprocess.run(
        [bin_folder / "opentelemetry-instrument", sys.executable, example, *arguments],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
            "OTEL_SERVICE_NAME": service,
            "OTEL_RESOURCE_ATTRIBUTES": f"openinference.project.name={service}",
            "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": endpoint,
            "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
            "OTEL_METRICS_EXPORTER": "none",
            "OTEL_LOGS_EXPORTER": "none",
            "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": content,
            "OTEL_INSTRUMENTATION_LANGCHAIN_DIALECT": dialect,
            **settings,
        },
    )
    return done.stdout


def as_tree(browser: "Browser") -> None:
    """The tree of a failure in the terminal, with its content and its colours."""
    from rich.console import Console
    from rich.text import Text

    tree = {"OTEL_TRACES_EXPORTER": "langchain_tree", "LANGCHAIN_OTEL_TREE": "content"}
    printed = run_example("", "gen_ai", FAILING, FAILING_SERVICE, **tree, FORCE_COLOR="1")
    text = Text.from_ansi(printed.strip())
    console = Console(record=True, width=TREE_COLUMNS, file=io.StringIO())
    console.print(text, no_wrap=True)
    page = browser.new_page(viewport=PAGE_SIZE)
    page.set_content(console.export_svg(title="langchain-otel run failing_agent.py"))
    take(page, "tree", page.locator("svg"))


def as_page(state: Path, browser: "Browser") -> None:
    """The pages of `langchain-otel view --html`: an agent at a model call, a failure at a tool."""
    answering = recorded_page(state, EXAMPLE, SERVICE)
    page = browser.new_page(viewport=PAGE_SIZE)
    page.goto(answering.as_uri())
    page.get_by_text("chat gpt-5-mini").last.click()
    take(page, "page-agent")
    failing = recorded_page(state, FAILING, FAILING_SERVICE)
    page = browser.new_page(viewport=PAGE_SIZE, color_scheme="dark")
    page.goto(failing.as_uri())
    page.get_by_text("execute_tool get_weather").first.click()
    take(page, "page-error")


def search_as_page(state: Path, browser: "Browser") -> None:
    """The page of answers from documents, at the search and at a step of the chain."""
    searching = recorded_page(state, SEARCHING, SEARCHING_SERVICE)
    for name, span in (("page-retrieval", "retrieval"), ("page-steps", "ChatPromptTemplate")):
        page = browser.new_page(viewport=PAGE_SIZE)
        page.goto(searching.as_uri())
        # The first trace is that of storing the documents.
        page.locator("#trace").select_option(index=1)
        page.get_by_text(span).first.click()
        take(page, name)


def recorded_page(state: Path, example: Path, service: str) -> Path:
    """The page of what an example wrote to a file."""
    recorded = state / f"{service}.jsonl"
    settings = {"OTEL_TRACES_EXPORTER": "langchain_file", "LANGCHAIN_OTEL_FILE": str(recorded)}
    run_example("", "gen_ai", example, service, **settings)
    page = recorded.with_suffix(".html")
    view = ("-m", "langchain_otel", "view", str(recorded), "--html", str(page))
    subprocess.run([sys.executable, *view], check=True)
    return page


def in_phoenix(phoenix: Phoenix, browser: "Browser") -> None:
    """The trace page of Phoenix, at the last call of the model."""
    spans = phoenix.spans(SERVICE, at_least=9)
    found = phoenix.query("{ projects(first: 9) { edges { node { id name } } } }")
    nodes = [edge["node"] for edge in found["projects"]["edges"]]
    (project,) = [node["id"] for node in nodes if node["name"] == SERVICE]
    calls = [span for span in spans if span["span_kind"] == "LLM"]
    last = max(calls, key=lambda span: str(span["start_time"]))
    page = browser.new_page(viewport=VIEWPORT)
    trace = f"{phoenix.url}/projects/{project}/spans/{last['context']['trace_id']}"
    page.goto(f"{trace}?selectedSpanNodeId={last['id']}")
    page.get_by_text("execute_tool get_weather").first.wait_for(timeout=60 * SECONDS)
    page.get_by_text("Casa do Rio").first.wait_for(timeout=60 * SECONDS)
    take(page, "phoenix-trace")


def in_jaeger(site: Site, browser: "Browser") -> None:
    """The search page of Jaeger, and its trace page with a tool open."""
    url = site.url(site.ports.jaeger_ui_port)
    page = browser.new_page(viewport=VIEWPORT)
    page.goto(url + OPEN_SEARCH.format(service=SERVICE))
    page.get_by_text(f"invoke_agent {SERVICE}").first.wait_for(timeout=60 * SECONDS)
    take(page, "jaeger-search")
    traces = json.loads(fetch(f"{url}/api/traces?service={SERVICE}") or b"{}")["data"]
    page.goto(f"{url}/trace/{traces[0]['traceID']}")
    page.set_viewport_size(TALL)
    page.get_by_text("execute_tool get_weather").first.click(timeout=60 * SECONDS)
    page.get_by_text("Tags").first.click()
    page.get_by_text("gen_ai.tool.call.result").first.wait_for(timeout=60 * SECONDS)
    take(page, "jaeger-trace")


def failures_in_jaeger(site: Site, browser: "Browser") -> None:
    """Jaeger's search for what failed, and the trace of an agent with its exception open."""
    url = site.url(site.ports.jaeger_ui_port)
    page = browser.new_page(viewport=VIEWPORT)
    page.goto(url + OPEN_FAILED.format(service=FAILING_SERVICE))
    page.get_by_text(f"invoke_agent {FAILING_SERVICE}").first.wait_for(timeout=60 * SECONDS)
    take(page, "jaeger-failed-search")
    query = f"/api/traces?service={FAILING_SERVICE}&operation=execute_tool%20get_weather"
    traces = json.loads(fetch(url + query) or b"{}")["data"]
    page.goto(f"{url}/trace/{traces[0]['traceID']}")
    page.set_viewport_size(NARROW)
    page.get_by_text("execute_tool get_weather").first.click(timeout=60 * SECONDS)
    page.get_by_text("Logs", exact=False).first.click()
    page.get_by_text("exception", exact=False).first.wait_for(timeout=60 * SECONDS)
    take(page, "jaeger-failed-trace")


def people_in_jaeger(site: Site, browser: "Browser") -> None:
    """An agent that waits for a person, and the trace that goes on when it is answered."""
    url = site.url(site.ports.jaeger_ui_port)
    traces = json.loads(fetch(f"{url}/api/traces?service={ASKING_SERVICE}") or b"{}")["data"]
    asked, answered = sorted(traces, key=lambda trace: int(trace["spans"][0]["startTime"]))
    for name, trace, opened, seen in (
        ("jaeger-interrupted-trace", asked, "Logs", "langgraph.interrupt"),
        ("jaeger-resumed-trace", answered, "References", "langgraph.interrupt.wait_time"),
    ):
        page = browser.new_page(viewport=TALL)
        page.goto(f"{url}/trace/{trace['traceID']}")
        page.get_by_text(f"invoke_agent {ASKING_SERVICE}").last.click(timeout=60 * SECONDS)
        page.get_by_text("Tags").first.click()
        page.get_by_text(opened, exact=False).last.click()
        page.get_by_text(seen).first.wait_for(timeout=60 * SECONDS)
        take(page, name)


def take(page: "Page", name: str, part: "Locator | None" = None) -> None:
    """A picture of the page, or of a part, as it is once nothing moves."""
    page.mouse.move(0, 0)
    # A click has moved the name of a deep span to the left.
    page.evaluate("document.querySelectorAll('*').forEach(each => each.scrollLeft = 0)")
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(2 * SECONDS)
    file = IMAGES / f"{name}.png"
    (part or page).screenshot(path=file)
    print(f"{file.relative_to(ROOT)}: {file.stat().st_size // 1_000} kB")
    if file.stat().st_size > MAX_SIZE:
        raise SystemExit(f"{file} is larger than {MAX_SIZE} bytes")


@contextmanager
def chromium() -> Iterator["Browser"]:
    """A browser that shows nothing to anybody and talks to nobody."""
    from playwright.sync_api import sync_playwright

    program = next((found for name in CHROMIUM_NAMES if (found := shutil.which(name))), None)
    if program is None:
        raise SystemExit("Chromium is missing: install Debian's package chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(CHROMIUM_OPTIONS))
        yield browser
        browser.close()


@contextmanager
def running_jaeger(state: Path) -> Iterator[Site]:
    """Jaeger with its user interface, which its Go module lacks."""
    fetch_pages()
    site = Site(Ports.free(), state)
    jaeger = servers(site, Binaries.find())[0]
    processes = start_all([jaeger], site.environment(), state)
    try:
        yield site
    finally:
        stop_all(processes)


if __name__ == "__main__":
    main()
