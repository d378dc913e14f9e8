"""Runs the tests of the provider packages, each at its oldest and its newest release.

python tests/provider_environments.py            every environment
python tests/provider_environments.py --quick    the newest releases alone
python tests/provider_environments.py NAME ...   only these; what begins with `-` is pytest's
"""

import fcntl
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from backends.pins import cache_directory
from environments import ROOT, described, interpreters, project, uv

TESTS: Final = "tests/providers"
# What the classes of today keep of their server.
OF_TODAY: Final = "tests/test_servers.py"
VARIABLE: Final = "LANGCHAIN_OTEL_PROVIDERS"
OLDEST_CORE: Final = "langchain-core==0.3.80"


@dataclass(frozen=True, slots=True)
class Environment:
    """Packages that are installed side by side, and what is pinned beside them."""

    packages: dict[str, str]
    pins: tuple[str, ...] = ()
    newest: bool = False

    @property
    def modules(self) -> tuple[str, ...]:
        """The names under which the packages are imported."""
        return tuple(name.replace("-", "_") for name in self.packages)

    @property
    def requirements(self) -> list[str]:
        """What pip is to install."""
        return [*(f"{name}{version}" for name, version in self.packages.items()), *self.pins]


# The oldest releases that declare langchain-core 0.3 and can be installed beside us: older ones of
# langchain-google-genai want protobuf 4, OpenTelemetry's exporters want 5.
OLDEST: Final = {
    "langchain-anthropic": "==0.2.0",
    "langchain-aws": "==0.2.0",
    "langchain-cohere": "==0.3.0",
    "langchain-fireworks": "==0.2.0",
    "langchain-google-genai": "==2.0.1",
    "langchain-groq": "==0.2.0",
    "langchain-mistralai": "==0.2.0",
    "langchain-nvidia-ai-endpoints": "==0.3.0",
    "langchain-ollama": "==0.2.0",
    "langchain-openai": "==0.2.0",
    "langchain-voyageai": "==0.1.2",
}
# These build on langchain-openai, and want a newer one than its oldest.
OLDEST_LIKE_OPENAI: Final = {
    "langchain-cerebras": "==0.5.0",
    "langchain-deepseek": "==0.1.0",
    "langchain-google-vertexai": "==2.0.0",
    "langchain-openai": "==0.3.3",
    "langchain-together": "==0.3.0",
    "langchain-upstage": "==0.6.0",
    "langchain-xai": "==0.2.0",
}
# The oldest releases of these ask their own servers before anything else, and take no address.
NEWEST_ALONE: Final = ("langchain-huggingface", "langchain-openrouter", "langchain-perplexity")
TOOLS: Final = ("hypothesis", "pytest")
"""What the tests themselves need of the group `test`, by how it begins."""

# langchain-upstage holds tokenizers below 0.21, and so without a wheel for 3.14.
NEWEST_PYTHON: Final = (3, 13)
VERTEX_AI: Final = "langchain-google-vertexai"
NEWEST: Final = dict.fromkeys(
    sorted({*OLDEST, *OLDEST_LIKE_OPENAI, *NEWEST_ALONE} - {VERTEX_AI}), ""
)

ENVIRONMENTS: Final = {
    "newest": Environment(NEWEST, newest=True),
    # It holds Google's SDK below 3, which drops the tokens of embeddings.
    "newest-vertex-ai": Environment({VERTEX_AI: ""}, newest=True),
    "oldest": Environment(OLDEST, (OLDEST_CORE,)),
    "oldest-like-openai": Environment(OLDEST_LIKE_OPENAI, (OLDEST_CORE,)),
    # Its first release that works with its own SDK; it has never known langchain-core 0.3.
    "oldest-openrouter": Environment({"langchain-openrouter": "==0.0.2"}, ("langchain-core<1.3",)),
}


def main(arguments: list[str]) -> int:
    """Run the tests in the environments that are asked for; 1 when one has failed."""
    named = [word for word in arguments if not word.startswith("-")]
    quick = "--quick" in arguments
    options = [word for word in arguments if word.startswith("-") and word != "--quick"]
    results = {
        name: run_tests(name, environment, options)
        for name, environment in ENVIRONMENTS.items()
        if (name in named or not named) and (environment.newest or not quick)
    }
    for name, result in results.items():
        print(f"providers, {name}: {'passed' if result == 0 else 'FAILED'}")
    return int(any(results.values()))


def run_tests(name: str, environment: Environment, options: list[str]) -> int:
    """The exit code of the tests in an environment, which one checkout at a time has."""
    pythons = interpreters()
    version = NEWEST_PYTHON if environment.newest else min(pythons)
    if version not in pythons:
        sys.exit(f"{name} needs CPython {'.'.join(map(str, version))}, which is not here")
    label = ".".join(map(str, version))
    place = cache_directory() / "environments" / f"providers-{name}-{label}"
    place.parent.mkdir(parents=True, exist_ok=True)
    with place.with_name(f"{place.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        python = made(place, pythons[version], environment)
        versions = described(python, "langchain-core", *environment.packages)
        print(f"\nproviders, {name}: CPython {label}, {versions}", flush=True)
        variables = {**os.environ, VARIABLE: name}
        tests = [TESTS, OF_TODAY] if environment.newest else [TESTS]
        command = [str(python), "-m", "pytest", "--quiet", "--numprocesses=auto", *tests, *options]
        return subprocess.run(command, cwd=ROOT, env=variables, check=False).returncode


def made(place: Path, interpreter: Path, environment: Environment) -> Path:
    """The interpreter of an environment, brought up to what is the newest today within its pins."""
    python = place / "bin" / "python"
    if not python.exists():
        uv("venv", "--quiet", "--clear", "--python", str(interpreter), str(place))
    tools = [line for line in project()["dependency-groups"]["test"] if line.startswith(TOOLS)]
    how = ("--quiet", "--exact", "--upgrade", "--python", str(python))
    uv("pip", "install", *how, "--editable", f"{ROOT}[console]", *tools, *environment.requirements)
    return python


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
