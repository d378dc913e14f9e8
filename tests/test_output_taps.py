"""LangChain asks each handler whether it taps outputs: ours answer at once, others as before."""

import sys
import typing
from types import FrameType
from typing import Any, Final

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.tracers._streaming import _StreamingCallbackHandler
from langchain_core.tracers.event_stream import _AstreamEventsCallbackHandler

from langchain_otel import LangChainInstrumentor, OpenTelemetryCallbackHandler
from models import StreamingModel
from recording import Tracing, instrumented


class Tapping(BaseCallbackHandler):
    """A handler that taps outputs, and does not say so by a base class."""

    def tap_output_iter(self, _: Any, output: Any) -> Any:
        return output

    tap_output_aiter = tap_output_iter


class OursTapping(OpenTelemetryCallbackHandler, Tapping):
    """One of ours that a user has added it to."""


TAPS: Final[dict[Any, bool]] = {
    BaseCallbackHandler: False,
    Tapping: True,
    OpenTelemetryCallbackHandler: False,
    OursTapping: True,
    _AstreamEventsCallbackHandler: True,
    object: False,
}


def answers() -> dict[Any, bool]:
    return {kind: isinstance(kind(), _StreamingCallbackHandler) for kind in TAPS}


async def test_answers_are_what_they_were(tracing: Tracing) -> None:
    """In a loop, which LangChain's own handler asks for."""
    assert answers() == TAPS
    assert issubclass(Tapping, _StreamingCallbackHandler)
    assert not issubclass(OpenTelemetryCallbackHandler, _StreamingCallbackHandler)
    LangChainInstrumentor().uninstrument()
    assert answers() == TAPS


def test_protocol_has_its_own_class_afterwards() -> None:
    kind = type(_StreamingCallbackHandler)
    with instrumented(Tracing()):
        assert type(_StreamingCallbackHandler) is not kind
        assert isinstance(_StreamingCallbackHandler, kind)
    assert type(_StreamingCallbackHandler) is kind


def test_model_that_could_stream_is_called_without_looking_at_the_protocol(
    tracing: Tracing,
) -> None:
    called: list[str] = []

    def note(frame: FrameType, event: str, _: Any) -> None:
        is_typing = frame.f_code.co_filename == typing.__file__
        if event == "call" and is_typing and frame.f_locals.get("cls") is _StreamingCallbackHandler:
            called.append(frame.f_code.co_name)

    StreamingModel().invoke("a question")
    sys.setprofile(note)
    try:
        StreamingModel().invoke("a question")
    finally:
        sys.setprofile(None)
    assert called == []
    assert len(tracing.spans) == 2
