"""Values that are built of recipes, which Hypothesis makes and shrinks, and a failure prints."""

import asyncio
import io
import threading
import weakref
from collections import ChainMap, OrderedDict, UserDict, UserList, UserString, defaultdict, deque
from collections.abc import Callable
from dataclasses import make_dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from pathlib import PurePosixPath
from queue import Queue
from types import MappingProxyType, SimpleNamespace
from typing import Any, Final
from unittest.mock import MagicMock
from uuid import UUID

import numpy as np
import pydantic
import wrapt
from hypothesis import strategies as st
from langchain_core.documents import Document
from langchain_core.messages import (
    AIMessage,
    AIMessageChunk,
    ChatMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
)
from langgraph.types import Command, Interrupt, Send

from hostile.watched import Mark, Notes, Once, watched_class

Recipe = tuple[Any, ...]

BLOCK_TYPES: Final = (
    "text", "input_text", "output_text", "reasoning", "thinking", "redacted_thinking", "image",
    "image_url", "input_image", "audio", "input_audio", "video", "file", "document", "media",
    "tool_use", "tool_call", "tool_call_chunk", "function_call", "tool_result", "server_tool_call",
    "server_tool_result", "web_search_tool_result", "non_standard", "refusal", "citation",
    "image_generation_call", "mcp_call", "resource", "guard_content", "cachePoint", "future", "",
)  # fmt: skip
BLOCK_KEYS: Final = (
    "type", "text", "reasoning", "thinking", "summary", "signature", "image_url", "url", "base64",
    "data", "mime_type", "source", "source_type", "file", "file_id", "id", "name", "args", "input",
    "arguments", "content", "output", "result", "value", "refusal", "annotations", "index",
    "tool_use_id", "tool_call_id", "call_id", "extras", "media_type", "input_audio", "format",
    "parts", "role",
)  # fmt: skip
MESSAGE_KEYS: Final = (
    "content", "name", "id", "type", "role", "tool_calls", "invalid_tool_calls", "tool_call_id",
    "tool_call_chunks", "status", "artifact", "additional_kwargs", "response_metadata",
    "usage_metadata", "example", "chunk_position",
)  # fmt: skip
OTHER_KEYS: Final = (
    "messages", "message", "generations", "generation_info", "llm_output", "token_usage", "usage",
    "prompt_tokens", "completion_tokens", "total_tokens", "input_tokens", "output_tokens",
    "input_token_details", "output_token_details", "cache_read", "reasoning_content", "audio",
    "finish_reason", "stop_reason", "model_name", "model", "system_fingerprint", "service_tier",
    "function_call", "function", "tools", "page_content", "metadata", "score", "headers", "query",
    "thread_id", "user_id", "session_id", "langgraph_node", "langgraph_step", "ls_provider",
    "ls_model_name", "ls_temperature", "temperature", "max_tokens", "stop", "seed", "top_k",
    "checkpoint_ns", "langgraph_checkpoint_ns", "lc_agent_name", "error", "outputs", "inputs",
)  # fmt: skip
KEYS: Final = BLOCK_KEYS + MESSAGE_KEYS + OTHER_KEYS
TEXTS: Final = (
    "", "text", "\ud800", "half \udfff end", "\x00", "\x1b[31mred", "a\r\nb", "\u202e", "{", "[",
    '{"a":1}', "{name}", "[" * 300, "data:image/png;base64,AAAA", "data:;base64,!", '"data":"AAAA"',
    "é" * 50, "🚀", "NaN", "[NaN]", "x" * 5_000, "\\" * 50, "</script><img src=x onerror=alert(1)>",
    "${jndi:ldap://x}", "%s%n",
)  # fmt: skip
NUMBERS: Final = (
    0, 1, -1, True, False, 2**53 + 1, 2**63, -(2**63) - 1, 10**400, 0.0, -0.0, 1.5, 1e308,
    float("inf"), float("-inf"), float("nan"), None,
)  # fmt: skip


class RaisingError(Exception):
    """What hostile objects raise, whatever is asked of them."""


class Raising:
    """Everything that can be asked of it raises."""

    def __getattribute__(self, name: str) -> Any:
        raise RaisingError(name)

    def _raise(self, *_: Any) -> Any:
        raise RaisingError

    __str__ = __repr__ = __iter__ = __len__ = __bool__ = __hash__ = __eq__ = __int__ = _raise


class RaisingText(str):
    """A text whose methods raise."""

    __slots__ = ()

    def _raise(self, *_: Any) -> Any:
        raise RaisingError

    __str__ = __repr__ = __len__ = __iter__ = __format__ = __getitem__ = __contains__ = _raise
    encode = startswith = isascii = join = split = _raise  # type: ignore[assignment]


class HostileError(Exception):
    """An exception of which nothing can be asked."""

    def _raise(self, *_: Any) -> Any:
        raise RaisingError

    __str__ = __repr__ = __eq__ = __hash__ = _raise

    def _keep(self, _: Any) -> None:
        """Python itself sets some of them."""

    args = exceptions = status_code = response = property(_raise)
    __traceback__ = __cause__ = __context__ = __notes__ = property(_raise, _keep)
    __suppress_context__ = property(_raise, _keep)


class NoZone(tzinfo):
    """A time zone that is none."""

    def _raise(self, _: Any) -> Any:
        raise RaisingError

    utcoffset = dst = tzname = _raise


class Meta(type):
    """The class of a class that answers nothing."""

    def __instancecheck__(cls, _: Any) -> bool:
        raise RaisingError

    def __getattr__(cls, name: str) -> Any:
        raise RaisingError(name)

    def __repr__(cls) -> str:
        raise RaisingError


class OfMeta(metaclass=Meta):
    """An object of such a class."""

    field = 1


class Own(Enum):
    """A member that stands for an object."""

    OBJECT = object()
    LIST = [1]  # noqa: RUF012 - what a member may stand for


class Properties:
    """Fields that are computed when they are asked for."""

    @property
    def content(self) -> Any:
        raise RaisingError

    type = status = metadata = tool_calls = response_metadata = usage_metadata = content
    page_content = id = name = update = messages = value = content


class Slotted:
    """Fields in slots, one of which holds nothing."""

    __slots__ = ("content", "missing")

    def __init__(self) -> None:
        self.content = 1


class RaisingDict(dict[Any, Any]):
    """A dict whose methods raise."""

    def _raise(self, *_: Any) -> Any:
        raise RaisingError

    __getitem__ = __iter__ = __len__ = __contains__ = __eq__ = __repr__ = __bool__ = _raise
    get = items = keys = values = copy = _raise


class RaisingList(list[Any]):
    """A list whose methods raise."""

    def _raise(self, *_: Any) -> Any:
        raise RaisingError

    __getitem__ = __iter__ = __len__ = __contains__ = __eq__ = __repr__ = __bool__ = _raise


class Anything(pydantic.BaseModel):
    """A model of pydantic's that takes what it is given."""

    model_config = pydantic.ConfigDict(extra="allow", arbitrary_types_allowed=True)
    content: Any = None


def itself() -> Any:
    found: dict[Any, Any] = {}
    found["self"] = [found, {"again": found}]
    return found


def forms(item: Any, levels: int, width: int) -> Any:
    for _ in range(levels):
        item = [item] * width
    return item


def dying_proxy() -> Any:
    return weakref.proxy(OfMeta())


def objects_array() -> Any:
    found = np.empty(2, dtype=object)
    found[0] = Properties()
    return found


LEAVES: Final[dict[str, Callable[[Notes], Any]]] = {
    "raising": lambda _: Raising(),
    "raising text": lambda _: RaisingText("raising"),
    "raising dict": lambda _: RaisingDict({"type": "text", "text": "x"}),
    "raising list": lambda _: RaisingList([{"type": "text", "text": "x"}]),
    "metaclass": lambda _: OfMeta(),
    "class": lambda _: OfMeta,
    "enum": lambda _: Own.OBJECT,
    "enum list": lambda _: Own.LIST,
    "properties": lambda _: Properties(),
    "slots": lambda _: Slotted(),
    "itself": lambda _: itself(),
    "wide": lambda _: forms("x", 6, 40),
    "deep": lambda _: forms("x", 400, 1),
    "deep twice": lambda _: forms({"type": "text", "text": "x"}, 60, 2),
    "bytes": lambda _: b"\x89PNG" * 9,
    "bytearray": lambda _: bytearray(9),
    "memoryview": lambda _: memoryview(b"1234"),
    "range": lambda _: range(10**9),
    "datetime": lambda _: datetime(1, 1, 1, tzinfo=UTC),
    "datetime without a zone": lambda _: datetime(2026, 1, 1, tzinfo=NoZone()),
    "timedelta": lambda _: timedelta.max,
    "decimal": lambda _: Decimal("sNaN"),
    "decimal big": lambda _: Decimal("1e999999"),
    "fraction": lambda _: Fraction(10**50, 3),
    "complex": lambda _: complex("nan+infj"),
    "uuid": lambda _: UUID(int=7),
    "path": lambda _: PurePosixPath("/a/\ud800"),
    "set": lambda _: {1, "a", None},
    "frozenset": lambda _: frozenset(((1,), "b")),
    "mock": lambda _: MagicMock(),
    "proxy": lambda _: wrapt.ObjectProxy(Properties()),
    "dead proxy": lambda _: dying_proxy(),
    "queue": lambda _: Queue(),
    "lock": lambda _: threading.Lock(),
    "event": lambda _: asyncio.Event(),
    "file": lambda _: io.StringIO("text"),
    "array": lambda _: np.array([[1.5, float("nan")]]),
    "array of objects": lambda _: objects_array(),
    "scalar of numpy": lambda _: np.float32("nan"),
    "datetime of numpy": lambda _: np.datetime64("NaT"),
    "namespace": lambda notes: SimpleNamespace(content=Mark(notes), type="human"),
    "proxied mapping": lambda _: MappingProxyType({"a": 1}),
    "chain map": lambda _: ChainMap({"a": 1}, {"b": 2}),
    "default dict": lambda _: defaultdict(list, a=[1]),
    "ordered dict": lambda _: OrderedDict(a=1),
    "user string": lambda _: UserString("x"),
    "user list": lambda _: UserList([1]),
    "exception": lambda _: ValueError(Raising()),
    "hostile exception": lambda _: HostileError("x"),
    "proxied raising dict": lambda _: MappingProxyType(RaisingDict(a=1)),
    "group": lambda _: ExceptionGroup("x", [ValueError(RaisingText("x"))]),
    "function": lambda _: forms,
    "module": lambda _: asyncio,
    "interrupt": lambda notes: Interrupt(value=Mark(notes)),
    "send": lambda notes: Send("node", Mark(notes)),
    "iterator": Once,
    "mark": Mark,
    "watched": lambda notes: watched_class(touched=notes.touched)(),
    "watched text": lambda notes: watched_class(str, touched=notes.touched)("x"),
    "watched dict": lambda notes: watched_class(dict, touched=notes.touched)(type="text", text="x"),
    "watched list": lambda notes: watched_class(list, touched=notes.touched)([1]),
    "watched tuple": lambda notes: watched_class(tuple, touched=notes.touched)(("a", 1)),
    "watched number": lambda notes: watched_class(int, touched=notes.touched)(3),
    "watched float": lambda notes: watched_class(float, touched=notes.touched)(3.0),
    "watched exception": lambda notes: watched_class(Exception, touched=notes.touched)("x"),
}

MESSAGES: Final[dict[str, type]] = {
    each.__name__: each
    for each in (AIMessage, AIMessageChunk, HumanMessage, SystemMessage, ToolMessage, ChatMessage)
}
ROLES: Final = {"AIMessage": "ai", "AIMessageChunk": "AIMessageChunk", "HumanMessage": "human"}
HOLDERS: Final[dict[str, Callable[[dict[str, Any]], Any]]] = {
    "dict": lambda fields: fields,
    "user dict": UserDict,
    "object": lambda fields: SimpleNamespace(**fields),
    "pydantic": lambda fields: Anything.model_construct(None, **fields),
    "document": lambda fields: Document.model_construct(None, **fields),
    "command": lambda fields: Command(update=fields),
    "dataclass": make_dataclass("Made", ["content"]),
}
GROUPS: Final[dict[str, Callable[[list[Any]], Any]]] = {
    "list": list,
    "tuple": tuple,
    "deque": deque,
    "pairs": lambda items: [("key", item) for item in items],
    "error": lambda items: ValueError(*items),
    "many": lambda items: items * 300,
}


def built(recipe: Recipe, notes: Notes) -> Any:
    """The value of a recipe."""
    kind, *rest = recipe
    if kind == "plain":
        return rest[0]
    if kind == "leaf":
        return LEAVES[rest[0]](notes)
    if kind == "group":
        return GROUPS[rest[0]]([built(each, notes) for each in rest[1]])
    fields = {key: built(each, notes) for key, each in rest[1]}
    if kind == "message":
        fields = {"type": ROLES.get(rest[0], "tool"), "content": "x"} | fields
        return MESSAGES[rest[0]].model_construct(None, **fields)  # type: ignore[attr-defined]
    return HOLDERS[rest[0]](fields)


plain: Final = st.sampled_from(TEXTS + NUMBERS).map(lambda value: ("plain", value))
leaves: Final = st.one_of(
    plain,
    st.sampled_from(sorted(LEAVES)).map(lambda name: ("leaf", name)),
    st.text(max_size=9).map(lambda value: ("plain", value)),
)


def _fields(keys: tuple[str, ...], items: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(st.tuples(st.sampled_from(keys), items), max_size=5, unique_by=lambda it: it[0])


def _block(kind: str, fields: list[Any]) -> Recipe:
    return ("holder", "dict", [("type", ("plain", kind)), *fields])


def _more(items: st.SearchStrategy[Recipe]) -> st.SearchStrategy[Recipe]:
    return st.one_of(
        st.tuples(st.just("group"), st.sampled_from(sorted(GROUPS)), st.lists(items, max_size=4)),
        st.tuples(st.just("holder"), st.sampled_from(sorted(HOLDERS)), _fields(KEYS, items)),
        st.tuples(
            st.just("message"), st.sampled_from(sorted(MESSAGES)), _fields(MESSAGE_KEYS, items)
        ),
        st.builds(_block, st.sampled_from(BLOCK_TYPES), _fields(BLOCK_KEYS, items)),
    )


recipes: Final[st.SearchStrategy[Recipe]] = st.recursive(leaves, _more, max_leaves=8)
"""Any value: a message with odd fields, a block that holds itself, a mock in a tuple."""

mappings: Final = _fields(KEYS, recipes)
"""The entries of a dict, with keys that this package looks for and any values."""
