"""Bytes that a fuzzer chooses by what they reach: content, plain values, encoders and readers.

Atheris is needed (`pip install atheris`); each target runs in a process of its own. What it found
is in the file that a failure names: `python tests/soak/fuzzing.py TARGET FILE` repeats it.
"""

import subprocess
import sys
from pathlib import Path

import pytest

from seeds import SEED, count
from soak.fuzzing import TARGETS

pytest.importorskip("atheris", reason="pip install atheris")


@pytest.mark.parametrize("target", TARGETS)
def test_fuzzer_finds_nothing(target: str, tmp_path: Path) -> None:
    """No bytes make a target raise, or give what is not valid."""
    command = [
        sys.executable,
        str(Path(__file__).with_name("fuzzing.py")),
        target,
        f"-runs={count(1_000, 50_000)}",
        f"-seed={SEED % 2**31}",
        "-max_len=4096",
        "-len_control=0",
        f"-artifact_prefix={tmp_path}/",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=3_000)
    assert done.returncode == 0, done.stderr[-3_000:]
    assert "DONE" in done.stderr
