"""LangChain's own standard tests pass over real components as they do where nothing is traced.

Each class is one of theirs (`langchain-tests`), and each of its tests runs bare and traced, with
all content recorded; `operation` says what the traced ones are seen to do. The models are real
clients of servers on loopback. What the tests fetch from the web, a few bytes stand for. Skipped
are JSON mode, which sends no schema that a scripted model could fill, and a story from a record,
which is timed.
"""

from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import httpx
import pytest
from langchain_core.caches import InMemoryCache
from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.embeddings import DeterministicFakeEmbedding, Embeddings
from langchain_core.language_models import BaseChatModel
from langchain_core.load import dumpd
from langchain_core.messages import AIMessage
from langchain_core.retrievers import BaseRetriever
from langchain_core.stores import InMemoryByteStore, InMemoryStore
from langchain_core.tools import BaseTool, tool
from langchain_core.vectorstores import InMemoryVectorStore, VectorStore
from pydantic import Field

from openai_server import start_server as start_openai
from recording import Tracing, id_of, instrumented
from servers.anthropic_server import start_server as start_anthropic

pytest.importorskip("langchain_tests", reason="it needs LangChain 1.4 or newer")

from langchain_anthropic import ChatAnthropic
from langchain_core.indexing.in_memory import InMemoryDocumentIndex
from langchain_openai import ChatOpenAI, OpenAIEmbeddings
from langchain_tests.integration_tests import (
    AsyncCacheTestSuite,
    BaseStoreAsyncTests,
    BaseStoreSyncTests,
    ChatModelIntegrationTests,
    EmbeddingsIntegrationTests,
    RetrieversIntegrationTests,
    SyncCacheTestSuite,
    ToolsIntegrationTests,
    VectorStoreIntegrationTests,
    chat_models,
)
from langchain_tests.integration_tests.indexer import (
    AsyncDocumentIndexTestSuite,
    DocumentIndexerTestSuite,
)
from langchain_tests.unit_tests import ChatModelUnitTests, EmbeddingsUnitTests, ToolsUnitTests

pytestmark = [
    # The clients keep connections, and with them the loop in which they were opened.
    pytest.mark.asyncio(loop_scope="module"),
    # What their tests make LangChain, pydantic and the clients warn of.
    pytest.mark.filterwarnings("ignore"),
]

EVERYTHING: dict[str, Any] = {"capture_message_content": "SPAN_AND_EVENT", "capture_state": True}
OPENAI: dict[str, Any] = {"model": "gpt-5-mini", "stream_usage": True}
ANTHROPIC: dict[str, Any] = {"model": "claude-sonnet-4-5"}
WITHOUT_RUNS = frozenset(
    (
        "test_no_overrides_DO_NOT_OVERRIDE",
        "test_json_mode",
        "test_audio_inputs",
        "test_stream_time",
        "test_pdf_tool_message",
        "test_delete_missing_content",
        "test_delete_missing_content_async",
        "test_get_by_ids_missing",
        "test_get_by_ids_missing_async",
    )
)
"""What may run nothing in a class whose other tests do: it is about the class, or skipped."""
USAGE: Any = {
    "invoke": ["reasoning_output", "cache_read_input"],
    "stream": ["reasoning_output", "cache_read_input"],
}


class Web:
    """Where their tests get pictures, sound and documents."""

    @staticmethod
    def get(url: str, **_: Any) -> httpx.Response:
        return httpx.Response(200, content=f"The bytes of {url}".encode())


@pytest.fixture(scope="module", autouse=True)
def servers() -> Iterator[None]:
    """Where the clients find their servers, and keys."""
    with (
        start_openai() as openai,
        start_anthropic() as anthropic,
        pytest.MonkeyPatch.context() as m,
    ):
        m.setenv("OPENAI_BASE_URL", openai.base_url)
        m.setenv("ANTHROPIC_BASE_URL", anthropic.base_url)
        m.setenv("OPENAI_API_KEY", "a-key")
        m.setenv("ANTHROPIC_API_KEY", "a-key")
        m.setattr(chat_models, "httpx", Web)
        m.setenv("LANGCHAIN_TESTS_USER_AGENT", "test")
        yield


@pytest.fixture(autouse=True, params=["bare", "traced"])
def way(request: pytest.FixtureRequest) -> Iterator[None]:
    """Without tracing and with it; every span is ended once, and those that are due are there."""
    if "snapshot" in request.fixturenames:
        request.getfixturevalue("snapshot")
    if request.param == "bare":
        yield
        return
    tracing = Tracing()
    with instrumented(tracing, **EVERYTHING):
        yield
    assert sorted(map(id_of, tracing.lives.started)) == sorted(tracing.lives.ended)
    operations = {(span.attributes or {}).get("gen_ai.operation.name") for span in tracing.spans}
    due = getattr(request.cls, "operation", None)
    if due is None or (request.function.__name__ in WITHOUT_RUNS and not operations):
        assert not operations
    else:
        assert due in operations


@pytest.fixture
def snapshot(model: BaseChatModel) -> Callable[..., Any]:
    """What a model is serialized as before anything is traced."""
    serialized = dumpd(model)
    return lambda **_: serialized


@pytest.fixture
def benchmark() -> Callable[[Callable[[], None]], None]:
    """Run something once: nothing is timed."""
    return lambda function: function()


@pytest.fixture
def vcr() -> None:
    """There are no recorded answers."""


class OfOpenAI:
    """The client of OpenAI's API."""

    chat_model_class: type[BaseChatModel] = ChatOpenAI
    chat_model_params = OPENAI
    model_override_value = "gpt-4.1"
    supports_anthropic_inputs = supports_image_inputs = supports_image_urls = True
    supports_pdf_inputs = supports_audio_inputs = supports_image_tool_message = True


class TestOpenAI(OfOpenAI, ChatModelUnitTests):
    init_from_env_params = (
        {"OPENAI_API_KEY": "another-key", "OPENAI_API_BASE": "https://base.test"},
        OPENAI,
        {"openai_api_key": "another-key", "openai_api_base": "https://base.test"},
    )


class TestOpenAIServed(OfOpenAI, ChatModelIntegrationTests):
    operation = "chat"
    supported_usage_metadata_details = USAGE

    def invoke_with_reasoning_output(self, *, stream: bool = False) -> AIMessage:
        return answer("What is 1 + 2?", stream=stream)

    def invoke_with_cache_read_input(self, *, stream: bool = False) -> AIMessage:
        return answer([("user", "1 + 2?"), ("ai", "3"), ("user", "3 + 4?")], stream=stream)


class OfAnthropic:
    """The client of Anthropic's API."""

    chat_model_class: type[BaseChatModel] = ChatAnthropic
    chat_model_params = ANTHROPIC
    model_override_value = "claude-haiku-4-5"
    supports_anthropic_inputs = supports_image_inputs = supports_image_urls = True
    supports_pdf_inputs = supports_image_tool_message = supports_pdf_tool_message = True


class TestAnthropic(OfAnthropic, ChatModelUnitTests):
    init_from_env_params = (
        {"ANTHROPIC_API_KEY": "another-key"},
        ANTHROPIC,
        {"anthropic_api_key": "another-key"},
    )


class TestAnthropicServed(OfAnthropic, ChatModelIntegrationTests):
    operation = "chat"


class TestEmbeddings(EmbeddingsUnitTests):
    embeddings_class: type[Embeddings] = OpenAIEmbeddings
    init_from_env_params = (
        {"OPENAI_API_KEY": "a-key"},
        {"model": "text-embedding-3-small"},
        {"openai_api_key": "a-key"},
    )


class TestEmbeddingsServed(EmbeddingsIntegrationTests):
    operation = "embeddings"
    embeddings_class: type[Embeddings] = OpenAIEmbeddings
    # Counting tokens before the request would fetch a vocabulary from the web.
    embedding_model_params: ClassVar = {"check_embedding_ctx_length": False}


class TestFakeEmbeddings(EmbeddingsIntegrationTests):
    operation = "embeddings"
    embeddings_class: type[Embeddings] = DeterministicFakeEmbedding
    embedding_model_params: ClassVar = {"size": 8}


class TestVectorStore(VectorStoreIntegrationTests):
    operation = "embeddings"

    @pytest.fixture
    def vectorstore(self) -> VectorStore:
        return InMemoryVectorStore(self.get_embeddings())


class Searching(BaseRetriever):
    """Finds the nearest of a few documents."""

    store: InMemoryVectorStore = Field(
        default_factory=lambda: InMemoryVectorStore.from_texts(
            ["one", "two", "three", "four"], DeterministicFakeEmbedding(size=8)
        )
    )
    k: int = 2

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun, k: int | None = None
    ) -> list[Document]:
        return self.store.similarity_search(query, k=k or self.k)


class TestRetriever(RetrieversIntegrationTests):
    operation = "retrieval"
    retriever_constructor: type[BaseRetriever] = Searching
    retriever_query_example = "two"


@tool(response_format="content_and_artifact")
def multiply(first: float, second: float) -> tuple[str, float]:
    """Multiply two numbers."""
    return f"{first * second}", first * second


class Parrot(BaseTool):
    """A tool with a class of its own, and a coroutine."""

    name: str = "parrot"
    description: str = "Says what it hears."
    times: int = 1

    def _run(self, words: str) -> str:
        return words * self.times

    async def _arun(self, words: str) -> str:
        return words * self.times


class OfMultiply:
    tool_constructor = multiply
    tool_invoke_params_example: ClassVar = {"first": 2, "second": 3.5}


class OfParrot:
    tool_constructor: Any = Parrot
    tool_constructor_params: ClassVar = {"times": 2}
    tool_invoke_params_example: ClassVar = {"words": "hello"}


class TestMultiply(OfMultiply, ToolsUnitTests):
    pass


class TestMultiplyRun(OfMultiply, ToolsIntegrationTests):
    operation = "execute_tool"


class TestParrot(OfParrot, ToolsUnitTests):
    pass


class TestParrotRun(OfParrot, ToolsIntegrationTests):
    operation = "execute_tool"


class TestCache(SyncCacheTestSuite):
    @pytest.fixture
    def cache(self) -> InMemoryCache:
        return InMemoryCache()


class TestAsyncCache(AsyncCacheTestSuite):
    @pytest.fixture
    async def cache(self) -> InMemoryCache:
        return InMemoryCache()


class TestStore(BaseStoreSyncTests[Any]):
    @pytest.fixture
    def kv_store(self) -> InMemoryStore:
        return InMemoryStore()

    @pytest.fixture
    def three_values(self) -> tuple[Any, Any, Any]:
        return "a", 2, None


class TestAsyncStore(BaseStoreAsyncTests[bytes]):
    @pytest.fixture
    async def kv_store(self) -> InMemoryByteStore:
        return InMemoryByteStore()

    @pytest.fixture
    def three_values(self) -> tuple[bytes, bytes, bytes]:
        return b"a", b"b", b"c"


class TestIndex(DocumentIndexerTestSuite):
    @pytest.fixture
    def index(self) -> InMemoryDocumentIndex:
        return InMemoryDocumentIndex()


class TestAsyncIndex(AsyncDocumentIndexTestSuite):
    @pytest.fixture
    async def index(self) -> InMemoryDocumentIndex:
        return InMemoryDocumentIndex()


def answer(messages: Any, *, stream: bool) -> AIMessage:
    """What the served model answers, at once or as the sum of its chunks."""
    model = ChatOpenAI(**OPENAI)
    if not stream:
        return model.invoke(messages)
    first, *others = model.stream(messages)
    return sum(others, first)
