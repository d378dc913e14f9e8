"""Checks an endpoint for OTLP over HTTP, and says what is there if it is something else."""

from __future__ import annotations

from typing import Final

from langchain_otel.doctor import answers, mismatches, probe
from langchain_otel.doctor.finding import Finding
from langchain_otel.doctor.probe import Answer
from langchain_otel.doctor.senders import Target, post
from langchain_otel.inspection.providers import GRPC

# What nginx and Go's servers answer to a request without TLS at a port for TLS.
WITHOUT_TLS: Final = 400


def http_finding(target: Target) -> Finding:
    """What comes of an empty request."""
    try:
        answer = post(target.sender)
    except ValueError as error:
        return _impossible(target, error)
    except Exception:
        return _failed(target)
    return _answered(target, answer)


def _answered(target: Target, answer: Answer) -> Finding:
    setting, place = target.setting, _place(target)
    if 200 <= answer.status < 300:
        if answer.is_page:
            return mismatches.no_receiver(target, "with a web page")
        return answers.accepted(setting, place)
    is_plain = not target.uses_tls and target.proxy is None
    if answer.status == WITHOUT_TLS and is_plain and probe.speech(target.address) == "tls":
        return mismatches.needs_tls(target)
    return answers.status_finding(setting, place, answer.status)


def _impossible(target: Target, error: Exception) -> Finding:
    setting, why = target.setting, type(error).__name__
    return answers.mend(
        setting,
        f"The client cannot make a request from this endpoint and these headers ({why}).",
        f"Correct {setting.name} and {setting.own_variable('HEADERS')}; a header takes no line "
        f"break.",
    )


def _failed(target: Target) -> Finding:
    if target.proxy is not None:
        return mismatches.behind_proxy(target, "")
    if target.lacks_authorities:
        return mismatches.lacks_authorities(target)
    spoken = probe.speech(target.address)
    if spoken == "silent":
        return mismatches.silent(target)
    return (_over_tls if target.uses_tls else _without_tls)(target, spoken)


def _without_tls(target: Target, spoken: probe.Speech) -> Finding:
    if spoken == "tls":
        return mismatches.needs_tls(target)
    if probe.speaks_http2(target.address, tls=False):
        return mismatches.speaks(target, GRPC)
    return mismatches.no_receiver(target, "something that is not HTTP")


def _over_tls(target: Target, spoken: probe.Speech) -> Finding:
    if spoken == "plain":
        return mismatches.needs_no_tls(target)
    distrusted = mismatches.distrusted(target)
    if distrusted is None and probe.speaks_http2(target.address, tls=True):
        return mismatches.speaks(target, GRPC)
    return distrusted or answers.distrusted(target.setting, target.address, "refused")


def _place(target: Target) -> str:
    place = target.setting.destination.endpoint or ""
    return f"{place}, through the proxy that {target.proxy} names," if target.proxy else place
