"""Says what a model answers, whatever the format: the numbers that a client has to bring back."""

import json
from dataclasses import dataclass, field
from typing import Any, Final

Json = dict[str, Any]

ID: Final = "answer-1"
MODEL: Final = "served"
WORDS: Final = ("It is", " sunny", " in Paris.")
TOOL: Final = "get_weather"
ARGUMENTS: Final = {"city": "Paris"}
CALL_ID: Final = "call00001"  # nine letters and digits, as Mistral wants


@dataclass(frozen=True, slots=True)
class Answer:
    """What is counted of an answer: the parts lie within the two sums, or are added by a format."""

    calls_tool: bool = False
    input: int = 20
    cached: int = 8
    output: int = 9
    reasoning: int = 4
    words: tuple[str, ...] = field(default=WORDS)

    @property
    def text(self) -> str:
        return "" if self.calls_tool else "".join(self.words)

    @property
    def pieces(self) -> tuple[str, ...]:
        return () if self.calls_tool else self.words


def events(*data: Json, names: bool = False, end: str | None = None) -> bytes:
    """Server-sent events, each named by its type if they have names."""
    lines = [
        (f"event: {each['type']}\n" if names else "") + f"data: {json.dumps(each)}\n\n"
        for each in data
    ]
    return ("".join(lines) + ("" if end is None else f"data: {end}\n\n")).encode()
