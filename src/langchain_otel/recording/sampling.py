"""Tells beforehand whether a span will record: then its attributes are made at once."""

from __future__ import annotations

import sys
from typing import Any, Final

from opentelemetry.context import Context
from opentelemetry.trace import Tracer

from langchain_otel.runs.context import has_span

SDK_MODULE: Final = "opentelemetry.sdk.trace.sampling"


def records_all(tracer: Tracer, around: Context) -> bool:
    """Whether all spans record that a tracer starts in a context, as far as it is known.

    So it is with the SDK's own sampler, which takes what has no parent.
    """
    sampler = getattr(tracer, "sampler", None)
    sdk: Any = sys.modules.get(SDK_MODULE)
    if sampler is None or sdk is None:
        return False
    return sampler is sdk.ALWAYS_ON or (sampler is sdk.DEFAULT_ON and not has_span(around))
