"""Which of these tests the environment is made for, and what becomes of the clients they drop."""

import gc
import warnings
from collections.abc import Iterator

import pytest

from installed import installed, of_installed
from providers.chat_clients import CLIENTS

EMBEDDINGS = (
    *("langchain_aws", "langchain_cohere", "langchain_google_genai", "langchain_mistralai"),
    *("langchain_ollama", "langchain_openai", "langchain_voyageai", "langchain_xai"),
)
collect_ignore = [
    *([] if all(map(installed, EMBEDDINGS)) else ["test_embedding_tokens.py"]),
    *([] if of_installed(CLIENTS) else ["test_chat_clients.py"]),
    *([] if installed("langchain_voyageai") else ["test_voyage.py"]),
]


@pytest.fixture(autouse=True, scope="module")
def dropped_clients() -> Iterator[None]:
    """They have open connections, for which no test of another module is to answer."""
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()
