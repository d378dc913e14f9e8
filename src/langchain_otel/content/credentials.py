"""Recognizes by their names the values that are keys, passwords and tokens, and those in URLs."""

from __future__ import annotations

import re
from functools import lru_cache
from operator import is_
from typing import Any, Final

ENDINGS: Final = (
    "apikey",
    "accesskey",
    "secretkey",
    "privatekey",
    "accountkey",
    "secret",
    "password",
    "passwd",
    "passphrase",
    "token",
    "authorization",
    "bearer",
    "cookie",
    "credential",
    "credentials",
    "connectionstring",
)
MAX_NAMES: Final = 4_096
LONGEST: Final = 128
MASK: Final = "***"
# In the query of a URL these are credentials too: Google's key, the signature of a signed address.
IN_QUERIES: Final = frozenset(("key", "sig", "signature", "code", "auth"))
# Bounded, so that a search takes a time that grows as the text does.
USER: Final = r"(?<=://)[^\s/?#@'\"<>]{1,1024}@"
PARAMETER: Final = r"(?<=[?&])([\w.-]{1,64})=[^\s&#'\"<>]{1,4096}"


def names_credential(name: str) -> bool:
    """Whether a value of this name is a credential, however the name is written."""
    return _is_credential(name[-LONGEST:])


def without_url_credentials(text: str) -> str:
    """A text whose URLs name no user, no password, and no key in their query."""
    if "://" in text:
        text = re.sub(USER, f"{MASK}@", text)
    # Exceptions quote the path and the query alone, too.
    return re.sub(PARAMETER, _masked, text) if "=" in text else text


def _masked(parameter: re.Match[str]) -> str:
    name = parameter[1]
    if name.lower() in IN_QUERIES or names_credential(name):
        return f"{name}={MASK}"
    return parameter[0]


def without_credentials(data: Any) -> Any:
    """Plain data without the values under such names, at any depth: itself, where it has none."""
    if type(data) is list:
        items = [without_credentials(item) for item in data]
        return data if all(map(is_, items, data)) else items
    if type(data) is not dict:
        return data
    kept = {
        key: without_credentials(item) for key, item in data.items() if not names_credential(key)
    }
    is_whole = len(kept) == len(data) and all(map(is_, kept.values(), data.values()))
    return data if is_whole else kept


@lru_cache(MAX_NAMES)
def _is_credential(name: str) -> bool:
    return "".join(filter(str.isalnum, name.lower())).endswith(ENDINGS)
