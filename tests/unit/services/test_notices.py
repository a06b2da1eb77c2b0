"""Which decisions and outcomes send a notice, where to, and what it says."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from msgspec.structs import replace

from privacydesk.domain.deliveries import Channel
from privacydesk.domain.identity import Assurance
from privacydesk.domain.ids import ConversationId, TicketId
from privacydesk.domain.intents import RequestKind
from privacydesk.domain.notices import NoticeChannel, Occasion
from privacydesk.domain.ticket import Requester, Ticket, TicketState
from privacydesk.domain.turn import DecisionKind, DecisionMessage, DueMessage, ResultMessage
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
    answers={"story": "somebody leaked my number"},
)


class Minter:
    def __init__(self) -> None:
        self._numbers = itertools.count(1)

    def id(self, _now: datetime) -> bytes:
        return next(self._numbers).to_bytes(16)


ACCOUNT = replace(TICKET, contact="", account="u-1001", verified_at=NOW)
CONTACT = [NoticeChannel.SMS, NoticeChannel.MAIL]


def notices(ways: list[NoticeChannel], *occasions: Occasion) -> Notices:
    return Notices(cast("Any", Minter()), dict.fromkeys(occasions or Occasion, ways))


def decided(kind: DecisionKind, ticket: Ticket = TICKET) -> DecisionMessage:
    return DecisionMessage("job", kind, ticket=ticket)


def stops(
    ways: list[NoticeChannel], ticket: Ticket, kind: DecisionKind = DecisionKind.ASKED
) -> list[Any]:
    """Return where a notice goes, way after way."""
    rows = notices(ways).rows(decided(kind, ticket), NOW)
    return [(row.payload["way"], row.payload["to"]) for row in rows] + [
        tuple(stop) for row in rows for stop in row.payload["then"]
    ]


@pytest.mark.parametrize(
    ("message", "occasion"),
    [
        (decided(DecisionKind.APPROVED), Occasion.CONFIRM),
        (decided(DecisionKind.RESOLVED), Occasion.ANSWERED),
        (decided(DecisionKind.REFUSED), Occasion.ANSWERED),
        (ResultMessage("job", "", "delete", "ok", ticket=TICKET), Occasion.ANSWERED),
        (ResultMessage("job", "", "delete", "partly", ticket=TICKET), Occasion.ANSWERED),
    ],
)
def test_an_answer_is_always_told_to_the_contact_that_was_left(
    message: DecisionMessage | ResultMessage, occasion: Occasion
) -> None:
    (row,) = notices([]).rows(message, NOW)
    assert row.channel is Channel.NOTICE
    assert (row.action, row.payload["way"]) == (occasion, "mail")


@pytest.mark.parametrize(
    ("message", "occasion"),
    [
        (decided(DecisionKind.EXAMINED), Occasion.EXAMINED),
        (decided(DecisionKind.ASKED), Occasion.ASKED),
        (decided(DecisionKind.EXTENDED), Occasion.EXTENDED),
        (decided(DecisionKind.CALENDAR_SETTLED), Occasion.EXTENDED),
        (ResultMessage("job", "", "delete", "refused", ticket=TICKET), Occasion.RETURNED),
        (DueMessage("job", "lapse", TICKET), Occasion.LAPSED),
    ],
)
def test_the_rest_is_told_where_the_operator_wants_it(
    message: DecisionMessage | ResultMessage | DueMessage, occasion: Occasion
) -> None:
    assert notices([]).rows(message, NOW) == ()
    rows = notices(CONTACT, occasion).rows(message, NOW)
    assert [row.action for row in rows] == [occasion.value]


@pytest.mark.parametrize(
    "message",
    [
        decided(DecisionKind.REPLIED),
        decided(DecisionKind.RELEASED),
        ResultMessage("job", "", "delete", "delayed", ticket=TICKET),
        DueMessage("job", "overdue", TICKET),
    ],
)
def test_what_is_no_news_is_not_told(message: DecisionMessage | ResultMessage | DueMessage) -> None:
    assert notices(CONTACT).rows(message, NOW) == ()


def test_ways_are_tried_in_the_operators_order() -> None:
    both = replace(ACCOUNT, contact="+8619900001104")
    ways = [NoticeChannel.PUSH, NoticeChannel.MAIL, NoticeChannel.SMS, NoticeChannel.BOUND_PHONE]
    assert stops(ways, both) == [
        ("push", "u-1001"),
        ("sms", "+8619900001104"),
        ("bound_phone", "u-1001"),
    ]


def test_a_contact_that_was_left_is_told_answers_first_whatever_the_order() -> None:
    both = replace(ACCOUNT, contact="kaho@example.net")
    assert stops([NoticeChannel.PUSH], both, DecisionKind.REFUSED) == [
        ("mail", "kaho@example.net"),
        ("push", "u-1001"),
    ]


@pytest.mark.parametrize(
    "ticket",
    [
        replace(ACCOUNT, verified_at=None),
        replace(ACCOUNT, required_assurance=Assurance.DOCUMENT_CHECKED),
        replace(ACCOUNT, requester=Requester.GUARDIAN),
        replace(ACCOUNT, requester=Requester.STRANGER),
        replace(ACCOUNT, account=""),
    ],
)
def test_an_account_whose_owner_is_not_shown_through_it_is_told_nothing(ticket: Ticket) -> None:
    assert stops([NoticeChannel.PUSH, NoticeChannel.BOUND_PHONE], ticket) == []


def test_nobody_is_told_without_a_contact_or_an_account() -> None:
    bare = replace(TICKET, contact="")
    assert notices(list(NoticeChannel)).rows(decided(DecisionKind.REFUSED, bare), NOW) == ()


def test_a_notice_carries_the_number_and_nothing_else_and_holds_back_no_action() -> None:
    (row,) = notices(CONTACT).rows(decided(DecisionKind.REFUSED), NOW)
    assert row.payload == {
        "number": "PD-0",
        "locale": "zh_Hant",
        "way": "mail",
        "to": "kaho@example.net",
        "then": [],
    }
    assert row.lane != TICKET.id, "the lane of its actions"
    assert row.give_up_at == NOW + timedelta(days=3)


def test_the_next_way_is_a_row_of_its_own_in_the_same_lane() -> None:
    made = notices([NoticeChannel.PUSH, NoticeChannel.BOUND_PHONE])
    (first,) = made.rows(decided(DecisionKind.ASKED, ACCOUNT), NOW)
    assert first.give_up_at == NOW + timedelta(minutes=30), "there is another way"
    (second,) = made.next_row(first, NOW)
    assert (second.payload["way"], second.payload["to"]) == ("bound_phone", "u-1001")
    assert (second.lane, second.action) == (first.lane, first.action)
    assert second.id != first.id, "or the gateway would take it for the same"
    assert made.next_row(second, NOW) == ()
