"""Every callback of a handler, with anything as its arguments, as LangChain would call it."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple
from uuid import uuid4

from hypothesis import strategies as st
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, LLMResult

from hostile.values import Recipe, built, mappings, recipes
from hostile.watched import Notes
from langchain_otel import OpenTelemetryCallbackHandler


class Life(NamedTuple):
    """What is reported of a run; all but the kind are recipes, or lists of them."""

    kind: str
    payload: Recipe
    end: Recipe
    way: str
    tags: list[Recipe]
    metadata: list[tuple[str, Recipe]]
    options: list[tuple[str, Recipe]]
    events: list[tuple[str, Recipe]]
    shape: str


def _chat(payload: Any, shape: str) -> Any:
    return [[payload]] if shape == "one" else [[payload, payload], [payload]]


def _completion(payload: Any, shape: str) -> Any:
    return [payload] if shape == "one" else [payload] * 3


def _result(payload: Any, shape: str) -> Any:
    generation = ChatGeneration.model_construct(
        None, message=payload, text=payload, generation_info=payload
    )
    if shape == "one":
        return LLMResult.model_construct(None, generations=[[generation]], llm_output=payload)
    if shape == "many":
        return LLMResult.model_construct(None, generations=[[generation, payload], payload])
    return payload


def _documents(payload: Any, shape: str) -> Any:
    return [payload] * 3 if shape == "one" else payload


def _as_it_is(payload: Any, _: str) -> Any:
    return payload


KINDS: Final[dict[str, tuple[str, Callable[..., Any], Callable[..., Any]]]] = {
    "chat": ("chat_model", _chat, _result),
    "completion": ("llm", _completion, _result),
    "chain": ("chain", _as_it_is, _as_it_is),
    "tool": ("tool", _as_it_is, _as_it_is),
    "retriever": ("retriever", _as_it_is, _documents),
}
OPTIONS: Final = (
    "invocation_params", "options", "name", "batch_size", "inputs", "run_type", "tool_call_id",
    "color", "cache", "run_name", "ls_structured_output_format", "k",
)  # fmt: skip
METADATA: Final = (
    "langgraph_node", "langgraph_step", "langgraph_checkpoint_ns", "checkpoint_ns", "checkpoint_id",
    "thread_id", "session_id", "conversation_id", "user_id", "user", "session", "conversation",
    "ls_provider", "ls_model_name", "ls_temperature", "ls_max_tokens", "ls_stop", "ls_integration",
    "ls_embedding_model", "ls_vector_store_provider", "lc_hub_repo", "lc_hub_commit_hash",
)  # fmt: skip
EVENTS: Final = ("text", "retry", "custom", "custom name", "action", "finish", "token", "chunk")

lives: Final[st.SearchStrategy[Life]] = st.builds(
    Life,
    kind=st.sampled_from(sorted(KINDS)),
    payload=recipes,
    end=recipes,
    way=st.sampled_from(("end", "end", "error", "response")),
    tags=st.lists(recipes, max_size=3),
    metadata=mappings,
    options=st.lists(st.tuples(st.sampled_from(OPTIONS), recipes), max_size=4),
    events=st.lists(st.tuples(st.sampled_from(EVENTS), recipes), max_size=4),
    shape=st.sampled_from(("one", "many", "odd")),
)


class Values(NamedTuple):
    """The same, built."""

    kind: str
    payload: Any
    end: Any = "end"
    way: str = "end"
    tags: tuple[Any, ...] = ()
    metadata: Mapping[str, Any] = MappingProxyType({})
    options: Mapping[str, Any] = MappingProxyType({})
    events: tuple[tuple[str, Any], ...] = ()
    shape: str = "odd"
    is_everywhere: bool = False
    """The payload stands in the metadata as well, and the result is a tag."""


def values_of(life: Life, notes: Notes) -> Values:
    """The values of a life."""
    options = {key: built(each, notes) for key, each in life.options}
    if life.kind == "chain":
        options.pop("inputs", None)
    return Values(
        life.kind,
        built(life.payload, notes),
        built(life.end, notes),
        life.way,
        tuple([built(each, notes) for each in life.tags]),
        {key: built(each, notes) for key, each in life.metadata},
        options,
        tuple([(name, built(each, notes)) for name, each in life.events]),
        life.shape,
        is_everywhere=True,
    )


def reported(values: Values, handler: OpenTelemetryCallbackHandler) -> None:
    """Tell a handler of a run from its start to its end, inside of another."""
    word, starting, ending = KINDS[values.kind]
    short = "llm" if word == "chat_model" else word
    outer, run_id = uuid4(), uuid4()
    payload, end, metadata = values.payload, values.end, {**values.metadata}
    handler.on_chain_start(
        {}, {}, run_id=outer, name="outer", tags=[*values.tags], metadata=metadata
    )
    getattr(handler, f"on_{word}_start")(
        payload if type(payload) is dict else {},
        starting(payload, values.shape),
        run_id=run_id,
        parent_run_id=outer,
        tags=[*values.tags, end] if values.is_everywhere else [*values.tags],
        metadata={**metadata, "own": payload} if values.is_everywhere else metadata,
        **values.options,
    )
    for name, value in values.events:
        _event(handler, name, value, run_id)
    if values.way == "end":
        getattr(handler, f"on_{short}_end")(ending(end, values.shape), run_id=run_id)
    else:
        error = end if issubclass(type(end), BaseException) else ValueError(end)
        kwargs = {"response": ending(end, values.shape)} if values.way == "response" else {}
        getattr(handler, f"on_{short}_error")(error, run_id=run_id, **kwargs)
    handler.on_chain_end({"output": end}, run_id=outer, inputs=end)


def _event(handler: OpenTelemetryCallbackHandler, name: str, value: Any, run_id: Any) -> None:
    if name == "text":
        handler.on_text(value, run_id=run_id)
    elif name == "retry":
        handler.on_retry(value, run_id=run_id)
    elif name == "custom":
        handler.on_custom_event("event", value, run_id=run_id)
    elif name == "custom name":
        handler.on_custom_event(value, value, run_id=run_id)
    elif name == "action":
        handler.on_agent_action(value, run_id=run_id)
    elif name == "finish":
        handler.on_agent_finish(value, run_id=run_id)
    elif name == "chunk":
        chunk = ChatGenerationChunk.model_construct(None, message=value, text=value)
        handler.on_llm_new_token("x", chunk=chunk, run_id=run_id)
    else:
        handler.on_llm_new_token(value, chunk=value, run_id=run_id)
