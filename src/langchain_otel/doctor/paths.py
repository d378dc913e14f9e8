"""Finds what is wrong with the path of an endpoint over HTTP."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

from langchain_otel.doctor.finding import Finding, Level
from langchain_otel.doctor.settings import BASE, Setting
from langchain_otel.inspection.providers import HTTP

OF_SIGNAL: Final = re.compile(r"/v1/(traces|metrics|logs)/?(?=$|/v1/)")


def path_finding(setting: Setting, level: Level) -> Finding | None:
    """What the path of a signal is, where it is there twice or not at all."""
    endpoint = setting.destination.endpoint or ""
    if setting.destination.protocol != HTTP:
        return None
    parts = urlsplit(endpoint)
    url = f"{parts.scheme}://{parts.netloc}"
    topic = f"{setting.signal} endpoint"
    found = OF_SIGNAL.findall(parts.path)
    if len(found) > 1:
        before = parts.path[: parts.path.index("/v1/")]
        return Finding(
            topic, level, _twice(setting, endpoint, found[0]), setting.step(url + before)
        )
    if parts.path in {"", "/"} and not setting.is_base:
        sentence = (
            f"The exporter sends {setting.signal} to {endpoint} as it stands: only to "
            f"{BASE} does it add {setting.path}."
        )
        return Finding(topic, level, sentence, setting.step(url))
    return None


def _twice(setting: Setting, endpoint: str, first: str) -> str:
    if not setting.is_base:
        return f"The endpoint has the path of a signal twice: {endpoint}."
    return (
        f"{BASE} ends with /v1/{first}, to which the exporter adds {setting.path}: it sends to "
        f"{endpoint}."
    )
