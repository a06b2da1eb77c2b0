"""Redmine as a ticketing system, through its REST API.

Properties of the API that determine how it is used:

- The key of a ticket stands in the description, which is written in the same database transaction
  as the issue and can be searched, so an issue that was created can always be found.
- What the account may not set, such as a status that the workflow does not lead to, is left out
  without a word. So the issue is read after each change.
- An issue has no version that a change could name. It is read just before a change; if an assignee
  was overwritten in between, its journal tells, and the assignee is put back.
- Due dates are days. The desk's are those of the operator's time zone.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from privacydesk.clock import Clock
from privacydesk.connectors import redmine_wire as wire
from privacydesk.connectors.breaker import BreakerState, CircuitBreaker
from privacydesk.connectors.http import Endpoint, open_session
from privacydesk.connectors.redmine_rest import Rest, decode
from privacydesk.connectors.redmine_site import (
    AccountAnswer,
    Site,
    fetch_site,
    find_faults,
    split_queue,
)
from privacydesk.domain.instants import happened_within
from privacydesk.domain.ticketing import (
    UNASSIGNED,
    ChangedTickets,
    NewRemoteTicket,
    RemoteChange,
    RemoteGoneError,
    RemoteRefusedError,
    RemoteTicket,
    TicketingMap,
    marker_key,
)
from privacydesk.errors import UnavailableError

NAME: Final = "redmine"
STATES: Final[Mapping[str, str]] = {
    "awaiting_verification": "New",
    "in_review": "In Progress",
    "awaiting_requester": "Feedback",
    "awaiting_confirmation": "Feedback",
    "fulfilling": "In Progress",
    "closed": "Closed",
    "closed.refused": "Rejected",
    "closed.duplicate": "Rejected",
}
"""The desk's states, mapped to the statuses of the default configuration in English."""

_CHANGED: Final = "changed_meanwhile"
_SITE_MAX_AGE: Final = timedelta(minutes=10)
_MAX_CLOCK_SKEW: Final = timedelta(hours=1)
_SETTLE_TIME: Final = timedelta(minutes=1)
"""How long a change may take from its time to its commit."""
_SAME_SECOND: Final = timedelta(seconds=2)
_SETTLED: Final = datetime.min.replace(tzinfo=UTC)
"""Stands for an update that was reported once more after its second."""
_PAGE: Final = 100
_MAX_PAGES: Final = 5
_MAX_SNAPSHOTS: Final = 500
_MOMENT: Final = "%Y-%m-%dT%H:%M:%SZ"


class Redmine:
    """Implements ``TicketingSystem``; made by :func:`connect_redmine`."""

    def __init__(self, rest: Rest, mapping: TicketingMap, *, username: str, clock: Clock) -> None:
        self._rest = rest
        self._mapping = mapping
        self._states = {**STATES, **mapping.states}
        self._zone = ZoneInfo(mapping.zone)
        self._username = username
        self._clock = clock
        self._known_site: Site | None = None
        self._known_at: datetime | None = None
        self._snapshots: OrderedDict[str, tuple[object, ...]] = OrderedDict()
        self._reported: dict[tuple[int, datetime], datetime] = {}

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
        """Its closed statuses, as they were last read; ``read`` reads them."""
        return frozenset() if self._known_site is None else self._known_site.closed

    @property
    def state(self) -> BreakerState:
        """The breaker's state, for metrics and readiness."""
        return self._rest.state

    async def check(self) -> tuple[str, ...]:
        """Return the faults of settings and mapping."""
        return await find_faults(self._rest, self._mapping, self._states, username=self._username)

    async def find(self, key: str, since: datetime) -> tuple[str, ...]:
        """Search the descriptions of the account's issues for a key."""
        site = await self._site()
        found = await self._issues(
            status_id="*",
            author_id="me",
            description=f"~{key}",
            created_on=f">={(since - _MAX_CLOCK_SKEW).astimezone(UTC).strftime(_MOMENT)}",
            sort="id",
        )
        return tuple(
            str(issue.id)
            for issue in found
            if issue.is_by(site.account) and marker_key(issue.description or "") == key
        )

    async def create(self, new: NewRemoteTicket) -> str:
        """Create an issue, then set its status, since a new one can't have every status."""
        site = await self._site()
        if site.project is None:
            raise RemoteRefusedError("there is no such project", reason="project")
        _, tracker = split_queue(self._mapping.queue)
        values: dict[str, Any] = {
            "project_id": site.project,
            "subject": new.title,
            "description": new.body,
            # By default it begins today, before which it can't be due.
            "start_date": "",
            **await self._values(
                RemoteChange(new.state, new.assignee, new.due_at, dict(new.fields))
            ),
        }
        if tracker:
            values["tracker_id"] = _id_of(site.trackers, tracker, "tracker")
        if new.priority:
            values["priority_id"] = _id_of(site.priorities, new.priority, "priority")
        body = await self._rest.send("POST", "issues", {"issue": values})
        issue = decode(body, wire.IssueAnswer).issue
        remote = str(issue.id)
        if issue.status.name != new.state:
            await self._put(remote, {"status_id": values["status_id"]})
        return remote

    async def read(self, remote: str) -> RemoteTicket:
        """Return an issue with its journals."""
        site = await self._site()
        issue = await self._issue(remote, include="journals")
        self._snapshots[remote] = _desk_values(issue)
        self._snapshots.move_to_end(remote)
        if len(self._snapshots) > _MAX_SNAPSHOTS:
            self._snapshots.popitem(last=False)
        return wire.to_remote_ticket(
            issue,
            base=self._rest.base,
            account=site.account,
            fields=self._mapping.fields,
            zone=self._zone,
        )

    async def change(self, remote: str, change: RemoteChange) -> None:
        """Apply a change, unless somebody changed the issue since it was read."""
        values = await self._values(change)
        snapshot = self._snapshots.pop(remote, None)
        before = await self._issue(remote)
        if snapshot is not None and snapshot != _desk_values(before):
            raise UnavailableError("somebody changed the issue meanwhile", reason=_CHANGED)
        try:
            await self._put(remote, values)
        except RemoteRefusedError:
            if len(values) == 1:
                raise
            # One value refuses them all, and the errors don't name it.
            for name, value in values.items():
                try:
                    await self._put(remote, {name: value})
                except RemoteRefusedError:
                    continue
        after = await self._issue(remote, include="journals")
        await self._put_back_overwritten(before, after, change)
        if not self._is_applied(change, after):
            raise RemoteRefusedError("it does not take the change", reason="change")

    async def write(self, remote: str, text: str) -> None:
        """Add a private note."""
        if not (await self._site()).keeps_notes_private:
            # Redmine would make it a public one.
            self._forget_site()
            raise RemoteRefusedError("the account may write no private notes", reason="private")
        try:
            await self._put(remote, {"notes": text, "private_notes": True})
        except RemoteRefusedError:
            # A missing issue is refused like a missing permission; reading it tells.
            await self._issue(remote)
            raise

    async def retire(self, remote: str, into: str) -> None:
        """Relate a duplicate to the issue that is kept, and close it."""
        self._snapshots.pop(remote, None)
        issue = await self._issue(remote, include="relations")
        if int(into) not in {
            number for one in issue.relations for number in (one.issue_id, one.issue_to_id)
        }:
            relation = {"issue_to_id": int(into), "relation_type": "duplicates"}
            await self._rest.send("POST", f"issues/{remote}/relations", {"relation": relation})
        if issue.status.name not in (await self._site()).closed:
            await self.change(remote, RemoteChange(state=self._states["closed.duplicate"]))

    async def changed(self, cursor: str) -> ChangedTickets:
        """Return the issues updated since a cursor; none for an empty cursor.

        A cursor is the time of the newest update that was seen. Updates of the minute before are
        read again, as they may be committed out of order, and are reported once.
        """
        # A Redmine that lets strangers see the project answers a refused key as it answers them.
        await self._rest.get_account(AccountAnswer)
        site = await self._site()
        if site.project is None:
            raise UnavailableError("the account does not see the project", reason="project")
        since = _read_moment(cursor)
        query: dict[str, Any] = {"project_id": str(site.project), "status_id": "*"}
        if since is None:
            newest = await self._issues(pages=1, limit=1, sort="updated_on:desc", **query)
            return ChangedTickets((), _write_moment(self._clock.now(), newest))
        floor = since - _SETTLE_TIME
        updated = await self._issues(
            updated_on=f">={floor.strftime(_MOMENT)}", sort="updated_on,id", **query
        )
        now = self._clock.now()
        known, self._reported = self._reported, {}
        ids = []
        for issue in updated:
            state = (issue.id, issue.updated_on)
            self._reported[state] = known.get(state, now)
            # Times are seconds: the same one may stand for a later update for a moment.
            if state not in known or known[state] > now - _SAME_SECOND:
                ids.append(str(issue.id))
            elif known[state] != _SETTLED:
                ids.append(str(issue.id))
                self._reported[state] = _SETTLED
        return ChangedTickets(tuple(ids), _write_moment(since, updated))

    # -- reading ---------------------------------------------------------------------------------

    async def _site(self) -> Site:
        """Return what the operator profile names, as it was found in the last ten minutes."""
        now = self._clock.now()
        if self._known_site is None or not happened_within(self._known_at, now, _SITE_MAX_AGE):
            self._known_site, self._known_at = await fetch_site(self._rest, self._mapping), now
        return self._known_site

    def _forget_site(self) -> None:
        self._known_at = None

    async def _issue(self, remote: str, **query: str) -> wire.Issue:
        if not remote.isdecimal():
            raise RemoteGoneError("this is no issue's number")
        return (await self._rest.get(wire.IssueAnswer, f"issues/{remote}", **query)).issue

    async def _issues(
        self, *, pages: int = _MAX_PAGES, limit: int = _PAGE, **query: str
    ) -> list[wire.Issue]:
        found: list[wire.Issue] = []
        for page in range(pages):
            answer = await self._rest.get(
                wire.IssuesAnswer, "issues", limit=str(limit), offset=str(page * limit), **query
            )
            found += answer.issues
            if (page + 1) * limit >= answer.total_count:
                break
        return found

    # -- changing --------------------------------------------------------------------------------

    async def _values(self, change: RemoteChange) -> dict[str, Any]:
        """Return the values of a change as the API takes them.

        Raises:
            RemoteRefusedError: a name is unknown there.
        """
        site = await self._site()
        values: dict[str, Any] = {}
        try:
            if change.state is not None:
                ids = {name: status.id for name, status in site.statuses.items()}
                values["status_id"] = _id_of(ids, change.state, "status")
            if change.fields:
                values["custom_fields"] = [
                    {"id": _id_of(site.fields, name, "field"), "value": value}
                    for name, value in change.fields.items()
                ]
        except RemoteRefusedError:
            # It may be there by the next attempt.
            self._forget_site()
            raise
        if change.assignee is not None:
            values["assigned_to_id"] = change.assignee
        if change.due_at is not None:
            values["due_date"] = wire.day_of(change.due_at, self._zone).isoformat()
        return values

    async def _put(self, remote: str, values: Mapping[str, Any]) -> None:
        await self._rest.send("PUT", f"issues/{remote}", {"issue": values})

    async def _put_back_overwritten(
        self, before: wire.Issue, after: wire.Issue, change: RemoteChange
    ) -> None:
        """Put back an assignee that somebody set between reading and writing.

        Raises:
            UnavailableError: there was one: both sides have to be compared again.
        """
        account = (await self._site()).account
        if change.assignee in {None, before.assignee}:
            return
        known = {journal.id for journal in before.journals}
        given = [
            detail
            for journal in sorted(after.journals, key=lambda journal: journal.id)
            if journal.id not in known and journal.user is not None and journal.user.id == account
            for detail in journal.details
            if detail.assigns
        ]
        if not given or after.assignee != change.assignee:
            return
        overwritten = str(given[-1].old_value or UNASSIGNED)
        if overwritten != before.assignee:
            await self._put(str(after.id), {"assigned_to_id": overwritten})
            raise UnavailableError("somebody changed the issue meanwhile", reason=_CHANGED)

    def _is_applied(self, change: RemoteChange, issue: wire.Issue) -> bool:
        """Return whether an issue has all values of a change."""
        return (
            change.state in {None, issue.status.name}
            and change.assignee in {None, issue.assignee}
            and (change.due_at is None or wire.day_of(change.due_at, self._zone) == issue.due_date)
            and all(issue.value_of(name) == value for name, value in change.fields.items())
        )


def _desk_values(issue: wire.Issue) -> tuple[object, ...]:
    """Return the values that the desk sets."""
    fields = tuple((field.id, str(field.value)) for field in issue.custom_fields)
    return issue.status.id, issue.assignee, issue.due_date, fields


def _id_of(ids: Mapping[str, int], name: str, what: str) -> int:
    if name not in ids:
        raise RemoteRefusedError(f"there is no such {what}", reason=what)
    return ids[name]


def _read_moment(cursor: str) -> datetime | None:
    try:
        return datetime.strptime(cursor, _MOMENT).replace(tzinfo=UTC)
    except ValueError:
        return None


def _write_moment(since: datetime, issues: Collection[wire.Issue]) -> str:
    newest = max((issue.updated_on for issue in issues), default=since)
    return newest.astimezone(UTC).strftime(_MOMENT)


@asynccontextmanager
async def connect_redmine(
    endpoint: Endpoint,
    username: str,
    mapping: TicketingMap,
    *,
    clock: Clock,
    breaker: CircuitBreaker | None = None,
) -> AsyncIterator[Redmine]:
    """Open a client for a Redmine and close it at the end.

    Args:
        endpoint: its base URL, and the API key or password of the desk's user.
        username: the login for a password; with an API key it may be empty.
        mapping: the operator's mapping of states, users and fields.
        clock: source of the current time.
        breaker: its circuit breaker; by default a new one.

    Raises:
        SettingsError: the endpoint can't be used.
    """
    checked = endpoint.checked("ticketing")
    async with open_session(checked) as session:
        rest = Rest(
            checked,
            session,
            username=username,
            clock=clock,
            breaker=breaker or CircuitBreaker("redmine", clock),
        )
        yield Redmine(rest, mapping, username=username, clock=clock)
