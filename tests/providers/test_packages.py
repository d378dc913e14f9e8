"""Tests of a package that is not installed are not collected: so none may be missing."""

import os

from installed import installed
from provider_environments import ENVIRONMENTS, VARIABLE


def test_every_package_is_here() -> None:
    """What the environment was made for can be imported."""
    modules = ENVIRONMENTS[os.environ[VARIABLE]].modules
    assert [name for name in modules if not installed(name)] == []
