"""Another runtime context than OpenTelemetry's own, as an application may choose one."""

import os
import subprocess
import sys
from pathlib import Path

CONTEXT = '''
from contextvars import ContextVar

from opentelemetry.context.context import Context, _RuntimeContext


class OwnContext(_RuntimeContext):
    """Keeps the context in a variable of its own, under a name of its own."""

    kept = ContextVar("kept", default=Context())

    def attach(self, context):
        return self.kept.set(context)

    def get_current(self):
        return self.kept.get()

    def detach(self, token):
        self.kept.reset(token)
'''
PROGRAM = """
from langchain_core.runnables import RunnableLambda
from opentelemetry import context, trace

from langchain_otel import LangChainInstrumentor
from own_context import OwnContext
from recording import Tracing

assert type(context._RUNTIME_CONTEXT) is OwnContext
tracing = Tracing()
tracing.on()


def inner(value):
    tracing.mark()
    return value


before = context.get_current()
(RunnableLambda(inner) | RunnableLambda(lambda value: value)).invoke(1)
assert context.get_current() is before
print(tracing.tree())
"""
TREE = """\
invoke_workflow
  inner
    marker
  RunnableLambda
"""


def test_another_runtime_context(tmp_path: Path) -> None:
    """Spans nest, and the context is given back, wherever OpenTelemetry keeps it."""
    (tmp_path / "own_context.py").write_text(CONTEXT)
    information = tmp_path / "own_context-1.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: own-context\nVersion: 1\n")
    (information / "entry_points.txt").write_text(
        "[opentelemetry_context]\nown = own_context:OwnContext\n"
    )
    folders = (str(tmp_path), str(Path(__file__).parent), os.environ.get("PYTHONPATH", ""))
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(folders), "OTEL_PYTHON_CONTEXT": "own"},
    )
    assert ran.stdout == TREE, ran.stderr
