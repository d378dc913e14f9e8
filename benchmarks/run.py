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

from environments import OURS, PEERS
from report import Figures, as_markdown, machine, spread
from workers import Worker, started, workers

LEAST: Final = 5
MOST: Final = 31
STARTS: Final = 5
ENCODED: Final = ("LCEL chain", "tool agent, 5 rounds", "one model call, history of 1,000")
NOT_SAMPLED: Final = ("LCEL chain", "one model call, history of 1,000")
BARE, EMPTY, BY_HAND = "bare", "empty handler", "by hand"
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
    found += [Variant(OURS, name, content) for name in (BY_HAND, OURS) for content in (False, True)]
    found += [Variant(peer, peer, content) for peer in PEERS for content in (False, True)]
    return found


def measured(
    running: dict[str, Worker], work: str, seconds: float, sampler: str = "all"
) -> dict[str, Any]:
    """What every variant adds to one run of a program, in one interleaved run."""
    counted = running[OURS].ask("count", work=work)
    bare: dict[str, list[float]] = {name: [] for name in running}
    added: dict[str, list[float]] = {variant.key: [] for variant in variants()}
    spans: dict[str, float] = {}
    until = time.monotonic() + seconds
    for repetition in range(MOST):
        if repetition >= LEAST and time.monotonic() > until:
            break
        base = {}
        for name, worker in running.items():
            answer = worker.ask("measure", work=work, variant=BARE, count=counted["count"])
            base[name] = answer["microseconds"]
            if answer["spans"]:
                raise SystemExit(f"{name} makes spans of bare LangChain")
        for variant in _turned(variants(), repetition):
            answer = running[variant.environment].ask(
                "measure",
                work=work,
                variant=variant.name,
                content=variant.content,
                count=counted["count"],
                sampler=sampler,
            )
            added[variant.key].append(answer["microseconds"] - base[variant.environment])
            spans[variant.key] = answer["spans"]
        for name, value in base.items():
            bare[name].append(value)
    return {
        **counted,
        "bare": {name: spread(values) for name, values in bare.items()},
        "added": {key: spread(values) for key, values in added.items()},
        "spans per run": spans,
    }


def exported(running: dict[str, Worker], work: str) -> dict[str, Any]:
    """What the thread that exports does for one run of a program, and how much it sends."""
    count = running[OURS].ask("count", work=work)["count"]
    found: dict[str, Any] = {}
    for variant in variants():
        if variant.name != EMPTY:
            request = {"work": work, "variant": variant.name, "count": count}
            answers = [
                running[variant.environment].ask("encode", content=variant.content, **request)
                for _ in range(LEAST)
            ]
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
        if variant.name not in {EMPTY, BY_HAND}
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
    parser.add_argument("--only", action="append", help="the name of a program; may be repeated")
    parser.add_argument("--output", type=Path, help="a JSON file for the raw figures")
    parser.add_argument("--quick", action="store_true", help="no memory, starts and export")
    return parser.parse_args()


def figures_of(chosen: argparse.Namespace) -> Figures:
    """Everything that is measured."""
    figures: Figures = {"machine": machine(), "works": {}, "not sampled": {}, "export": {}}
    with workers((OURS, *PEERS)) as running:
        figures["versions"] = {name: worker.versions for name, worker in running.items()}
        names = list(running[OURS].ask("names")["works"])
        for name in [name for name in names if name in (chosen.only or names)]:
            print(name, file=sys.stderr)
            figures["works"][name] = measured(running, name, chosen.seconds)
            if name in NOT_SAMPLED:
                figures["not sampled"][name] = {
                    sampler: measured(running, name, chosen.seconds, sampler)
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
