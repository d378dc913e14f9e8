"""Says what a server's refusal means, and what to do about it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

from langchain_otel.doctor.finding import MEND, NOTE, OK, Finding
from langchain_otel.doctor.probe import Address, Distrust, Reach
from langchain_otel.doctor.settings import Setting

STATUSES: Final = {
    400: "odd",
    401: "denied",
    403: "denied",
    404: "missing",
    405: "method",
    407: "proxy",
    413: "large",
    415: "type",
    429: "busy",
}
CODES: Final = {
    "UNAUTHENTICATED": "denied",
    "PERMISSION_DENIED": "denied",
    "UNIMPLEMENTED": "missing",
    "NOT_FOUND": "missing",
    "RESOURCE_EXHAUSTED": "busy",
    "INVALID_ARGUMENT": "odd",
    "UNAVAILABLE": "trouble",
    "INTERNAL": "trouble",
    "UNKNOWN": "trouble",
}
LOOPBACK: Final = frozenset(("localhost", "127.0.0.1", "::1"))
BATCH: Final = {"traces": "OTEL_BSP", "logs": "OTEL_BLRP"}

Words = tuple[str, str]
"""What the answer means, and the next step."""


def accepted(setting: Setting, place: str) -> Finding:
    """The server takes an empty request of OTLP."""
    return Finding(_topic(setting), OK, f"{place} answers, and takes {setting.signal} as OTLP.")


def mend(setting: Setting, sentence: str, next_step: str) -> Finding:
    """A finding that keeps this signal from arriving."""
    return Finding(_topic(setting), MEND, sentence, next_step)


def note(setting: Setting, sentence: str, next_step: str) -> Finding:
    """A finding that may keep it."""
    return Finding(_topic(setting), NOTE, sentence, next_step)


def status_finding(setting: Setting, place: str, status: int) -> Finding:
    """What a status of HTTP says that is not success."""
    if 300 <= status < 400:
        kind = "redirect"
    else:
        kind = STATUSES.get(status, "trouble" if status >= 500 else "other")
    return _answered(setting, place, str(status), kind)


def code_finding(setting: Setting, place: str, code: str) -> Finding:
    """What a status of gRPC says that is not success."""
    return _answered(setting, place, code, CODES.get(code, "other"))


def unreached(setting: Setting, address: Address, reach: Reach) -> Finding:
    """Why no connection comes about."""
    host, name, hint = address.host, setting.name, _of_container(address.host)
    sentence, step = {
        "refused": (
            f"Nothing listens at {address}: the connection is refused.",
            f"Start the Collector or backend there, or set {name} to where it is.{hint}",
        ),
        "unknown": (
            f"The host {host} cannot be found: no name server knows it.",
            f"Correct the host in {name}.",
        ),
        "unnamed": (
            f"The host {host} cannot be found: no name server answers.",
            f"Connect this machine to the network, or correct the host in {name}.",
        ),
        "unreachable": (
            f"No network leads to {address}.",
            f"Connect this machine to the network, or correct {name}.",
        ),
    }.get(reach, (silence(address), _wait(setting)))
    return mend(setting, sentence, step)


def _of_container(host: str) -> str:
    is_container = Path("/.dockerenv").exists() or "KUBERNETES_SERVICE_HOST" in os.environ
    if host not in LOOPBACK or not is_container:
        return ""
    return f" In a container {host} is the container itself: name the Collector's own host."


def silent(setting: Setting, address: Address) -> Finding:
    """The port takes a connection, or not even that, and says nothing."""
    return mend(setting, silence(address), _wait(setting))


def silence(address: Address) -> str:
    """The sentence for a port that does not answer."""
    return f"{address} does not answer in time."


def distrusted(setting: Setting, address: Address, why: Distrust) -> Finding:
    """Why TLS does not come about with a port that speaks it."""
    certificate = setting.own_variable("CERTIFICATE")
    sentence, step = {
        "untrusted": (
            f"The certificate of {address} is not trusted.",
            f"Set {certificate} to the file of the authority that signed it, in PEM.",
        ),
        "expired": (
            f"The certificate of {address} is not valid today.",
            "Renew the certificate of the server, or set the clock of this machine.",
        ),
        "elsewhere": (
            f"The certificate of {address} is for another host.",
            f"Set the host in {setting.name} to one that the certificate names.",
        ),
    }.get(
        why,
        (f"{address} speaks TLS, but breaks the connection off.", _own_certificate(setting)),
    )
    return mend(setting, sentence, step)


def _own_certificate(setting: Setting) -> str:
    ends = ("CLIENT_CERTIFICATE", "CLIENT_KEY", "CERTIFICATE")
    names = [setting.own_variable(end) for end in ends]
    return f"If it asks for a certificate of yours, set {', '.join(names)} to the files."


def _topic(setting: Setting) -> str:
    return f"{setting.signal} endpoint"


def _wait(setting: Setting) -> str:
    return f"Correct {setting.name}, or open the way to it: a firewall may drop what is sent."


def _answered(setting: Setting, place: str, label: str, kind: str) -> Finding:
    meaning, step = _MEANINGS[kind](setting)
    level = note if kind == "odd" else mend
    return level(setting, f"{place} answers {label}: {meaning}", step)


def _denied(setting: Setting) -> Words:
    names = ", ".join(setting.destination.header_names)
    variable = setting.own_variable("HEADERS")
    if not names:
        return (
            "it wants a key, and no header with one is sent.",
            f"Set {variable}=authorization=Bearer%20<key>, or the header your backend names.",
        )
    where = variable if os.environ.get(variable) else "the code that makes the exporter"
    how = "; write a space as %20, a comma as %2C, a percent sign as %25"
    return (
        f"it does not accept the key. The headers sent are: {names}.",
        f"Correct the value of {names} in {where}{how if os.environ.get(variable) else ''}.",
    )


def _missing(setting: Setting) -> Words:
    signal = setting.signal
    step = f"Set {setting.name} to the address at which your backend takes OTLP {signal}"
    # Some backends take traces alone.
    instead = (
        "" if signal == "traces" else f", or OTEL_{signal.upper()}_EXPORTER=none if it does not"
    )
    return f"it takes no {signal} there.", f"{step}{instead}."


def _large(setting: Setting) -> Words:
    batch = BATCH.get(setting.signal)
    smaller = f"Set {batch}_MAX_EXPORT_BATCH_SIZE=64, or raise" if batch else "Raise"
    return "the request is too large for it.", f"{smaller} the limit of the server."


_MEANINGS: Final[dict[str, Callable[[Setting], Words]]] = {
    "redirect": lambda setting: (
        "it redirects, and the exporter does not follow: what it sends is lost.",
        f"Set {setting.name} to the address to which it redirects, often https.",
    ),
    "odd": lambda _: (
        "it does not take an empty request.",
        "Look at the test run: it sends a real one.",
    ),
    "denied": _denied,
    "missing": _missing,
    "method": lambda setting: (
        "this address takes no POST: it is a page, not an OTLP receiver.",
        f"Set {setting.name} to the port for OTLP: 4318 for HTTP, 4317 for gRPC.",
    ),
    "proxy": lambda _: (
        "the proxy wants a password.",
        "Add user and password to HTTPS_PROXY and HTTP_PROXY, or the host to NO_PROXY.",
    ),
    "large": _large,
    "type": lambda setting: (
        "it does not take protobuf.",
        f"Set {setting.name} to a receiver that takes OTLP as protobuf, such as the Collector.",
    ),
    "busy": lambda _: (
        "it takes no more for now.",
        "Try again later, or raise the limit of your account or server.",
    ),
    "trouble": lambda _: (
        "the server, or what it passes data on to, has trouble.",
        "Read the log of the server.",
    ),
    "other": lambda _: (
        "it does not take what is sent.",
        "Read the log of the server, which says why.",
    ),
}
