from __future__ import annotations

from privacydesk.dialog import scopes
from privacydesk.dialog.vocabulary import KIND_ASSURANCE
from privacydesk.domain.intents import Intent, RequestKind
from privacydesk.nlu.labels import INTENTS


def test_each_kind_of_request_has_its_proof_its_items_and_its_intent() -> None:
    assert set(KIND_ASSURANCE) == set(RequestKind)
    assert set(scopes._SCOPES) == set(RequestKind)
    assert {intent.kind for intent in Intent} - {None} == set(RequestKind)


def test_a_new_intent_moves_none_of_those_that_the_network_knows() -> None:
    assert tuple(Intent)[: len(INTENTS)] == INTENTS
