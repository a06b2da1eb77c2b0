from __future__ import annotations

import pytest
from tests.unit.dialog.test_engine_guards import advance
from tests.unit.dialog.test_openings import CONVERSATION, ENGINE

from privacydesk.dialog import kept_wishes
from privacydesk.domain.intents import Intent
from privacydesk.domain.turn import Observation, RecognisedIntent, RecognisedRequest, TextMessage

WISHED = (Intent.DEREGISTRATION, Intent.DELETION, Intent.UNBINDING, Intent.CONSENT_WITHDRAWAL)


def test_no_wish_beside_a_status_is_dropped_in_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_wishes, "MOST_KEPT", 3)
    wishes = tuple(
        RecognisedRequest(RecognisedIntent(one, 0.99), {"wants": ("yes",)}) for one in WISHED
    )
    seen = Observation(
        recognised=wishes[0].recognised,
        language="en",
        entities={"asks_status": ("yes",), "wants": ("yes",)},
        requests=wishes,
    )
    turn = advance(
        ENGINE, CONVERSATION, TextMessage("j", "all of it, and the status", observed=seen)
    )
    said = [event.key for event in turn.events]
    assert "desk.wishes_full" in said
    assert said.index("request_status.none_yet") < said.index("desk.wish_next")
    # What ends the account is the one that has to be said again.
    kept = [wish.intent for wish in turn.snapshot.conversation.pending_requests]
    assert Intent.DEREGISTRATION not in kept
    assert turn.snapshot.conversation.stack[0].flow == "deletion"
