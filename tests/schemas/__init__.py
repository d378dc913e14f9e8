"""Knows the conventions' JSON schemas, restated: parts of unknown types are invalid in ours."""

import json
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator


def check(name: str, data: Any) -> None:
    """Fail unless `data` is valid by the schema of that name."""
    schema = json.loads((Path(__file__).parent / f"{name}.json").read_text(encoding="utf-8"))
    Draft202012Validator(schema).validate(data)
