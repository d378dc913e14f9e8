"""Knows the real checkpointers: each opens the storage that a connection string names.

A storage may be opened again, and by another process (`DURABLE` says which), whose program needs no
more than this module:

    with SAVERS[name](place) as saver: ...
    async with ASYNC_SAVERS[name](place) as saver: ...

The driver is imported by whoever opens a storage of it.
"""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import (
    AbstractAsyncContextManager,
    AbstractContextManager,
    asynccontextmanager,
    contextmanager,
)
from dataclasses import dataclass
from typing import Any, Final

Open = Callable[[str], AbstractContextManager[Any]]
OpenAsync = Callable[[str], AbstractAsyncContextManager[Any]]

CONNECTION: Final = {"autocommit": True, "prepare_threshold": 0}
MODULES: Final = {
    "memory": "langgraph.checkpoint.memory",
    "sqlite": "langgraph.checkpoint.sqlite",
    "postgres": "langgraph.checkpoint.postgres",
    "postgres pool": "langgraph.checkpoint.postgres",
}
DURABLE: Final = tuple(name for name in MODULES if name != "memory")
_memories: Final[dict[str, Any]] = {}


@dataclass(frozen=True, slots=True)
class Storage:
    """A storage of a test's own: the saver's name, and the connection string."""

    name: str
    place: str

    def open(self) -> AbstractContextManager[Any]:
        """A saver, ready for use; each call gives another one on the same storage."""
        return SAVERS[self.name](self.place)

    def open_async(self) -> AbstractAsyncContextManager[Any]:
        """The same for async code."""
        return ASYNC_SAVERS[self.name](self.place)


def forget_memories() -> None:
    """Free what the savers in memory hold."""
    _memories.clear()


@contextmanager
def memory(place: str) -> Iterator[Any]:
    from langgraph.checkpoint.memory import InMemorySaver

    yield _memories.setdefault(place, InMemorySaver())


@contextmanager
def sqlite(place: str) -> Iterator[Any]:
    from langgraph.checkpoint.sqlite import SqliteSaver

    with SqliteSaver.from_conn_string(place) as saver:
        saver.setup()
        yield saver


@contextmanager
def postgres(place: str) -> Iterator[Any]:
    from langgraph.checkpoint.postgres import PostgresSaver

    with PostgresSaver.from_conn_string(place) as saver:
        saver.setup()
        yield saver


@contextmanager
def postgres_pool(place: str) -> Iterator[Any]:
    from langgraph.checkpoint.postgres import PostgresSaver
    from psycopg.rows import dict_row
    from psycopg_pool import ConnectionPool

    options = {**CONNECTION, "row_factory": dict_row}
    pool: Any = ConnectionPool(place, min_size=1, max_size=4, kwargs=options, open=False)
    with pool:
        saver = PostgresSaver(pool)
        saver.setup()
        yield saver


@asynccontextmanager
async def async_memory(place: str) -> AsyncIterator[Any]:
    with memory(place) as saver:
        yield saver


@asynccontextmanager
async def async_sqlite(place: str) -> AsyncIterator[Any]:
    from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

    async with AsyncSqliteSaver.from_conn_string(place) as saver:
        await saver.setup()
        yield saver


@asynccontextmanager
async def async_postgres(place: str) -> AsyncIterator[Any]:
    from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver

    async with AsyncPostgresSaver.from_conn_string(place) as saver:
        await saver.setup()
        yield saver


@asynccontextmanager
async def async_postgres_pool(place: str) -> AsyncIterator[Any]:
    from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
    from psycopg.rows import dict_row
    from psycopg_pool import AsyncConnectionPool

    options = {**CONNECTION, "row_factory": dict_row}
    pool: Any = AsyncConnectionPool(place, min_size=1, max_size=4, kwargs=options, open=False)
    async with pool:
        saver = AsyncPostgresSaver(pool)
        await saver.setup()
        yield saver


SAVERS: Final[dict[str, Open]] = {
    "memory": memory,
    "sqlite": sqlite,
    "postgres": postgres,
    "postgres pool": postgres_pool,
}
ASYNC_SAVERS: Final[dict[str, OpenAsync]] = {
    "memory": async_memory,
    "sqlite": async_sqlite,
    "postgres": async_postgres,
    "postgres pool": async_postgres_pool,
}
