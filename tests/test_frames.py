"""A frame that is stopped while it is entered gives back the frame and the context around it."""

from contextlib import suppress
from typing import Any
from uuid import uuid4

import pytest
from opentelemetry.context import Context, get_current

from langchain_otel.operations.model import CHAT
from langchain_otel.runs import body_frame, frame, group_frame
from langchain_otel.runs.body_frame import BodyFrame
from langchain_otel.runs.current_frame import current_frame
from langchain_otel.runs.frame import Frame
from langchain_otel.runs.group_frame import GroupFrame
from langchain_otel.runs.reported import Started
from langchain_otel.runs.run import Run


class StoppedError(Exception):
    """What a signal raises."""


def known() -> Run:
    started = Started(None, None, None, None)
    recorder: Any = None
    return Run(uuid4(), CHAT, recorder, None, Context(), started)


FRAMES: Any = {
    frame: lambda: Frame("chain", None),
    group_frame: lambda: GroupFrame("model", None),
    body_frame: lambda: BodyFrame(None, known()),
}


@pytest.mark.parametrize("module", FRAMES, ids=lambda module: module.__name__)
@pytest.mark.parametrize("step", ["current_frame", "current", "make_current"])
def test_a_frame_that_is_stopped_while_it_is_entered(
    module: Any, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    around, before = Frame("tool", None), get_current()
    around.enter()
    try:
        caller = get_current()
        inner = FRAMES[module]()
        original = getattr(module, step)

        def stopping(*args: Any) -> Any:
            original(*args)
            raise StoppedError

        with monkeypatch.context() as patch:
            patch.setattr(module, step, stopping)
            with suppress(StoppedError):
                inner.enter()
        inner.leave()
        assert current_frame() is around
        assert get_current() is caller
    finally:
        around.leave()
    assert current_frame() is None
    assert get_current() is before
