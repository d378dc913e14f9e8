"""What we rely on in LangChain, LangGraph and others is there; without it traces stay whole."""

import random
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from langchain_core.messages import BaseMessage
from langchain_core.tracers import context as tracer_context

from langchain_otel import diagnose, health
from langchain_otel.doctor.patches import TOPIC, patches
from langchain_otel.doctor.scene import CALL, Scene
from langchain_otel.patching.applying import _found
from langchain_otel.patching.inject import ENTRANCE
from langchain_otel.patching.points import LOST, PatchPoint, Seam, SubclassPoint, is_expected
from langchain_otel.patching.subclasses import HOOK
from langchain_otel.sources import seams
from langchain_otel.sources.patch_points import PATCHER
from lost_seams import (
    OURS_TO_RUN,
    SEAMS,
    WAYS,
    ByRunId,
    Replace,
    changed,
    counting,
    form_changed,
    function_gone,
    import_all,
    signature_changed,
    table_of,
    take_away,
)
from modes.drive import MODES
from modes.execution import fits, run
from modes.probe import Probe, Program
from modes.table import PROGRAMS
from recording import Tracing, instrumented
from seeds import SEED, count
from wrapped_points import ALL_POINTS

pytestmark = pytest.mark.xdist_group("seams")

REDUCED = frozenset(
    (
        "prompt_model_parser",
        "streaming_completion",
        "tool_that_runs_a_chain",
        "retrievers_in_a_chain",
        "branch",
        "graph_that_hands_off_to_its_parent",
        "agent",
    )
)
"""The programs of the reduced form of the mode suite: one of each kind."""
REDUCED_MODES = ("invoke", "astream", "batch")


@pytest.fixture(autouse=True, scope="module")
def everything_is_imported() -> None:
    import_all()


def cells(names: frozenset[str] = REDUCED, modes: tuple[str, ...] = REDUCED_MODES) -> Any:
    return [
        (program, mode)
        for program in PROGRAMS
        for mode in MODES
        if program.name in names and mode.name in modes and fits(program, mode)
    ]


def states_of(seam: Seam) -> dict[str, str]:
    return {
        f"{point.module}.{point.path}": state
        for point, state in PATCHER.states()
        if point.seam is seam
    }


# The contract


@pytest.mark.parametrize("seam", SEAMS, ids=lambda seam: seam.name)
def test_the_installed_versions_keep_to(seam: Seam, tracing: Tracing) -> None:
    """Each function of the seam is there, in the form and with the parameters that we need."""
    lost = {name: state for name, state in states_of(seam).items() if state in LOST}
    assert not lost, f"{seam.relies} {lost}"


def test_the_installed_versions_keep_to_the_entrance(tracing: Tracing) -> None:
    """The handler comes in by the hook that LangChain has for it."""
    assert ENTRANCE.seam.name not in health.lost_seams, ENTRANCE.seam.relies
    assert any(hook[0].name == "langchain-otel-handler" for hook in tracer_context._configure_hooks)


# What needs a server, a client or a group of its own: tests of their own call it.
ELSEWHERE = frozenset(
    (
        "remote graph",
        "request to a remote graph",
        "search by relevance",
        "chain group",
        "steps of a legacy agent",
        "timeout of a node",
        "trace policy of a graph node",
        "cached nodes",
    )
)


@pytest.mark.filterwarnings("ignore::langchain_core._api.LangChainDeprecationWarning")
def test_langchain_calls_what_we_wrap(monkeypatch: pytest.MonkeyPatch) -> None:
    """A function that is still there, and that nobody calls any more, would be a seam lost."""
    called: set[Any] = set()
    counted = [
        changed(point, wrap=counting(point, called))
        for point in ALL_POINTS
        if isinstance(point, PatchPoint) and point.module.startswith(OURS_TO_RUN)
    ]
    monkeypatch.setattr(PATCHER, "tables", [table_of(counted)])
    undo = PATCHER.apply(checked=True)
    applied = {point for point, state in PATCHER.states() if state == "applied"}
    for program, mode in cells(CALLING, ALL_MODES):
        probe = Probe(Tracing())
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(probe, "mark", lambda *_: None)
            run(program, mode, probe)
    undo()
    names = {(point.module, point.path) for point in called}
    never = {point.seam.name for point in applied if (point.module, point.path) not in names}
    by_seam = {name: seam_is_called(name, applied, names) for name in never}
    assert not {name for name, is_called in by_seam.items() if not is_called} - ELSEWHERE


def seam_is_called(name: str, applied: set[Any], names: set[tuple[str, str]]) -> bool:
    """Whether any function of the seam is called: a version has not all of them in use."""
    return any((p.module, p.path) in names for p in applied if p.seam.name == name)


ALL_MODES = ("invoke", "ainvoke", "stream", "astream", "batch", "abatch", "stream_events_v3")
CALLING = REDUCED | {"streaming_model", "fallbacks", "llm_chain", "own_chain_with_memory"}
"""Programs that call, all together, a function of each seam."""


# What is lost where it is not kept


def wrapped_objects() -> dict[tuple[str, str], Any]:
    """What is where the patcher wraps functions, and puts its hooks."""
    found = {}
    for point in ALL_POINTS:
        module = sys.modules.get(point.module)
        if module is None:
            continue
        function = _found(point.path, module)[1]
        if isinstance(point, SubclassPoint):
            function = vars(function).get(HOOK)
        found[point.module, point.path] = function
    return found


def plain(value: Any) -> Any:
    """A result without what differs from run to run."""
    if isinstance(value, BaseMessage):
        return type(value).__name__, value.content
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list) else str(value)


def result_of(program: Program) -> Any:
    it, given = program.build(Probe(Tracing()))
    try:
        return plain(it.invoke(given))
    except Exception as error:
        return type(error)


@pytest.fixture
def losing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> Iterator[pytest.MonkeyPatch]:
    """Nothing is instrumented; afterwards the log has had one warning for each seam lost."""
    yield monkeypatch
    warned = [r.getMessage() for r in caplog.get_records("call") if "What may be lost" in r.msg]
    lost = [seam for seam in (*SEAMS, ENTRANCE.seam) if seam.name in health.lost_seams]
    assert len(warned) == len(lost)
    assert all(any(seam.lost in warning for warning in warned) for seam in lost)


def check_reduced(modes: tuple[str, ...] = REDUCED_MODES) -> None:
    """The reduced form of the mode suite, twice instrumented: whole traces, and all given back."""
    before = wrapped_objects()
    expected = {program.name: result_of(program) for program, _ in cells(modes=("invoke",))}
    for chosen in (modes, modes[:1]):
        tracing = Tracing()
        with instrumented(tracing):
            for program, mode in cells(modes=chosen):
                probe = ByRunId(tracing)
                run(program, mode, probe)
                probe.check()
            if chosen is modes:
                found = {p.name: result_of(p) for p, _ in cells(modes=("invoke",))}
                assert found == expected
                check_doctor()
        after = wrapped_objects()
        assert after.keys() == before.keys()
        assert all(after[key] is before[key] for key in before)


def check_doctor() -> None:
    sentences = [finding.sentence for finding in patches(Scene(CALL)) if finding.level == "note"]
    lost = [seam for seam in (*SEAMS, ENTRANCE.seam) if seam.name in health.lost_seams]
    assert len(sentences) == len(lost)
    assert all(any(seam.lost in sentence for sentence in sentences) for seam in lost)


RUN_HERE = [
    seam
    for seam in SEAMS
    if any(p.seam is seam and p.module.startswith(OURS_TO_RUN) for p in ALL_POINTS)
]
CHOSEN = random.Random(SEED).sample(RUN_HERE, count(6, len(RUN_HERE)))


@pytest.mark.filterwarnings("ignore::langchain_core._api.LangChainDeprecationWarning")
@pytest.mark.parametrize("seam", CHOSEN, ids=lambda seam: seam.name)
def test_without_a_seam_traces_are_whole(seam: Seam, losing: pytest.MonkeyPatch) -> None:
    """Results, spans and parents by run id are as ever; one warning says what is lost."""
    take_away([seam], function_gone, losing)
    check_reduced(("invoke", "astream"))
    is_there = any(is_expected(point) for point in ALL_POINTS if point.seam is seam)
    assert health.lost_seams == ({seam.name} if is_there else set())


@pytest.mark.filterwarnings("ignore::langchain_core._api.LangChainDeprecationWarning")
@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_without_any_seam_traces_are_whole(way: Replace, losing: pytest.MonkeyPatch) -> None:
    """All at once, in each way in which another version may differ."""
    take_away(SEAMS, way, losing)
    check_reduced()
    assert len(health.lost_seams) > (8 if way in {signature_changed, form_changed} else 30)


def test_diagnose_says_what_is_lost(losing: pytest.MonkeyPatch) -> None:
    """In the process that asks, and so in an application that the doctor starts."""
    take_away([seams.GRAPH, seams.TOOL_CALL], function_gone, losing)
    with instrumented(Tracing()):
        notes = [f.sentence for f in diagnose().findings if f.topic == TOPIC and f.level == "note"]
    assert len(notes) == 2
    assert all(any(seam.lost in note for note in notes) for seam in (seams.GRAPH, seams.TOOL_CALL))


@pytest.mark.filterwarnings("ignore::langchain_core._api.LangChainDeprecationWarning")
@pytest.mark.parametrize("how", ["gone", "changed", "raises"])
def test_without_the_entrance_traces_are_whole(how: str, losing: pytest.MonkeyPatch) -> None:
    """Callback managers get the handler when they are configured."""
    if how == "gone":
        losing.delattr(tracer_context, "register_configure_hook")
    elif how == "changed":
        losing.setattr(tracer_context, "register_configure_hook", lambda hooks: hooks)
    else:

        def raises(context_var: Any, inheritable: bool) -> None:
            raise TypeError(context_var, inheritable)

        losing.setattr(tracer_context, "register_configure_hook", raises)
    check_reduced(("invoke", "astream"))
    assert health.lost_seams == {"entrance"}
