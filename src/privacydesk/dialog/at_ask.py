"""Hearing answers at a question: values, buttons that are meant, and what is said besides."""

from __future__ import annotations

from typing import Any

from privacydesk.dialog import (
    choosing,
    correcting,
    entries,
    filling,
    following,
    for_staff,
    giving_up,
    limits,
    openings,
    questions,
    rating,
    reading,
    taking,
    wishes,
)
from privacydesk.dialog.at_question import AtQuestion
from privacydesk.dialog.codes import code_digits
from privacydesk.dialog.running import Running
from privacydesk.dialog.schema import OTHER, Ask
from privacydesk.dialog.script import Script
from privacydesk.dialog.slots import (
    FILES,
    FILLED_FROM,
    all_of,
    names_own_contact,
    parse,
    staying,
    takes_any_words,
    takes_files,
)
from privacydesk.domain.events import Choice, ChoiceStyle
from privacydesk.domain.identity import Assurance
from privacydesk.domain.intents import Intent

NO_STORY = 40
"""Characters; where any words are welcome, only so few may mean something else by a phrase."""


class AtAsk(AtQuestion):
    """Takes words where something is asked."""

    def said(self, script: Script, frame: Running, step: Ask, text: str) -> None:
        """Take words."""
        choice = self._buttons.typed(script, text)
        if choice is not None:
            self._take_shown(script, frame, step, choice)
            return
        if (
            correcting.changes_another(self._runner, script, frame, step)
            or self._told_already(script, frame, step)
            or self._has_nothing_to_add(script)
            or self._is_chosen_label(script, frame, step, text)
            or questions.asks_back(self._runner, script, frame, step, text)
        ):
            return
        slot_type = self._runner.asking.slot_type(frame, step)
        value = parse(slot_type, text, script.observed.entities)
        if slot_type == "profile_field":
            # Of several entries the one that is given its value first is begun with.
            value = next(iter(entries.fields_told(script.observed.entities)), value)
        if slot_type == entries.FIELD_VALUE:
            field = frame.slots.get(entries.FIELD)
            value = entries.answer(field, text, script.observed.entities) or entries.piece_together(
                frame, text, script.observed.entities
            )
            if _is_sent_code(script, text):
                self.ask_again(script, frame, "rectification.no_code")
                return
        if questions.stalls(script, slot_type, frame):
            self.ask_again(script, frame, "desk.take_your_time")
        elif slot_type == FILES and questions.postpones(script):
            self.ask_again(script, frame, "desk.hand_in_later")
        elif takes_any_words(slot_type):
            self._said_freely(script, frame, step, text, value)
        else:
            self._said_among(script, frame, step, text, value)

    def _told_already(self, script: Script, frame: Running, step: Ask) -> bool:
        """Go on with what was told for whoever says that it was: 我刚才不是说了吗."""
        if not script.observed.entities.get("told_already"):
            return False
        if openings.insisted_on(frame, step):
            taking.take_value(self._runner, script, frame, step, "")
            return True
        words = self._with_opening(frame, step.told, "") if step.told else ""
        if words:
            self._take_as_told(script, frame, step, words)
            return True
        form = script.stack[script.form_at()]
        slots = self._runner.flows[form.flow].slots
        if not any(one.type == "long_text" and form.slots.get(n) for n, one in slots.items()):
            return False
        script.say("desk.told_noted")
        self._runner.prompt_again(script)
        return True

    def _has_nothing_to_add(self, script: Script) -> bool:
        """Pass a question that may be passed, where nothing else is said than that."""
        return bool(script.observed.entities.get("nothing_to_add")) and self._runner.refuse(script)

    def _leaves_it_at_that(self, script: Script, frame: Running, step: Ask) -> bool:
        """Take the sentence that began the form from whoever has nothing to add to it."""
        said = script.observed.entities.get("answer_alone", ())
        told = openings.insisted_on(frame, step)
        if openings.NOTHING_MORE not in said or not told or openings.answers(frame, step):
            return False
        taking.take_value(self._runner, script, frame, step, "")
        return True

    def _is_chosen_label(self, script: Script, frame: Running, step: Ask, text: str) -> bool:
        """Ask what is to be added to the words of a button that was chosen; tell if they are."""
        if not step.opening or openings.answers(frame, step):
            return False
        chosen = (
            Choice(id=offer.value, key=offer.text)
            for one in self._runner.flows[frame.flow].steps.values()
            if isinstance(one, Ask) and one.id in frame.trail
            for offer in one.choices
        )
        if not any(self._buttons.is_exactly(script, text, one) for one in chosen):
            return False
        openings.take(frame, text)
        self._runner.prompt_again(script)
        return True

    def repeats_code(self, script: Script, text: str) -> bool:
        """Tell whether a code is typed once more where the new value of an entry is asked for."""
        frame, step = self._runner.waiting_step(script)
        if frame is None or not isinstance(step, Ask):
            return False
        asked = self._runner.asking.slot_type(frame, step)
        return asked == entries.FIELD_VALUE and _is_sent_code(script, text)

    def _said_freely(
        self, script: Script, frame: Running, step: Ask, text: str, value: Any
    ) -> None:
        """Take words where any are the answer, unless they say nothing but that there is none."""
        slot_type = self._runner.asking.slot_type(frame, step)
        if (
            self._leaves_it_at_that(script, frame, step)
            or self._is_no_value(script, slot_type)
            or correcting.chooses_anew(self._runner, script, frame, step)
        ):
            return
        left_out = choosing.left_out(script, self._buttons.offered(script, frame))
        if left_out is not None:
            taking.take_choice(self._runner, script, frame, step, left_out)
        elif step.skip and taking.only_gives_contact(self._runner, script, frame):
            script.say("desk.told_besides")
            self._runner.prompt_again(script)
        elif (
            # What staff asked may well be answered with what is not wanted any more.
            slot_type != "reply"
            and len(text) <= NO_STORY
            and (
                following.leaves(self._runner, script)
                or following.adds_another(self._runner, script)
            )
        ):
            return
        elif slot_type == "long_text" and filling.foretell_wish(self._runner, script, frame):
            if openings.answers(frame, step):
                taking.skip(self._runner, script, frame, step)
            else:
                self._runner.prompt_again(script)
        elif value is not None:
            taking.take_value(self._runner, script, frame, step, value)
        elif len(text) > NO_STORY or not correcting.correct(self._runner, script, frame):
            if slot_type == "account_name" and names_own_contact(text, script.observed.entities):
                taking.keep_contact(self._runner, script, frame)
            self._missed(script, frame, step)

    def _is_no_value(self, script: Script, slot_type: str) -> bool:
        """Follow what is no name or value, though any words may be one; tell whether it was."""
        return questions.asks_for_value(slot_type) and (
            following.wants_person(self._runner, script)
            or correcting.corrects_birth(self._runner, script)
        )

    def _said_among(self, script: Script, frame: Running, step: Ask, text: str, value: Any) -> None:
        """Take words where one of several answers is wanted."""
        known = value is not None
        if not known and (
            self._gives_contact(script, frame, step, text)
            or self._gets_no_code(script, frame, step)
        ):
            return
        if (
            following.wants_copy_first(self._runner, script)
            or (not known and questions.asks_consequence(self._runner, script))
            or following.is_of_another(self._runner, script)
            or giving_up.spares(self._runner, script)
            or giving_up.takes_out(self._runner, script, frame, step)
            or giving_up.leaves_out(self._runner, script)
            or following.takes_for_oneself(self._runner, script)
            or correcting.corrects_slip(self._runner, script, frame)
            or following.leaves_for_another(self._runner, script)
            or (not known and correcting.corrects_birth(self._runner, script))
            or (not known and taking.keep_account_of_child(self._runner, script, frame))
            or (not known and self._take_meant(script, frame, step, text))
            or (not known and self._waits_with_code(script, frame, step))
            or giving_up.taken_back(self._runner, script)
            or self._deal_with(script, frame, step, text, known=known)
        ):
            return
        if known and self._runner.accepts(script, frame, step, value):
            following.keep_others(self._runner, script)
            following.keep_more(self._runner, script, frame, step, value)
            taking.keep_value(self._runner, script, frame, step, value)
            taking.take_value(self._runner, script, frame, step, value)
            return
        if taking.take_age(self._runner, script, frame, step) or taking.take_somebody(
            self._runner, script, frame, step
        ):
            return
        offered = self._buttons.offered(script, frame)
        kept = filling.foretell_wish(self._runner, script, frame)
        told = (
            choosing.told(script, text, offered)
            or choosing.rest(script, offered)
            or choosing.pointed(text, offered)
        )
        if told is not None:
            taking.take_choice(self._runner, script, frame, step, told)
        elif kept:
            self._runner.prompt_again(script)
        elif not (
            self._complains_of_answer(script, frame, step, text)
            or self.thinks(script)
            or giving_up.forgets(self._runner, script)
            or self.follows(script, frame)
            or questions.answers_from_policy(self._runner, script)
        ):
            self._not_taken(script, frame, step, text, value)

    def _complains_of_answer(self, script: Script, frame: Running, step: Ask, text: str) -> bool:
        """Take a complaint where the desk asks what was not right; tell whether it was one."""
        found = script.observed.recognised
        asked = bool(step.told) and frame.flow == rating.UNHAPPY
        if not asked or found is None or found.intent is not Intent.COMPLAINT:
            return False
        self._take_as_told(script, frame, step, text.strip())
        return True

    def _gives_contact(self, script: Script, frame: Running, step: Ask, text: str) -> bool:
        """Keep the speaker's own phone or address, given before it is asked for, and ask anew.

        Where leaving one is among the answers, it is that answer.
        """
        keeps = "contact" in self._runner.flows[frame.flow].slots
        if not keeps or len(text) > NO_STORY or script.observed.entities.get("answer"):
            return False
        if not names_own_contact(text, script.observed.entities):
            return False
        taking.keep_contact(self._runner, script, frame)
        offered = (
            choice for choice, _ in self._buttons.offered(script, frame) if choice.id == "contact"
        )
        wanted = next(offered, None)
        if wanted is None:
            self._runner.prompt_again(script)
        else:
            taking.take_choice(self._runner, script, frame, step, wanted)
        return True

    def _gets_no_code(self, script: Script, frame: Running, step: Ask) -> bool:
        """Take the button for whoever gets no code, where their words say so."""
        if self._runner.asking.slot_type(frame, step) != "code":
            return False
        offered = self._buttons.offered(script, frame)
        button = next((choice for choice, _ in offered if choice.id == "other_way"), None)
        if button is None or not questions.cannot_get_code(script, step):
            return False
        taking.take_choice(self._runner, script, frame, step, button)
        return True

    def _waits_with_code(self, script: Script, frame: Running, step: Ask) -> bool:
        """Wait for whoever comes back to a code later."""
        asks_code = self._runner.asking.slot_type(frame, step) == "code"
        if not asks_code or not questions.waits_with_code(script):
            return False
        if following.others_beside(self._runner, script):
            return False
        form = self._runner.flows[script.stack[script.form_at()].flow]
        self.ask_again(script, frame, "desk.code_later" if form.kind else "desk.take_your_time")
        return True

    def _not_taken(
        self, script: Script, frame: Running, step: Ask, text: str, value: Any | None
    ) -> None:
        """Say why words are no answer; a story at a question of buttons is kept as one."""
        if questions.postpones(script):
            self.ask_again(script, frame, "desk.take_your_time")
            return
        if filling.foretell(self._runner, script, frame):
            self._runner.prompt_again(script)
            return
        if taking.keep_told_of_child(self._runner, script, frame):
            script.say("desk.told_besides")
            self._runner.prompt_again(script)
            return
        # Whoever was not understood once tells on, however short that is.
        if step.told and (
            questions.tells(text)
            or (frame.misses and not script.observed.wishes)
            or self._remarks(script, frame, text)
        ):
            words = self._with_opening(frame, step.told, text.strip())
            self._take_as_told(script, frame, step, words)
            return
        files = takes_files(self._runner.asking.slot_type(frame, step))
        if not files and taking.adds_to_story(self._runner, script, text):
            return
        if value is not None:
            self._runner.asking.say_not_offered(script, frame, step, value)
        self._missed(script, frame, step)

    def _take_as_told(self, script: Script, frame: Running, step: Ask, words: str) -> None:
        """Keep what somebody tells instead of choosing."""
        frame.slots[step.told] = words
        if any(offer.value == OTHER for offer in step.choices):
            taking.take_value(self._runner, script, frame, step, OTHER)
        else:
            taking.skip(self._runner, script, frame, step)

    def _remarks(self, script: Script, frame: Running, text: str) -> bool:
        """Tell whether a few words tell something, where the desk asked: "one is still there"."""
        flow = self._runner.flows[frame.flow]
        return not flow.intents and not script.observed.wishes and questions.remarks(text)

    def _with_opening(self, frame: Running, slot: str, text: str) -> str:
        """Return what is told with the sentence that began the form, where that names it, too."""
        asked = (
            one
            for one in self._runner.flows[frame.flow].steps.values()
            if isinstance(one, Ask) and one.slot == slot and openings.insisted_on(frame, one)
        )
        step = next(asked, None)
        return text if step is None else str(openings.with_more(frame, step, text))

    def _missed(self, script: Script, frame: Running, step: Ask) -> None:
        """Say that an answer could not be taken; what staff asked may be what it answers."""
        if for_staff.offer(script, frame, script.said):
            return
        frame.misses += 1
        slot_type = self._runner.asking.slot_type(frame, step)
        key = step.retry or f"desk.retry.{slot_type}"
        if slot_type == entries.FIELD_VALUE:
            key = entries.retry_key(frame, script.said)
        self.ask_again(script, frame, key)

    def _take_meant(self, script: Script, frame: Running, step: Ask, text: str) -> bool:
        """Take the button that words speak for; tell whether that, or a correction, was all."""
        offered = self._buttons.offered(script, frame)
        if questions.asks_policy(script, text) and not choosing.is_nothing_but(script, offered):
            return False
        if correcting.correct(self._runner, script, frame):
            return True
        several = choosing.several(script, offered) if step.told else ()
        if several:
            taking.take_told(self._runner, script, frame, step, several)
            return True
        meant = choosing.meant(script, offered) or self._named(script, frame, step, offered)
        if meant is None:
            return False
        if script.observed.wishes or meant.style is ChoiceStyle.QUIET:
            # Of a message that is nothing but the answer, no part is a wish of its own; but whoever
            # declines says what is wanted instead: "don't close it, only unlink Google".
            following.keep_others(self._runner, script)
        # "By mail, to lin@example.com" chooses, and says where.
        taking.keep_contact(self._runner, script, frame)
        taking.keep_words(script, frame, step)
        if self._runner.asking.slot_type(frame, step) != "date_of_birth":
            taking.keep_told_of_child(self._runner, script, frame)
        taking.take_choice(self._runner, script, frame, step, meant)
        return True

    def _named(
        self, script: Script, frame: Running, step: Ask, offered: choosing.Offered
    ) -> Choice | None:
        """Return the button for what words name, and keep that: "the recordings will do"."""
        flow = self._runner.flows[frame.flow]
        slots = filling.slots_for(flow, script.observed.entities)
        stays = staying(script.observed.entities)
        for offer in step.choices:
            named = flow.slots[offer.names].type if offer.names else ""
            if named == "category" and stays and stays.issuperset(slots.get(offer.names) or ()):
                # Of a copy of everything, 除了搜索记录 names the part that is not wanted.
                seen = all_of(named, "categories")
                slots[offer.names] = [one for one in seen if one not in stays]
            if named == "contact":
                slots[offer.names] = parse("contact", script.said, script.observed.entities)
            elif named == "category" and not choosing.only_chooses(script, flow):
                # What a question or another wish is about is not chosen by that.
                slots.pop(offer.names, None)
        for offer in step.choices:
            if slots.get(offer.names) is not None:
                named_here = (offer.names, limits.SLOT)
                frame.slots.update({n: slots[n] for n in named_here if n in slots})
                return next((one for one, _ in offered if one.id == offer.value), None)
        return None

    def _deal_with(
        self, script: Script, frame: Running, step: Ask, text: str, *, known: bool
    ) -> bool:
        """Follow what comes before an answer that words may hold; tell whether there was any."""
        if self._is_for_later(script, self._runner.asking.slot_type(frame, step)):
            following.further_wish(self._runner, script)
            return True
        if known:
            # "Everything I posted" names the posts, though a button says "everything".
            return False
        choice = self._buttons.typed(script, text, loosely=True)
        if choice is None or choice.id in staying(script.observed.entities):
            # "WeChat stays" has the words of a button, and does not mean it.
            return False
        self._take_shown(script, frame, step, choice)
        return True

    def _take_shown(self, script: Script, frame: Running, step: Ask, choice: Choice) -> None:
        if script.prompt is not None and script.prompt.serial == frame.serial:
            taking.take_choice(self._runner, script, frame, step, choice)
        else:
            # The menu was opened over the question.
            taking.take_menu_choice(self._runner, script, choice)

    def _is_for_later(self, script: Script, slot_type: str) -> bool:
        """Tell whether words that name an answer wish something else: "show me my photos"."""
        others = following.others_beside(self._runner, script)
        if slot_type not in FILLED_FROM or not others:
            return False
        entities = script.observed.entities
        named = set(entities.get(FILLED_FROM[slot_type], ()))
        return "also" not in reading.phrases_of(entities) or named <= wishes.values_of(others)


def _is_sent_code(script: Script, text: str) -> bool:
    """Tell whether a message is nothing but a code, after one was right here."""
    if not code_digits(text) or any(character.isalpha() for character in text):
        return False
    return script.is_verified(script.account, Assurance.ONE_TIME_CODE) is not None
