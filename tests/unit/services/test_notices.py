"""Which decisions and outcomes send a notice, where to, and what it says."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from msgspec.structs import replace

from privacydesk.domain.deliveries import Channel, Occasion
from privacydesk.domain.ids import ConversationId, TicketId
from privacydesk.domain.intents import RequestKind
from privacydesk.domain.ticket import Ticket, TicketState
from privacydesk.domain.turn import CameDue, Decided, DecisionKind, Result
from privacydesk.services.notices import Notices

NOW = datetime(2026, 6, 1, 2, 0, tzinfo=UTC)
TICKET = Ticket(
    id=TicketId(b"t" * 16),
    number="PD-0",
    conversation_id=ConversationId(b"c" * 16),
    kind=RequestKind.COMPLAINT,
    state=TicketState.CLOSED,
    received_at=NOW,
    locale="zh_Hant",
    contact="kaho@example.net",
    facts={"story": "somebody leaked my number"},
)


class Minter:
    def __init__(self) -> None:
        self._numbers = itertools.count(1)

    def id(self, _now: datetime) -> bytes:
        return next(self._numbers).to_bytes(16)


def notices(*also: Occasion) -> Notices:
    return Notices(cast("Any", Minter()), frozenset(also))


def decided(kind: DecisionKind, ticket: Ticket = TICKET) -> Decided:
    return Decided("job", kind, ticket=ticket)


@pytest.mark.parametrize(
    "message",
    [
        decided(DecisionKind.APPROVED),
        decided(DecisionKind.RESOLVED),
        decided(DecisionKind.REFUSED),
        Result("job", "", "delete", "ok", ticket=TICKET),
        Result("job", "", "delete", "partly", ticket=TICKET),
    ],
)
def test_an_answer_is_always_told(message: Decided | Result) -> None:
    (row,) = notices().rows(message, NOW)
    assert row.channel is Channel.NOTICE
    assert row.action == "answered"


@pytest.mark.parametrize(
    ("message", "occasion"),
    [
        (decided(DecisionKind.EXAMINED), Occasion.EXAMINED),
        (decided(DecisionKind.ASKED), Occasion.ASKED),
        (decided(DecisionKind.EXTENDED), Occasion.EXTENDED),
        (Result("job", "", "delete", "refused", ticket=TICKET), Occasion.RETURNED),
        (CameDue("job", "lapse", TICKET), Occasion.LAPSED),
    ],
)
def test_the_rest_is_told_where_the_operator_wants_it(
    message: Decided | Result | CameDue, occasion: Occasion
) -> None:
    assert notices().rows(message, NOW) == ()
    assert [row.action for row in notices(occasion).rows(message, NOW)] == [occasion.value]


@pytest.mark.parametrize(
    "message",
    [
        decided(DecisionKind.REPLIED),
        decided(DecisionKind.RELEASED),
        decided(DecisionKind.CALENDAR_SETTLED),
        Result("job", "", "delete", "delayed", ticket=TICKET),
        CameDue("job", "overdue", TICKET),
    ],
)
def test_what_is_no_news_is_not_told(message: Decided | Result | CameDue) -> None:
    assert notices(*Occasion).rows(message, NOW) == ()


def test_nobody_is_told_without_a_contact() -> None:
    bare = replace(TICKET, contact="")
    assert notices(*Occasion).rows(decided(DecisionKind.REFUSED, bare), NOW) == ()


def test_a_notice_says_the_number_and_nothing_else_and_holds_back_no_action() -> None:
    (row,) = notices().rows(decided(DecisionKind.REFUSED), NOW)
    assert row.payload == {"to": "kaho@example.net", "number": "PD-0", "locale": "zh_Hant"}
    assert row.lane != TICKET.id, "the lane of its actions"
    assert row.give_up_at is not None
