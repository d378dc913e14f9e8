"""Defines a seam, and a patch point: a function of another package, and what we need of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, Literal

from langchain_otel.patching.supported import conflicting_version, is_installed

Wrap = Callable[[Callable[..., Any]], Callable[..., Any]]
Form = Literal["function", "coroutine", "generator", "async generator"]
FUNCTION: Final[Form] = "function"
COROUTINE: Final[Form] = "coroutine"
GENERATOR: Final[Form] = "generator"
ASYNC_GENERATOR: Final[Form] = "async generator"
State = Literal["applied", "waiting", "absent", "missing", "changed", "refused"]
"""What has become of a patch point.

It waits for its module; it is absent where this version need not have it; otherwise it is missing,
it has another form or other parameters than we need, or wrapping it has failed.
"""

LOST: Final[tuple[State, ...]] = ("missing", "changed", "refused")
ANYWHERE: Final = "anywhere"
"""For `versions`: the function may be there or not."""

DISTRIBUTIONS: Final = {"langgraph.checkpoint": "langgraph-checkpoint", "google": "google-genai"}
# Packages that several distributions share: the import of such a one says nothing of its parts.
ROOTS: Final = {"langgraph": "langgraph.pregel", "google": "google.genai"}


class Seam:
    """What we rely on in another package, in one sentence, and what is lost without it."""

    __slots__ = ("lost", "name", "relies")

    def __init__(self, name: str, relies: str, lost: str) -> None:
        self.name = name
        self.relies = relies
        self.lost = lost


class _Place:
    """A place in LangChain, by its module and the path there, and what is put around it.

    `wrap` gives back the wrapped one. `versions` says which versions have it, where that is not all
    of the range.
    """

    __slots__ = ("module", "path", "seam", "versions", "wrap")

    def __init__(self, module: str, path: str, wrap: Wrap, seam: Seam, versions: str = "") -> None:
        self.module = module
        self.path = path
        self.wrap = wrap
        self.seam = seam
        self.versions = versions


class PatchPoint(_Place):
    """A function of LangChain.

    `form` is what it has to be, `parameters` are those that it has to begin with; an empty name
    stands for any.
    """

    __slots__ = ("form", "parameters")

    def __init__(
        self,
        module: str,
        path: str,
        wrap: Wrap,
        seam: Seam,
        form: Form = FUNCTION,
        parameters: tuple[str, ...] = (),
        versions: str = "",
    ) -> None:
        super().__init__(module, path, wrap, seam, versions)
        self.form = form
        self.parameters = parameters


class ClosurePoint(_Place):
    """A function that a function of LangChain has in a variable of its own.

    So the wrapped one is called also by those who imported the function before it was patched.
    """

    __slots__ = ("form", "variable")

    def __init__(
        self, module: str, path: str, variable: str, wrap: Wrap, seam: Seam, form: Form
    ) -> None:
        super().__init__(module, path, wrap, seam)
        self.variable = variable
        self.form = form


class SubclassPoint(_Place):
    """Methods of the subclasses of a class of LangChain."""

    __slots__ = ("methods",)

    def __init__(
        self, module: str, path: str, methods: Callable[[str], bool], wrap: Wrap, seam: Seam
    ) -> None:
        super().__init__(module, path, wrap, seam)
        self.methods = methods


Point = PatchPoint | ClosurePoint | SubclassPoint


class PointTable:
    """The patch points in some modules of other packages.

    `points` lists them. It imports what wraps them, and is called once one of `modules` is there.
    """

    __slots__ = ("modules", "points")

    def __init__(self, points: Callable[[], Sequence[Point]], modules: Iterable[str]) -> None:
        self.points = points
        self.modules = tuple(modules)


def methods(
    owner: str,
    forms: Mapping[str, Form],
    wrap: Wrap,
    seam: Seam,
    parameters: tuple[str, ...] = (),
    versions: str = "",
) -> Iterator[PatchPoint]:
    """The points of several methods of a class, which is named as `module:Class`."""
    module, _, kind = owner.partition(":")
    for name, form in forms.items():
        yield PatchPoint(module, f"{kind}.{name}", wrap, seam, form, parameters, versions)


def is_expected(point: Point) -> bool:
    """Whether the version that is installed should have the function."""
    if point.versions == ANYWHERE or not is_installed(distribution_of(point.module)):
        return False
    package, _, versions = point.versions.partition(" ")
    return not package or conflicting_version(package, versions) is None


def root_of(module: str) -> str:
    """The package whose import says that the module should be there."""
    top = module.partition(".")[0]
    return ROOTS.get(top, top)


def distribution_of(module: str) -> str:
    """The name under which a module's package is installed."""
    for prefix, distribution in DISTRIBUTIONS.items():
        if f"{module}.".startswith(f"{prefix}."):
            return distribution
    return module.partition(".")[0].replace("_", "-")
