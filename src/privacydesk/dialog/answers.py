"""Answers to the open question: typed words and tapped buttons."""

from __future__ import annotations

from privacydesk.dialog import desk_buttons, openings, taking
from privacydesk.dialog.answering import repeats_code
from privacydesk.dialog.asking import is_value
from privacydesk.dialog.buttons import Buttons, Labels
from privacydesk.dialog.interpreter import interpret
from privacydesk.dialog.reply import Reply
from privacydesk.dialog.runner import Runner
from privacydesk.dialog.schema import Ask, Confirm
from privacydesk.dialog.script import Script
from privacydesk.domain.conversation import OwnerKind
from privacydesk.domain.events import EventKind, Sender
from privacydesk.domain.turn import CardMessage, ChoiceMessage, TextMessage
from privacydesk.domain.typed_codes import code_digits


class Answers:
    """Takes what the user types and taps.

    Args:
        runner: continues the flow.
        labels: the text of a key, to recognise typed button labels.
    """

    def __init__(self, runner: Runner, labels: Labels) -> None:
        self._runner = runner
        self._buttons = Buttons(labels)

    def said(self, script: Script, message: TextMessage) -> None:
        """Take a typed message."""
        reply = Reply(self._runner, self._buttons, script)
        hidden = _is_code(script, message.text) or repeats_code(reply)
        script.append(
            Sender.USER,
            EventKind.TEXT,
            key="desk.code_hidden" if hidden else "",
            text="" if hidden else openings.without_codes(script, message.text),
        )
        script.last_said_at = script.now
        if script.owner.kind is OwnerKind.QUEUE and self._press_desk_button(script, message):
            return
        if script.owner.kind is not OwnerKind.AGENT:
            interpret(reply)

    def chose(self, script: Script, message: ChoiceMessage) -> None:
        """Take a tapped button."""
        script.last_said_at = script.now
        if message.choices:
            self._chose_several(script, message)
            return
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

    def _chose_several(self, script: Script, message: ChoiceMessage) -> None:
        """Take all that was chosen at once where a question takes several."""
        prompt, (frame, step) = script.prompt, self._runner.waiting_step(script)
        offered = {one.id: one for one in prompt.choices if is_value(one)} if prompt else {}
        chosen = [offered[one] for one in message.choices if one in offered]
        if (
            prompt is None
            or frame is None
            or not isinstance(step, Ask)
            or not (step.many or step.several)
            or (prompt.offset, prompt.serial) != (message.offset, frame.serial)
            or frame.waiting is not None
            or len(chosen) != len(message.choices)
            or script.owner.kind is OwnerKind.AGENT
        ):
            desk_buttons.closed(self._runner, script)
            return
        labels = {"$texts": [{"$term": one.key, "args": one.args} for one in chosen]}
        script.append(Sender.USER, EventKind.CHOSE, key="desk.chosen", args={"chosen": labels})
        taking.take_several(self._runner, script, frame, step, chosen)

    def handed_in(self, script: Script, message: CardMessage) -> None:
        """Take a card of questions with its answers."""
        script.last_said_at = script.now
        prompt, (frame, step) = script.prompt, self._runner.waiting_step(script)
        if (
            prompt is None
            or frame is None
            or not isinstance(step, Ask)
            or (prompt.offset, prompt.serial) != (message.offset, frame.serial)
            or frame.waiting is not None
            or script.owner.kind is OwnerKind.AGENT
            or not taking.take_card(self._runner, script, frame, step, message.values)
        ):
            desk_buttons.closed(self._runner, script)

    def _press_desk_button(self, script: Script, message: TextMessage) -> bool:
        """Press a desk button whose words are typed while waiting in the queue."""
        choice = self._buttons.typed(script, message.text)
        if choice is None or not choice.id.startswith("desk:"):
            return False
        desk_buttons.press(self._runner, script, choice.id, silent=True)
        return True


def _is_code(script: Script, text: str) -> bool:
    """Whether a message is a code and nothing else; codes are not kept.

    At the menu six digits can only be a code typed after its form was left. Words around a code
    are kept, there and elsewhere.
    """
    if not code_digits(text) or any(character.isalpha() for character in text):
        return False
    menu = not script.stack and script.owner.kind is OwnerKind.ASSISTANT
    return menu or script.code_was_sent()
