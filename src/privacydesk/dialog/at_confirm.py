"""Answers at a confirmation: its buttons, their own words, or a plain yes or no to it.

A plain yes counts where it was sent to this very question, and nowhere near an ``exact`` step.
"""

from __future__ import annotations

import re
from typing import Final

from privacydesk.dialog import (
    choosing,
    correcting,
    desk_buttons,
    filling,
    following,
    giving_up,
    limiting,
    limits,
    questions,
    reading,
    taking,
    wishes,
)
from privacydesk.dialog.at_question import AtQuestion
from privacydesk.dialog.running import Running
from privacydesk.dialog.schema import ALL, Confirm
from privacydesk.dialog.script import Script
from privacydesk.dialog.slots import FILLED_FROM, Entities, staying
from privacydesk.domain.intents import Intent

# "No leave that", 别解这个: said of what is to be confirmed, not of anything that was filed before.
_REFUSES: Final = re.compile(
    r"\s*(?:no|nope|nah|don'?t|do not)\b"
    r"(?! (?:problem|worries|idea|rush|hurry|know|you|i|(?:delete )?(?:all|every\w*))\b)"
    r"[\w' ,.!]{0,24}$"
    r"|\s*(?:不|先?[别別]|唔)(?:要|想|用|好|使|是|系|係)?(?:[删刪解绑綁撤改注註销銷提交办辦弄]{0,2})(?:这个|這個|呢个|呢個|它)"
    r"(?:[吧啊啦喇]|先)?[。.!！\s]*$",
    re.IGNORECASE,
)


_CHANGES: Final = frozenset(
    {"also", "and", "both", "instead", "slip", "leaving", "thinks", "postpones"}
)
_LEAVES: Final = ("kept_some", "only_kept", "taken_back", "copy_first")
"""What a message says besides that makes more of it than a yes."""


def _named(entities: Entities) -> set[str]:
    """Return the things that a message names, to go or to stay."""
    kinds = (*FILLED_FROM.values(), *(f"kept_{one}" for one in FILLED_FROM.values()), "only_kept")
    return {str(one) for kind in kinds for one in entities.get(kind, ())}


class AtConfirm(AtQuestion):
    """Takes words where something is to be confirmed."""

    def plain_answer(self, script: Script) -> str:
        """Return yes or no where a message says nothing but that to the open confirmation.

        ``either`` where it may mean both: 取消 where a request is to be taken back.
        """
        frame, step = self._runner.waiting_step(script)
        prompt = script.prompt
        if frame is None or prompt is None or prompt.serial != frame.serial:
            return ""
        if not isinstance(step, Confirm):
            return ""
        said = set(script.observed.entities.get("plain_answer", ()))
        if not _named(script.observed.entities) <= giving_up.words_in(
            script.stack[script.form_at()].slots
        ):
            # "解吧 微信还在就行" agrees, and names what is not to be confirmed.
            said = set()
        labels = {"yes": step.yes, "no": step.no}
        meant = [answer for answer, label in labels.items() if said & {answer, label}]
        if not meant and self._restates(script):
            return "yes"
        return "either" if len(meant) > 1 else "".join(meant)

    def _restates(self, script: Script) -> bool:
        """Tell whether a message only wishes what is to be confirmed: 确定，解掉吧."""
        found, entities = script.observed.recognised, script.observed.entities
        form = script.stack[script.form_at()]
        flow = self._runner.flows[form.flow]
        if found is None or not found.sure or found.intent not in flow.intents:
            return False
        if script.observed.wishes or not entities.get("wants") or script.observed.beside:
            return False
        changes = reading.phrases_of(entities) & _CHANGES
        if changes or staying(entities) or any(entities.get(kind) for kind in _LEAVES):
            return False
        # What names things again may as well set them apart: 谷歌不用了.
        named = giving_up.words_in(filling.slots_for(flow, entities))
        return not named or (named == {ALL} and not limits.narrows(limits.held(form.slots)))

    def is_answer(self, script: Script) -> bool:
        """Tell whether words answer the open confirmation, and so are no command: 取消, 不用了."""
        _, step = self._runner.waiting_step(script)
        return bool(self.plain_answer(script)) and not (isinstance(step, Confirm) and step.exact)

    def said(self, script: Script, frame: Running, step: Confirm, text: str) -> None:
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
        if self._answers_plainly(script, frame, step) or self._agrees_first(script, frame, step):
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
            or correcting.asks_value_anew(self._runner, script, frame)
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
            self._ask_which(script, frame, step)

    def _answers_plainly(self, script: Script, frame: Running, step: Confirm) -> bool:
        """Take a plain yes or no; tell whether it was one."""
        answer = self.plain_answer(script)
        if answer == "no" and step.exact:
            self._runner.cancel_form(script)
        elif answer == "no" or (answer == "yes" and script.answers_question and not step.exact):
            taking.take_confirmation(self._runner, script, frame, answer)
        elif answer:
            self._ask_which(script, frame, step)
        return bool(answer)

    def _agrees_first(self, script: Script, frame: Running, step: Confirm) -> bool:
        """Take a plain yes before another wish; tell whether it was one: 好，確認。之後搵個真人.

        What else is said of the very thing that is to be confirmed may change it.
        """
        entities = script.observed.entities
        opens = set(entities.get("opens_with", ()))
        if opens not in ({"yes"}, {step.yes}):
            return False
        asked = wishes.wishes_of(self._runner, script)
        others = following.others_beside(self._runner, script)
        person = bool(entities.get("asks_person"))
        if step.exact or not script.answers_question or len(others) < len(asked):
            return False
        copy = any(wish.intent is Intent.ACCESS for wish in others)
        losing = self._runner.flows[script.stack[script.form_at()].flow].kind in following.LOSING
        if not (others or person) or (copy and losing):
            # A copy that is asked for beside a loss may be wanted before it.
            return False
        following.keep_others(self._runner, script)
        taking.take_confirmation(self._runner, script, frame, "yes")
        return not person or self._runner.start(script, Intent.HUMAN_AGENT)

    def _ask_which(self, script: Script, frame: Running, step: Confirm) -> None:
        frame.misses += 1
        labels = {"yes": {"$term": step.yes}, "no": {"$term": step.no}}
        self.ask_again(script, frame, "desk.please_choose", labels)

    def _declines(self, script: Script, frame: Running) -> bool:
        """Take words that are no yes for sure: "let me think", or those of the button for no."""
        if self.thinks(script):
            return True
        meant = choosing.spoken(script, self._buttons.offered(script, frame))
        entities = script.observed.entities
        # "Don't delete the first one" is of one of them.
        told = (*FILLED_FROM.values(), "kept_some")
        names = any(entities.get(kind) for kind in told) or staying(entities)
        refused = _REFUSES.match(script.said) is not None and not names
        if not refused and (meant is None or meant.id != "no"):
            return False
        taking.take_confirmation(self._runner, script, frame, "no")
        return True
