"""Describes pictures, sound, video and files, wherever a block keeps their bytes.

Bytes are described by type, size and hash; they themselves are recorded only if asked for.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from typing import Any, Final
from urllib.parse import unquote

from langchain_otel.content.fields import mapping_of, text_of

Part = dict[str, Any]

MODALITIES: Final = {
    "image": "image",
    "image_url": "image",
    "input_image": "image",
    "image_file": "image",
    "audio": "audio",
    "input_audio": "audio",
    "video": "video",
    "video_url": "video",
    "file": "document",
    "input_file": "document",
    "document": "document",
    "text-plain": "document",
    "media": "document",
    "file_data": "document",
    "fileData": "document",
    "inline_data": "document",
    "inlineData": "document",
    "container_upload": "document",
}
"""The types of blocks that hold media, and what kind they are where no MIME type says better."""

# Bedrock and Google write a block as its one key: {"image": {"format": ..., "source": ...}}.
KEYED: Final = ("image", "audio", "video", "document", "inline_data", "inlineData", "file_data")
KEYED_FIELDS: Final = ("source", "data", "file_uri", "fileUri", "mime_type", "mimeType")

MIME_KEYS: Final = ("mime_type", "media_type", "mimeType", "mediaType")
DATA_KEYS: Final = ("base64", "data", "bytes", "file_data")
URL_KEYS: Final = ("url", "image_url", "file_url", "file_uri", "fileUri", "uri")
INNER_KEYS: Final = ("source", "image_url", "video_url", "input_audio", "file", "image_file")
SUBTYPES: Final = {"pdf": "application/pdf", "txt": "text/plain", "mp3": "audio/mpeg"}

PART_FIELDS: Final = frozenset(
    (
        *("type", "source_type", "id", "file_id", "fileId", "format", "text", "content"),
        *(*MIME_KEYS, *DATA_KEYS, *URL_KEYS),
    )
)
"""What is looked for in a block, and in the objects inside it."""

SCHEMES: Final = ("data:", "DATA:", "Data:")
MAX_KNOWN: Final = 256
MAX_HEADER: Final = 256
WHOLE: Final = r"[A-Za-z0-9+/=_%\r\n-]*+"
ESCAPES: Final = r"\\{1,4}[rn]|[\\\s=]"
STANDARD: Final = str.maketrans("-_", "+/")
MAX_URL: Final = 512
MAX_SCHEME: Final = 32


class Blob:
    """What is known of some bytes."""

    __slots__ = ("digest", "size")

    def __init__(self, size: int, digest: str) -> None:
        self.size = size
        self.digest = digest


_known: Final[dict[tuple[int, int], Blob]] = {}
"""Bytes that were hashed lately, by hash and length: a conversation sends its pictures again."""


@cache
def compiled(pattern: str) -> re.Pattern[str]:
    """A pattern, compiled when it is first needed: most processes never search for bytes."""
    return re.compile(pattern)


def media_part(block: Any, *, binary: bool) -> Part | None:
    """The conventions' part of a block that holds media; None for any other block."""
    block = mapping_of(block)
    kind = text_of(block.get("type"))
    if kind is not None:
        modality = MODALITIES.get(kind)
        return None if modality is None else _part(modality, block, binary=binary)
    if len(block) == 1:
        for key in KEYED:
            inner = mapping_of(block.get(key))
            if any(field in inner for field in KEYED_FIELDS):
                return _part(MODALITIES[key], inner, binary=binary)
    return None


def url_part(modality: str, url: str, mime: str | None, *, binary: bool) -> Part:
    """The part of a URL: a `data:` URL holds the bytes themselves."""
    if len(url) > MAX_URL and ":" not in url[:MAX_SCHEME]:
        # Google's messages have bare base64 where a URL is expected.
        return blob_part(modality, url, mime, binary=binary)
    if not url.startswith(SCHEMES):
        return _described("uri", modality, mime, {"uri": url})
    header, _, data = url.partition(",")
    mime = mime or header[5:].partition(";")[0] or None
    return blob_part(modality, data, mime, binary=binary)


def blob_part(modality: str, data: Any, mime: str | None, *, binary: bool) -> Part:
    """The part of bytes, given as such or in base64: with them, or with their size and hash."""
    if binary:
        content = data if isinstance(data, str) else base64.b64encode(data).decode()
        return _described("blob", modality, mime, {"content": content})
    blob = measured(data)
    known = {"content": "", "size": blob.size, "sha256": blob.digest}
    return _described("blob", modality, mime, known)


def is_data_url(text: str) -> bool:
    """Whether a text is a URL that holds its data in base64, and nothing else."""
    if not text.startswith(SCHEMES):
        return False
    begin = text.find(",", 0, MAX_HEADER) + 1
    return (
        text[:begin].lower().endswith(";base64,")
        and compiled(WHOLE).fullmatch(text, begin) is not None
    )


def _part(modality: str, block: Mapping[str, Any], *, binary: bool) -> Part | None:
    merged = _merged(block)
    mime = _mime(modality, merged)
    source = merged.get("source_type")
    if source == "id" or merged.get("type") == "container_upload":
        merged.setdefault("file_id", merged.get("id"))
    for key in DATA_KEYS:
        data = merged.get(key)
        if type(data) is str and is_data_url(data):
            return url_part(modality, data, mime, binary=binary)
        if data and not _is_text(merged, mime):
            return blob_part(modality, data, mime, binary=binary)
    for key in URL_KEYS:
        url = merged.get(key)
        if type(url) is str and source != "text":
            return url_part(modality, url, mime, binary=binary)
    file_id = merged.get("file_id") or merged.get("fileId")
    if type(file_id) is str:
        return _described("file", modality, mime, {"file_id": file_id})
    return _text_part(merged)


def _merged(block: Mapping[str, Any]) -> dict[str, Any]:
    # A block and the objects inside it that say where its bytes are, as one: texts and bytes.
    merged = _known_fields(block)
    for key in INNER_KEYS:
        inner = _known_fields(mapping_of(block.get(key)))
        merged |= inner
        if "type" in inner:
            merged.setdefault("source_type", inner["type"])
    return merged


def _known_fields(block: Mapping[str, Any]) -> dict[str, Any]:
    known = ((field, block[field]) for field in PART_FIELDS if field in block)
    fields = {field: kept for field, value in known if (kept := _text_or_bytes(value))}
    s3 = text_of(mapping_of(block.get("s3Location")).get("uri"))
    return fields if s3 is None else fields | {"url": s3}


def _text_or_bytes(value: Any) -> Any:
    return value if type(value) in {bytes, bytearray} else text_of(value)


def _mime(modality: str, merged: Mapping[str, Any]) -> str | None:
    for key in MIME_KEYS:
        mime = merged.get(key)
        if type(mime) is str:
            return mime
    subtype = merged.get("format")
    if type(subtype) is not str:
        return None
    family = "application" if modality == "document" else modality
    return SUBTYPES.get(subtype, f"{family}/{subtype}")


def _is_text(merged: Mapping[str, Any], mime: str | None) -> bool:
    return merged.get("source_type") == "text" or (
        merged.get("source_type") is None and mime == "text/plain" and "text" in merged
    )


def _text_part(merged: Mapping[str, Any]) -> Part | None:
    # A document that is text; langchain-core's v0 kept that text under `url`.
    for key in ("text", "data", "url", "content"):
        text = merged.get(key)
        if type(text) is str:
            return {"type": "text", "content": text}
    return None


def _described(kind: str, modality: str, mime: str | None, fields: Part) -> Part:
    if mime is None:
        return {"type": kind, "modality": modality, **fields}
    family = mime.partition("/")[0]
    if family in MODALITIES and modality == "document":
        modality = MODALITIES[family]
    return {"type": kind, "modality": modality, "mime_type": mime, **fields}


def measured(data: Any) -> Blob:
    """The size and the hash of bytes, given as such or in base64."""
    if isinstance(data, bytearray):
        data = bytes(data)
    key = (hash(data), len(data))
    blob = _known.get(key)
    if blob is None:
        raw = _decoded(data) if isinstance(data, str) else data
        blob = Blob(len(raw), sha256(raw).hexdigest())
        if len(_known) >= MAX_KNOWN:
            _known.clear()
        _known[key] = blob
    return blob


def _decoded(data: str) -> bytes:
    # Base64 as it was before it was put into a URL or into JSON, or lost its padding.
    try:
        data = compiled(ESCAPES).sub("", unquote(data)).translate(STANDARD)
        return base64.b64decode(data + "=" * (-len(data) % 4), validate=False)
    except (binascii.Error, ValueError):
        return data.encode("utf-8", "replace")
