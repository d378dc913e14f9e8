"""Checks that the installed langchain-core is in the supported range."""

from __future__ import annotations

import logging
from functools import cache
from importlib import metadata
from typing import Final

logger: Final = logging.getLogger("langchain_otel")

PACKAGE: Final = "langchain-core"
RANGE: Final = ">= 0.3.80, < 2"
REQUIREMENT: Final = f"{PACKAGE} {RANGE}"

_warned: Final[set[str]] = set()


@cache
def version_of(package: str) -> str | None:
    """The version of an installed package; each is read once, for what is imported stays.

    It is parsed with the package's whole description, and many patch points ask for the same one.
    """
    return metadata.version(package)


def is_supported() -> bool:
    """Whether the installed langchain-core is in the range.

    One that is not is one warning; nothing of it is changed then.
    """
    version = conflicting_version(PACKAGE, RANGE)
    if version is not None and version not in _warned:
        _warned.add(version)
        logger.warning(
            "langchain-otel works with %s, but %s %s is installed: no function of it is changed, "
            "and no span is current while its runs execute.",
            REQUIREMENT,
            PACKAGE,
            version,
        )
    return version is None


def conflicting_version(package: str, specifiers: str) -> str | None:
    """The installed version of a package where it is outside of a range.

    None where the version is not known, as of a package that is frozen into an executable, or whose
    metadata cannot be read.
    """
    try:
        version = version_of(package)
    except Exception:
        return None
    return None if version is None or is_in_range(version, specifiers) else version


def is_installed(package: str) -> bool:
    """Whether the metadata of a package are here."""
    try:
        version_of(package)
    except Exception:
        return False
    return True


def is_in_range(version: str, specifiers: str = RANGE) -> bool:
    """Whether a version is in a range; pre-releases and local versions count."""
    # An instrumentor has imported it; the handler does so when there is something to wrap.
    from packaging.specifiers import SpecifierSet
    from packaging.version import InvalidVersion

    try:
        return SpecifierSet(specifiers).contains(version, prereleases=True)
    except InvalidVersion:
        return False
