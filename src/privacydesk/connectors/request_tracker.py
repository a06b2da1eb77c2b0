"""Request Tracker 5 as a ticketing system, through its REST 2 API.

Properties of the API that determine how it is used:

- A custom field stores the key of a ticket. Request Tracker writes it in the same database
  transaction as the ticket, so a ticket that was created can always be found by its key.
- A refused change is answered with 200 and a text for people. So the ticket is read after each
  change; if the change is not there, it was refused.
- A ticket's version is its last transaction. A change is sent with the version that was read, so
  that it never overwrites somebody's change in between.
- The number of a merged ticket returns the ticket that it was merged into; it counts as gone.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from privacydesk.clock import Clock
from privacydesk.connectors import request_tracker_wire as wire
from privacydesk.connectors.breaker import BreakerState, CircuitBreaker
from privacydesk.connectors.http import Endpoint, open_session
from privacydesk.connectors.request_tracker_check import fetch_queue, find_faults
from privacydesk.connectors.request_tracker_cursor import Cursor
from privacydesk.connectors.request_tracker_rest import CHANGED, Rest
from privacydesk.domain.ticketing import (
    UNASSIGNED,
    ChangedTickets,
    NewRemoteTicket,
    RemoteChange,
    RemoteGoneError,
    RemoteRefusedError,
    RemoteTicket,
    TicketingMap,
)
from privacydesk.errors import SettingsError, UnavailableError

NAME: Final = "request_tracker"
STATES: Final[Mapping[str, str]] = {
    # Not "new", which Request Tracker changes as soon as somebody replies.
    "awaiting_verification": "open",
    "in_review": "open",
    "awaiting_requester": "stalled",
    "awaiting_confirmation": "stalled",
    "fulfilling": "open",
    "closed": "resolved",
    "closed.refused": "rejected",
    "closed.duplicate": "rejected",
}
"""The desk's states, mapped to those of the default lifecycle."""

_CLOSED_STATES: Final = frozenset({"resolved", "rejected"})
_DELETED: Final = "deleted"
_HINT_PAGES: Final = 5
_MAX_SNAPSHOTS: Final = 2_000


@dataclass(frozen=True, slots=True)
class _Snapshot:
    """A ticket as it was last read.

    Attributes:
        ticket: the ticket.
        version: its version; empty once the desk has commented on it, which changes the version.
    """

    ticket: wire.Ticket
    version: str


def _desk_fields(ticket: wire.Ticket) -> tuple[object, ...]:
    """Return the values of the fields that the desk sets."""
    return ticket.status, ticket.assignee, ticket.due_at, ticket.custom


class RequestTracker:
    """Implements ``TicketingSystem``; made by :func:`connect_request_tracker`."""

    def __init__(self, rest: Rest, mapping: TicketingMap, *, account: str, secret: str) -> None:
        self._rest = rest
        self._mapping = mapping
        self._account = account
        self._secret = secret
        self._snapshots: OrderedDict[str, _Snapshot] = OrderedDict()
        self._stores_keys: bool | None = None

    @property
    def name(self) -> str:
        """Its name in settings and in the database."""
        return NAME

    @property
    def states(self) -> Mapping[str, str]:
        """The default mapping from the desk's states to its own."""
        return STATES

    @property
    def closed_states(self) -> Collection[str]:
        """Its states of tickets that nobody works on."""
        return _CLOSED_STATES

    @property
    def state(self) -> BreakerState:
        """The breaker's state, for metrics and readiness."""
        return self._rest.state

    async def check(self) -> tuple[str, ...]:
        """Return the faults of settings and mapping."""
        return await find_faults(
            self._rest, self._mapping, account=self._account, secret=self._secret
        )

    async def find(self, key: str, since: datetime) -> tuple[str, ...]:
        """Return the tickets created with a key; for merged tickets, the remaining one."""
        # Custom fields are indexed, so a date would not speed up the search.
        del since
        query = f"CF.{{{wire.KEY_FIELD}}} = {wire.quote_string(wire.key_value(key))}"
        tickets = await self._rest.list_items(wire.Created, "tickets", query=query)
        return tuple(ticket.id for ticket in tickets)

    async def create(self, new: NewRemoteTicket) -> str:
        """Create a ticket, then set its state, since a new ticket can't have every state."""
        await self._require_key_field()
        fields: dict[str, Any] = {
            "Queue": new.queue,
            "Subject": new.title,
            "Content": new.body,
            "ContentType": "text/plain",
            # Without a requester, Request Tracker mails nobody; the desk writes to them.
            "Requestor": [],
            "CustomFields": {wire.KEY_FIELD: wire.key_value(new.key), **new.fields},
        }
        if new.priority:
            fields["Priority"] = new.priority
        if new.assignee != UNASSIGNED:
            fields["Owner"] = new.assignee
        if new.due_at is not None:
            fields["Due"] = wire.format_date(new.due_at)
        ticket_id = wire.parse(
            wire.Created, (await self._rest.post("ticket", fields=fields)).body
        ).id
        ticket, version = await self._fetch_ticket(ticket_id)
        if ticket.value_of(wire.KEY_FIELD) != wire.key_value(new.key):
            # This ticket is known by its number. Others could not be found after a crash and
            # would be created twice.
            self._stores_keys = False
        if ticket.status != new.state:
            await self._rest.put("ticket", ticket_id, fields={"Status": new.state}, version=version)
        return ticket_id

    async def read(self, remote: str) -> RemoteTicket:
        """Return a ticket with its history."""
        ticket, version = await self._fetch_ticket(remote)
        history = await self._rest.list_items(
            wire.Transaction, "ticket", remote, "history", fields="Type,Field,Creator,Created"
        )
        attachments = await self._rest.list_items(
            wire.Attachment,
            *("ticket", remote, "attachments"),
            fields="TransactionId,ContentType,Filename",
        )
        texts = await self._fetch_texts(remote, attachments)
        self._remember(remote, _Snapshot(ticket, version))
        return wire.to_remote_ticket(
            wire.TicketParts(ticket, history, attachments, texts),
            base=self._rest.base,
            account=self._account,
            fields=self._mapping.fields,
        )

    async def change(self, remote: str, change: RemoteChange) -> None:
        """Apply a change, unless somebody else changed the ticket since it was read."""
        fields: dict[str, Any] = {}
        if change.state is not None:
            fields["Status"] = change.state
        if change.assignee is not None:
            fields["Owner"] = change.assignee or wire.NOBODY
        if change.due_at is not None:
            fields["Due"] = wire.format_date(change.due_at)
        if change.fields:
            fields["CustomFields"] = dict(change.fields)
        version = await self._version_of(remote, self._snapshots.pop(remote, None))
        await self._rest.put("ticket", remote, fields=fields, version=version)
        after, _ = await self._fetch_ticket(remote)
        if not _is_applied(change, after):
            raise RemoteRefusedError("it does not take the change", reason="change")

    async def write(self, remote: str, text: str) -> None:
        """Comment on a ticket, which sends no mail and changes no state."""
        snapshot = self._snapshots.get(remote)
        if snapshot is not None:
            # The comment changes the ticket's version, but none of the fields.
            self._snapshots[remote] = replace(snapshot, version="")
        fields = {"Content": text, "ContentType": "text/plain"}
        try:
            await self._rest.post("ticket", remote, "comment", fields=fields)
        except RemoteRefusedError:
            # A missing ticket is refused like a missing permission; reading it raises the former.
            await self._fetch_ticket(remote)
            raise

    async def retire(self, remote: str, into: str) -> None:
        """Merge a duplicate ticket into the one that is kept."""
        self._snapshots.pop(remote, None)
        self._snapshots.pop(into, None)
        if await self._resolve_merge(remote) != into:
            await self._rest.put("ticket", remote, fields={"MergeInto": int(into)})
            if await self._resolve_merge(remote) != into:
                raise RemoteRefusedError("it does not merge the tickets", reason="merge")

    async def changed(self, cursor: str) -> ChangedTickets:
        """Return the tickets changed since a cursor; none for an empty cursor."""
        queue = f"TicketQueue = {wire.quote_string(self._mapping.queue)}"
        fields = "Creator,Created,ObjectId"
        if not cursor:
            newest = await self._rest.list_items(
                wire.Transaction,
                "transactions",
                max_pages=1,
                complete=False,
                per_page="1",
                order="DESC",
                query=queue,
                fields=fields,
            )
            return ChangedTickets((), str(Cursor.at(newest)))
        seen = Cursor.read(cursor)
        transactions = await self._rest.list_items(
            wire.Transaction,
            "transactions",
            max_pages=_HINT_PAGES,
            complete=False,
            query=f"{queue} AND id > {seen.floor}",
            fields=fields,
        )
        unseen = (
            transaction.ticket
            for transaction in transactions
            if int(transaction.id) not in seen.above
        )
        return ChangedTickets(tuple(dict.fromkeys(unseen)), str(seen.after(transactions)))

    async def _require_key_field(self) -> None:
        """Refuse to create tickets in a queue without the custom field for keys."""
        if self._stores_keys is None:
            queue = await fetch_queue(self._rest, self._mapping)
            if queue is None:
                raise RemoteRefusedError("there is no such queue", reason="queue")
            # Checked before each ticket until the field exists, and never again.
            if wire.KEY_FIELD in {field.name for field in queue.fields}:
                self._stores_keys = True
        if not self._stores_keys:
            raise RemoteRefusedError("it does not keep the key of a ticket", reason="key_field")

    async def _fetch_ticket(self, remote: str) -> tuple[wire.Ticket, str]:
        """Fetch a ticket and its version.

        Raises:
            RemoteGoneError: the account can't see it, or it was deleted or merged.
        """
        answer = await self._rest.get("ticket", remote)
        ticket = wire.parse(wire.Ticket, answer.body)
        if ticket.id != remote or ticket.status == _DELETED:
            raise RemoteGoneError("the ticket is no longer one of its own")
        return ticket, answer.etag

    async def _resolve_merge(self, remote: str) -> str:
        """Return the id of the ticket that a number leads to."""
        return wire.parse(wire.Ticket, (await self._rest.get("ticket", remote)).body).id

    async def _fetch_texts(
        self, remote: str, attachments: Sequence[wire.Attachment]
    ) -> dict[str, str]:
        """Fetch the texts of a ticket by attachment id, without those that are too long."""
        texts = [attachment.id for attachment in attachments if attachment.is_text]
        if not texts:
            return {}
        try:
            found = await self._rest.list_items(
                wire.Attachment,
                *("ticket", remote, "attachments"),
                search=wire.text_filter(),
                fields="TransactionId,Content",
            )
        except UnavailableError as error:
            if error.data.get("reason") != "too_long":
                raise
            return {
                attachment_id: text
                for attachment_id in texts
                if (text := await self._fetch_text(attachment_id)) is not None
            }
        return {attachment.id: attachment.content for attachment in found}

    async def _fetch_text(self, attachment: str) -> str | None:
        try:
            answer = await self._rest.get("attachment", attachment)
        except UnavailableError as error:
            if error.data.get("reason") != "too_long":
                raise
            return None
        return wire.parse(wire.Content, answer.body).text

    async def _version_of(self, remote: str, snapshot: _Snapshot | None) -> str:
        """Return the version for a change: the one that was read, or the current one.

        Raises:
            UnavailableError: ``changed_meanwhile``: a field was changed since it was read.
        """
        if snapshot is not None and snapshot.version:
            return snapshot.version
        ticket, version = await self._fetch_ticket(remote)
        if snapshot is not None and _desk_fields(ticket) != _desk_fields(snapshot.ticket):
            raise UnavailableError("somebody changed the ticket meanwhile", reason=CHANGED)
        return version

    def _remember(self, remote: str, snapshot: _Snapshot) -> None:
        self._snapshots[remote] = snapshot
        self._snapshots.move_to_end(remote)
        if len(self._snapshots) > _MAX_SNAPSHOTS:
            self._snapshots.popitem(last=False)


def _is_applied(change: RemoteChange, ticket: wire.Ticket) -> bool:
    """Whether a ticket has all values of a change."""
    due_at = change.due_at.replace(microsecond=0) if change.due_at is not None else None
    return (
        change.state in {None, ticket.status}
        and change.assignee in {None, ticket.assignee}
        and due_at in {None, ticket.due_at}
        and all(ticket.value_of(name) == value.strip() for name, value in change.fields.items())
    )


@asynccontextmanager
async def connect_request_tracker(
    endpoint: Endpoint,
    account: str,
    mapping: TicketingMap,
    *,
    clock: Clock,
    breaker: CircuitBreaker | None = None,
) -> AsyncIterator[RequestTracker]:
    """Open a client for a Request Tracker and close it at the end.

    Args:
        endpoint: its base URL, and the token or password of the account.
        account: the desk's user, used by nobody else.
        mapping: the operator's mapping of states, users and fields.
        clock: source of the current time.
        breaker: its circuit breaker; by default a new one.

    Raises:
        SettingsError: the endpoint can't be used, or no account is named.
    """
    checked = endpoint.checked("ticketing")
    if not account:
        raise SettingsError(
            "PRIVACYDESK_TICKETING_USERNAME: needs the name of the desk's user there",
            key="ticketing_username",
        )
    async with open_session(checked) as session:
        rest = Rest(
            checked,
            session,
            account=account,
            clock=clock,
            breaker=breaker or CircuitBreaker("request tracker", clock),
        )
        yield RequestTracker(rest, mapping, account=account, secret=checked.secret)
