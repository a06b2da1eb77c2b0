from __future__ import annotations

from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from privacydesk.domain.grounds import Ground
from privacydesk.domain.ids import ConversationId, TicketId
from privacydesk.domain.intents import RequestKind
from privacydesk.domain.ticket import ScopeItem, Ticket, TicketState
from privacydesk.errors import InvalidRequestError
from privacydesk.services.staff.examinations import ExaminationResult
from privacydesk.services.staff.preconditions import Refusal
from privacydesk.web.console.verdicts import item_keys, parse_finding, parse_verdict

POSTS, PHOTOS, CHATS = (ScopeItem(name) for name in ("posts", "photos", "chats"))
TICKET = Ticket(
    id=TicketId(bytes(16)),
    number="PD-7KQ4-M29X-3HC",
    conversation_id=ConversationId(bytes(16)),
    kind=RequestKind.DELETION,
    state=TicketState.IN_REVIEW,
    received_at=datetime(2026, 6, 1, 2, tzinfo=UTC),
    locale="en",
    items=(POSTS, PHOTOS),
)


def test_what_is_typed_on_an_item_is_read_of_that_item_alone() -> None:
    other, key = item_keys(TICKET)
    form = {
        "verdict": "partly",
        f"item-{other}": "grant",
        f"item-{key}": "refuse",
        f"ground-{key}": "law",
        f"reason-{key}": " The law has them kept. ",
    }
    refusal = Refusal(Ground.LAW, "The law has them kept.")
    assert parse_verdict(form, TICKET).refused == {1: refusal}
    for items in ((POSTS, CHATS), (PHOTOS, POSTS), (PHOTOS,), ()):
        with pytest.raises(InvalidRequestError):
            parse_verdict(form, replace(TICKET, items=items))
    # What became of an item is no other item.
    decided = replace(PHOTOS, decision="refuse", result="failed")
    assert parse_verdict(form, replace(TICKET, items=(POSTS, decided))).refused == {1: refusal}


def test_of_an_item_that_is_granted_in_part_the_part_is_described() -> None:
    other, key = item_keys(TICKET)
    form = {
        "verdict": "partly",
        f"item-{other}": "grant",
        f"item-{key}": "part",
        f"granted-{key}": " Those of 2024 ",
        f"ground-{key}": "law",
        f"reason-{key}": "The law has them kept.",
    }
    refusal = Refusal(Ground.LAW, "The law has them kept.", "Those of 2024")
    assert parse_verdict(form, TICKET).refused == {1: refusal}
    assert not parse_verdict(form, TICKET).refuses_all(TICKET)
    with pytest.raises(InvalidRequestError) as refused:
        parse_verdict({**form, f"granted-{key}": " "}, TICKET)
    assert refused.value.data["reason"] == "no_part"


@pytest.mark.parametrize("form", [{}, {"verdict": ""}, {"verdict": "on"}, {"answer": "Done."}])
def test_what_was_not_chosen_is_no_decision(form: dict[str, str]) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        parse_verdict(form, TICKET)
    assert refused.value.data["reason"] == "nothing_chosen"


def test_each_item_is_granted_or_refused_by_name() -> None:
    first, second = item_keys(TICKET)
    form = {"verdict": "partly", f"item-{first}": "grant", f"item-{second}": ""}
    with pytest.raises(InvalidRequestError) as refused:
        parse_verdict(form, TICKET)
    assert refused.value.data["reason"] == "item_not_chosen"


def test_evidence_is_neither_accepted_nor_turned_down_before_it_is_chosen() -> None:
    with pytest.raises(InvalidRequestError):
        parse_finding({"account": "u-1001"})
    found = parse_finding({"shown": "yes", "account": " u-1001 "})
    assert found == ExaminationResult(accepted=True, account="u-1001")
