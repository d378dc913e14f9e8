"""Lists the seams: what we rely on in other packages, and what is lost where it is not so."""

from __future__ import annotations

from typing import Final

from langchain_otel.patching.points import Seam

STEP_CONTEXT: Final = Seam(
    "context of a step",
    "The body of a chain or a tool runs in the copy of the context that `_set_config_context` "
    "prepares for the configuration whose callbacks name the run.",
    "the current span inside chains and tools",
)
NODE_CONTEXT: Final = Seam(
    "context of a graph node",
    "LangGraph has its own `_set_config_context`, which prepares the context of a node's body.",
    "the current span inside graph nodes",
)
TRACE_POLICY: Final = Seam(
    "trace policy of a graph node",
    "`_split_handlers` gives two copies of a callback manager: one for what is no tracer, and one "
    "for tracers, which alone heed a node's trace policy.",
    "what a node's trace policy says",
)
CONFIGURATION: Final = Seam(
    "complete configuration",
    "`ensure_config` gives a dict with `metadata` and `configurable`, into which earlier versions "
    "mix configurable values.",
    "the difference between metadata and configurable values",
)
MODEL_CONFIGURATION: Final = Seam(
    "configuration of a model call",
    "A model's `invoke` and `batch` have a parameter `config`, the second one.",
    "the user and session that a model's own configuration names",
)
MODEL_CALL: Final = Seam(
    "model call",
    "`generate` starts the runs of a model, and has their bodies inside.",
    "the end of model calls that are cancelled",
)
MODEL_BODY: Final = Seam(
    "body of a model call",
    "The body of a model's run is a call that has the run's manager as an argument.",
    "the current span inside model calls",
)
MODEL_STREAM: Final = Seam(
    "stream of a model",
    "`stream` starts the run of a model at its first step, and has its body in all of them.",
    "the current span inside streamed model calls",
)
MODEL_EVENTS: Final = Seam(
    "events of a model",
    "`stream_events` of version 3 has the body of a model's run in a generator, which has the "
    "run's manager as an argument.",
    "the current span in `stream_events` of models",
)
MODEL_INPUT: Final = Seam(
    "input of a model",
    "The body of a chat model normalizes the messages first, after all handlers were called.",
    "the current span inside model calls where another tracer leaves its own current",
)
TOOL_CALL: Final = Seam(
    "tool call",
    "`run` of a tool starts its run, and has its body inside.",
    "the end of tools that are cancelled, and which object they are",
)
RETRIEVAL: Final = Seam(
    "retrieval",
    "`invoke` of a retriever starts its run, and has its body inside.",
    "the current span inside retrievers",
)
RELEVANCE: Final = Seam(
    "search by relevance",
    "A search by relevance is a method of the base class, which makes scores of another one's.",
    "spans of searches by relevance",
)
BRANCH: Final = Seam(
    "branch",
    "A branch starts its run by hand, and reports ordinary exceptions only.",
    "the end of branches that are cancelled",
)
BATCH: Final = Seam(
    "batch",
    "A batch starts the runs of its members, and reports ordinary exceptions only.",
    "the end of runs in batches that are cancelled",
)
FALLBACKS: Final = Seam(
    "fallbacks",
    "A stream with fallbacks starts its run by hand, and reports ordinary exceptions only.",
    "the end of streams with fallbacks that are left",
)
GRAPH: Final = Seam(
    "graph",
    "`stream` runs a graph, also for `invoke`, which takes it to its end: its run starts at the "
    "first step, and checkpoints are read and written inside.",
    "the current span in a graph's checkpointer, and the end of graphs that are cancelled",
)
RESUME: Final = Seam(
    "resume of a graph",
    "`_first` of a graph's loop decides whether the run goes on from a checkpoint.",
    "links of resumed graphs",
)
PAUSE: Final = Seam(
    "pause of a graph",
    "`_suppress_interrupt` is the way out of a graph's loop, and has the exception.",
    "links of resumed graphs, and events of interrupts",
)
REMOTE_CALL: Final = Seam(
    "remote graph",
    "Each call of a remote graph is `stream` or `astream`.",
    "spans of remote graphs",
)
REMOTE_REQUEST: Final = Seam(
    "request to a remote graph",
    "The methods of a remote graph send what they are given as `headers`.",
    "the trace context that remote graphs are sent",
)
STEP_LIMIT: Final = Seam(
    "limit of steps",
    "`tick` of a graph's loop gives false where there is no step to come, and `status` says why.",
    "the mark of a graph that ran out of steps",
)
CACHED_NODES: Final = Seam(
    "cached nodes",
    "`match_cached_writes` of a graph's loop gives the tasks for which the cache had a result.",
    "events of cached nodes",
)
NODE_TIMEOUT: Final = Seam(
    "timeout of a node",
    "`_arun_with_timeout` runs a task, its first argument, and raises if that takes too long.",
    "the end of nodes that ran out of time",
)
CLASSIC_CHAIN: Final = Seam(
    "legacy chain",
    "`invoke` of a legacy chain starts its run, and has its body inside.",
    "the current span inside legacy chains",
)
CLASSIC_INPUT: Final = Seam(
    "input of a legacy chain",
    "`prep_inputs` of a legacy chain may start other runs before the chain's own.",
    "which run is that of a legacy chain with memory",
)
CLASSIC_AGENT: Final = Seam(
    "steps of a legacy agent",
    "The iterator over a legacy agent starts its run at the first step.",
    "the current span inside legacy agents that are iterated over",
)
OPENAI_CHUNKS: Final = Seam(
    "chunks of OpenAI",
    "langchain-openai converts each chunk of a stream in one method, whose first argument it is.",
    "response ids of streams",
)
PROVIDER_ANSWERS: Final = Seam(
    "answers of providers",
    "A provider's package converts each whole answer in one function, and each chunk in another, "
    "whose first argument it is.",
    "response ids, and models that answered",
)
ANTHROPIC_EVENTS: Final = Seam(
    "events of Anthropic",
    "langchain-anthropic converts each event of a stream in one function, whose argument it is.",
    "response ids of streams",
)
EMBEDDING_ANSWERS: Final = Seam(
    "answers to embeddings calls",
    "A method of the provider's client gives the whole answer to one request.",
    "tokens and models of embeddings",
)
MCP_REQUEST: Final = Seam(
    "MCP request",
    "A session sends each request, its first argument, in `send_request`.",
    "the trace context that MCP servers are sent",
)
MCP_TRANSPORT: Final = Seam(
    "MCP transport",
    "langchain-mcp-adapters opens a transport by one of these functions, whose result is an "
    "asynchronous context manager of the streams.",
    "facts about MCP servers",
)
RUN_START: Final = Seam(
    "start of a run",
    "A callback manager reports the start of a run to all handlers in `on_*_start`, which takes "
    "the run's id or makes one; the body comes afterwards.",
    "the current span inside models and retrievers, and the end of runs whose start is cut short",
)
OTHER_HANDLERS: Final = Seam(
    "handlers of completion models",
    "`AsyncCallbackManager.on_llm_start` reports the start of each prompt's run to its handlers.",
    "other handlers' events of completion models",
)
RUN_END: Final = Seam(
    "end of a run",
    "A run's manager reports its end to all handlers in `on_*_end` or `on_*_error`.",
    "the end of runs whose end another handler cuts short",
)
GROUP: Final = Seam(
    "chain group",
    "`trace_as_chain_group` is a context manager made of a generator function, which gives the "
    "group's callback manager.",
    "the current span inside chain groups",
)
EMBEDDINGS: Final = Seam(
    "embeddings",
    "Embeddings are subclasses of `Embeddings`; LangChain reports no run of them.",
    "spans of embeddings",
)
VECTOR_STORES: Final = Seam(
    "vector stores",
    "Vector stores are subclasses of `VectorStore`; LangChain reports no run of their searches.",
    "spans of searches",
)
RERANKERS: Final = Seam(
    "rerankers",
    "Rerankers are subclasses of `BaseDocumentCompressor`; LangChain reports no run of them.",
    "spans of rerankers",
)
CHECKPOINTERS: Final = Seam(
    "checkpointers",
    "Checkpointers are subclasses of `BaseCheckpointSaver`, and keep the metadata that they are "
    "given with a checkpoint.",
    "links of graphs that resume in another process",
)
RETRIEVERS: Final = Seam(
    "retrievers of their own",
    "A retriever that has an `invoke` of its own is a subclass of `BaseRetriever`.",
    "the current span inside such retrievers",
)
RUNS_BY_HAND: Final = Seam(
    "runs started by hand",
    "What starts runs by hand is a method of a subclass of `Runnable`.",
    "the end of such runs that are cancelled",
)
