"""Measures us alone at scale: many open runs, long histories, threads, a server; then for long.

python benchmarks/scale.py [--soak 30]
"""

import argparse
import subprocess
import sys
from pathlib import Path
from typing import Final

from peers import OURS, variables_of
from report import described, machine

PROGRAMS: Final = {
    "Many open runs": "opened.py",
    "Long histories": "history.py",
    "Many threads": "contention.py",
    "A server": "serving.py",
}


def run(program: str, *arguments: str) -> None:
    """A program of this folder, in a fresh process."""
    file = Path(__file__).with_name(program)
    subprocess.run([sys.executable, file, *arguments], check=True, env=variables_of(OURS))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--soak", type=float, default=30, help="minutes; 0: none")
    chosen = parser.parse_args()
    print(described(machine()), flush=True)
    for title, program in PROGRAMS.items():
        print(f"\n### {title}\n", flush=True)
        run(program)
    if chosen.soak:
        print("\n### A long time\n", flush=True)
        run("endurance.py", "--minutes", str(chosen.soak))


if __name__ == "__main__":
    main()
