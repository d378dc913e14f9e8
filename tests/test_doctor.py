"""`langchain-otel doctor` says what is broken, and nothing of a set-up that is sound.

Each set-up is a process of its own, with an environment of its own.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from environments import ROOT
from langchain_otel.doctor.finding import OK
from servers.otlp_grpc_sink import running_grpc_sink
from servers.otlp_sink import running_sink
from set_ups import BROKEN, INSTRUMENT, PROVIDER, RUN, SOUND, SetUp

BIN: Final = Path(sys.executable).parent
DOCTOR: Final = (sys.executable, "-m", "langchain_otel", "doctor")
AUTOMATIC: Final = (str(BIN / "opentelemetry-instrument"),)
BASE: Final = {
    "OTEL_TRACES_EXPORTER": "console",
    "OTEL_METRICS_EXPORTER": "none",
    "OTEL_LOGS_EXPORTER": "none",
    "OTEL_SERVICE_NAME": "shop",
    # Instrumentations that the tests need elsewhere, and that take long to import.
    "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": "asgi,celery,fastapi,httpx,httpx2,psycopg,sqlite3",
}
SECRETS: Final = ("sesame", "c3Nz", "open-barley")


def environment(variables: Mapping[str, str]) -> dict[str, str]:
    """A clean environment: nothing of whoever runs the tests decides anything."""
    kept = {name: os.environ[name] for name in ("HOME", "LANG") if name in os.environ}
    return {**kept, "PATH": f"{BIN}:{os.defpath}", **BASE, **variables}


def run(
    command: tuple[str, ...], variables: Mapping[str, str], folder: Path
) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env=environment(variables),
    )


def command_of(set_up: SetUp, folder: Path) -> tuple[str, ...]:
    if not set_up.program:
        return DOCTOR
    if set_up.program == "-":
        return (*DOCTOR, "--", "no-such-command")
    program = folder / "app.py"
    program.write_text(set_up.program)
    if "diagnose()" in set_up.program:
        return (sys.executable, str(program))
    return (*DOCTOR, "--", *(AUTOMATIC if set_up.automatic else ()), sys.executable, str(program))


def said(done: "subprocess.CompletedProcess[str]") -> str:
    """Everything that was printed, with lines that were wrapped put together."""
    return " ".join(f"{done.stdout} {done.stderr}".split())


@pytest.mark.rows(8)
@pytest.mark.parametrize("name", BROKEN)
def test_broken(name: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """Each has its sentence, with a next step, and the exit status says whether to mend it."""
    set_up = BROKEN[name]
    if set_up.peer:
        path = request.getfixturevalue("peer")["PYTHONPATH"]
        set_up = replace(set_up, variables={"PYTHONPATH": path})
    done = run(command_of(set_up, tmp_path), set_up.variables, tmp_path)
    assert set_up.says in said(done)
    assert "Traceback" not in done.stderr
    assert done.returncode == set_up.status, said(done)


@pytest.mark.rows(5)
@pytest.mark.parametrize("name", SOUND)
def test_sound(name: str, tmp_path: Path) -> None:
    """What is as it should be is nothing to mend."""
    set_up = SOUND[name]
    done = run(command_of(set_up, tmp_path), set_up.variables, tmp_path)
    assert done.returncode == 0, said(done)
    assert set_up.says in said(done)
    assert "Nothing must be mended." in said(done)


def test_a_backend_over_http_and_over_grpc(tmp_path: Path) -> None:
    """Exporters that send are described: protocol, endpoint, names of headers."""
    for sink, protocol in ((running_sink, "http/protobuf"), (running_grpc_sink, "grpc")):
        with sink() as backend:
            variables = {
                "OTEL_TRACES_EXPORTER": "otlp",
                "OTEL_EXPORTER_OTLP_PROTOCOL": protocol,
                "OTEL_EXPORTER_OTLP_ENDPOINT": backend.url,
                "OTEL_EXPORTER_OTLP_HEADERS": "x-api-key=sesame",
                "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": "true",
            }
            done = run(DOCTOR, variables, tmp_path)
        assert done.returncode == 0, said(done)
        assert f"OTLPSpanExporter ({protocol}) to {backend.url}" in said(done)
        assert "with the headers x-api-key." in said(done)
        is_bounded = "a receiver refuses requests beyond 4 MiB" in said(done)
        assert is_bounded == (protocol == "grpc")


SECRETIVE: Final = """
import logging
logging.raiseExceptions = False
from langchain_core.runnables import RunnableLambda
def fail(text):
    raise ValueError("sesame " + text)
try:
    RunnableLambda(fail).invoke("open-barley")
except ValueError:
    pass
"""


@pytest.mark.rows(2)
@pytest.mark.parametrize("how", [(), ("--json",)], ids=["text", "json"])
@pytest.mark.parametrize("inside", [False, True], ids=["outside", "inside"])
def test_secrets_are_not_said(how: tuple[str, ...], inside: bool, tmp_path: Path) -> None:
    """Neither values of headers nor keys in URLs nor content, whatever is wrong with them."""
    (tmp_path / "app.py").write_text(SECRETIVE)
    application = ("--", *AUTOMATIC, sys.executable, "app.py") if inside else ()
    with running_sink() as backend:
        url = backend.url.replace("//", "//user:sesame@")
        variables = {
            "OTEL_TRACES_EXPORTER": "otlp",
            "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/protobuf",
            "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": f"{url}/v1/traces?key=open-barley",
            "OTEL_EXPORTER_OTLP_HEADERS": 'authorization=Basic c3Nz,sesame,b="open-barley"',
            "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": "SPAN_AND_EVENT",
            "OTEL_INSTRUMENTATION_LANGCHAIN_HISTORY": "sesame",
            "OTEL_INSTRUMENTATION_LANGCHAIN_HISTORIE": "sesame",
        }
        done = run((*DOCTOR, *how, "--output", "report", *application), variables, tmp_path)
    report = (tmp_path / "report").read_text()
    assert "authorization" in report
    assert [secret for secret in SECRETS if secret in report] == []
    assert [secret for secret in SECRETS if secret in done.stdout] == []
    assert done.returncode == 1


def test_json_has_the_same_findings(tmp_path: Path) -> None:
    """Programs get the status and, of each finding, topic, level, sentence and next step."""
    done = run((*DOCTOR, "--json"), {"OTEL_TRACES_SAMPLER": "always_off"}, tmp_path)
    report = json.loads(done.stdout)
    assert list(report) == ["status", "findings"]
    assert report["status"] == "mend"
    assert all(
        list(found) == ["topic", "level", "sentence", "next_step"] for found in report["findings"]
    )
    assert {found["level"] for found in report["findings"]} >= {"ok", "mend"}


def test_what_is_not_ok_has_a_next_step(tmp_path: Path) -> None:
    """Whoever reads that something is wrong reads what to do."""
    set_up = BROKEN["an application that nobody instruments"]
    application = command_of(set_up, tmp_path)[len(DOCTOR) :]
    run((*DOCTOR, "--json", "--output", "report", *application), set_up.variables, tmp_path)
    findings = json.loads((tmp_path / "report").read_text())["findings"]
    assert {finding["level"] for finding in findings} == {"ok", "note", "mend"}
    for finding in findings:
        assert finding["level"] == OK or finding["next_step"], finding
        assert finding["sentence"].endswith((".", "?")), finding


STATUS: Final = """
import sys
print("to the customer")
print("to the log", file=sys.stderr)
sys.exit(int(sys.argv[1]))
"""


@pytest.mark.parametrize("automatic", [False, True], ids=["plain", "opentelemetry-instrument"])
def test_the_application_is_not_touched(automatic: bool, tmp_path: Path) -> None:
    """Its standard output is its own, its status that of the doctor where all is well."""
    (tmp_path / "app.py").write_text((INSTRUMENT if automatic else PROVIDER + INSTRUMENT) + STATUS)
    words = AUTOMATIC if automatic else ()
    command = (*DOCTOR, "--", *words, sys.executable, "app.py", "3")
    done = run(command, {"OTEL_TRACES_EXPORTER": "langchain_tree"}, tmp_path)
    assert done.stdout == "to the customer\n"
    assert "to the log" in done.stderr.splitlines()
    assert "it ran no LangChain run" in said(done)
    assert done.returncode == 3


def test_another_sitecustomize_runs_too(tmp_path: Path) -> None:
    """The application's own is run as if the doctor were not there."""
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "sitecustomize.py").write_text("import sys; sys.own = __name__")
    (tmp_path / "app.py").write_text(
        "import sys; print(sys.own, sys.modules['sitecustomize'].__file__)"
    )
    path = str(tmp_path / "own")
    done = run((*DOCTOR, "--", sys.executable, "app.py"), {"PYTHONPATH": path}, tmp_path)
    assert done.stdout == f"sitecustomize {path}/sitecustomize.py\n"


KILLED: Final = """
import os, signal, time
from pathlib import Path
folder = Path(os.environ["LANGCHAIN_OTEL_DOCTOR_REPORTS"])
while not list(folder.glob("*.json")):
    time.sleep(0.05)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_program_that_is_killed_was_looked_at(tmp_path: Path) -> None:
    """After the first run there is a report; the status is a shell's."""
    (tmp_path / "app.py").write_text(PROVIDER + INSTRUMENT + RUN + KILLED)
    done = run((*DOCTOR, "--", sys.executable, "app.py"), {}, tmp_path)
    assert "The application made 1 span of LangChain." in said(done)
    assert done.returncode == 128 + 9


GUNICORN: Final = """
import os
from langchain_core.runnables import RunnableLambda
from langchain_otel import LangChainInstrumentor
chain = RunnableLambda(lambda number: number + 1)
def app(request, start_response):
    answer = str(chain.invoke(1)).encode()
    start_response("200 OK", [("content-length", str(len(answer)))])
    return [answer]
"""
CLIENT: Final = r"""
import subprocess, sys, time, urllib.request
command = ["opentelemetry-instrument", "gunicorn", "--preload", "--bind", "unix:sock", "app:app"]
server = subprocess.Popen(command)
import socket
while True:
    try:
        connection = socket.socket(socket.AF_UNIX)
        connection.connect("sock")
        break
    except OSError:
        time.sleep(0.05)
connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
print(connection.makefile().read().splitlines()[-1])
server.terminate()
sys.exit(server.wait())
"""


def test_gunicorn_that_forks_what_it_has_loaded(tmp_path: Path) -> None:
    """The worker that ran the chain is the process that the report is of."""
    (tmp_path / "app.py").write_text(GUNICORN)
    (tmp_path / "client.py").write_text(CLIENT)
    # The server has a socket at home.
    variables = {"HOME": str(tmp_path)}
    done = run((*DOCTOR, "--", sys.executable, "client.py"), variables, tmp_path)
    assert done.returncode == 0, said(done)
    assert "2" in done.stdout.splitlines()
    assert "The application made 1 span of LangChain." in said(done)
    assert "Gunicorn loads the application before it forks" in said(done)


def test_a_python_without_the_package(tmp_path: Path) -> None:
    """The doctor says so where the application has another Python than itself."""
    command = [sys.executable, "-m", "uv", "venv", "--quiet", "--python", sys.executable, "venv"]
    subprocess.run(command, check=True, cwd=tmp_path)
    done = run((*DOCTOR, "--", "venv/bin/python", "-c", "print(1)"), {}, tmp_path)
    assert "runs the application, and has no langchain-otel" in said(done)
    assert done.stdout == "1\n"
    assert done.returncode == 1


# What an environment lacks or has besides, by what the doctor says in it.
PARTIAL: Final = {
    "opentelemetry-sdk is not installed: nothing is recorded.": ("opentelemetry-sdk",),
    "No distro is installed: `opentelemetry-instrument` sets up nothing.": (
        "opentelemetry-distro",
    ),
    "traces cannot be sent as OTLP": (
        "opentelemetry-exporter-otlp",
        "opentelemetry-exporter-otlp-proto-grpc",
        "opentelemetry-exporter-otlp-proto-http",
    ),
    "opentelemetry-instrumentation is not installed: LangChain cannot be instrumented.": (
        "opentelemetry-instrumentation",
    ),
    "opentelemetry-api is not installed: nothing can be traced.": ("opentelemetry-api",),
    "langchain-core is not installed: there is nothing to trace.": ("langchain-core",),
    "wrapt is missing, or lacks what is needed": ("wrapt",),
    "orjson is not installed: no run can be recorded.": ("orjson",),
    "packaging is not installed": ("packaging",),
    "langchain-core 0.3.79 is installed, but langchain-otel works with <2,>=0.3.80.": (
        "langchain-core",
        "langchain-core==0.3.79",
    ),
}


def uv(*arguments: str | Path) -> None:
    command = [sys.executable, "-m", "uv", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, as an application installs it."""
    out = tmp_path_factory.mktemp("dist")
    uv("build", "--quiet", "--wheel", "--out-dir", out, ROOT)
    (wheel,) = out.glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def original(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the wheel and what it needs, nothing else; with its bytecode."""
    place = tmp_path_factory.mktemp("whole") / "venv"
    uv("venv", "--quiet", "--python", sys.executable, place)
    python = place / "bin" / "python"
    uv("pip", "install", "--quiet", "--compile-bytecode", "--python", python, built)
    return place


@pytest.fixture
def whole(original: Path, tmp_path: Path) -> Path:
    """The interpreter of a copy of it; its files are links, which nobody writes to."""
    shutil.copytree(original, tmp_path / "venv", symlinks=True, copy_function=linked)
    return tmp_path / "venv" / "bin" / "python"


def linked(source: str, target: str) -> None:
    if Path(source).is_symlink():
        shutil.copy2(source, target, follow_symlinks=False)
    else:
        os.link(source, target)


@pytest.mark.slow
@pytest.mark.xdist_group("environments")
@pytest.mark.parametrize("says", PARTIAL)
def test_partial_installs(says: str, whole: Path, tmp_path: Path) -> None:
    """The doctor speaks whatever is missing."""
    out = [package for package in PARTIAL[says] if "==" not in package]
    uv("pip", "uninstall", "--quiet", "--python", whole, *out)
    for package in set(PARTIAL[says]) - set(out):
        uv("pip", "install", "--quiet", "--no-deps", "--python", whole, package)
    done = run((str(whole), "-m", "langchain_otel", "doctor"), {}, tmp_path)
    assert says in said(done)
    assert "Traceback" not in done.stderr
    assert done.returncode == 1


@pytest.mark.slow
@pytest.mark.xdist_group("environments")
def test_the_package_alone(built: Path, tmp_path: Path) -> None:
    """It names everything that an installation without dependencies lacks."""
    uv("venv", "--quiet", "--python", sys.executable, tmp_path / "venv")
    python = tmp_path / "venv" / "bin" / "python"
    uv("pip", "install", "--quiet", "--no-deps", "--python", python, built)
    done = run((str(python), "-m", "langchain_otel", "doctor"), {}, tmp_path)
    assert said(done).count(" is not installed: ") == 9
    assert "Traceback" not in done.stderr
    assert done.returncode == 1


@pytest.mark.slow
@pytest.mark.xdist_group("environments")
def test_one_install_is_enough(whole: Path, tmp_path: Path) -> None:
    """In an environment with the package and what it needs, there is nothing to mend."""
    done = run((str(whole), "-m", "langchain_otel", "doctor"), {}, tmp_path)
    assert "Nothing must be mended." in said(done)
    assert done.returncode == 0, said(done)
    tree = {"OTEL_TRACES_EXPORTER": "langchain_tree"}
    done = run((str(whole), "-m", "langchain_otel", "doctor"), tree, tmp_path)
    assert done.returncode == 1
    assert 'pip install "langchain-otel[console]"' in said(done)
