"""Tenants: the metadata of a run choose among them, and none sees anything of another's."""

import asyncio
import gc
import logging
import os
import subprocess
import sys
import weakref
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command

from approvals import ask as ask_a_person
from approvals import config_of, graph_of, prepare
from langchain_otel import (
    health,
    register_tenant,
    traced_with,
    unregister_tenant,
)
from langchain_otel.recording.recorder_changes import _made
from langchain_otel.runs.store import RUNS
from models import Model, Retriever, ScriptedModel, StreamingModel, calls, says
from recording import Tracing, instrumented
from shown import everything, executed
from versions import create_agent
from waiting import PATIENCE

KEY = "langchain_otel.tenant"
PROGRAM = Path(__file__).parent / "programs" / "forking_tenants.py"


def of(tenant: Any) -> Any:
    """The configuration of a run of a tenant."""
    return {"metadata": {KEY: tenant}}


def providers(tracing: Tracing) -> dict[str, Any]:
    return {
        "tracer_provider": tracing.tracer_provider,
        "meter_provider": tracing.meter_provider,
        "logger_provider": tracing.logger_provider,
    }


@tool
def look_up(word: str) -> str:
    """Look a word up."""
    return str(Model(words=[word]).invoke(word).content)


class Two:
    """Two tenants with providers of their own, and what nobody may see of them."""

    def __init__(self) -> None:
        self.default = Tracing()
        self.tracings = {"acme": Tracing(), "globex": Tracing()}
        for name, tracing in self.tracings.items():
            register_tenant(
                name,
                capture_message_content="SPAN_AND_EVENT",
                capture_state=True,
                **providers(tracing),
            )

    def check(self) -> None:
        """Each has its own sentinel, and nothing of the other's; the default has none."""
        for name, tracing in self.tracings.items():
            text = everything(tracing)
            other = next(other for other in self.tracings if other != name)
            assert f"secret of {name}" in text
            assert f"secret of {other}" not in text
        assert self.default.spans == ()
        assert self.default.logs == ()
        assert self.default.metrics() == {}


@pytest.fixture
def two() -> Iterator[Two]:
    tenants = Two()
    with instrumented(tenants.default):
        yield tenants


def agent() -> Any:
    """An agent with a tool that asks a model."""
    model = ScriptedModel(answers=[calls("look_up", word="cats"), says("done")])
    return create_agent(model, [look_up], name="finder")


def messages(name: str) -> Any:
    return {"messages": [("user", f"secret of {name}")]}


@pytest.mark.parametrize("by", ["metadata", "block"])
def test_agents_at_the_same_time(two: Two, mode: str, by: str) -> None:
    """In threads: agents of both tenants, in every mode, by metadata or in a block."""

    def request(name: str) -> None:
        if by == "metadata":
            executed(agent(), messages(name), mode, of(name))
        else:
            block = traced_with(
                capture_message_content="SPAN_AND_EVENT", **providers(two.tracings[name])
            )
            with block:
                executed(agent(), messages(name), mode)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(request, ["acme", "globex"] * 4))
    two.check()
    for tracing in two.tracings.values():
        assert tracing.names().count("invoke_agent finder") == 4
        assert tracing.names().count("execute_tool look_up") == 4
        assert all("finder" in root.name for root in tracing.spans if root.parent is None)


async def test_tasks_at_the_same_time(two: Two) -> None:
    """In tasks of one thread, streamed and not."""
    chain: Any = RunnableLambda(lambda it: it) | StreamingModel() | RunnableLambda(lambda it: it)

    async def request(name: str) -> None:
        config = of(name)
        await chain.ainvoke(f"secret of {name}", config)
        async for _ in chain.astream(f"secret of {name}", config):
            await asyncio.sleep(0)
        async for _ in chain.astream_events(f"secret of {name}", config, version="v2"):
            await asyncio.sleep(0)

    await asyncio.gather(*(request(name) for name in ["acme", "globex"] * 4))
    two.check()


def test_batch(two: Two) -> None:
    """Each input of a batch may have a tenant of its own."""
    chain: Any = RunnableLambda(lambda it: it) | Model()
    names = ["acme", "globex"] * 3
    questions = [f"secret of {name}" for name in names]
    chain.batch(questions, [of(name) for name in names])
    asyncio.run(chain.abatch(questions, [of(name) for name in names]))
    two.check()


def test_retries_and_fallbacks(two: Two) -> None:
    """Failures with their texts, tries and ways out belong to the tenant."""
    for name in two.tracings:
        failing = Model(fails=ValueError(f"secret of {name}"))
        chain: Any = RunnableLambda(lambda it: it) | failing.with_retry(
            stop_after_attempt=2, wait_exponential_jitter=False
        ).with_fallbacks([Model()])
        chain.invoke("hi", of(name))
    two.check()


def test_retrievers_and_what_they_call(two: Two) -> None:
    """A model called plainly in a retriever's body, without metadata, belongs to its tenant."""

    class Asking(Retriever):
        def _get_relevant_documents(self, query: str, *, run_manager: Any) -> Any:
            Model().invoke(query)
            return super()._get_relevant_documents(query, run_manager=run_manager)

    for name in two.tracings:
        Asking().invoke(f"secret of {name}", of(name))
        step: Any = RunnableLambda(lambda it: Asking().invoke(it))
        step.invoke(f"secret of {name}", of(name))
    two.check()
    assert two.tracings["acme"].names().count("chat") == 2


def test_a_retriever_of_another_tenant_in_a_chain(two: Two) -> None:
    """The model that its body calls is its own, though LangChain names the chain around."""

    class Asking(Retriever):
        def _get_relevant_documents(self, query: str, *, run_manager: Any) -> Any:
            Model().invoke("secret of globex")
            return super()._get_relevant_documents(query, run_manager=run_manager)

    def search(_: str) -> str:
        Asking().invoke("secret of globex", of("globex"))
        return "secret of acme"

    RunnableLambda(search, name="search").invoke("secret of acme", of("acme"))
    two.check()
    assert sorted(two.tracings["globex"].names()) == ["chat", "retrieval"]


def test_redaction_of_one_is_not_that_of_the_other(tracing_with_content: Tracing) -> None:
    """With one provider, too, each tenant's words go through its own function."""

    def hides(word: str) -> Any:
        return lambda text, _: text.replace(word, "hidden")

    register_tenant("acme", redact=hides("alpha"))
    register_tenant("globex", redact=hides("beta"))
    for name in ("acme", "globex"):
        (RunnableLambda(lambda it: it) | Model()).invoke("alpha beta", of(name))
    first, second = (s.to_json() for s in tracing_with_content.spans if s.name == "chat")
    assert "hidden beta" in first
    assert "alpha hidden" in second


@pytest.mark.parametrize("same", [True, False], ids=["one provider", "two providers"])
def test_resumed_under_another_tenant(same: bool) -> None:
    """The resumed graph is the other's, with a link to what paused; no content goes over."""
    first, second = Tracing(), Tracing()
    if same:
        second = first
    register_tenant("acme", capture_message_content=True, capture_state=True, **providers(first))
    register_tenant("globex", **providers(second))
    with instrumented(Tracing()):
        graph = graph_of(prepare, ask_a_person).compile(InMemorySaver(), name="approval")
        graph.invoke({"text": "start"}, config_of("1") | of("acme"))
        graph.invoke(Command(resume="secret of globex"), config_of("1") | of("globex"))
    paused, resumed = sorted(
        (s for t in {id(t): t for t in (first, second)}.values() for s in t.spans if not s.parent),
        key=lambda span: span.start_time or 0,
    )
    assert [link.context.span_id for link in resumed.links] == [paused.context.span_id]
    assert "secret of globex" not in everything(first) + everything(second)


def test_a_child_that_names_another_tenant(two: Two) -> None:
    """It hangs under the span around, is recorded by that tenant, and so is all below it."""

    def hand_over(text: str) -> Any:
        chain: Any = RunnableLambda(lambda it: it) | Model()
        return chain.invoke("secret of globex", of("globex"))

    (RunnableLambda(hand_over) | (lambda it: it.content)).invoke("secret of acme", of("acme"))
    acme, globex = two.tracings.values()
    assert sorted(acme.names()) == ["RunnableLambda", "hand_over", "invoke_workflow"]
    assert len(globex.spans) == 3
    around = acme.span("hand_over").context
    assert around is not None
    outermost = globex.span("RunnableSequence")
    assert outermost.parent is not None
    assert outermost.parent.span_id == around.span_id
    assert "secret of acme" not in everything(globex)


def test_a_sub_agent_of_another_tenant_counts_for_the_agent_around() -> None:
    """Its tokens are a part of what the outer agent says, in one trace."""
    tracing = Tracing()
    register_tenant("quiet", capture_message_content=False)

    @tool
    def consult(word: str) -> str:
        """Ask another agent."""
        inner = create_agent(ScriptedModel(answers=[says("a secret")]), [], name="inner")
        inner.invoke({"messages": [("user", "a secret")]}, of("quiet"))
        return "it is secret no more"

    model = ScriptedModel(answers=[calls("consult", word="cats"), says("done")])
    with instrumented(tracing, capture_message_content=True):
        create_agent(model, [consult], name="outer").invoke({"messages": [("user", "hi")]})
    assert "a secret" not in everything(tracing)
    outer, inner = (tracing.span(f"invoke_agent {name}") for name in ("outer", "inner"))
    name = "gen_ai.usage.input_tokens"
    assert (outer.attributes or {})[name] == 3 + 5 + 5
    assert (inner.attributes or {})[name] == 5
    assert len({span.context.trace_id for span in tracing.spans if span.context}) == 1


def test_block_wins_over_metadata(two: Two) -> None:
    """Metadata may come from a request: inside a block they choose nothing."""
    theirs = Tracing()
    with traced_with(**providers(theirs)):
        (RunnableLambda(lambda it: it) | Model()).invoke("secret", of("acme"))
    assert len(theirs.spans) == 3
    assert "secret" not in everything(theirs)
    assert two.tracings["acme"].spans == ()


def test_metadata_carry_no_policy(tracing: Tracing) -> None:
    """Whatever a request puts there, nothing is recorded that the application does not permit."""
    register_tenant("acme")
    crafted: Any = {
        KEY: {"name": "acme", "capture_message_content": True},
        "capture_message_content": True,
        "langchain_otel.capture_message_content": "SPAN_AND_EVENT",
    }
    Model().invoke("a secret", {"metadata": crafted})
    Model().invoke("a secret", {"metadata": crafted | {KEY: "acme"}})
    assert "a secret" not in everything(tracing)
    assert tracing.names() == ["chat", "chat"]
    health.failures.clear()


def test_unknown_tenant(tracing: Tracing, caplog: pytest.LogCaptureFixture) -> None:
    """It is traced as everything is; each name is warned of once, in bounded length and number."""
    register_tenant("acme", capture_message_content=True)
    with caplog.at_level(logging.WARNING, "langchain_otel"):
        for name in ("acmee", "acmee", "x" * 10_000, *map(str, range(100))):
            (RunnableLambda(lambda it: it) | Model()).invoke("a secret", of(name))
    assert health.events.pop(health.UNKNOWN_TENANT) >= 103
    warnings = [r.getMessage() for r in caplog.records if "No tenant" in r.getMessage()]
    assert len(warnings) == 20
    assert "No tenant 'acmee' is registered" in warnings[0]
    assert len(warnings[1]) < 300
    assert "a secret" not in everything(tracing)
    caplog.clear()


@pytest.mark.parametrize("name", ["acme", 7], ids=["str", "int"])
def test_registered_again_and_no_more(tracing: Tracing, name: Any) -> None:
    """The last registration counts; without one the tenant is unknown."""
    for option in (True, False):
        register_tenant(name, capture_message_content=option)
        Model().invoke("a secret", of(name))
    unregister_tenant(name)
    with pytest.raises(ValueError, match=r"no tenant .* is registered"):
        unregister_tenant(name)
    first, second = (span.to_json() for span in tracing.spans)
    assert "a secret" in first
    assert "a secret" not in second


@pytest.mark.parametrize(
    ("name", "message"),
    [("", "must not be empty"), (None, "must be a str.*NoneType"), (True, "got True, a bool")],
    ids=["empty", "None", "bool"],
)
def test_names_are_checked(name: Any, message: str) -> None:
    """A tenant that no metadata can name is refused."""
    with pytest.raises((TypeError, ValueError), match=message):
        register_tenant(name)
    with pytest.raises(TypeError, match=r"register_tenant\(\) has no argument tenant"):
        register_tenant("acme", tenant=1)  # type: ignore[call-arg]


def test_registered_tenant_is_a_block_too(tracing: Tracing) -> None:
    """What registering gives can be entered."""
    with register_tenant("acme", capture_message_content=True):
        Model().invoke("a secret")
    assert "a secret" in everything(tracing)


def test_blocks_made_for_each_request_leave_nothing(tracing: Tracing) -> None:
    """Equal ones share a recorder; others' go when nothing remembers a run of theirs."""

    def request(**options: Any) -> None:
        with traced_with(capture_message_content=True, **options):
            (RunnableLambda(lambda it: it) | Model()).invoke("hi")

    before = set(_made)
    for _ in range(50):
        request()
    assert len(set(_made) - before) == 1
    for number in range(50):
        request(redact=lambda text, _, number=number: f"{number}")
    # The last runs that ended are remembered with their recorders.
    RUNS.clear()
    gc.collect()
    assert set(_made) <= before
    measured = tracing.metrics()["gen_ai.client.operation.duration"]
    assert sum(point.count for point in measured.points) == 100


def test_provider_of_a_tenant_that_left_is_freed(tracing: Tracing) -> None:
    """Nothing of ours keeps its meters and log records once its runs are forgotten."""

    def served() -> list[Any]:
        theirs = Tracing()
        register_tenant("acme", **providers(theirs))
        Model().invoke("hi", of("acme"))
        unregister_tenant("acme")
        assert theirs.names() == ["chat"]
        return [weakref.ref(provider) for provider in providers(theirs).values()]

    kept = served()
    RUNS.clear()
    gc.collect()
    assert [reference() for reference in kept] == [None] * 3


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_fork_inside_a_block() -> None:
    """Both processes go on in it, though another thread holds our locks."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", str(PROGRAM)],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert sorted(done.stdout.split()) == [
        "child:chat:True",
        "child:chat:True",
        "parent:chat:True",
        "parent:chat:True",
    ]
