"""A process that forks: each run's span is ended once, by whom it belongs to; no lock is held."""

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from waiting import PATIENCE

PROGRAM = Path(__file__).parent / "programs" / "forking.py"

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")


def test_a_fork_inside_a_tool_leaves_both_processes_whole(tmp_path: Path) -> None:
    """The child's runs hang under the tool, which the parent ends; the child ends it not at all."""
    file = tmp_path / "spans"
    done = subprocess.run(
        # A fork beside threads is deprecated from Python 3.12 on; servers do it all the same.
        [sys.executable, "-W", "ignore::DeprecationWarning", str(PROGRAM), str(file)],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert (done.returncode, done.stderr) == (0, "")
    spans = [tuple(json.loads(line)) for line in file.read_text().splitlines()]
    assert Counter(span_id for _, _, span_id, _ in spans).most_common(1)[0][1] == 1
    ids = {name: span_id for _, name, span_id, _ in spans}
    chat = next(name for name in ids if name.startswith("chat"))
    assert sorted((who, name, parent) for who, name, _, parent in spans) == sorted(
        [
            ("parent", "invoke_workflow", None),
            ("parent", "execute_tool fork", ids["invoke_workflow"]),
            ("child", chat, ids["execute_tool fork"]),
            ("parent", "invoke_workflow afterwards in the parent", None),
            ("child", "invoke_workflow afterwards in the child", None),
        ]
    )
