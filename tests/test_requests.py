"""What a model's request says beyond its parameters: output form, reasoning, tier, prompt."""

from collections.abc import Iterator
from typing import Any

import pytest
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate, PromptTemplate
from langchain_openai import ChatOpenAI
from pydantic import BaseModel

from langchain_otel import semconv
from models import Model
from openai_server import ModelServer, start_server
from recording import Tracing


class Answer(BaseModel):
    """An answer."""

    text: str


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with start_server() as server:
        yield server


def chat(server: ModelServer, **options: Any) -> Any:
    options = {"model": "gpt-5-mini", "api_key": "none", "max_retries": 0, **options}
    return ChatOpenAI(base_url=server.base_url, **options)


def attributes_of(tracing: Tracing) -> dict[str, Any]:
    (span,) = [span for span in tracing.spans if span.name.startswith("chat")]
    return dict(span.attributes or {})


@pytest.mark.filterwarnings("ignore:Pydantic serializer warnings")  # of LangChain 0.3's answers
@pytest.mark.parametrize("method", ["json_schema", "function_calling", "json_mode"])
def test_structured_output_is_json(tracing: Tracing, server: ModelServer, method: str) -> None:
    """Whatever way leads to a schema, JSON is what was asked for."""
    model = chat(server).with_structured_output(Answer, method=method, include_raw=True)
    model.invoke("Answer in JSON")
    assert attributes_of(tracing)[semconv.GEN_AI_OUTPUT_TYPE] == "json"


def test_plain_request_has_no_output_type(tracing: Tracing, server: ModelServer) -> None:
    """Without a wish for a form there is no attribute."""
    chat(server).invoke("Hello")
    assert semconv.GEN_AI_OUTPUT_TYPE not in attributes_of(tracing)
    assert semconv.OPENAI_REQUEST_SERVICE_TIER not in attributes_of(tracing)


def test_reasoning_and_tier(tracing: Tracing, server: ModelServer) -> None:
    """The provider's own word for the effort; a tier that is not the default."""
    chat(server, reasoning_effort="low", service_tier="flex").invoke("Hello")
    attributes = attributes_of(tracing)
    assert attributes[semconv.GEN_AI_REQUEST_REASONING_LEVEL] == "low"
    assert attributes[semconv.OPENAI_REQUEST_SERVICE_TIER] == "flex"


HUB = {"lc_hub_owner": "acme", "lc_hub_repo": "greeter", "lc_hub_commit_hash": "abc123"}


@pytest.mark.parametrize("streamed", [False, True])
def test_prompt_of_a_chain(tracing: Tracing, streamed: bool) -> None:
    """A prompt from a hub names itself and its version on the model call that it was made for."""
    prompt = ChatPromptTemplate([("human", "Greet {name}")], metadata=HUB)
    chain = prompt | Model() | StrOutputParser()
    if streamed:
        list(chain.stream({"name": "the secret person"}))
    else:
        chain.invoke({"name": "the secret person"})
    attributes = attributes_of(tracing)
    assert attributes[semconv.GEN_AI_PROMPT_NAME] == "greeter"
    assert attributes[semconv.GEN_AI_PROMPT_VERSION] == "abc123"
    assert not [name for name in attributes if name.startswith(semconv.GEN_AI_PROMPT_VARIABLE)]
    assert "secret" not in str([span.to_json() for span in tracing.spans])


def test_prompt_variables_are_content(tracing_with_content: Tracing) -> None:
    """With content on, what the template was filled in with is there."""
    prompt = PromptTemplate.from_template("Greet {name} {times} times", name="greeting")
    (prompt | Model()).invoke({"name": "Ada", "times": 2})
    attributes = attributes_of(tracing_with_content)
    assert attributes[semconv.GEN_AI_PROMPT_NAME] == "greeting"
    assert attributes[semconv.GEN_AI_PROMPT_VARIABLE + "name"] == "Ada"
    assert attributes[semconv.GEN_AI_PROMPT_VARIABLE + "times"] == "2"


def test_unnamed_prompt_has_no_name(tracing: Tracing) -> None:
    """A type name is no name; a prompt is told of one model call only."""
    (ChatPromptTemplate.from_template("x {name}") | Model()).invoke({"name": "Ada"})
    assert semconv.GEN_AI_PROMPT_NAME not in attributes_of(tracing)
