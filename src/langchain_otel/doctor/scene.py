"""Describes from where the doctor looks, and what the set-up has complained of."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Final, Literal

Place = Literal["own", "application", "call"]

OWN: Final = "own"
APPLICATION: Final = "application"
CALL: Final = "call"


@dataclass(frozen=True, slots=True)
class Complaint:
    """What a logger, or an exception, said while OpenTelemetry was set up.

    `text` lacks whatever was put into it: that may be the value of a header.
    """

    source: str
    text: str
    arguments: tuple[str, ...] = ()
    raised: bool = False


@dataclass(frozen=True, slots=True)
class Scene:
    """From where the doctor looks.

    `own` is a process of the doctor's, which OpenTelemetry has set up from the environment;
    `application` one that was started by the doctor; `call` one that calls `diagnose()`.
    """

    place: Place
    complaints: tuple[Complaint, ...] = ()

    @property
    def is_set_up(self) -> bool:
        """Whether OpenTelemetry was set up without an exception."""
        return not any(complaint.raised for complaint in self.complaints)

    @property
    def is_own(self) -> bool:
        """Whether the process is the doctor's own: there is no application in it."""
        return self.place == OWN


class Listener(logging.Handler):
    """Keeps what OpenTelemetry's loggers complain of; nothing of it is printed twice, or lost."""

    def __init__(self, *, quiet: bool) -> None:
        super().__init__(logging.WARNING)
        self._quiet = quiet
        self.complaints: list[Complaint] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a record; show it where nobody else does, as Python would without this handler."""
        template = record.msg if isinstance(record.msg, str) else ""
        values = record.args if isinstance(record.args, tuple) else ()
        self.complaints.append(Complaint(record.name, template, tuple(map(type_or_name, values))))
        if not self._quiet and logging.lastResort is not None and not _is_shown(record.name, self):
            logging.lastResort.handle(record)


def type_or_name(value: object) -> str:
    """What may be said of a value: the name of an exception's type, or a plain word."""
    if isinstance(value, BaseException):
        return type(value).__name__
    text = str(value)
    return text if text.isidentifier() else ""


def _is_shown(name: str, listener: logging.Handler) -> bool:
    logger: logging.Logger | None = logging.getLogger(name)
    while logger is not None:
        if any(handler is not listener for handler in logger.handlers):
            return True
        logger = logger.parent if logger.propagate else None
    return False
