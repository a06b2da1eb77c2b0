"""Row mappers of webhook endpoints, postings and delivery attempts.

These rows belong to no conversation. Addresses, secrets and responses are sealed with a data key of
their own, stored with the others under an id that no conversation has. The body of a posting is not
sealed.
"""

from __future__ import annotations

from typing import Any, Final

from privacydesk.domain.ids import ConversationId, EndpointId, PostingId, TicketId
from privacydesk.domain.webhook_events import SUBSCRIBABLE, WebhookEventKind
from privacydesk.domain.webhooks import (
    DeliveryFault,
    Endpoint,
    EndpointResponse,
    EndpointState,
    Posting,
    PostingAttempt,
    PostingState,
    SigningSecret,
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
"""The id of the key in ``data_key``; no conversation has it, as their ids are UUIDs."""

_MICROS_PER_SECOND: Final = 1_000_000


_ALL: Final = "*"
ENDPOINT_BINDING = Binding("webhook_endpoint.body", "id", "version", "state", "kinds", "created_at")
POSTING_BINDING = Binding(
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


def _response_associated_data(posting: PostingId, attempt: int) -> bytes:
    return b"webhook_try.answer|" + posting + b"|%d" % attempt


def endpoint_row(endpoint: Endpoint, seal: Seal) -> dict[str, Any]:
    """Return the row of an endpoint."""
    body = {
        "url": endpoint.url,
        "label": endpoint.label,
        "secrets": [[secret.secret, opt_micros(secret.until)] for secret in endpoint.secrets],
        "max_per_second": endpoint.max_per_second,
        "rate_used_until": opt_micros(endpoint.rate_used_until),
    }
    row: dict[str, Any] = {
        "id": endpoint.id,
        "version": endpoint.version,
        "state": endpoint.state.value,
        "kinds": _write_kinds(endpoint.kinds),
        "created_at": to_micros(endpoint.created_at),
        "failing_since": opt_micros(endpoint.failing_since),
        "alarmed_at": opt_micros(endpoint.alarmed_at),
    }
    row["body"] = seal.seal(ENDPOINT_BINDING.associated_data(row), to_json(body))
    return row


def read_endpoint(row: Any, seal: Seal) -> Endpoint:
    """Return the endpoint of a row.

    Raises:
        SealError: the body was not sealed for this endpoint at this version, or a bound column was
            changed.
    """
    body = from_json(ENDPOINT_BINDING.open(row, seal, row.body))
    return Endpoint(
        id=EndpointId(row.id),
        url=body["url"],
        label=body["label"],
        kinds=_read_kinds(row.kinds),
        secrets=tuple(
            SigningSecret(secret, opt_instant(until)) for secret, until in body["secrets"]
        ),
        created_at=from_micros(row.created_at),
        state=EndpointState(row.state),
        failing_since=opt_instant(row.failing_since),
        alarmed_at=opt_instant(row.alarmed_at),
        version=row.version,
        # Rows that were written before there was a limit lack both.
        max_per_second=body.get("max_per_second", 0),
        rate_used_until=opt_instant(body.get("rate_used_until")),
    )


def _write_kinds(kinds: frozenset[WebhookEventKind]) -> str:
    """Return the column of an endpoint's kinds; all kinds stay all when later versions add some."""
    return (
        _ALL if kinds.issuperset(SUBSCRIBABLE) else " ".join(sorted(kind.value for kind in kinds))
    )


def _read_kinds(column: str) -> frozenset[WebhookEventKind]:
    if column == _ALL:
        return frozenset(SUBSCRIBABLE)
    return frozenset(WebhookEventKind(kind) for kind in column.split())


def posting_row(posting: Posting, key: Seal) -> dict[str, Any]:
    """Return the signed row of a posting; only signed postings are sent."""
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
    return POSTING_BINDING.sign(row, key)


def read_posting(row: Any, key: Seal) -> Posting:
    """Return the posting of a row.

    Raises:
        SealError: the row was not signed with this key, or was changed since.
    """
    POSTING_BINDING.check(row, key)
    return Posting(
        id=PostingId(row.id),
        event_id=row.event_id,
        endpoint=EndpointId(row.endpoint_id),
        kind=WebhookEventKind(row.kind),
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


def attempt_row(posting: PostingId, attempt: PostingAttempt, seal: Seal) -> dict[str, Any]:
    """Return the row of a delivery attempt; a response without text is stored as empty bytes."""
    response = attempt.answer
    associated_data = _response_associated_data(posting, attempt.attempt)
    return {
        "posting_id": posting,
        "attempt": attempt.attempt,
        "at": to_micros(attempt.at),
        "took": int(response.seconds * _MICROS_PER_SECOND),
        "status": response.status,
        "fault": response.fault.value if response.fault else "",
        "answer": seal.seal(associated_data, response.text.encode()) if response.text else b"",
    }


def read_attempt(row: Any, seal: Seal) -> PostingAttempt:
    """Return the delivery attempt of a row.

    Raises:
        SealError: the response was not sealed for this attempt.
    """
    associated_data = _response_associated_data(PostingId(row.posting_id), row.attempt)
    return PostingAttempt(
        attempt=row.attempt,
        at=from_micros(row.at),
        answer=EndpointResponse(
            status=row.status,
            seconds=row.took / _MICROS_PER_SECOND,
            fault=DeliveryFault(row.fault) if row.fault else None,
            text=seal.open(associated_data, row.answer).decode() if row.answer else "",
        ),
    )
