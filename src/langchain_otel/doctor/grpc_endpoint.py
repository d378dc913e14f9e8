"""Checks an endpoint for OTLP over gRPC, and says what is there if it is something else."""

from __future__ import annotations

from typing import Final

from langchain_otel.doctor import answers, mismatches, probe
from langchain_otel.doctor.finding import Finding
from langchain_otel.doctor.probe import Answer
from langchain_otel.doctor.senders import Target, call
from langchain_otel.inspection.providers import HTTP

# The server itself said these; the client says the others also of what is no gRPC.
SAID: Final = frozenset(("UNAUTHENTICATED", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "NOT_FOUND"))
# How gRPC's client tells of an answer that is HTTP/2 and no gRPC.
NO_GRPC: Final = "http2 header"
# And of headers that it does not send.
INVALID: Final = "Invalid metadata"


def grpc_finding(target: Target) -> Finding:
    """What comes of an empty request."""
    try:
        code, details = call(target.sender, target.setting.signal)
    except Exception as error:
        return _impossible(target, type(error).__name__)
    if details == INVALID:
        return _impossible(target, code)
    if code == "OK":
        return answers.accepted(target.setting, _place(target))
    if code in SAID and NO_GRPC not in details:
        return answers.code_finding(target.setting, _place(target), code)
    if target.proxy is not None:
        return mismatches.behind_proxy(target, f" ({code})")
    return _failed(target, code, details)


def _impossible(target: Target, why: str) -> Finding:
    return answers.mend(
        target.setting,
        f"The client cannot make a request with these headers ({why}).",
        f"In {target.setting.own_variable('HEADERS')}, write the names in lower case and the "
        f"values in ASCII.",
    )


def _has_user(target: Target) -> Finding:
    setting = target.setting
    return answers.mend(
        setting,
        "The exporter over gRPC takes no user and password in its endpoint.",
        f"{setting.step(setting.destination.endpoint or '')} Send the key in "
        f"{setting.own_variable('HEADERS')}.",
    )


def _failed(target: Target, code: str, details: str) -> Finding:
    if "@" in str(target.sender._endpoint):
        return _has_user(target)
    if target.lacks_authorities:
        return mismatches.lacks_authorities(target)
    spoken = probe.speech(target.address)
    if spoken == "silent":
        return mismatches.silent(target)
    if target.uses_tls and spoken == "plain":
        return mismatches.needs_no_tls(target)
    if spoken == "tls" and not target.uses_tls:
        return mismatches.needs_tls(target)
    distrusted = mismatches.distrusted(target, said=details) if target.uses_tls else None
    return distrusted or _spoken(target, code, details)


def _spoken(target: Target, code: str, details: str) -> Finding:
    tls = target.uses_tls
    is_grpc = NO_GRPC not in details and probe.speaks_http2(target.address, tls=tls)
    # A server for HTTP may speak HTTP/2 too: then it has no such service.
    is_certain = is_grpc and code != "UNIMPLEMENTED"
    path = target.setting.path
    answer = None if is_certain else probe.http_answer(target.address, path, tls=tls)
    if answer is not None and _is_otlp(answer):
        return mismatches.speaks(target, HTTP)
    if is_grpc:
        return answers.code_finding(target.setting, _place(target), code)
    if tls and answer is None:
        return answers.distrusted(target.setting, target.address, "refused")
    return mismatches.no_receiver(target, "HTTP" if answer else "something that is not gRPC")


def _is_otlp(answer: Answer) -> bool:
    # Whether the key is right is another question: a receiver that asks for one has the path.
    is_there = 200 <= answer.status < 300 or answer.status in {401, 403, 415}
    return is_there and not answer.is_page


def _place(target: Target) -> str:
    place = str(target.address)
    return f"{place}, through the proxy that {target.proxy} names," if target.proxy else place
