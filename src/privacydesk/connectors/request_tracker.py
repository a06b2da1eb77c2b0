"""Request Tracker 5 as a ticketing system, through its REST 2 interface.

Its interface determines how it is used:

- A ticket's key stands in a custom field, which is written with the ticket in one transaction of
  its database: after a kill there is a ticket that can be found, or none.
- A refused change is answered with 200, and sentences for people. So a change is read back, and
  what is not there was refused.
- A ticket's version is its last transaction. A change names the version that was read, so that it
  never overwrites what somebody did meanwhile.
- A ticket that is merged answers under its old number as the other one; it counts as gone.
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
from privacydesk.connectors.request_tracker_check import find_faults, queue_of
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
    # Not "new", which changes by itself as soon as somebody replies.
    "awaiting_verification": "open",
    "in_review": "open",
    "awaiting_requester": "stalled",
    "awaiting_confirmation": "stalled",
    "fulfilling": "open",
    "closed": "resolved",
    "closed.refused": "rejected",
    "closed.duplicate": "rejected",
}
"""The states of the lifecycle that Request Tracker ships with."""

_ENDED: Final = frozenset({"resolved", "rejected"})
_DELETED: Final = "deleted"
_HINT_PAGES: Final = 5
_REMEMBERED: Final = 2_000


@dataclass(frozen=True, slots=True)
class _Read:
    """A ticket as it was read.

    Attributes:
        ticket: the ticket itself.
        version: identifies the reading; empty once the desk has written on it.
    """

    ticket: wire.Ticket
    version: str


def _set(ticket: wire.Ticket) -> tuple[object, ...]:
    """Return the fields of a ticket that the desk sets, as they are."""
    return ticket.status, ticket.assignee, ticket.due_at, ticket.custom


class RequestTracker:
    """Implements ``TicketingSystem``; made by :func:`connect_request_tracker`."""

    def __init__(self, rest: Rest, said: TicketingMap, *, account: str, secret: str) -> None:
        self._rest = rest
        self._said = said
        self._account = account
        self._secret = secret
        self._read: OrderedDict[str, _Read] = OrderedDict()
        self._keeps_keys: bool | None = None

    @property
    def name(self) -> str:
        """Its name in settings and in the database."""
        return NAME

    @property
    def states(self) -> Mapping[str, str]:
        """Its states for the desk's, unless the operator maps them otherwise."""
        return STATES

    @property
    def closed_states(self) -> Collection[str]:
        """Its states in which nobody works on a ticket."""
        return _ENDED

    @property
    def state(self) -> BreakerState:
        """The breaker's state, for metrics and readiness."""
        return self._rest.state

    async def check(self) -> tuple[str, ...]:
        """Return the faults of settings and mapping."""
        return await find_faults(self._rest, self._said, account=self._account, secret=self._secret)

    async def find(self, key: str, since: datetime) -> tuple[str, ...]:
        """Return the tickets made under a key; of merged ones the one that is left."""
        # Custom fields are indexed: a date makes it no quicker.
        del since
        searched = f"CF.{{{wire.KEY_FIELD}}} = {wire.text(wire.kept(key))}"
        found = await self._rest.pages(wire.Made, "tickets", query=searched)
        return tuple(one.id for one in found)

    async def create(self, new: NewRemoteTicket) -> str:
        """Make a ticket; its state is set afterwards, as new tickets can't be in every state."""
        await self._must_keep_keys()
        told: dict[str, Any] = {
            "Queue": new.queue,
            "Subject": new.title,
            "Content": new.body,
            "ContentType": "text/plain",
            # No mail goes to the requester: the desk writes to them.
            "Requestor": [],
            "CustomFields": {wire.KEY_FIELD: wire.kept(new.key), **new.fields},
        }
        if new.priority:
            told["Priority"] = new.priority
        if new.assignee != UNASSIGNED:
            told["Owner"] = new.assignee
        if new.due_at is not None:
            told["Due"] = wire.due(new.due_at)
        made = wire.read_as(wire.Made, (await self._rest.post("ticket", told=told)).body).id
        ticket, version = await self._ticket(made)
        if ticket.value_of(wire.KEY_FIELD) != wire.kept(new.key):
            # This one is known by its number. Others would be made again after each kill.
            self._keeps_keys = False
        if ticket.status != new.state:
            await self._rest.put("ticket", made, told={"Status": new.state}, version=version)
        return made

    async def read(self, remote: str) -> RemoteTicket:
        """Return a ticket with all that was written on it."""
        ticket, version = await self._ticket(remote)
        history = await self._rest.pages(
            wire.Transaction, "ticket", remote, "history", fields="Type,Field,Creator,Created"
        )
        attachments = await self._rest.pages(
            wire.Attachment,
            *("ticket", remote, "attachments"),
            fields="TransactionId,ContentType,Filename",
        )
        texts = await self._texts(remote, attachments)
        self._remember(remote, _Read(ticket, version))
        return wire.seen_as(
            wire.Parts(ticket, history, attachments, texts),
            base=self._rest.base,
            account=self._account,
            fields=self._said.fields,
        )

    async def change(self, remote: str, change: RemoteChange) -> None:
        """Set what is named, unless somebody changed the ticket since it was read."""
        told: dict[str, Any] = {}
        if change.state is not None:
            told["Status"] = change.state
        if change.assignee is not None:
            told["Owner"] = change.assignee or wire.NOBODY_THERE
        if change.due_at is not None:
            told["Due"] = wire.due(change.due_at)
        if change.fields:
            told["CustomFields"] = dict(change.fields)
        version = await self._version_of(remote, self._read.pop(remote, None))
        await self._rest.put("ticket", remote, told=told, version=version)
        after, _ = await self._ticket(remote)
        if not _stands(change, after):
            raise RemoteRefusedError("it does not take the change", reason="change")

    async def write(self, remote: str, text: str) -> None:
        """Comment on a ticket: no mail goes to a requester, and no state changes by it."""
        known = self._read.get(remote)
        if known is not None:
            # The comment changed its version, but not what was read.
            self._read[remote] = replace(known, version="")
        told = {"Content": text, "ContentType": "text/plain"}
        try:
            await self._rest.post("ticket", remote, "comment", told=told)
        except RemoteRefusedError:
            # A missing ticket is answered like one that may not be written on.
            await self._ticket(remote)
            raise

    async def retire(self, remote: str, into: str) -> None:
        """Merge a ticket that was made twice into the one that goes on."""
        self._read.pop(remote, None)
        self._read.pop(into, None)
        if await self._part_of(remote) != into:
            await self._rest.put("ticket", remote, told={"MergeInto": int(into)})
            if await self._part_of(remote) != into:
                raise RemoteRefusedError("it does not merge the tickets", reason="merge")

    async def changed(self, cursor: str) -> ChangedTickets:
        """Return the tickets with transactions that a cursor has not seen; none for the first."""
        queue = f"TicketQueue = {wire.text(self._said.queue)}"
        fields = "Creator,Created,ObjectId"
        if not cursor:
            newest = await self._rest.pages(
                wire.Transaction,
                "transactions",
                pages=1,
                whole=False,
                per_page="1",
                order="DESC",
                query=queue,
                fields=fields,
            )
            return ChangedTickets((), str(Cursor.at(newest)))
        seen = Cursor.read(cursor)
        found = await self._rest.pages(
            wire.Transaction,
            "transactions",
            pages=_HINT_PAGES,
            whole=False,
            query=f"{queue} AND id > {seen.floor}",
            fields=fields,
        )
        unseen = (one.ticket for one in found if int(one.id) not in seen.above)
        return ChangedTickets(tuple(dict.fromkeys(unseen)), str(seen.after(found)))

    async def _must_keep_keys(self) -> None:
        """Refuse to make tickets that could not be found again."""
        if self._keeps_keys is None:
            queue = await queue_of(self._rest, self._said)
            if queue is None:
                raise RemoteRefusedError("there is no such queue", reason="queue")
            # Looked for each time until it exists, and never again.
            if wire.KEY_FIELD in {one.name for one in queue.fields}:
                self._keeps_keys = True
        if not self._keeps_keys:
            raise RemoteRefusedError("it does not keep the key of a ticket", reason="key_field")

    async def _ticket(self, remote: str) -> tuple[wire.Ticket, str]:
        """Return a ticket and its version.

        Raises:
            RemoteGoneError: the account can't see it, or it is deleted or merged into another.
        """
        answer = await self._rest.get("ticket", remote)
        ticket = wire.read_as(wire.Ticket, answer.body)
        if ticket.id != remote or ticket.status == _DELETED:
            raise RemoteGoneError("the ticket is no longer one of its own")
        return ticket, answer.etag

    async def _part_of(self, remote: str) -> str:
        """Return the ticket that answers under a number."""
        return wire.read_as(wire.Ticket, (await self._rest.get("ticket", remote)).body).id

    async def _texts(self, remote: str, attachments: Sequence[wire.Attachment]) -> dict[str, str]:
        """Return the content of the texts on a ticket, except those that are far too long."""
        texts = [one.id for one in attachments if one.is_text]
        if not texts:
            return {}
        try:
            found = await self._rest.pages(
                wire.Attachment,
                *("ticket", remote, "attachments"),
                search=wire.only_texts(),
                fields="TransactionId,Content",
            )
        except UnavailableError as error:
            if error.data.get("reason") != "too_long":
                raise
            return {one: said for one in texts if (said := await self._text(one)) is not None}
        return {one.id: one.content for one in found}

    async def _text(self, attachment: str) -> str | None:
        try:
            answer = await self._rest.get("attachment", attachment)
        except UnavailableError as error:
            if error.data.get("reason") != "too_long":
                raise
            return None
        return wire.read_as(wire.Content, answer.body).said

    async def _version_of(self, remote: str, known: _Read | None) -> str:
        """Return the version to change: the one read, or a later one that only the desk has made.

        Raises:
            UnavailableError: ``changed_meanwhile``: somebody set something since it was read.
        """
        if known is not None and known.version:
            return known.version
        ticket, version = await self._ticket(remote)
        if known is not None and _set(ticket) != _set(known.ticket):
            raise UnavailableError("somebody changed the ticket meanwhile", reason=CHANGED)
        return version

    def _remember(self, remote: str, known: _Read) -> None:
        self._read[remote] = known
        self._read.move_to_end(remote)
        if len(self._read) > _REMEMBERED:
            self._read.popitem(last=False)


def _stands(change: RemoteChange, ticket: wire.Ticket) -> bool:
    """Whether a ticket has all the values of a change."""
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
    said: TicketingMap,
    *,
    clock: Clock,
    breaker: CircuitBreaker | None = None,
) -> AsyncIterator[RequestTracker]:
    """Open a client for a Request Tracker and close it at the end.

    Args:
        endpoint: its base address, and the token or password of the account.
        account: the user that is the desk's alone.
        said: the operator's mapping.
        clock: the present.
        breaker: stops calling it while it fails; one of its own unless given.

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
        yield RequestTracker(rest, said, account=account, secret=checked.secret)
