"""Formatting of webhook endpoints and deliveries: text for people, records for JSON."""

from __future__ import annotations

from datetime import tzinfo
from typing import TYPE_CHECKING, Any, Final

import typer

from privacydesk.cli.common import format_instant, humanize, print_json
from privacydesk.domain.webhook_events import message_id
from privacydesk.domain.webhooks import (
    Endpoint,
    EndpointState,
    EndpointStatus,
    Posting,
    PostingAttempt,
    PostingLog,
)

if TYPE_CHECKING:
    from privacydesk.services.webhooks.endpoints import Added

_SHORT_ID_LENGTH: Final = 12
"""How many characters of an id are printed, from its end, which is random."""


def short(object_id: bytes) -> str:
    """Return the end of an id, which identifies the object."""
    return object_id.hex()[-_SHORT_ID_LENGTH:]


def print_secret(added: Added, message: str, as_json: bool) -> None:
    """Print a new signing secret; it is never printed again."""
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
    typer.echo(message)
    typer.echo(f"Signing secret: {added.secret}")
    typer.echo("It is shown this once. The receiver verifies each message with it.")


def _health(endpoint: Endpoint) -> str:
    if endpoint.state is EndpointState.GONE:
        return "gone (it answered 410)"
    if endpoint.state is EndpointState.DISABLED:
        return "off"
    return "failing" if endpoint.failing_since else "on"


def endpoint_row(status: EndpointStatus) -> tuple[str, ...]:
    """Return an endpoint as a row of the list."""
    endpoint = status.endpoint
    return (
        short(endpoint.id),
        endpoint.label,
        _health(endpoint),
        f"{status.waiting} waiting",
        f"{status.parked} parked" if status.parked else "",
    )


def endpoint_lines(status: EndpointStatus, zone: tzinfo) -> list[str]:
    """Return the lines of an endpoint's details."""
    endpoint = status.endpoint
    lines = [
        f"{endpoint.label}  {endpoint.id.hex()}",
        f"  address   {endpoint.url}",
        f"  state     {_health(endpoint)}",
        f"  added     {format_instant(endpoint.created_at, zone)}",
        f"  waiting   {status.waiting}",
        f"  parked    {status.parked}",
        f"  times in  {zone}",
    ]
    if endpoint.max_per_second:
        lines.append(f"  rate      {endpoint.max_per_second} a second at most")
    if endpoint.failing_since:
        lines.append(f"  failing   since {format_instant(endpoint.failing_since, zone)}")
    until = endpoint.old_secret_until
    if until:
        lines.append(f"  secrets   the old one signs until {format_instant(until, zone)}")
    lines.append("  events    " + ", ".join(sorted(kind.value for kind in endpoint.kinds)))
    return lines


def _type(posting: Posting) -> str:
    return f"{posting.event_type.value} (test)" if posting.is_test else posting.kind.value


def posting_row(posting: Posting, zone: tzinfo) -> tuple[str, ...]:
    """Return a delivery as a row of the list."""
    return (
        short(posting.id),
        format_instant(posting.created_at, zone),
        _type(posting),
        posting.number or "-",
        humanize(posting.state.value),
        f"{posting.attempts} tries" if posting.attempts != 1 else "1 try",
    )


def posting_log_lines(log: PostingLog, zone: tzinfo) -> list[str]:
    """Return the lines of a delivery's details: what was sent, and the answer to each try."""
    posting = log.posting
    lines = [
        f"{_type(posting)}  {message_id(posting.event_id)}",
        f"  delivery  {posting.id.hex()}",
        f"  state     {humanize(posting.state.value)}",
        f"  created   {format_instant(posting.created_at, zone)}",
        f"  times in  {zone}",
    ]
    if posting.is_open:
        lines.append(f"  next try  {format_instant(posting.due_at, zone)}")
    lines.append(f"  message   {posting.body.decode()}")
    for attempt in log.tries:
        answer = attempt.answer
        result = str(answer.status) if answer.status else humanize(answer.fault or "")
        lines.append(
            f"  try {attempt.attempt}     {attempt.at:%Y-%m-%d %H:%M:%S} UTC  {result}"
            f"  {answer.seconds * 1000:.0f} ms"
        )
        if answer.text:
            lines.append(f"            {' '.join(answer.text.split())}")
    return lines


def endpoint_record(status: EndpointStatus) -> dict[str, Any]:
    """Return an endpoint as a record, without its secrets."""
    endpoint, until = status.endpoint, status.endpoint.old_secret_until
    since = endpoint.failing_since
    return {
        "id": endpoint.id.hex(),
        "name": endpoint.label,
        "url": endpoint.url,
        "state": endpoint.state.value,
        "events": sorted(kind.value for kind in endpoint.kinds),
        "max_per_second": endpoint.max_per_second,
        "created_at": endpoint.created_at.isoformat(),
        "failing_since": since.isoformat() if since else None,
        "old_secret_until": until.isoformat() if until else None,
        "waiting": status.waiting,
        "parked": status.parked,
    }


def posting_record(posting: Posting) -> dict[str, Any]:
    """Return a delivery as a record."""
    done_at = posting.done_at
    return {
        "id": posting.id.hex(),
        "event": message_id(posting.event_id),
        "type": posting.event_type.value,
        "test": posting.is_test,
        "ticket": posting.number or None,
        "state": posting.state.value,
        "attempts": posting.attempts,
        "created_at": posting.created_at.isoformat(),
        "next_try_at": posting.due_at.isoformat() if posting.is_open else None,
        "done_at": done_at.isoformat() if done_at else None,
    }


def posting_log_record(log: PostingLog) -> dict[str, Any]:
    """Return a delivery with its tries as a record."""
    return posting_record(log.posting) | {
        "message": log.posting.body.decode(),
        "tries": [_attempt_record(attempt) for attempt in log.tries],
    }


def _attempt_record(attempt: PostingAttempt) -> dict[str, Any]:
    answer = attempt.answer
    return {
        "attempt": attempt.attempt,
        "at": attempt.at.isoformat(),
        "milliseconds": round(answer.seconds * 1000),
        "status": answer.status,
        "fault": answer.fault.value if answer.fault else None,
        "answer": answer.text,
    }
