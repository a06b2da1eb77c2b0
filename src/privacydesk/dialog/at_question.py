"""What is done with words at any question: thinking it over, corrections, other wishes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from privacydesk.dialog import (
    after_filing,
    choosing,
    correcting,
    following,
    limiting,
    questions,
    reading,
    taking,
)
from privacydesk.dialog.buttons import Buttons
from privacydesk.dialog.runner import Runner
from privacydesk.dialog.running import Running
from privacydesk.dialog.schema import Ask
from privacydesk.dialog.script import Script
from privacydesk.dialog.slots import input_kind
from privacydesk.domain.intents import Intent

_MISSES_REPEAT = 3
"""After so many misses in a row the question is said again."""


class AtQuestion:
    """What hearing answers at questions and at confirmations have in common.

    Args:
        runner: goes on with the flow.
        buttons: what is offered.
    """

    def __init__(self, runner: Runner, buttons: Buttons) -> None:
        self._runner = runner
        self._buttons = buttons

    def thinks(self, script: Script) -> bool:
        """Leave the form of whoever wants to think about it first: "let me think it over"."""
        if "thinks" not in reading.phrases_of(script.observed.entities):
            return False
        if self._runner.leave_as_told(script):
            return True
        if not reading.is_brief(script) or following.others(self._runner, script):
            return False
        self._runner.cancel_form(script)
        return True

    def follows(self, script: Script, frame: Running) -> bool:
        """Follow words that answer something else; tell whether anything was made of them."""
        if correcting.correct(self._runner, script, frame) or correcting.correct_below(
            self._runner, script
        ):
            return True
        if limiting.narrows(self._runner, script):
            return True
        if script.observed.entities.get("asks_person"):
            return self._runner.start(script, Intent.HUMAN_AGENT)
        _, step = self._runner.waiting_step(script)
        wished = choosing.wished(script, self._buttons.offered(script, frame))
        if wished is not None and isinstance(step, Ask):
            taking.take_choice(self._runner, script, frame, step, wished)
            return True
        if after_filing.keeps(self._runner, script):
            return True
        if questions.is_bare(script):
            self.ask_again(script, frame, "desk.which_question")
            return True
        return following.both_in_turn(self._runner, script) or following.other_wish(
            self._runner, script
        )

    def ask_again(
        self, script: Script, frame: Running, key: str, args: Mapping[str, Any] | None = None
    ) -> None:
        """Say why an answer could not be taken, with the buttons of the question.

        The question stands right above, so it is not said twice; after a few misses it is, with a
        person to turn to.
        """
        if script.answered_beside:
            self._runner.prompt_again(script)
            return
        prompt = script.prompt
        _, step = self._runner.waiting_step(script)
        kind = (
            input_kind(self._runner.asking.slot_type(frame, step))
            if isinstance(step, Ask)
            else None
        )
        often = frame.misses and frame.misses % _MISSES_REPEAT == 0
        if prompt is None or prompt.serial != frame.serial or often:
            script.say(key, args)
            self._runner.run(script)
            return
        script.ask(
            key,
            args,
            prompt.choices,
            input_kind=kind,
            serial=frame.serial,
        )
