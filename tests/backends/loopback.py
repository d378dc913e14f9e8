"""Knows the sockets of this machine: which ports are free, who listens where, who answers."""

import random
import socket
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from .patience import PATIENCE

ADDRESS: Final = "127.0.0.1"
# Below the range from which the system takes the ports of outgoing connections.
CANDIDATES: Final = range(20_000, 32_000)
TABLES: Final = ("tcp", "tcp6", "udp", "udp6")
TCP_LISTENS: Final = "0A"
UDP_IS_OPEN: Final = "07"
_WITHOUT_PROXY: Final = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def fetch(url: str, timeout: float = PATIENCE) -> bytes | None:
    """The body of a 200 answer, or None when there is no server or no such thing."""
    request = urllib.request.Request(url, headers={"Accept": "application/json"})
    try:
        with _WITHOUT_PROXY.open(request, timeout=timeout) as answer:
            body: bytes = answer.read()
            return body
    except (urllib.error.URLError, OSError):
        return None


def post(url: str, body: bytes, timeout: float = PATIENCE) -> bytes:
    """The body of the answer to JSON that is sent."""
    headers = {"Accept": "application/json", "Content-Type": "application/json"}
    request = urllib.request.Request(url, body, headers, method="POST")
    with _WITHOUT_PROXY.open(request, timeout=timeout) as answer:
        found: bytes = answer.read()
        return found


def free_ports(count: int) -> list[int]:
    """That many different ports on which nobody listens now."""
    ports = [port for port in random.sample(CANDIDATES, 4 * count) if not is_taken(port)]
    return ports[:count]


def is_taken(port: int) -> bool:
    """Whether a server could not listen on this port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((ADDRESS, port))
        except OSError:
            return True
    return False


def listening(pid: int) -> set[tuple[str, int]]:
    """Every address and port on which a process listens (Linux)."""
    sockets = set(_sockets_of(pid))
    return {end for table in TABLES for inode, end in _listeners(pid, table) if inode in sockets}


def _sockets_of(pid: int) -> Iterator[str]:
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        try:
            target = str(descriptor.readlink())
        except FileNotFoundError:
            continue
        if target.startswith("socket:["):
            yield target.removeprefix("socket:[").removesuffix("]")


def _listeners(pid: int, table: str) -> Iterator[tuple[str, tuple[str, int]]]:
    wanted = TCP_LISTENS if table.startswith("tcp") else UDP_IS_OPEN
    for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
        fields = line.split()
        if fields[3] == wanted:
            address, _, port = fields[1].partition(":")
            yield fields[9], (_readable(address), int(port, 16))


def _readable(address: str) -> str:
    """The kernel writes addresses as hexadecimal words, each in the machine's byte order."""
    words = [bytes.fromhex(address[start : start + 8])[::-1] for start in range(0, len(address), 8)]
    family = socket.AF_INET if len(words) == 1 else socket.AF_INET6
    return socket.inet_ntop(family, b"".join(words))
