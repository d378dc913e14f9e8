"""Knows which versions of langchain-core this package works with."""

import logging
from typing import Final

from langchain_core.version import VERSION

logger: Final = logging.getLogger("langchain_otel")

REQUIREMENT: Final = "langchain-core >= 0.3.80, < 2"
OLDEST: Final = (0, 3)
FIRST_UNSUPPORTED: Final = (2, 0)

_warned: Final[set[str]] = set()


def is_supported(version: str = VERSION) -> bool:
    """Whether this version of langchain-core is in the range, by its first two numbers.

    One that is not is one warning; nothing of it is changed then.
    """
    major_minor = tuple(int(number) for number in version.split(".")[:2] if number.isdigit())
    if OLDEST <= major_minor < FIRST_UNSUPPORTED:
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
