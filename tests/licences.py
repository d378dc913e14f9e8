"""Says under which licences the runtime dependencies are, and whether each of them is allowed.

python tests/licences.py    prints them all, and ends with 1 if one is not allowed or not known
"""

import re
import sys
from collections.abc import Iterable
from importlib.metadata import Distribution, distribution
from typing import Final

from packaging.licenses import canonicalize_license_expression
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PACKAGE: Final = "langchain-otel"
EXTRAS: Final = ("console", "cost")
# An application that is sold, and whose source is not shown, may have each of these inside. MPL-2.0
# concerns the files of the dependency alone, which are not changed.
ALLOWED: Final = frozenset(
    {"Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT", "MPL-2.0", "PSF-2.0", "0BSD"}
)
# What is written where there is no SPDX expression.
SPELLINGS: Final = {
    "3-clause bsd license": "BSD-3-Clause",
    "apache 2.0": "Apache-2.0",
    "apache license, version 2.0": "Apache-2.0",
    "license :: osi approved :: apache software license": "Apache-2.0",
    "license :: osi approved :: isc license (iscl)": "ISC",
    "license :: osi approved :: mit license": "MIT",
    "license :: osi approved :: mozilla public license 2.0 (mpl 2.0)": "MPL-2.0",
    "license :: osi approved :: python software foundation license": "PSF-2.0",
}
_OPERATORS: Final = {"AND", "OR", "WITH"}


def requirements_of(name: str, extras: Iterable[str]) -> Iterable[Requirement]:
    """What a package asks for here, on this Python and this system, with some of its extras."""
    for text in distribution(name).requires or ():
        requirement = Requirement(text)
        marker = requirement.marker
        if marker is None or any(marker.evaluate({"extra": extra}) for extra in ("", *extras)):
            yield requirement


def dependencies_of(name: str, extras: Iterable[str] = ()) -> dict[str, Distribution]:
    """Everything that comes along with a package, by its name."""
    found: dict[str, Distribution] = {}
    seen: set[tuple[str, frozenset[str]]] = set()
    open_ends = [(name, frozenset(extras))]
    for package, wanted in open_ends:
        for requirement in requirements_of(package, wanted):
            key = (str(canonicalize_name(requirement.name)), frozenset(requirement.extras))
            if key not in seen:
                seen.add(key)
                found[key[0]] = distribution(key[0])
                open_ends.append(key)
    return found


def licence_of(package: Distribution) -> str | None:
    """Its licence as an SPDX expression; None where it names none, or in words of its own."""
    fields = ("License-Expression", "License", "Classifier")
    for text in (text for field in fields for text in package.metadata.get_all(field) or ()):
        expression = SPELLINGS.get(text.strip().lower(), text)
        try:
            return str(canonicalize_license_expression(expression))
        except ValueError:
            continue
    return None


def is_allowed(expression: str | None) -> bool:
    """Whether each licence that it names is one that applications may have inside."""
    named = set(re.findall(r"[\w.+-]+", expression or "")) - _OPERATORS
    return bool(named) and named <= ALLOWED


def main() -> int:
    """Print each dependency with its licence."""
    licences = {
        name: licence_of(package)
        for name, package in sorted(dependencies_of(PACKAGE, EXTRAS).items())
    }
    for name, expression in licences.items():
        note = "" if is_allowed(expression) else "  is not allowed: see ALLOWED in this file"
        print(f"{name:42}{expression or 'no licence that is known'}{note}")
    return int(not all(map(is_allowed, licences.values())))


if __name__ == "__main__":
    sys.exit(main())
