"""Checks that the installed langchain-core is in the supported range."""

import logging
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as version_of
from typing import Final

logger: Final = logging.getLogger("langchain_otel")

REQUIREMENT: Final = "langchain-core >= 0.3.80, < 2"

_warned: Final[set[str]] = set()


def is_supported() -> bool:
    """Whether the installed langchain-core is in the range.

    One that is not is one warning; nothing of it is changed then.
    """
    found = conflict_with(REQUIREMENT)
    if found is not None and found not in _warned:
        _warned.add(found)
        logger.warning(
            "langchain-otel works with %s, but %s is installed: no function of it is changed, and "
            "no span is current while its runs execute.",
            REQUIREMENT,
            found,
        )
    return found is None


def conflict_with(requirement: str) -> str | None:
    """The name and version of a requirement's package, where what is installed does not fit.

    None where its version is not known, as of a package that is frozen into an executable.
    """
    from packaging.requirements import Requirement

    name = Requirement(requirement).name
    try:
        version: str | None = version_of(name)
    except (PackageNotFoundError, KeyError):
        return None
    return None if version is None or is_in_range(version, requirement) else f"{name} {version}"


def is_in_range(version: str, requirement: str = REQUIREMENT) -> bool:
    """Whether a version is in the range of a requirement; pre-releases and local versions count."""
    from packaging.requirements import Requirement
    from packaging.version import InvalidVersion

    try:
        return Requirement(requirement).specifier.contains(version, prereleases=True)
    except InvalidVersion:
        return False
