"""Hearing answers: what words and taps are at the question that is open."""

from __future__ import annotations

from privacydesk.dialog import (
    beginning,
    choosing,
    desk_buttons,
    following,
    interrupts,
    openings,
    reading,
    side_questions,
    taking,
)
from privacydesk.dialog.at_ask import NO_STORY, AtAsk
from privacydesk.dialog.at_confirm import AtConfirm
from privacydesk.dialog.buttons import Buttons, Labels
from privacydesk.dialog.codes import code_digits
from privacydesk.dialog.runner import Runner
from privacydesk.dialog.schema import Ask, Confirm
from privacydesk.dialog.script import Script
from privacydesk.domain.conversation import OwnerKind
from privacydesk.domain.events import EventKind, Sender
from privacydesk.domain.turn import Chose, Said


class Answers:
    """Takes answers.

    Args:
        runner: goes on with the flow.
        labels: words of a key, for typed button labels.
    """

    def __init__(self, runner: Runner, labels: Labels) -> None:
        self._runner = runner
        self._buttons = Buttons(labels)
        self._at_ask = AtAsk(runner, self._buttons)
        self._at_confirm = AtConfirm(runner, self._buttons)

    def said(self, script: Script, message: Said) -> None:
        """Take words."""
        hidden = _is_code(script, message.text) or self._at_ask.repeats_code(script, message.text)
        script.append(
            Sender.USER,
            EventKind.TEXT,
            key="desk.code_hidden" if hidden else "",
            text="" if hidden else openings.without_codes(script, message.text),
        )
        before, script.last_said_at = script.last_said_at, script.now
        if script.owner.kind is OwnerKind.QUEUE and self._press_desk_button(script, message):
            return
        if script.owner.kind is OwnerKind.AGENT or self._comes_first(script):
            return
        frame, step = self._runner.waiting_step(script)
        if script.mended and frame is not None:
            # Words for a question that is gone answer none that was not put yet.
            script.say("desk.resumed")
            self._runner.prompt_again(script)
        elif frame is None:
            self._said_at_menu(script)
        elif frame.waiting is not None:
            if not following.other_wish(self._runner, script):
                script.say("desk.still_waiting")
        elif (
            before is not None
            and script.now - before >= self._runner.rules.idle
            and reading.is_greeting(script)
        ):
            script.say("desk.resumed")
            self._runner.prompt_again(script)
        elif isinstance(step, Confirm):
            self._at_confirm.said(script, frame, step, script.said)
        elif isinstance(step, Ask):
            self._at_ask.said(script, frame, step, script.said)
        else:
            self._runner.run(script)

    def _comes_first(self, script: Script) -> bool:
        """Answer what is asked beside, and do what comes before any form; tell if that was all."""
        if interrupts.cares(self._runner, script, labelled=self._is_labelled(script)):
            return True
        if not self._is_labelled(script) and side_questions.answer(self._runner, script):
            return True
        return interrupts.obeys(self._runner, script, labelled=self._is_labelled(script))

    def _is_labelled(self, script: Script) -> bool:
        return self._buttons.is_label(script, script.said) or self._is_answer(script)

    def chose(self, script: Script, message: Chose) -> None:
        """Take a tapped button."""
        script.last_said_at = script.now
        if message.choice.startswith("desk:"):
            desk_buttons.press(self._runner, script, message.choice)
            return
        prompt = script.prompt
        live = prompt is not None and message.offset == prompt.offset
        choice = (
            next((c for c in prompt.choices if c.id == message.choice), None)
            if prompt is not None and live
            else None
        )
        if choice is None or script.owner.kind is OwnerKind.AGENT:
            desk_buttons.closed(self._runner, script)
            return
        script.append(
            Sender.USER, EventKind.CHOSE, key=choice.key, args=choice.args, text=choice.label
        )
        frame, step = self._runner.waiting_step(script)
        assert prompt is not None
        if frame is None or prompt.serial != frame.serial or frame.waiting is not None:
            taking.take_menu_choice(self._runner, script, choice)
        elif isinstance(step, Confirm) and choice.id in {"yes", "no"}:
            taking.take_confirmation(self._runner, script, frame, choice.id)
        elif isinstance(step, Ask):
            taking.take_choice(self._runner, script, frame, step, choice)
        else:
            taking.take_menu_choice(self._runner, script, choice)

    def _is_answer(self, script: Script) -> bool:
        """Tell whether words say what a button of the question does: 不用了 is no 取消 then."""
        frame, step = self._runner.waiting_step(script)
        if frame is None or not isinstance(step, Ask):
            return self._at_confirm.is_answer(script)
        return choosing.is_nothing_else(
            script, (one for one, _ in self._buttons.offered(script, frame))
        )

    def _press_desk_button(self, script: Script, message: Said) -> bool:
        """Obey the words of a button that a person who waits in the queue was offered."""
        choice = self._buttons.typed(script, message.text)
        if choice is None or not choice.id.startswith("desk:"):
            return False
        desk_buttons.press(self._runner, script, choice.id, silent=True)
        return True

    def _said_at_menu(self, script: Script) -> None:
        choice = self._buttons.typed(script, script.said)
        if choice is None and len(script.said) <= NO_STORY:
            # Of a list of requests the recogniser knows best which one is meant.
            offered = script.prompt.choices if script.prompt is not None else ()
            choice = choosing.spoken(script, tuple((one, "") for one in offered))
        if choice is not None:
            taking.take_menu_choice(self._runner, script, choice)
            return
        beginning.first_wish(self._runner, script)


def _is_code(script: Script, text: str) -> bool:
    """Tell whether a message is a code and nothing else; codes are not kept.

    At the menu six digits mean nothing else: a code that was typed after its form was left. Words
    around one stay, there and elsewhere.
    """
    if not code_digits(text) or any(character.isalpha() for character in text):
        return False
    menu = not script.stack and script.owner.kind is OwnerKind.ASSISTANT
    return menu or script.code_was_sent()
