"""Finds encoded bytes inside texts and mappings, and puts in their place what they are.

A text may hold a `data:` URL, in Markdown say, or JSON that has base64 under a key. The search is
linear: patterns that take what they match for good, and no more of a text than will be recorded.
"""

from __future__ import annotations

import re
from typing import Any, Final

from langchain_otel.content.fields import NO_FIELDS
from langchain_otel.content.media import MIME_KEYS, compiled, measured

ALWAYS: Final = frozenset(
    ("b64", "b64_json", "base64", "blob", "image_base64", "audio_base64", "partial_image_b64")
)
"""Keys of bytes, by their name alone."""

SOMETIMES: Final = frozenset(
    ("audio", "bytes", "content", "data", "file", "file_data", "image", "result")
)
"""Keys of bytes where what stands beside them says so, or the text can be nothing else."""

KEYS: Final = ALWAYS | SOMETIMES
SHORTEST: Final = 8
LONG: Final = 64
BESIDE: Final = 256
HEADER: Final = 256
SLACK: Final = 1_024
# Two for each place where bytes may stand; a text that has more of them is cut.
MAX_PIECES: Final = 4_000

_KEY: Final = "|".join(sorted(KEYS, key=len, reverse=True))
FOUND: Final = (
    rf"""(?i);base64,|["'](?P<key>{_KEY})\\{{0,4}}["']\s{{0,4}}:\s{{0,4}}b?"""
    r"""(?P<quote>\\{0,4}["'])"""
)
_RUN: Final = r"(?:[A-Za-z0-9+/=_%-]++|\\{1,4}/)*+"
_BREAK: Final = r"(?:\\{1,4}[rn]|[\r\n]){1,4}"
# What is wrapped goes on after a line break: long lines, and one that may be short.
ENCODED: Final = (
    rf"""{_RUN}(?:(?:{_BREAK}[A-Za-z0-9+/_-]{{40,}}+={{0,2}})++"""
    rf"""(?:{_BREAK}[A-Za-z0-9+/_-]{{1,80}}(?:={{1,2}}|(?=[\s"')\]>\\]|$)))?)?"""
)
ALPHABET: Final = r"(?:[A-Za-z0-9+/_-]++|\\{1,4}[rn/]|[\r\n])*+={0,2}\s{0,2}"
MEDIA: Final = "(?i)mime|media|image|audio|video|pdf|base64|blob"
MIME: Final = r"[\w.+-]{1,64}/[\w.+-]{1,64}"
MIXED: Final = ("[A-Z]", "[a-z]", "[0-9]")


def may_hold_bytes(text: str, limit: int) -> bool:
    """Whether a text is worth a search, as far as `limit` characters go: most are not."""
    if len(text) > limit + SLACK:
        text = text[: limit + SLACK]
    # Single characters first, which most texts have none of.
    return (";" in text and "64," in text) or (
        ":" in text and ('":' in text or "':" in text or '" :' in text)
    )


def without_bytes(text: str, limit: int) -> str:
    """A text with what its encoded bytes are in their place, as far as `limit` characters go."""
    pieces: list[str] = []
    position = size = 0
    while size <= limit and len(pieces) < MAX_PIECES:
        found = compiled(FOUND).search(text, position, position + limit - size + SLACK)
        if found is None:
            break
        start, end, described = _described(text, found, position)
        pieces += (text[position:start], described)
        size += start - position + len(described)
        position = end
    if len(pieces) >= MAX_PIECES:
        return "".join((*pieces, f"…[{len(text) - position} characters cut]"))
    return "".join((*pieces, text[position:])) if pieces else text


def described_bytes(value: dict[Any, Any]) -> dict[str, str]:
    """What the bytes under the keys of a mapping are, by the key."""
    found = {key: dict.get(value, key) for key in dict.keys(value) & KEYS}
    if not found:
        return NO_FIELDS
    is_media, mime = _is_media(value), _mime(value)
    return {
        key: description_of(data, mime)
        for key, data in found.items()
        if type(data) is str and _is_encoded(data, is_media=is_media or key in ALWAYS)
    }


def description_of(data: str, mime: str | None) -> str:
    """What is said of bytes in a text: their type, size and hash."""
    blob = measured(data)
    kind = mime if mime is not None and compiled(MIME).fullmatch(mime) else "bytes"
    return f"[{kind}, {blob.size} bytes, sha256 {blob.digest}]"


def _described(text: str, found: re.Match[str], earliest: int) -> tuple[int, int, str]:
    """Where bytes stand, and what they are; for those that are none, the text as it is."""
    begin = found.end()
    end = _end(text, begin)
    data = text[begin:end]
    key = found["key"]
    if key is None:
        start, mime = _header(text, found.start(), earliest)
        return (start, end, description_of(data, mime)) if data else (begin, begin, "")
    if len(data) < SHORTEST:
        return begin, begin, ""
    beside = text[max(0, begin - BESIDE) : begin] + text[end : end + BESIDE]
    is_media = key.lower() in ALWAYS or compiled(MEDIA).search(beside) is not None
    is_whole = end == len(text) or text.startswith(found["quote"], end)
    if is_whole and _is_encoded(data, is_media=is_media):
        return begin, end, description_of(data, None)
    return begin, begin, ""


def _end(text: str, begin: int) -> int:
    encoded = compiled(ENCODED).match(text, begin)
    return begin if encoded is None else encoded.end()


def _header(text: str, position: int, earliest: int) -> tuple[int, str | None]:
    """Where the URL begins whose bytes begin here, and their type."""
    first = max(earliest, position - HEADER)
    before = text[first:position]
    begin = before.lower().rfind("data:")
    if begin < 0:
        return position, None
    return first + begin, before[begin + 5 :].partition(";")[0]


def _is_encoded(text: str, *, is_media: bool) -> bool:
    if len(text) < SHORTEST or compiled(ALPHABET).fullmatch(text) is None:
        return False
    if is_media or (text.endswith("=") and len(text) % 4 == 0):
        return True
    return len(text) >= LONG and all(compiled(kind).search(text, 0, BESIDE) for kind in MIXED)


def _is_media(value: dict[Any, Any]) -> bool:
    words = (dict.get(value, key) for key in ("type", "encoding", "format"))
    return _mime(value) is not None or any(
        type(word) is str and compiled(MEDIA).search(word, 0, BESIDE) is not None for word in words
    )


def _mime(value: dict[Any, Any]) -> str | None:
    found = (dict.get(value, key) for key in MIME_KEYS)
    return next((mime for mime in found if type(mime) is str and mime), None)
