"""Does what applications do with models, tools, agents and retrieval; says nothing of tracing.

Real clients of OpenAI and Anthropic talk to servers on loopback that speak their formats.
"""

import asyncio
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "examples"), str(ROOT / "tests")]

from langchain.agents import create_agent  # noqa: E402
from langchain_anthropic import ChatAnthropic  # noqa: E402
from langchain_core.documents import Document  # noqa: E402
from langchain_core.messages import HumanMessage, SystemMessage  # noqa: E402
from langchain_core.output_parsers import StrOutputParser  # noqa: E402
from langchain_core.prompts import ChatPromptTemplate  # noqa: E402
from langchain_core.tools import tool  # noqa: E402
from langchain_core.vectorstores import InMemoryVectorStore  # noqa: E402
from langchain_openai import ChatOpenAI, OpenAI, OpenAIEmbeddings  # noqa: E402
from langgraph.graph import START, MessagesState, StateGraph  # noqa: E402
from openai import OpenAIError  # noqa: E402
from pydantic import BaseModel  # noqa: E402

from openai_server import start_server as start_openai  # noqa: E402
from servers.anthropic_server import start_server as start_anthropic  # noqa: E402

THREAD: Any = {"configurable": {"thread_id": "thread-1"}}
IN_THREAD: Any = {"metadata": {"thread_id": "thread-1"}}
PICTURE = "iVBORw0KGgoAAAANSUhEUg=="
HUB = {"lc_hub_repo": "greeter", "lc_hub_commit_hash": "abc123"}


class Answer(BaseModel):
    """An answer."""

    text: str


@tool
def get_weather(city: str) -> str:
    """Tell the weather in a city."""
    return f"sunny in {city}"


@tool
def fail(city: str) -> str:
    """Fail to tell anything."""
    raise ValueError(city)


def openai(url: str, **options: Any) -> ChatOpenAI:
    options = {"model": "gpt-4.1", "api_key": "none", "max_retries": 0, **options}
    return ChatOpenAI(base_url=url, stream_usage=True, **options)


def anthropic(url: str, **options: Any) -> Any:
    options = {"model_name": "claude-scripted-1", "api_key": "none", "max_retries": 0, **options}
    return ChatAnthropic(base_url=url, **options)


async def models(openai_url: str, anthropic_url: str) -> None:
    conversation = [SystemMessage("Be brief"), HumanMessage("Hello")]
    everything = openai(
        openai_url,
        temperature=0.5,
        top_p=0.9,
        seed=7,
        n=2,
        stop=["END"],
        max_tokens=100,
        frequency_penalty=0.1,
        presence_penalty=0.2,
        service_tier="flex",
    )
    everything.invoke(conversation, IN_THREAD)
    prompt = ChatPromptTemplate([("human", "Greet {name}")], metadata=HUB)
    async for _ in (prompt | openai(openai_url) | StrOutputParser()).astream({"name": "Ada"}):
        pass
    openai(openai_url, reasoning_effort="low").with_structured_output(Answer).invoke("As JSON")
    picture = {"type": "image", "base64": PICTURE, "mime_type": "image/png"}
    openai(openai_url).invoke([HumanMessage([{"type": "text", "text": "What is it?"}, picture])])
    with suppress(OpenAIError):
        openai(openai_url, model="fail-429").invoke("Hello")
    completion: dict[str, Any] = {"api_key": "none", "base_url": openai_url}
    OpenAI(model="gpt-3.5-turbo-instruct", **completion).invoke("Hello")
    model = anthropic(anthropic_url, temperature=0.5, top_k=5, max_tokens=100)
    model.invoke(conversation, IN_THREAD)
    async for _ in model.astream(conversation):
        pass


async def agents(openai_url: str) -> None:
    agent = create_agent(
        openai(openai_url), [get_weather], name="weather-agent", system_prompt="Be brief"
    )
    question: Any = {"messages": [HumanMessage("What is the weather in Paris?")]}
    await agent.ainvoke(question, THREAD)
    builder = StateGraph(MessagesState)
    builder.add_node("agent", agent)
    builder.add_edge(START, "agent")
    builder.compile(name="travel").invoke(question, THREAD)
    with suppress(ValueError):
        fail.invoke({"city": "Paris"})


async def retrieval(openai_url: str) -> None:
    options: dict[str, Any] = {"api_key": "none", "base_url": openai_url, "dimensions": 8}
    # Otherwise it fetches a tokenizer from elsewhere.
    options["check_embedding_ctx_length"] = False
    embeddings = OpenAIEmbeddings(model="text-embedding-3-small", **options)
    store = InMemoryVectorStore(embeddings)
    await store.aadd_documents([Document("cats", id="1"), Document("dogs", id="2")])
    store.similarity_search("cats", k=1)
    await store.as_retriever(search_kwargs={"k": 2}).ainvoke("dogs")


async def main() -> None:
    with start_openai() as openai_server, start_anthropic() as anthropic_server:
        await models(openai_server.base_url, anthropic_server.base_url)
        await agents(openai_server.base_url)
        await retrieval(openai_server.base_url)


if __name__ == "__main__":
    asyncio.run(main())
