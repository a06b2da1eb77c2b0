"""Writes events of committed changes: to the log, and as a posting for each subscribed endpoint.

They are inserted in the transaction of the changes, so both are committed together. The endpoints
are read only if there are events.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from privacydesk.domain.conversation import Conversation
from privacydesk.domain.events import Event
from privacydesk.domain.ids import EndpointId, PostingId, TicketId
from privacydesk.domain.incidents import Incident
from privacydesk.domain.ticket import LogEntry, Ticket
from privacydesk.domain.webhook_events import (
    WebhookEvent,
    WebhookEventKind,
    webhook_event_of_incident,
    webhook_event_of_owner,
    webhook_events_of_messages,
    webhook_events_of_ticket,
)
from privacydesk.domain.webhooks import EndpointState, Posting
from privacydesk.storage import tables
from privacydesk.storage.data_keys import get_or_create_digest_key
from privacydesk.storage.id_generator import SecureIdGenerator
from privacydesk.storage.resilient_reads import open_rows_with_key
from privacydesk.storage.rows.event_log import event_log_row
from privacydesk.storage.rows.webhook import (
    ENDPOINT_BINDING,
    WEBHOOK_KEY,
    posting_row,
    read_endpoint,
)
from privacydesk.storage.sealing import Seals

_endpoint = tables.webhook_endpoint.c
_ACTIVE_ENDPOINTS: Final = sa.select(tables.webhook_endpoint).where(
    _endpoint.state == EndpointState.ACTIVE.value
)


class EventCollector:
    """Collects webhook events of a transaction, and writes them for the log and for endpoints.

    Args:
        id_generator: generates the ids of events and postings, which sort by creation time.
        now: the time of the changes.
    """

    def __init__(self, id_generator: SecureIdGenerator, now: datetime) -> None:
        self._id_generator = id_generator
        self._now = now
        self._events: list[tuple[WebhookEvent, Ticket | None]] = []

    def add_tickets(
        self,
        changed: Iterable[Ticket],
        before: Mapping[TicketId, Ticket],
        log: Iterable[LogEntry],
    ) -> None:
        """Add the events of tickets that a job changed."""
        entries: dict[TicketId, list[str]] = {}
        for entry in log:
            entries.setdefault(entry.ticket_id, []).append(entry.what)
        for ticket in changed:
            actions = entries.get(ticket.id, ())
            events = webhook_events_of_ticket(before.get(ticket.id), ticket, actions)
            self._events += [(event, ticket) for event in events]

    def add_owner_change(self, before: Conversation | None, after: Conversation) -> None:
        """Add the event of a conversation whose owner has changed."""
        event = webhook_event_of_owner(before, after)
        if event is not None:
            self._events.append((event, None))

    def add_messages(self, before: Conversation, appended: Collection[Event]) -> None:
        """Add the events of what a user sent to an agent."""
        events = webhook_events_of_messages(before, appended)
        self._events += [(event, None) for event in events]

    def add_incident(self, before: Incident | None, after: Incident) -> None:
        """Add the event of an incident that has changed."""
        event = webhook_event_of_incident(before, after)
        if event is not None:
            self._events.append((event, None))

    @property
    def has_events(self) -> bool:
        """Whether anything was collected."""
        return bool(self._events)

    def write(self, connection: sa.Connection, seals: Seals) -> None:
        """Insert the rows of the log and of the postings."""
        if not self._events:
            return
        subscriptions = _load_subscriptions(connection, seals)
        key = get_or_create_digest_key(connection, seals)
        logged: list[dict[str, Any]] = []
        postings: list[dict[str, Any]] = []
        for event, ticket in self._events:
            event_id = self._id_generator.id(self._now)
            body = event.body(event_id, self._now)
            logged.append(event_log_row(event, event_id, self._now, body, key))
            postings += [
                posting_row(posting, key)
                for posting in self._create_postings(event, ticket, event_id, body, subscriptions)
            ]
        connection.execute(sa.insert(tables.event_log), logged)
        if postings:
            connection.execute(sa.insert(tables.webhook_posting), postings)

    def _create_postings(
        self,
        event: WebhookEvent,
        ticket: Ticket | None,
        event_id: bytes,
        body: bytes,
        subscriptions: Mapping[EndpointId, frozenset[WebhookEventKind]],
    ) -> list[Posting]:
        return [
            Posting(
                id=PostingId(self._id_generator.id(self._now)),
                event_id=event_id,
                endpoint=endpoint,
                kind=event.kind,
                lane=endpoint + event.subject_id,
                place=event.position,
                body=body,
                created_at=self._now,
                due_at=self._now,
                begun_at=self._now,
                number=ticket.number if ticket else "",
                ticket=ticket.id if ticket else None,
            )
            for endpoint, kinds in subscriptions.items()
            if event.kind in kinds
        ]


def _load_subscriptions(
    connection: sa.Connection, seals: Seals
) -> Mapping[EndpointId, frozenset[WebhookEventKind]]:
    """Return the subscribed event kinds of each active endpoint whose row can be read."""
    rows = connection.execute(_ACTIVE_ENDPOINTS).all()
    endpoints, _ = open_rows_with_key(
        connection, seals, rows, ENDPOINT_BINDING, read_endpoint, key_id=WEBHOOK_KEY
    )
    return {endpoint.id: endpoint.kinds for endpoint in endpoints}
