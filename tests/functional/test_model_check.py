"""What the documentation promises holds in every state that people, staff and clock lead to.

The explorer tries everything at every moment: proofs, filing, withdrawing and objecting, decisions
by several agents, holds, tasks, answers of the account service, scheduled events, retention. The
product's own code decides each step. ``promises`` lists each sentence with its check; decision 056
tells what is bounded, and what is checked elsewhere.

``MODEL_CHECK_STATES`` sets how many states are visited, a few thousand by default.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Hashable, Iterator
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest
import structlog
from msgspec.structs import replace
from tests.common.model_check.explorer import Exploration, Explorer, StateRule, StepRule
from tests.common.model_check.promises import promises
from tests.common.model_check.steps import Scope, actions, start
from transitions import Machine

from privacydesk.dialog import options, ownership, permits
from privacydesk.dialog.actions import own_tickets
from privacydesk.dialog.script import Script
from privacydesk.domain import effects, identity, retention, ticket_moves
from privacydesk.domain.deliveries import Delivery
from privacydesk.domain.intents import RequestKind
from privacydesk.domain.ticket import TicketState
from privacydesk.domain.ticket_moves import Move
from privacydesk.services import retention_run
from privacydesk.services.account_requests import AccountRequests
from privacydesk.services.retention_run import Retention
from privacydesk.services.staff import actions as actions_of_staff
from privacydesk.services.staff import preconditions
from privacydesk.services.staff.decisions import Decisions

DOCS: Final = Path(__file__).parents[2] / "docs"
LIMIT: Final = int(os.environ.get("MODEL_CHECK_STATES", "4000"))
"""The most states of an exploration."""

DELETION: Final = Scope(RequestKind.DELETION, {"categories": ["posts"]}, agents=("ann", "bob"))
CLOSING: Final = Scope(RequestKind.DEREGISTRATION, second_eyes=True)
TASKS: Final = Scope(
    RequestKind.DELETION,
    {"categories": ["posts", "comments"]},
    ("grants", "refuses an item of", "grants an item in part of"),
    with_tasks=True,
    with_claims=True,
    agents=("ann", "sue"),
    instants=2,
)

FILED: Final = ("the user enters a right code", "the user says yes and files")
REFUSED: Final = (*FILED, "ann refuses the request")
OBJECTED: Final = (*REFUSED, "the user objects")
LATER: Final = ("time passes",)
APPROVED: Final = (*FILED, "ann grants the request", "bob confirms the decision on the request")


def explored(scope: Scope, limit: int, first_steps: tuple[str, ...] = ()) -> Exploration:
    encode = msgspec.msgpack.Encoder(order="deterministic").encode

    def key(part: Any) -> Hashable:
        return part if isinstance(part, int) else encode(part)

    rules = [rule for promise in promises(scope) for rule in promise.rules]
    explorer = Explorer(
        actions(scope),
        [rule for rule in rules if isinstance(rule, StepRule)],
        [rule for rule in rules if isinstance(rule, StateRule)],
        key,
    )
    return explorer.explore(start(), limit, first_steps)


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Log none of the alarms of thousands of overdue requests."""
    quiet = structlog.make_filtering_bound_logger(logging.CRITICAL)
    before = structlog.get_config()
    structlog.configure(wrapper_class=quiet)
    yield
    structlog.configure(**before)


@pytest.mark.parametrize(
    ("scope", "first_steps"),
    [
        (DELETION, ()),
        (DELETION, (*OBJECTED, *LATER, *LATER)),
        (CLOSING, ()),
        (CLOSING, APPROVED),
        (CLOSING, (*REFUSED, "bob confirms the decision on the request", "the user objects")),
        (TASKS, FILED),
    ],
    ids=[
        "deletion",
        "deletion-objected",
        "closing",
        "closing-approved",
        "closing-objected",
        "tasks",
    ],
)
def test_what_is_promised_holds_in_every_state(scope: Scope, first_steps: tuple[str, ...]) -> None:
    found = explored(scope, LIMIT, first_steps)
    assert found.violation is None, str(found.violation)
    assert found.complete or found.states >= LIMIT


def test_every_promise_stands_in_the_documentation() -> None:
    for promise in promises(CLOSING):
        page = (DOCS / promise.document).read_text()
        assert f"{promise.section}\n" in page, promise
        words = " ".join(page.replace("\n- ", " ").split())
        assert promise.sentence in words, promise


# -- planted faults ----------------------------------------------------------------------------

Plant = Callable[[pytest.MonkeyPatch], None]


def _withdrawing_while_fulfilling(patch: pytest.MonkeyPatch) -> None:
    withdraw = {
        "trigger": Move.WITHDRAW,
        "source": TicketState.FULFILLING.value,
        "dest": TicketState.CLOSED.value,
    }
    machine = Machine(
        model=None,
        states=[state.value for state in TicketState],
        transitions=[*ticket_moves._TRANSITIONS, withdraw],
        initial=TicketState.AWAITING_VERIFICATION.value,
        auto_transitions=False,
    )
    patch.setattr(ticket_moves, "_MACHINE", machine)


def _keeping_contacts(patch: pytest.MonkeyPatch) -> None:
    record = retention.record_of
    patch.setattr(
        retention_run,
        "record_of",
        lambda ticket, now: replace(record(ticket, now), contact=ticket.contact),
    )


def _forgotten_participants(patch: pytest.MonkeyPatch) -> None:
    opened = effects.OpenTicket
    patch.setattr(
        own_tickets,
        "OpenTicket",
        lambda **values: opened(**{**values, "excluded_reviewers": ()}),
    )


def _open_tasks_at_the_end(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(ticket_moves, "end_tasks", lambda tasks, _now: tasks)


def _holds_of_one_request(patch: pytest.MonkeyPatch) -> None:
    async def none(*_: Any) -> tuple[()]:
        return ()

    patch.setattr(AccountRequests, "held_on", none)


def _purging_whatever_is_held(patch: pytest.MonkeyPatch) -> None:
    async def none(*_: Any) -> frozenset[str]:
        return frozenset()

    patch.setattr(retention, "HOLD", "nothing")
    patch.setattr(Retention, "_held", none)


def _restarting_clock(patch: pytest.MonkeyPatch) -> None:
    def restart(ticket: Any, **changes: Any) -> Any:
        state = changes.get("state")
        again = {"clocks": ()} if state is TicketState.AWAITING_REQUESTER else {}
        return replace(ticket, **changes, **again)

    patch.setattr(ticket_moves, "replace", restart)


def _set(owner: Any, name: str, value: Any) -> Plant:
    return lambda patch: patch.setattr(owner, name, value)


PLANTS: Final[dict[str, tuple[Scope, tuple[str, ...], str, Plant]]] = {
    "a request may be withdrawn while it is carried out": (
        DELETION,
        FILED,
        "what is granted is done",
        _withdrawing_while_fulfilling,
    ),
    "decisions don't look at holds": (
        DELETION,
        FILED,
        "nothing ordered under a hold",
        _set(preconditions, "is_held", lambda *_: False),
    ),
    "a hold binds its own request alone": (
        DELETION,
        OBJECTED,
        "nothing ordered under a hold",
        _holds_of_one_request,
    ),
    "what was ordered is sent whatever is held": (
        DELETION,
        FILED,
        "nothing done under a hold",
        _set(Delivery, "is_accepted", True),
    ),
    "a closing is confirmed whatever is held": (
        CLOSING,
        APPROVED,
        "nothing ordered under a hold",
        _set(Script, "is_held", lambda *_: False),
    ),
    "retention doesn't look at objections": (
        DELETION,
        (*OBJECTED, *LATER, *LATER),
        "kept while needed",
        _set(retention, "_is_objected", lambda *_: False),
    ),
    "retention doesn't look at holds": (
        DELETION,
        (*REFUSED, *LATER, *LATER),
        "kept while needed",
        _purging_whatever_is_held,
    ),
    "a proof never expires": (
        DELETION,
        (),
        "proof and yes to file",
        _set(identity, "is_fresh", lambda *_: True),
    ),
    "a yes is not asked for": (
        DELETION,
        (),
        "proof and yes to file",
        _set(permits, "is_confirmed", lambda *_: True),
    ),
    "those who decided may decide the objection": (
        DELETION,
        REFUSED,
        "objections are decided by others",
        _forgotten_participants,
    ),
    "those who decided may ask about the objection": (
        DELETION,
        REFUSED,
        "objections are decided by others",
        _set(actions_of_staff, "PARTICIPATING_ACTIONS", frozenset()),
    ),
    "one agent decides alone": (
        CLOSING,
        FILED,
        "two agents",
        _set(Decisions, "needs_second_agent", lambda *_: False),
    ),
    "records keep contacts": (
        DELETION,
        (*REFUSED, *LATER, *LATER),
        "records are bare",
        _keeping_contacts,
    ),
    "every account is shown the requests of all": (
        DELETION,
        (),
        "nobody else sees it",
        _set(ownership, "is_of_account", lambda _ticket, account: bool(account)),
    ),
    "tasks stay open when their request is closed": (
        TASKS,
        (*FILED, "sue claims the request"),
        "what is granted is done",
        _open_tasks_at_the_end,
    ),
    "objections never come too late": (
        DELETION,
        REFUSED,
        "objections in time",
        _set(options, "is_objectionable", lambda _rules, ticket, _now: ticket.closed_at),
    ),
    "a question to the requester stops the clock": (
        DELETION,
        FILED,
        "the clock starts once",
        _restarting_clock,
    ),
}


@pytest.mark.parametrize("name", PLANTS)
def test_a_planted_fault_is_found_by_a_short_way(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    scope, first_steps, rule, plant = PLANTS[name]
    plant(monkeypatch)
    found = explored(scope, 3000, first_steps).violation
    assert found is not None, f"not found: {name}"
    assert found.rule == rule, str(found)
    assert len(found.path) - len(first_steps) <= 4, str(found)
