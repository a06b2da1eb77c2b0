"""News of a batch: what its jobs changed, as postings for the webhook endpoints that subscribe.

Part of the batch's transaction, so changes and their postings are stored together or not at all.
The subscribers are read only when there is news.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from privacydesk.domain.conversation import Conversation
from privacydesk.domain.ids import EndpointId, PostingId, TicketId
from privacydesk.domain.news import News, NewsKind, news_of_owner, news_of_ticket
from privacydesk.domain.ticket import LogEntry, Ticket
from privacydesk.domain.webhooks import EndpointState, Posting
from privacydesk.storage import tables
from privacydesk.storage.damaged import open_own_rows
from privacydesk.storage.keys import writing_key
from privacydesk.storage.random_ids import SecretMinter
from privacydesk.storage.rows.webhook import (
    ENDPOINT_BOUND,
    WEBHOOK_KEY,
    posting_row,
    read_endpoint,
)
from privacydesk.storage.sealing import Seals

_endpoint = tables.webhook_endpoint.c
_SUBSCRIBERS: Final = sa.select(tables.webhook_endpoint).where(
    _endpoint.state == EndpointState.ACTIVE.value
)


class Telling:
    """Collects news while jobs run, and makes rows of it for subscribers.

    Args:
        minter: makes ids of events and postings; those of one process sort by creation time.
        now: when the batch happens.
    """

    def __init__(self, minter: SecretMinter, now: datetime) -> None:
        self._minter = minter
        self._now = now
        self._news: list[tuple[News, Ticket | None]] = []

    def tickets(
        self,
        changed: Iterable[Ticket],
        before: Mapping[TicketId, Ticket],
        log: Iterable[LogEntry],
    ) -> None:
        """Collect the news of tickets that a job changed."""
        entries: dict[TicketId, list[str]] = {}
        for entry in log:
            entries.setdefault(entry.ticket_id, []).append(entry.what)
        for ticket in changed:
            told = news_of_ticket(before.get(ticket.id), ticket, entries.get(ticket.id, ()))
            self._news += [(one, ticket) for one in told]

    def owner(self, before: Conversation | None, after: Conversation) -> None:
        """Collect the news of a conversation whose owner has changed."""
        told = news_of_owner(before, after)
        if told is not None:
            self._news.append((told, None))

    def rows(self, connection: sa.Connection, seals: Seals) -> list[dict[str, Any]]:
        """Return the rows to write."""
        if not self._news:
            return []
        subscribers = _subscribers(connection, seals)
        if not subscribers:
            return []
        key = writing_key(connection, seals)
        return [
            posting_row(posting, key)
            for news, about in self._news
            for posting in self._posted(news, about, subscribers)
        ]

    def _posted(
        self,
        news: News,
        about: Ticket | None,
        subscribers: Mapping[EndpointId, frozenset[NewsKind]],
    ) -> list[Posting]:
        listening = [one for one, kinds in subscribers.items() if news.kind in kinds]
        if not listening:
            return []
        event = self._minter.id(self._now)
        body = news.body(event, self._now)
        return [
            Posting(
                id=PostingId(self._minter.id(self._now)),
                event_id=event,
                endpoint=one,
                kind=news.kind,
                lane=one + news.about,
                place=news.place,
                body=body,
                created_at=self._now,
                due_at=self._now,
                begun_at=self._now,
                number=about.number if about else "",
                ticket=about.id if about else None,
            )
            for one in listening
        ]


def _subscribers(
    connection: sa.Connection, seals: Seals
) -> Mapping[EndpointId, frozenset[NewsKind]]:
    """Return the news kinds of each active endpoint, except those whose rows can't be read."""
    rows = connection.execute(_SUBSCRIBERS).all()
    found, _ = open_own_rows(
        connection, seals, rows, ENDPOINT_BOUND, read_endpoint, identity=WEBHOOK_KEY
    )
    return {endpoint.id: endpoint.kinds for endpoint in found}
