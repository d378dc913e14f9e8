"""The reference of what the package exports, made from its signatures and docstrings."""

import re
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent
from types import ModuleType
from typing import Any, Final

import griffe

import langchain_otel
from langchain_otel import testing

SOURCE: Final = Path(__file__).parents[1] / "src"
PACKAGE: Final = "langchain_otel"
MAX_LINE: Final = 100
EXAMPLE: Final = re.compile(r"^    .*(?:\n+    .*)*", re.MULTILINE)
HEADS: Final = {
    griffe.DocstringSectionKind.parameters: "argument",
    griffe.DocstringSectionKind.attributes: "attribute",
    griffe.DocstringSectionKind.raises: "raises",
}


def reference() -> str:
    """Every name that the package exports."""
    return _reference(langchain_otel)


def reference_of_testing() -> str:
    """Every name that its pytest plugin exports."""
    return _reference(testing)


def _reference(module: ModuleType) -> str:
    """The public names of a module, and the classes of what the functions among them give."""
    package = griffe.load(PACKAGE, search_paths=[SOURCE], docstring_parser="google")
    path = module.__name__.removeprefix(PACKAGE).lstrip(".")
    exporting = package[path] if path else package
    public = [_target(exporting[name]) for name in sorted(module.__all__)]
    entries = [_entry(one, _signature(one)) for one in public if one.docstring is not None]
    returned = {cls.path: cls for one in public for cls in _returned(one, package)}
    entries += [_entry(cls, f"class {cls.name}") for cls in returned.values() if cls not in public]
    return "".join(f"\n{entry}\n" for entry in entries) + "\n"


def _target(found: Any) -> Any:
    return found.final_target if found.is_alias else found


def _returned(function: Any, package: Any) -> Iterator[Any]:
    # Of a class of ours the page says what its objects can do.
    returns = function.returns if function.is_function else None
    path = getattr(returns, "canonical_path", None)
    if path is not None and path.startswith(f"{PACKAGE}."):
        yield _target(package[path.removeprefix(f"{PACKAGE}.")])


def _entry(one: Any, signature: str) -> str:
    parts = [f"## `{one.name}`", f"```pyi\n{signature}\n```", *_described(one)]
    if one.is_class:
        parts += _properties(one)
        parts += [part for method in _methods(one) for part in _method(one, method)]
    return "\n\n".join(parts)


def _properties(cls: Any) -> list[str]:
    rows = [
        f"| `{name}` | {_line(member.docstring.value)} |"
        for name, member in cls.members.items()
        if member.is_attribute and member.docstring is not None and not name.startswith("_")
    ]
    return ["\n".join(["| attribute | |", "|---|---|", *rows])] if rows else []


def _methods(cls: Any) -> list[Any]:
    return [
        member
        for name, member in cls.members.items()
        if member.is_function and member.docstring is not None and not name.startswith("_")
    ]


def _method(cls: Any, method: Any) -> list[str]:
    name = f"{cls.name}.{method.name}"
    return [f"### `{name}`", f"```pyi\n{_signature(method)}\n```", *_described(method)]


def _signature(one: Any) -> str:
    maker = one.all_members.get("__init__") if one.is_class else one
    text = str(one.name) if maker is None else str(maker.signature(name=one.name))
    text = text.replace("(self, ", "(").replace("(self)", "()")
    if one.is_class:
        text = f"class {text.removesuffix(' -> None')}"
    if len(text) <= MAX_LINE or maker is None:
        return text
    return _broken(one, maker)


def _broken(one: Any, maker: Any) -> str:
    # As ruff would break it: an argument a line.
    short = str(maker.signature(name=one.name))
    head, _, rest = short.partition("(")
    inside, _, tail = rest.rpartition(")")
    prefix = "class " if one.is_class else ""
    lines = "".join(f"    {argument},\n" for argument in _arguments(inside) if argument != "self")
    return f"{prefix}{head}(\n{lines}){'' if one.is_class else tail}"


def _arguments(inside: str) -> Iterator[str]:
    depth = begin = 0
    for place, sign in enumerate(inside):
        depth += (sign in "([{") - (sign in ")]}")
        if sign == "," and depth == 0:
            yield inside[begin:place].strip()
            begin = place + 1
    yield inside[begin:].strip()


def _described(one: Any) -> Iterator[str]:
    for section in one.docstring.parsed:
        if section.kind is griffe.DocstringSectionKind.text:
            yield EXAMPLE.sub(_fenced, section.value.strip())
        elif section.kind in HEADS:
            yield _table(section)
        elif section.kind is griffe.DocstringSectionKind.returns:
            yield "Gives: " + " ".join(_line(item.description) for item in section.value)


def _fenced(example: re.Match[str]) -> str:
    return f"```py\n{dedent(example[0])}\n```"


def _table(section: Any) -> str:
    rows = [
        f"| `{getattr(item, 'name', None) or item.annotation}` | {_line(item.description)} |"
        for item in section.value
    ]
    return "\n".join([f"| {HEADS[section.kind]} | |", "|---|---|", *rows])


def _line(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
