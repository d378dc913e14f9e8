"""The platform of examples/serverless.py: a line of JSON is a call, another one the answer."""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "examples"))

from serverless import handler

for line in sys.stdin:
    print(json.dumps(handler(json.loads(line), None)), flush=True)
