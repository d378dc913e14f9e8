"""Which of these tests the environment is made for."""

from installed import installed

EMBEDDINGS = (
    *("langchain_aws", "langchain_cohere", "langchain_google_genai", "langchain_mistralai"),
    *("langchain_ollama", "langchain_openai", "langchain_voyageai", "langchain_xai"),
)
collect_ignore = [] if all(map(installed, EMBEDDINGS)) else ["test_embedding_tokens.py"]
