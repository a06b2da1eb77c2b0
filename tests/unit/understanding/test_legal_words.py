"""Which sentences ask for a right by its name, or in slang."""

from __future__ import annotations

import pytest

from privacydesk.domain.intents import Intent
from privacydesk.understanding.legal_words import meant_of_rights
from privacydesk.understanding.normalise import normalise

ACCESS, CLOSING, DECISION = Intent.ACCESS, Intent.DEREGISTRATION, Intent.AUTOMATED_DECISION


@pytest.mark.parametrize(
    ("heard", "text"),
    [
        (CLOSING, "forget me"),
        (CLOSING, "please forget me completely!"),
        (Intent.OTHER, "请忘记我吧"),
        (CLOSING, "i want exercise my right to be forgotten"),
        (Intent.POLICY_QUESTION, "exercise my right to erasure"),
        (ACCESS, "wanna nuke everything u have on me"),
        (ACCESS, "wipe all the data you hold about me"),
        (Intent.CONSENT_WITHDRAWAL, "I request erasure of all personal data"),
        (Intent.CANCEL_REQUEST, "I hereby withdraw my consent and request erasure of my data"),
    ],
)
def test_whoever_shall_be_forgotten_asks_for_a_deletion(heard: Intent, text: str) -> None:
    assert meant_of_rights(heard, normalise(text)) is Intent.DELETION


@pytest.mark.parametrize(
    "text",
    [
        "object to profiling",
        "I object to being profiled",
        "I object to the use of my data, that is I object to direct marketing",
        "我反对用户画像",
        "反對個人化推薦",
    ],
)
def test_whoever_objects_to_profiling_takes_a_consent_back(text: str) -> None:
    assert meant_of_rights(DECISION, normalise(text)) is Intent.CONSENT_WITHDRAWAL


@pytest.mark.parametrize(
    ("heard", "text"),
    [
        (CLOSING, "close my account, I want the right to be forgotten"),
        (CLOSING, "wipe everything you have on me and close my account"),
        (ACCESS, "show me everything you have on me"),
        (ACCESS, "don't delete everything you have on me"),
        (Intent.SMALLTALK, "don't forget me"),
        (Intent.OTHER, "你们忘记我的申请了吗"),
        (Intent.CANCEL_REQUEST, "I withdraw my request for erasure"),
        (Intent.CANCEL_REQUEST, "I requested deletion of my data, cancel that"),
        (Intent.POLICY_QUESTION, "by what procedure does a user exercise the right of erasure"),
        (Intent.COMPLAINT, "you ignored my objection to marketing"),
        (DECISION, "I object to the decision to ban me"),
        (DECISION, "I object to being banned by your profiling"),
        (DECISION, "我反对你们封我的号"),
    ],
)
def test_what_names_no_such_right_stays_so(heard: Intent, text: str) -> None:
    assert meant_of_rights(heard, normalise(text)) is None
