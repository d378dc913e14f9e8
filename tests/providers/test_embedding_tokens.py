"""Tokens and model of embeddings of several providers, all in one environment: the newest."""

import json
import subprocess
import sys

from environments import ROOT


def test_tokens_of_embeddings() -> None:
    """Real clients against their formats: every span has the tokens, and the model that is said."""
    program = ROOT / "tests" / "programs" / "embedding_tokens.py"
    done = subprocess.run([sys.executable, program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        **{name: [[6, "served"]] * 2 for name in ("openai", "azure", "mistral", "ollama")},
        **{name: [[6, None]] * 2 for name in ("voyage", "vertex", "bedrock")},
        **{name: [[240, None]] * 2 for name in ("cohere", "gemini")},
    }
