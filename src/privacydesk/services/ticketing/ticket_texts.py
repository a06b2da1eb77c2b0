"""Texts for the ticketing system: titles, first texts, and a line for each event on a ticket.

By default no line has personal data: only what happened, and where to look at it. Texts by staff
are included only where the operator profile names them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from msgspec import Struct

from privacydesk.domain.evidence import Evidence
from privacydesk.domain.ticket import LogEntry, ScopeItem, Ticket
from privacydesk.domain.ticketing import (
    UNASSIGNED,
    Correction,
    Fact,
    NewRemoteTicket,
    RejectionReason,
    RemoteEntry,
    StaffText,
    TicketingMap,
    key_marker,
    key_of,
)
from privacydesk.ports import Catalog
from privacydesk.services.ticketing.conflicts import wanted_assignee

JOB: Final = "ticketing:"
"""The prefix of jobs that take over remote changes."""

_WORDS: Final[Mapping[str, StaffText | None]] = {
    "verify": None,
    "requester_answered": None,
    "material_added": None,
    "question_asked": None,
    "confirm": None,
    "withdraw": None,
    "return_to_review": None,
    "note": StaffText.NOTES,
    "reply": StaffText.REPLIES,
    "ask_requester": StaffText.REPLIES,
    "extend": StaffText.REPLIES,
    "examine": StaffText.REPLIES,
    "grant": StaffText.REPLIES,
    "grant_partly": StaffText.REPLIES,
    "refuse": StaffText.REPLIES,
    "proposed": None,
    "proposed_refusal": None,
    "sent_back": StaffText.NOTES,
    "remind_two": None,
    "remind_one": None,
    "overdue": None,
    "internal_overdue": None,
    "completion_soon": None,
    "completion_overdue": None,
    "lapse": None,
    "evidence_waiting": None,
    "unbinding_window": None,
    "calendar_settled": None,
    "escalate": StaffText.NOTES,
    "escalation_answered": StaffText.NOTES,
    "mark_duplicate": StaffText.REPLIES,
    "merged": None,
    "export": None,
    "correct": None,
    "delete": None,
    "withdraw_consent": None,
    "unbind": None,
    "deregister": None,
    "suspend": None,
    "restore": None,
}
"""Entries of a ticket's log that are posted, and which texts by staff their reasons count as."""

_UNTOLD_OUTCOMES: Final = frozenset({"delayed", "waiting", "at_work"})
_LONGEST: Final = 9_000
"""Characters of a person's words in one entry."""


class Saying(Struct, frozen=True):
    """A text to be posted in the ticketing system once.

    Attributes:
        key: identifies it.
        text: with the key's mark in it.
    """

    key: str
    text: str


class Telling:
    """Writes the texts that the desk posts in the ticketing system.

    Args:
        catalog: the texts.
        said: the operator's mapping, completed by the connector.
        item: words for what a ticket asks for.
    """

    def __init__(
        self,
        catalog: Catalog,
        said: TicketingMap,
        item: Callable[[Ticket, ScopeItem, str], str],
    ) -> None:
        self._catalog = catalog
        self._said = said
        self._zone = ZoneInfo(said.zone)
        self._item = item

    def new(self, ticket: Ticket) -> NewRemoteTicket:
        """Return the counterpart to create for a ticket."""
        key = key_of(ticket.id)
        return NewRemoteTicket(
            key=key,
            title=f"{ticket.number} {self._kind(ticket)}",
            body=self._marked(
                key,
                self._text("ticketing.body", number=ticket.number, kind=self._kind(ticket)),
                self._text("ticketing.body_rule"),
                self._link_line(ticket),
            ),
            queue=self._said.queue,
            state=self._said.state_of(ticket),
            priority=self._said.priorities.get(ticket.kind, ""),
            assignee=wanted_assignee(ticket, self._said) or UNASSIGNED,
            due_at=self.due_at(ticket),
            fields=self.fields(ticket),
        )

    def due_at(self, ticket: Ticket) -> datetime | None:
        """Return the last minute of the day a ticket is due, so that this is the day shown."""
        clock = ticket.clock
        return None if clock is None else clock.due_at - timedelta(minutes=1)

    def fields(self, ticket: Ticket) -> Mapping[str, str]:
        """Return the values for the fields that the operator maps."""
        facts = self._facts(ticket)
        return {name: facts[fact]() for name, fact in self._said.fields.items()}

    def sayings(
        self,
        ticket: Ticket,
        log: Sequence[LogEntry],
        evidence: Sequence[Evidence],
        since: datetime,
    ) -> tuple[Saying, ...]:
        """Return all texts to post about a ticket, oldest first.

        Args:
            ticket: as it stands.
            log: its whole log.
            evidence: what was handed in, without bodies.
            since: log entries from before are not posted.
        """
        if ticket.purged_at is not None:
            key = key_of(ticket.id, "purged")
            return (Saying(key, self._marked(key, self._text("ticketing.purged"))),)
        told = [
            saying
            for place, entry in enumerate(log)
            if entry.at >= since and (saying := self._entry(ticket, place, entry)) is not None
        ]
        return (*(self._file(ticket, one) for one in evidence), *told)

    def correction(self, ticket: Ticket, what: Correction, stamp: str, theirs: str) -> Saying:
        """Return the text on why a remote change is undone.

        Args:
            ticket: the desk's ticket.
            what: the thing corrected.
            stamp: distinguishes this time from others.
            theirs: the value found there.
        """
        key = key_of(ticket.id, "correction", what.value, stamp, theirs)
        words = self._text(f"ticketing.correction.{what.value}")
        return Saying(key, self._marked(key, words, self._link_line(ticket)))

    def not_taken(self, ticket: Ticket, entry: RemoteEntry, reason: RejectionReason) -> Saying:
        """Return the text on why a remote entry was not taken over."""
        key = self.refusal_key(ticket, entry.id)
        what = "not_sent" if entry.public else "not_kept"
        words = self._text(f"ticketing.{what}", reason=self.reason(reason))
        return Saying(key, self._marked(key, words, self._link_line(ticket)))

    def refusal_key(self, ticket: Ticket, entry: str) -> str:
        """Return the key of the text on why a remote entry was not taken over."""
        return key_of(ticket.id, "not_taken", entry)

    def reason(self, reason: RejectionReason) -> str:
        """Return a reason in words, for remote users and for the desk's log."""
        return self._text(f"ticketing.reason.{reason.value}")

    def heading(self, author: str) -> str:
        """Return the heading in the desk's log for a remote text."""
        if not author:
            return self._text("ticketing.wrote_unnamed")
        return self._text("ticketing.wrote", author=author)

    def undelivered(self, author: str, reason: RejectionReason) -> str:
        """Return the heading in the desk's log for a reply that did not reach the requester."""
        why = self._text("ticketing.undelivered", reason=self.reason(reason))
        return f"{self.heading(author)}\n{why}"

    def file(self, name: str, url: str) -> str:
        """Return the text in the desk's log for a file that is stored remotely."""
        return self._text("ticketing.file_there", name=name, url=url)

    # -- what it is made of ----------------------------------------------------------------------

    def _entry(self, ticket: Ticket, place: int, entry: LogEntry) -> Saying | None:
        what, _, outcome = entry.what.partition(":")
        if what not in _WORDS or outcome in _UNTOLD_OUTCOMES or entry.job_id.startswith(JOB):
            return None
        line = self._text(f"web.case.log.{what}")
        if outcome:
            line = f"{line} · {self._outcome(outcome)}"
        shared = _WORDS[what]
        words = entry.why[:_LONGEST] if shared is not None and shared in self._said.texts else ""
        # The log is append-only, so an index in it identifies an entry for good.
        key = key_of(ticket.id, "log", str(place))
        return Saying(key, self._marked(key, line, words, self._link_line(ticket)))

    def _outcome(self, outcome: str) -> str:
        try:
            return self._text(f"web.case.log_outcome.{outcome}")
        except KeyError:
            return outcome

    def _file(self, ticket: Ticket, evidence: Evidence) -> Saying:
        key = key_of(ticket.id, "file", evidence.id.hex())
        return Saying(
            key, self._marked(key, self._text("ticketing.file_here"), self._link_line(ticket))
        )

    def _facts(self, ticket: Ticket) -> Mapping[Fact, Callable[[], str]]:
        return {
            Fact.NUMBER: lambda: ticket.number,
            Fact.KIND: lambda: self._kind(ticket),
            Fact.STATE: lambda: self._text(f"web.case.state.{ticket.state.value}"),
            Fact.OUTCOME: lambda: "" if ticket.outcome is None else ticket.outcome.value,
            Fact.RECEIVED_DATE: lambda: (
                ticket.received_at.astimezone(self._zone).date().isoformat()
            ),
            Fact.DUE_DATE: lambda: (
                "" if ticket.clock is None else ticket.clock.due_date.isoformat()
            ),
            Fact.LINK: lambda: self._link(ticket),
            Fact.ACCOUNT: lambda: ticket.account,
            Fact.CONTACT: lambda: ticket.contact,
            Fact.ITEMS: lambda: self._items(ticket),
        }

    def _items(self, ticket: Ticket) -> str:
        words = [self._item(ticket, one, self._said.locale) for one in ticket.items]
        return self._catalog.value(
            self._said.locale, {"$texts": [one for one in words if one] or [self._kind(ticket)]}
        )

    def _kind(self, ticket: Ticket) -> str:
        return self._text(f"kind.{ticket.kind.value}")

    def _link(self, ticket: Ticket) -> str:
        if not self._said.console:
            return ""
        return f"{self._said.console}/console/tickets/{ticket.number}"

    def _link_line(self, ticket: Ticket) -> str:
        link = self._link(ticket)
        if not link:
            return self._text("ticketing.look", number=ticket.number)
        return self._text("ticketing.link", link=link)

    def _marked(self, key: str, *lines: str) -> str:
        return "\n".join((*(line for line in lines if line), key_marker(key)))

    def _text(self, key: str, **args: Any) -> str:
        return self._catalog.text(self._said.locale, key, args)
