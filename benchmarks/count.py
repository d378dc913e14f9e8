"""Counts what tracing costs in instructions, which a busy machine does not change.

    python benchmarks/count.py [--only "LCEL chain"] [--beside Traceloop] [--output counted.json]

Each package is counted in its own environment under valgrind's cachegrind, without its simulation
of caches. Figures are thousands of instructions that are added to one run, token or turn.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, NamedTuple

from peers import OURS, PEERS, python_of, variables_of
from report import SMALLEST, described, machine, table

FOLDER: Final = Path(__file__).parent
SOURCE: Final = FOLDER.parent / "src"
VALGRIND: Final = ("valgrind", "--quiet", "--tool=cachegrind", "--cache-sim=no")
BARE: Final = "bare"
METRICS: Final = f"{OURS}, metrics"


class Row(NamedTuple):
    """A program, its runs, and how often it is run by the shorter child and by the longer one."""

    work: str
    runs: int
    short: int
    long: int
    variants: tuple[str, ...] = (SMALLEST, OURS, *PEERS)


ROWS: Final = (
    Row("LCEL chain", 4, 8, 24),
    Row("tool agent, 5 rounds", 23, 2, 6),
    Row("tool agent, 5 rounds, async", 23, 2, 6),
    Row("one model call, history of 10", 1, 20, 60, (SMALLEST, OURS, METRICS, *PEERS)),
    Row("one model call, history of 200", 1, 10, 30),
    Row("streaming 500 tokens", 1, 1, 3),
    Row("streaming 500 tokens, async", 1, 1, 3),
    Row("200 concurrent ainvoke", 800, 1, 2),
    Row("graph of 200 steps", 201, 1, 2),
    *(Row(f"agent of {turns} turns", 1, 1, 2, (OURS,)) for turns in (10, 25, 50, 100, 200)),
)


def counted(environment: str, rows: list[Row], folder: str) -> dict[str, dict[str, float]]:
    """What is added to each program in one environment, by `variant, content on` or `off`."""
    requests = [request for row in rows for request in _requests(environment, row)]
    # A module that comes with the first run would be compiled in the first child, and not again.
    subprocess.run([python_of(environment), "-m", "compileall", "-q", SOURCE], check=True)
    done = subprocess.run(
        [
            *VALGRIND,
            f"--cachegrind-out-file={folder}/%p",
            python_of(environment),
            FOLDER / "instructions.py",
            folder,
        ],
        input="".join(f"{json.dumps(request)}\n" for request in requests),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        env=variables_of(environment),
    )
    found: dict[str, dict[str, float]] = {}
    for request, answer in zip(requests, done.stdout.splitlines(), strict=True):
        content = "on" if request["content"] else "off"
        key = f"{request['variant']}, content {content}"
        found.setdefault(request["work"], {})[key] = float(answer)
    return found


def _requests(environment: str, row: Row) -> list[dict[str, Any]]:
    here = [name for name in row.variants if _environment(name) == environment]
    asked = [(BARE, False), *((name, content) for name in here for content in (False, True))]
    return [
        {
            "work": row.work,
            "variant": name,
            "content": content,
            "times": [row.short, row.long],
            "runs": row.runs,
        }
        for name, content in (asked if here else ())
    ]


def _environment(variant: str) -> str:
    return variant if variant in PEERS else OURS


def added(counts: dict[str, dict[str, float]]) -> dict[str, dict[str, float]]:
    """The same beyond bare LangChain in that environment, which is kept too."""
    return {
        work: {
            key: count if key == BARE_KEY else count - found[BARE_KEY]
            for key, count in found.items()
        }
        for work, found in counts.items()
    }


BARE_KEY: Final = f"{BARE}, content off"


def as_markdown(figures: dict[str, Any], columns: list[str]) -> str:
    """A table of all programs."""
    rows = []
    for work, found in figures["works"].items():
        cells = [_pair(found, column) for column in columns]
        rows.append([work, f"{found[BARE_KEY]:,.0f}", *cells])
    head = [
        "thousands of instructions, content off / on",
        "bare",
        *(f"+ {name}" for name in columns),
    ]
    return f"{described(figures['machine'])}\n\n{table(head, rows)}"


def _pair(found: dict[str, float], column: str) -> str:
    pair = [found.get(f"{column}, content {content}") for content in ("off", "on")]
    return " / ".join("" if each is None else f"{each:,.0f}" for each in pair).strip(" /")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--only", action="append", help="the name of a program; may be repeated")
    parser.add_argument(
        "--beside", action="append", choices=(*PEERS, "nobody"), help="the same for a package"
    )
    parser.add_argument("--output", type=Path, help="a JSON file for the raw figures")
    return parser.parse_args()


def main() -> None:
    chosen = arguments()
    rows = [row for row in ROWS if row.work in (chosen.only or row.work)]
    peers = [peer for peer in PEERS if peer in (chosen.beside or PEERS)]
    figures: dict[str, Any] = {"machine": machine(), "works": {row.work: {} for row in rows}}
    for environment in (OURS, *peers):
        print(environment, file=sys.stderr)
        with TemporaryDirectory() as folder:
            for work, found in added(counted(environment, rows, folder)).items():
                figures["works"][work] = found | figures["works"][work]
    if chosen.output is not None:
        chosen.output.parent.mkdir(parents=True, exist_ok=True)
        chosen.output.write_text(json.dumps(figures, indent=1) + "\n")
    print(as_markdown(figures, [SMALLEST, OURS, METRICS, *peers]))


if __name__ == "__main__":
    main()
