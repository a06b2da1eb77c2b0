"""What people, the clock and the account service may try in the model check."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from msgspec.structs import replace
from tests.common.model_check.desk import (
    ACCOUNT,
    AWAY,
    CONTACT,
    HOME,
    IDS,
    INSTANTS,
    NUMBERS,
    PERIOD,
    START,
    Case,
    Rows,
    Talk,
    answer_of,
    content_of,
    conversation_of,
    drive,
    standing_at,
    text,
    tidy_case,
    tidy_talk,
)
from tests.common.model_check.explorer import Action, Parts, Refused

from privacydesk.domain.account import ItemResult
from privacydesk.domain.account_terms import AccountOutcome, ItemOutcome
from privacydesk.domain.conversation import OwnerKind
from privacydesk.domain.grounds import Ground
from privacydesk.domain.identity import Target, TargetKind
from privacydesk.domain.intents import RequestKind
from privacydesk.domain.retention import plan_purge
from privacydesk.domain.tasks import TaskResult
from privacydesk.domain.ticket import Outcome, Ticket, TicketState
from privacydesk.services.staff.preconditions import Refusal, Verdict
from privacydesk.services.staff.services import StaffServices
from privacydesk.services.staff.tasks import NewTask

TIME, HOME_PART, AWAY_PART, FIRST, SECOND = range(5)
CASES: Final = (FIRST, SECOND)
CASE_NAMES: Final = ("the request", "the objection")
ALL_CASES: Final = (TIME, HOME_PART, AWAY_PART, FIRST, SECOND)

_CONTACT: Final = Target(TargetKind.CONTACT, CONTACT)
_REFUSAL: Final = Refusal(Ground.LAW, "a law keeps it")
VERDICTS: Final[Mapping[str, Verdict]] = {
    "grants": Verdict(text="done"),
    "grants, as carried out,": Verdict(text="done", carried_out=True),
    "refuses": Verdict(whole=_REFUSAL),
    "refuses an item of": Verdict(text="done", refused={0: _REFUSAL}),
    "grants an item in part of": Verdict(
        text="done", refused={0: Refusal(_REFUSAL.ground, _REFUSAL.reason, "the newest ones")}
    ),
}


@dataclass(frozen=True, slots=True)
class Scope:
    """What one exploration is about.

    Attributes:
        kind: the kind of the request.
        slots: the answers of its form.
        verdicts: the decisions that are tried, by their names in ``VERDICTS``.
        second_eyes: whether a second agent confirms decisions.
        with_tasks: whether items are handed to a team.
        instants: how many of the instants are reached.
    """

    kind: RequestKind
    slots: Mapping[str, Any] = field(default_factory=dict)
    verdicts: tuple[str, ...] = ("grants", "refuses")
    second_eyes: bool = False
    with_tasks: bool = False
    with_claims: bool = False
    agents: tuple[str, ...] = ("ann", "bob", "sue")
    instants: int = len(INSTANTS)

    @property
    def eyes(self) -> frozenset[RequestKind]:
        return frozenset({self.kind}) if self.second_eyes else frozenset()


def start() -> Parts:
    """Return the state in which nobody has done anything yet."""
    home, away = Talk(conversation_of(HOME, ACCOUNT)), Talk(conversation_of(AWAY))
    return (0, home, away, Case(), Case())


def actions(scope: Scope) -> list[Action]:
    """Return all that may be tried."""
    return [
        *_of_time(scope),
        *_of_requester(scope),
        *_of_visitor(),
        *(action for place in (0, 1) for action in _of_staff(scope, place)),
        *_of_owners(),
        *(action for place in (0, 1) for action in _of_the_desk(place)),
    ]


# -- the clock ---------------------------------------------------------------------------------


def _of_time(scope: Scope) -> Iterator[Action]:
    def tick(parts: Parts) -> Parts:
        at, home, away = parts
        if at + 1 >= scope.instants:
            raise Refused
        # An expired proof is kept for one instant, which is enough to see it relied on.
        return (at + 1, *(_without_old_proofs(talk, START + INSTANTS[at]) for talk in (home, away)))

    def purge(parts: Parts) -> Parts:
        at, home, first, second = parts
        rows = Rows(START + INSTANTS[at], (home,), (first, second))
        content = content_of(home, (first, second))
        held = drive(rows.holds().held_among(*content.accounts))
        if not plan_purge(content, rows.at - PERIOD, held).purge:
            raise Refused
        drive(rows.purge(content))
        return (at, tidy_talk(rows, home), *_tidied(rows, (first, second)))

    yield Action("time passes", (TIME, HOME_PART, AWAY_PART), tick)
    yield Action("retention runs", (TIME, HOME_PART, FIRST, SECOND), purge)


def _without_old_proofs(talk: Talk, since: datetime) -> Talk:
    proofs = tuple(one for one in talk.conversation.verifications if one.at >= since)
    proved_at = None if talk.proved_at is None or talk.proved_at < since else talk.proved_at
    return Talk(replace(talk.conversation, verifications=proofs), proved_at)


def _tidied(rows: Rows, cases: tuple[Case, Case]) -> tuple[Case, Case]:
    first, second = (
        tidy_case(rows, case, ticket_id) for case, ticket_id in zip(cases, IDS, strict=True)
    )
    return first, second


# -- users -------------------------------------------------------------------------------------


def _user_action(
    name: str,
    part: int,
    flow: str,
    step: str,
    slots: Callable[[Case, Case], Mapping[str, Any]],
    *,
    yes: bool | int | None = None,
    agrees_to: str = "",
    about: int = 0,
    both: bool = False,
    only_if: Callable[[Case, Case], bool] = lambda _first, _second: True,
) -> Action:
    """Return the step of a user who has come to a step of a flow.

    Args:
        yes: whether they said yes to what it does; the number of an earlier instant for one said
            then.
        agrees_to: what the yes is to, as the explorer notes it.
        about: the place of the case that it concerns.
        both: whether it may look at the objection, too.
    """

    def run(parts: Parts) -> Parts:
        at, talk, *cases = parts
        first, second = (*cases, Case()) if len(cases) == 1 else cases
        if not only_if(first, second):
            raise Refused
        now = START + INSTANTS[at]
        confirmed_at = None
        if yes is not None and yes is not False:
            confirmed_at = now if yes is True else START + INSTANTS[yes]
        rows = Rows(now, (talk,), (first, second))
        given = slots(first, second)
        rows.advance(standing_at(talk, flow, step, now, given, confirmed_at=confirmed_at), text())
        after = list(_tidied(rows, (first, second)))
        if agrees_to and after[about] != cases[about] and confirmed_at == now:
            after[about] = _agreed(after[about], agrees_to)
        return (at, tidy_talk(rows, talk), *after[: len(cases)])

    return Action(name, (TIME, part, *(CASES if both else CASES[:1])), run)


def _agreed(case: Case, what: str) -> Case:
    agreed = tuple(sorted({*case.history.agreed, what}))
    return replace(case, history=replace(case.history, agreed=agreed))


def _ticket_slot(place: int) -> Callable[[Case, Case], Mapping[str, Any]]:
    return lambda _first, _second: {
        "ticket": IDS[place].hex(),
        "reason": "not so",
        "answer": "this one",
    }


def _exists(place: int) -> Callable[[Case, Case], bool]:
    return lambda first, second: (first, second)[place].ticket is not None


def _is_asked(first: Case, _second: Case) -> bool:
    return first.ticket is not None and first.ticket.state is TicketState.AWAITING_REQUESTER


def _is_open(place: int) -> Callable[[Case, Case], bool]:
    def check(*cases: Case) -> bool:
        ticket = cases[place].ticket
        return ticket is not None and ticket.is_open

    return check


def _may_be_objected_to(first: Case, second: Case) -> bool:
    """One objection is explored; after a withdrawn one the next would be the same again."""
    withdrawn = second.ticket is not None and second.ticket.outcome is Outcome.WITHDRAWN
    return first.ticket is not None and not withdrawn


def _may_be_filed(first: Case, second: Case) -> bool:
    """One request is explored; filing again takes up one that waits for a proof."""
    return first.ticket is None or (first.ticket.verified_at is None and first.ticket.is_open)


def _of_requester(scope: Scope) -> Iterator[Action]:
    kind = scope.kind.value

    def filled(_first: Case, _second: Case) -> Mapping[str, Any]:
        return {**scope.slots, "contact": CONTACT}

    def prove(parts: Parts) -> Parts:
        at, talk = parts
        now = START + INSTANTS[at]
        proved = _with_code(talk, "verify", Target(TargetKind.ACCOUNT_PHONE, ACCOUNT), {}, at)
        proved = _with_code(proved, "verify_contact", _CONTACT, {"contact": CONTACT}, at)
        return (at, replace(proved, proved_at=now))

    yield Action("the user enters a right code", (TIME, HOME_PART), prove)
    for name, yes in (("says yes and files", True), ("files without a yes", None)):
        yield _user_action(
            f"the user {name}",
            HOME_PART,
            kind,
            "file",
            filled,
            yes=yes,
            agrees_to="filed",
            only_if=_may_be_filed,
        )
    yield _user_action(
        "the user files with a yes of the start", HOME_PART, kind, "file", filled, yes=0,
        agrees_to="filed", only_if=_may_be_filed,
    )  # fmt: skip
    yield _user_action(
        "the user files without showing who they are", HOME_PART, kind, "file_waiting", filled,
        only_if=lambda first, _second: first.ticket is None,
    )  # fmt: skip
    for part, who in ((HOME_PART, "the user"), (AWAY_PART, "the visitor")):
        yield _user_action(
            f"{who} withdraws the request", part, "cancel_request", "withdraw", _ticket_slot(0),
            yes=True, only_if=_exists(0),
        )  # fmt: skip
        yield _user_action(
            f"{who} objects", part, "objection", "file", _ticket_slot(0),
            yes=True, both=True, only_if=_may_be_objected_to,
        )  # fmt: skip
    yield _user_action(
        "the user withdraws the objection", HOME_PART, "cancel_request", "withdraw",
        _ticket_slot(1), yes=True, both=True, only_if=_is_open(1),
    )  # fmt: skip
    yield _user_action(
        "the user answers staff", HOME_PART, "answer_request", "give", _ticket_slot(0),
        only_if=_is_asked,
    )  # fmt: skip
    if scope.kind is RequestKind.DEREGISTRATION:
        for place, about in enumerate(CASE_NAMES):
            for name, yes in (("", True), (" without a yes", None)):
                yield _user_action(
                    f"the user confirms the closing of {about}{name}",
                    HOME_PART, "confirm_closing", "close", _ticket_slot(place),
                    yes=yes, agrees_to="closing", about=place, both=True,
                    only_if=_exists(place),
                )  # fmt: skip


def _with_code(talk: Talk, flow: str, target: Target, slots: Mapping[str, Any], at: int) -> Talk:
    """Return a conversation whose user entered the code that was sent to a target."""
    now = START + INSTANTS[at]
    rows = Rows(now, (talk,), ())
    given = {**slots, "_target": target.label()}
    rows.advance(standing_at(talk, flow, "check", now, given), text(), code=True)
    return tidy_talk(rows, talk)


def _of_visitor() -> Iterator[Action]:
    """Yield what the same person does from a conversation without a login."""

    def by_number(parts: Parts) -> Parts:
        at, talk, first = parts
        if first.ticket is None or not first.ticket.contact:
            raise Refused  # no code is sent
        slots = {"number": NUMBERS[0]}
        target = Target(TargetKind.TICKET_CONTACT, NUMBERS[0])
        return (at, _with_code(talk, "return_to_ticket", target, slots, at), first)

    def by_contact(parts: Parts) -> Parts:
        at, talk, first = parts
        if first.ticket is None or first.ticket.purged_at is None:
            raise Refused  # the number does until then
        slots = {"contact": CONTACT}
        return (at, _with_code(talk, "verify_contact", _CONTACT, slots, at), first)

    yield Action("the visitor enters the code of the number", (TIME, AWAY_PART, FIRST), by_number)
    yield Action("the visitor enters the code of the contact", (TIME, AWAY_PART, FIRST), by_contact)


# -- staff -------------------------------------------------------------------------------------

Act = Callable[[StaffServices, Ticket], Coroutine[Any, Any, Any]]


def _staff_action(
    scope: Scope,
    name: str,
    by: str,
    place: int,
    act: Act,
    *,
    takes_part: bool = False,
    both: bool = False,
    only_if: Callable[[Ticket], bool] = lambda _ticket: True,
) -> Action:
    """Return the step of an agent; ``both`` if it depends on the holds of either case."""
    places = CASES if both else (CASES[place],)

    def run(parts: Parts) -> Parts:
        at, *cases = parts
        case = cases[place if both else 0]
        ticket = case.ticket
        if ticket is None or not only_if(ticket):
            raise Refused
        talk = Talk(conversation_of(ticket.conversation_id))
        rows = Rows(START + INSTANTS[at], (talk,), tuple(cases))
        drive(act(rows.staff(scope.eyes), ticket))
        after = tidy_case(rows, case, ticket.id)
        history = after.history
        if takes_part:
            took_part = tuple(sorted({*history.took_part, by}))
            history = replace(history, took_part=took_part)
        assert after.ticket is not None
        waits = after.ticket.work.proposal is not None
        if waits and ticket.work.proposal is None:
            history = replace(history, proposed_by=by)
        elif not waits and after.ticket.answered_at is None:
            history = replace(history, proposed_by="")
        after = replace(after, history=history)
        return (at, *(after if one is case else one for one in cases))

    return Action(f"{by} {name} {CASE_NAMES[place]}", (TIME, *places), run)


def _of_staff(scope: Scope, place: int) -> Iterator[Action]:
    for by in scope.agents:
        yield from _of_worker(scope, place, by)
    yield _staff_action(
        scope, "asks about", "ann", place,
        lambda staff, ticket: staff.handling.ask_requester(ticket.number, "ann", "which?"),
        takes_part=True,
    )  # fmt: skip
    for what in ("holds", "releases the hold of"):
        yield _staff_action(scope, what, "sue", place, _hold(what))
    if scope.with_tasks and place == 0:
        yield from _of_team(scope)


def _hold(what: str) -> Act:
    def act(staff: StaffServices, ticket: Ticket) -> Coroutine[Any, Any, Any]:
        set_or_clear = staff.holds.set_hold if what == "holds" else staff.holds.clear_hold
        return set_or_clear(ticket.number, "sue", "a court asks")

    return act


def _of_worker(scope: Scope, place: int, by: str) -> Iterator[Action]:
    def claim(staff: StaffServices, ticket: Ticket) -> Coroutine[Any, Any, Any]:
        return staff.handling.claim(ticket.number, by, expected_holder=None)

    if scope.with_claims and place == 0:
        yield _staff_action(scope, "claims", by, place, claim)
    for name in scope.verdicts:
        yield _staff_action(
            scope, name, by, place, _decide(by, VERDICTS[name]), takes_part=True, both=True
        )
    if scope.second_eyes:
        yield _staff_action(
            scope, "confirms the decision on", by, place,
            lambda staff, ticket: staff.decisions.confirm(ticket.number, by, seen=ticket.version),
            takes_part=True, both=True,
        )  # fmt: skip
        yield _staff_action(
            scope, "sends back the decision on", by, place,
            lambda staff, ticket: staff.decisions.send_back(
                ticket.number, by, "no", seen=ticket.version
            ),
            takes_part=True,
        )  # fmt: skip


def _decide(by: str, verdict: Verdict) -> Act:
    return lambda staff, ticket: staff.decisions.decide(ticket.number, by, verdict)


def _of_team(scope: Scope) -> Iterator[Action]:
    yield _staff_action(
        scope, "gives a task of", "sue", 0,
        lambda staff, ticket: staff.tasks.create(
            ticket.number, "sue", NewTask("payments", (0,), accept_late=True)
        ),
        only_if=lambda ticket: not ticket.tasks,
    )  # fmt: skip
    for result in (TaskResult.DONE, TaskResult.NOT_POSSIBLE):
        for by in ("pay", "sue"):
            yield _staff_action(
                scope, f"answers the last task ({result.value}) of", by, 0, _answer(by, result),
                both=True,
            )  # fmt: skip
    yield _staff_action(
        scope, "withdraws the last task of", "sue", 0,
        lambda staff, ticket: staff.tasks.withdraw(
            ticket.number, len(ticket.tasks), "sue", "not needed"
        ),
    )  # fmt: skip


def _answer(by: str, result: TaskResult) -> Act:
    return lambda staff, ticket: staff.tasks.answer(
        ticket.number, len(ticket.tasks), by, result, "so"
    )


def _of_owners() -> Iterator[Action]:
    """Yield how agents take the conversation over and give it back."""
    for by in ("ann", "bob"):
        for name in ("takes over", "hands back"):
            yield Action(f"{by} {name} the conversation", (TIME, HOME_PART), _own(by, name))


def _own(by: str, name: str) -> Callable[[Parts], Parts]:
    def run(parts: Parts) -> Parts:
        at, talk = parts
        if by == "bob" and talk.conversation.owner.kind is not OwnerKind.AGENT:
            raise Refused  # as the first agent would
        rows = Rows(START + INSTANTS[at], (talk,), ())
        takeover = rows.takeover()
        command = takeover.take if name == "takes over" else takeover.hand_back
        drive(command(talk.conversation.id.hex(), by))
        return (at, tidy_talk(rows, talk))

    return run


# -- the account service and the clock ---------------------------------------------------------


def _of_the_desk(place: int) -> Iterator[Action]:
    about = CASE_NAMES[place]
    for outcome in (AccountOutcome.OK, AccountOutcome.REFUSED):
        yield Action(
            f"the account service answers {outcome.value} for {about}",
            (TIME, *CASES),
            _settle(outcome, place),
        )

    def due(parts: Parts) -> Parts:
        at, case = parts
        ticket, now = case.ticket, START + INSTANTS[at]
        if ticket is None or ticket.next_due_at is None or ticket.next_due_at > now:
            raise Refused
        rows = Rows(now, (Talk(conversation_of(ticket.conversation_id)),), (case,))
        drive(rows.scheduled_events().execute_due(ticket))
        return (at, tidy_case(rows, case, ticket.id))

    yield Action(f"the clock acts on {about}", (TIME, CASES[place]), due)


def _settle(outcome: AccountOutcome, place: int) -> Callable[[Parts], Parts]:
    def run(parts: Parts) -> Parts:
        at, *cases = parts
        case = cases[place]
        ticket = case.ticket
        if ticket is None or not case.orders:
            raise Refused
        talk = Talk(conversation_of(ticket.conversation_id))
        rows = Rows(START + INSTANTS[at], (talk,), tuple(cases))
        row, answer = case.orders[0], answer_of(outcome)
        if outcome is AccountOutcome.OK:
            names = (ticket.items[index].name for index in row.payload["items"])
            items = tuple(ItemResult(name, ItemOutcome.DONE) for name in names)
            answer = replace(answer, items=items)
        drive(rows.settle(row, answer))
        after = tidy_case(rows, case, ticket.id)
        return (at, *(after if one is case else one for one in cases))

    return run
