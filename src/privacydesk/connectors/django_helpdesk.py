"""django-helpdesk, through the interface that it ships with (``{address}/api/``), as of 2.6.

Its interface determines how it is used:

- A ticket has no field for another system's id, so the desk's mark stands in the description, which
  the opening follow-up repeats. There is no search, so the newest tickets are looked through.
- Each listing and each look at a ticket makes it walk through all tickets that the account may see:
  an account that sees one queue alone is as quick as that queue is short.
- The comment of a follow-up is rendered as a Django template, so what would be a tag is written as
  one that renders to it. A follow-up's title would become the ticket's, so none is given.
- Changes through its pages leave a follow-up; changes through its interface leave none, and are
  seen when a ticket is looked at again.
- Nothing shows which account is signed in. It is the author of a ticket's opening follow-up, which
  carries the mark of the description.
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
"""The ids of open, closed and duplicate."""
ENDED: Final = frozenset({"3", "4", "5"})
"""The ids of resolved, closed and duplicate."""

_OPEN: Final = "1"
_PRIORITY: Final = "3"
_OK: Final = frozenset({200, 201})
_GONE: Final = 404
_PAGE: Final = 50
_MOST_PAGES: Final = 400
_OVERLAP: Final = 20
"""Follow-ups are numbered before they are committed: some before the cursor are read again."""
_CLOCKS_DIFFER: Final = timedelta(hours=1)
_LONGEST_ANSWER: Final = 16 << 20
_SECONDS: Final = 40.0
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
        said: TicketingMap,
        session: aiohttp.ClientSession,
        *,
        clock: Clock,
    ) -> None:
        self._base = URL(endpoint.url.rstrip("/") + "/")
        self._said = said
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
        """What the desk's states are called: open, closed, duplicate."""
        return STATES

    @property
    def closed_states(self) -> Collection[str]:
        """Resolved, closed and duplicate."""
        return ENDED

    async def check(self) -> tuple[str, ...]:
        """Check that the account can sign in, and that what the profile names exists."""
        try:
            described = await self._ask("OPTIONS", "api/tickets/")
        except UnavailableError as error:
            return (f"{self._base}: {error.message}",)
        if described.status not in _OK:
            return (f"{self._base}api/tickets/ answers {described.status}: is this its address?",)
        fields = _writable(described.body)
        if not fields:
            return ("the account may not make tickets: it needs to be staff",)
        return (*self._misnamed(fields), *await self._unknown())

    async def find(self, key: str, since: datetime) -> tuple[str, ...]:
        """Look through the tickets made since then, newest first."""
        found: list[int] = []
        page = await self._page("tickets", "last")
        number = max(1, math.ceil(page.count / _PAGE))
        for _ in range(_MOST_PAGES):
            tickets = [_read(one, _Ticket) for one in page.results]
            found += [one.id for one in tickets if _carries(one, key)]
            made = [one.followup_set[0].date for one in tickets if one.followup_set]
            number -= 1
            if number < 1 or (made and min(made) < since - _CLOCKS_DIFFER):
                break
            page = await self._page("tickets", str(number))
        return tuple(str(one) for one in sorted(set(found)))

    async def create(self, new: NewRemoteTicket) -> str:
        """Make a ticket; it begins as open, whatever its state is to be."""
        answer = await self._ask(
            "POST",
            "api/tickets/",
            {
                "queue": new.queue,
                "title": new.title,
                "description": new.body,
                "priority": new.priority or _PRIORITY,
                "assigned_to": new.assignee or None,
                "due_date": None if new.due_at is None else new.due_at.isoformat(),
                **{name: value for name, value in new.fields.items() if value},
            },
        )
        self._refuse(answer)
        made = _read(answer.body, _Ticket)
        self._learn(made)
        if new.state not in ("", _OPEN):
            await self.change(str(made.id), RemoteChange(state=new.state))
        return str(made.id)

    async def read(self, remote: str) -> RemoteTicket:
        """Return a ticket with its follow-ups."""
        answer = await self._ask("GET", f"api/tickets/{_number(remote)}/")
        self._refuse(answer)
        ticket = _read(answer.body, _Ticket)
        self._learn(ticket)
        entries = [entry for one in ticket.followup_set if (entry := self._entry(one)) is not None]
        touched = [one.date for one in ticket.followup_set if not self._is_own(one)]
        return RemoteTicket(
            id=str(ticket.id),
            label=f"#{ticket.id}",
            url=str(self._base / f"tickets/{ticket.id}/"),
            state=str(ticket.status),
            assignee=UNASSIGNED if ticket.assigned_to is None else str(ticket.assigned_to),
            due_at=ticket.due_date,
            fields=self._fields(answer.body),
            entries=tuple(entries),
            touched_at=max(touched, default=None),
        )

    async def change(self, remote: str, change: RemoteChange) -> None:
        """Set what is named; a refused part is left out, and the rest is set all the same."""
        values: dict[str, Any] = dict(change.fields)
        if change.state is not None:
            values["status"] = change.state
        if change.assignee is not None:
            values["assigned_to"] = change.assignee or None
        if change.due_at is not None:
            values["due_date"] = change.due_at.isoformat()
        address = f"api/tickets/{_number(remote)}/"
        answer = await self._ask("PATCH", address, values)
        refused = _refused_fields(answer) & values.keys()
        if refused and refused != values.keys():
            left = {name: value for name, value in values.items() if name not in refused}
            self._refuse(await self._ask("PATCH", address, left))
        self._refuse(answer)

    async def write(self, remote: str, text: str) -> None:
        """Write a follow-up that only staff see."""
        follow_up = {"ticket": _number(remote), "comment": _untagged(text), "public": False}
        self._refuse(await self._ask("POST", "api/followups/", follow_up))

    async def retire(self, remote: str, into: str) -> None:
        """Make a ticket a duplicate of the one that goes on."""
        values = {"status": self._said.states.get("closed.duplicate", "5"), "merged_to": into}
        self._refuse(await self._ask("PATCH", f"api/tickets/{_number(remote)}/", values))

    async def changed(self, cursor: str) -> ChangedTickets:
        """Return the tickets of the newest follow-ups."""
        seen = int(cursor or 0)
        page = await self._page("followups", "last")
        number = max(1, math.ceil(page.count / _PAGE))
        ids: dict[str, None] = {}
        newest = seen
        for _ in range(_MOST_PAGES):
            follow_ups = [_read(one, _FollowUp) for one in page.results]
            newest = max([newest, *(one.id for one in follow_ups)])
            fresh = [one for one in follow_ups if one.id > seen - _OVERLAP]
            ids.update({str(one.ticket): None for one in fresh if not self._is_own(one)})
            number -= 1
            if number < 1 or not cursor or len(fresh) < len(follow_ups):
                break
            page = await self._page("followups", str(number))
        return ChangedTickets(tuple(ids), str(newest))

    # -- reading ---------------------------------------------------------------------------------

    def _entry(self, one: _FollowUp) -> RemoteEntry | None:
        text = (one.comment or "").strip()
        files = tuple(
            RemoteFile(file.filename or "", file.file or "") for file in one.followupattachment_set
        )
        if not text and not files:
            return None
        # Follow-ups that came by mail, or without a sign-in, are not by staff.
        by_staff = one.user is not None and not one.message_id
        return RemoteEntry(
            id=str(one.id),
            at=one.date,
            author="" if one.user is None else str(one.user),
            text=text,
            public=one.public and by_staff,
            own=self._is_own(one),
            key=marker_key(text),
            files=files,
        )

    def _is_own(self, one: _FollowUp) -> bool:
        return one.user is not None and one.user == self._account

    def _learn(self, ticket: _Ticket) -> None:
        """Learn the desk's account from the follow-up that opened a ticket of its own."""
        key = marker_key(ticket.description or "")
        if self._account is not None or not key:
            return
        opened = (one for one in ticket.followup_set if marker_key(one.comment or "") == key)
        first = min(opened, key=lambda one: (one.date, one.id), default=None)
        self._account = None if first is None else first.user

    def _fields(self, body: bytes) -> Mapping[str, str]:
        named = self._said.fields
        if not named:
            return {}
        known = orjson.loads(body)
        return {name: _plain(known.get(name)) for name in named}

    async def _page(self, what: str, number: str) -> _Page:
        answer = await self._ask("GET", f"api/{what}/", page=number)
        if answer.status not in _OK:
            raise UnavailableError("there is no such list at this address", reason="address")
        return _read(answer.body, _Page)

    # -- checking --------------------------------------------------------------------------------

    def _misnamed(self, fields: Mapping[str, Any]) -> list[str]:
        said = self._said
        faults = [
            f"ticketing.fields: there is no field {name}; a custom field is called custom_NAME"
            for name in said.fields
            if name not in fields
        ]
        for name, words, field in (
            ("states", {**STATES, **said.states}, "status"),
            ("priorities", said.priorities, "priority"),
        ):
            known = {str(one.get("value")) for one in fields.get(field, {}).get("choices", ())}
            unknown = sorted({word for word in words.values() if word not in known})
            faults += [f"ticketing.{name}: there is no {field} {word}" for word in unknown]
        return faults

    async def _unknown(self) -> list[str]:
        """Probe queue and users with tickets that can't be made: they have no title."""
        faults = []
        users = {f"ticketing.users.{agent}": user for agent, user in self._said.users.items()}
        for setting, user in [("ticketing.queue", ""), *users.items()]:
            asked = {"queue": self._said.queue or "0", "assigned_to": user or None}
            answer = await self._ask("POST", "api/tickets/", asked)
            if ("assigned_to" if user else "queue") in _refused_fields(answer):
                faults.append(f"{setting}: there is no {user or self._said.queue or 'queue'}")
        return faults

    # -- asking ----------------------------------------------------------------------------------

    async def _ask(
        self, method: str, address: str, values: Mapping[str, Any] | None = None, *, page: str = ""
    ) -> RawAnswer:
        url = self._base / address
        if page:
            url = url.with_query(page=page, page_size=str(_PAGE))
        return await request(
            self._session,
            method,
            url,
            headers=self._headers,
            body=None if values is None else orjson.dumps(dict(values)),
            max_answer=_LONGEST_ANSWER,
            clock=self._clock,
        )

    def _refuse(self, answer: RawAnswer) -> None:
        if answer.status == _GONE:
            raise RemoteGoneError("there is no such ticket, or the account may not see it")
        if answer.status not in _OK:
            names = "_".join(sorted(_refused_fields(answer))) or str(answer.status)
            raise RemoteRefusedError("it refused what it was given", reason=f"refused_{names}")


@asynccontextmanager
async def connect_django_helpdesk(
    endpoint: Endpoint, username: str, said: TicketingMap, *, clock: Clock
) -> AsyncIterator[DjangoHelpdesk]:
    """Open a client for django-helpdesk and close it at the end.

    Args:
        endpoint: its base address, and the password or token of the desk's account there.
        username: with a password; empty with a token of Django REST framework.
        said: the operator's mapping.
        clock: the present.

    Raises:
        SettingsError: the endpoint can't be used.
    """
    checked = replace(endpoint, total_timeout=_SECONDS).checked("ticketing")
    async with open_session(checked) as session:
        yield DjangoHelpdesk(checked, username, said, session, clock=clock)


def _authorization(username: str, secret: str) -> str:
    if not username:
        return f"Token {secret}"
    return "Basic " + base64.b64encode(f"{username}:{secret}".encode()).decode()


def _untagged(text: str) -> str:
    """Return a text that Django's templates render to the given one.

    The only ``{%``, ``{{``, ``{#`` or ``%}`` left in it are those of a variable that is a brace.
    """
    return _TAG.sub(lambda brace: '{{ "' + brace.group() + '" }}', text)


def _carries(ticket: _Ticket, key: str) -> bool:
    first = ticket.followup_set[0].comment if ticket.followup_set else ""
    return key in {marker_key(ticket.description or ""), marker_key(first or "")}


def _number(remote: str) -> int:
    if not remote.isdecimal():
        raise RemoteGoneError("this is no ticket's number")
    return int(remote)


def _plain(value: Any) -> str:
    return "" if value is None else str(value)


def _read(body: bytes | msgspec.Raw, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.DecodeError as error:
        raise UnavailableError("the answer can't be read", reason="unreadable") from error


def _refused_fields(answer: RawAnswer) -> frozenset[str]:
    """Return the names of fields that a refusal is about."""
    if answer.status in _OK:
        return frozenset()
    try:
        said = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        return frozenset()
    return frozenset(said) if isinstance(said, dict) else frozenset()


def _writable(body: bytes) -> Mapping[str, Any]:
    """Return the fields of a ticket that the account may set, as the interface describes them."""
    try:
        said = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    actions = said.get("actions", {}) if isinstance(said, dict) else {}
    fields = actions.get("POST", {}) if isinstance(actions, dict) else {}
    return fields if isinstance(fields, dict) else {}
