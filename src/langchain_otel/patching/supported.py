"""Checks that the installed langchain-core is in the supported range."""

import logging
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as version_of
from typing import Final

logger: Final = logging.getLogger("langchain_otel")

REQUIREMENT: Final = "langchain-core >= 0.3.80, < 2"
OLDEST: Final = (0, 3)
FIRST_UNSUPPORTED: Final = (2, 0)

_warned: Final[set[str]] = set()


def is_supported() -> bool:
    """Whether the installed langchain-core is in the range.

    One that is not is one warning; nothing of it is changed then.
    """
    try:
        version = version_of("langchain-core")
    except PackageNotFoundError:
        # Frozen into an executable, say: there is no way to tell.
        return True
    if is_in_range(version):
        return True
    if version not in _warned:
        _warned.add(version)
        logger.warning(
            "langchain-otel works with %s, but langchain-core %s is installed: no function of it "
            "is changed, and LangChainInstrumentor traces nothing.",
            REQUIREMENT,
            version,
        )
    return False


def is_in_range(version: str) -> bool:
    """Whether a version is in the range, by its first two numbers."""
    major_minor = tuple(int(number) for number in version.split(".")[:2] if number.isdigit())
    return OLDEST <= major_minor < FIRST_UNSUPPORTED
