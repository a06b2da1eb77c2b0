"""Hearing answers at a confirmation: nothing but the button's own words is a yes."""

from __future__ import annotations

import re
from typing import Final

from privacydesk.dialog import (
    choosing,
    correcting,
    desk_buttons,
    following,
    giving_up,
    limiting,
    questions,
    reading,
    taking,
)
from privacydesk.dialog.at_question import AtQuestion
from privacydesk.dialog.running import Running
from privacydesk.dialog.script import Script
from privacydesk.dialog.slots import FILLED_FROM, staying

# "No leave that", 别解这个: said of what is to be confirmed, not of anything that was filed before.
_REFUSES: Final = re.compile(
    r"\s*(?:no|nope|nah|don'?t|do not)\b"
    r"(?! (?:problem|worries|idea|rush|hurry|know|you|i|(?:delete )?(?:all|every\w*))\b)"
    r"[\w' ,.!]{0,24}$"
    r"|\s*(?:不|先?[别別]|唔)(?:要|想|用|好|使|是|系|係)?(?:[删刪解绑綁撤改注註销銷提交办辦弄]{0,2})(?:这个|這個|呢个|呢個|它)"
    r"(?:[吧啊啦喇]|先)?[。.!！\s]*$",
    re.IGNORECASE,
)


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
                if not script.saw_question:
                    # Another window changed meanwhile what is to be confirmed.
                    desk_buttons.closed(self._runner, script)
                    return
                taking.take_confirmation(self._runner, script, frame, "yes")
                return
        elif choice is not None:
            taking.take_menu_choice(self._runner, script, choice)
            return
        if (
            questions.explain_open(self._runner, script)
            or following.wants_copy_first(self._runner, script)
            or questions.asks_consequence(self._runner, script)
            or following.is_of_another(self._runner, script)
            or giving_up.spares(self._runner, script)
            or self._declines(script, frame)
            or correcting.correct_value(self._runner, script)
            or following.leaves(self._runner, script)
            or correcting.corrects_slip(self._runner, script, frame)
            or limiting.narrows(self._runner, script)
            or limiting.picks_out(self._runner, script)
            or limiting.lifts_limit(self._runner, script)
            or following.further_wish(self._runner, script)
        ):
            return
        if not (
            limiting.asks_which(self._runner, script)
            or self.follows(script, frame)
            or questions.answers_from_policy(self._runner, script)
        ):
            frame.misses += 1
            self.ask_again(script, frame, "desk.please_choose")

    def _declines(self, script: Script, frame: Running) -> bool:
        """Take words that are no yes for sure: "let me think", or those of the button for no."""
        if self.thinks(script):
            return True
        meant = choosing.spoken(script, self._buttons.offered(script, frame))
        entities = script.observed.entities
        # "I never said to delete the posts" is of something else, where it names that.
        # "Don't delete the first one" is of one of them.
        told = (*FILLED_FROM.values(), "kept_some")
        names = any(entities.get(kind) for kind in told) or staying(entities)
        denied = "never_asked" in reading.phrases_of(entities) and not names
        refused = _REFUSES.match(script.said) is not None and not names
        if not denied and not refused and (meant is None or meant.id != "no"):
            return False
        taking.take_confirmation(self._runner, script, frame, "no")
        return True
