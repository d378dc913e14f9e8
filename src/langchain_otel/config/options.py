"""Lists every option in one table, from which reading, checking and documentation come."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, Protocol, runtime_checkable

from langchain_otel.content.policy import (
    FULL,
    MAX_LENGTH,
    MAX_SPAN_BYTES,
    MODES,
    NEW,
    NO_CONTENT,
    SPAN_ONLY,
)
from langchain_otel.runs.store import MAX_OPEN_RUNS

OTEL: Final = "OTEL_"
"""It is in the name of every variable that is ours, or that somebody may take for ours."""

GENAI: Final = "OTEL_INSTRUMENTATION_GENAI_"
LANGCHAIN: Final = "OTEL_INSTRUMENTATION_LANGCHAIN_"
HOOKS: Final = ("request_hook", "response_hook", "span_name", "run_filter")
"""The functions that are called for a run: see docs/hooks.md."""
SWITCHED: Final = "true or false (on, off, yes, no)"
BOOLEANS: Final = {
    **dict.fromkeys(("true", "1", "on", "yes"), True),
    **dict.fromkeys(("false", "0", "off", "no"), False),
}


def _capture(value: str) -> str:
    switch = BOOLEANS.get(value.lower())
    mode = value.upper() if switch is None else (NO_CONTENT, SPAN_ONLY)[switch]
    if mode not in MODES:
        raise ValueError(value)
    return mode


def _count(value: str) -> int:
    count = int(value)
    if count < 1:
        raise ValueError(value)
    return count


def _switch(value: str) -> bool:
    if value.lower() not in BOOLEANS:
        raise ValueError(value)
    return BOOLEANS[value.lower()]


def _prices(value: str) -> Any:
    switch = BOOLEANS.get(value.lower())
    if switch is not None:
        return switch
    # It is imported where there is such a file.
    from langchain_otel.pricing.price_file import read_prices

    return read_prices(value)


def _keys(value: str | Sequence[Any]) -> tuple[str, ...]:
    from langchain_otel.content.attribute_names import is_taken

    parts = value.split(",") if isinstance(value, str) else value
    if not all(isinstance(part, str) for part in parts):
        raise ValueError(value)
    keys = tuple(filter(None, map(str.strip, parts)))
    if any("*" in key[:-1] or is_taken(key.removesuffix("*")) for key in keys):
        raise ValueError(value)
    return keys


@runtime_checkable
class Hook(Protocol):
    """The completion hook of opentelemetry-util-genai."""

    def on_completion(self, *_: Any, **content: Any) -> None:
        """Take the content of a model call."""


class Standard:
    """A variable of OpenTelemetry's own, and the values of an option for its words, in order."""

    __slots__ = ("variable", "words")

    def __init__(self, variable: str, words: dict[str, str]) -> None:
        self.variable = variable
        self.words = words


class Option:
    """An option: the argument of `instrument()`, its variable, and what either takes.

    `kind` is the type of an argument, `parse` makes the value of a variable's text or of a list.
    An option without a variable cannot be written as text. Where an option is not set, a variable
    of OpenTelemetry's own may be: `standard` says what its words mean.
    """

    def __init__(
        self,
        name: str,
        variable: str | None,
        kind: Any,
        parse: Callable[[Any], Any],
        default: Any,
        expected: str,
        meaning: str,
        standard: Standard | None = None,
    ) -> None:
        self.name = name
        self.variable = variable
        self.kind = kind
        self.parse = parse
        self.default = default
        self.expected = expected
        self.meaning = meaning
        self.standard = standard


def _own(kind: Any, parse: Callable[[str], Any], expected: str, **rows: Any) -> Iterator[Option]:
    # Options of one kind: their names with their defaults and meanings.
    for name, (default, meaning) in rows.items():
        yield Option(name, f"{LANGCHAIN}{name.upper()}", kind, parse, default, expected, meaning)


def _functions(**rows: tuple[str, str]) -> Iterator[Option]:
    # Functions, which cannot be written as text: what each takes and gives, and what it is for.
    for name, (expected, meaning) in rows.items():
        yield Option(name, None, Callable, str, None, expected, meaning)


def _word(
    name: str, words: tuple[str, ...], meaning: str, standard: Standard | None = None
) -> Option:
    def parse(value: str) -> str:
        if value.lower() not in words:
            raise ValueError(value)
        return value.lower()

    expected = f"{', '.join(words[:-1])} or {words[-1]}"
    variable = f"{LANGCHAIN}{name.upper()}"
    return Option(name, variable, str, parse, words[0], expected, meaning, standard)


OPTIONS: Final = (
    Option(
        name="capture_message_content",
        variable=f"{GENAI}CAPTURE_MESSAGE_CONTENT",
        kind=(str, bool),
        parse=_capture,
        default=NO_CONTENT,
        expected="NO_CONTENT, SPAN_ONLY, EVENT_ONLY, SPAN_AND_EVENT, true or false",
        meaning="whether and where prompts, answers, tool arguments and results, documents and "
        "exceptions' texts are recorded",
    ),
    *_own(
        (bool, str),
        _switch,
        SWITCHED,
        capture_messages=(True, "messages and prompts, where content is recorded at all"),
        capture_tools=(True, "arguments, results and definitions of tools, likewise"),
        capture_documents=(True, "retrieved documents and the query, likewise"),
        capture_prompt_variables=(True, "the variables of a prompt template, likewise"),
        capture_exceptions=(True, "texts and stack traces of exceptions, likewise"),
        capture_state=(False, "what goes into chains and graphs and comes out, likewise"),
        capture_binary=(False, "the bytes of pictures, sound and files, not only size and hash"),
        structured_messages=(
            False,
            "messages on spans as structured attributes (SDK 1.45), not as JSON strings",
        ),
    ),
    *_functions(
        redact=(
            "a function of a text and an attribute's name that gives the text to record",
            "is given every text that a user writes; None, or an exception, leaves it out",
        )
    ),
    *_own(
        int,
        _count,
        "a number, 1 or more",
        max_content_length=(MAX_LENGTH, "how many characters of one text are recorded"),
        max_span_content_bytes=(MAX_SPAN_BYTES, "how much content a span or a log record has"),
    ),
    _word(
        "history", (FULL, NEW), "whether a model call in an agent shows all messages or new ones"
    ),
    Option(
        name="emit_event",
        variable=f"{GENAI}EMIT_EVENT",
        kind=(bool, str),
        parse=_switch,
        default=None,
        expected=SWITCHED,
        meaning="whether a model call is a log record too; by default where content is on events",
    ),
    Option(
        name="completion_hook",
        variable=f"{GENAI}COMPLETION_HOOK",
        kind=(str, Hook),
        parse=str,
        default=None,
        expected="the name of an entry point, or an object with a method on_completion()",
        meaning="is given the whole content of every model call, to store it elsewhere",
    ),
    *_functions(
        request_hook=(
            "a function of a span and a RunView",
            "is called when the span of a run has started: see docs/hooks.md",
        ),
        response_hook=(
            "a function of a span and a RunView",
            "is called before the span of a run ends",
        ),
        span_name=(
            "a function of a RunView that gives a name or None",
            "names the span of a run; None leaves the name as it is",
        ),
        run_filter=(
            "a function of a RunView that gives keep, leave_out_run, leave_out_trace or a bool",
            "whether a run has a span, and whether anything is recorded of it and what is below",
        ),
    ),
    _word("metrics", ("both", "latest", "previous"), "whose names of metrics: the conventions'"),
    *_own(
        (bool, str),
        _switch,
        SWITCHED,
        self_metrics=(
            False,
            "whether what is counted of langchain-otel itself is metrics too: see docs/metrics.md",
        ),
    ),
    Option(
        name="cost",
        variable=f"{LANGCHAIN}COST",
        kind=(bool, str, Path, Callable),
        parse=_prices,
        default=False,
        expected="true or false, a file of prices (JSON), or, as an argument, a function of usage, "
        "provider and model that gives US dollars by kind",
        meaning="whether model calls have their price, by the package genai-prices, a file or a "
        "function: see docs/cost.md",
    ),
    _word(
        "exception_signal",
        ("both", "logs", "spans"),
        "whether exceptions are events of spans, log records or both",
        Standard("OTEL_SEMCONV_EXCEPTION_SIGNAL_OPT_IN", {"logs/dup": "both", "logs": "logs"}),
    ),
    _word(
        "evaluation_signal",
        ("auto", "both", "logs", "spans"),
        "whether evaluations are log records, on spans or both; auto: on spans if no log is sent",
    ),
    _word("detail", ("all", "nodes", "semantic"), "which runs become spans"),
    _word("dialect", ("gen_ai", "openinference", "both"), "whose names the attributes have"),
    *_own(
        (str, Sequence),
        _keys,
        "keys with commas between them, or a list of them; one that ends with * stands for all "
        "that begin so; none that begins with gen_ai., langchain. or langgraph., nor any other "
        "that is recorded of runs",
        baggage_keys=(
            None,
            "entries of OpenTelemetry's baggage that are attributes of every span",
        ),
    ),
    *_own(
        int,
        _count,
        "a number of runs, 1 or more",
        max_open_runs=(MAX_OPEN_RUNS, "runs open at once; the oldest ends when one more starts"),
    ),
)

SAFE: Final[dict[str, Any]] = {
    **{option.name: False for option in OPTIONS if option.parse is _switch},
    **dict.fromkeys(("max_content_length", "max_span_content_bytes"), 0),
}
"""What is used instead of an invalid value where the default lets more out: nothing is recorded."""
