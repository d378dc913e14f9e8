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
from .queries import attributes_in, words
from .readback import Backends
from .servers import CONFIGURATION
from .shop import Shop

FILES: Final = sorted((CONFIGURATION / "grafana").glob("*.json"))
DASHBOARDS: Final[dict[str, Any]] = {file.stem: json.loads(file.read_text()) for file in FILES}
# What Grafana puts in: a time between two points, the time shown, and all values of a variable.
GIVEN: Final = {"$__rate_interval": "5m", "$__range": "5m", "$agent": ".*", "$model": ".*"}
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
    """The service, after it has worked again: only what grows has a rate."""
    of_shop = f'{{job="{shop.service}"}}'
    for metric in ("traces_span_metrics_calls_total", "gen_ai_tokens_total"):
        prometheus.wait_for(metric + of_shop)
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
