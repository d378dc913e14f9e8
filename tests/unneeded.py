"""Names what a program under `opentelemetry-instrument` can do without.

The environment of the tests has many; importing what they are for takes longer than the program.
"""

from pathlib import Path
from typing import Final

_VARIABLE: Final = "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS"
WITHOUT_SERVERS: Final = {_VARIABLE: "asgi,celery,dbapi,fastapi,psycopg"}
"""The program may ask servers and SQLite."""
ALONE: Final = {_VARIABLE: "asgi,celery,dbapi,fastapi,httpx,httpx2,psycopg,sqlite3"}
"""Only LangChain is traced."""
LIGHTER: Final = {"PYTHONPATH": str(Path(__file__).parent / "programs" / "lighter")}
"""A file of YAML is read without a package that checks addresses by a grammar."""
