"""A filed request is changed by making it again."""

from __future__ import annotations

import msgspec
import pytest
from tests.unit.dialog.test_engine_guards import COUNTERS, ME, NOW
from tests.unit.dialog.test_limits import ENGINE
from tests.unit.dialog.test_openings import CONVERSATION

from privacydesk.domain.effects import AddMaterial
from privacydesk.domain.ids import ChallengeId, TicketId
from privacydesk.domain.intents import RequestKind
from privacydesk.domain.reading import ReplyAct
from privacydesk.domain.selection import Part, Selection, Span, detail_of
from privacydesk.domain.ticket import MaterialKind, ScopeItem, Ticket, TicketState
from privacydesk.domain.turn import Needs, Observation, Snapshot, TextMessage
from privacydesk.domain.verification_codes import Challenge

WITH_MEI = (Span(qualifier="with Mei"),)
FILED = Ticket(
    TicketId(b"t" * 16),
    "PD-1",
    CONVERSATION.id,
    RequestKind.DELETION,
    TicketState.IN_REVIEW,
    NOW,
    "en",
    account=ME,
    items=(ScopeItem("photos", detail_of(Part("photos", WITH_MEI))),),
)


@pytest.mark.parametrize(
    ("selection", "as_filed"),
    [
        (Selection((Part("all", WITH_MEI),)), True),
        (Selection((Part("photos", WITH_MEI),)), True),
        (Selection((Part("posts", WITH_MEI),)), False),
        (Selection((Part("all", WITH_MEI),), words="the old ones"), False),
        (Selection(words="the old ones"), False),
    ],
)
def test_only_what_limits_a_filed_request_was_filed_as_said(
    selection: Selection, as_filed: bool
) -> None:
    encoded = msgspec.json.encode(selection).decode()
    wanted = Needs(challenges=COUNTERS, tickets_of=f"account:{ME}\nconversation:", queue=True)
    observed = Observation(
        language="en",
        entities={"selection": (encoded,)},
        needs=wanted,
        reply_acts=frozenset({ReplyAct.FILED, ReplyAct.ONLY}),
    )
    rows = {name: Challenge(ChallengeId(b"x" * 32)) for name in COUNTERS}
    snapshot = Snapshot(CONVERSATION, rows, (FILED,))
    turn = ENGINE.advance(snapshot, TextMessage("j", "wait, only those", observed=observed), NOW)
    assert ("desk.filed_as_said" in {one.key for one in turn.events}) is as_filed
    # Nothing is known of the form that it was filed with, so it can't be made again.
    assert as_filed or "desk.filed_for" in {one.key for one in turn.events}
    passed_on = AddMaterial(FILED.id, MaterialKind.MATERIAL, "wait, only those")
    assert (passed_on in turn.effects) is not as_filed
