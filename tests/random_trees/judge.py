"""Judges the spans of a program by LangChain's own record of its runs."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import StatusCode

from langchain_otel import health, semconv
from langchain_otel.runs.outcome import CANCELLED
from langchain_otel.runs.store import RUNS
from modes.probe import OURS, Probe, scope_of
from random_trees.account import FAILED, Account
from random_trees.builder import PlannedError
from random_trees.plan import Setting
from recording import id_of

TOKENS: Final = {
    "gen_ai": (semconv.GEN_AI_USAGE_INPUT_TOKENS, semconv.GEN_AI_USAGE_OUTPUT_TOKENS),
    "openinference": ("llm.token_count.prompt", "llm.token_count.completion"),
}
SUM: Final = "gen_ai.client.inference.usage.input_tokens"
UNREPORTED: Final = frozenset((CANCELLED, "closed", "interrupted", "handed_off", None))
"""How a run may end of which LangChain reports no end, or whose report is cancelled."""
IN_ITS_REPORT: Final = "await asyncio.shield(task)"
"""Where an exception comes out of LangChain's report of an end: so it says itself."""


def judge(probe: Probe, account: Account, setting: Setting, outer: ReadableSpan | None) -> None:
    """Compare the spans with the record: tree, current spans, ends, outcomes, tokens."""
    recorded = {run_id: run.parent_run_id for run_id, run in account.runs.items()}
    assert recorded == probe.runs.parents, "LangChain's own tracer has other runs"
    probe.check_tree(outer)
    assert len(RUNS) == 0, "runs are open"
    assert not health.failures, dict(health.failures)
    spans = _spans_by_run(probe)
    for run_id in account.runs:
        _judge_outcome(run_id, spans, account, setting)
    _judge_tokens(spans, account, setting, probe)


def _spans_by_run(probe: Probe) -> dict[UUID, ReadableSpan]:
    ours = {id_of(span): span for span in probe.tracing.spans if scope_of(span) == OURS}
    return {run_id: ours[id_of(span)] for run_id, span in probe.pairs.spans.items()}


def _judge_outcome(
    run_id: UUID, spans: Mapping[UUID, ReadableSpan], account: Account, setting: Setting
) -> None:
    span, run = spans[run_id], account.runs[run_id]
    told = attributes(span).get(semconv.RUN_OUTCOME)
    has_failed = span.status.status_code is StatusCode.ERROR
    what = f"{run.name} ({run.error!r}) has the outcome {told!r} and status ERROR: {has_failed}"
    if run_id not in account.ends:
        # Nor does it report what is cancelled in its very report: the result, or the failure.
        planned = str(attributes(span).get(semconv.ERROR_TYPE)).endswith(PlannedError.__name__)
        assert (planned and told is None) if has_failed else told in UNREPORTED, what
        return
    expected = account.ends[run_id]
    if expected is not None and told == CANCELLED and _is_cancelled(account, setting):
        # It was cancelled in the report of its error, which LangChain shields: that comes later.
        return
    if expected == CANCELLED and IN_ITS_REPORT in str(run.error) and told in UNREPORTED:
        # The report of another end was cancelled with its loop: it reached ours alone.
        return
    assert has_failed is (expected == FAILED), what
    if expected is None and told == "interrupted":
        # The graph that was interrupted has a result, which says what it waits for.
        assert any(account.ends.get(each) == told for each in account.below(run_id)), what
    else:
        assert told == (None if expected == FAILED else expected), what


def _is_cancelled(account: Account, setting: Setting) -> bool:
    return setting.turns is not None or CANCELLED in account.ends.values()


def _judge_tokens(
    spans: Mapping[UUID, ReadableSpan], account: Account, setting: Setting, probe: Probe
) -> None:
    names = TOKENS["openinference" if setting.dialect == "openinference" else "gen_ai"]
    for run_id, used in account.tokens.items():
        assert tokens(spans[run_id], names) == used, f"{account.runs[run_id].name}: {used}"
    order = {span_id: number for number, span_id in enumerate(probe.tracing.lives.ended)}
    models = [each for each, run in account.runs.items() if run.run_type in {"llm", "chat_model"}]
    # OpenInference's backends sum up themselves: its agents tell no sums.
    for run_id in _agents(account) if setting.dialect != "openinference" else ():
        ended = order[id_of(spans[run_id])]
        below = set(account.below(run_id)) & set(models)
        ends = sorted((order[id_of(spans[each])], each) for each in below)
        counted = [tokens(spans[each], names) for end, each in ends if end < ended]
        sums = [
            tuple(map(sum, zip((0, 0), *counted[:most], strict=True)))
            for most in range(len(counted) + 1)
        ]
        # What an agent that has failed leaves to threads may end between its sum and its end.
        expected = sums if account.ends.get(run_id) is not None else sums[-1:]
        actual = tokens(spans[run_id], names)
        assert actual in expected, f"{account.runs[run_id].name} sums up {actual}, not {expected}"
    whole = sum(tokens(spans[each], names)[0] for each in models)
    measured = probe.tracing.metrics().get(SUM)
    summed = sum(point.value for point in measured.points) if measured else 0
    assert summed == whole, f"the metric sums up {summed}, the spans {whole}"


def _agents(account: Account) -> list[UUID]:
    """The runs that are an agent's own: the first below that is of it."""

    def is_of_agent(run_id: UUID | None) -> bool:
        run = account.runs.get(run_id) if run_id else None
        return run is not None and str(run.name).startswith("agent-")

    return [run_id for run_id in account.runs if is_of_agent(run_id)]


def tokens(span: ReadableSpan, names: tuple[str, str]) -> tuple[int, ...]:
    """Input and output tokens that a span tells."""
    found: list[Any] = [attributes(span).get(name, 0) for name in names]
    return tuple(found)


def attributes(span: ReadableSpan) -> Mapping[str, Any]:
    """What a span tells."""
    return span.attributes or {}
