"""A turn being written: the mutable side of one decision, thrown away when it is made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from privacydesk.dialog.desk_choices import leave_queue_choice, more_choices
from privacydesk.dialog.ownership import belongs_to, owners_of
from privacydesk.dialog.rules import Rules
from privacydesk.dialog.running import Running
from privacydesk.domain.choices_memo import FixedChoices
from privacydesk.domain.conversation import (
    Owner,
    OwnerKind,
    PendingCall,
    Prompt,
    RequestDraft,
)
from privacydesk.domain.effects import Effect, RaiseAlarm, RecordAttempt
from privacydesk.domain.events import Choice, Event, EventKind, InputKind, Sender
from privacydesk.domain.failed_attempts import (
    MANY_ATTEMPTS_ALARM,
    Attempt,
    AttemptKind,
    append_attempt,
    are_look_ups_spent,
    exceed_limit,
)
from privacydesk.domain.identity import Assurance, Target, Verification
from privacydesk.domain.intents import Intent
from privacydesk.domain.quotes import PolicyAnswer
from privacydesk.domain.ticket import Ticket
from privacydesk.domain.turn import Needs, Observation, Snapshot, Turn
from privacydesk.domain.verification_codes import Challenge

ANSWER: Final = "answer_request"
"""The flow in which a requester answers what staff asked."""


class NeedsMore(Exception):  # noqa: N818 - a signal to the service, not a fault
    """The step wants rows that were not locked for it; the job goes back to *observe*."""

    def __init__(self, needs: Needs) -> None:
        super().__init__("more rows are needed")
        self.needs = needs


class Script:
    """Collects what a turn says and does, on a thawed copy of the snapshot."""

    __slots__ = (
        "answered_beside",
        "attempts",
        "before",
        "bereaved",
        "challenges",
        "danger_at",
        "desk_calls",
        "effects",
        "events",
        "explained",
        "is_present",
        "job_id",
        "last_filed",
        "last_said_at",
        "locale",
        "locale_from",
        "mended",
        "minor_hint",
        "now",
        "observed",
        "offered",
        "origin",
        "owner",
        "pending_requests",
        "prompt",
        "queued_at",
        "reachable_at",
        "replied",
        "rules",
        "said",
        "saw",
        "serial",
        "stack",
        "suggested",
        "tickets_shown",
        "to_rate",
        "unanswered",
        "verifications",
        "version",
        "whole_message",
    )

    def __init__(
        self, snapshot: Snapshot, observed: Observation, rules: Rules, now: datetime, job_id: str
    ) -> None:
        conversation = snapshot.conversation
        self.before = conversation
        self.observed = observed
        self.rules = rules
        self.now = now
        self.job_id = job_id
        self.version = conversation.version
        self.locale = conversation.locale
        self.locale_from = conversation.locale_from
        self.owner = conversation.owner
        self.stack = [Running.of(frame) for frame in conversation.stack]
        self.prompt = conversation.prompt
        self.verifications = conversation.verifications
        # A result from outside has no origin of its own: it belongs to the visitor who caused it.
        self.origin = observed.origin or conversation.origin
        self.queued_at = conversation.queued_at
        self.unanswered = conversation.unanswered
        self.serial = conversation.serial
        self.desk_calls = conversation.desk_calls
        self.last_said_at = conversation.last_said_at
        # What was explained before a long pause may be explained again.
        idle = conversation.last_said_at is not None and (
            now - conversation.last_said_at >= rules.idle
        )
        self.explained = frozenset() if idle else conversation.explained
        self.minor_hint = conversation.minor_hint
        self.bereaved = conversation.bereaved
        self.danger_at = conversation.danger_at
        self.reachable_at = conversation.reachable_at
        self.attempts = conversation.attempts
        self.pending_requests: tuple[RequestDraft, ...] = conversation.pending_requests
        self.last_filed = conversation.last_filed
        self.replied = conversation.replied
        self.to_rate = conversation.to_rate
        self.challenges = dict(snapshot.challenges)
        self.tickets_shown = snapshot.tickets
        # The user's text of this turn, without side questions that were already answered; the whole
        # message; and, below, the request that an answer suggests.
        self.said = ""
        self.whole_message = ""
        # The offset of the question they saw; 0 if that is not known.
        self.saw = 0
        # Whether a side question was answered, so that the user got a response.
        self.answered_beside = False
        # Whether a form was moved to a new version of its flow, whose question was not put yet.
        self.mended = False
        self.suggested: Intent | None = None
        # What may be done with the request that was just shown.
        self.offered: tuple[Choice, ...] = ()
        # Whether the user takes this turn: only then their session proves anything.
        self.is_present = True
        self.events: list[Event] = []
        self.effects: list[Effect] = []

    # -- what is known -------------------------------------------------------------------

    @property
    def account(self) -> str:
        """The account the user is logged in to; empty without a token."""
        return self.before.account

    @property
    def saw_question(self) -> bool:
        """Whether the user replied to the question that is open, as far as that is known."""
        return self.saw == 0 or (self.prompt is not None and self.saw == self.prompt.offset)

    @property
    def answers_question(self) -> bool:
        """Whether the user is known to have replied to the question that is open."""
        return self.prompt is not None and self.saw == self.prompt.offset

    @property
    def top(self) -> Running | None:
        """The innermost running flow."""
        return self.stack[-1] if self.stack else None

    def form_at(self, place: int | None = None) -> int:
        """Return where the form of a frame, by default the innermost one, begins on the stack.

        Flows that a form called lie right above it.
        """
        at = len(self.stack) - 1 if place is None else place
        while at > 0 and self.stack[at].called:
            at -= 1
        return max(at, 0)

    def unconfirm(self) -> None:
        """Clear all confirmations: a yes covers what was known then, and nothing said after it."""
        for frame in self.stack:
            frame.confirmed_at = None

    def form_end(self, begin: int) -> int:
        """Return the place just above a form and all that it called."""
        end = begin + 1
        while end < len(self.stack) and self.stack[end].called:
            end += 1
        return end

    @property
    def needs(self) -> Needs:
        """What was fetched for this turn so far."""
        return self.observed.needs or Needs()

    def challenge_of(self, target: Target) -> Challenge:
        """Return the counter row of ``target``.

        Raises:
            NeedsMore: the row was not locked for this turn.
        """
        return self.counters(target.counter())[0]

    def counters(self, *names: str) -> tuple[Challenge, ...]:
        """Return counter rows by their names.

        Raises:
            NeedsMore: one was not locked for this turn; all of them are asked for at once.
        """
        known = self.needs.challenges
        if not all(name in self.challenges for name in names):
            wanted = tuple(dict.fromkeys((*known, *names)))
            raise NeedsMore(replace(self.needs, challenges=wanted))
        return tuple(self.challenges[name] for name in names)

    def tickets_of(self, whose: str) -> tuple[Ticket, ...]:
        """Return a person's tickets; ``whose`` is ``account:<id>`` or ``contact:<value>``.

        Raises:
            NeedsMore: they were not read for this turn.
        """
        if not whose:
            return ()
        if self.needs.tickets_of != whose:
            raise NeedsMore(replace(self.needs, tickets_of=whose))
        # A number that the user named may have fetched somebody else's ticket, too.
        owners = whose.splitlines()
        return tuple(
            ticket
            for ticket in self.tickets_shown
            if any(belongs_to(ticket, owner, self.before.id) for owner in owners)
        )

    def ticket_numbered(self, number: str) -> Ticket | None:
        """Return the ticket with a number, of any owner: the caller has to check whose it is.

        Who has named many numbers of others finds only their own requests for a while.
        """
        if are_look_ups_spent(self.attempts, self.now) and self.ticket_proof(number) is None:
            owners = owners_of(self.account, self.verifications, self.now, self.rules.fresh)
            return next((t for t in self.tickets_of(owners) if t.number == number), None)
        if self.needs.ticket_number != number:
            raise NeedsMore(replace(self.needs, ticket_number=number))
        return next((t for t in self.tickets_shown if t.number == number), None)

    def ticket_with_id(self, ticket_id: bytes) -> Ticket | None:
        """Return the ticket with an id.

        Raises:
            NeedsMore: it was not read for this turn.
        """
        return self.tickets_with_ids((ticket_id,))[0]

    def tickets_with_ids(self, ticket_ids: Sequence[bytes]) -> tuple[Ticket | None, ...]:
        """Return the tickets with these ids; None in the place of one that does not exist.

        Raises:
            NeedsMore: one was not read for this turn; all of them are asked for at once, since a
                turn is begun anew only a few times.
        """
        found: dict[bytes, Ticket] = {one.id: one for one in self.tickets_shown}
        wanted = self.needs.ticket_ids
        missing = [one for one in ticket_ids if one not in found and one not in wanted]
        if missing:
            raise NeedsMore(replace(self.needs, ticket_ids=(*wanted, *missing)))
        return tuple(found.get(one) for one in ticket_ids)

    def is_held(self, account: str) -> bool:
        """Return whether a legal hold keeps what an account has.

        Raises:
            NeedsMore: it was not looked up for this turn.
        """
        if self.needs.held_account != account:
            raise NeedsMore(replace(self.needs, held_account=account))
        return self.observed.held

    def queue(self) -> tuple[bool, int]:
        """Return whether a person can be reached now, and the user's place in the queue."""
        if not self.needs.queue:
            raise NeedsMore(replace(self.needs, queue=True))
        return self.observed.staffed, self.observed.queue_place

    def opening(self) -> dict[str, Any]:
        """Return when staff begin to read again, as ``opens``; empty if that is not known.

        Called only if ``queue`` said that nobody can be reached.
        """
        at = self.observed.opens_at
        if at is None:
            return {}
        return {"opens": {"$time": at.isoformat(), "zone": self.rules.zone}}

    @property
    def app_name(self) -> str:
        """What the operator calls the app, in the conversation's language."""
        return self.rules.app_in(self.locale)

    @property
    def today(self) -> date:
        """The operator's day."""
        return self.now.astimezone(ZoneInfo(self.rules.zone)).date()

    def policy(self, question: str) -> PolicyAnswer | None:
        """Return what the policy says to a question; None when none was imported.

        Raises:
            NeedsMore: it was not searched for this turn.
        """
        asked = self.needs.questions
        if question not in asked:
            raise NeedsMore(replace(self.needs, questions=(*asked, question)))
        return self.observed.policy.get(question)

    def is_verified(self, account: str, level: Assurance) -> Verification | None:
        """Return a fresh proof for ``account`` at ``level`` or higher."""
        if not account:
            return None
        if level <= Assurance.APP_SESSION and account == self.account and self.is_present:
            return Verification(account, Assurance.APP_SESSION, self.now)
        return self._proof(account, level)

    def contact_proof(self, contact: str) -> Verification | None:
        """Return a fresh proof that the user controls a typed contact."""
        return self._proof(f"contact:{contact}", Assurance.NONE)

    def ticket_proof(self, number: str) -> Verification | None:
        """Return a fresh proof that the user controls the contact of a ticket."""
        return self._proof(f"ticket:{number}", Assurance.NONE)

    def _proof(self, subject: str, level: Assurance) -> Verification | None:
        return next(
            (
                proof
                for proof in reversed(self.verifications)
                if proof.covers(subject, level, self.now, self.rules.fresh)
            ),
            None,
        )

    def code_was_sent(self) -> bool:
        """Whether a message may hold a code; codes are not kept."""
        return any("_target" in frame.slots for frame in self.stack)

    # -- what is said ---------------------------------------------------------------------

    def append(
        self,
        sender: Sender,
        kind: EventKind,
        *,
        key: str = "",
        args: Mapping[str, Any] | None = None,
        text: str = "",
        choices: tuple[Choice, ...] = (),
        input_kind: InputKind | None = None,
        data: Mapping[str, Any] | None = None,
        author: str = "",
    ) -> int:
        """Append an event and return its offset. The first one of a turn carries the job's id."""
        self.version += 1
        self.events.append(
            Event(
                offset=self.version,
                at=self.now,
                sender=sender,
                kind=kind,
                key=key,
                args=args or {},
                text=text,
                locale=self.locale,
                choices=choices,
                input=input_kind,
                data=data or {},
                job_id="" if self.events else self.job_id,
                author=author,
            )
        )
        return self.version

    def say(
        self,
        key: str,
        args: Mapping[str, Any] | None = None,
        *,
        kind: EventKind = EventKind.TEXT,
        data: Mapping[str, Any] | None = None,
    ) -> None:
        """Say a sentence as the assistant; while an agent speaks, as a plain notice."""
        self.append(self._voice, kind, key=key, args=args, data=data)

    def explain(self, key: str, args: Mapping[str, Any] | None = None) -> None:
        """Say an explanation, unless it was said in this visit already."""
        if key not in self.explained:
            self.explained |= {key}
            self.say(key, args)

    @property
    def _voice(self) -> Sender:
        by_agent = self.owner.kind is OwnerKind.AGENT
        return Sender.SYSTEM if by_agent else Sender.ASSISTANT

    def ask(
        self,
        key: str,
        args: Mapping[str, Any] | None = None,
        choices: Iterable[Choice] = (),
        *,
        kind: EventKind = EventKind.TEXT,
        input_kind: InputKind | None = None,
        serial: int = 0,
        told: tuple[RequestDraft, ...] = (),
        data: Mapping[str, Any] | None = None,
    ) -> None:
        """Ask as the assistant; from here on only these choices are live.

        Args:
            key: the question's key.
            args: its arguments.
            choices: the buttons.
            kind: the event's kind.
            input_kind: what may be entered.
            serial: the serial of the frame that asks; 0 for none.
            told: requests that a choice may begin, with what was already said about them.
            data: what a card shows beside the question.
        """
        # ``tuple`` would copy fixed choices, which are recognised by identity.
        offered = choices if isinstance(choices, FixedChoices) else tuple(choices)
        offset = self.append(
            Sender.ASSISTANT,
            kind,
            key=key,
            args=args,
            choices=offered,
            input_kind=input_kind,
            data=data,
        )
        self.prompt = Prompt(offset=offset, choices=offered, serial=serial, requests=told)

    def offer_more(self, *first: Choice) -> None:
        """Offer the menu and a person below what the assistant said last in this turn.

        If it said nothing, it asks whether there is anything else. ``first`` are offered before.
        """
        choices = (*first, *more_choices()) if first else more_choices()
        last = self.events[-1] if self.events else None
        if last is None or last.sender is not Sender.ASSISTANT or last.choices:
            self.ask("desk.anything_else", {}, choices)
            return
        self.events[-1] = replace(last, choices=choices)
        self.prompt = Prompt(offset=last.offset, choices=choices)

    def show_ticket(self, ticket: Mapping[str, Any], *, folded: bool = False) -> None:
        """Show a ticket's card.

        Args:
            ticket: a symbol or an id that the service resolves.
            folded: whether its state alone is wanted.
        """
        data = {"ticket": ticket, "folded": True} if folded else {"ticket": ticket}
        self.append(self._voice, EventKind.TICKET, data=data)

    # -- whose turn ------------------------------------------------------------------------

    def own(
        self,
        kind: OwnerKind,
        key: str,
        args: Mapping[str, Any],
        agent: str = "",
    ) -> None:
        """Change the owner, and tell the user; one who is now queued is offered to leave."""
        choices = (leave_queue_choice(),) if kind is OwnerKind.QUEUE else ()
        offset = self.append(
            Sender.SYSTEM,
            EventKind.OWNER,
            key=key,
            args=args,
            choices=choices,
            data={"owner": kind.value, "agent": args.get("agent", "")},
        )
        if choices:
            self.prompt = Prompt(offset=offset, choices=choices)
        before = self.owner
        waits = self.queued_at or before.waited_from or self.now
        waited_from = waits if kind is OwnerKind.AGENT else None
        self.owner = Owner(kind, agent, offset, since=self.now, waited_from=waited_from)
        if kind is OwnerKind.ASSISTANT and before.kind is OwnerKind.AGENT:
            # A person has seen to it.
            self.danger_at = None
        if kind is OwnerKind.QUEUE:
            # A user who lost their agent has been waiting since before.
            self.queued_at = waits
        else:
            self.queued_at = None

    def push(self, flow: str, start: str, slots: Mapping[str, Any], *, called: bool) -> Running:
        """Push a frame."""
        frame = self._frame(flow, start, slots, called=called)
        self.stack.append(frame)
        return frame

    def lay_under(self, flow: str, start: str, slots: Mapping[str, Any]) -> None:
        """Put a frame below all others: it continues when they have ended."""
        self.stack.insert(0, self._frame(flow, start, slots, called=False))

    def _frame(self, flow: str, start: str, slots: Mapping[str, Any], *, called: bool) -> Running:
        self.serial += 1
        return Running(
            flow=flow,
            state=start,
            started_at=self.now,
            serial=self.serial,
            slots=dict(slots),
            called=called,
        )

    @property
    def owes_answer(self) -> bool:
        """Whether a question of staff waits below the open form."""
        return any(frame.flow == ANSWER for frame in self.stack[: self.form_at()])

    def wait_for(self, frame: Running, action: str) -> str:
        """Mark a frame as waiting for an outside service and return the wait's name."""
        ref = f"{frame.serial}.{self.version}.{len(self.effects)}"
        frame.waiting = PendingCall(ref=ref, action=action, since=self.now)
        return ref

    def note_attempt(self, kind: AttemptKind, number: str = "", *, locks: bool = False) -> None:
        """Record a failed attempt for staff; many attempts raise an alarm.

        Args:
            kind: what failed.
            number: number of the ticket it was about; empty for none.
            locks: whether it was the last one for now.
        """
        ticket = self.ticket_numbered(number) if number else None
        self.attempts = append_attempt(self.attempts, Attempt(self.now, kind, number))
        self.effects.append(RecordAttempt(kind, ticket.id if ticket else None, locks))
        if exceed_limit(self.attempts, self.now):
            self.effects.append(RaiseAlarm(MANY_ATTEMPTS_ALARM))

    def _waiting_prompt(self) -> Prompt | None:
        """Return the prompt of a queued user while nothing else is asked: to leave the queue."""
        if self.owner.kind is not OwnerKind.QUEUE:
            return None
        return Prompt(offset=self.owner.offset, choices=(leave_queue_choice(),))

    def unsay(self) -> None:
        """Take back the last event of this turn."""
        self.events.pop()
        self.version -= 1

    # -- the end ---------------------------------------------------------------------------

    def turn(self) -> Turn:
        """Return the finished turn."""
        conversation = replace(
            self.before,
            version=self.version,
            locale=self.locale,
            locale_from=self.locale_from,
            owner=self.owner,
            stack=tuple(frame.freeze() for frame in self.stack),
            prompt=self.prompt or self._waiting_prompt(),
            verifications=self.verifications,
            queued_at=self.queued_at,
            unanswered=self.unanswered,
            serial=self.serial,
            desk_calls=self.desk_calls,
            last_said_at=self.last_said_at,
            explained=self.explained,
            origin=self.origin,
            minor_hint=self.minor_hint,
            bereaved=self.bereaved,
            danger_at=self.danger_at,
            reachable_at=self.reachable_at,
            attempts=self.attempts,
            pending_requests=self.pending_requests,
            last_filed=self.last_filed,
            replied=self.replied,
            to_rate=self.to_rate,
        )
        return Turn(
            snapshot=Snapshot(conversation, self.challenges, self.tickets_shown),
            events=tuple(self.events),
            effects=tuple(self.effects),
        )
