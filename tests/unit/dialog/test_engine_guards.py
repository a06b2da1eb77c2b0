"""What the engine refuses at run time, whatever a flow says.

The checker proves of every flow that these never happen; here flows are run that it would refuse.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace
from tests.unit.dialog import flows

from privacydesk.dialog.engine import Engine
from privacydesk.dialog.reader import read_flows
from privacydesk.dialog.rules import Rules
from privacydesk.dialog.script import Script
from privacydesk.domain.conversation import (
    Conversation,
    Frame,
    Owner,
    OwnerKind,
    PendingCall,
    Prompt,
)
from privacydesk.domain.effects import CallAccount, Effect, OpenTicket, SendCode
from privacydesk.domain.events import Choice, ChoiceStyle, Sender
from privacydesk.domain.identity import Assurance, Target, TargetKind, Verification
from privacydesk.domain.ids import ChallengeId, ConversationId
from privacydesk.domain.quotas import code_limit_counter, filing_counter, sender_counter
from privacydesk.domain.turn import (
    ChoiceMessage,
    Needs,
    Observation,
    ResultMessage,
    Snapshot,
    TextMessage,
    Turn,
)
from privacydesk.domain.verification_codes import Challenge

NOW = datetime(2026, 6, 1, 2, 0, tzinfo=UTC)
ME = "u-1"
BOUND = [{"provider": "google", "label_masked": "g***"}, {"provider": "apple", "label_masked": ""}]
PHONE = Target(TargetKind.ACCOUNT_PHONE, ME)
LABEL = PHONE.label()
COUNTERS = (
    PHONE.counter(),
    sender_counter(ME, b""),
    code_limit_counter(PHONE, ME),
    filing_counter(ME, b""),
)


def engine_of(files: Mapping[str, str]) -> Engine:
    def label(_locale: str, key: str, _args: Mapping[str, Any]) -> str:
        return f"the words of {key}"

    return Engine(read_flows(files), Rules(), label)


def standing_at(
    step: str,
    *,
    proof: timedelta | None = timedelta(minutes=1),
    confirmed: timedelta | None = None,
    **slots: Any,
) -> Conversation:
    """Return somebody in the middle of an unbinding, verified and confirmed that long ago."""
    frame = Frame(
        "unbinding",
        step,
        NOW - timedelta(hours=1),
        serial=1,
        slots={"bindings": BOUND, "provider": "google", **slots},
        confirmed_at=None if confirmed is None else NOW - confirmed,
    )
    proofs = (
        () if proof is None else (Verification(ME, Assurance.ONE_TIME_CODE, NOW - proof, LABEL),)
    )
    return Conversation(
        ConversationId(b"c" * 16), "e", NOW, version=5, account=ME, stack=(frame,),
        verifications=proofs, serial=1,
    )  # fmt: skip


def advance(
    engine: Engine, conversation: Conversation, message: Any, *, question: str = ""
) -> Turn:
    whose = f"account:{ME}\nconversation:"
    wanted = Needs(challenges=COUNTERS, tickets_of=whose, queue=True, questions=(question,))
    told = replace(message, observed=replace(message.observed, needs=wanted))
    challenges = {name: Challenge(ChallengeId(b"x" * 32)) for name in COUNTERS}
    return engine.advance(Snapshot(conversation, challenges), told, NOW)


def go_on(engine: Engine, conversation: Conversation) -> Turn:
    """Let the flow walk on from where it stands."""
    return advance(engine, conversation, TextMessage("j1", "anything"))


def filed(turn: Turn) -> list[Effect]:
    return [effect for effect in turn.effects if isinstance(effect, OpenTicket)]


GOOD = engine_of(flows.GOOD)
UNCONFIRMED = engine_of(flows.broken("unbinding", ("on: {answered: sure}", "on: {answered: file}")))


def test_a_yes_files() -> None:
    asked = go_on(GOOD, standing_at("sure")).snapshot.conversation
    assert asked.prompt is not None
    turn = advance(GOOD, asked, ChoiceMessage("j2", "yes", asked.prompt.offset))
    assert len(filed(turn)) == 1


def test_nothing_is_filed_without_a_yes_whatever_the_flow_says() -> None:
    asked = go_on(UNCONFIRMED, standing_at("mood")).snapshot.conversation
    assert asked.prompt is not None
    turn = advance(UNCONFIRMED, asked, ChoiceMessage("j2", "sure", asked.prompt.offset))
    assert not filed(turn)
    assert turn.snapshot.conversation.stack[-1].step == "sure", "it asks to confirm instead"
    prompt = turn.snapshot.conversation.prompt
    assert prompt is not None
    assert (
        len(
            filed(
                advance(
                    UNCONFIRMED,
                    turn.snapshot.conversation,
                    ChoiceMessage("j3", "yes", prompt.offset),
                )
            )
        )
        == 1
    )


def test_a_yes_does_not_cover_what_was_answered_after_it() -> None:
    conversation = standing_at("mood", confirmed=timedelta(minutes=1))
    asked = go_on(UNCONFIRMED, conversation).snapshot.conversation
    assert asked.prompt is not None
    turn = advance(UNCONFIRMED, asked, ChoiceMessage("j2", "sure", asked.prompt.offset))
    assert not filed(turn)


@pytest.mark.parametrize(
    ("proof", "confirmed", "files"),
    [
        (timedelta(minutes=5), timedelta(minutes=1), True),
        (timedelta(minutes=30), timedelta(minutes=1), True),
        (timedelta(minutes=5), None, False),
        # A yes that was given before the person was shown to be who they say.
        (timedelta(minutes=1), timedelta(minutes=5), False),
        (timedelta(minutes=31), timedelta(minutes=29), False),
        (timedelta(minutes=50), timedelta(minutes=40), False),
        (None, timedelta(minutes=1), False),
        # By a clock that was far ahead: that yes would count until the clock is right.
        (timedelta(minutes=1), -timedelta(days=365), False),
        (-timedelta(days=365), -timedelta(days=365), False),
    ],
)
def test_filing_takes_a_proof_and_a_yes_that_are_both_fresh(
    proof: timedelta | None, confirmed: timedelta | None, files: bool
) -> None:
    turn = go_on(GOOD, standing_at("file", proof=proof, confirmed=confirmed))
    assert bool(filed(turn)) == files
    if not files:
        top = turn.snapshot.conversation.stack[-1]
        assert (top.flow, top.step) in {("unbinding", "sure"), ("verify", "send")}
        assert turn.events, "something is asked for"


def test_the_number_of_a_ticket_opens_it_no_longer_than_its_code_is_fresh() -> None:
    proofs = tuple(
        Verification(f"ticket:{number}", Assurance.NONE, NOW - age)
        for number, age in (("PD-OLD", timedelta(minutes=31)), ("PD-NEW", timedelta(minutes=30)))
    )
    conversation = replace(standing_at("file"), verifications=proofs)
    script = Script(Snapshot(conversation), Observation(), Rules(), NOW, "job")
    assert script.ticket_proof("PD-NEW") == proofs[1]
    assert script.ticket_proof("PD-OLD") is None


def test_one_yes_files_once() -> None:
    turn = go_on(GOOD, standing_at("file", confirmed=timedelta(minutes=1)))
    assert len(filed(turn)) == 1
    assert not [f for f in turn.snapshot.conversation.stack if f.confirmed_at]


def test_a_flow_that_cannot_ask_to_confirm_fails_its_job_and_does_nothing() -> None:
    asking = flows.CONFIRM_CLOSING[
        flows.CONFIRM_CLOSING.index("  sure:\n") : flows.CONFIRM_CLOSING.index("  close:\n")
    ]
    files = flows.broken("confirm_closing", ("done: sure", "done: close"), (asking, ""))
    engine = engine_of(files)
    frame = Frame("confirm_closing", "close", NOW, serial=1, slots={"ticket": "00" * 16})
    conversation = replace(standing_at("file"), stack=(frame,))
    with pytest.raises(RuntimeError, match="without a way to confirm"):
        go_on(engine, conversation)


def test_an_old_proof_is_asked_for_anew_before_anything_is_read() -> None:
    files = flows.broken("unbinding", ("do: read_bindings", "do: read_decisions"))
    turn = go_on(engine_of(files), standing_at("list", proof=timedelta(minutes=31)))
    assert not [effect for effect in turn.effects if isinstance(effect, CallAccount)]
    assert [effect for effect in turn.effects if isinstance(effect, SendCode)]


@pytest.mark.parametrize("words", ["yes", "1", "the words of unbinding.sur", "ok", "👍", "YES"])
def test_only_the_buttons_own_words_confirm(words: str) -> None:
    asked = go_on(GOOD, standing_at("sure")).snapshot.conversation
    assert not filed(advance(GOOD, asked, TextMessage("j2", words)))
    assert filed(advance(GOOD, asked, TextMessage("j2", " The words of unbinding.sure_yes. ")))


YES = Observation(entities={"plain_answer": ("yes",)})


def test_a_plain_yes_confirms_the_question_that_it_was_sent_to() -> None:
    asked = go_on(GOOD, standing_at("sure")).snapshot.conversation
    assert asked.prompt is not None
    assert filed(advance(GOOD, asked, TextMessage("j2", "是", asked.prompt.offset, YES)))


@pytest.mark.parametrize("offset", [0, 1, 4, 99])
def test_a_plain_yes_to_another_question_repeats_the_open_one(offset: int) -> None:
    asked = go_on(GOOD, standing_at("sure")).snapshot.conversation
    turn = advance(GOOD, asked, TextMessage("j2", "是", offset, YES))
    assert not filed(turn)
    again = turn.events[-1]
    assert again.key == "desk.please_choose"
    assert [choice.id for choice in again.choices] == ["no", "yes"]


def test_what_cannot_be_undone_is_neither_the_first_button_nor_the_primary_one() -> None:
    asked = go_on(GOOD, standing_at("sure")).events[-1]
    assert [(choice.id, choice.style) for choice in asked.choices] == [
        ("no", ChoiceStyle.PRIMARY),
        ("yes", ChoiceStyle.DANGER),
    ]


def test_a_plain_yes_to_a_menu_over_the_question_does_not_confirm() -> None:
    asked = go_on(GOOD, standing_at("sure")).snapshot.conversation
    menu = advance(GOOD, asked, ChoiceMessage("j2", "desk:menu")).snapshot.conversation
    assert menu.prompt is not None
    assert not filed(advance(GOOD, menu, TextMessage("j3", "是", menu.prompt.offset, YES)))


@pytest.mark.parametrize("offset", [0, 1, 4, 99])
def test_a_button_of_another_question_does_not_confirm(offset: int) -> None:
    asked = go_on(GOOD, standing_at("sure")).snapshot.conversation
    assert not filed(advance(GOOD, asked, ChoiceMessage("j2", "yes", offset)))


# -- results that come at an odd time -----------------------------------------------------------


def waiting() -> Conversation:
    conversation = standing_at("list")
    frame = replace(conversation.stack[0], waiting=PendingCall("1.5.0", "bindings", NOW))
    return replace(conversation, stack=(frame,))


def bindings(ref: str = "1.5.0") -> ResultMessage:
    return ResultMessage("result:1", ref, "bindings", "ok", {"bindings": BOUND})


def test_a_result_goes_on_with_the_form_that_waits_for_it() -> None:
    turn = advance(GOOD, waiting(), bindings())
    assert turn.snapshot.conversation.stack[-1].waiting is None
    assert turn.events


def test_a_result_for_a_form_that_is_gone_goes_nowhere() -> None:
    turn = advance(GOOD, waiting(), bindings("9.9.9"))
    assert turn.snapshot.conversation == waiting()
    assert not turn.events


@pytest.mark.parametrize("between", ["another form", "an agent"])
def test_a_result_leaves_an_event_even_when_the_form_does_not_go_on_now(between: str) -> None:
    """State is kept with events alone; one that leaves none would be lost."""
    conversation = waiting()
    if between == "an agent":
        conversation = replace(conversation, owner=Owner(OwnerKind.AGENT, "mei", 3, NOW))
    else:
        top = Frame("unbinding", "sure", NOW, serial=2, slots={"provider": "apple"})
        conversation = replace(
            conversation, stack=(*conversation.stack, top), prompt=Prompt(4, serial=2)
        )
    turn = advance(GOOD, conversation, bindings())
    assert turn.snapshot.conversation.stack[0].waiting is None
    assert turn.snapshot.conversation.stack[0].slots["bindings"] == BOUND
    assert turn.events
    assert turn.snapshot.conversation.version == turn.events[-1].offset


# -- whose word it is ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "message",
    [
        TextMessage("j1", "yes"),
        TextMessage("j1", "hello"),
        ChoiceMessage("j1", "yes", 4),
        ChoiceMessage("j1", "desk:human"),
        ChoiceMessage("j1", "desk:lang:en"),
        ChoiceMessage("j1", "gone", 2),
    ],
    ids=repr,
)
def test_the_assistant_does_not_talk_over_an_agent(message: TextMessage | ChoiceMessage) -> None:
    conversation = replace(
        standing_at("sure"),
        owner=Owner(OwnerKind.AGENT, "mei", 3, NOW),
        prompt=Prompt(4, (Choice("yes", key="unbinding.sure_yes"),), serial=1),
    )
    turn = advance(GOOD, conversation, message)
    assert not filed(turn)
    assert Sender.ASSISTANT not in {event.sender for event in turn.events}
    assert turn.snapshot.conversation.owner == conversation.owner


@pytest.mark.parametrize("step", ["list", "which", "mood", "sure"])
def test_a_person_is_one_tap_away_from_every_step(step: str) -> None:
    # The small desk of these tests has no flow for it; the shipped one is looked at elsewhere.
    engine = engine_of(
        {
            **flows.GOOD,
            "dialogs/human_agent.yaml": (
                "flow: human_agent\nintents: [human_agent]\nstart: queue\nsteps:\n"
                "  queue: {do: queue_human, on: {queued: end, nobody: end, crowded: end}}\n"
                "  end: {end: done}\n"
            ),
            "dialogs/rest.yaml": flows.REST.replace("human_agent, ", ""),
        }
    )
    turn = advance(
        engine, standing_at(step), ChoiceMessage("j1", "desk:human", observed=Observation())
    )
    assert turn.snapshot.conversation.owner.kind is OwnerKind.QUEUE


@pytest.mark.parametrize("word", ["menu", "desk"])
def test_a_word_that_opens_the_menu_reads_no_requests(word: str) -> None:
    more = Choice(id="desk:menu", key="desk.choice.menu")
    idle = Conversation(
        ConversationId(b"c" * 16), "e", NOW, version=5, account=ME, serial=1,
        prompt=Prompt(offset=5, serial=1, choices=(more,)),
    )  # fmt: skip
    said = TextMessage("j1", "菜单", observed=Observation(entities={"command": (word,)}))
    # Were anything asked for, this would raise: nothing was looked up.
    turn = GOOD.advance(Snapshot(idle, {}), said, NOW)
    assert turn.events[-1].choices
