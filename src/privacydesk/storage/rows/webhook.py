"""Endpoints, postings and tries as rows.

They belong to no conversation: addresses, secrets and answers are sealed with a key of their own,
kept with the others under an id that no conversation has. A posting's body is not sealed.
"""

from __future__ import annotations

from typing import Any, Final

from privacydesk.domain.ids import ConversationId, EndpointId, PostingId, TicketId
from privacydesk.domain.news import NewsKind
from privacydesk.domain.webhooks import (
    Answer,
    Endpoint,
    EndpointState,
    Fault,
    Posting,
    PostingState,
    SigningSecret,
    Try,
)
from privacydesk.storage.codec import (
    from_json,
    from_micros,
    opt_instant,
    opt_micros,
    to_json,
    to_micros,
)
from privacydesk.storage.rows.binding import Binding
from privacydesk.storage.sealing import Seal

WEBHOOK_KEY: Final = ConversationId(b"webhooks".ljust(16, b"\0"))
"""The key's id, in place of a conversation's: those are UUIDs, and this is none."""

_MICROS: Final = 1_000_000


ENDPOINT_BOUND = Binding("webhook_endpoint.body", "id", "version", "state", "kinds", "created_at")
POSTING_BOUND = Binding(
    "webhook_posting.mac",
    "id",
    "event_id",
    "endpoint_id",
    "kind",
    "lane",
    "place",
    "ticket_id",
    "number",
    "body",
    "created_at",
)


def _try_place(posting: PostingId, attempt: int) -> bytes:
    return b"webhook_try.answer|" + posting + b"|%d" % attempt


def endpoint_row(endpoint: Endpoint, seal: Seal) -> dict[str, Any]:
    """Return an endpoint's row."""
    body = {
        "url": endpoint.url,
        "label": endpoint.label,
        "secrets": [[one.secret, opt_micros(one.until)] for one in endpoint.secrets],
    }
    row: dict[str, Any] = {
        "id": endpoint.id,
        "version": endpoint.version,
        "state": endpoint.state.value,
        "kinds": " ".join(sorted(kind.value for kind in endpoint.kinds)),
        "created_at": to_micros(endpoint.created_at),
        "failing_since": opt_micros(endpoint.failing_since),
        "alarmed_at": opt_micros(endpoint.alarmed_at),
    }
    row["body"] = seal.seal(ENDPOINT_BOUND.of(row), to_json(body))
    return row


def read_endpoint(row: Any, seal: Seal) -> Endpoint:
    """Return the endpoint of a row.

    Raises:
        SealError: the body was not sealed for this endpoint at this version, or a column beside it
            was changed.
    """
    body = from_json(ENDPOINT_BOUND.open(row, seal, row.body))
    return Endpoint(
        id=EndpointId(row.id),
        url=body["url"],
        label=body["label"],
        kinds=frozenset(NewsKind(kind) for kind in row.kinds.split()),
        secrets=tuple(
            SigningSecret(secret, opt_instant(until)) for secret, until in body["secrets"]
        ),
        created_at=from_micros(row.created_at),
        state=EndpointState(row.state),
        failing_since=opt_instant(row.failing_since),
        alarmed_at=opt_instant(row.alarmed_at),
        version=row.version,
    )


def posting_row(posting: Posting, key: Seal) -> dict[str, Any]:
    """Return a posting's row, signed, so that only what the desk wrote is sent in its name."""
    row = {
        "id": posting.id,
        "event_id": posting.event_id,
        "endpoint_id": posting.endpoint,
        "kind": posting.kind.value,
        "lane": posting.lane,
        "place": posting.place,
        "ticket_id": posting.ticket,
        "number": posting.number,
        "body": posting.body,
        "created_at": to_micros(posting.created_at),
        "due_at": to_micros(posting.due_at),
        "state": posting.state.value,
        "open": posting.is_open,
        "attempts": posting.attempts,
        "tries_left": posting.tries_left,
        "begun_at": to_micros(posting.begun_at),
        "done_at": opt_micros(posting.done_at),
    }
    return POSTING_BOUND.sign(row, key)


def read_posting(row: Any, key: Seal) -> Posting:
    """Return the posting of a row.

    Raises:
        SealError: the row was not written with the key.
    """
    POSTING_BOUND.check(row, key)
    return Posting(
        id=PostingId(row.id),
        event_id=row.event_id,
        endpoint=EndpointId(row.endpoint_id),
        kind=NewsKind(row.kind),
        lane=row.lane,
        place=row.place,
        body=row.body,
        created_at=from_micros(row.created_at),
        due_at=from_micros(row.due_at),
        begun_at=from_micros(row.begun_at),
        number=row.number,
        ticket=None if row.ticket_id is None else TicketId(row.ticket_id),
        state=PostingState(row.state),
        attempts=row.attempts,
        tries_left=row.tries_left,
        done_at=opt_instant(row.done_at),
    )


def try_row(posting: PostingId, tried: Try, seal: Seal) -> dict[str, Any]:
    """Return a try's row; an answer without text is stored as empty bytes."""
    answer = tried.answer
    place = _try_place(posting, tried.attempt)
    return {
        "posting_id": posting,
        "attempt": tried.attempt,
        "at": to_micros(tried.at),
        "took": int(answer.took * _MICROS),
        "status": answer.status,
        "fault": answer.fault.value if answer.fault else "",
        "answer": seal.seal(place, answer.text.encode()) if answer.text else b"",
    }


def read_try(row: Any, seal: Seal) -> Try:
    """Return the try of a row.

    Raises:
        SealError: the answer was not sealed for this try.
    """
    place = _try_place(PostingId(row.posting_id), row.attempt)
    return Try(
        attempt=row.attempt,
        at=from_micros(row.at),
        answer=Answer(
            status=row.status,
            took=row.took / _MICROS,
            fault=Fault(row.fault) if row.fault else None,
            text=seal.open(place, row.answer).decode() if row.answer else "",
        ),
    )
