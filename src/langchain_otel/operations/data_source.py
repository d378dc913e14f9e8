"""Finds what is searched: the vector store that a retriever holds, its data source, its server."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any, Final, TypeVar

from langchain_otel import semconv
from langchain_otel.content.fields import fields_of, first_items, held, text_of
from langchain_otel.content.values import Facts, integer, text
from langchain_otel.operations.provider import model_of, server_at

Path = tuple[str | int, ...]
Found = TypeVar("Found")

STORES: Final = "langchain_core.vectorstores.base"
# A retriever, its store, and the store that this one is made of.
MAX_DEPTH: Final = 3
DATABASE_HOST, DATABASE_PORT = 3, 4
PINECONE_SERVICE: Final = ".svc."


def pinecone_index(host: Any) -> str | None:
    """The name of a Pinecone index, which its host begins with, before the project's."""
    name, service, _ = (text_of(host) or "").rpartition("://")[2].partition(PINECONE_SERVICE)
    return text(name.rpartition("-")[0]) if service else None


# Where a retriever or a vector store keeps the name of what it searches: a field, then what leads
# from there to a text. Fields only: a property might make a request.
NAMES: Final[tuple[tuple[Path, Callable[[Any], str | None]], ...]] = (
    (("knowledge_base_id",), text),  # Amazon Bedrock
    (("data_store_id",), text),  # Vertex AI Search
    (("index_id",), text),  # Amazon Kendra
    (("collection_name",), text),  # Qdrant, Milvus, PGVector, Astra DB
    (("_collection_name",), text),  # Chroma, Couchbase
    (("_collection", "_model", "name"), text),  # langchain-community's Chroma
    (("_collection", "_name"), text),  # MongoDB Atlas, DocumentDB
    (("collection", "_name"), text),  # retrievers of MongoDB Atlas and Milvus
    (("collection",), text),  # SurrealDB
    (("collection_id",), text),  # Needle
    (("_typesense_collection_name",), text),
    (("_vectara_corpus_id",), text),
    (("table_name",), text),  # PGVectorStore, BigQuery, DynamoDB, Supabase
    (("_table_name",), text),  # LanceDB, DuckDB
    (("using_table_name",), text),  # Vearch
    (("_table",), text),  # SQLite-vec
    (("config", "table"), text),  # ClickHouse, MyScale
    (("config", "index_name"), text),  # Redis
    (("index_name",), text),  # OpenSearch, Neo4j, Azure AI Search's retriever
    (("_index_name",), text),  # Weaviate, Azure AI Search
    (("_store", "index"), text),  # Elasticsearch
    (("_searcher", "_collection_id"), text),  # Vertex AI Vector Search
    (("_searcher", "_deployed_index_id"), text),
    (("_index_host",), pinecone_index),
)


def url(value: Any) -> Facts:
    """The server of a URL; a path of a file is none, and who logs in is left out."""
    scheme, mark, rest = (text_of(value) or "").partition("://")
    # As `postgresql+psycopg`: the driver is no part of the protocol.
    return server_at(f"{scheme.partition('+')[0]}://{rest}") if mark else {}


def endpoint(value: Any) -> Facts:
    """The server that something has as its `host` and `port`, or that is a pair of both."""
    fields = value if type(value) is dict else fields_of(value)
    return _server(fields.get("host"), fields.get("port")) or _server(*_pair(value))


def database(value: Any) -> Facts:
    """The server of SQLAlchemy's URL, which is a tuple."""
    parts = first_items(value, DATABASE_PORT + 1)
    if len(parts) <= DATABASE_PORT:
        return {}
    facts = _server(parts[DATABASE_HOST], parts[DATABASE_PORT])
    if facts and semconv.SERVER_PORT not in facts:
        return url(f"{text_of(parts[0])}://{facts[semconv.SERVER_ADDRESS]}")
    return facts


def qdrant(value: Any) -> Facts:
    """The server of a Qdrant client, which has two ports."""
    fields = fields_of(value)
    if fields.get("_prefer_grpc") is True:
        return _server(fields.get("_host"), fields.get("_grpc_port"))
    return url(fields.get("rest_uri"))


def _server(host: Any, port: Any) -> Facts:
    address = text(text_of(host))
    if address is None:
        return {}
    number = integer(port)
    facts: Facts = {semconv.SERVER_ADDRESS: address}
    return facts if number is None else facts | {semconv.SERVER_PORT: number}


def _pair(value: Any) -> tuple[Any, Any]:
    items = first_items(value, 2)
    return (items[0], items[1]) if len(items) == len(("host", "port")) else (None, None)


# Where the client that a retriever or a vector store uses keeps its server.
SERVERS: Final[tuple[tuple[Path, Callable[[Any], Facts]], ...]] = (
    (("_client", "_server", "_api_url"), url),  # Chroma over HTTP
    (("_client", "_client"), qdrant),
    (("client", "_client"), qdrant),
    (("client", "_transport", "node_pool", "_seed_nodes", 0), endpoint),  # Elasticsearch
    (("client", "transport", "hosts", 0), endpoint),  # OpenSearch
    (("_index", "_SearchIndex__redis_client", "connection_pool", "connection_kwargs"), endpoint),
    (("_index", "_SearchIndex__redis_client", "connection_pool", "_connection_kwargs"), endpoint),
    (("config", "redis_client", "connection_pool", "connection_kwargs"), endpoint),
    (("config", "redis_client", "connection_pool", "_connection_kwargs"), endpoint),
    (("client", "connection_pool", "connection_kwargs"), endpoint),  # Redis, Valkey
    (("client", "connection_pool", "_connection_kwargs"), endpoint),
    (("config", "redis_url"), url),
    (("config",), endpoint),  # ClickHouse, MyScale
    (("_engine", "url"), database),  # PGVector
    (("_async_engine", "sync_engine", "url"), database),
    (("_engine", "_pool", "sync_engine", "url"), database),  # PGVectorStore
    (("engine", "sync_engine", "url"), database),
    (("engine", "url"), database),
    (("connection_string",), url),  # langchain-community's PGVector and others
    (("service_url",), url),  # Timescale
    (("_index_host",), server_at),  # Pinecone
    (("_connection_args", "uri"), url),  # Milvus
    (("_connection_args",), endpoint),
    (("connection_args", "uri"), url),
    (("connection_args",), endpoint),
    (("_client", "_connection", "_connection_params", "http"), endpoint),  # Weaviate
    (("_collection", "_database", "_client", "_topology", "_seed_addresses", 0), endpoint),
    (("collection", "_database", "_client", "_topology", "_seed_addresses", 0), endpoint),
    (("_driver", "_initial_addresses", 0), endpoint),  # Neo4j, which routes
    (("_driver", "_address"), endpoint),
    (("api_endpoint",), url),  # Astra DB
    (("_azure_search_endpoint",), url),
    (("client", "_endpoint"), url),  # Azure AI Search
    (("client", "_endpoint", "host"), url),  # boto: langchain-aws
    (("dburl",), url),  # SurrealDB
)


def data_source_of(owner: object) -> str | None:
    """The collection, index or table that a retriever or a vector store names."""
    return next((name for place in _searched(owner) if (name := _first(place, NAMES))), None)


def search_facts(owner: object) -> Facts:
    """What is searched, by a retriever or in a vector store, and by which class."""
    facts = _server_of(owner) | class_fact(owner)
    source, model = data_source_of(owner), _model_of(owner)
    if source is not None:
        facts[semconv.GEN_AI_DATA_SOURCE_ID] = source
    if model is not None:
        facts[semconv.GEN_AI_REQUEST_MODEL] = model
    return facts


def class_fact(owner: object) -> Facts:
    """The class of what retrieves, which no span is named by."""
    return {} if owner is None else {semconv.RETRIEVER_CLASS: type(owner).__name__}


def _server_of(owner: object) -> Facts:
    return next((facts for place in _searched(owner) if (facts := _first(place, SERVERS))), {})


def _model_of(owner: object) -> str | None:
    from langchain_core.embeddings import Embeddings

    models = (model_of(held(place, Embeddings)) for place in _searched(owner))
    return next((name for name in models if name), None)


def _store_of(owner: object) -> object | None:
    module = sys.modules.get(STORES)
    return None if module is None else held(owner, module.VectorStore)


def _searched(owner: object) -> Iterator[object]:
    """An object, the vector store that it holds, and the one that this one is made of."""
    place: object | None = owner
    for _ in range(MAX_DEPTH):
        if place is None:
            return
        yield place
        place = _store_of(place)


def _first(owner: object, table: tuple[tuple[Path, Callable[[Any], Found]], ...]) -> Found | None:
    fields = fields_of(owner)
    for path, convert in table:
        if path[0] in fields and (found := convert(_reached(fields[path[0]], path))):
            return found
    return None


def _reached(value: Any, path: Path) -> Any:
    for step in islice(path, 1, None):
        if value is None:
            return None
        value = _held_at(value, step)
    return value


def _held_at(value: Any, step: str | int) -> Any:
    if isinstance(step, int):
        return next(iter(first_items(value, step + 1)[step:]), None)
    return (value if type(value) is dict else fields_of(value)).get(step)
