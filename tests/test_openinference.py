"""The dialect of Arize Phoenix: kinds, what goes in and comes out, messages, within the bounds."""

import json
import re
from collections.abc import Iterator
from typing import Any, Literal
from uuid import UUID

import pytest
from langchain_core.documents import BaseDocumentCompressor, Document
from langchain_core.embeddings import Embeddings
from langchain_core.language_models import FakeListLLM
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import tool
from opentelemetry import context as otel_context
from opentelemetry.context import attach, detach, set_value
from opentelemetry.sdk.trace import ReadableSpan, SpanLimits, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

from langchain_otel import OpenTelemetryCallbackHandler, health, semconv
from langchain_otel.dialects import openinference_names as names
from models import Model, Retriever, StreamingModel
from recording import Tracing, instrumented

pytestmark = pytest.mark.usefixtures("wrapped_once")

SECRET = "s3cr3t"
RUN_ID = UUID("0197f6e4-0000-7000-8000-000000000000")
KIND = names.SPAN_KIND
PROMPT = ChatPromptTemplate.from_messages([("system", "Be {tone}."), ("human", "{question}")])
QUESTION = {"tone": "kind", "question": "why?"}


@tool
def add(left: int, right: int) -> str:
    """Add two numbers."""
    return f"It is {left + right}."


class Lengths(Embeddings):
    """The length of a text as its vector."""

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        return [[float(len(text))] for text in texts]

    def embed_query(self, text: str) -> list[float]:
        return self.embed_documents([text])[0]


class Reranker(BaseDocumentCompressor):
    """Keeps the last documents."""

    top_n: int = 1
    model: str = "reranker-1"

    def compress_documents(self, documents: Any, query: str, callbacks: Any = None) -> Any:
        return list(documents)[-self.top_n :]


@pytest.fixture
def phoenix() -> Iterator[Tracing]:
    """LangChain traced in the dialect, with content."""
    tracing = Tracing()
    with instrumented(tracing, dialect="openinference", capture_message_content="SPAN_ONLY"):
        yield tracing


def only(tracing: Tracing) -> dict[str, Any]:
    (span,) = tracing.spans
    return dict(span.attributes or {})


def of_kind(tracing: Tracing, kind: str) -> dict[str, Any]:
    (span,) = [span for span in tracing.spans if (span.attributes or {}).get(KIND) == kind]
    return dict(span.attributes or {})


def messages_of(attributes: dict[str, Any], prefix: str) -> list[dict[str, Any]]:
    """The messages that the attributes state, as Phoenix puts them together."""
    found: dict[int, dict[str, Any]] = {}
    for name, value in attributes.items():
        if name.startswith(f"{prefix}."):
            number, _, field = name.removeprefix(f"{prefix}.").partition(".")
            found.setdefault(int(number), {})[field] = value
    assert sorted(found) == list(range(len(found)))
    return [found[number] for number in sorted(found)]


# What each kind of span says


def test_a_model_says_its_messages_and_tokens(phoenix: Tracing) -> None:
    """A chat model is an LLM with its messages, one by one and as a whole, and its tokens."""
    Model().invoke([SystemMessage("Be kind."), HumanMessage("why?")])
    said = only(phoenix)
    assert said[KIND] == "LLM"
    assert said[names.LLM_PROVIDER] == "model"
    assert messages_of(said, names.LLM_INPUT_MESSAGES) == [
        {names.MESSAGE_ROLE: "system", names.MESSAGE_CONTENT: "Be kind."},
        {names.MESSAGE_ROLE: "user", names.MESSAGE_CONTENT: "why?"},
    ]
    assert messages_of(said, names.LLM_OUTPUT_MESSAGES) == [
        {names.MESSAGE_ROLE: "assistant", names.MESSAGE_CONTENT: "one two three"}
    ]
    assert [message["role"] for message in json.loads(said[names.INPUT_VALUE])] == [
        "system",
        "user",
    ]
    assert said[names.INPUT_MIME_TYPE] == names.JSON
    assert said[names.OUTPUT_VALUE] == "one two three"
    assert names.OUTPUT_MIME_TYPE not in said
    assert said[names.LLM_TOKEN_COUNT_PROMPT] == 3
    assert said[names.LLM_TOKEN_COUNT_COMPLETION] == 3
    assert said[names.LLM_TOKEN_COUNT_TOTAL] == 6
    assert not [name for name in said if name.startswith("gen_ai.")]


def test_messages_of_every_form(phoenix: Tracing) -> None:
    """Pictures, reasoning, tool calls and results have OpenInference's fields."""
    picture = {"type": "image_url", "image_url": {"url": "https://example.org/cat.png"}}
    call = {"id": "call-1", "name": "add", "args": {"left": 1}}
    Model().invoke(
        [
            HumanMessage([{"type": "text", "text": "Look"}, picture], name="ada"),
            AIMessage([{"type": "reasoning", "reasoning": "Hm."}], tool_calls=[call]),
            ToolMessage("2", tool_call_id="call-1"),
        ]
    )
    assert messages_of(only(phoenix), names.LLM_INPUT_MESSAGES) == [
        {
            names.MESSAGE_ROLE: "user",
            names.MESSAGE_NAME: "ada",
            "message.contents.0.message_content.type": "text",
            "message.contents.0.message_content.text": "Look",
            "message.contents.1.message_content.type": "image",
            "message.contents.1.message_content.image.image.url": "https://example.org/cat.png",
        },
        {
            names.MESSAGE_ROLE: "assistant",
            "message.contents.0.message_content.type": "reasoning",
            "message.contents.0.message_content.text": "Hm.",
            "message.tool_calls.0.tool_call.id": "call-1",
            "message.tool_calls.0.tool_call.function.name": "add",
            "message.tool_calls.0.tool_call.function.arguments": '{"left":1}',
        },
        {
            names.MESSAGE_ROLE: "tool",
            names.MESSAGE_CONTENT: "2",
            names.MESSAGE_TOOL_CALL_ID: "call-1",
        },
    ]


def test_bytes_are_described(phoenix: Tracing) -> None:
    """The bytes of a picture are not recorded unless they are asked for."""
    url = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUg=="
    question = [HumanMessage([{"type": "image_url", "image_url": {"url": url}}, "What?"])]
    Model().invoke(question)
    assert "iVBOR" not in str(only(phoenix))
    tracing = Tracing()
    handler = OpenTelemetryCallbackHandler(
        tracer_provider=tracing.tracer_provider,
        capture_binary=True,
        dialect="openinference",
        capture_message_content=True,
    )
    Model().invoke(question, {"callbacks": [handler]})
    assert url in only(tracing).values()


def test_a_completion_says_its_prompts(phoenix: Tracing) -> None:
    """A text completion model has prompts, not messages."""
    FakeListLLM(responses=["because"]).invoke("why?")
    said = only(phoenix)
    assert said[KIND] == "LLM"
    assert said[names.LLM_PROMPTS] == ("why?",)
    assert said[names.INPUT_VALUE] == "why?"
    assert said[names.OUTPUT_VALUE] == "because"


def test_a_tool_says_its_arguments_and_result(phoenix: Tracing) -> None:
    """A tool has its name, its description, its arguments and its result."""
    add.invoke(
        {"type": "tool_call", "id": "call-1", "name": "add", "args": {"left": 1, "right": 2}}
    )
    said = only(phoenix)
    assert said[KIND] == "TOOL"
    assert said[names.TOOL_NAME] == "add"
    assert said[names.TOOL_ID] == "call-1"
    assert said[names.TOOL_DESCRIPTION] == "Add two numbers."
    assert json.loads(said[names.TOOL_PARAMETERS]) == {"left": 1, "right": 2}
    assert said[names.INPUT_VALUE] == said[names.TOOL_PARAMETERS]
    assert said[names.OUTPUT_VALUE] == "It is 3."


def test_a_retriever_says_its_documents(phoenix: Tracing) -> None:
    """A retriever has its query and its documents, with id, score and metadata."""
    Retriever().invoke("cats")
    said = only(phoenix)
    assert said[KIND] == "RETRIEVER"
    assert said[names.INPUT_VALUE] == "cats"
    (document,) = messages_of(said, names.RETRIEVAL_DOCUMENTS)
    assert json.loads(document.pop(names.DOCUMENT_METADATA)) == {"score": 0.5, "source": "s"}
    assert document == {
        names.DOCUMENT_ID: "doc-1",
        names.DOCUMENT_SCORE: 0.5,
        names.DOCUMENT_CONTENT: "about cats",
    }
    assert json.loads(said[names.OUTPUT_VALUE])[0]["content"] == "about cats"


def test_a_reranker_says_what_it_ranked(phoenix: Tracing) -> None:
    """A reranker has its query, the documents before and after, its model and how many it keeps."""
    Reranker().compress_documents([Document("dogs"), Document("cats")], "cats")
    said = only(phoenix)
    assert said[KIND] == "RERANKER"
    assert said[names.RERANKER_QUERY] == "cats"
    assert said[names.RERANKER_MODEL_NAME] == "reranker-1"
    assert said[names.RERANKER_TOP_K] == 1
    before = messages_of(said, names.RERANKER_INPUT_DOCUMENTS)
    after = messages_of(said, names.RERANKER_OUTPUT_DOCUMENTS)
    assert [document[names.DOCUMENT_CONTENT] for document in before] == ["dogs", "cats"]
    assert [document[names.DOCUMENT_CONTENT] for document in after] == ["cats"]


@pytest.mark.parametrize("is_query", [True, False])
def test_embeddings_say_their_texts(phoenix: Tracing, is_query: bool) -> None:
    """Embeddings have their texts; the vectors, which are long, are left out."""
    embeddings = Lengths()
    texts = ["cats"] if is_query else ["cats", "dogs"]
    if is_query:
        embeddings.embed_query(*texts)
    else:
        embeddings.embed_documents(texts)
    said = only(phoenix)
    assert said[KIND] == "EMBEDDING"
    assert [item[names.EMBEDDING_TEXT] for item in messages_of(said, names.EMBEDDINGS)] == texts


def test_a_prompt_says_its_template(phoenix: Tracing) -> None:
    """A prompt has its template and variables, and the model after it says them no more."""
    (PROMPT | Model()).invoke(QUESTION)
    said = of_kind(phoenix, "PROMPT")
    assert said[names.LLM_PROMPT_TEMPLATE] == "Be {tone}.\n{question}"
    assert json.loads(said[names.LLM_PROMPT_TEMPLATE_VARIABLES]) == QUESTION
    assert names.LLM_PROMPT_TEMPLATE_VARIABLES not in of_kind(phoenix, "LLM")


def test_tags_metadata_session_and_user(phoenix: Tracing) -> None:
    """The user's tags and metadata stand on the root under OpenInference's names."""
    metadata = {"session_id": "session-1", "user_id": "ada", "colour": "red"}
    RunnableLambda(str).invoke(1, {"metadata": metadata, "tags": ["blue"]})
    said = only(phoenix)
    assert said[KIND] == "CHAIN"
    assert said[semconv.SESSION_ID] == "session-1"
    assert said[semconv.USER_ID] == "ada"
    assert json.loads(said[names.METADATA]) == {"colour": "red"}
    assert said[names.TAGS] == ("blue",)


def test_odd_metadata_costs_no_span(phoenix: Tracing) -> None:
    """Numbers that JSON cannot say, and broken metadata in the context, cost their value alone."""
    token = attach(set_value("metadata", "{broken"))
    try:
        RunnableLambda(str).invoke(1, {"metadata": {"large": 2**70, "none": float("nan")}})
    finally:
        detach(token)
    assert json.loads(only(phoenix)[names.METADATA]) == {"large": hex(2**70), "none": None}


def test_openinference_context_attributes_are_honoured(phoenix: Tracing) -> None:
    """What OpenInference's `using_attributes` puts into the context is on the spans."""
    around = set_value("session.id", "session-2")
    around = set_value("user.id", "bob", around)
    around = set_value("tag.tags", ["green"], around)
    around = set_value("metadata", '{"region": "eu"}', around)
    token = attach(around)
    try:
        RunnableLambda(str).invoke(1, {"metadata": {"colour": "red"}})
    finally:
        detach(token)
    said = only(phoenix)
    assert said[semconv.SESSION_ID] == "session-2"
    assert said[semconv.USER_ID] == "bob"
    assert said[names.TAGS] == ("green",)
    assert json.loads(said[names.METADATA]) == {"region": "eu", "colour": "red"}
    assert otel_context.get_value("session.id") is None


# Chains


def test_a_root_shows_what_goes_in_and_comes_out(phoenix: Tracing) -> None:
    """The root chain has input and output; what is inside only with `capture_state`."""
    (PROMPT | StreamingModel() | StrOutputParser()).invoke(QUESTION)
    root = next(span for span in phoenix.spans if span.parent is None).attributes or {}
    assert json.loads(str(root[names.INPUT_VALUE])) == QUESTION
    assert root[names.OUTPUT_VALUE] == "one two three"
    assert names.INPUT_VALUE not in (phoenix.span("StrOutputParser").attributes or {})


def test_a_streamed_root_shows_its_inputs(phoenix: Tracing) -> None:
    """The inputs of a stream, which LangChain tells at its end, are there as of any other."""
    list((PROMPT | StreamingModel() | StrOutputParser()).stream(QUESTION))
    root = next(span for span in phoenix.spans if span.parent is None).attributes or {}
    assert json.loads(str(root[names.INPUT_VALUE])) == QUESTION
    assert root[names.OUTPUT_VALUE] == "onetwothree"


@pytest.mark.parametrize("dialect", ["gen_ai", "openinference"])
def test_capture_state_shows_every_step(dialect: str) -> None:
    """With `capture_state`, steps inside have input and output in every dialect."""
    tracing = Tracing()
    options = {"dialect": dialect, "capture_message_content": "true", "capture_state": True}
    with instrumented(tracing, **options):
        list((StreamingModel() | StrOutputParser()).stream("why?"))
    name = names.INPUT_VALUE if dialect == "openinference" else "langchain.input"
    said = (tracing.span("StrOutputParser").attributes or {})[name]
    assert str(said).strip('"') == "onetwothree"


def test_a_graph_without_messages_shows_its_state(phoenix: Tracing) -> None:
    """The root graph shows its state where that has no messages."""
    pytest.importorskip("langgraph")
    from langgraph.graph import START, StateGraph

    graph = StateGraph(dict)  # type: ignore[type-var]
    graph.add_node("double", lambda state: {"number": state["number"] * 2})
    graph.add_edge(START, "double")
    graph.compile().invoke({"number": 2})
    root = phoenix.span("invoke_workflow").attributes or {}
    assert root[KIND] == "CHAIN"
    assert json.loads(str(root[names.INPUT_VALUE])) == {"number": 2}
    assert json.loads(str(root[names.OUTPUT_VALUE])) == {"number": 4}


# Private by default, and within the policy


@pytest.mark.parametrize("dialect", ["openinference", "both"])
def test_no_content_without_the_policy(dialect: str) -> None:
    """By default no text is on any span or event: kinds, names and counts are."""
    tracing = Tracing()
    with instrumented(tracing, dialect=dialect):
        run_with_secrets()
    told = str([(span.attributes, [e.attributes for e in span.events]) for span in tracing.spans])
    assert SECRET not in told
    assert {str((span.attributes or {})[KIND]) for span in tracing.spans} == {
        "CHAIN", "EMBEDDING", "LLM", "PROMPT", "RERANKER", "RETRIEVER", "TOOL"
    }  # fmt: skip


@pytest.mark.parametrize("dialect", ["openinference", "both"])
def test_redaction_sees_every_text(dialect: str) -> None:
    """Whatever leaves has gone through `redact`, keys of dicts and exceptions too."""
    tracing = Tracing()
    options = {
        "dialect": dialect,
        "capture_message_content": "true",
        "capture_state": True,
        "redact": lambda text, _: text.replace(SECRET, "***"),
    }
    with instrumented(tracing, **options):
        run_with_secrets()
    told = str([(span.attributes, [e.attributes for e in span.events]) for span in tracing.spans])
    told += str([span.status.description for span in tracing.spans])
    assert SECRET not in told
    assert told.count("***") > 20


@pytest.mark.parametrize(
    ("switch", "kinds"),
    [
        ("capture_messages", {"LLM"}),
        ("capture_tools", {"TOOL"}),
        ("capture_documents", {"RETRIEVER", "RERANKER", "EMBEDDING"}),
        ("capture_prompt_variables", {"PROMPT"}),
    ],
)
def test_a_switch_leaves_out_its_kind_of_content(switch: str, kinds: set[str]) -> None:
    """Each switch of the policy leaves out what it says, in this dialect's attributes too."""
    tracing = Tracing()
    options = {"dialect": "openinference", "capture_message_content": "true", switch: False}
    with instrumented(tracing, **options):
        run_with_secrets()
    told = {
        str(span.attributes[KIND])
        for span in tracing.spans
        if span.attributes and SECRET in str(span.attributes) and span.attributes[KIND] != "CHAIN"
    }
    assert told == {"LLM", "TOOL", "RETRIEVER", "RERANKER", "EMBEDDING", "PROMPT"} - kinds


def run_with_secrets() -> None:
    chain = ChatPromptTemplate.from_messages([("human", "{question}")]) | Model()
    chain.invoke({"question": SECRET})
    tell.invoke({"secret": SECRET})
    Retriever().invoke(SECRET)
    Reranker().compress_documents([Document(SECRET)], SECRET)
    Lengths().embed_query(SECRET)
    keyed: RunnableLambda[Any, Any] = RunnableLambda(lambda _: {SECRET: SECRET})
    keyed.invoke({SECRET: [SECRET]})
    with pytest.raises(ValueError, match=SECRET):
        Model(fails=ValueError(SECRET)).invoke(SECRET)


@tool
def tell(secret: str) -> str:
    """Say it."""
    return secret


# Bounds


def long_conversation(length: int) -> list[Any]:
    turns = [(HumanMessage(f"q{n}"), AIMessage(f"a{n}")) for n in range(length // 2)]
    return [message for turn in turns for message in turn]


@pytest.mark.parametrize("dialect", ["openinference", "both"])
def test_a_long_conversation_keeps_what_matters(dialect: str) -> None:
    """Within the SDK's count of attributes: the newest messages, and everything essential."""
    tracing = Tracing()
    with instrumented(tracing, dialect=dialect, capture_message_content=True):
        Model().invoke(long_conversation(400))
    (span,) = tracing.spans
    said = only(tracing)
    assert span.dropped_attributes == 0
    assert said[KIND] == "LLM"
    assert said[names.LLM_TOKEN_COUNT_TOTAL] == 6
    assert said[names.OUTPUT_VALUE] == "one two three"
    assert len(json.loads(said[names.INPUT_VALUE])) == 400
    shown = messages_of(said, names.LLM_INPUT_MESSAGES)
    assert shown[-1] == {names.MESSAGE_ROLE: "assistant", names.MESSAGE_CONTENT: "a199"}
    assert len(shown) > 10
    missing = re.search(r"\[(\d+) earlier messages", shown[0][names.MESSAGE_CONTENT])
    assert missing is not None
    assert int(missing[1]) == 400 - len(shown) + 1


@pytest.mark.parametrize("limit", [48, 64, 1_000])
def test_the_limit_of_the_provider_counts(limit: int) -> None:
    """A provider with limits of its own gets as many messages as it has room for."""
    tracing = Tracing()
    limited = TracerProvider(span_limits=SpanLimits(max_span_attributes=limit))
    limited.add_span_processor(SimpleSpanProcessor(tracing.exporter))
    tracing.tracer_provider = limited
    with instrumented(tracing, dialect="openinference", capture_message_content=True):
        Model().invoke(long_conversation(100))
    (span,) = tracing.spans
    assert span.dropped_attributes == 0
    shown = messages_of(dict(span.attributes or {}), names.LLM_INPUT_MESSAGES)
    assert (len(shown) == 100) == (limit == 1_000)


def test_many_tools_documents_and_calls(phoenix: Tracing) -> None:
    """A list that is too long is cut at its end; all of it is in the value."""
    tools = [{"type": "function", "function": {"name": f"tool-{n}"}} for n in range(200)]
    calls = [{"id": f"call-{n}", "name": "add", "args": {"left": n}} for n in range(100)]
    Model().bind(tools=tools).invoke([HumanMessage("why?"), AIMessage("", tool_calls=calls)])
    Reranker(top_n=100).compress_documents([Document(f"{n}") for n in range(200)], "q")
    for span in phoenix.spans:
        assert span.dropped_attributes == 0
        assert KIND in (span.attributes or {})
    ranked = of_kind(phoenix, "RERANKER")
    assert len(json.loads(str(ranked[names.OUTPUT_VALUE]))) == 100
    shown = messages_of(ranked, names.RERANKER_OUTPUT_DOCUMENTS)
    assert [document[names.DOCUMENT_CONTENT] for document in shown][:2] == ["100", "101"]


@pytest.mark.parametrize(("dialect", "copies"), [("openinference", 2), ("both", 3)])
def test_all_forms_together_are_within_the_room(dialect: str, copies: int) -> None:
    """What a span says twice or thrice is together within `max_span_content_bytes`."""
    tracing = Tracing()
    options = {"dialect": dialect, "capture_message_content": "true"}
    with instrumented(tracing, max_span_content_bytes=30_000, **options):
        Model().invoke([HumanMessage("x" * 5_000) for _ in range(20)])
    (span,) = tracing.spans
    assert health.failures.pop("max_span_content_bytes")
    size = len(str(dict(span.attributes or {})))
    assert 30_000 / copies / 2 < size < 33_000


# The other channels


def test_both_says_it_in_both() -> None:
    """With `both` a span has the attributes of either dialect, the GenAI ones unchanged."""
    ours, both, plain = Tracing(), Tracing(), Tracing()
    dialects: tuple[tuple[Tracing, Literal["openinference", "both", "gen_ai"]], ...]
    dialects = ((ours, "openinference"), (both, "both"), (plain, "gen_ai"))
    for recorded, dialect in dialects:
        handler = OpenTelemetryCallbackHandler(
            tracer_provider=recorded.tracer_provider,
            dialect=dialect,
            capture_message_content="SPAN_ONLY",
        )
        Model().invoke("why?", {"callbacks": [handler], "run_id": RUN_ID})
    assert only(both) == only(plain) | only(ours)


def test_metrics_and_log_records_stay_as_they_are() -> None:
    """Metrics and log records are the GenAI conventions' in every dialect."""
    found = []
    for dialect in ("gen_ai", "openinference", "both"):
        tracing = Tracing()
        content = {"capture_message_content": "SPAN_AND_EVENT"}
        with instrumented(tracing, dialect=dialect, **content):
            Model().invoke("why?")
        records = [dict(record.log_record.attributes or {}) for record in tracing.logs]
        found.append((sorted(tracing.metrics()), records))
    assert found[0] == found[1] == found[2]
    assert found[0][1]


def test_the_variable_chooses_the_dialect(monkeypatch: pytest.MonkeyPatch) -> None:
    """`OTEL_INSTRUMENTATION_LANGCHAIN_DIALECT` does what the argument does."""
    monkeypatch.setenv("OTEL_INSTRUMENTATION_LANGCHAIN_DIALECT", "OpenInference")
    tracing = Tracing()
    with instrumented(tracing):
        Model().invoke("why?")
    assert only(tracing)[KIND] == "LLM"
    assert not health.failures


def test_an_exception_is_an_event_of_the_span() -> None:
    """Phoenix reads exceptions from a span's events: the type always, its text under the policy."""
    events: list[ReadableSpan] = []
    for content in ("NO_CONTENT", "SPAN_ONLY"):
        tracing = Tracing()
        options = {"dialect": "openinference", "capture_message_content": content}
        with (
            instrumented(tracing, **options),
            pytest.raises(ValueError, match=SECRET),
        ):
            (RunnableLambda(str) | Model(fails=ValueError(SECRET))).invoke(1)
        events += [span for span in tracing.spans if span.events]
    quiet, told = (dict(span.events[0].attributes or {}) for span in events)
    assert quiet == {"exception.type": "ValueError"}
    assert told["exception.message"] == SECRET
    assert SECRET in str(told["exception.stacktrace"])
