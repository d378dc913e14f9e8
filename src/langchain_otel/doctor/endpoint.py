"""Checks that an exporter's endpoint answers, and that it speaks the exporter's protocol."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlsplit

from langchain_otel.doctor import answers
from langchain_otel.doctor.finding import MEND, NOTE, OK, Finding
from langchain_otel.doctor.grpc_endpoint import grpc_finding
from langchain_otel.doctor.headers import header_findings
from langchain_otel.doctor.http_endpoint import http_finding
from langchain_otel.doctor.limits import quiet, untraced, within
from langchain_otel.doctor.paths import path_finding
from langchain_otel.doctor.probe import Address, reach
from langchain_otel.doctor.proxies import exception_variable, proxy_variable
from langchain_otel.doctor.senders import Target, authorities_of, sender_of
from langchain_otel.doctor.settings import BASE, Setting, address_of, setting_of
from langchain_otel.inspection.providers import GRPC, Destination

# A check has at most four steps one after the other, each of `limits.STEP` seconds.
LIMIT: Final = 10.0


def endpoint_findings(destination: Destination, signal: str) -> list[Finding]:
    """Whether the endpoint of an exporter for OTLP answers, and takes what it sends.

    An empty request is sent. Nothing that a header or a URL keeps secret is said.
    """
    try:
        with quiet():
            return within(LIMIT, lambda: untraced(lambda: _findings(destination, signal)))
    except TimeoutError:
        what = "does not answer in time"
    except Exception as error:
        # Its text may quote a URL or a header.
        what = f"could not be checked ({type(error).__name__})"
    return [_untold(destination, signal, what)]


def _untold(destination: Destination, signal: str, what: str) -> Finding:
    return answers.mend(
        Setting(destination, signal, None, None),
        f"The endpoint of {destination} {what}.",
        f"Correct {BASE}, then run the doctor again.",
    )


def _findings(destination: Destination, signal: str) -> list[Finding]:
    setting = setting_of(destination, signal)
    sender = sender_of(destination.instance)
    if destination.endpoint is None or sender is None:
        return [_unknown(setting)]
    found = [*header_findings(setting), *_of_scheme(setting)]
    address = address_of(destination.endpoint)
    if address is None:
        return found or [_unreadable(setting)]
    proxy = proxy_variable(destination.protocol, _scheme(setting), address.host)
    answer = _answer(setting, sender, address, proxy)
    wrong_path = path_finding(setting, NOTE if answer.level == OK else MEND)
    # The path explains that there is nothing.
    explained = wrong_path is not None and (
        " 404: " in answer.sentence or " 405: " in answer.sentence
    )
    return [
        *found,
        *([wrong_path] if wrong_path else []),
        *([_through(setting, proxy, address)] if proxy else []),
        *([] if explained else [answer]),
    ]


def _answer(setting: Setting, sender: Any, address: Address, proxy: str | None) -> Finding:
    reached = "open" if proxy else reach(address)
    if reached != "open":
        return answers.unreached(setting, address, reached)
    destination = setting.destination
    authorities = authorities_of(sender, destination.protocol, setting.signal)
    check = grpc_finding if destination.protocol == GRPC else http_finding
    return check(Target(setting, address, sender, authorities, proxy))


def _of_scheme(setting: Setting) -> list[Finding]:
    endpoint, text = setting.destination.endpoint or "", setting.text
    if "://" not in endpoint:
        url = f"http://{endpoint.partition('/')[0]}"
        sentence = f"The endpoint {endpoint} has no scheme: the exporter over HTTP sends nothing."
        return [answers.mend(setting, sentence, setting.step(url))]
    if setting.destination.protocol == GRPC and text and "://" not in text:
        scheme = _scheme(setting)
        if scheme == "https":
            sentence = f"{setting.variable}={text} has no scheme: the exporter over gRPC uses TLS."
            step = setting.step(f"http://{text}").removesuffix(".")
            return [answers.note(setting, sentence, f"{step} for a server without TLS.")]
    return []


def _through(setting: Setting, proxy: str, address: Address) -> Finding:
    past = exception_variable(setting.destination.protocol)
    return answers.note(
        setting,
        f"{setting.destination} goes through the proxy that {proxy} names.",
        f"Add {address.host} to {past} if the proxy is not meant for it.",
    )


def _unknown(setting: Setting) -> Finding:
    return answers.note(
        setting,
        f"{setting.destination.exporter} is no exporter of OpenTelemetry's for OTLP: only the "
        f"export test says whether it sends.",
        "Look at what the export test says of it.",
    )


def _unreadable(setting: Setting) -> Finding:
    return answers.note(
        setting,
        f"The endpoint {setting.destination.endpoint} is no host and port: only the export test "
        f"says whether it answers.",
        "Look at what the export test says of it.",
    )


def _scheme(setting: Setting) -> str:
    return urlsplit(setting.destination.endpoint or "").scheme
