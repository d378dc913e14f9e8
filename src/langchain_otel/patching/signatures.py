"""Reads the parameters of functions that other packages define."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from typing import Any

if sys.version_info >= (3, 14):
    from annotationlib import Format

    def signature_of(function: Callable[..., Any]) -> inspect.Signature:
        """The signature, whose annotations are text: to evaluate them may fail.

        They are evaluated in the complete class. If it has a method `dict`, `dict[str, Any]` fails.
        """
        return inspect.signature(function, annotation_format=Format.STRING)

else:

    def signature_of(function: Callable[..., Any]) -> inspect.Signature:
        """The signature; its annotations were evaluated when the function was defined."""
        return inspect.signature(function)
