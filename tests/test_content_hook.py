"""The completion hook gets the whole content of a call, in its own package's types."""

import base64
import logging
import signal
import subprocess
import sys
from importlib import metadata
from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, LLMResult
from opentelemetry import trace

from langchain_otel import health
from langchain_otel.config import configured
from langchain_otel.content import completion_hook as hook_module
from langchain_otel.content.completion_hook import GROUP, load_hook
from langchain_otel.content.message_list import answers, conversation
from langchain_otel.content.policy import Policy
from langchain_otel.content.tool_definitions import tool_definitions
from test_async_exceptions import TimeLimitError, time_is_up

types: Any = pytest.importorskip("opentelemetry.util.genai.types")
if not hasattr(types, "TextPart"):
    pytest.skip("this version of the hook's types has other names", allow_module_level=True)

PNG = b"picture"


class Recording:
    """A hook that keeps what it is given."""

    def __init__(self) -> None:
        self.calls: list[dict[str, Any]] = []

    def on_completion(self, **content: Any) -> None:
        self.calls.append(content)


class Failing:
    def on_completion(self, **content: Any) -> None:
        raise ConnectionError("secret")


INPUTS = conversation(
    [
        [
            SystemMessage("rules"),
            HumanMessage(
                [
                    {"type": "text", "text": "see"},
                    {"type": "image", "base64": base64.b64encode(PNG).decode()},
                    {"type": "image", "url": "https://example.org/a.png"},
                    {"type": "file", "file_id": "f1", "mime_type": "application/pdf"},
                    {"type": "from_the_future"},
                ],
                name="ann",
            ),
            AIMessage(
                [
                    {"type": "reasoning", "reasoning": "hm"},
                    {"type": "compaction", "content": "so far"},
                    {"type": "server_tool_use", "id": "s1", "name": "web_search", "input": {}},
                    {"type": "web_search_tool_result", "tool_use_id": "s1", "content": [1]},
                ],
                tool_calls=[{"id": "c1", "name": "add", "args": {"a": 1}}],
            ),
            ToolMessage("3", tool_call_id="c1"),
        ]
    ]
)
OUTPUTS = answers(
    LLMResult(
        generations=[
            [
                ChatGeneration(
                    message=AIMessage("x" * 100_000, response_metadata={"stop_reason": "end_turn"})
                )
            ]
        ]
    )
)
DEFINITIONS = tool_definitions(
    {"tools": [{"name": "add", "description": "Add.", "input_schema": {"a": 1}}, {"type": "mcp"}]}
)


def called(policy: Policy = Policy()) -> dict[str, Any]:  # noqa: B008
    recording = Recording()
    hook = load_hook(recording, policy)
    assert hook is not None
    span = trace.INVALID_SPAN
    hook.call(INPUTS, OUTPUTS, [{"type": "text", "content": "be good"}], DEFINITIONS, span)
    (content,) = recording.calls
    return content


def test_everything_in_the_types_of_the_package() -> None:
    """Each part has its class; a part of a type that the package lacks is left out."""
    content = called()
    assert content["inputs"] == [
        types.InputMessage("system", [types.TextPart("rules")]),
        types.InputMessage(
            "user",
            [
                types.TextPart("see"),
                types.BlobPart(None, "image", PNG),
                types.UriPart(None, "image", "https://example.org/a.png"),
                types.FilePart("application/pdf", "document", "f1"),
            ],
            "ann",
        ),
        types.InputMessage(
            "assistant",
            [
                types.ReasoningPart("hm"),
                types.CompactionPart(content="so far"),
                types.ServerToolCallPart(
                    "web_search", {"type": "web_search", "arguments": {}}, "s1"
                ),
                types.ServerToolCallResponsePart(
                    {"type": "web_search_tool_result", "output": [1]}, "s1"
                ),
                types.ToolCallRequestPart({"a": 1}, "add", "c1"),
            ],
        ),
        types.InputMessage("tool", [types.ToolCallResponsePart("3", "c1")]),
    ]
    assert content["outputs"] == [
        types.OutputMessage("assistant", [types.TextPart("x" * 100_000)], "stop")
    ]
    assert content["system_instruction"] == [types.TextPart("be good")]
    assert content["tool_definitions"] == [
        types.FunctionToolDefinition("add", "Add.", {"a": 1}),
        types.GenericToolDefinition("mcp", "mcp"),
    ]
    assert content["span"] is trace.INVALID_SPAN
    assert content["log_record"] is None


def test_content_does_not_depend_on_the_channels() -> None:
    """What is not recorded, or is cut, on spans goes to the hook all the same; it was asked for."""
    assert called(Policy(messages=False, tools=False, max_length=1, max_span_bytes=1)) == called()


def test_redaction_applies() -> None:
    """What is redacted anywhere is redacted here."""
    content = called(Policy(redact=lambda text, _: "***" if text == "rules" else text))
    assert content["inputs"][0] == types.InputMessage("system", [types.TextPart("***")])


def test_hook_that_raises(caplog: pytest.LogCaptureFixture) -> None:
    """Its failure is counted and logged once, without its text; the application goes on."""
    hook = load_hook(Failing(), Policy())
    assert hook is not None
    hook.call(INPUTS, OUTPUTS)
    hook.call(INPUTS, OUTPUTS)
    assert health.failures.pop("completion_hook:ConnectionError") == 2
    (record,) = caplog.records
    assert "ConnectionError" in record.getMessage()
    assert "secret" not in record.getMessage()


class Slow:
    def on_completion(self, **content: Any) -> None:
        signal.raise_signal(signal.SIGUSR2)


def test_hook_that_is_stopped_from_outside() -> None:
    """A time limit that ends while the hook runs is for the application to catch."""
    hook = load_hook(Slow(), Policy())
    assert hook is not None
    before = signal.signal(signal.SIGUSR2, time_is_up)
    try:
        with pytest.raises(TimeLimitError):
            hook.call(INPUTS, OUTPUTS)
    finally:
        signal.signal(signal.SIGUSR2, before)


class EntryPoint:
    def __init__(self, load: Any) -> None:
        self.load = load


def entry_points(monkeypatch: pytest.MonkeyPatch, loaded: Any) -> list[dict[str, Any]]:
    asked: list[dict[str, Any]] = []

    def found(**params: Any) -> list[EntryPoint]:
        asked.append(params)
        return [EntryPoint(lambda: loaded)] if params["name"] == "mine" else []

    monkeypatch.setattr(hook_module, "entry_points", found)
    return asked


def test_hook_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """The standard variable names an entry point of the standard group."""
    asked = entry_points(monkeypatch, Recording)
    monkeypatch.setenv("OTEL_INSTRUMENTATION_GENAI_COMPLETION_HOOK", "mine")
    assert load_hook(configured({}).completion_hook, Policy()) is not None
    assert asked == [{"group": GROUP, "name": "mine"}]


def test_the_package_has_its_hook() -> None:
    """The group is the one under which the package itself offers `upload`."""
    assert list(metadata.entry_points(group=GROUP, name="upload"))


def broken() -> Any:
    raise OSError("secret")


@pytest.mark.parametrize(
    ("name", "loaded", "reason"),
    [
        ("another", Recording, "no entry point of that name"),
        ("mine", broken, "it failed to load"),
        ("mine", object, "it has no on_completion()"),
    ],
)
def test_hook_that_cannot_be_had(
    name: str, loaded: Any, reason: str, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    """One warning says why, and there is none."""
    entry_points(monkeypatch, loaded)
    assert load_hook(name, Policy()) is None
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    for part in (repr(name), reason, GROUP):
        assert part in record.getMessage()
    assert "secret" not in caplog.text


def test_without_the_package(monkeypatch: pytest.MonkeyPatch, caplog: Any) -> None:
    """A hook without its package is one warning that names the package."""
    monkeypatch.setitem(sys.modules, "opentelemetry.util.genai.types", None)
    assert load_hook(Recording(), Policy()) is None
    (record,) = caplog.records
    assert "opentelemetry-util-genai" in record.getMessage()


def test_the_package_is_not_imported_without_a_hook() -> None:
    """Importing us, and setting up without a hook, leaves it alone."""
    code = (
        "import sys; from langchain_otel import LangChainInstrumentor as I; I().instrument();"
        "assert 'opentelemetry.util.genai' not in sys.modules"
    )
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=True)
