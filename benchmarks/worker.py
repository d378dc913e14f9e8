"""Measures in one environment what it is asked to: a JSON line in, a JSON line out.

    {"do": "measure", "work": "LCEL chain", "variant": "bare", "count": 40}

It is a process of its own, which `run.py` starts with the interpreter of that environment.
"""

import gc
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from importlib.metadata import distributions
from importlib.util import find_spec
from typing import Any, Final

from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.trace import ReadableSpan

import memory
from handwritten import Account, writer
from programs import Work, works
from variants import VARIANTS, Config, Sink, flush

BY_HAND: Final = "by hand"
MOMENT: Final = 0.04
WARMING: Final = 3
BATCH: Final = 512
OURS: Final = "langchain-otel"
# The exporter `otlp_fast`, where this version has it.
FAST: Final = "langchain_otel.exporters.otlp_spans"

WORKS: Final = {work.name: work for work in works()}


@cache
def sink_with(sampler: str) -> Sink:
    return Sink(sampler)


@cache
def account_of(name: str) -> Account:
    """What one time of a program is, as LangChain reports it to any handler."""
    account = Account()
    WORKS[name].program(1, {"callbacks": [account]})
    return account


def units(work: Work) -> int:
    """What the cost of one time is divided by."""
    return work.parts or account_of(work.name).runs


@contextmanager
def running(request: dict[str, Any]) -> Iterator[tuple[Callable[[int], None], Sink]]:
    """A function that runs a program so many times in the way that is asked for."""
    work, sink = WORKS[request["work"]], sink_with(request.get("sampler", "all"))
    content, variant = request.get("content", False), request["variant"]
    write: Callable[[], None] | None = None
    if variant == BY_HAND:
        write = writer(sink.provider, account_of(work.name), content=content)
        variant = "bare"

    def run(count: int, config: Config) -> None:
        work.program(count, config)
        if write is not None:
            for _ in range(count):
                write()

    with VARIANTS[variant](sink, content) as config:
        yield lambda count: run(count, config), sink


def hello(_: dict[str, Any]) -> dict[str, Any]:
    """The versions that are installed here."""
    return {found.name.lower(): found.version for found in distributions()}


def names(_: dict[str, Any]) -> dict[str, Any]:
    """What can be measured."""
    return {"works": list(WORKS)}


def count(request: dict[str, Any]) -> dict[str, Any]:
    """How many runs a program makes, and how often it fits into a moment."""
    work = WORKS[request["work"]]
    with running(request) as (run, sink):
        run(2)
        flush(sink)
        before = time.process_time()
        run(2)
        flush(sink)
        seconds = (time.process_time() - before) / 2
    return {
        "runs": account_of(work.name).runs,
        "unit": work.unit,
        "count": max(1, round(MOMENT / seconds)),
    }


def measure(request: dict[str, Any]) -> dict[str, Any]:
    """CPU microseconds of all threads for one run, or one token, and the spans that it made."""
    work, times = WORKS[request["work"]], request["count"]
    with running(request) as (run, sink):
        # What was wrapped a moment ago is new to the interpreter, which adapts to what runs often.
        run(max(1, times // WARMING))
        flush(sink)
        gc.collect()
        spans, before = sink.exporter.count, time.process_time()
        run(times)
        flush(sink)
        seconds = time.process_time() - before
        made = (sink.exporter.count - spans) / times
    return {
        "microseconds": seconds / times / units(work) * 1e6,
        "spans": made / account_of(work.name).runs,
    }


def encode(request: dict[str, Any]) -> dict[str, Any]:
    """CPU microseconds and bytes of OTLP for one run: the work of the thread that exports."""
    runs, times = account_of(request["work"]).runs, request["count"]
    with running(request) as (run, sink):
        run(1)
        flush(sink)
        kept: list[ReadableSpan] = []
        sink.exporter.kept = kept
        run(times)
        flush(sink)
        sink.exporter.kept = None
    gc.collect()
    batches = [kept[start : start + BATCH] for start in range(0, len(kept), BATCH)]
    size, seconds = encoded(batches, lambda batch: encode_spans(batch).SerializeToString())
    answer = {
        "microseconds": seconds / times / runs * 1e6,
        "bytes": size / times / runs,
        "spans": len(kept) / times / runs,
        "attributes": sum(len(span.attributes or {}) for span in kept) / max(1, len(kept)),
    }
    if request["variant"] == OURS and find_spec(FAST.rpartition(".")[0]) is not None:
        _, seconds = encoded(batches, import_module(FAST).encode_spans)
        answer["microseconds, otlp_fast"] = seconds / times / runs * 1e6
    return answer


def encoded(
    batches: list[list[ReadableSpan]], encoder: Callable[[list[ReadableSpan]], bytes]
) -> tuple[int, float]:
    """The bytes of some batches, and the CPU seconds that it took to make them."""
    before = time.process_time()
    size = sum(len(encoder(batch)) for batch in batches)
    return size, time.process_time() - before


def remember(request: dict[str, Any]) -> dict[str, Any]:
    """Megabytes that many runs leave behind; asked of a fresh process."""
    sink = sink_with("all")
    with VARIANTS[request["variant"]](sink, request["content"]) as config:
        return memory.grown(request["kind"], config, lambda: flush(sink))


ACTIONS: Final = {
    action.__name__: action for action in (hello, names, count, measure, encode, remember)
}


def main() -> None:
    # What a package prints must not stand between the answers.
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    gc.collect()
    gc.freeze()
    for line in sys.stdin:
        request = json.loads(line)
        print(json.dumps(ACTIONS[request["do"]](request)), file=answers)


if __name__ == "__main__":
    main()
