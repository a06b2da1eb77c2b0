"""What an answer of the account service makes of a ticket."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from msgspec.structs import replace

from privacydesk.calendars import Calendars
from privacydesk.domain.account import AccountAnswer, ItemResult
from privacydesk.domain.account_terms import (
    AccountAction,
    AccountOutcome,
    AccountReason,
    ItemOutcome,
)
from privacydesk.domain.deliveries import Channel, Delivery
from privacydesk.domain.ids import ConversationId, DeliveryId, TicketId
from privacydesk.domain.intents import RequestKind
from privacydesk.domain.ticket import Outcome, ScopeItem, Ticket, TicketState
from privacydesk.domain.work import Work
from privacydesk.services.deadlines import DeadlineRules, Deadlines
from privacydesk.services.settlement import Answer, Settlement, apply_answer

NOW = datetime(2026, 6, 1, 2, 0, tzinfo=UTC)
DEADLINES = Deadlines(Calendars(), DeadlineRules())
TICKET = Ticket(
    id=TicketId(bytes(16)),
    number="PD-0",
    conversation_id=ConversationId(bytes(16)),
    kind=RequestKind.DELETION,
    state=TicketState.FULFILLING,
    received_at=NOW,
    locale="en",
    items=(ScopeItem("posts", decision="grant"), ScopeItem("recharge", decision="grant")),
    account="u-1",
    answered_at=NOW,
    work=Work(left=1),
)


def row(action: AccountAction, *places: int, **arguments: Any) -> Delivery:
    return Delivery(
        id=DeliveryId(bytes(16)),
        channel=Channel.ACCOUNT,
        action=action.value,
        lane=TICKET.id,
        conversation_id=TICKET.conversation_id,
        ticket_id=TICKET.id,
        due_at=NOW,
        created_at=NOW,
        payload={"account": "u-1", "arguments": arguments, "items": list(places)},
    )


def answered(
    answer: AccountAnswer, ticket: Ticket = TICKET, of: Delivery | None = None
) -> Settlement:
    return apply_answer(
        ticket, of or row(AccountAction.DELETE, 0, 1), Answer.of(answer), DEADLINES, NOW
    )


KEPT = ItemResult("recharge", ItemOutcome.KEPT, 3, AccountReason.LEGAL_RETENTION, date(2028, 1, 1))
DONE = ItemResult("posts", ItemOutcome.DONE, 3)


def test_all_done_closes_the_ticket_as_fulfilled() -> None:
    found = answered(AccountAnswer(AccountOutcome.OK, items=(DONE,)))
    assert (found.outcome, found.ticket.outcome) == ("ok", Outcome.FULFILLED)
    assert [one["outcome"] for one in found.ticket.work.results] == ["done"]


def test_what_is_kept_makes_it_partly_fulfilled_and_its_reason_goes_into_the_log() -> None:
    found = answered(AccountAnswer(AccountOutcome.PARTLY, items=(DONE, KEPT)))
    assert (found.outcome, found.ticket.outcome) == ("partly", Outcome.PARTLY_FULFILLED)
    assert [one.result for one in found.ticket.items] == ["done", "kept"]
    assert found.entry.why == "legal_retention"


def test_a_refusal_returns_to_review_with_every_reason_and_nothing_left_behind() -> None:
    answer = AccountAnswer.refused(
        AccountReason.CONDITIONS_UNMET,
        ItemResult("account", ItemOutcome.FAILED, reason=AccountReason.UNSPENT_BALANCE),
    )
    found = answered(answer)
    assert found.outcome == "refused"
    assert found.ticket.state is TicketState.IN_REVIEW
    assert found.ticket.answered_at is None
    assert found.ticket.work == Work()
    assert [(one["scope"], one["reason"]) for one in found.data["results"]] == [
        ("account", "unspent_balance")
    ]
    assert found.entry.why == "conditions_unmet, unspent_balance"


def test_a_refusal_without_items_names_what_was_asked() -> None:
    ticket = replace(TICKET, kind=RequestKind.UNBINDING, items=(ScopeItem("binding"),))
    found = answered(
        AccountAnswer.refused(AccountReason.LAST_LOGIN),
        ticket,
        row(AccountAction.UNBIND, 0, provider="google"),
    )
    assert [(one["scope"], one["reason"]) for one in found.data["results"]] == [
        ("google", "last_login")
    ]


def test_a_reason_that_has_no_name_here_is_kept_as_it_was_sent_for_staff() -> None:
    answer = AccountAnswer.from_json({"outcome": "refused", "reason": "moon_phase"})
    assert answer.reason is AccountReason.OTHER
    found = answered(answer)
    assert found.entry.why == "moon_phase"
    assert found.data["results"][0]["reason"] == "moon_phase"


def test_a_summary_waits_for_the_last_answer_and_is_not_kept() -> None:
    export = {"summary": [{"category": "posts", "count": 1}], "content": {"posts": []}}
    two = replace(TICKET, work=Work(left=2))
    first = answered(
        AccountAnswer(AccountOutcome.OK, data=export),
        two,
        row(AccountAction.EXPORT, 0, categories=["posts", "voice"]),
    )
    assert first.outcome == ""
    last = answered(AccountAnswer(AccountOutcome.OK), first.ticket, row(AccountAction.DELETE, 1))
    assert last.outcome == "ok"
    assert [one["label"]["$term"] for one in last.data["rows"]] == ["category.posts", "held.silent"]
    assert last.ticket.work.summary == ()


def test_a_summary_stays_where_its_reader_comes_back_by_number_and_code_alone() -> None:
    export = {"summary": [{"category": "posts", "count": 1}], "content": {"posts": []}}
    told = answered(
        AccountAnswer(AccountOutcome.OK, data=export),
        replace(TICKET, contact="mother@example.com"),
        row(AccountAction.EXPORT, 0, categories=["posts"]),
    )
    assert told.ticket.work.summary == told.data["rows"]


def test_a_count_that_was_not_told_is_not_taken_for_none() -> None:
    silent = AccountAnswer.from_json(
        {"outcome": "ok", "items": [{"scope": "posts", "outcome": "done"}]}
    )
    (result,) = answered(silent).ticket.work.results
    assert "count" not in result
    assert result["action"] == "delete"
