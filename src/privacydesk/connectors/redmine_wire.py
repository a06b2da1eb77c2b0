"""The wire format of Redmine's REST API: its answers, and their conversion to the desk's model."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time
from typing import Any, Final
from zoneinfo import ZoneInfo

from msgspec import Struct, field
from yarl import URL

from privacydesk.domain.ticketing import (
    UNASSIGNED,
    RemoteEntry,
    RemoteFile,
    RemoteTicket,
    marker_key,
)

_DESCRIPTION: Final = "description"
"""The id of the entry that an issue's description is."""
_END_OF_DAY: Final = time(23, 59)


class Reference(Struct):
    """Something that has an id and a name."""

    id: int
    name: str = ""


class Status(Reference):
    """A status of issues."""

    is_closed: bool = False


class CustomField(Reference):
    """A custom field; a project's has no value."""

    value: Any = None


class Detail(Struct):
    """A change of one property."""

    name: str
    kind: str = field(name="property")
    old_value: Any = None
    new_value: Any = None

    @property
    def assigns(self) -> bool:
        """Whether it changes the assignee."""
        return self.kind == "attr" and self.name == "assigned_to_id"

    @property
    def attaches(self) -> bool:
        """Whether it adds a file."""
        return self.kind == "attachment" and self.new_value is not None


class Journal(Struct):
    """Something that was done to an issue: a note, changes, or both."""

    id: int
    created_on: datetime
    user: Reference | None = None
    notes: str | None = None
    private_notes: bool = False
    details: list[Detail] = []

    @property
    def assigns(self) -> bool:
        """Whether it changes the assignee."""
        return any(detail.assigns for detail in self.details)


class Relation(Struct):
    """A relation between two issues."""

    issue_id: int
    issue_to_id: int


class Issue(Struct):
    """An issue; what it has beyond the fields depends on what was asked for."""

    id: int
    status: Reference
    created_on: datetime
    updated_on: datetime
    author: Reference | None = None
    assigned_to: Reference | None = None
    due_date: date | None = None
    description: str | None = None
    custom_fields: list[CustomField] = []
    journals: list[Journal] = []
    relations: list[Relation] = []

    @property
    def assignee(self) -> str:
        """The id of the user or group that it is assigned to; ``UNASSIGNED`` for none."""
        return UNASSIGNED if self.assigned_to is None else str(self.assigned_to.id)

    def value_of(self, name: str) -> str:
        """Return the value of a custom field; empty if there is no such field."""
        for custom_field in self.custom_fields:
            if custom_field.name == name:
                return "" if custom_field.value is None else str(custom_field.value)
        return ""

    def is_by(self, user: int) -> bool:
        """Return whether a user has created it."""
        return self.author is not None and self.author.id == user


class IssueAnswer(Struct):
    """The answer with one issue."""

    issue: Issue


class IssuesAnswer(Struct):
    """The answer with a page of issues."""

    issues: list[Issue]
    total_count: int


def day_of(moment: datetime, zone: ZoneInfo) -> date:
    """Return the day of the due date; Redmine keeps no time."""
    return moment.astimezone(zone).date()


def end_of(day: date | None, zone: ZoneInfo) -> datetime | None:
    """Return the last minute of a due date."""
    return None if day is None else datetime.combine(day, _END_OF_DAY, zone)


def to_remote_ticket(
    issue: Issue, *, base: URL, account: int, fields: Iterable[str], zone: ZoneInfo
) -> RemoteTicket:
    """Convert an issue to the desk's model.

    Args:
        issue: with its journals.
        base: the base URL of Redmine.
        account: the id of the desk's user.
        fields: the custom fields to include.
        zone: the zone of due dates.
    """
    journals = sorted(issue.journals, key=lambda journal: journal.id)
    by_others = [
        journal for journal in journals if journal.user is None or journal.user.id != account
    ]
    entries = (_opening(issue, account), *(_entry(one, base, account) for one in journals))
    return RemoteTicket(
        id=str(issue.id),
        label=f"#{issue.id}",
        url=str(base / "issues" / str(issue.id)),
        state=issue.status.name,
        assignee=issue.assignee,
        due_at=end_of(issue.due_date, zone),
        fields={name: issue.value_of(name) for name in fields},
        entries=tuple(entry for entry in entries if entry.text or entry.files),
        touched_at=max((one.created_on for one in by_others), default=None),
        assigned_at=max((one.created_on for one in by_others if one.assigns), default=None),
    )


def _opening(issue: Issue, account: int) -> RemoteEntry:
    text = _plain(issue.description)
    return RemoteEntry(
        id=_DESCRIPTION,
        at=issue.created_on,
        author="" if issue.author is None else str(issue.author.id),
        text=text,
        own=issue.is_by(account),
        key=marker_key(text),
    )


def _entry(journal: Journal, base: URL, account: int) -> RemoteEntry:
    text = _plain(journal.notes)
    return RemoteEntry(
        id=str(journal.id),
        at=journal.created_on,
        author="" if journal.user is None else str(journal.user.id),
        text=text,
        public=not journal.private_notes,
        own=journal.user is not None and journal.user.id == account,
        key=marker_key(text),
        files=tuple(
            RemoteFile(str(detail.new_value), str(base / "attachments" / detail.name))
            for detail in journal.details
            if detail.attaches
        ),
    )


def _plain(text: str | None) -> str:
    return (text or "").replace("\r\n", "\n").strip()
