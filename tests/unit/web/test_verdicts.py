from __future__ import annotations

from datetime import UTC, datetime

from msgspec.structs import replace

from privacydesk.domain.grounds import Ground
from privacydesk.domain.ids import ConversationId, TicketId
from privacydesk.domain.intents import RequestKind
from privacydesk.domain.ticket import ScopeItem, Ticket, TicketState
from privacydesk.services.staff.gate import Refusal
from privacydesk.web.console.verdicts import keys_of, read_verdict

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
    key = keys_of(TICKET)[1]
    form = {
        "verdict": "partly",
        f"item-{key}": "refuse",
        f"ground-{key}": "law",
        f"reason-{key}": " The law has them kept. ",
    }
    refusal = Refusal(Ground.LAW, "The law has them kept.")
    assert read_verdict(form, TICKET).refused == {1: refusal}
    for items in ((POSTS, CHATS), (PHOTOS, POSTS), (PHOTOS,)):
        assert read_verdict(form, replace(TICKET, items=items)).refused == {}
    # What became of an item is no other item.
    decided = replace(PHOTOS, decision="refuse", result="failed")
    assert read_verdict(form, replace(TICKET, items=(POSTS, decided))).refused == {1: refusal}
