"""A conversation that stands in an older version of the flows goes on in the new one."""

from __future__ import annotations

from msgspec.structs import replace
from tests.unit.dialog import flows
from tests.unit.dialog.test_engine_guards import advance, engine_of, go_on, standing_at

from privacydesk.domain.conversation import Conversation, Frame
from privacydesk.domain.effects import DropEvidence
from privacydesk.domain.turn import ChoiceMessage, TextMessage, Turn

OLD = flows.GOOD
EVIDENCE = {"evidence": [{"id": "ab" * 16, "name": "id.jpg"}]}
MOOD = """\
  mood:
    ask: mood
    text: unbinding.mood
    choices:
      - {value: sure, text: unbinding.mood_sure, style: primary}
    retry: unbinding.mood_retry
    on: {answered: sure}
"""
NEW = flows.broken(
    "unbinding",
    (MOOD, ""),
    ("no: mood}", "no: sure}"),
    ("start: intro\n", "start: intro\nmoved: {mood: which}\n"),
)
"""The desk in a version that lost the question for the mood."""


def asked(step: str) -> Conversation:
    return go_on(engine_of(OLD), standing_at(step)).snapshot.conversation


def said_keys(turn: Turn) -> list[str]:
    return [event.key for event in turn.events if event.key]


def test_a_button_of_a_question_that_is_gone_answers_no_other() -> None:
    before = asked("mood")
    assert before.prompt is not None
    turn = advance(engine_of(NEW), before, ChoiceMessage("j2", "sure", before.prompt.offset))
    (frame,) = turn.snapshot.conversation.stack
    # The provider was named before, so the question after it is put.
    assert (frame.step, frame.slots["provider"]) == ("sure", "google")
    assert said_keys(turn)[0] == "desk.choice_closed"
    assert turn.snapshot.conversation.prompt is not None


def test_words_for_a_question_that_is_gone_answer_no_other() -> None:
    turn = advance(engine_of(NEW), asked("mood"), TextMessage("j2", "apple"))
    assert said_keys(turn)[:2] == ["desk.resumed", "unbinding.sure"]
    assert turn.snapshot.conversation.stack[-1].slots["provider"] == "google"


def test_what_a_step_that_is_gone_had_called_goes_with_it() -> None:
    conversation = standing_at("mood")
    child = Frame("verify", "enter", conversation.stack[0].started_at, serial=2, called=True)
    stack = (conversation.stack[0], child)
    turn = advance(engine_of(NEW), replace(conversation, stack=stack), TextMessage("j2", "123456"))
    assert [frame.flow for frame in turn.snapshot.conversation.stack] == ["unbinding"]


def test_a_flow_that_is_gone_goes_with_what_it_called_and_its_files() -> None:
    conversation = standing_at("mood")
    form = conversation.stack[0]
    gone = replace(form, flow="lottery", serial=2, slots=EVIDENCE)
    child = Frame("verify", "enter", form.started_at, serial=3, called=True)
    stack = (form, gone, child)
    turn = advance(engine_of(OLD), replace(conversation, stack=stack), TextMessage("j2", "hello"))
    assert [frame.flow for frame in turn.snapshot.conversation.stack] == ["unbinding"]
    assert any(isinstance(effect, DropEvidence) for effect in turn.effects)


def test_a_way_that_leads_over_a_step_that_is_gone_goes_on() -> None:
    conversation = standing_at("sure")
    form = replace(conversation.stack[0], trail=("which", "mood"))
    turn = advance(
        engine_of(NEW), replace(conversation, stack=(form,)), TextMessage("j2", "google")
    )
    assert turn.snapshot.conversation.stack[-1].trail == ("which",)
