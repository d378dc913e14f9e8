"""Answers from documents: they are embedded and stored, those like the question are found.

    python examples/rag.py

The embedding model is small, and comes with the package `wordllama`: nothing is downloaded.
"""

import logging
from pathlib import Path
from typing import Any

import wordllama
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import Runnable, RunnablePassthrough
from langchain_core.vectorstores import InMemoryVectorStore
from langchain_openai import ChatOpenAI

import langchain_otel
from demo_model import chat_model

QUESTION = "Where can I swim?"
HOTELS = (
    "Hotel Adler in Vienna serves breakfast until eleven.",
    "Casa do Rio in Lisbon has a pool on its roof.",
    "Pensão Luz in Lisbon lends bicycles to its guests.",
)


class SmallEmbeddings(Embeddings):
    """The vectors of words that a package ships; a text has the mean of its words'."""

    def __init__(self) -> None:
        folder = Path(wordllama.__file__).parent
        self.model = "l2_supercat_256"
        self._words: Any = wordllama.WordLlama.load(cache_dir=folder, disable_download=True)

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """One vector for each text."""
        vectors: list[list[float]] = self._words.embed(texts, norm=True).tolist()
        return vectors

    def embed_query(self, text: str) -> list[float]:
        """The vector of a question."""
        return self.embed_documents([text])[0]


def read(documents: list[Document]) -> str:
    """The documents as the model reads them."""
    return "\n".join(document.page_content for document in documents)


def answering(retriever: BaseRetriever, model: ChatOpenAI) -> Runnable[str, str]:
    """A chain that finds documents and has the model answer from them."""
    prompt = ChatPromptTemplate.from_template("Answer from this.\n{documents}\n{question}")
    found = {"documents": retriever | read, "question": RunnablePassthrough()}
    return (found | prompt | model | StrOutputParser()).with_config(run_name="rag")


def main() -> None:
    """Store the documents, and ask."""
    # The package has everybody's informational logs printed.
    logging.getLogger().setLevel(logging.WARNING)
    langchain_otel.configure(service_name="hotels")
    store = InMemoryVectorStore.from_texts(list(HOTELS), SmallEmbeddings())
    with chat_model() as model:
        print(answering(store.as_retriever(search_kwargs={"k": 1}), model).invoke(QUESTION))


if __name__ == "__main__":
    main()
