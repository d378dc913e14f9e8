"""Stands in for a command that is not run: notes how it was called, and succeeds."""

import json
import os
import sys
from pathlib import Path

with Path(os.environ["DOCUMENTATION_CALLS"]).open("a") as calls:
    print(json.dumps([Path(sys.argv[0]).name, *sys.argv[1:]]), file=calls)
