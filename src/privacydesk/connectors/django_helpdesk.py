"""django-helpdesk 2.6 as a ticketing system, through its REST API (``{url}/api/``).

Properties of the API that determine how it is used:

- A ticket has no field for another system's id, so the desk puts its key into the description,
  which the opening follow-up repeats. There is no search, so the newest tickets are scanned.
- Each request for a list or a ticket makes the server go through all tickets that the account may
  see. An account that sees a single queue keeps that fast.
- The comment of a follow-up is rendered as a Django template, so template tags in it are escaped. A
  follow-up's title would become the ticket's title, so none is sent.
- Changes on its web pages create a follow-up; changes through the API don't, and are noticed when
  the ticket is read again.
- The API doesn't tell which user the desk is signed in as. It is the author of the opening
  follow-up of a ticket that the desk created.
"""

from __future__ import annotations

import base64
import math
import re
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

import aiohttp
import msgspec
import orjson
from msgspec import Struct
from yarl import URL

from privacydesk.clock import Clock
from privacydesk.connectors.http import Endpoint, RawAnswer, open_session, request
from privacydesk.domain.ticketing import (
    UNASSIGNED,
    ChangedTickets,
    NewRemoteTicket,
    RemoteChange,
    RemoteEntry,
    RemoteFile,
    RemoteGoneError,
    RemoteRefusedError,
    RemoteTicket,
    TicketingMap,
    marker_key,
)
from privacydesk.errors import UnavailableError

T = TypeVar("T")

STATES: Final[Mapping[str, str]] = {
    "awaiting_verification": "1",
    "in_review": "1",
    "awaiting_requester": "1",
    "awaiting_confirmation": "1",
    "fulfilling": "1",
    "closed": "4",
    "closed.duplicate": "5",
}
"""The desk's states, mapped to the ids of open, closed and duplicate."""
CLOSED_STATES: Final = frozenset({"3", "4", "5"})
"""The ids of resolved, closed and duplicate."""

_OPEN: Final = "1"
_DEFAULT_PRIORITY: Final = "3"
_OK: Final = frozenset({200, 201})
_NOT_FOUND: Final = 404
_PAGE_SIZE: Final = 50
_MAX_PAGES: Final = 400
_OVERLAP: Final = 20
"""How many follow-ups before the cursor are read again: they may be committed out of order."""
_MAX_CLOCK_SKEW: Final = timedelta(hours=1)
_MAX_ANSWER: Final = 16 << 20
_TIMEOUT: Final = 40.0
_TAG: Final = re.compile(r"\{(?=[{%#])|(?<=%)\}")


class _File(Struct):
    file: str | None = None
    filename: str | None = None


class _FollowUp(Struct):
    id: int
    ticket: int
    date: datetime
    user: int | None = None
    comment: str | None = None
    public: bool = False
    message_id: str | None = None
    followupattachment_set: list[_File] = []


class _Ticket(Struct):
    id: int
    status: int
    description: str | None = None
    assigned_to: int | None = None
    due_date: datetime | None = None
    followup_set: list[_FollowUp] = []


class _Page(Struct):
    count: int
    results: list[msgspec.Raw]


class DjangoHelpdesk:
    """Implements ``TicketingSystem``; made by :func:`connect_django_helpdesk`."""

    def __init__(
        self,
        endpoint: Endpoint,
        username: str,
        mapping: TicketingMap,
        session: aiohttp.ClientSession,
        *,
        clock: Clock,
    ) -> None:
        self._base = URL(endpoint.url.rstrip("/") + "/")
        self._mapping = mapping
        self._session = session
        self._clock = clock
        self._account: int | None = None
        self._headers = {"Authorization": _authorization(username, endpoint.secret)}

    @property
    def name(self) -> str:
        """Its name."""
        return "django_helpdesk"

    @property
    def states(self) -> Mapping[str, str]:
        """The default mapping from the desk's states to its own."""
        return STATES

    @property
    def closed_states(self) -> Collection[str]:
        """Its states of tickets that nobody works on."""
        return CLOSED_STATES

    async def check(self) -> tuple[str, ...]:
        """Return the faults of the account and of the names in the operator profile."""
        try:
            options = await self._request("OPTIONS", "api/tickets/")
        except UnavailableError as error:
            return (f"{self._base}: {error.message}",)
        if options.status not in _OK:
            return (f"{self._base}api/tickets/ answers {options.status}: is this its address?",)
        fields = _writable_fields(options.body)
        if not fields:
            return ("the account may not make tickets: it needs to be staff",)
        return (*self._find_misnamed(fields), *await self._find_unknown())

    async def find(self, key: str, since: datetime) -> tuple[str, ...]:
        """Scan the tickets created since then, newest first, for a key."""
        ids: list[int] = []
        page = await self._page("tickets", "last")
        number = max(1, math.ceil(page.count / _PAGE_SIZE))
        for _ in range(_MAX_PAGES):
            tickets = [_decode(raw, _Ticket) for raw in page.results]
            ids += [ticket.id for ticket in tickets if _has_key(ticket, key)]
            opened_at = [ticket.followup_set[0].date for ticket in tickets if ticket.followup_set]
            number -= 1
            if number < 1 or (opened_at and min(opened_at) < since - _MAX_CLOCK_SKEW):
                break
            page = await self._page("tickets", str(number))
        return tuple(str(ticket_id) for ticket_id in sorted(set(ids)))

    async def create(self, new: NewRemoteTicket) -> str:
        """Create a ticket, then set its state, since the API creates open tickets only."""
        answer = await self._request(
            "POST",
            "api/tickets/",
            {
                "queue": new.queue,
                "title": new.title,
                "description": new.body,
                "priority": new.priority or _DEFAULT_PRIORITY,
                "assigned_to": new.assignee or None,
                "due_date": None if new.due_at is None else new.due_at.isoformat(),
                **{name: value for name, value in new.fields.items() if value},
            },
        )
        self._raise_for_status(answer)
        ticket = _decode(answer.body, _Ticket)
        self._learn_account(ticket)
        if new.state not in ("", _OPEN):
            await self.change(str(ticket.id), RemoteChange(state=new.state))
        return str(ticket.id)

    async def read(self, remote: str) -> RemoteTicket:
        """Return a ticket with its follow-ups."""
        answer = await self._request("GET", f"api/tickets/{_ticket_number(remote)}/")
        self._raise_for_status(answer)
        ticket = _decode(answer.body, _Ticket)
        self._learn_account(ticket)
        entries = [
            entry
            for follow_up in ticket.followup_set
            if (entry := self._entry(follow_up)) is not None
        ]
        changed_at = [
            follow_up.date for follow_up in ticket.followup_set if not self._is_own(follow_up)
        ]
        return RemoteTicket(
            id=str(ticket.id),
            label=f"#{ticket.id}",
            url=str(self._base / f"tickets/{ticket.id}/"),
            state=str(ticket.status),
            assignee=UNASSIGNED if ticket.assigned_to is None else str(ticket.assigned_to),
            due_at=ticket.due_date,
            fields=self._fields(answer.body),
            entries=tuple(entries),
            touched_at=max(changed_at, default=None),
        )

    async def change(self, remote: str, change: RemoteChange) -> None:
        """Apply a change. If some fields are refused, the others are set before the error."""
        values: dict[str, Any] = dict(change.fields)
        if change.state is not None:
            values["status"] = change.state
        if change.assignee is not None:
            values["assigned_to"] = change.assignee or None
        if change.due_at is not None:
            values["due_date"] = change.due_at.isoformat()
        address = f"api/tickets/{_ticket_number(remote)}/"
        answer = await self._request("PATCH", address, values)
        refused = _refused_fields(answer) & values.keys()
        if refused and refused != values.keys():
            accepted = {name: value for name, value in values.items() if name not in refused}
            self._raise_for_status(await self._request("PATCH", address, accepted))
        self._raise_for_status(answer)

    async def write(self, remote: str, text: str) -> None:
        """Add an internal follow-up."""
        follow_up = {
            "ticket": _ticket_number(remote),
            "comment": _escape_template(text),
            "public": False,
        }
        self._raise_for_status(await self._request("POST", "api/followups/", follow_up))

    async def retire(self, remote: str, into: str) -> None:
        """Mark a ticket as a duplicate of another."""
        values = {"status": self._mapping.states.get("closed.duplicate", "5"), "merged_to": into}
        self._raise_for_status(
            await self._request("PATCH", f"api/tickets/{_ticket_number(remote)}/", values)
        )

    async def changed(self, cursor: str) -> ChangedTickets:
        """Return the tickets with follow-ups since a cursor."""
        seen = int(cursor or 0)
        page = await self._page("followups", "last")
        number = max(1, math.ceil(page.count / _PAGE_SIZE))
        ids: dict[str, None] = {}
        newest = seen
        for _ in range(_MAX_PAGES):
            follow_ups = [_decode(raw, _FollowUp) for raw in page.results]
            newest = max([newest, *(follow_up.id for follow_up in follow_ups)])
            unseen = [follow_up for follow_up in follow_ups if follow_up.id > seen - _OVERLAP]
            ids.update(
                {str(follow_up.ticket): None for follow_up in unseen if not self._is_own(follow_up)}
            )
            number -= 1
            if number < 1 or not cursor or len(unseen) < len(follow_ups):
                break
            page = await self._page("followups", str(number))
        return ChangedTickets(tuple(ids), str(newest))

    # -- reading ---------------------------------------------------------------------------------

    def _entry(self, follow_up: _FollowUp) -> RemoteEntry | None:
        text = (follow_up.comment or "").strip()
        files = tuple(
            RemoteFile(file.filename or "", file.file or "")
            for file in follow_up.followupattachment_set
        )
        if not text and not files:
            return None
        # Staff are signed in; a follow-up with a message id came by mail.
        by_staff = follow_up.user is not None and not follow_up.message_id
        return RemoteEntry(
            id=str(follow_up.id),
            at=follow_up.date,
            author="" if follow_up.user is None else str(follow_up.user),
            text=text,
            public=follow_up.public and by_staff,
            own=self._is_own(follow_up),
            key=marker_key(text),
            files=files,
        )

    def _is_own(self, follow_up: _FollowUp) -> bool:
        return follow_up.user is not None and follow_up.user == self._account

    def _learn_account(self, ticket: _Ticket) -> None:
        """Take the desk's user from the opening follow-up of a ticket that the desk created."""
        key = marker_key(ticket.description or "")
        if self._account is not None or not key:
            return
        opened = (
            follow_up
            for follow_up in ticket.followup_set
            if marker_key(follow_up.comment or "") == key
        )
        first = min(opened, key=lambda follow_up: (follow_up.date, follow_up.id), default=None)
        self._account = None if first is None else first.user

    def _fields(self, body: bytes) -> Mapping[str, str]:
        names = self._mapping.fields
        if not names:
            return {}
        values = orjson.loads(body)
        return {name: _to_text(values.get(name)) for name in names}

    async def _page(self, collection: str, number: str) -> _Page:
        answer = await self._request("GET", f"api/{collection}/", page=number)
        if answer.status not in _OK:
            raise UnavailableError("there is no such list at this address", reason="address")
        return _decode(answer.body, _Page)

    # -- checking --------------------------------------------------------------------------------

    def _find_misnamed(self, fields: Mapping[str, Any]) -> list[str]:
        mapping = self._mapping
        faults = [
            f"ticketing.fields: there is no field {name}; a custom field is called custom_NAME"
            for name in mapping.fields
            if name not in fields
        ]
        for name, values, field in (
            ("states", {**STATES, **mapping.states}, "status"),
            ("priorities", mapping.priorities, "priority"),
        ):
            choices = {
                str(choice.get("value")) for choice in fields.get(field, {}).get("choices", ())
            }
            unknown = sorted({word for word in values.values() if word not in choices})
            faults += [f"ticketing.{name}: there is no {field} {word}" for word in unknown]
        return faults

    async def _find_unknown(self) -> list[str]:
        """Check queue and users by posting tickets without a title, which are always refused."""
        faults = []
        users = {f"ticketing.users.{agent}": user for agent, user in self._mapping.users.items()}
        for setting, user in [("ticketing.queue", ""), *users.items()]:
            values = {"queue": self._mapping.queue or "0", "assigned_to": user or None}
            answer = await self._request("POST", "api/tickets/", values)
            if ("assigned_to" if user else "queue") in _refused_fields(answer):
                faults.append(f"{setting}: there is no {user or self._mapping.queue or 'queue'}")
        return faults

    # -- requests --------------------------------------------------------------------------------

    async def _request(
        self, method: str, address: str, values: Mapping[str, Any] | None = None, *, page: str = ""
    ) -> RawAnswer:
        url = self._base / address
        if page:
            url = url.with_query(page=page, page_size=str(_PAGE_SIZE))
        return await request(
            self._session,
            method,
            url,
            headers=self._headers,
            body=None if values is None else orjson.dumps(dict(values)),
            max_answer=_MAX_ANSWER,
            clock=self._clock,
        )

    def _raise_for_status(self, answer: RawAnswer) -> None:
        if answer.status == _NOT_FOUND:
            raise RemoteGoneError("there is no such ticket, or the account may not see it")
        if answer.status not in _OK:
            names = "_".join(sorted(_refused_fields(answer))) or str(answer.status)
            raise RemoteRefusedError("it refused what it was given", reason=f"refused_{names}")


@asynccontextmanager
async def connect_django_helpdesk(
    endpoint: Endpoint, username: str, mapping: TicketingMap, *, clock: Clock
) -> AsyncIterator[DjangoHelpdesk]:
    """Open a client for django-helpdesk and close it at the end.

    Args:
        endpoint: its base URL, and the password or token of the desk's account.
        username: the user name for a password; empty for a token of Django REST framework.
        mapping: the operator's mapping of states, users and fields.
        clock: source of the current time.

    Raises:
        SettingsError: the endpoint can't be used.
    """
    checked = replace(endpoint, total_timeout=_TIMEOUT).checked("ticketing")
    async with open_session(checked) as session:
        yield DjangoHelpdesk(checked, username, mapping, session, clock=clock)


def _authorization(username: str, secret: str) -> str:
    if not username:
        return f"Token {secret}"
    return "Basic " + base64.b64encode(f"{username}:{secret}".encode()).decode()


def _escape_template(text: str) -> str:
    """Escape a text so that a Django template renders it unchanged.

    Braces of tags are replaced by a template variable that renders to a brace.
    """
    return _TAG.sub(lambda brace: '{{ "' + brace.group() + '" }}', text)


def _has_key(ticket: _Ticket, key: str) -> bool:
    first = ticket.followup_set[0].comment if ticket.followup_set else ""
    return key in {marker_key(ticket.description or ""), marker_key(first or "")}


def _ticket_number(remote: str) -> int:
    if not remote.isdecimal():
        raise RemoteGoneError("this is no ticket's number")
    return int(remote)


def _to_text(value: Any) -> str:
    return "" if value is None else str(value)


def _decode(body: bytes | msgspec.Raw, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.DecodeError as error:
        raise UnavailableError("the answer can't be read", reason="unreadable") from error


def _refused_fields(answer: RawAnswer) -> frozenset[str]:
    """Return the names of the fields that were refused."""
    if answer.status in _OK:
        return frozenset()
    try:
        errors = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        return frozenset()
    return frozenset(errors) if isinstance(errors, dict) else frozenset()


def _writable_fields(body: bytes) -> Mapping[str, Any]:
    """Return the ticket fields that the account may set, from the answer to ``OPTIONS``."""
    try:
        description = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    actions = description.get("actions", {}) if isinstance(description, dict) else {}
    fields = actions.get("POST", {}) if isinstance(actions, dict) else {}
    return fields if isinstance(fields, dict) else {}
