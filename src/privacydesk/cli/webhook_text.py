"""Endpoints and deliveries as ``privacydesk webhooks`` prints them: for people and for programs."""

from __future__ import annotations

from datetime import tzinfo
from typing import TYPE_CHECKING, Any, Final

import typer

from privacydesk.cli.common import instant_text, plain, print_json
from privacydesk.domain.news import message_id
from privacydesk.domain.webhooks import Endpoint, EndpointState, Entry, Posting, Standing, Try

if TYPE_CHECKING:
    from privacydesk.services.webhooks.endpoints import Added

_SHORT: Final = 12
"""How many characters of an id are printed: its end, which is the random part."""


def short(identity: bytes) -> str:
    """Return as much of an id as identifies its owner."""
    return identity.hex()[-_SHORT:]


def print_secret(added: Added, what: str, as_json: bool) -> None:
    """Print a signing secret, which no other answer contains."""
    endpoint = added.endpoint
    if as_json:
        until = endpoint.old_secret_until
        print_json(
            {
                "id": endpoint.id.hex(),
                "name": endpoint.label,
                "secret": added.secret,
                "old_secret_until": until.isoformat() if until else None,
            }
        )
        return
    typer.echo(what)
    typer.echo(f"Signing secret: {added.secret}")
    typer.echo("It is shown this once. The receiver verifies each message with it.")


def _health(endpoint: Endpoint) -> str:
    if endpoint.state is EndpointState.GONE:
        return "gone (it answered 410)"
    if endpoint.state is EndpointState.DISABLED:
        return "off"
    return "failing" if endpoint.failing_since else "on"


def endpoint_row(standing: Standing) -> tuple[str, ...]:
    """Return an endpoint as a line of a list."""
    endpoint = standing.endpoint
    return (
        short(endpoint.id),
        endpoint.label,
        _health(endpoint),
        f"{standing.waiting} waiting",
        f"{standing.parked} parked" if standing.parked else "",
    )


def endpoint_lines(standing: Standing, zone: tzinfo) -> list[str]:
    """Return an endpoint in full."""
    endpoint = standing.endpoint
    lines = [
        f"{endpoint.label}  {endpoint.id.hex()}",
        f"  address   {endpoint.url}",
        f"  state     {_health(endpoint)}",
        f"  added     {instant_text(endpoint.created_at, zone)}",
        f"  waiting   {standing.waiting}",
        f"  parked    {standing.parked}",
    ]
    if endpoint.failing_since:
        lines.append(f"  failing   since {instant_text(endpoint.failing_since, zone)}")
    until = endpoint.old_secret_until
    if until:
        lines.append(f"  secrets   the old one signs until {instant_text(until, zone)}")
    lines.append("  told of   " + ", ".join(sorted(kind.value for kind in endpoint.kinds)))
    return lines


def posting_row(posting: Posting, zone: tzinfo) -> tuple[str, ...]:
    """Return a delivery as a line of a list."""
    return (
        short(posting.id),
        instant_text(posting.created_at, zone),
        posting.kind.value,
        posting.number or "-",
        plain(posting.state.value),
        f"{posting.attempts} tries" if posting.attempts != 1 else "1 try",
    )


def entry_lines(entry: Entry, zone: tzinfo) -> list[str]:
    """Return a delivery in full: what was sent, and the answer to each try."""
    posting = entry.posting
    lines = [
        f"{posting.kind.value}  {message_id(posting.event_id)}",
        f"  delivery  {posting.id.hex()}",
        f"  state     {plain(posting.state.value)}",
        f"  made      {instant_text(posting.created_at, zone)}",
    ]
    if posting.is_open:
        lines.append(f"  next try  {instant_text(posting.due_at, zone)}")
    lines.append(f"  message   {posting.body.decode()}")
    for one in entry.tries:
        answer = one.answer
        came = str(answer.status) if answer.status else plain(answer.fault or "")
        lines.append(
            f"  try {one.attempt}     {one.at:%Y-%m-%d %H:%M:%S} UTC  {came}"
            f"  {answer.took * 1000:.0f} ms"
        )
        if answer.text:
            lines.append(f"            {' '.join(answer.text.split())}")
    return lines


def endpoint_record(standing: Standing) -> dict[str, Any]:
    """Return an endpoint for programs; its secrets are not in it."""
    endpoint, until = standing.endpoint, standing.endpoint.old_secret_until
    since = endpoint.failing_since
    return {
        "id": endpoint.id.hex(),
        "name": endpoint.label,
        "url": endpoint.url,
        "state": endpoint.state.value,
        "events": sorted(kind.value for kind in endpoint.kinds),
        "created_at": endpoint.created_at.isoformat(),
        "failing_since": since.isoformat() if since else None,
        "old_secret_until": until.isoformat() if until else None,
        "waiting": standing.waiting,
        "parked": standing.parked,
    }


def posting_record(posting: Posting) -> dict[str, Any]:
    """Return a delivery for programs."""
    done = posting.done_at
    return {
        "id": posting.id.hex(),
        "event": message_id(posting.event_id),
        "type": posting.kind.value,
        "ticket": posting.number or None,
        "state": posting.state.value,
        "attempts": posting.attempts,
        "created_at": posting.created_at.isoformat(),
        "next_try_at": posting.due_at.isoformat() if posting.is_open else None,
        "done_at": done.isoformat() if done else None,
    }


def entry_record(entry: Entry) -> dict[str, Any]:
    """Return a delivery for programs, with its tries."""
    return posting_record(entry.posting) | {
        "message": entry.posting.body.decode(),
        "tries": [_try_record(one) for one in entry.tries],
    }


def _try_record(tried: Try) -> dict[str, Any]:
    answer = tried.answer
    return {
        "attempt": tried.attempt,
        "at": tried.at.isoformat(),
        "milliseconds": round(answer.took * 1000),
        "status": answer.status,
        "fault": answer.fault.value if answer.fault else None,
        "answer": answer.text,
    }
