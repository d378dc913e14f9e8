"""Keys and tokens stay where clients and applications keep them, whatever is recorded."""

import json
import logging
import random
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import pytest
from langchain_anthropic import ChatAnthropic
from langchain_core.documents import Document
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from langgraph.graph import START, StateGraph
from opentelemetry.exporter.otlp.proto.common._log_encoder import encode_logs
from opentelemetry.exporter.otlp.proto.common.metrics_encoder import encode_metrics
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from pydantic import Field
from typing_extensions import TypedDict

import openai_server
from credentials import SHAPES, found_in
from langchain_otel import health
from langchain_otel.__main__ import main
from langchain_otel.content.credentials import names_credential, without_url_credentials
from langchain_otel.exporters.otlp_file import FileSpanExporter
from models import Model
from recording import Tracing, instrumented
from seeds import LONG, SEED, count
from servers import anthropic_server

ALL: Final = json.dumps(SHAPES)
# One client for each takes long; in headers are all of them.
CHOSEN: Final = random.Random(SEED).sample([*SHAPES.values()], count(2, len(SHAPES)))
HEADERS: Final = {
    f"x-header-{number}": secret.replace("\n", " ") for number, secret in enumerate(SHAPES.values())
}


class State(TypedDict):
    x: Any


class Keeps(BaseChatModel):
    """A model by hand, which keeps keys as those of providers do, and says them in its params."""

    api_key: str = ALL
    default_headers: Any = HEADERS
    model_kwargs: Any = Field(default_factory=lambda: {"extra_headers": HEADERS, "api_key": ALL})

    @property
    def _llm_type(self) -> str:
        return "keeps"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        return {"model": "m", "api_key": ALL, "headers": HEADERS, "model_kwargs": self.model_kwargs}

    def _generate(self, *_: Any, **__: Any) -> ChatResult:
        message = AIMessage("x", response_metadata={"headers": HEADERS, "request": ALL})
        return ChatResult(
            generations=[ChatGeneration(message=message, generation_info={"headers": HEADERS})],
            llm_output={"headers": HEADERS, "api_key": ALL},
        )


class Searches(BaseRetriever):
    """A retriever that keeps a connection string, and fields as its parts are called."""

    connection_string: str
    connection_args: Any
    api_key: str = ALL
    search_kwargs: Any = Field(default_factory=lambda: {"api_key": ALL})

    def _get_relevant_documents(self, query: str, **_: Any) -> list[Document]:
        return [Document("found")]


@tool
def login(api_key: str, note: str = "") -> str:
    """Log in."""
    return "in"


make_openai: Any = ChatOpenAI
make_anthropic: Any = ChatAnthropic


def with_secrets(url: str, secret: str) -> str:
    """A URL with a user, a password and a key in its query."""
    return url.replace("//", f"//user:{quote(secret, safe='')}@") + f"?key={quote(secret, safe='')}"


def openai() -> None:
    with openai_server.start_server() as server:
        for secret in CHOSEN:
            header = secret.replace("\n", " ")
            for model in ("gpt-5-mini", "fail-401"):
                url = with_secrets(server.base_url, secret)
                client = make_openai(
                    model=model,
                    api_key=header,
                    # The second is unknown to the server, which quotes it.
                    base_url=url if model == "fail-401" else url.partition("?")[0],
                    default_headers=HEADERS | {"x-api-key": header},
                    organization=header,
                    model_kwargs={"extra_headers": {"authorization": header}},
                    extra_body={"api_key": secret},
                    max_retries=0,
                )
                with suppress(Exception):
                    client.invoke("hi", extra_headers={"x-other": header}, user="ada")


def anthropic() -> None:
    with anthropic_server.start_server() as server:
        for secret in CHOSEN:
            header = secret.replace("\n", " ")
            for model in ("claude-scripted-1", "fail-401"):
                client = make_anthropic(
                    model_name=model,
                    api_key=header,
                    base_url=with_secrets(server.base_url, secret).partition("?")[0],
                    default_headers=HEADERS,
                    model_kwargs={"extra_headers": {"x-other": header}},
                    max_retries=0,
                )
                with suppress(Exception):
                    client.invoke("hi")


def by_hand() -> None:
    Keeps().invoke("hi", api_key=ALL, extra_headers=HEADERS)
    list(Keeps().stream("hi"))


def stores() -> None:
    for secret in SHAPES.values():
        url = with_secrets("postgresql://db.example:5432/x", secret)
        Searches(connection_string=url, connection_args={"uri": url}).invoke("q")


def configurations() -> None:
    config: Any = {
        "configurable": {"api_key": ALL, "openai_api_key": ALL, "other": ALL, "thread_id": "1"},
        "metadata": {
            "api_key": ALL,
            "Authorization": f"Bearer {ALL}",
            "aws_secret_access_key": ALL,
            "db-password": ALL,
            "headers": {"Cookie": ALL, "x": [{"clientSecret": ALL}]},
            "note": "fine",
        },
    }
    RunnableLambda(lambda it: it, name="step").invoke(0, config)
    Model().invoke("hi", config)
    builder: Any = StateGraph(State)
    builder.add_node("node", lambda state: state)
    builder.add_edge(START, "node")
    builder.compile().invoke({"x": 1}, config)


def unreachable() -> None:
    def body(_: Any) -> None:
        urls = [with_secrets("https://api.example/v1", secret) for secret in SHAPES.values()]
        raise ConnectionError(f"cannot reach {urls}, nor /v1?api_key={quote(SHAPES['AWS key'])}")

    with suppress(ConnectionError):
        RunnableLambda(body).invoke(0)


def failures() -> None:
    with suppress(ValueError):
        Model(fails=ValueError(ALL)).invoke("hi")


def arguments() -> None:
    login.invoke({"api_key": ALL, "note": ALL})
    call = {"name": "login", "args": {"api_key": ALL}, "id": "1", "type": "tool_call"}
    Model().invoke([AIMessage("", tool_calls=[call])])
    RunnableLambda(lambda it: it).invoke({"password": ALL})


KEPT: Final[list[Callable[[], None]]] = [
    openai, anthropic, by_hand, stores, configurations, unreachable,
]  # fmt: skip
"""Where keys are kept: no content, so they do not leave with content on, either."""
SAID: Final[list[Callable[[], None]]] = [failures, arguments]
"""Where an application says them: content, which does not leave while it is off."""


def everything_sent(tracing: Tracing) -> str:
    data = tracing.metric_reader.get_metrics_data()
    assert data is not None
    sent = encode_spans(tracing.spans), encode_logs(tracing.logs), encode_metrics(data)
    return "\n".join(map(str, sent)) + str([span.to_json() for span in tracing.spans])


@pytest.mark.parametrize("dialect", ["gen_ai", "both"] if LONG else ["both"])
@pytest.mark.parametrize(
    ("program", "content"),
    [(each, "NO_CONTENT") for each in KEPT + SAID] + [(each, "SPAN_AND_EVENT") for each in KEPT],
)
def test_keys_stay(
    program: Callable[[], None],
    content: str,
    dialect: str,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    """On no channel: spans, log records, metrics, our own log, the page and the tree of `view`."""
    caplog.set_level(logging.DEBUG, "langchain_otel")
    tracing = Tracing()
    with instrumented(
        tracing, capture_message_content=content, capture_state=True, emit_event=True,
        dialect=dialect,
    ):  # fmt: skip
        program()
    health.failures.pop("max_content_length", None)
    assert tracing.spans
    if program in {openai, anthropic}:
        answered = [span for span in tracing.spans if span.status.is_unset]
        assert len(answered) == len(CHOSEN)
    assert found_in(everything_sent(tracing)) == []
    ours = [each.getMessage() for each in caplog.records if each.name.startswith("langchain_otel")]
    assert found_in("\n".join(ours)) == []
    file = tmp_path / "traces.jsonl"
    FileSpanExporter(file).export(tracing.spans)
    assert main(["view", str(file)]) == 0
    assert main(["view", str(file), "--html", str(tmp_path / "page.html")]) == 0
    shown = capsys.readouterr()
    assert found_in(shown.out + shown.err + (tmp_path / "page.html").read_text()) == []


def test_the_shapes_are_found_where_they_leave() -> None:
    """The same with the text of exceptions, which content on lets out: the search finds each."""
    tracing = Tracing()
    with instrumented(tracing, capture_message_content="SPAN_AND_EVENT"):
        failures()
    assert found_in(everything_sent(tracing)) == list(SHAPES)


NAMES: Final = (
    "api_key", "apiKey", "OPENAI_API_KEY", "x-api-key", "Authorization", "proxy-authorization",
    "password", "db_password", "passwd", "secret", "client_secret", "aws_secret_access_key",
    "access_token", "token", "refreshToken", "cookie", "Set-Cookie", "credentials", "private_key",
    "connection_string", "bearer",
)  # fmt: skip
INNOCENT: Final = (
    "user", "key", "keyword", "max_tokens", "token_count", "tokens", "author", "path", "monkey",
    "secretary", "note", "cookies_accepted", "passage", "thread_id", "",
)  # fmt: skip


def test_urls_keep_the_rest() -> None:
    """Only what is a credential is masked, wherever a URL stands in a text."""
    text = (
        "GET https://ada:s3@host:8/v1?key=s3&model=x&sig=s3#s failed, see https://docs.host/a?q=1"
    )
    assert without_url_credentials(text) == (
        "GET https://***@host:8/v1?key=***&model=x&sig=***#s failed, see https://docs.host/a?q=1"
    )
    for innocent in ("x = 1", "a?b", "mail ada@host", "a://b", "f(x=1)", "https://host/@ada"):
        assert without_url_credentials(innocent) == innocent


@pytest.mark.parametrize("name", NAMES)
def test_names_of_credentials(name: str) -> None:
    """However a name is written, it says what stands under it."""
    assert names_credential(name)


@pytest.mark.parametrize("name", INNOCENT)
def test_names_of_other_things(name: str) -> None:
    """Names that only look alike leave nothing out."""
    assert not names_credential(name)


def test_metadata_keeps_the_rest(tracing: Tracing) -> None:
    """Beside what is left out, metadata are there, also in the same mapping."""
    metadata = {"api_key": "x", "note": "fine", "headers": {"Cookie": "x", "accept": "json"}}
    RunnableLambda(lambda it: it, name="step").invoke(0, {"metadata": metadata})
    attributes = dict(tracing.span("invoke_workflow step").attributes or {})
    found = {name: value for name, value in attributes.items() if ".metadata." in name}
    assert found == {
        "langchain.metadata.note": "fine",
        "langchain.metadata.headers": '{"accept":"json"}',
    }
