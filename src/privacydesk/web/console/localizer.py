"""The console's localizer: texts and formats in the agent's language for domain values."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from aiohttp import web

from privacydesk.domain.account import ItemResult
from privacydesk.domain.alarms import AlarmKind, StaffAlarm
from privacydesk.domain.conversation import Conversation
from privacydesk.domain.deliveries import Delivery, DeliveryAttempt, DeliveryState
from privacydesk.domain.events import Event, Sender
from privacydesk.domain.failed_attempts import AttemptGroup
from privacydesk.domain.identity import Assurance
from privacydesk.domain.intents import RequestKind
from privacydesk.domain.scopes import (
    OLD_VALUE,
    OPENING_ANSWER,
    TERM_FAMILIES,
    item_name,
    words_of,
)
from privacydesk.domain.tasks import Task
from privacydesk.domain.ticket import LogEntry, Outcome, ScopeItem, Ticket
from privacydesk.domain.ticketing_links import LinkStatus, TicketingLink
from privacydesk.i18n.locales import LOCALES
from privacydesk.services.capitals import capitalize_first
from privacydesk.services.due_dates import bare_date
from privacydesk.services.inbox import DeadlineProgress
from privacydesk.services.notice_delivery import NOTICE_LOG_AUTHOR
from privacydesk.services.staff.account_calls import AccountCallStatus
from privacydesk.web.console import call_texts
from privacydesk.web.console.deadline_calendar import DeadlineCalendar, deadline_calendar
from privacydesk.web.console.keys import SERVICES
from privacydesk.web.console.services import ConsoleServices
from privacydesk.web.keys import LOCALE
from privacydesk.web.texts import LANGUAGE_TAGS

_PROGRAMS = frozenset({"requester", "assistant", "clock", "account_service", NOTICE_LOG_AUTHOR})

_CHOICES = {
    "relation": ("web.case.value.",),
    "outcome_to": ("web.case.value.",),
    "wish": ("automated_decision.wish_",),
    "about": ("complaint.about_",),
}
"""Answers chosen from a list: name of the answer to the possible prefixes of its values' keys. The
terms of the ticket's items are tried first."""

_DATES = frozenset({"child_birth_date"})
_NUMBER = re.compile(r"([A-Z]{2}(?:-[0-9A-Z]{3,4}){2,4})")
"""A ticket number, as in ``js/cards.js``; also matches other desks' numbers and mistyped ones."""


class Localizer:
    """Texts and formats in an agent's language; ``w`` in templates.

    Args:
        services: the console's services, for the catalog, agents' names and the time zone.
        locale: the language.
    """

    def __init__(self, services: ConsoleServices, locale: str) -> None:
        self._services = services
        self._locale = locale
        self._zone = ZoneInfo(services.zone)

    # -- terms -------------------------------------------------------------------------------

    def _text(self, key: str, **args: Any) -> str:
        return self._services.catalog.text(self._locale, key, args)

    def _text_or(self, key: str, default: str) -> str:
        try:
            return self._text(key)
        except KeyError:
            return default

    def sentence(self, key: str, **args: Any) -> str:
        """Return a text by its full key."""
        return self._text(key, **args)

    def term(self, family: str, member: str) -> str:
        """Return the name of a member of an enumeration, capitalised.

        Args:
            family: the prefix of the enumeration's keys.
            member: the value of the member; returned as it is if it has no name.
        """
        return capitalize_first(self._text_or(f"{family}.{member}", member))

    def terms(self, family: str, members: Iterable[str]) -> str:
        """Return the names of members of an enumeration as a list in words."""
        return self.join(self._text_or(f"{family}.{member}", member) for member in members)

    def word(self, family: str, member: str) -> str:
        """Return the same as ``term``, but an empty text if the member has no name."""
        return capitalize_first(self._text_or(f"{family}.{member}", ""))

    def split_at_numbers(self, text: str) -> list[str]:
        """Split a text at ticket numbers; the parts with an odd index are numbers."""
        return _NUMBER.split(text)

    def kind(self, ticket: Ticket) -> str:
        """Return the kind of a ticket's request."""
        return self.term("kind", ticket.kind.value)

    def state(self, ticket: Ticket) -> str:
        """Return a ticket's outcome, or its state while it is open."""
        if ticket.outcome is not None:
            # The terms of outcomes speak to the requester.
            if ticket.outcome is Outcome.WITHDRAWN:
                return self._text("web.case.state.withdrawn")
            return self.term("ticket.outcome", ticket.outcome.value)
        if ticket.has_unexamined_evidence:
            return self._text("web.case.state.examine")
        return self._text(f"web.case.state.{ticket.state.value}")

    def scope(self, ticket: Ticket) -> str:
        """Return which data, purposes or wishes a request names; nothing that its requester wrote.

        Empty for kinds without such names.
        """
        family = TERM_FAMILIES.get(ticket.kind)
        names = dict.fromkeys(item_name(item) for item in ticket.items) if family else ()
        terms = [self._text_or(f"{family}.{name}", "") for name in names]
        named = [term for term in terms if term]
        return self.join(named) if named else ""

    def item(self, ticket: Ticket, item: ScopeItem) -> str:
        """Return a requested item with the requester's words about it; see ``part``."""
        return self._item(ticket, item, quoted=True)

    def part(self, ticket: Ticket, item: ScopeItem) -> str:
        """Return a requested item, with the old and new value for a correction.

        The requester's words are left out, unless only they tell it from another item.
        """
        name = self._item(ticket, item, quoted=False)
        names = [self._item(ticket, other, quoted=False) for other in ticket.items]
        return name if names.count(name) == 1 else self.item(ticket, item)

    def task_items(self, ticket: Ticket, task: Task) -> str:
        """Return what a task concerns: items of its request, or all of it."""
        if not task.items:
            return self._text("web.tasks.whole")
        return self.join([self.part(ticket, ticket.items[index]) for index in task.items])

    def _item(self, ticket: Ticket, item: ScopeItem, *, quoted: bool) -> str:
        renderer = self._services.renderer
        label = renderer.item_label(ticket, item, self._locale, quoted=quoted)
        label = label or self.kind(ticket)
        value = self._services.renderer.detail_value
        new, old = (value(item, name, self._locale) for name in ("new_value", OLD_VALUE))
        if new and old:
            return f"{label} · {old} → {new}"
        return f"{label} → {new}" if new else label

    def ground(self, name: str) -> str:
        """Return the name of a ground for refusal."""
        return self.term("ground", name)

    def flags(self, ticket: Ticket) -> list[tuple[str, str]]:
        """Return the value and the name of each of a ticket's flags."""
        return [
            (flag, self._text_or(f"web.case.flag.{flag}", flag)) for flag in sorted(ticket.flags)
        ]

    def assurance(self, level: Assurance) -> str:
        """Return the name of a level of assurance."""
        return self._text(f"web.case.assurance.{level.name.lower()}")

    def requester(self, ticket: Ticket) -> str:
        """Return the role of a ticket's requester."""
        return self._text(f"web.case.requester.{ticket.requester.value}")

    def fault(self, reason: str) -> str:
        """Return the message for an error's reason, to be shown at its field."""
        return self._text(f"web.error.{reason}")

    def unmet_condition(self, name: str) -> str:
        """Return the description of a condition that a decision doesn't meet yet."""
        return self._text(f"web.error.lack_{name}")

    def inbox_view(self, name: str) -> str:
        """Return the name of a view of the inbox."""
        return self._text(f"web.inbox.view.{name}")

    def number(self, value: int) -> str:
        """Return a number as people write it."""
        return str(self._services.catalog.value(self._locale, {"$number": value}))

    def confirmation(self, action: str) -> str:
        """Return the confirmation that an action was done; empty for an unknown action."""
        return self._text_or(f"web.case.done.{action}", "") if action else ""

    def access_subject(self, about: str) -> str:
        """Return the subject of an entry of the access log; route patterns stay as they are."""
        return " → ".join(
            self.word("web.console.role", part)
            or self.word("web.console.access_of", part.replace(" ", "_"))
            or part
            for part in about.split(" -> ")
        )

    def variable(self, name: str) -> str:
        """Return the description of a placeholder in text modules."""
        return self._text(f"web.texts.variable_{name}")

    def relation(self, ticket: Ticket, other: Ticket) -> str:
        """Return the relation of a linked ticket to this one."""
        later = ticket if ticket.linked == other.id else other
        relation = "duplicate" if later.outcome is Outcome.DUPLICATE else "objection"
        direction = "of_other" if later is ticket else "other"
        return self._text(f"web.case.relation.{relation}_{direction}")

    def opening(self, ticket: Ticket) -> str:
        """Return the message that a request began with; empty if an answer begins with it, too."""
        message = str(ticket.answers.get(OPENING_ANSWER, ""))
        answers = (str(value) for name, value in ticket.answers.items() if name != OPENING_ANSWER)
        return "" if any(answer.startswith(message) for answer in answers) else message

    def shares_words(self, ticket: Ticket) -> bool:
        """Whether all items have the same words of the requester, so that one quote is enough."""
        return len({words_of(item) for item in ticket.items}) == 1

    def own_words(self, ticket: Ticket) -> str:
        """Return the requester's words about the request as a whole; see also ``opening``."""
        words = words_of(ticket.items[0]) if self.shares_words(ticket) else ""
        if any(words in str(answer) for answer in ticket.answers.values()):
            words = ""
        return "\n".join(filter(None, (self.opening(ticket), words)))

    def answers(self, ticket: Ticket) -> list[tuple[str, str]]:
        """Return name and value of the requester's answers, except those that an item shows."""
        items = {self.item(ticket, item) for item in ticket.items}
        answers = [
            (self._text_or(f"web.case.fact.{name}", name), self._answer(ticket.kind, name, value))
            for name, value in ticket.answers.items()
            if name != OPENING_ANSWER and value not in (None, "", [], ticket.contact)
        ]
        return [(name, value) for name, value in answers if value not in items]

    def _answer(self, kind: RequestKind, name: str, value: Any) -> str:
        if isinstance(value, bool):
            return self._text("web.case.yes") if value else self._text("web.case.no")
        if name in _DATES:
            return self._services.catalog.value(self._locale, {"$day": value})
        if name in _CHOICES and isinstance(value, list):
            return self.join(self._answer(kind, name, choice) for choice in value)
        if name in _CHOICES:
            prefixes = (f"{TERM_FAMILIES.get(kind, kind)}.", *_CHOICES[name])
            texts = (self._text_or(f"{prefix}{value}", "") for prefix in prefixes)
            return capitalize_first(next((text for text in texts if text), str(value)))
        return self._services.catalog.value(self._locale, value)

    # -- reports -----------------------------------------------------------------------------

    def report(self, name: str, default: str | None = None, **args: Any) -> str:
        """Return a text of the reports.

        Args:
            name: the key of the text, below ``web.report``.
            default: returned if there is no such text; without it, ``KeyError`` is raised.
            **args: values for the text's placeholders.
        """
        try:
            return self._text(f"web.report.{name}", **args)
        except KeyError:
            if default is None:
                raise
            return default

    def join(self, texts: Iterable[str]) -> str:
        """Join texts to a list, with the separator of the language."""
        return self._services.catalog.value(self._locale, {"$texts": list(texts)})

    def failed_attempts(self, row: AttemptGroup) -> str:
        """Return what was attempted without success, and how often."""
        return self._text(f"web.case.attempt.{row.last.kind.value}", count=row.count)

    def alarm(self, alarm: StaffAlarm) -> str:
        """Return the description of an alarm."""
        return self.alarm_kind(alarm.kind)

    def alarm_kind(self, kind: AlarmKind) -> str:
        """Return the description of alarms of a kind."""
        return self._text(f"web.duty.alarm.{kind.value}")

    def outage_length(self, length: timedelta) -> str:
        """Return the length of an outage: in minutes, or in seconds if it was below a minute."""
        unit = 60 if length >= timedelta(minutes=1) else 1
        seconds = round(length.total_seconds() / unit) * unit
        return self._text("web.duty.outage_lasted", lasted={"$span": seconds})

    def waited(self, length: timedelta) -> str:
        """Return how long somebody has waited, in minutes or larger units."""
        seconds = max(int(length.total_seconds()) // 60 * 60, 60)
        return self._text("web.home.waited", span={"$span": seconds})

    def availability(self, standing: str) -> str:
        """Return the name of an agent's availability."""
        return self._text(f"web.duty.state.{standing}")

    def is_queued_while_closed(self, conversation: Conversation) -> bool:
        """Whether the user asked for an agent outside opening hours."""
        since = conversation.queued_at
        return since is not None and not self._services.attendance.hours.is_open(since)

    # -- people, log entries and notices -----------------------------------------------------

    def link_state(self, link: TicketingLink) -> str:
        """Return the state of a ticket's link to a ticketing system."""
        standing = link.status
        at = link.due_at if standing is LinkStatus.FAILING else link.synced_at
        return self._text(
            f"web.case.ticketing_state.{standing.value}", time=self.date_time(at) if at else ""
        )

    def agent(self, name: str) -> str:
        """Return an agent's display name; the name itself if there is no such agent."""
        agent = self._services.agents.get(name)
        return agent.display_name if agent is not None else name

    def agents(self, names: Iterable[str]) -> list[str]:
        """Return the display names of agents."""
        return [self.agent(name) for name in names]

    def actor(self, entry: LogEntry) -> str:
        """Return the author of an entry in a ticket's log."""
        if entry.by in _PROGRAMS:
            return self._text(f"web.case.by.{entry.by}")
        return self.agent(entry.by)

    def action(self, entry: LogEntry) -> str:
        """Return the action in an entry of a ticket's log, and its outcome if there is one."""
        action, _, outcome = entry.what.partition(":")
        text = self._text_or(f"web.case.log.{action}", action)
        if not outcome:
            return text
        return f"{text} · {self._text_or(f'web.case.log_outcome.{outcome}', outcome)}"

    def reason(self, entry: LogEntry) -> str:
        """Return the reason in a log entry; empty if it has none to show."""
        if entry.what in {"assign", "files_allowed"}:
            return self.agent(entry.why)
        # A purged entry has lost its reason and most of its data.
        if entry.by == NOTICE_LOG_AUTHOR:
            channel = self._text_or(f"web.case.notice_way.{entry.data.get('way', '')}", "")
            return _join_parts(channel, self._notice_reason(entry.why))
        other_ticket = entry.data.get("into") or entry.data.get("from")
        if other_ticket:
            return _join_parts(other_ticket, entry.why)
        return "" if entry.what in {"filed", "evidence_opened"} else entry.why

    def call_action(self, call: AccountCallStatus) -> str:
        """Return the action that the account service was asked for."""
        return self._text_or(f"web.case.log.{call.action}", call.action)

    def call_outcome(self, call: AccountCallStatus) -> str:
        """Return the state or outcome of a call."""
        return call_texts.outcome_text(self._text_or, call)

    def call_reason(self, reason: str) -> str:
        """Return why the account service refused a call."""
        return call_texts.reason_text(self._text_or, reason)

    def call_item(self, item: ItemResult) -> str:
        """Return the result of a call for one item."""
        return call_texts.item_text(self._services.catalog, self._locale, self._text_or, item)

    def attempt_outcome(self, attempt: DeliveryAttempt) -> str:
        """Return the outcome of one attempt of a call."""
        return call_texts.attempt_text(self._text_or, attempt)

    def notice(self, notice: Delivery) -> str:
        """Return the occasion and the channel of a notice."""
        occasion = self._text(f"web.case.notice.{notice.action}")
        return f"{occasion} · {self._text('web.case.notice_way.' + notice.payload['way'])}"

    def notice_state(self, notice: Delivery) -> str:
        """Return the state of a notice."""
        payload, tries = notice.payload, int(notice.payload.get("tried", 0))
        if notice.state is not DeliveryState.OPEN:
            return self._text(f"web.case.notice_state.{payload['outcome']}", count=tries)
        return self._text(f"web.case.notice_state.{'tried' if tries else 'queued'}", count=tries)

    def next_notice_attempt(self, notice: Delivery) -> str:
        """Return when a notice is tried next; empty if it is finished."""
        if notice.state is not DeliveryState.OPEN:
            return ""
        return self._text("web.case.notice_next", time=self.date_time(notice.due_at))

    def notice_reason(self, notice: Delivery) -> str:
        """Return why a notice was not sent yet, or not at all; empty if it was sent."""
        return self._notice_reason(str(notice.payload.get("reason", "")))

    def _notice_reason(self, reason: str) -> str:
        other = self._text("web.case.notice_reason.other")
        return self._text_or(f"web.case.notice_reason.{reason}", other) if reason else ""

    def grounds(self, entry: LogEntry) -> str:
        """Return the grounds for refusal in a decision's log entry."""
        ground = str(entry.data.get("ground", ""))
        refused = entry.data.get("refused")
        names = list(refused.values()) if isinstance(refused, dict) else ground.split(", ")
        return " · ".join(self.ground(name) for name in dict.fromkeys(names) if name)

    def agreed(self, entry: LogEntry) -> str:
        """Return which wording the requester agreed to; empty if the entry records none."""
        agreed = entry.data.get("agreed")
        if not agreed:
            return ""
        keys = " ".join(agreed["keys"])
        return self._text("web.case.agreed", texts=keys, version=agreed["version"])

    def sender(self, event: Event) -> str:
        """Return the sender of an event in a conversation."""
        if event.sender is Sender.AGENT:
            return event.author
        return self._text(f"web.case.sender.{event.sender.value}")

    def weekday(self, day: date) -> str:
        """Return the abbreviated day of the week."""
        return self._text(f"web.case.weekday.{day.isoweekday()}")

    @cached_property
    def today(self) -> date:
        """The current date in the operator's time zone."""
        return self._services.clock.now().astimezone(self._zone).date()

    def deadline_calendar(self, progress: DeadlineProgress) -> DeadlineCalendar:
        """Return the calendar of a deadline as of today."""
        return deadline_calendar(progress, self.today)

    def verification(self, ticket: Ticket, log: Sequence[LogEntry]) -> str:
        """Return how the requester was verified, and which agent accepted the evidence."""
        accepted = [
            entry for entry in log if entry.what == "examine" and entry.data.get("accepted")
        ]
        method = self._verification_method(ticket)
        if not accepted:
            return method
        return self._text("web.case.proof", how=method, agent=self.agent(accepted[-1].by))

    def _verification_method(self, ticket: Ticket) -> str:
        if ticket.required_assurance is not Assurance.NONE:
            return self.assurance(ticket.required_assurance)
        # The kind of request requires no verification: name the login or contact that there was.
        if ticket.account_hash is not None:
            return self.assurance(Assurance.APP_SESSION)
        if ticket.contact_hash is not None:
            return self._text("web.case.proof_contact")
        return self.assurance(Assurance.NONE)

    def calendar(self, code: str) -> str:
        """Return the name of a calendar: that of its country, or else its code."""
        name: str = LOCALES[self._locale].babel.territories.get(code, code)
        return name

    # -- dates and times ---------------------------------------------------------------------

    def day(self, day: date, *, year: bool = False) -> str:
        """Return a date in full, with or without its year."""
        return self._services.catalog.value(self._locale, {"$date": day.isoformat(), "year": year})

    def short_day(self, day: date) -> str:
        """Return a date in short form, with its year unless that is the current one."""
        value = {"$date": day.isoformat(), "short": True, "year": day.year != self.today.year}
        return self._services.catalog.value(self._locale, value)

    def bare_day(self, day: date) -> str:
        """Return day and month of a date."""
        return self._services.catalog.value(self._locale, bare_date(day))

    def date_time(self, at: datetime) -> str:
        """Return date and time of an instant in the operator's time zone."""
        local = at.astimezone(self._zone)
        return f"{self.short_day(local.date())} {local:%H:%M}"

    def day_of(self, at: datetime) -> str:
        """Return the date of an instant in the operator's time zone, in short form."""
        return self.short_day(at.astimezone(self._zone).date())

    def timestamp(self, at: datetime | None) -> str:
        """Return an instant in the operator's time zone in sortable form; empty for None."""
        return "" if at is None else f"{at.astimezone(self._zone):%Y-%m-%d %H:%M}"

    def local_day(self, at: datetime) -> date:
        """Return the date of an instant in the operator's time zone."""
        return at.astimezone(self._zone).date()

    def time(self, at: datetime) -> str:
        """Return the time of day of an instant in the operator's time zone."""
        return f"{at.astimezone(self._zone):%H:%M}"

    @property
    def zone(self) -> str:
        """The name of the operator's time zone."""
        now = self._services.clock.now()
        value = {"$time": now.isoformat(), "zone": self._services.zone}
        return self._services.catalog.value(self._locale, value).partition("（")[2].rstrip(
            "）"
        ) or (self._services.zone)

    def lang(self, locale: str) -> str:
        """Return the BCP 47 language tag of a locale, for ``lang`` attributes."""
        return LANGUAGE_TAGS.get(locale, "")

    def in_language(self, locale: str, key: str) -> str:
        """Return a text in another language than the agent's."""
        return self._services.catalog.text(locale, key, {})

    def team(self, name: str) -> str:
        """Return what a team is called; the desk itself for an empty name."""
        teams = self._services.staff.tasks.teams
        if not name:
            return self._text("web.tasks.desk")
        return teams[name].label(self._locale) if name in teams else name

    def language(self, locale: str) -> str:
        """Return the name of a locale's language in that language."""
        return self._services.catalog.text(locale, "web.language.name", {})


def _join_parts(*parts: str) -> str:
    return " · ".join(part for part in parts if part)


def localizer_of(request: web.Request) -> Localizer:
    """Return the localizer for the language of the request's reader."""
    return Localizer(request.config_dict[SERVICES], request[LOCALE])
