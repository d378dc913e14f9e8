"""Keeps LangChain's own record of its runs, with a tracer of LangChain's own."""

from typing import Any, Final
from uuid import UUID

from langchain_core.tracers.base import BaseTracer
from langchain_core.tracers.schemas import Run

OUTCOMES: Final = {
    "CancelledError": "cancelled",
    "GeneratorExit": "closed",
    "GraphInterrupt": "interrupted",
    "ParentCommand": "handed_off",
}
FAILED: Final = "failed"


class Account(BaseTracer):
    """Every run that LangChain has begun, and how it has ended.

    `ends` has how the runs ended that LangChain has ended: None is a result, `FAILED` a failure,
    anything else an outcome. `tokens` has what those that called a model to the end have used.
    """

    # What is no inline handler is called in threads: the record would be of another order.
    run_inline = True

    def __init__(self) -> None:
        super().__init__()
        self.runs: dict[UUID, Run] = {}
        self.ends: dict[UUID, str | None] = {}
        self.tokens: dict[UUID, tuple[int, int]] = {}

    def _persist_run(self, run: Run) -> None:
        """Nothing is sent anywhere: the record is what is wanted."""

    def _on_run_create(self, run: Run) -> None:
        assert run.id not in self.runs, "a run has begun twice"
        self.runs[run.id] = run

    def _on_run_update(self, run: Run) -> None:
        status = getattr((run.outputs or {}).get("output"), "status", None)
        ended = FAILED if run.error is not None or status == "error" else None
        self.ends.setdefault(run.id, ended)

    def on_llm_end(self, response: Any, *, run_id: UUID, **kwargs: Any) -> Run:
        message = getattr(response.generations[0][0], "message", None)
        usage = getattr(message, "usage_metadata", None) or {}
        self.tokens[run_id] = (usage.get("input_tokens", 0), usage.get("output_tokens", 0))
        return super().on_llm_end(response, run_id=run_id, **kwargs)

    def _errored(self, error: BaseException, run_id: UUID) -> None:
        names = [kind.__name__ for kind in type(error).__mro__]
        found = [OUTCOMES[name] for name in names if name in OUTCOMES]
        # A run that has ended may be reported to be cancelled, too.
        self.ends.setdefault(run_id, found[0] if found else FAILED)

    def on_chain_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> Run:
        self._errored(error, run_id)
        return super().on_chain_error(error, run_id=run_id, **kwargs)

    def on_tool_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> Run:
        self._errored(error, run_id)
        return super().on_tool_error(error, run_id=run_id, **kwargs)

    def on_llm_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> Run:
        self._errored(error, run_id)
        return super().on_llm_error(error, run_id=run_id, **kwargs)

    def on_retriever_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> Run:
        self._errored(error, run_id)
        return super().on_retriever_error(error, run_id=run_id, **kwargs)

    def below(self, run_id: UUID) -> list[UUID]:
        """The runs inside a run, however deep."""
        children = [each for each, run in self.runs.items() if run.parent_run_id == run_id]
        return [*children, *(each for child in children for each in self.below(child))]
