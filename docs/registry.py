"""Reads the registry of our own names: the definitions in `semconv/registry`, as Weaver has them.

https://github.com/open-telemetry/weaver/blob/main/schemas/semconv-syntax.v2.md describes the form.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import yaml

FOLDER: Final = Path(__file__).parents[1] / "semconv" / "registry"
MANIFEST: Final = "manifest.yaml"
FORM: Final = "definition/2"
TEMPLATE: Final = "template["

SCALARS: Final[dict[str, type | tuple[type, ...]]] = {
    "string": str,
    "int": int,
    "double": float,
    "boolean": bool,
    "any": (str, int, float, bool),
}

Definition = Mapping[str, Any]
Definitions = dict[str, Definition]

# The lists of a file, each with the field by which its definitions are known.
LISTS: Final = {
    "attributes": "key",
    "attribute_groups": "id",
    "spans": "type",
    "events": "name",
    "metrics": "name",
}


class Registry(NamedTuple):
    """The definitions of all files, by name."""

    attributes: Definitions
    attribute_groups: Definitions
    spans: Definitions
    events: Definitions
    metrics: Definitions

    def references(self, definition: Definition) -> Definitions:
        """The attributes that a signal or a group refers to, those of its groups among them."""
        found: Definitions = {}
        for reference in definition.get("attributes", ()):
            if "ref_group" in reference:
                found |= self.references(self.attribute_groups[reference["ref_group"]])
            else:
                found[reference["ref"]] = reference
        return found


def files() -> list[Path]:
    """The files with definitions; the manifest is none of them."""
    return sorted(path for path in FOLDER.glob("*.yaml") if path.name != MANIFEST)


def manifest() -> Definition:
    """What the registry says of itself, and on which registries it builds."""
    found: Definition = yaml.safe_load((FOLDER / MANIFEST).read_text())
    return found


def read_registry() -> Registry:
    """The definitions of all files; a name that is defined twice is an error."""
    registry = Registry({}, {}, {}, {}, {})
    for path in files():
        for key, entries in yaml.safe_load(path.read_text()).items():
            if key != "file_format":
                _add(getattr(registry, key), entries, LISTS[key])
    return registry


def _add(known: Definitions, entries: list[Definition], field: str) -> None:
    for entry in entries:
        name = entry[field]
        if name in known:
            raise ValueError(f"{name} is defined twice")
        known[name] = entry


def members(attribute: Definition) -> list[Definition]:
    """The values that an attribute may have, where they are few."""
    kind = attribute["type"]
    return [] if isinstance(kind, str) else list(kind["members"])


def is_template(attribute: Definition) -> bool:
    """Whether the attribute's name is a prefix of the names that spans have."""
    return str(attribute["type"]).startswith(TEMPLATE)


def type_of(attribute: Definition) -> str:
    """The type of the attribute's values, or of those of all names that begin with its own."""
    if members(attribute):
        return "string"
    kind = str(attribute["type"])
    return kind[len(TEMPLATE) : -1] if is_template(attribute) else kind


def is_of(kind: str, value: Any) -> bool:
    """Whether a value of an attribute has a type of the registry."""
    if kind.endswith("[]"):
        return isinstance(value, (list, tuple)) and all(is_of(kind[:-2], item) for item in value)
    if kind == "any":
        return isinstance(value, SCALARS[kind]) or is_of("string[]", value)
    expected = SCALARS[kind]
    return isinstance(value, expected) and isinstance(value, bool) is (kind == "boolean")
