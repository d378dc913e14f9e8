"""Knows a real Kafka broker: how its jars are had (`make kafka`), and how one is run for a test."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from .loopback import ADDRESS, free_ports, is_taken
from .patience import PATIENCE
from .pins import Pins, cache_directory
from .processes import Process, Server, ServerError, kill, start
from .servers import only_one_chooses_ports

COMMAND: Final = "make kafka"
STEP: Final = 0.05
PROJECT: Final = """\
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>backends</groupId> <artifactId>broker</artifactId> <version>1</version>
  <dependencies><dependency>
    <groupId>org.apache.kafka</groupId> <artifactId>kafka_2.13</artifactId>
    <version>{version}</version>
  </dependency></dependencies>
</project>
"""
PROPERTIES: Final = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@{address}:{controller_port}
listeners=PLAINTEXT://{address}:{port},CONTROLLER://{address}:{controller_port}
advertised.listeners=PLAINTEXT://{address}:{port}
controller.listener.names=CONTROLLER
log.dirs={state}/data
num.partitions=6
offsets.topic.num.partitions=1
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
"""


def main() -> int:
    """Let Maven bring the jars, unless they are there."""
    directory = _directory()
    if directory.is_dir():
        return 0
    maven = shutil.which("mvn")
    if maven is None or shutil.which("java") is None:
        print(f"Maven and Java are missing: install them, then `{COMMAND}`.", file=sys.stderr)
        return 1
    unfinished = directory.with_name(f".unfinished-kafka-{os.getpid()}")
    unfinished.mkdir(parents=True)
    (unfinished / "pom.xml").write_text(PROJECT.format(version=Pins.load().kafka))
    options = ("-q", "-B", "dependency:copy-dependencies", "-DoutputDirectory=jars")
    done = subprocess.run([maven, *options, "-DincludeScope=runtime"], cwd=unfinished, check=False)
    if done.returncode == 0:
        unfinished.rename(directory)
    shutil.rmtree(unfinished, ignore_errors=True)
    return done.returncode


def is_there() -> bool:
    """Whether a broker can be started."""
    return _directory().is_dir() and shutil.which("java") is not None


@contextmanager
def running_broker(state: Path) -> Iterator[str]:
    """A broker on a port of its own, with nothing in it; where it is."""
    with only_one_chooses_ports():
        port, controller_port = free_ports(2)
        properties = PROPERTIES.format(
            address=ADDRESS, port=port, controller_port=controller_port, state=state
        )
        (state / "server.properties").write_text(properties)
        process = _started(state)
        _wait_for(port, process)
    try:
        yield f"{ADDRESS}:{port}"
    finally:
        kill(process)


def _started(state: Path) -> Process:
    java = (str(shutil.which("java")), "-Xmx512m", "-cp", f"{_directory()}/jars/*")
    properties = str(state / "server.properties")
    options = ("format", "--cluster-id", "A" * 22, "--config", properties)
    subprocess.run([*java, "kafka.tools.StorageTool", *options], check=True, capture_output=True)
    server = Server("kafka", (*java, "kafka.Kafka", properties), "", 0.0)
    return start(server, os.environ, state / "kafka.log", outlives_us=False)


def _wait_for(port: int, process: Process) -> None:
    deadline = time.monotonic() + PATIENCE
    while not is_taken(port):
        if not process.is_running or time.monotonic() > deadline:
            raise ServerError(f"Kafka did not start:\n{process.log.read_text()[-2000:]}")
        time.sleep(STEP)


def _directory() -> Path:
    return cache_directory() / f"kafka-{Pins.load().kafka}"


if __name__ == "__main__":
    sys.exit(main())
