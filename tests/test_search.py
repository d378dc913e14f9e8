"""Searches of vector stores and rerankers, which no callback reports, and the retriever's run."""

import asyncio
import json
from collections.abc import Iterable, Sequence
from typing import Any

import pytest
from langchain_core.callbacks import CallbackManagerForRetrieverRun, Callbacks
from langchain_core.documents import BaseDocumentCompressor, Document
from langchain_core.embeddings import Embeddings
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnableLambda
from langchain_core.vectorstores import InMemoryVectorStore, VectorStore
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import SpanKind, StatusCode

from langchain_otel import LangChainInstrumentor, OpenTelemetryCallbackHandler, semconv
from models import Model, Retriever
from recording import Tracing
from versions import classic

SEARCH = "retrieval shelf"
RERANK = "retrieval"
EMBED = "embeddings letters"
TEXTS = ("a", "bb", "ccc", "dddd", "eeeee", "ffffff")


class Letters(Embeddings):
    """Embeds a text as its length."""

    model = "letters"

    def __init__(self) -> None:
        self.model = "letters"

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        return [[float(len(text)), 1.0] for text in texts]

    def embed_query(self, text: str) -> list[float]:
        return self.embed_documents([text])[0]


class Shelf(VectorStore):
    """Gives the texts of the nearest lengths; its methods call each other as real stores' do."""

    def __init__(self, texts: Iterable[str] = TEXTS, fails: BaseException | None = None) -> None:
        self.by_length = list(texts)
        self.collection_name = "shelf"
        self.embedding = Letters()
        self.fails = fails

    @classmethod
    def from_texts(cls, texts: list[str], *_: Any, **__: Any) -> "Shelf":
        return cls(texts)

    def similarity_search_with_score_by_vector(
        self, embedding: list[float], k: int = 4
    ) -> list[tuple[Document, float]]:
        if self.fails is not None:
            raise self.fails
        near = sorted(self.by_length, key=lambda text: abs(len(text) - embedding[0]))
        return [(Document(text, id=text), 1 / (1 + len(text))) for text in near[:k]]

    def similarity_search_with_score(
        self, query: str, k: int = 4, **_: Any
    ) -> list[tuple[Document, float]]:
        vector = self.embedding.embed_query(query)
        return self.similarity_search_with_score_by_vector(vector, k)

    def similarity_search(self, query: str, k: int = 4, **_: Any) -> list[Document]:
        return [document for document, _ in self.similarity_search_with_score(query, k)]

    def similarity_search_by_vector(
        self, embedding: list[float], k: int = 4, **_: Any
    ) -> list[Document]:
        return [found for found, _ in self.similarity_search_with_score_by_vector(embedding, k)]

    def max_marginal_relevance_search(
        self, query: str, k: int = 4, *_: Any, **__: Any
    ) -> list[Document]:
        return self.similarity_search(query, k)

    def _select_relevance_score_fn(self) -> Any:
        return lambda score: score


class AsyncShelf(Shelf):
    """The same with a coroutine of its own, which waits until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.started = asyncio.Event()
        self.let_go = asyncio.Event()

    async def asimilarity_search(self, query: str, k: int = 4, **_: Any) -> list[Document]:
        self.started.set()
        await self.let_go.wait()
        return self.similarity_search(query, k)


class Shortest(BaseDocumentCompressor):
    """Ranks the shortest first, and may ask a model about it."""

    model: str = "ranker-1"
    top_n: int = 2
    asks: Any = None

    def compress_documents(
        self, documents: Sequence[Document], query: str, callbacks: Callbacks = None
    ) -> Sequence[Document]:
        if self.asks is not None:
            self.asks.invoke(query, {"callbacks": callbacks})
        return sorted(documents, key=lambda found: len(found.page_content))[: self.top_n]


def attributes_of(span: ReadableSpan) -> dict[str, Any]:
    return {
        name: value for name, value in (span.attributes or {}).items() if name != semconv.RUN_ID
    }


def test_span_says_what_was_searched(tracing: Tracing) -> None:
    """Every attribute of a search, and nothing of the query or of what was found."""
    assert len(Shelf().similarity_search("secret", k=3)) == 3
    span = tracing.span(SEARCH)
    assert span.kind is SpanKind.CLIENT
    assert span.status.status_code is StatusCode.UNSET
    assert attributes_of(span) == {
        semconv.GEN_AI_OPERATION_NAME: "retrieval",
        semconv.GEN_AI_PROVIDER_NAME: "Shelf",
        semconv.GEN_AI_REQUEST_MODEL: "letters",
        semconv.GEN_AI_RETRIEVAL_TOP_K: 3,
        semconv.GEN_AI_DATA_SOURCE_ID: "shelf",
        semconv.RETRIEVER_CLASS: "Shelf",
    }
    assert tracing.tree() == f"{SEARCH}\n  {EMBED}"


SEARCHES: dict[str, Any] = {
    "similarity_search": ("x",),
    "similarity_search_with_score": ("x",),
    "similarity_search_with_relevance_scores": ("x",),
    "max_marginal_relevance_search": ("x",),
    "similarity_search_by_vector": ([1.0, 1.0],),
}


@pytest.mark.parametrize("k", [None, 2])
@pytest.mark.parametrize("form", ["sync", "async"])
@pytest.mark.parametrize("method", SEARCHES)
async def test_each_search_is_one_span(
    tracing: Tracing, method: str, form: str, k: int | None
) -> None:
    """Whichever method is called, and whichever others it calls: one search, one span, its `k`."""
    options = {} if k is None else {"k": k}
    if form == "sync":
        getattr(Shelf(), method)(*SEARCHES[method], **options)
    else:
        await getattr(Shelf(), f"a{method}")(*SEARCHES[method], **options)
    embeds = [] if method.endswith("by_vector") else [f"  {EMBED}"]
    assert tracing.tree() == "\n".join([SEARCH, *embeds])
    assert attributes_of(tracing.span(SEARCH))[semconv.GEN_AI_RETRIEVAL_TOP_K] == (k or 4)


@pytest.mark.parametrize("search_type", ["similarity", "mmr", "similarity_score_threshold"])
@pytest.mark.parametrize("form", ["invoke", "ainvoke"])
async def test_retriever_is_one_span(tracing: Tracing, search_type: str, form: str) -> None:
    """A retriever's run tells of its search: one retrieval span, the embeddings inside it."""
    found_by: dict[str, Any] = {"k": 3}
    if search_type == "similarity_score_threshold":
        found_by["score_threshold"] = 0.1
    retriever = Shelf().as_retriever(search_type=search_type, search_kwargs=found_by)
    if form == "invoke":
        retriever.invoke("x")
    else:
        await retriever.ainvoke("x")
    assert tracing.tree() == f"{SEARCH}\n  {EMBED}"
    attributes = attributes_of(tracing.span(SEARCH))
    assert attributes == {
        semconv.GEN_AI_OPERATION_NAME: "retrieval",
        semconv.GEN_AI_PROVIDER_NAME: "Shelf",
        semconv.GEN_AI_REQUEST_MODEL: "letters",
        semconv.GEN_AI_RETRIEVAL_TOP_K: 3,
        semconv.GEN_AI_DATA_SOURCE_ID: "shelf",
        semconv.RETRIEVER_CLASS: "VectorStoreRetriever",
        semconv.TAGS: ("Shelf",),
    }


def test_retriever_without_a_number_says_none(tracing: Tracing) -> None:
    """The store's own default is not known to the retriever."""
    Shelf().as_retriever().invoke("x")
    attributes = attributes_of(tracing.span(SEARCH))
    assert semconv.GEN_AI_RETRIEVAL_TOP_K not in attributes


def test_knowledge_base_is_a_data_source(tracing: Tracing) -> None:
    """A retriever of a managed knowledge base names it, in the span's name too."""

    class KnowledgeBaseRetriever(Retriever):
        knowledge_base_id: str = "KB12345"

    KnowledgeBaseRetriever().invoke("x")
    span = tracing.span("retrieval KB12345")
    assert attributes_of(span)[semconv.GEN_AI_DATA_SOURCE_ID] == "KB12345"


def test_in_memory_store(tracing: Tracing) -> None:
    """LangChain's own store, searched and as a retriever."""
    pytest.importorskip("numpy", reason="LangChain's in-memory store computes with numpy")
    store = InMemoryVectorStore(Letters())
    store.add_texts(list(TEXTS))
    store.similarity_search("xx", k=2)
    store.as_retriever(search_kwargs={"k": 1}).invoke("xx")
    assert tracing.tree() == (f"{EMBED}\nretrieval\n  {EMBED}\nretrieval\n  {EMBED}")


def test_query_and_documents_only_when_asked(tracing_with_content: Tracing) -> None:
    """With content on, the query and what was found, with the scores that the store gave."""
    Shelf().similarity_search_with_score("xx", k=2)
    attributes = attributes_of(tracing_with_content.span(SEARCH))
    assert attributes[semconv.GEN_AI_RETRIEVAL_QUERY_TEXT] == "xx"
    found = json.loads(attributes[semconv.GEN_AI_RETRIEVAL_DOCUMENTS])
    assert [(one["id"], one["content"]) for one in found] == [("bb", "bb"), ("a", "a")]
    assert [one["score"] for one in found] == [1 / 3, 1 / 2]


def test_error(tracing: Tracing) -> None:
    """A search that fails is red, once, and the error is the application's own."""
    error = ValueError("a secret")
    with pytest.raises(ValueError) as caught:
        Shelf(fails=error).similarity_search("x")
    assert caught.value is error
    span = tracing.span(SEARCH)
    assert span.status.status_code is StatusCode.ERROR
    assert not span.status.description
    assert attributes_of(span)[semconv.ERROR_TYPE] == "ValueError"
    assert len(tracing.logs) == 1


async def test_cancellation(tracing: Tracing) -> None:
    """A cancelled search has an outcome, and is no failure."""
    store = AsyncShelf()
    task = asyncio.create_task(store.asimilarity_search("x"))
    await store.started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    span = tracing.span(SEARCH)
    assert span.status.status_code is StatusCode.UNSET
    assert attributes_of(span)[semconv.RUN_OUTCOME] == "cancelled"


def test_search_inside_a_search(tracing: Tracing) -> None:
    """A store that searches another one has the other's span in its own."""

    class Double(Shelf):
        def __init__(self) -> None:
            super().__init__()
            self.collection_name = "double"
            self.other = Shelf()

        def similarity_search(self, query: str, k: int = 4, **_: Any) -> list[Document]:
            return super().similarity_search(query, k) + self.other.similarity_search(query, k)

    Double().similarity_search("x")
    assert tracing.tree() == f"retrieval double\n  {EMBED}\n  {SEARCH}\n    {EMBED}"


def test_reranker_in_a_retriever(tracing: Tracing) -> None:
    """What a compression retriever does: search, then rerank, side by side in its run."""
    retriever = classic("retrievers").ContextualCompressionRetriever(
        base_compressor=Shortest(), base_retriever=Shelf().as_retriever()
    )
    assert [found.page_content for found in retriever.invoke("xx")] == ["a", "bb"]
    assert tracing.tree() == (f"retrieval\n  {SEARCH}\n    {EMBED}\n  {RERANK}")
    (reranking,) = (one for one in map(attributes_of, tracing.spans) if "Shortest" in one.values())
    assert reranking == {
        semconv.GEN_AI_OPERATION_NAME: "retrieval",
        semconv.RETRIEVER_CLASS: "Shortest",
        semconv.GEN_AI_REQUEST_MODEL: "ranker-1",
        semconv.GEN_AI_RETRIEVAL_TOP_K: 2,
    }


@pytest.mark.parametrize("form", ["sync", "async"])
async def test_runs_in_a_reranker_nest(tracing: Tracing, form: str) -> None:
    """LangChain's own runs inside, with the callbacks passed on, hang under the reranker's span."""
    retriever = classic("retrievers").ContextualCompressionRetriever(
        base_compressor=Shortest(asks=RunnableLambda(lambda _: tracing.mark("asked"), name="ask")),
        base_retriever=Retriever(),
    )
    if form == "sync":
        retriever.invoke("x")
    else:
        await retriever.ainvoke("x")
    assert tracing.tree() == (f"retrieval\n  retrieval\n  {RERANK}\n    ask\n      asked")


def test_model_in_a_reranker_nests_with_a_handler_alone() -> None:
    """The same without the instrumentor."""
    tracing = Tracing()
    retriever = classic("retrievers").ContextualCompressionRetriever(
        base_compressor=Shortest(asks=Model()), base_retriever=Retriever()
    )
    handler = OpenTelemetryCallbackHandler(tracing.tracer_provider)
    retriever.invoke("x", {"callbacks": [handler]})
    assert tracing.tree().endswith(f"  {RERANK}\n    chat")


def test_pipeline_of_rerankers(tracing: Tracing) -> None:
    """A pipeline only hands on: each reranker in it has its span."""
    compressors = classic("retrievers.document_compressors")
    pipeline = compressors.DocumentCompressorPipeline(transformers=[Shortest(), Shortest(top_n=1)])
    found = pipeline.compress_documents([Document(text) for text in TEXTS], "x")
    assert [document.page_content for document in found] == ["a"]
    assert tracing.names() == [RERANK] * 2


def test_a_retriever_of_ones_own_tells_of_its_searches(tracing: Tracing) -> None:
    """A retriever that searches by hand is one retrieval too."""

    class Careful(BaseRetriever):
        store: Any

        def _get_relevant_documents(
            self, query: str, *, run_manager: CallbackManagerForRetrieverRun
        ) -> list[Document]:
            found: list[Document] = self.store.similarity_search(query, k=1)
            return found

    Careful(store=Shelf()).invoke("x")
    assert tracing.tree() == f"{SEARCH}\n  {EMBED}"


def test_search_in_a_step(tracing: Tracing) -> None:
    """A search in a chain's step, or in a tool, hangs under it."""

    def look_up(query: str) -> list[Document]:
        return Shelf().similarity_search(query)

    RunnableLambda(look_up, name="look up").invoke("x")
    assert tracing.tree() == f"invoke_workflow look up\n  {SEARCH}\n    {EMBED}"


def test_uninstrument_puts_back_the_very_objects() -> None:
    """Every search of every store, and every reranker, is what it was."""
    kinds = (Shelf, AsyncShelf, InMemoryVectorStore, Shortest, VectorStore, BaseDocumentCompressor)
    before = [dict(vars(kind)) for kind in kinds]
    LangChainInstrumentor().instrument()
    try:
        assert vars(Shelf)["similarity_search"] is not before[0]["similarity_search"]
    finally:
        LangChainInstrumentor().uninstrument()
    for kind, attributes in zip(kinds, before, strict=True):
        after = vars(kind)
        assert after.keys() == attributes.keys()
        changed = [name for name, value in attributes.items() if after[name] is not value]
        assert [name for name in changed if not name.startswith("_abc")] == []
