"""Hearing answers at a confirmation: nothing but the button's own words is a yes."""

from __future__ import annotations

from privacydesk.dialog import choosing, correcting, following, questions, reading, taking
from privacydesk.dialog.at_question import AtQuestion
from privacydesk.dialog.running import Running
from privacydesk.dialog.script import Script
from privacydesk.dialog.slots import FILLED_FROM, staying


class AtConfirm(AtQuestion):
    """Takes words where something is to be confirmed."""

    def said(self, script: Script, frame: Running, text: str) -> None:
        """Take words."""
        choice = self._buttons.typed(script, text)
        if choice is not None and choice.id == "no":
            taking.take_confirmation(self._runner, script, frame, "no")
            return
        if choice is not None and choice.id == "yes":
            if self._buttons.is_exactly(script, text, choice):
                taking.take_confirmation(self._runner, script, frame, "yes")
                return
        elif choice is not None:
            taking.take_menu_choice(self._runner, script, choice)
            return
        if (
            questions.explain_open(self._runner, script)
            or questions.asks_consequence(self._runner, script)
            or self._declines(script, frame)
            or correcting.correct_value(self._runner, script)
            or following.leaves(self._runner, script)
            or correcting.corrects_slip(self._runner, script, frame)
            or correcting.narrows(self._runner, script)
            or following.further_wish(self._runner, script)
        ):
            return
        if not (self.follows(script, frame) or questions.answers_from_policy(self._runner, script)):
            frame.misses += 1
            self.ask_again(script, frame, "desk.please_choose")

    def _declines(self, script: Script, frame: Running) -> bool:
        """Take words that are no yes for sure: "let me think", or those of the button for no."""
        if self.thinks(script):
            return True
        meant = choosing.spoken(script, self._buttons.offered(script, frame))
        entities = script.observed.entities
        # "I never said to delete the posts" is of something else, where it names that.
        names = any(entities.get(kind) for kind in FILLED_FROM.values()) or staying(entities)
        denied = "never_asked" in reading.phrases_of(entities) and not names
        if not denied and (meant is None or meant.id != "no"):
            return False
        taking.take_confirmation(self._runner, script, frame, "no")
        return True
