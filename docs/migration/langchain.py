"""What several packages take from LangChain: the names of runs, and the metadata that it writes."""

from collections.abc import Iterator
from typing import Final

from langchain_otel import semconv
from migration.rows import MODELS, STEPS, Row, Span
from migration.values import NAMESPACE, NONE, SAME, words

NAMED_AS_RUNS: Final = (
    Span("model", "{class}", "INTERNAL"),
    Span("completion", "{class}", "INTERNAL"),
    Span("tool", "{tool}", "INTERNAL"),
    Span("retriever", "{class}", "INTERNAL"),
    Span("embeddings", None),
    Span("agent", "{agent}", "INTERNAL"),
    Span("graph", "{graph}", "INTERNAL"),
    Span("chain", "{chain}", "INTERNAL"),
    Span("node", "{node}", "INTERNAL"),
    Span("prompt", "{class}", "INTERNAL"),
    Span("step", "{class}", "INTERNAL"),
)
"""The spans of a package that names each as LangChain names the run."""

IN_NODES: Final = ("model", "tool")
UNUSED: Final = {
    "langgraph_triggers": "inner workings of LangGraph",
    "langgraph_path": "inner workings; a node has `langgraph.task.id`",
    "ls_integration": "the kind of the run is its operation",
    "lc_versions": "versions belong to the resource",
    "ls_retriever_name": "`langchain.retriever.class` says the class",
    "ls_embedding_provider": "the embeddings have a span of their own",
}


def metadata_rows(prefix: str, agents: tuple[str, ...], roots: tuple[str, ...]) -> Iterator[Row]:
    """The rows of what stands under a prefix; the spans of agents, and of all roots, have it."""
    plain = (*MODELS, "tool", *roots)
    yield Row(f"{prefix}thread_id", semconv.GEN_AI_CONVERSATION_ID, SAME, plain)
    yield Row(f"{prefix}thread_id", semconv.GEN_AI_CONVERSATION_ID, SAME, STEPS, "root")
    yield Row(f"{prefix}thread_id", None, NONE, ("retriever",), note="the root of a chain has it")
    yield Row(
        f"{prefix}colour",
        f"{semconv.METADATA}colour",
        SAME,
        at="root",
        note="`colour` stands for any key of yours",
    )
    namespace = semconv.LANGGRAPH_CHECKPOINT_NAMESPACE
    for key, name, how in (
        ("langgraph_step", semconv.LANGGRAPH_STEP, SAME),
        ("langgraph_node", semconv.LANGGRAPH_NODE, SAME),
        ("langgraph_checkpoint_ns", namespace, NAMESPACE),
    ):
        yield Row(f"{prefix}{key}", name, how, ("node",))
        yield Row(f"{prefix}{key}", name, how, IN_NODES, "parent")
    yield Row(f"{prefix}checkpoint_ns", namespace, NAMESPACE, IN_NODES, "parent")
    agent = semconv.GEN_AI_AGENT_NAME
    yield Row(f"{prefix}lc_agent_name", agent, SAME, (*IN_NODES, *agents))
    yield Row(f"{prefix}lc_agent_name", agent, SAME, ("node",), "parent")
    yield Row(f"{prefix}ls_provider", semconv.GEN_AI_PROVIDER_NAME, SAME)
    yield Row(f"{prefix}ls_model_name", semconv.GEN_AI_REQUEST_MODEL, SAME)
    kinds = words({"chat": semconv.CHAT, "llm": semconv.TEXT_COMPLETION})
    yield Row(f"{prefix}ls_model_type", semconv.GEN_AI_OPERATION_NAME, kinds)
    yield Row(f"{prefix}ls_temperature", semconv.GEN_AI_REQUEST_TEMPERATURE, SAME)
    yield Row(f"{prefix}ls_max_tokens", semconv.GEN_AI_REQUEST_MAX_TOKENS, SAME)
    yield Row(f"{prefix}ls_stop", semconv.GEN_AI_REQUEST_STOP_SEQUENCES, SAME)
    yield Row(f"{prefix}ls_vector_store_provider", semconv.GEN_AI_PROVIDER_NAME, SAME)
    for key, note in UNUSED.items():
        yield Row(f"{prefix}{key}", None, NONE, note=note)
