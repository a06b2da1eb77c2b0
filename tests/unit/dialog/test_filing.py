"""Filing the request that a flow asked for."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace
from tests.unit.dialog.test_engine_guards import ME, NOW
from tests.unit.dialog.test_openings import CONVERSATION, FLOWS

from privacydesk.dialog import limits
from privacydesk.dialog.act import Act
from privacydesk.dialog.actions.filing import file_unverified
from privacydesk.dialog.rules import Rules
from privacydesk.dialog.script import Script
from privacydesk.domain.conversation import Frame
from privacydesk.domain.ids import ChallengeId, TicketId
from privacydesk.domain.intents import RequestKind
from privacydesk.domain.quotas import filing_counter
from privacydesk.domain.selection import to_plain
from privacydesk.domain.ticket import ScopeItem, Ticket, TicketState
from privacydesk.domain.turn import Needs, Observation, Snapshot
from privacydesk.domain.verification_codes import Challenge

WAITING = Ticket(
    TicketId(b"t" * 16),
    "PD-1",
    CONVERSATION.id,
    RequestKind.DELETION,
    TicketState.AWAITING_VERIFICATION,
    NOW,
    "zh_Hans",
    account=ME,
    items=(ScopeItem("posts", {"period": "去年"}),),
)


@pytest.mark.parametrize(("words", "files"), [("去年", False), ("今年", True)])
def test_what_waits_since_an_earlier_version_is_not_filed_again(words: str, files: bool) -> None:
    slots: dict[str, Any] = {"categories": ["posts"], "limits": to_plain(limits.in_words(words))}
    form = Frame("deletion", "file", NOW, serial=1, slots=slots)
    conversation = replace(CONVERSATION, stack=(form,))
    counter = filing_counter(ME, CONVERSATION.id)
    wanted = Needs(tickets_of=f"account:{ME}\nconversation:", challenges=(counter,))
    snapshot = Snapshot(conversation, {counter: Challenge(ChallengeId(b"x" * 32))}, (WAITING,))
    script = Script(snapshot, Observation(needs=wanted), Rules(), NOW, "j")
    (frame,) = script.stack
    assert file_unverified(Act(script, frame, FLOWS["deletion"], {})) == "filed"
    assert bool(script.effects) is files
    assert (frame.slots["ticket"] == WAITING.id.hex()) is not files
