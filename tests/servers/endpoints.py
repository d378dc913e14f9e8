"""Listens at ports as servers do to which an exporter was pointed rightly, or by mistake."""

import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from servers.otlp_grpc_sink import SERVICES

HOST: Final = "127.0.0.1"
# It has no types.
grpc: Final[Any] = import_module("grpc")

Server = Callable[["Certificates"], AbstractContextManager["Port"]]


@dataclass(slots=True)
class Port:
    """A port, and the header names and bodies of what came to it."""

    number: int
    headers: list[dict[str, str]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Certificates:
    """Certificates that nobody has signed: for this host, and for another one."""

    directory: Path

    def file(self, name: str) -> Path:
        """The certificate; the key stands beside it. It is made when first asked for."""
        certificate = self.directory / f"{name}.pem"
        if not certificate.exists():
            self._make(certificate, "IP:127.0.0.1" if name == "here" else "DNS:elsewhere.test")
        return certificate

    def _make(self, certificate: Path, alternative: str) -> None:
        words = (
            "openssl req -x509 -nodes -days 2 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 "
            f"-subj /CN=test -addext subjectAltName={alternative}"
        )
        files = ["-keyout", str(certificate.with_suffix(".key")), "-out", str(certificate)]
        subprocess.run([*words.split(), *files], check=True, capture_output=True)

    def context(self, name: str) -> ssl.SSLContext:
        certificate = self.file(name)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, certificate.with_suffix(".key"))
        return context


def http(
    status: int = 200,
    body: bytes = b"",
    content_type: str = "application/x-protobuf",
    certificate: str | None = None,
    location: str | None = None,
) -> Server:
    """A server for HTTP that answers every request alike."""

    @contextmanager
    def running(certificates: Certificates) -> Iterator[Port]:
        class Answering(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                port.bodies.append(self.rfile.read(int(self.headers["content-length"])))
                port.headers.append({name.lower(): value for name, value in self.headers.items()})
                self.send_response(status)
                self.send_header("content-length", str(len(body)))
                self.send_header("content-type", content_type)
                if location:
                    self.send_header("location", location)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None: ...

        class Quiet(ThreadingHTTPServer):
            def handle_error(self, *_: object) -> None: ...

        with Quiet((HOST, 0), Answering) as server:
            port = Port(server.server_port)
            if certificate:
                context = certificates.context(certificate)
                server.socket = context.wrap_socket(
                    server.socket, server_side=True, do_handshake_on_connect=False
                )
            threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
            yield port
            server.shutdown()

    return running


def grpc_server(
    code: str = "OK", certificate: str | None = None, details: str = "no", services: Any = SERVICES
) -> Server:
    """A server for gRPC that answers every export alike."""

    @contextmanager
    def running(certificates: Certificates) -> Iterator[Port]:
        def take(body: bytes, context: Any) -> bytes:
            port.bodies.append(body)
            port.headers.append(dict(context.invocation_metadata()))
            if code != "OK":
                context.abort(grpc.StatusCode[code], details)
            return b""

        server = grpc.server(ThreadPoolExecutor(2))
        handlers = {"Export": grpc.unary_unary_rpc_method_handler(take)}
        server.add_generic_rpc_handlers(
            [
                grpc.method_handlers_generic_handler(service, handlers)
                for service in services.values()
            ]
        )
        if certificate:
            file = certificates.file(certificate)
            pair = (file.with_suffix(".key").read_bytes(), file.read_bytes())
            number = server.add_secure_port(f"{HOST}:0", grpc.ssl_server_credentials([pair]))
        else:
            number = server.add_insecure_port(f"{HOST}:0")
        port = Port(number)
        server.start()
        try:
            yield port
        finally:
            server.stop(None).wait()

    return running


def saying(words: bytes) -> Server:
    """A server of some other kind, which says its words at once and hangs up."""

    @contextmanager
    def running(_: Certificates) -> Iterator[Port]:
        with socket.create_server((HOST, 0)) as server:
            threading.Thread(target=_say, args=(server, words), daemon=True).start()
            yield Port(server.getsockname()[1])
            # What waits in accept() does not see that the socket is closed.
            server.shutdown(socket.SHUT_RDWR)

    return running


def _say(server: socket.socket, words: bytes) -> None:
    while True:
        try:
            connection, _ = server.accept()
        except OSError:
            return
        threading.Thread(target=_say_to, args=(connection, words), daemon=True).start()


def _say_to(connection: socket.socket, words: bytes) -> None:
    with connection, suppress(OSError):
        connection.sendall(words)
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(4096):
            pass


@contextmanager
def silent(_: Certificates) -> Iterator[Port]:
    """The system takes connections for it; nobody ever answers."""
    with socket.create_server((HOST, 0)) as server:
        yield Port(server.getsockname()[1])


@contextmanager
def closed(_: Certificates) -> Iterator[Port]:
    """Nobody listens, and nobody else can take the port."""
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        yield Port(taken.getsockname()[1])
