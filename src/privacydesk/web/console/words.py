"""Words of the inbox and the case page that depend on values: states, moments, log entries."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from aiohttp import web

from privacydesk.domain.account import ItemResult
from privacydesk.domain.account_terms import GenderCode, ProfileField
from privacydesk.domain.alarms import StaffAlarm
from privacydesk.domain.conversation import Conversation
from privacydesk.domain.deliveries import Delivery, DeliveryState, Try
from privacydesk.domain.events import Event, Sender
from privacydesk.domain.failed_codes import Attempts
from privacydesk.domain.identity import Assurance
from privacydesk.domain.scopes import OPENING
from privacydesk.domain.ticket import LogEntry, Outcome, ScopeItem, Ticket
from privacydesk.domain.ticketing_links import LinkStanding, TicketingLink
from privacydesk.services.cards import standing_alone
from privacydesk.services.inbox import Count
from privacydesk.services.notifying import NOTED_BY
from privacydesk.services.staff.calls import Call
from privacydesk.web.console import call_words
from privacydesk.web.console.keys import TOOLS
from privacydesk.web.console.strips import Strip, strip_of
from privacydesk.web.console.tools import Tools
from privacydesk.web.keys import LOCALE
from privacydesk.web.texts import LANGUAGE_TAGS

_ACTORS = frozenset({"requester", "assistant", "clock", "account_service", NOTED_BY})

_CHOSEN = {
    "relation": ("web.case.value.",),
    "outcome_to": ("web.case.value.",),
    "wish": ("wish.", "automated_decision.wish_"),
    "about": ("complaint.about_",),
}
"""Answers that were tapped: fact to possible prefixes of its values' keys."""

_DATES = frozenset({"child_birth_date"})
_NUMBER = re.compile(r"([A-Z]{2}(?:-[0-9A-Z]{3,4}){2,4})")
"""As in ``js/cards.js``: numbers of other desks, and mistyped ones, are kept whole, too."""
_ISO_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_GENDERS = frozenset(GenderCode)


class Words:
    """Words values in an agent's language; ``w`` in templates."""

    def __init__(self, tools: Tools, locale: str) -> None:
        self._tools = tools
        self._locale = locale
        self._zone = ZoneInfo(tools.zone)

    # -- terms -------------------------------------------------------------------------------

    def _text(self, key: str, **args: Any) -> str:
        return self._tools.catalog.text(self._locale, key, args)

    def _known(self, key: str, otherwise: str) -> str:
        try:
            return self._text(key)
        except KeyError:
            return otherwise

    def sentence(self, key: str, **args: Any) -> str:
        """Return a sentence by its whole key."""
        return self._text(key, **args)

    def term(self, family: str, member: str) -> str:
        """Return the word for a member of a closed list, as it stands alone."""
        return standing_alone(self._known(f"{family}.{member}", member))

    def word(self, family: str, member: str) -> str:
        """Return the word for a member of a closed list; empty where the family has none."""
        return standing_alone(self._known(f"{family}.{member}", ""))

    def around_numbers(self, text: str) -> list[str]:
        """Return a text in parts; every second one is the number of a request."""
        return _NUMBER.split(text)

    def kind(self, ticket: Ticket) -> str:
        """Return what is asked for."""
        return self.term("kind", ticket.kind.value)

    def state(self, ticket: Ticket) -> str:
        """Return where a ticket stands, as staff call it."""
        if ticket.outcome is not None:
            return self.term("ticket.outcome", ticket.outcome.value)
        if ticket.to_examine:
            return self._text("web.case.state.examine")
        return self._text(f"web.case.state.{ticket.state.value}")

    def item(self, ticket: Ticket, item: ScopeItem) -> str:
        """Return one thing a ticket asks for, with the values of a correction."""
        label = self._tools.wording.item(ticket, item, self._locale) or self.kind(ticket)
        value, old = (self._corrected(item, name) for name in ("new_value", "old_value"))
        if value and old:
            return f"{label} · {old} → {value}"
        return f"{label} → {value}" if value else label

    def _corrected(self, item: ScopeItem, name: str) -> str:
        """Return a value of a correction; what people wrote stays as it is."""
        value = str(item.detail.get(name) or "")
        if item.name == ProfileField.BIRTHDAY and _ISO_DAY.fullmatch(value):
            return str(self._tools.catalog.value(self._locale, {"$day": value}))
        if item.name == ProfileField.GENDER and value in _GENDERS:
            return self.term("gender", value)
        return value

    def ground(self, name: str) -> str:
        """Return a ground of refusal."""
        return self.term("ground", name)

    def marks(self, ticket: Ticket) -> list[tuple[str, str]]:
        """Return a ticket's marks that staff have to know: name and word."""
        return [(flag, self._known(f"web.case.flag.{flag}", flag)) for flag in sorted(ticket.flags)]

    def assurance(self, level: Assurance) -> str:
        """Return the level of assurance."""
        return self._text(f"web.case.assurance.{level.name.lower()}")

    def requester(self, ticket: Ticket) -> str:
        """Return who asks."""
        return self._text(f"web.case.requester.{ticket.requester.value}")

    def lack(self, name: str) -> str:
        """Return what is missing before a decision."""
        return self._text(f"web.error.lack_{name}")

    def pile(self, name: str) -> str:
        """Return the name of a view of the inbox."""
        return self._text(f"web.inbox.view.{name}")

    def done(self, deed: str) -> str:
        """Return the confirmation of an action; empty for an unknown one."""
        return self._known(f"web.case.done.{deed}", "") if deed else ""

    def about(self, about: str) -> str:
        """Return what an entry of the access log is about; route patterns are kept as they are."""
        return " → ".join(
            self.word("web.console.role", one)
            or self.word("web.console.access_of", one.replace(" ", "_"))
            or one
            for one in about.split(" -> ")
        )

    def variable(self, name: str) -> str:
        """Return the name of a text module's placeholder."""
        return self._text(f"web.texts.variable_{name}")

    def relation(self, ticket: Ticket, other: Ticket) -> str:
        """Return a linked ticket's relation to this one."""
        later = ticket if ticket.linked == other.id else other
        what = "duplicate" if later.outcome is Outcome.DUPLICATE else "objection"
        way = "of_other" if later is ticket else "other"
        return self._text(f"web.case.relation.{what}_{way}")

    def opening(self, ticket: Ticket) -> str:
        """Return the words a request began with; empty where an answer begins with them, too."""
        words = str(ticket.answers.get(OPENING, ""))
        others = (str(value) for name, value in ticket.answers.items() if name != OPENING)
        return "" if any(one.startswith(words) for one in others) else words

    def facts(self, ticket: Ticket) -> list[tuple[str, str]]:
        """Return the requester's answers that no item already shows: name and value."""
        items = {self.item(ticket, item) for item in ticket.items}
        told = [
            (self._known(f"web.case.fact.{name}", name), self._fact(name, value))
            for name, value in ticket.answers.items()
            if name != OPENING and value not in (None, "", [], ticket.contact)
        ]
        return [(name, value) for name, value in told if value not in items]

    def _fact(self, name: str, value: Any) -> str:
        if isinstance(value, bool):
            return self._text("web.case.yes") if value else self._text("web.case.no")
        if name in _DATES:
            return self._tools.catalog.value(self._locale, {"$day": value})
        if name in _CHOSEN and isinstance(value, list):
            return self.joined(self._fact(name, one) for one in value)
        if name in _CHOSEN:
            known = (self._known(f"{beginning}{value}", "") for beginning in _CHOSEN[name])
            return standing_alone(next((one for one in known if one), str(value)))
        return self._tools.catalog.value(self._locale, value)

    # -- reports -----------------------------------------------------------------------------

    def report(self, name: str, otherwise: str | None = None, **args: Any) -> str:
        """Return a text of the reports.

        Args:
            name: its key, below ``web.report``.
            otherwise: the fallback if there is no such text.
            **args: values for its placeholders.
        """
        try:
            return self._text(f"web.report.{name}", **args)
        except KeyError:
            if otherwise is None:
                raise
            return otherwise

    def joined(self, words: Iterable[str]) -> str:
        """Return words as a list, joined as the language does."""
        return self._tools.catalog.value(self._locale, {"$texts": list(words)})

    def attempts(self, row: Attempts) -> str:
        """Return what was attempted without success, and how often."""
        return self._text(f"web.case.attempt.{row.last.kind.value}", count=row.count)

    def alarm(self, alarm: StaffAlarm) -> str:
        """Return what an alarm is about."""
        return self._text(f"web.duty.alarm.{alarm.kind.value}")

    def outage_length(self, length: timedelta) -> str:
        """Return the length of an outage, to the minute if it was longer than one."""
        unit = 60 if length >= timedelta(minutes=1) else 1
        seconds = round(length.total_seconds() / unit) * unit
        return self._text("web.duty.outage_lasted", lasted={"$span": seconds})

    def standing(self, standing: str) -> str:
        """Return an agent's availability."""
        return self._text(f"web.duty.state.{standing}")

    def left_outside(self, conversation: Conversation) -> bool:
        """Whether the user began to wait outside working hours."""
        since = conversation.queued_at
        return since is not None and not self._tools.attendance.hours.is_open(since)

    # -- who and when ------------------------------------------------------------------------

    def linked(self, link: TicketingLink) -> str:
        """Return the state of a ticket's counterpart in a ticketing system."""
        standing = link.standing
        at = link.due_at if standing is LinkStanding.FAILING else link.synced_at
        return self._text(
            f"web.case.ticketing_state.{standing.value}", time=self.moment(at) if at else ""
        )

    def agent(self, name: str) -> str:
        """Return an agent's display name."""
        agent = self._tools.agents.get(name)
        return agent.display_name if agent is not None else name

    def agents(self, names: Iterable[str]) -> list[str]:
        """Return agents' display names."""
        return [self.agent(name) for name in names]

    def actor(self, entry: LogEntry) -> str:
        """Return who left an entry in a ticket's log."""
        if entry.by in _ACTORS:
            return self._text(f"web.case.by.{entry.by}")
        return self.agent(entry.by)

    def act(self, entry: LogEntry) -> str:
        """Return what an entry in a ticket's log says."""
        what, _, outcome = entry.what.partition(":")
        text = self._known(f"web.case.log.{what}", what)
        return (
            f"{text} · {self._known(f'web.case.log_outcome.{outcome}', outcome)}"
            if outcome
            else text
        )

    def why(self, entry: LogEntry) -> str:
        """Return the reason of an entry, where it says more than its name."""
        if entry.what in {"assign", "files_allowed"}:
            return self.agent(entry.why)
        # A purged entry has lost most of its data, and its reason.
        if entry.by == NOTED_BY:
            way = self._known(f"web.case.notice_way.{entry.data.get('way', '')}", "")
            return _joined(way, self._notice_reason(entry.why))
        beside = entry.data.get("into") or entry.data.get("from")
        if beside:
            return _joined(beside, entry.why)
        return "" if entry.what in {"filed", "evidence_opened"} else entry.why

    def called(self, call: Call) -> str:
        """Return what the account service was asked to do."""
        return self._known(f"web.case.log.{call.action}", call.action)

    def call_outcome(self, call: Call) -> str:
        """Return the state or outcome of a call."""
        return call_words.outcome_words(self._known, call)

    def call_reason(self, reason: str) -> str:
        """Return why a call was refused."""
        return call_words.reason_words(self._known, reason)

    def call_item(self, item: ItemResult) -> str:
        """Return the outcome of one item of a call."""
        return call_words.item_words(self._tools.catalog, self._locale, self._known, item)

    def came_to(self, one: Try) -> str:
        """Return the outcome of a call's attempt."""
        return call_words.try_words(self._known, one)

    def notice(self, notice: Delivery) -> str:
        """Return why a notice is sent, and by which channel."""
        occasion = self._text(f"web.case.notice.{notice.action}")
        return f"{occasion} · {self._text('web.case.notice_way.' + notice.payload['way'])}"

    def notice_state(self, notice: Delivery) -> str:
        """Return the state of a notice."""
        told, tries = notice.payload, int(notice.payload.get("tried", 0))
        if notice.state is not DeliveryState.OPEN:
            return self._text(f"web.case.notice_state.{told['outcome']}", count=tries)
        return self._text(f"web.case.notice_state.{'tried' if tries else 'queued'}", count=tries)

    def notice_next(self, notice: Delivery) -> str:
        """Return when a pending notice is sent or retried; empty once it is finished."""
        if notice.state is not DeliveryState.OPEN:
            return ""
        return self._text("web.case.notice_next", time=self.moment(notice.due_at))

    def notice_reason(self, notice: Delivery) -> str:
        """Return why a notice was not sent, or not yet; empty if it was."""
        return self._notice_reason(str(notice.payload.get("reason", "")))

    def _notice_reason(self, reason: str) -> str:
        other = self._text("web.case.notice_reason.other")
        return self._known(f"web.case.notice_reason.{reason}", other) if reason else ""

    def grounds(self, entry: LogEntry) -> str:
        """Return the grounds that a decision's entry records."""
        named = str(entry.data.get("ground", ""))
        refused = entry.data.get("refused")
        names = list(refused.values()) if isinstance(refused, dict) else named.split(", ")
        return " · ".join(self.ground(name) for name in dict.fromkeys(names) if name)

    def sender(self, event: Event) -> str:
        """Return who said something."""
        if event.sender is Sender.AGENT:
            return event.author
        return self._text(f"web.case.sender.{event.sender.value}")

    def weekday(self, day: date) -> str:
        """Return a day of the week in a letter or two."""
        return self._text(f"web.case.weekday.{day.isoweekday()}")

    @property
    def today(self) -> date:
        """The operator's date."""
        return self._tools.clock.now().astimezone(self._zone).date()

    def strip(self, count: Count) -> Strip:
        """Return a count as it is drawn today."""
        return strip_of(count, self.today)

    def proof(self, ticket: Ticket, log: Sequence[LogEntry]) -> str:
        """Return how the requester was identified, and who examined the evidence."""
        examined = [one for one in log if one.what == "examine" and one.data.get("accepted")]
        how = self._shown_by(ticket)
        if not examined:
            return how
        return self._text("web.case.proof", how=how, agent=self.agent(examined[-1].by))

    def _shown_by(self, ticket: Ticket) -> str:
        if ticket.needs is not Assurance.NONE:
            return self.assurance(ticket.needs)
        # If a kind requires no more, the log-in or a proven contact is the only proof.
        if ticket.account_hash is not None:
            return self.assurance(Assurance.APP_SESSION)
        if ticket.contact_hash is not None:
            return self._text("web.case.proof_contact")
        return self.assurance(Assurance.NONE)

    def day(self, day: date, *, year: bool = False) -> str:
        """Return a day as people write it in full."""
        return self._tools.catalog.value(self._locale, {"$date": day.isoformat(), "year": year})

    def short_day(self, day: date) -> str:
        """Return a day as lists show it, with its year unless it is the current one."""
        value = {"$date": day.isoformat(), "short": True, "year": day.year != self.today.year}
        return self._tools.catalog.value(self._locale, value)

    def moment(self, at: datetime) -> str:
        """Return an instant in the operator's zone: day and time."""
        local = at.astimezone(self._zone)
        return f"{self.short_day(local.date())} {local:%H:%M}"

    def day_of(self, at: datetime) -> str:
        """Return the day of an instant in the operator's zone."""
        return self.short_day(at.astimezone(self._zone).date())

    def stamp(self, at: datetime | None) -> str:
        """Return an instant as columns of files have it, in sortable form; empty for none."""
        return "" if at is None else f"{at.astimezone(self._zone):%Y-%m-%d %H:%M}"

    def time(self, at: datetime) -> str:
        """Return an instant's time of day in the operator's zone."""
        return f"{at.astimezone(self._zone):%H:%M}"

    @property
    def zone(self) -> str:
        """The operator's zone, in words."""
        now = self._tools.clock.now()
        value = {"$time": now.isoformat(), "zone": self._tools.zone}
        return self._tools.catalog.value(self._locale, value).partition("（")[2].rstrip("）") or (
            self._tools.zone
        )

    def lang(self, locale: str) -> str:
        """Return the language tag of a text in a locale."""
        return LANGUAGE_TAGS.get(locale, "")

    def language(self, locale: str) -> str:
        """Return the name of a language, in itself."""
        return self._tools.catalog.text(locale, "web.language.name", {})


def _joined(*parts: str) -> str:
    return " · ".join(part for part in parts if part)


def words_of(request: web.Request) -> Words:
    """Return the words in the reader's language."""
    return Words(request.config_dict[TOOLS], request[LOCALE])
