"""What the documentation promises, each sentence with the check that it holds in every state."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from tests.common.model_check.desk import (
    ACCOUNT,
    CONTACT,
    HOME,
    INSTANTS,
    NUMBERS,
    PERIOD,
    RULES,
    START,
    Case,
    Talk,
    content_of,
    conversation_of,
    sees,
)
from tests.common.model_check.explorer import Parts, StateRule, StepRule
from tests.common.model_check.steps import (
    AWAY_PART,
    FIRST,
    HOME_PART,
    SECOND,
    TIME,
    VERDICTS,
    Scope,
)

from privacydesk.domain.account_terms import AccountAction
from privacydesk.domain.conversation import OwnerKind
from privacydesk.domain.deliveries import Delivery
from privacydesk.domain.retention import plan_purge
from privacydesk.domain.tasks import TaskResult
from privacydesk.domain.ticket import Outcome, Ticket, TicketState

_DESTRUCTIVE: Final = frozenset({AccountAction.DELETE, AccountAction.DEREGISTER})
_OWN: Final = conversation_of(HOME, ACCOUNT)
_STRANGER: Final = conversation_of(b"s" * 16, "u-2")  # type: ignore[arg-type]
_FRESH: Final = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Promise:
    """A sentence of the documentation.

    Attributes:
        name: names the check in messages.
        document: the file under ``docs``.
        section: the heading that it stands under.
        sentence: the words, as they stand there.
    """

    name: str
    document: str
    section: str
    sentence: str
    rules: tuple[StepRule | StateRule, ...]


def _tickets(before: Parts, after: Parts) -> Iterator[tuple[Ticket, Ticket]]:
    """Yield the requests that a step changed, before and after it."""
    for one, other in zip(before, after, strict=True):
        if isinstance(one, Case) and one.ticket is not None and one != other:
            assert other.ticket is not None, "a request is gone"
            yield one.ticket, other.ticket


def _each_case(check: Callable[[str, Parts, Parts], None], name: str) -> tuple[StepRule, ...]:
    return tuple(StepRule(name, (TIME, place), check) for place in (FIRST, SECOND))


def _each_state(check: Callable[[Parts], None], name: str) -> tuple[StateRule, ...]:
    return tuple(StateRule(name, (TIME, place), check) for place in (FIRST, SECOND))


def _now(at: int) -> datetime:
    return START + INSTANTS[at]


def _orders(before: Case, after: Case) -> list[Delivery]:
    """Return the orders to delete or close that a step added."""
    new = [row for row in after.orders if row not in before.orders]
    if len(after.orders) <= len(before.orders):
        return []
    return [row for row in new if AccountAction(row.action) in _DESTRUCTIVE]


# -- proof and confirmation --------------------------------------------------------------------


def _filed_with_proof(name: str, before: Parts, after: Parts) -> None:
    (_, talk, first), (at, _, later) = before, after
    if later.ticket is None or later.ticket.verified_at is None:
        return
    if first.ticket is not None and first.ticket.verified_at is not None:
        return
    proved = talk.proved_at is not None and _now(at) - talk.proved_at <= _FRESH
    assert proved, "a request to delete is verified without a fresh proof"
    assert "filed" in later.history.agreed, "a request to delete is filed without a yes"


def _orders_agreed(_name: str, before: Parts, after: Parts) -> None:
    (_, earlier), (_, later) = before, after
    for row in _orders(earlier, later):
        ticket = later.ticket
        assert ticket is not None
        assert ticket.verified_at is not None, f"{row.action} is ordered without a proof"
        objects = ticket.linked is not None
        assert objects or "filed" in later.history.agreed, f"{row.action} without a yes"
        if row.action == AccountAction.DEREGISTER:
            assert "closing" in later.history.agreed, "an account is closed without a last yes"


def _closing_confirmed(name: str, before: Parts, after: Parts) -> None:
    (_, talk, *cases), (at, _, *later) = before, after
    if "confirms the closing" not in name:
        return
    for one, other in zip(cases, later, strict=True):
        if other.ticket is None or one.ticket is None or one.ticket.state is other.ticket.state:
            continue
        if other.ticket.state is TicketState.FULFILLING:
            proved = talk.proved_at is not None and _now(at) - talk.proved_at <= _FRESH
            assert proved, "a closing is confirmed without a fresh proof"
            assert "without a yes" not in name, "a closing is confirmed without a yes"


# -- holds -------------------------------------------------------------------------------------


def _is_held(cases: Parts) -> bool:
    """Whether the account is under a hold, from whichever request it was set."""
    return any(case.ticket is not None and "hold" in case.ticket.flags for case in cases)


def _nothing_ordered_on_hold(_name: str, before: Parts, after: Parts) -> None:
    if not _is_held(before):
        return
    for earlier, later in zip(before, after, strict=True):
        for row in _orders(earlier, later):
            raise AssertionError(f"{row.action} is ordered under a hold")


def _nothing_done_on_hold(_name: str, before: Parts, after: Parts) -> None:
    if not _is_held(before):
        return
    for earlier, later in _tickets(before, after):
        for item, other in zip(earlier.items, later.items, strict=True):
            assert other.result in {item.result, "", "refused"}, "deleted or closed under a hold"
        for task, answered in zip(earlier.tasks, later.tasks, strict=False):
            if task.result is answered.result or answered.result is not TaskResult.DONE:
                continue
            granted = [later.items[index].decision != "refuse" for index in answered.items]
            assert not (answered.settles and any(granted)), "carried out under a hold"


# -- decisions ---------------------------------------------------------------------------------


def _closed_stays(_name: str, before: Parts, after: Parts) -> None:
    for earlier, later in _tickets(before, after):
        if earlier.is_open:
            continue
        assert later.state is TicketState.CLOSED, "a closed request is opened again"
        for field in ("outcome", "closed_at", "answered_at", "holder"):
            assert getattr(earlier, field) == getattr(later, field), f"{field} changes afterwards"
        assert _decided(earlier) == _decided(later), "a decision changes after the closing"


def _decided(ticket: Ticket) -> list[tuple[str, object]]:
    return [(item.decision, item.ground) for item in ticket.items]


def _decided_once(name: str, before: Parts, after: Parts) -> None:
    for earlier, later in _tickets(before, after):
        if earlier.answered_at is None:
            continue
        if later.answered_at is None:
            # It goes back to staff, which its requester is told, and its log tells why.
            assert later.state is TicketState.IN_REVIEW, "a decision is taken back silently"
            continue
        assert _decided(earlier) == _decided(later), f"what was decided is changed: {name}"
        assert earlier.answered_at == later.answered_at, "it is answered again"


def _two_agents(name: str, before: Parts, after: Parts) -> None:
    (_, earlier), (_, later) = before, after
    if earlier.ticket is None or later.ticket is None:
        return
    decides = later.ticket.answered_at is not None and earlier.ticket.answered_at is None
    if not decides:
        return
    proposed_by = earlier.history.proposed_by
    by = name.partition(" ")[0]
    assert proposed_by, f"{by} alone decides"
    assert proposed_by != by, f"{by} confirms their own decision"


def _others_decide_objections(name: str, before: Parts, after: Parts) -> None:
    (first, earlier), (_, later) = before, after
    by, _, what = name.partition(" ")
    acts = (*VERDICTS, "confirms", "sends back", "asks about")
    if not name.endswith("the objection") or not what.startswith(acts) or earlier == later:
        return
    assert by not in first.history.took_part, f"{by} took part in the first decision"


def _objected_in_time(_name: str, before: Parts, after: Parts) -> None:
    (_, first, earlier), (at, _, later) = before, after
    if earlier.ticket is not None or later.ticket is None:
        return
    assert first.ticket is not None
    assert first.ticket.closed_at is not None, "an open request is objected to"
    days = (_now(at) - first.ticket.closed_at).days
    assert days <= RULES.objection_days, f"an objection after {days} days"
    assert first.ticket.outcome not in {Outcome.WITHDRAWN, Outcome.LAPSED}, "nothing was decided"


def _lapses_in_time(_name: str, before: Parts, after: Parts) -> None:
    for earlier, later in _tickets(before, after):
        if later.outcome is not Outcome.LAPSED or earlier.outcome is not None:
            continue
        assert later.closed_at is not None
        assert earlier.awaits_requester or earlier.verified_at is None, "a verified request lapses"
        waited = later.closed_at - (earlier.answered_at or earlier.received_at)
        assert waited >= RULES.verification_timeout, "a request lapses early"


# -- clocks ------------------------------------------------------------------------------------


def _clock_starts_once(_name: str, before: Parts, after: Parts) -> None:
    for earlier, later in _tickets(before, after):
        assert earlier.received_at == later.received_at, "it was received at another time"
        if earlier.verified_at is None:
            continue
        assert earlier.verified_at == later.verified_at, "the clock starts again"
        starts = [[clock.started_at for clock in one.clocks] for one in (earlier, later)]
        assert starts[0] == starts[1], "the clock starts again"


def _clock_runs(parts: Parts) -> None:
    ticket = parts[1].ticket
    if ticket is None or not ticket.is_open:
        return
    runs = ticket.state is not TicketState.AWAITING_VERIFICATION
    assert bool(ticket.clocks) == runs, "an unverified request has a clock, or a verified one none"


# -- whose it is -------------------------------------------------------------------------------


def _account_sees(parts: Parts) -> None:
    at, case = parts
    if case.ticket is None:
        return
    assert not sees(_STRANGER, case.ticket, _now(at)), "another account sees it"
    assert sees(_OWN, case.ticket, _now(at)), "its requester does not see it"


def _visitor_sees(parts: Parts) -> None:
    at, away, case = parts
    ticket, now = case.ticket, _now(at)
    if ticket is None or ticket.conversation_id == away.conversation.id:
        return
    proofs = away.conversation.verifications
    subjects = {one.subject for one in proofs if now - one.at <= _FRESH}
    own = {f"contact:{CONTACT}", f"ticket:{ticket.number}"}
    if subjects.isdisjoint(own):
        assert not sees(away.conversation, ticket, now), "a visitor sees it who has shown nothing"


def _owner_alone(name: str, before: Parts, after: Parts) -> None:
    (earlier, *cases), (_, *later) = before, after
    owner = earlier.conversation.owner
    if owner.kind is not OwnerKind.AGENT:
        return
    if name.startswith("the user "):
        assert cases == later, f"the assistant acts while {owner.agent} has the conversation"


def _one_owner(name: str, before: Parts, after: Parts) -> None:
    (earlier,), (later,) = before, after
    owner, by = earlier.conversation.owner, name.partition(" ")[0]
    if owner.kind is OwnerKind.AGENT and owner != later.conversation.owner:
        assert by == owner.agent, f"{by} takes the conversation from {owner.agent}"


# -- retention ---------------------------------------------------------------------------------


def _kept_while_needed(_name: str, before: Parts, after: Parts) -> None:
    (_, *cases), (at, *later) = before, after
    for case, other in zip(cases, later, strict=True):
        ticket = case.ticket
        if ticket is None or ticket.purged_at is not None or other.ticket.purged_at is None:
            continue
        assert not _is_held(tuple(cases)), "a request is purged while its account is under a hold"
        _check_may_go(ticket, cases, _now(at))


def _check_may_go(ticket: Ticket, cases: list[Case], now: datetime) -> None:
    assert ticket.closed_at is not None, "an open request is purged"
    assert now - ticket.closed_at >= PERIOD, "a request is purged before its period is over"
    assert "hold" not in ticket.flags, "a request under a hold is purged"
    for case in cases:
        objection = case.ticket
        if objection is None or objection.linked != ticket.id:
            continue
        assert objection.closed_at is not None, "a request is purged that is objected to"
        assert now - objection.closed_at >= PERIOD, "purged before its objection is due"
        assert "hold" not in objection.flags, "purged while its objection is held"


def _spans_stay(parts: Parts) -> None:
    at, *cases = parts
    content = content_of(Talk(_OWN), tuple(cases))
    blanks = plan_purge(content, _now(at) - PERIOD).purge.blanks
    gone = {line.offset for line in content.lines} & {
        offset for first, last in blanks for offset in range(first, last + 1)
    }
    for line in content.lines:
        for ticket in content.tickets:
            if ticket.purged_at is not None or line.offset not in gone:
                continue
            begun = ticket.received_at <= line.at
            if begun and (ticket.closed_at is None or line.at <= ticket.closed_at):
                _check_may_go(ticket, cases, _now(at))


def _records_are_bare(parts: Parts) -> None:
    ticket = parts[1].ticket
    if ticket is None or ticket.purged_at is None:
        return
    for field in ("account", "contact", "answers", "packages", "scheduled_events", "phone_hash"):
        assert not getattr(ticket, field), f"a record has {field}"
    for item in ticket.items:
        words = (*item.detail, item.reason, item.granted)
        assert not any(words), "a record has words of an item"
    assert not any(task.asked or task.note for task in ticket.tasks), "a record has a task's words"
    assert ticket.work.told is None, "a record has what was told"
    assert ticket.work.proposal is None, "a record has a proposal"
    assert ticket.number in NUMBERS
    assert ticket.outcome is not None
    assert ticket.account_hash is not None, "a record is not found by its requester"


def _records_stay(_name: str, before: Parts, after: Parts) -> None:
    for earlier, later in _tickets(before, after):
        if earlier.purged_at is None:
            continue
        assert earlier == later, "a record is changed"


# -- what was granted --------------------------------------------------------------------------


def _granted_is_done(parts: Parts) -> None:
    case = parts[1]
    ticket = case.ticket
    if ticket is None:
        return
    open_orders = len(case.orders)
    if ticket.state is TicketState.FULFILLING:
        assert ticket.work.left == open_orders, "an order was forgotten, or made twice"
        assert open_orders or ticket.open_tasks, "what was granted is waited for by nothing"
    elif ticket.state is not TicketState.AWAITING_CONFIRMATION:
        assert not open_orders, "an order is open for a request that waits for none"
    if not ticket.is_open:
        assert not ticket.open_tasks, "a closed request has an open task"
    if ticket.outcome is Outcome.FULFILLED and ticket.purged_at is None:
        undone = [item for item in ticket.items if item.decision != "grant"]
        assert not undone, "it is told to be fulfilled, and something was not granted"


def _objects_once(parts: Parts) -> None:
    (first, second) = parts
    if second.ticket is not None and first.ticket is not None:
        assert first.ticket.work.objection == second.ticket.id.hex() or first.ticket.purged_at
        assert second.ticket.linked == first.ticket.id, "an objection to nothing"


def promises(scope: Scope) -> list[Promise]:
    """Return what is checked of a scope."""
    found = [
        Promise(
            "proof and yes to file",
            "architecture.md",
            "## Identity",
            "no path reaches an action without its assurance, nor a destructive one without a"
            " confirmation",
            (StepRule("proof and yes to file", (TIME, HOME_PART, FIRST), _filed_with_proof),),
        ),
        Promise(
            "nothing deleted without proof and yes",
            "glossary.md",
            "# Glossary",
            "It needs a confirmation besides assurance.",
            _each_case(_orders_agreed, "nothing deleted without proof and yes"),
        ),
        Promise(
            "the user has the last word",
            "commands.md",
            "## Agents",
            "Granting it only approves it: the user confirms last.",
            (
                StepRule(
                    "the user has the last word",
                    (TIME, HOME_PART, FIRST, SECOND),
                    _closing_confirmed,
                ),
            ),
        ),
        Promise(
            "nothing ordered under a hold",
            "retention.md",
            "## Legal holds",
            "no decision on any request about it can have data deleted, the account closed or a"
            " login unbound",
            (StepRule("nothing ordered under a hold", (FIRST, SECOND), _nothing_ordered_on_hold),),
        ),
        Promise(
            "nothing done under a hold",
            "retention.md",
            "## Legal holds",
            "What was ordered before and the account service has not begun with is not sent to it",
            (StepRule("nothing done under a hold", (FIRST, SECOND), _nothing_done_on_hold),),
        ),
        Promise(
            "closed for good",
            "retention.md",
            "## The record that stays",
            "number, kind, dates and clocks, outcome, the decision and ground of each item",
            _each_case(_closed_stays, "closed for good"),
        ),
        Promise(
            "decided once",
            "console.md",
            "### Decisions",
            "tells the user nothing and stops no clock, until another agent confirms it",
            _each_case(_decided_once, "decided once"),
        ),
        Promise(
            "objections are decided by others",
            "console.md",
            "### Decisions",
            "**Objections** are decided by somebody who took no part in the first decision.",
            (
                StepRule(
                    "objections are decided by others", (FIRST, SECOND), _others_decide_objections
                ),
            ),
        ),
        Promise(
            "objections in time",
            "operator-profile.md",
            "## Decisions",
            "how long after closing the requester may object",
            (StepRule("objections in time", (TIME, FIRST, SECOND), _objected_in_time),),
        ),
        Promise(
            "one objection",
            "dialogs.md",
            "## Actions",
            "A decision takes one objection",
            (StateRule("one objection", (FIRST, SECOND), _objects_once),),
        ),
        Promise(
            "lapses in time",
            "operator-profile.md",
            "## Identity",
            "after this an unverified request lapses",
            _each_case(_lapses_in_time, "lapses in time"),
        ),
        Promise(
            "the clock starts once",
            "architecture.md",
            "## Deadlines and scheduled events",
            "A clock starts when the ticket is verified, or at receipt where the regime says so.",
            (
                *_each_case(_clock_starts_once, "the clock starts once"),
                *_each_state(_clock_runs, "the clock starts once"),
            ),
        ),
        Promise(
            "nobody else sees it",
            "retention.md",
            "## The record that stays",
            "Without a login the number is not enough, and no code can be sent to a contact that"
            " is not stored.",
            (
                *_each_state(_account_sees, "nobody else sees it"),
                *(
                    StateRule("nobody else sees it", (TIME, AWAY_PART, place), _visitor_sees)
                    for place in (FIRST, SECOND)
                ),
            ),
        ),
        Promise(
            "the assistant is silent beside an agent",
            "architecture.md",
            "## Staff",
            "While an agent owns the conversation, the engine logs what the user writes and adds"
            " nothing.",
            (
                StepRule(
                    "the assistant is silent beside an agent",
                    (HOME_PART, FIRST, SECOND),
                    _owner_alone,
                ),
            ),
        ),
        Promise(
            "one owner",
            "architecture.md",
            "## How typed text is interpreted",
            "one owner of a conversation",
            (StepRule("one owner", (HOME_PART,), _one_owner),),
        ),
        Promise(
            "kept while needed",
            "retention.md",
            "## What goes, and when",
            "a request that was objected to, until the objection itself is due for deletion;",
            (
                StepRule("kept while needed", (TIME, FIRST, SECOND), _kept_while_needed),
                StateRule("kept while needed", (TIME, FIRST, SECOND), _spans_stay),
            ),
        ),
        Promise(
            "records are bare",
            "retention.md",
            "## The record that stays",
            "Names, accounts, contacts, reasons and words are gone.",
            _each_state(_records_are_bare, "records are bare"),
        ),
        Promise(
            "records stay",
            "retention.md",
            "## The record that stays",
            "Nothing can be added to a record.",
            _each_case(_records_stay, "records stay"),
        ),
        Promise(
            "what is granted is done",
            "console.md",
            "### Decisions",
            "it becomes [tasks](#tasks), and the request stays open until they are answered.",
            _each_state(_granted_is_done, "what is granted is done"),
        ),
    ]
    if scope.second_eyes:
        found.append(
            Promise(
                "two agents",
                "agents-guide.md",
                "## A second pair of eyes",
                "Nobody confirms their own decision.",
                _each_case(_two_agents, "two agents"),
            )
        )
    return found
