"""Measures what tracing costs: bare LangChain, spans by hand, us and others, side by side.

    python benchmarks/run.py [--seconds 12] [--only "LCEL chain"] [--output results.json]

For each program, every variant is measured in turn, again and again, each package in a process of
its own environment; what is added is counted against bare LangChain in that same process. Figures
are CPU time of all threads, the exporter's too: medians, and quartiles in the JSON file.
"""

import argparse
import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final, NamedTuple

from peers import OURS, PEERS
from report import BY_HAND, SMALLEST, Figures, as_markdown, machine, spread
from workers import Worker, started, workers

MOST: Final = 31
ENCODINGS: Final = 5
STARTS: Final = 5
ENCODED: Final = ("LCEL chain", "tool agent, 5 rounds", "one model call, history of 1,000")
NOT_SAMPLED: Final = ("LCEL chain", "one model call, history of 1,000")
BARE, EMPTY = "bare", "empty handler"
KINDS: Final = ("finished", "never finished")


class Variant(NamedTuple):
    """A way to run a program, and the environment in which it is run."""

    environment: str
    name: str
    content: bool

    @property
    def key(self) -> str:
        return f"{self.name}, content {'on' if self.content else 'off'}"


def variants() -> list[Variant]:
    """All of them; each environment has its own bare one."""
    found = [Variant(OURS, EMPTY, content=False)]
    names = (BY_HAND, SMALLEST, OURS)
    found += [Variant(OURS, name, content) for name in names for content in (False, True)]
    found += [Variant(peer, peer, content) for peer in PEERS for content in (False, True)]
    return found


def request_of(variant: Variant, work: str, sampler: str = "all") -> dict[str, Any]:
    """What a worker is asked of a variant."""
    return {
        "work": work,
        "variant": variant.name,
        "content": variant.content,
        "sampler": sampler,
    }


def measured(
    running: dict[str, Worker], work: str, chosen: argparse.Namespace, sampler: str = "all"
) -> dict[str, Any]:
    """What every variant adds to one run of a program, in one interleaved run.

    Right before each measurement bare LangChain is measured in the same process: a machine that
    others share is not as fast a second later.
    """
    bare = {name: Variant(name, BARE, content=False) for name in running}
    requests = {
        variant: request_of(variant, work, sampler) for variant in [*bare.values(), *variants()]
    }
    counted = {}
    for variant, request in requests.items():
        counted[variant] = running[variant.environment].ask("count", **request)
        request["count"] = counted[variant]["count"]
    alone: dict[str, list[float]] = {name: [] for name in running}
    added: dict[str, list[float]] = {variant.key: [] for variant in variants()}
    spans: dict[str, float] = {}
    until = time.monotonic() + chosen.seconds
    for repetition in range(MOST):
        if repetition >= chosen.least and time.monotonic() > until:
            break
        for variant in _turned(variants(), repetition):
            worker = running[variant.environment]
            before = worker.ask("measure", **requests[bare[variant.environment]])
            if before["spans"]:
                raise SystemExit(f"{variant.environment} makes spans of bare LangChain")
            answer = worker.ask("measure", **requests[variant])
            alone[variant.environment].append(before["microseconds"])
            added[variant.key].append(answer["microseconds"] - before["microseconds"])
            spans[variant.key] = answer["spans"]
    return {
        **{key: counted[bare[OURS]][key] for key in ("runs", "unit")},
        "bare": {name: spread(values) for name, values in alone.items()},
        "added": {key: spread(values) for key, values in added.items()},
        "spans per run": spans,
    }


def exported(running: dict[str, Worker], work: str) -> dict[str, Any]:
    """What the thread that exports does for one run of a program, and how much it sends."""
    found: dict[str, Any] = {}
    for variant in variants():
        if variant.name not in {EMPTY, SMALLEST}:
            worker, request = running[variant.environment], request_of(variant, work)
            request["count"] = worker.ask("count", **request)["count"]
            answers = [worker.ask("encode", **request) for _ in range(ENCODINGS)]
            times = {
                key: spread([answer[key] for answer in answers])
                for key in ("microseconds", "microseconds, otlp_fast")
                if key in answers[0]
            }
            found[variant.key] = {**answers[-1], **times}
    return found


def remembered() -> dict[str, Any]:
    """What many runs leave behind, each kind and variant in a fresh process, two at a time."""
    asked = [
        (variant, kind)
        for kind in KINDS
        for variant in [Variant(OURS, BARE, content=False), *variants()]
        if variant.name not in {EMPTY, BY_HAND, SMALLEST}
    ]

    def answer(case: tuple[Variant, str]) -> Any:
        variant, kind = case
        with workers((variant.environment,)) as running:
            return running[variant.environment].ask(
                "remember", variant=variant.name, content=variant.content, kind=kind
            )

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(answer, asked))
    found: dict[str, Any] = {kind: {} for kind in KINDS}
    for (variant, kind), grown in zip(asked, answers, strict=True):
        found[kind][variant.key] = grown
    return found


def _turned(all_of_them: list[Variant], by: int) -> list[Variant]:
    start = by % len(all_of_them)
    return all_of_them[start:] + all_of_them[:start]


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=12, help="for each program")
    parser.add_argument("--least", type=int, default=5, help="repetitions, however long they take")
    parser.add_argument("--only", action="append", help="the name of a program; may be repeated")
    parser.add_argument("--output", type=Path, help="a JSON file for the raw figures")
    parser.add_argument("--quick", action="store_true", help="only what is added to runs")
    return parser.parse_args()


def figures_of(chosen: argparse.Namespace) -> Figures:
    """Everything that is measured."""
    figures: Figures = {"machine": machine(), "works": {}, "not sampled": {}, "export": {}}
    with workers((OURS, *PEERS)) as running:
        figures["versions"] = {name: worker.versions for name, worker in running.items()}
        names = list(running[OURS].ask("names")["works"])
        for name in [name for name in names if name in (chosen.only or names)]:
            print(name, file=sys.stderr)
            figures["works"][name] = measured(running, name, chosen)
            if name in NOT_SAMPLED:
                figures["not sampled"][name] = {
                    sampler: measured(running, name, chosen, sampler)
                    for sampler in ("none", "10 %")
                }
            if name in ENCODED and not chosen.quick:
                figures["export"][name] = exported(running, name)
    if not chosen.quick:
        print("starts and memory", file=sys.stderr)
        figures["start"] = {
            name: spread([started(name) for _ in range(STARTS)]) for name in (OURS, *PEERS)
        }
        figures["memory"] = remembered()
    return figures


def main() -> None:
    chosen = arguments()
    figures = figures_of(chosen)
    if chosen.output is not None:
        chosen.output.parent.mkdir(parents=True, exist_ok=True)
        chosen.output.write_text(json.dumps(figures, indent=1) + "\n")
    print(as_markdown(figures))


if __name__ == "__main__":
    main()
