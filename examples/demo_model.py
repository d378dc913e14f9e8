"""The chat model of the examples: the scripted one, or one that the environment names.

With OPENAI_API_KEY and OPENAI_BASE_URL set it is that server's model OPENAI_MODEL.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from langchain_openai import ChatOpenAI
from pydantic import SecretStr

from openai_server import start_server


@contextmanager
def chat_model(**options: Any) -> Iterator[ChatOpenAI]:
    """A model for as long as the `with` block lasts."""
    options = {"model": os.environ.get("OPENAI_MODEL", "gpt-5-mini"), **options}
    if {"OPENAI_API_KEY", "OPENAI_BASE_URL"} <= os.environ.keys():
        yield ChatOpenAI(**options)
        return
    with start_server() as server:
        yield ChatOpenAI(base_url=server.base_url, api_key=SecretStr("none"), **options)
