"""Counts instructions in one environment: run under valgrind, it counts each program in a fork.

    {"work": "LCEL chain", "variant": "bare", "content": false, "times": [10, 30]}

For each such line it answers with the thousands of instructions of one run, token or turn: what the
longer of two children took more than the shorter one. Imports and warming up are in both.
"""

import gc
import json
import os
import sys
from pathlib import Path
from typing import Any, Final

from langchain.agents import create_agent
from langchain_core.messages import HumanMessage

from programs import InstantModel, Work, add, repeated, works
from variants import VARIANTS, Sink, flush

TURNS: Final = (10, 25, 50, 100, 200)
WORDS: Final = "words that somebody had to say about the matter " * 20
TAIL: Final = 200
SMALL: Final = "LCEL chain"


def turns(count: int) -> Work:
    """One invocation of an agent that calls its model so many times, with all that was said."""
    agent: Any = create_agent(InstantModel(rounds=count - 1), [add])
    question = {"messages": [HumanMessage(WORDS)]}
    limit = {"recursion_limit": 10 * count}
    program = repeated(lambda config: agent.invoke(question, {**config, **limit}))
    return Work(f"agent of {count} turns", program, count, "turn")


WORKS: Final = {work.name: work for work in (*works(), *map(turns, TURNS))}


def thousands(request: dict[str, Any], runs: int, folder: Path) -> float:
    """The thousands of instructions of one run, token or turn, in the way that is asked for."""
    work = WORKS[request["work"]]
    short, long = request["times"]
    took = [_child(work, request, times, folder) for times in (short, long)]
    counted: float = (took[1] - took[0]) / (long - short) / (work.parts or runs) / 1e3
    return counted


def _child(work: Work, request: dict[str, Any], times: int, folder: Path) -> int:
    """The instructions of a child that runs a program so many times, once it is warm."""
    gc.collect()
    gc.freeze()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            _run(work, request, times)
            status = 0
        finally:
            os._exit(status)
    _, status = os.waitpid(child, 0)
    if status:
        raise SystemExit(f"a child ended with {status}: {request}")
    return _total(folder / f"{child}")


def _run(work: Work, request: dict[str, Any], times: int) -> None:
    sink = Sink("all")
    with VARIANTS[request["variant"]](sink, request["content"]) as config:
        for count in (request["times"][0], times):
            work.program(count, config)
            flush(sink)
            gc.collect()


def _total(file: Path) -> int:
    """The sum that cachegrind wrote at the end of a file."""
    with file.open("rb") as opened:
        opened.seek(-TAIL, os.SEEK_END)
        total = opened.read().decode().rpartition("summary:")[2]
    file.unlink()
    return int(total.strip().replace(",", ""))


def _import(variant: str) -> None:
    """Import what a variant needs, also at its first run, so that no child does it again."""
    content = False
    with VARIANTS[variant](Sink("none"), content) as config:
        WORKS[SMALL].program(1, config)


def main(folder: Path) -> None:
    # What a package prints must not stand between the answers.
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    imported = set()
    for line in sys.stdin:
        request = json.loads(line)
        if request["variant"] not in imported:
            _import(request["variant"])
            imported.add(request["variant"])
        print(json.dumps(thousands(request, request["runs"], folder)), file=answers)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
