"""The words that a form began with."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from msgspec.structs import replace
from tests.unit.dialog.test_engine_guards import COUNTERS, ME, advance, engine_of

from privacydesk.data import dialog_files
from privacydesk.dialog import openings, questions
from privacydesk.dialog.reader import read_flows
from privacydesk.dialog.rules import Rules
from privacydesk.dialog.runner import Runner
from privacydesk.dialog.running import Running
from privacydesk.dialog.schema import Ask
from privacydesk.dialog.scopes import answers_of
from privacydesk.dialog.script import Script
from privacydesk.domain.conversation import Conversation, Frame, RequestDraft
from privacydesk.domain.events import Choice
from privacydesk.domain.ids import ConversationId
from privacydesk.domain.intents import Intent
from privacydesk.domain.turn import (
    AskedQuestion,
    MixedMessage,
    Needs,
    Observation,
    RecognisedIntent,
    Snapshot,
    TextMessage,
)

NOW = datetime(2026, 6, 1, 2, 0, tzinfo=UTC)
FLOWS = read_flows(dialog_files())
ENGINE = engine_of(dialog_files())
CONVERSATION = Conversation(ConversationId(b"c" * 16), "e", NOW, version=5, account=ME)


def began_with(wish: RequestDraft) -> str:
    slots = openings.slots_of(FLOWS[wish.intent.value], wish)
    return openings.words_of(Running("form", "step", NOW, 1, slots=dict(slots)))


def test_a_form_keeps_the_words_that_asked_for_it() -> None:
    assert began_with(RequestDraft(Intent.DELETION, {"period": "x"}, "delete it")) == "delete it"
    assert began_with(RequestDraft(Intent.DELETION)) == ""


def test_long_words_are_cut_short_and_that_is_shown() -> None:
    words = openings.shortened("long " * 1_000)
    assert words.endswith("…")
    assert len(words) == 2_000


@pytest.mark.parametrize(
    ("sent", "kept"), [(True, "••••••, delete it, too"), (False, "123456, delete it, too")]
)
def test_no_code_is_kept_with_the_words_beside_it(sent: bool, kept: str) -> None:
    words = "123456, delete it, too"
    script: Any = SimpleNamespace(whole_message=words, code_was_sent=lambda: sent)
    assert openings.words_said(script) == kept


@pytest.mark.parametrize("at_once", [True, False])
def test_no_code_is_kept_in_the_story_that_a_message_is(at_once: bool) -> None:
    runner = Runner(FLOWS, Rules(), frozenset({"en"}))
    verifying = Frame("verify", "code", NOW, serial=1, slots={"_target": "account_phone"})
    conversation = replace(CONVERSATION, stack=(verifying,))
    script = Script(Snapshot(conversation), Observation(), Rules(), NOW, "j")
    script.said = script.whole_message = "123456, and you sold my number"
    if at_once:
        runner.start(script, Intent.COMPLAINT)
        slots = dict(script.stack[-1].slots)
    else:
        wish = openings.with_message(script, FLOWS["complaint"], RequestDraft(Intent.COMPLAINT))
        slots = dict(wish.slots)
    assert slots["_opening"] == "••••••, and you sold my number"


def test_what_is_no_request_keeps_no_words() -> None:
    assert began_with(RequestDraft(Intent.POLICY_QUESTION, words="how long?")) == ""


def test_the_words_lead_the_answers() -> None:
    assert list(answers_of({"story": "all of it"}, "I complain")) == ["opening", "story"]
    assert answers_of({"story": "all of it"}, "") == {"story": "all of it"}


def test_a_question_answered_beside_the_request_stays_in_the_opening_words() -> None:
    asked, wished = "Who gets my photos?", "Delete them."
    rest = Observation(
        recognised=RecognisedIntent(Intent.DELETION, 0.99),
        language="en",
        entities={"category": ("photos",), "wants": ("yes",)},
    )
    observed = replace(rest, mixed=MixedMessage((AskedQuestion(asked),), wished, rest))
    message = TextMessage("j", f"{asked} {wished}", observed=observed)
    turn = advance(ENGINE, CONVERSATION, message, question=asked)
    (form,) = turn.snapshot.conversation.stack[:1]
    assert openings.words_of(Running.of(form)) == f"{asked} {wished}"


def test_words_that_were_held_open_what_they_turn_out_to_ask_for() -> None:
    runner = Runner(FLOWS, Rules(), frozenset({"en"}))
    step = next(one for one in FLOWS["complaint"].steps.values() if isinstance(one, Ask))
    held = {"text": "Delete my photos", "topic": "", "intent": "deletion"}
    asking = Frame("complaint", step.id, NOW, serial=1, slots={"_held": held})
    conversation = replace(CONVERSATION, stack=(asking,))
    wanted = Needs(tickets_of=f"account:{ME}\nconversation:", challenges=COUNTERS)
    script = Script(Snapshot(conversation), Observation(needs=wanted), Rules(), NOW, "j")
    questions.take_held(runner, script, script.stack[0], step, Choice("_is_question", "x"))
    begun = next(frame for frame in script.stack if frame.flow == "deletion")
    assert openings.words_of(begun) == "Delete my photos"
