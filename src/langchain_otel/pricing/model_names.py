"""Reads names of models: without a date or version, without what stands before the name."""

from __future__ import annotations

import re
from typing import Final

# `-2024-08-06`, `-20250514`, `@20250514`, `-latest`, with Bedrock's `-v1:0` behind or alone.
DATE: Final = r"[-@](?:20\d\d-?(?:0[1-9]|1[0-2])-?(?:0[1-9]|[12]\d|3[01])|latest)"
VERSION: Final = r"-v\d+:\d+"
ENDING: Final = re.compile(f"(?:{DATE}(?:{VERSION})?|{VERSION})$")


def undated(model: str) -> str:
    """The name without the date or the version at its end."""
    return ENDING.sub("", model)


def unprefixed(model: str) -> str:
    """The name without what stands before it: `models/`, `openai/`, the path of a resource."""
    return model.rpartition("/")[2] or model
