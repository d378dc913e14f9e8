"""Checks that what a provider's exporters send is accepted, by sending something.

Through a provider of traces goes a test run, through the others an export with nothing in it.
"""

from __future__ import annotations

from typing import Final

from langchain_otel.config import SDK_DISABLED_VARIABLE, is_disabled
from langchain_otel.doctor.backends import Shown, backends_with
from langchain_otel.doctor.empty_export import (
    LIMIT,
    empty_export,
    failed,
    is_shut_down,
    shut_down,
)
from langchain_otel.doctor.finding import MEND, NOTE, OK, Finding
from langchain_otel.doctor.limits import quiet
from langchain_otel.doctor.trial import NAME, Trial, trial_of
from langchain_otel.doctor.witness import Witness
from langchain_otel.inspection.providers import Destination, Provider

TOPIC: Final = "test run"


def export_findings(provider: Provider) -> list[Finding]:
    """What comes of an export by each exporter of a provider.

    For traces a chain named `langchain-otel doctor` runs, and its spans are sent. An exporter to
    which none of them comes sends an empty export, as those of metrics and logs do.
    """
    try:
        with quiet():
            return _findings(provider) if provider.is_set else []
    except Exception as error:
        # Its text may quote a URL or a header.
        sentence = f"The export of {provider.signal} could not be tested ({type(error).__name__})."
        step = "Run the doctor again, and report it if it says the same."
        return [Finding(f"{provider.signal} export", NOTE, sentence, step)]


def _findings(provider: Provider) -> list[Finding]:
    destinations = provider.destinations
    if provider.signal != "traces":
        return [empty_export(destination, provider.signal) for destination in destinations]
    trial = trial_of(provider)
    found = [_made(trial)]
    for destination in destinations:
        found += _of_destination(destination, trial)
    return [*found, *_shown(trial, destinations)]


def _made(trial: Trial) -> Finding:
    if not trial.span.is_valid:
        return _not_made(trial)
    if not trial.span.trace_flags.sampled:
        return Finding(
            TOPIC,
            NOTE,
            f"The sampler leaves the test run out: of its trace {trial.trace_id} nothing is sent.",
            "Set OTEL_TRACES_SAMPLER=always_on, or the same sampler in code, and run the doctor "
            "again.",
        )
    count = f"{trial.spans} spans in " if trial.spans else ""
    return Finding(TOPIC, OK, f"The test run `{NAME}` made {count}the trace {trial.trace_id}.")


def _not_made(trial: Trial) -> Finding:
    why = f" ({trial.error})" if trial.error else ""
    if is_disabled():
        step = f"Remove {SDK_DISABLED_VARIABLE}, or set it to false."
    else:
        step = "Set a TracerProvider of OpenTelemetry's SDK, or report it if there is one."
    return Finding(TOPIC, MEND, f"The test run made no span{why}.", step)


def _of_destination(destination: Destination, trial: Trial) -> list[Finding]:
    if is_shut_down(destination.instance):
        return [shut_down(TOPIC, destination)]
    witness = trial.witnesses.get(id(destination.instance))
    is_sent = trial.span.is_valid and trial.span.trace_flags.sampled
    if witness is None and is_sent:
        return [_unwatched(destination, trial)]
    if witness is None or witness.fate == "unseen":
        found = [_unseen(destination)] if is_sent else []
        return [*found, empty_export(destination, "traces")]
    return [_of_witness(destination, witness)]


def _of_witness(destination: Destination, witness: Witness) -> Finding:
    what = {
        "refused": "could not send the test run",
        "sending": f"has not sent the test run after {LIMIT:.0f} s",
        "raised": f"raises {witness.error} when it sends the test run",
    }.get(witness.fate)
    if what is not None:
        return failed(TOPIC, destination, what)
    spans = f"{witness.spans} spans of the test run"
    if witness.fate == "accepted":
        return Finding(TOPIC, OK, f"{destination} has sent {spans}.")
    sentence = f"{destination} took {spans}, and does not say whether it has sent them."
    return Finding(TOPIC, OK, sentence)


def _unwatched(destination: Destination, trial: Trial) -> Finding:
    return Finding(
        TOPIC,
        NOTE,
        f"Whether {destination} has sent the test run cannot be seen from outside.",
        f"Look in your backend for the trace {trial.trace_id}.",
    )


def _unseen(destination: Destination) -> Finding:
    return Finding(
        TOPIC,
        MEND,
        f"No span of the test run came to {destination}.",
        f"Look at {destination.processor}: it keeps spans, drops them or was shut down.",
    )


def _shown(trial: Trial, destinations: tuple[Destination, ...]) -> list[Finding]:
    fates = {witness.fate for witness in trial.witnesses.values()}
    is_sent = trial.span.is_valid and trial.span.trace_flags.sampled
    if not is_sent or (destinations and not fates & {"accepted", "untold"}):
        return []
    return [_of_backend(shown, destinations) for shown in backends_with(trial.trace_id)]


def _of_backend(shown: Shown, destinations: tuple[Destination, ...]) -> Finding:
    if shown.has_it:
        return Finding(TOPIC, OK, f"{shown.name} shows the test run: {shown.url}")
    if shown.has_it is None:
        sentence = f"{shown.name} answers on this machine. It may show the test run."
        return Finding(TOPIC, NOTE, sentence, f"Open {shown.url}")
    places = ", ".join(destination.endpoint or "" for destination in destinations).strip(", ")
    return Finding(
        TOPIC,
        NOTE,
        f"{shown.name} answers on this machine, but does not have the test run.",
        f"Open {shown.url} in a moment. If it stays empty, see that what takes data at "
        f"{places or 'the endpoint'} passes it on to {shown.name}.",
    )
