"""Knows which versions of the backends are wanted, and where their binaries live."""

import hashlib
import json
import os
import tomllib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, Self

PINS_FILE: Final = Path(__file__).with_name("pins.toml")
CACHE_VARIABLE: Final = "LANGCHAIN_OTEL_CACHE"
RECIPE_FILE: Final = "recipe.json"
BUILD_COMMAND: Final = "make backends"


@dataclass(frozen=True, slots=True)
class CollectorPin:
    """The Collector: one version, and the modules it is put together from, by kind."""

    version: str
    components: dict[str, list[str]]
    replacements: dict[str, str]


@dataclass(frozen=True, slots=True)
class JaegerPin:
    """Jaeger: its own version, and the one by which Go knows it."""

    version: str
    module: str
    module_version: str


@dataclass(frozen=True, slots=True)
class Tool:
    """One binary: its directory in the cache carries the recipe it was built from."""

    name: str
    version: str
    binary_name: str
    recipe: str
    # What else tells two builds of one version apart, so that checkouts can share a cache.
    variant: str = ""

    @property
    def directory(self) -> Path:
        return cache_directory() / f"{self.name}-{self.version}{self.variant}"

    @property
    def binary(self) -> Path:
        return self.directory / self.binary_name

    @property
    def is_built(self) -> bool:
        recipe = self.directory / RECIPE_FILE
        return self.binary.is_file() and recipe.is_file() and recipe.read_text() == self.recipe


@dataclass(frozen=True, slots=True)
class Pins:
    """All of pins.toml."""

    go: str
    collector: CollectorPin
    jaeger: JaegerPin
    kafka: str
    images: dict[str, str]

    @classmethod
    def load(cls) -> Self:
        table = tomllib.loads(PINS_FILE.read_text())
        collector = table["collector"]
        pin = CollectorPin(
            collector["version"], _components(collector), _table(collector, "replacements")
        )
        return cls(
            go=table["go"],
            collector=pin,
            jaeger=JaegerPin(**table["jaeger"]),
            kafka=table["kafka"]["version"],
            images=dict(table["images"]),
        )

    def tools(self) -> tuple[Tool, Tool]:
        """The Collector and Jaeger, in the order in which they are built."""
        return (
            self._collector(),
            Tool("jaeger", self.jaeger.version, "jaeger", _recipe(self.jaeger)),
        )

    def _collector(self) -> Tool:
        """Its directory is named after the list of its components too: a longer list, a new one."""
        recipe = _recipe(self.collector)
        variant = f"-{hashlib.sha256(recipe.encode()).hexdigest()[:12]}"
        return Tool("collector", self.collector.version, "otelcol", recipe, variant)


def cache_directory() -> Path:
    """Where everything that is built or kept between two runs lives."""
    chosen = os.environ.get(CACHE_VARIABLE)
    return Path(chosen) if chosen else Path.home() / ".cache" / "langchain-otel"


def _components(collector: dict[str, object]) -> dict[str, list[str]]:
    versions = {"components": "version", "stable_components": "stable_version"}
    return {
        kind: [_module(collector, entry, version) for entry in entries]
        for table, version in versions.items()
        for kind, entries in _table(collector, table).items()
    }


def _module(collector: dict[str, object], entry: str, version: str) -> str:
    prefix, _, path = entry.partition("/")
    return f"{_table(collector, 'modules')[prefix]}/{path} v{collector[version]}"


def _table(parent: dict[str, object], name: str) -> dict[str, str]:
    table = parent[name]
    if not isinstance(table, dict):
        raise TypeError(f"{PINS_FILE.name}: [{name}] is not a table")
    return table


def _recipe(pin: CollectorPin | JaegerPin) -> str:
    return json.dumps(asdict(pin), indent=2, sort_keys=True)
