"""Stands where an HTTP proxy would: sees to which host programs send OTLP, and takes it.

A program that has `http_proxy` and `https_proxy` in its environment sends here what is for any
host and any port, so that settings can be tried as they are written.
"""

import gzip
import socket
import threading
import urllib.parse
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

from servers.otlp_grpc_sink import running_grpc_sink
from servers.otlp_sink import Received, Sink
from waiting import PATIENCE

LOOPBACK: Final = "127.0.0.1"


@dataclass(slots=True)
class Proxy:
    """The hosts that were asked for, and what was sent to those on this machine."""

    url: str
    sink: Sink
    hosts: set[str] = field(default_factory=set)

    @property
    def variables(self) -> Mapping[str, str]:
        """What tells a program to send here."""
        return {"http_proxy": self.url, "https_proxy": self.url, "no_proxy": ""}

    def asked_for(self, host: str) -> None:
        """Note a host; its name is the same in capitals."""
        with self.sink.came:
            self.hosts.add(host.lower())
            self.sink.came.notify_all()

    def wait_for(self, hosts: set[str]) -> None:
        """Wait until all of them have been asked for, and those on this machine have a span."""
        with self.sink.came:
            enough = self.sink.came.wait_for(lambda: hosts <= self.hosts, PATIENCE)
        assert enough, f"{hosts} were to be asked for: {self.hosts}"
        if any(host.startswith(f"{LOOPBACK}:") for host in hosts):
            self.sink.wait_for(1)


@contextmanager
def running_proxy() -> Iterator[Proxy]:
    """One on a free port of loopback."""
    with running_grpc_sink() as sink, ThreadingHTTPServer((LOOPBACK, 0), _Handler) as server:
        server.daemon_threads = True
        proxy = Proxy(f"http://{LOOPBACK}:{server.server_port}", sink)
        server.proxy = proxy  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield proxy
        server.shutdown()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    @property
    def proxy(self) -> Proxy:
        proxy: Proxy = self.server.proxy  # type: ignore[attr-defined]
        return proxy

    def do_POST(self) -> None:
        """OTLP over HTTP, without TLS."""
        url = urllib.parse.urlsplit(self.path)
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.proxy.asked_for(url.netloc)
        with self.proxy.sink.came:
            self.proxy.sink.requests.append(Received(url.path, headers, body))
            self.proxy.sink.came.notify_all()
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def do_CONNECT(self) -> None:
        """OTLP over gRPC, or over TLS: only a host on this machine is reached."""
        self.proxy.asked_for(self.path)
        self.close_connection = True
        if not self.path.startswith(f"{LOOPBACK}:"):
            self.send_error(403)
            return
        port = urllib.parse.urlsplit(self.proxy.sink.url).port
        with closing(socket.create_connection((LOOPBACK, port or 0))) as backend:
            self.send_response(200)
            self.end_headers()
            self.wfile.flush()
            there = threading.Thread(target=_pass_on, args=(self.connection, backend), daemon=True)
            there.start()
            _pass_on(backend, self.connection)
            there.join()

    def log_message(self, *_: object, **__: object) -> None:
        """Standard error is for errors."""


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    for each in (source, target):
        with suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)
