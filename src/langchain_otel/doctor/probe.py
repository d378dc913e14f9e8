"""Asks a port what it speaks: nothing, TLS, HTTP/2, HTTP/1."""

from __future__ import annotations

import errno
import socket
import ssl
from http.client import HTTPConnection, HTTPException
from typing import Final, Literal, NamedTuple

from langchain_otel.doctor.limits import STEP

Reach = Literal["open", "refused", "unknown", "unnamed", "unreachable", "silent"]
Speech = Literal["tls", "plain", "silent"]
Distrust = Literal["untrusted", "expired", "elsewhere", "refused", "none"]

PREFACE: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0"
FRAME_HEADER: Final = 9
SETTINGS: Final = 4
# OpenSSL's numbers for why a certificate is not accepted.
EXPIRED: Final = frozenset((9, 10))
ELSEWHERE: Final = frozenset((62, 64))
NO_ROUTE: Final = frozenset((errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN))


class Address(NamedTuple):
    """A host and a port."""

    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


class Answer(NamedTuple):
    """What a server answers over HTTP."""

    status: int
    content_type: str

    @property
    def is_page(self) -> bool:
        """Whether it is for a browser."""
        return "html" in self.content_type


def reach(address: Address) -> Reach:
    """Whether a connection can be made, or why not."""
    try:
        socket.create_connection(address, STEP).close()
    except TimeoutError:
        return "silent"
    except ConnectionRefusedError:
        return "refused"
    except (socket.gaierror, UnicodeError) as error:
        no_server = getattr(error, "errno", None) == socket.EAI_AGAIN
        return "unnamed" if no_server else "unknown"
    except OSError:
        return "unreachable"
    return "open"


def speech(address: Address) -> Speech:
    """Whether the port speaks TLS, with whatever certificate."""
    try:
        _secure(address, _trusting()).close()
    except TimeoutError:
        return "silent"
    except ssl.SSLError as error:
        # An alert is a word of TLS too: the server does not like our hello.
        return "tls" if "ALERT" in str(error.reason) else "plain"
    except OSError:
        return "plain"
    return "tls"


def distrust(address: Address, authorities: str | None) -> Distrust:
    """Why the certificate at a port is not accepted, by these authorities or the usual ones."""
    try:
        context = ssl.create_default_context(cafile=authorities)
        _secure(address, context).close()
    except ssl.SSLCertVerificationError as error:
        if error.verify_code in ELSEWHERE:
            return "elsewhere"
        return "expired" if error.verify_code in EXPIRED else "untrusted"
    except OSError:
        return "refused"
    return "none"


def speaks_http2(address: Address, *, tls: bool) -> bool:
    """Whether the port answers HTTP/2 straight away, as every gRPC server does."""
    try:
        with _connected(address, tls=tls) as connection:
            connection.sendall(PREFACE)
            return _is_settings(connection)
    except OSError:
        return False


def http_answer(address: Address, path: str, *, tls: bool) -> Answer | None:
    """What the port answers to an empty request of OTLP over HTTP/1, if anything."""
    connection = HTTPConnection(*address, timeout=STEP)
    try:
        connection.sock = _connected(address, tls=tls)
        connection.request("POST", path, b"", {"content-type": "application/x-protobuf"})
        with connection.getresponse() as answer:
            return Answer(answer.status, answer.getheader("content-type", ""))
    except (HTTPException, OSError):
        return None
    finally:
        connection.close()


def _connected(address: Address, *, tls: bool) -> socket.socket:
    return _secure(address, _trusting()) if tls else socket.create_connection(address, STEP)


def _secure(address: Address, context: ssl.SSLContext) -> ssl.SSLSocket:
    plain = socket.create_connection(address, STEP)
    try:
        return context.wrap_socket(plain, server_hostname=address.host)
    except BaseException:
        plain.close()
        raise


def _trusting() -> ssl.SSLContext:
    # To see what a port speaks, no secret is sent, whoever it is.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(["h2", "http/1.1"])
    return context


def _is_settings(connection: socket.socket) -> bool:
    header = b""
    while len(header) < FRAME_HEADER:
        more = connection.recv(FRAME_HEADER - len(header))
        if not more:
            return False
        header += more
    return header[3] == SETTINGS and header[5:] == b"\0\0\0\0"
