"""The dashboards of collector-config/grafana: each of their queries says something, when run.

Grafana itself is not run by the tests. Prometheus is, with the shipped configuration.
"""

import json
import re
from pathlib import Path
from typing import Any, Final

import pytest
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard
from grafana_foundation_sdk.models.tempo import TempoQuery

from .prometheus import Prometheus
from .queries import attributes_in, linked, words
from .readback import Backends
from .servers import CONFIGURATION
from .shop import Shop

FILES: Final = sorted((CONFIGURATION / "grafana").glob("*.json"))
DASHBOARDS: Final[dict[str, Any]] = {file.stem: json.loads(file.read_text()) for file in FILES}
# What Grafana puts in: a time between two points, the time shown, and all values of a variable.
GIVEN: Final = {
    "$__rate_interval": "5m",
    "$__range": "5m",
    "$__interval_ms": "1000",
    "$__interval": "1s",
    "$agent": ".*",
    "$model": ".*",
}
# The same calls, counted of spans and by the application. A rule of prices.yaml sums up the tokens,
# and is evaluated later than what it reads.
COUNTED_TWICE: Final = {
    '{__name__=~"traces_gen_ai_usage_(in|out)put_tokens_total", job="$job"}': (
        'gen_ai_tokens_total{job="$job"}'
    ),
    'traces_span_metrics_calls_total{job="$job", gen_ai_operation_name="chat"}': (
        'gen_ai_client_operation_duration_seconds_count{job="$job"}'
    ),
}
COSTS: Final = ("gen_ai_agent_cost_per_second", "gen_ai_cost_per_second")
PANEL_KEYS: Final = {"title", "type", "gridPos", "datasource", "targets"}

pytestmark = [pytest.mark.xdist_group("backends")]


def targets(source: str) -> list[Any]:
    """Every query that goes to a data source, named after its dashboard and panel."""
    return [
        pytest.param(target, id=f"{name}: {panel['title']} {target['refId']}")
        for name, dashboard in DASHBOARDS.items()
        for panel in dashboard["panels"]
        for target in panel["targets"]
        if panel["datasource"]["uid"] == source
    ]


def panels(*kinds: str) -> list[Any]:
    """Every panel, or those of some types, named after its dashboard and title."""
    return [
        pytest.param(name, panel, id=f"{name}: {panel['title']}")
        for name, dashboard in DASHBOARDS.items()
        for panel in dashboard["panels"]
        if not kinds or panel["type"] in kinds
    ]


def shows_durations(panel: Any) -> bool:
    """Seconds over time, each of which was one run: where an exemplar can be drawn."""
    defaults = panel.get("fieldConfig", {"defaults": {}})["defaults"]
    return bool(panel["type"] == "timeseries" and defaults.get("unit") == "s")


def selectors(target: Any) -> list[str]:
    """What a query reads, each with its conditions: of a trace query all of it."""
    if "query" in target:
        return [target["query"].replace("=~ ", "=~")]
    return re.findall(r"\b(?:traces|gen_ai|langgraph|langchain)_\w+{[^}]*}", target["expr"])


DURATIONS: Final = [param for param in panels("timeseries") if shows_durations(param.values[1])]


def variables() -> list[Any]:
    return [
        pytest.param(variable["query"], id=f"{name}: {variable['name']}")
        for name, dashboard in DASHBOARDS.items()
        for variable in dashboard["templating"]["list"]
    ]


def filled(promql: str, service: str) -> str:
    """The query as Grafana would send it, for one service."""
    for variable, value in {**GIVEN, "$tool": ".*", "$job": service}.items():
        promql = promql.replace(variable, value)
    assert "$" not in promql
    return promql


@pytest.fixture(scope="module")
def grown(shop: Shop, prometheus: Prometheus) -> str:
    """The service, after it has worked again: only what grows has a rate.

    All of its first work is counted before: a rate leaves out what a series began with.
    """
    for by_spans, by_application in COUNTED_TWICE.items():
        prometheus.wait_for(filled(f"sum({by_spans}) == sum({by_application})", shop.service))
    shop.work()
    return shop.service


@pytest.mark.parametrize("target", targets("prometheus"))
def test_a_query_gives_numbers(target: Any, grown: str, prometheus: Prometheus) -> None:
    """All are finite, one is more than zero, and a legend has a label to show."""
    series = prometheus.wait_for(filled(target["expr"], grown))
    named = re.findall(r"{{(\w+)}}", target.get("legendFormat", ""))
    assert not named or all(set(named) & row["metric"].keys() for row in series)


@pytest.mark.parametrize("query", variables())
def test_a_variable_has_values(query: str, grown: str, prometheus: Prometheus) -> None:
    found = re.fullmatch(r"label_values\((.+), (\w+)\)", query)
    assert found is not None
    selector, label = found.groups()
    series = prometheus.wait_for(f"count by ({label}) ({filled(selector, grown)})")
    assert [row["metric"] for row in series if row["metric"].get(label)]


def test_what_a_run_costs_is_what_it_says(grown: str, prometheus: Prometheus) -> None:
    """Tokens by the prices of prices.yaml come to what the application counts with `cost`."""
    priced = f'{{job="{grown}", gen_ai_request_model="gpt-5-mini"}}'
    price = "gen_ai_price_per_token"
    cost = f"gen_ai_tokens_total{priced} * on (gen_ai_request_model, kind) group_left {price}"
    ratio = f"sum({cost}) / sum(langchain_cost_total{priced})"
    # The recorded series follow the others at the next evaluation.
    prometheus.wait_for(f"({ratio} > 0.999) < 1.001")


def test_who_waits_is_who_paused_and_was_not_resumed(grown: str, prometheus: Prometheus) -> None:
    """Each round of the shop leaves one run waiting, and has one resumed."""
    panels = DASHBOARDS["overview"]["panels"]
    (panel,) = [panel for panel in panels if panel["title"] == "Runs that wait for people"]
    waiting = filled(panel["targets"][0]["expr"], grown)
    calls = f'traces_span_metrics_calls_total{{job="{grown}", langgraph_run_resumed="true"}}'
    prometheus.wait_for(f"({waiting}) == sum({calls})")


def test_cost_by_agent_adds_up_to_cost(grown: str, prometheus: Prometheus) -> None:
    """Of spans and of metrics, which count the same calls and are read at different times."""
    both = [f'sum({name}{{job="{grown}"}})' for name in COSTS]
    prometheus.wait_for(f"({both[0]} / {both[1]} > 0.9) < 1.1")


@pytest.mark.parametrize("target", targets("tempo"))
def test_a_trace_query_speaks_of_attributes_that_exist(target: Any) -> None:
    named = attributes_in(target["query"])
    assert named
    assert named <= words()


@pytest.mark.parametrize("target", targets("tempo"))
def test_tempo_understands_a_trace_query(target: Any, backends_with_tempo: Backends) -> None:
    """Whether or not it finds something: what is asked for may be rarer than our traces are."""
    backends_with_tempo.tempo_search(target["query"], at_least=0)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_a_dashboard_is_whole(file: Path) -> None:
    """Known data sources, panels beside one another, an id by which it can be linked."""
    dashboard = DASHBOARDS[file.stem]
    assert dashboard["uid"] == f"langchain-{file.stem}"
    provisioned = (CONFIGURATION / "grafana" / "datasources.yaml").read_text()
    taken: set[tuple[int, int]] = set()
    for panel in dashboard["panels"]:
        assert panel.keys() >= PANEL_KEYS
        assert f"uid: {panel['datasource']['uid']}" in provisioned
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken
        taken |= cells


@pytest.mark.parametrize(("name", "panel"), panels())
def test_a_panel_says_in_a_sentence_what_it_shows(name: str, panel: Any) -> None:
    """For a person who has never read a query."""
    description = panel["description"]
    assert description.endswith(".")
    assert not description[0].islower()
    assert len(description.split()) > 5


@pytest.mark.parametrize(("name", "panel"), panels("stat"))
def test_a_number_has_a_unit_and_thresholds(name: str, panel: Any) -> None:
    defaults = panel["fieldConfig"]["defaults"]
    assert defaults["unit"]
    values = [step["value"] for step in defaults["thresholds"]["steps"]]
    assert values[0] is None
    assert values[1:] == sorted(values[1:])


@pytest.mark.parametrize(("name", "panel"), panels())
def test_a_panel_obeys_every_variable(name: str, panel: Any) -> None:
    """Each series that it reads, and each of its trace queries; prices are everybody's."""
    wanted = [variable["name"] for variable in DASHBOARDS[name]["templating"]["list"]]
    for target in panel["targets"]:
        assert not re.search(r"\w\[", target.get("expr", "")), "it reads all series of a name"
        assert selectors(target)
        for asked in selectors(target):
            assert not [each for each in wanted if f'=~"${each}"' not in asked], asked


@pytest.mark.parametrize(("name", "panel"), DURATIONS)
def test_a_duration_leads_to_traces(
    name: str, panel: Any, grown: str, prometheus: Prometheus
) -> None:
    """By exemplars, which Grafana asks for and which Prometheus has, with the ids of traces."""
    for target in panel["targets"]:
        assert target["exemplar"]
        found = prometheus.wait_for_exemplars(filled(target["expr"], grown))
        assert all(exemplar["labels"]["trace_id"] for exemplar in found)


@pytest.mark.parametrize(
    "panel", DASHBOARDS["overview"]["panels"], ids=lambda panel: panel["title"]
)
def test_the_overview_leads_to_boards_and_traces(panel: Any) -> None:
    """With its variables and its time; a click on a number leads where the panel's title does."""
    links = panel["links"]
    board, tempo, jaeger = (link["url"] for link in links)
    (uid,) = re.findall(r"^/d/([\w-]+)\?\${__url_time_range}&\${__all_variables}$", board)
    assert uid.removeprefix("langchain-") in DASHBOARDS
    assert panel.get("fieldConfig", {"defaults": {"links": links}})["defaults"]["links"] == links
    for url, source in ((tempo, "tempo"), (jaeger, "jaeger")):
        (query,) = linked(url)
        assert query["datasource"] == {"type": source, "uid": source}
    (asked,) = linked(tempo)
    assert attributes_in(asked["query"]) <= words()
    for variable in DASHBOARDS["overview"]["templating"]["list"]:
        assert f"${{{variable['name']}:pipe}}" in asked["query"]


def test_every_board_is_led_to() -> None:
    """By the overview, or from the list of boards that each has in its corner."""
    for dashboard in DASHBOARDS.values():
        (link,) = dashboard["links"]
        assert set(link["tags"]) <= set(dashboard["tags"])
        assert (link["includeVars"], link["keepTime"]) == (True, True)


def test_a_panel_is_understood_without_its_neighbours() -> None:
    """No two panels of all dashboards have the same title, and each names what it shows."""
    titles = [panel["title"] for board in DASHBOARDS.values() for panel in board["panels"]]
    assert len(set(titles)) == len(titles)
    assert not [title for title in titles if len(title.split()) < 3]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_grafanas_own_types_decode_a_dashboard(file: Path) -> None:
    """Every panel and query, the latter as the data source's own type where there is one."""
    register_default_plugins()
    decoded = Dashboard.from_json(DASHBOARDS[file.stem])
    panels: Any = decoded.panels
    assert [panel.title for panel in panels] == [
        p["title"] for p in DASHBOARDS[file.stem]["panels"]
    ]
    kinds = {panel.datasource.uid: {type(each) for each in panel.targets} for panel in panels}
    assert kinds["tempo"] == {TempoQuery}
