"""Functions are wrapped whose annotations cannot be evaluated.

CPython 3.14 evaluates them when somebody asks, and where their class is complete. The legacy chains
of LangChain have a method `dict`, which then stands for the builtin.
"""

from typing import Any

from langchain_otel.operations.embeddings import EMBEDDINGS
from langchain_otel.patching.contract import keeps_contract
from langchain_otel.patching.points import PatchPoint, Seam
from langchain_otel.patching.signatures import signature_of
from langchain_otel.sources.remote_calls import calls_remotely, carries_trace
from langchain_otel.sources.unreported_calls import UnreportedCall, traced
from lost_seams import changed

SEAM = Seam("a seam", "We rely on it.", "nothing")
CALL = UnreportedCall(EMBEDDINGS, lambda *_: None, lambda *_: None)


class Chain:
    """A class with a method that is called as a builtin."""

    def invoke(self, values: dict[str, int], *, headers: dict[str, str] | None = None) -> int:
        return len((values, headers))

    def dict(self) -> str:
        return "a method"


def test_the_contract_is_kept() -> None:
    """Names and kinds of parameters are read, and no more."""
    point = PatchPoint("m", "Chain.invoke", lambda same: same, SEAM, parameters=("self", "values"))
    assert keeps_contract(point, Chain.invoke)
    assert not keeps_contract(changed(point, parameters=("self", "other")), Chain.invoke)
    assert list(signature_of(Chain.invoke).parameters) == ["self", "values", "headers"]


def test_calls_are_wrapped() -> None:
    """Neither wrapping nor calling evaluates an annotation."""
    values: Any = {"a": 1}
    for wrap in (traced(CALL), calls_remotely, carries_trace):
        assert wrap(Chain.invoke)(Chain(), values) == 2
