"""What is searched: the collection, index or table, its server, and the scores of what is found."""

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

import pytest
from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.retrievers import BaseRetriever
from langchain_core.vectorstores import VectorStore
from pydantic import BaseModel

from langchain_otel import semconv
from models import Retriever
from recording import Tracing
from test_search import EMBED, Letters, Shelf

pytestmark = pytest.mark.usefixtures("wrapped_once")

ADDRESS = "db.example"
PASSWORD = "hunter2"


class Fields:
    """An object of a client's, with the fields that it has there."""

    def __init__(self, **fields: Any) -> None:
        vars(self).update(fields)


class Settings(BaseModel):
    """The settings that a store keeps as a model of pydantic."""

    index_name: str | None = None
    table: str | None = None
    host: str | None = None
    port: int | None = None
    redis_url: str | None = None
    redis_client: Any = None


class Slots:
    """An engine that has slots only, as SQLAlchemy's asynchronous one."""

    __slots__ = ("sync_engine",)

    def __init__(self, sync_engine: Any) -> None:
        self.sync_engine = sync_engine


class SqlUrl(NamedTuple):
    """A URL of SQLAlchemy."""

    drivername: str
    username: str
    password: str
    host: str | None
    port: int | None
    database: str


class Store(VectorStore):
    """A store that keeps its fields as a real one does, and finds one document."""

    def __init__(self, **fields: Any) -> None:
        self.embedding = Letters()
        vars(self).update(fields)

    @classmethod
    def from_texts(cls, texts: list[str], *_: Any, **__: Any) -> "Store":
        return cls()

    def similarity_search(self, query: str, k: int = 4, **_: Any) -> list[Document]:
        return [Document(query)]


def sql(port: int | None = 5433, driver: str = "postgresql+psycopg") -> Fields:
    return Fields(url=SqlUrl(driver, "ada", PASSWORD, ADDRESS, port, "x"))


def pool(**kwargs: Any) -> Fields:
    return Fields(connection_pool=Fields(connection_kwargs={"password": PASSWORD, **kwargs}))


HOST: dict[str, Any] = {"host": ADDRESS, "port": 9}
MONGO_CLIENT = Fields(_topology=Fields(_seed_addresses=[(ADDRESS, 9)]))
MONGO = Fields(_name="cats", _database=Fields(_client=MONGO_CLIENT))
NODE = Fields(host=ADDRESS, port=9)
PINECONE = "cats-4f2a.svc.aped-1.pinecone.io"
# The fields of a store, its data source, and the server that it says.
STORES: dict[str, tuple[dict[str, Any], str | None, tuple[str, int] | None]] = {
    "Chroma": ({"_collection_name": "cats"}, "cats", None),
    "Chroma over HTTP": (
        {
            "_collection_name": "cats",
            "_client": Fields(_server=Fields(_api_url=f"http://{ADDRESS}:9/api/v2")),
        },
        "cats",
        (ADDRESS, 9),
    ),
    "Chroma of langchain-community": (
        {"_collection": Fields(_model=Fields(name="cats"))},
        "cats",
        None,
    ),
    "FAISS": ({"index": Fields(d=4), "index_to_docstore_id": {0: "cats"}}, None, None),
    "Qdrant": (
        {
            "collection_name": "cats",
            "_client": Fields(_client=Fields(_host=ADDRESS, rest_uri=f"https://{ADDRESS}:9")),
        },
        "cats",
        (ADDRESS, 9),
    ),
    "Qdrant over gRPC": (
        {
            "collection_name": "cats",
            "_client": Fields(
                _client=Fields(
                    _prefer_grpc=True, _host=ADDRESS, _grpc_port=9, rest_uri=f"http://{ADDRESS}:8"
                )
            ),
        },
        "cats",
        (ADDRESS, 9),
    ),
    "Qdrant in memory": (
        {"collection_name": "cats", "_client": Fields(_client=Fields(location=":memory:"))},
        "cats",
        None,
    ),
    "PGVector": ({"collection_name": "cats", "_engine": sql()}, "cats", (ADDRESS, 5433)),
    "PGVector, the usual port": (
        {"collection_name": "cats", "_engine": sql(port=None)},
        "cats",
        (ADDRESS, 5432),
    ),
    "PGVector, asynchronous": (
        {"collection_name": "cats", "_engine": None, "_async_engine": Slots(sql())},
        "cats",
        (ADDRESS, 5433),
    ),
    "PGVectorStore": (
        {
            "_engine": Fields(_pool=Slots(sql())),
            "_PGVectorStore__vs": Store(table_name="cats", engine=Slots(sql())),
        },
        "cats",
        (ADDRESS, 5433),
    ),
    "PGVector of langchain-community": (
        {
            "collection_name": "cats",
            "connection_string": f"postgresql+psycopg2://ada:{PASSWORD}@{ADDRESS}/x",
        },
        "cats",
        (ADDRESS, 5432),
    ),
    "Redis": (
        {
            "config": Settings(index_name="cats", redis_url="redis://localhost:6379"),
            "_index": Fields(_SearchIndex__redis_client=pool(**HOST)),
        },
        "cats",
        (ADDRESS, 9),
    ),
    "Redis by its URL": (
        {"config": Settings(index_name="cats", redis_url=f"rediss://ada:{PASSWORD}@{ADDRESS}/0")},
        "cats",
        (ADDRESS, 6379),
    ),
    "Redis of langchain-community": (
        {"index_name": "cats", "client": pool(**HOST)},
        "cats",
        (ADDRESS, 9),
    ),
    "Redis at a socket": ({"index_name": "cats", "client": pool(path="/run/r")}, "cats", None),
    "Elasticsearch": (
        {
            "_store": Fields(index="cats"),
            "client": Fields(_transport=Fields(node_pool=Fields(_seed_nodes=(NODE,)))),
        },
        "cats",
        (ADDRESS, 9),
    ),
    "OpenSearch": (
        {"index_name": "cats", "client": Fields(transport=Fields(hosts=[HOST]))},
        "cats",
        (ADDRESS, 9),
    ),
    "Pinecone": ({"_index_host": PINECONE, "_namespace": "n"}, "cats", (PINECONE, 443)),
    "Milvus": (
        {
            "collection_name": "cats",
            "_connection_args": {"uri": f"http://{ADDRESS}:9", "token": PASSWORD},
        },
        "cats",
        (ADDRESS, 9),
    ),
    "Milvus in a file": (
        {"collection_name": "cats", "_connection_args": {"uri": "./milvus.db"}},
        "cats",
        None,
    ),
    "Weaviate": (
        {
            "_index_name": "cats",
            "_client": Fields(
                _connection=Fields(_connection_params=Fields(http=Settings(host=ADDRESS, port=9)))
            ),
        },
        "cats",
        (ADDRESS, 9),
    ),
    "MongoDB Atlas": ({"_collection": MONGO, "_index_name": "vector"}, "cats", (ADDRESS, 9)),
    "Neo4j": (
        {"index_name": "cats", "_driver": Fields(_initial_addresses=[(ADDRESS, 9)])},
        "cats",
        (ADDRESS, 9),
    ),
    "Neo4j, direct": (
        {"index_name": "cats", "_driver": Fields(_address=(ADDRESS, 9))},
        "cats",
        (ADDRESS, 9),
    ),
    "Astra DB": (
        {"collection_name": "cats", "api_endpoint": f"https://{ADDRESS}"},
        "cats",
        (ADDRESS, 443),
    ),
    "Azure AI Search": (
        {"_index_name": "cats", "_azure_search_endpoint": f"https://{ADDRESS}"},
        "cats",
        (ADDRESS, 443),
    ),
    "Vertex AI": ({"_searcher": Fields(_collection_id="cats")}, "cats", None),
    "LanceDB": ({"_table_name": "cats", "_table": Fields(name="cats")}, "cats", None),
    "SQLite-vec": ({"_table": "cats"}, "cats", None),
    "ClickHouse": ({"config": Settings(table="cats", **HOST)}, "cats", (ADDRESS, 9)),
    "S3 Vectors": (
        {"index_name": "cats", "client": Fields(_endpoint=Fields(host=f"https://{ADDRESS}"))},
        "cats",
        (ADDRESS, 443),
    ),
    "nothing that is known": ({"client": None, "config": 3, "_collection": object()}, None, None),
}


def attributes_of(tracing: Tracing) -> dict[str, Any]:
    """The attributes of the only retrieval span."""
    (span,) = [span for span in tracing.spans if span.name.startswith("retrieval")]
    attributes = dict(span.attributes or {})
    source = attributes.get(semconv.GEN_AI_DATA_SOURCE_ID)
    assert span.name == ("retrieval" if source is None else f"retrieval {source}")
    return attributes


@pytest.mark.parametrize("how", ["search", "retriever"])
@pytest.mark.parametrize("store", STORES)
def test_store_says_what_is_searched_and_where(tracing: Tracing, store: str, how: str) -> None:
    """The collection, index or table and the server, whoever searches; nobody's password."""
    fields, source, server = STORES[store]
    searched = Store(**fields)
    if how == "search":
        searched.similarity_search("x")
    else:
        searched.as_retriever().invoke("x")
    said = attributes_of(tracing)
    assert said.get(semconv.GEN_AI_DATA_SOURCE_ID) == source
    found = (said.get(semconv.SERVER_ADDRESS), said.get(semconv.SERVER_PORT))
    assert found == (server or (None, None))
    assert said[semconv.GEN_AI_PROVIDER_NAME] == "Store"
    assert said[semconv.GEN_AI_REQUEST_MODEL] == "letters"
    kind = "Store" if how == "search" else "VectorStoreRetriever"
    assert said[semconv.RETRIEVER_CLASS] == kind
    assert PASSWORD not in str(said)


class FieldsRetriever(Retriever):
    """A retriever that keeps its fields as a real one does."""

    knowledge_base_id: str | None = None
    data_store_id: str | None = None
    index_id: str | None = None
    index_name: str | None = None
    collection_name: str | None = None
    connection_args: dict[str, Any] | None = None
    collection: Any = None
    client: Any = None


RETRIEVERS: dict[str, tuple[dict[str, Any], str, tuple[str, int] | None]] = {
    "Bedrock": (
        {"knowledge_base_id": "KB1", "client": Fields(_endpoint=Fields(host="https://b.example"))},
        "KB1",
        ("b.example", 443),
    ),
    "Vertex AI Search": ({"data_store_id": "store-1"}, "store-1", None),
    "Kendra": ({"index_id": "index-1"}, "index-1", None),
    "Milvus": (
        {"collection_name": "cats", "connection_args": {"uri": f"http://{ADDRESS}:9"}},
        "cats",
        (ADDRESS, 9),
    ),
    "Elasticsearch": (
        {
            "index_name": "cats",
            "client": Fields(_transport=Fields(node_pool=Fields(_seed_nodes=[NODE]))),
        },
        "cats",
        (ADDRESS, 9),
    ),
    "MongoDB Atlas, full text": ({"collection": MONGO}, "cats", (ADDRESS, 9)),
}


@pytest.mark.parametrize("retriever", RETRIEVERS)
def test_retriever_says_what_it_searches(tracing: Tracing, retriever: str) -> None:
    """Likewise of a retriever that has no vector store."""
    fields, source, server = RETRIEVERS[retriever]
    FieldsRetriever(**fields).invoke("x")
    said = attributes_of(tracing)
    assert said[semconv.GEN_AI_DATA_SOURCE_ID] == source
    found = (said.get(semconv.SERVER_ADDRESS), said.get(semconv.SERVER_PORT))
    assert found == (server or (None, None))


def test_name_of_a_retriever(tracing: Tracing) -> None:
    """A data source comes before the name that somebody gave to the retriever, its class never."""
    FieldsRetriever(name="docs", collection_name="cats").invoke("x")
    FieldsRetriever(name="docs").invoke("x")
    FieldsRetriever().invoke("x", {"run_name": "question 4711"})
    assert tracing.names() == ["retrieval cats", "retrieval docs", "retrieval"]


def test_nothing_is_awakened(tracing: Tracing) -> None:
    """No property is read and no lazy proxy is loaded: either might make a request."""
    touched = []

    class Proxy:
        def __getattribute__(self, name: str) -> Any:
            touched.append(name)
            raise RuntimeError(name)

    class Lazy(Store):
        @property
        def collection_name(self) -> str:
            touched.append("collection_name")
            return "cats"

        @property
        def client(self) -> Any:
            touched.append("client")
            return Fields(transport=Fields(hosts=[HOST]))

    Lazy(_client=Proxy(), _engine=Proxy(), _collection=Proxy()).similarity_search("x")
    said = attributes_of(tracing)
    assert not touched
    assert semconv.GEN_AI_DATA_SOURCE_ID not in said
    assert semconv.SERVER_ADDRESS not in said


# Scores


SCORES = {"bb": 1 / 3, "a": 1 / 2}


def scores_of(tracing: Tracing) -> dict[str, float | None]:
    """The documents of the only retrieval span with their scores."""
    found = json.loads(attributes_of(tracing)[semconv.GEN_AI_RETRIEVAL_DOCUMENTS])
    return {document["content"]: document.get("score") for document in found}


class Relevant(Shelf):
    """A store whose scores are twice as high where they are of relevance."""

    def _select_relevance_score_fn(self) -> Any:
        return lambda score: score * 2


@pytest.mark.parametrize("form", ["sync", "async"])
@pytest.mark.parametrize("search_type", ["similarity", "mmr"])
async def test_scores_that_a_retriever_drops(
    tracing_with_content: Tracing, search_type: str, form: str
) -> None:
    """LangChain's retriever gives documents alone; the search inside knows their scores."""
    retriever = Shelf().as_retriever(search_type=search_type, search_kwargs={"k": 2})
    found = retriever.invoke("xx") if form == "sync" else await retriever.ainvoke("xx")
    assert [document.metadata for document in found] == [{}, {}]
    assert scores_of(tracing_with_content) == SCORES


@pytest.mark.parametrize("form", ["sync", "async"])
async def test_scores_of_a_threshold(tracing_with_content: Tracing, form: str) -> None:
    """Where documents are chosen by their relevance, that is the score."""
    retriever = Relevant().as_retriever(
        search_type="similarity_score_threshold", search_kwargs={"k": 2, "score_threshold": 0.1}
    )
    _ = retriever.invoke("xx") if form == "sync" else await retriever.ainvoke("xx")
    assert scores_of(tracing_with_content) == {text: 2 * one for text, one in SCORES.items()}


@pytest.mark.parametrize("form", ["sync", "async"])
async def test_scores_of_relevance(tracing_with_content: Tracing, form: str) -> None:
    """Likewise where the caller gets them."""
    if form == "sync":
        found = Relevant().similarity_search_with_relevance_scores("xx", k=2)
    else:
        found = await Relevant().asimilarity_search_with_relevance_scores("xx", k=2)
    assert scores_of(tracing_with_content) == {doc.page_content: score for doc, score in found}
    assert tracing_with_content.tree() == f"retrieval shelf\n  {EMBED}"


def test_scores_that_a_search_drops(tracing_with_content: Tracing) -> None:
    """A store's own search for documents alone may be one with scores."""
    Shelf().similarity_search("xx", k=2)
    assert scores_of(tracing_with_content) == SCORES


class Chooses(BaseRetriever):
    """Searches twice, and gives what it found in an order of its own, as it is or as copies."""

    store: Any
    copies: bool = False
    metadata_score: float | None = None

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun
    ) -> list[Document]:
        found: Sequence[Document] = [
            *self.store.similarity_search(query, k=1),
            *self.store.similarity_search(query + "x", k=1),
        ]
        if self.metadata_score is not None:
            found[0].metadata["relevance_score"] = self.metadata_score
        kept = [Document(one.page_content) if self.copies else one for one in found]
        return kept[::-1]


def test_scores_of_several_searches(tracing_with_content: Tracing) -> None:
    """A retriever of one's own may search more than once."""
    Chooses(store=Shelf()).invoke("xx")
    assert scores_of(tracing_with_content) == {"ccc": 1 / 4, "bb": 1 / 3}


def test_scores_of_other_documents_are_not_taken(tracing_with_content: Tracing) -> None:
    """A document that no search gave has no score of theirs, whatever it says."""
    Chooses(store=Shelf(), copies=True).invoke("xx")
    assert scores_of(tracing_with_content) == {"ccc": None, "bb": None}


def test_score_of_a_document_itself_comes_first(tracing_with_content: Tracing) -> None:
    """What a reranker has written into the metadata is newer than what a search gave."""
    Chooses(store=Shelf(), metadata_score=0.9).invoke("xx")
    assert scores_of(tracing_with_content) == {"ccc": 1 / 4, "bb": 0.9}


def test_embeddings_stay_a_store_s_own(tracing: Tracing) -> None:
    """The model is that of the embeddings that the store holds, under whatever name."""

    class Named(Embeddings):
        def __init__(self) -> None:
            self.model_name = "numbers"

        def embed_documents(self, texts: list[str]) -> list[list[float]]:
            return [[1.0] for _ in texts]

        def embed_query(self, text: str) -> list[float]:
            return [1.0]

    store = Store()
    del store.embedding
    store.embedding_function = Named()  # type: ignore[attr-defined]
    store.as_retriever().invoke("x")
    assert attributes_of(tracing)[semconv.GEN_AI_REQUEST_MODEL] == "numbers"
