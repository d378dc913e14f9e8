"""How long random tests go on, and from which seed: briefly in every run, for long in `make soak`.

`SOAK=1` makes them long and collects `tests/soak/`; `SOAK_SEED` repeats a run. A run without it
draws a seed, which pytest's header names and which the processes of pytest-xdist inherit.
"""

import os
import random
from typing import Final

from hypothesis import HealthCheck, settings

LONG: Final = os.environ.get("SOAK") == "1"
SEED: Final = int(os.environ.get("SOAK_SEED") or random.SystemRandom().getrandbits(32))
os.environ["SOAK_SEED"] = str(SEED)

# How long a case takes, and how large the cases are that are drawn, is no failure.
settings.register_profile(
    "any time",
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
    print_blob=True,
)
settings.load_profile("any time")


def count(short: int, long: int) -> int:
    """How many random cases there are: `long` in `make soak`, else `short`."""
    return long if LONG else short
