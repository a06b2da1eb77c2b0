"""Hearing answers: what words and taps are at the question that is open."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct

from privacydesk.dialog import (
    beginning,
    choosing,
    correcting,
    entries,
    filling,
    following,
    giving_up,
    interrupts,
    questions,
    reading,
    taking,
    wishes,
)
from privacydesk.dialog.runner import Runner
from privacydesk.dialog.running import Running
from privacydesk.dialog.schema import OTHER, Ask, Confirm
from privacydesk.dialog.script import Script
from privacydesk.dialog.slots import (
    FILLED_FROM,
    all_of,
    blot_codes,
    code_digits,
    input_kind,
    match_choice,
    names_own_contact,
    parse,
    staying,
    takes_any_words,
    takes_files,
    tight,
    tight_label,
)
from privacydesk.domain.conversation import OwnerKind
from privacydesk.domain.events import Choice, ChoiceStyle, EventKind, Sender
from privacydesk.domain.identity import Assurance
from privacydesk.domain.memo import ChoicesMemo
from privacydesk.domain.turn import Chose, Said

Labels = Callable[[str, str, Mapping[str, Any]], str]
"""The words of a key in a locale; typed words are compared with button labels by it."""

_MISSES_REPEAT = 3
"""After so many misses in a row the question is said again."""

_NO_STORY = 40
"""Characters; where any words are welcome, only so few may mean something else by a phrase."""


class _Worded(Struct, frozen=True):
    """The words on a row of buttons, as they are shown and as ``tight`` has them."""

    labels: tuple[str, ...]
    tight: frozenset[str]


class Answers:
    """Takes answers.

    Args:
        runner: goes on with the flow.
        labels: words of a key, for typed button labels.
    """

    def __init__(self, runner: Runner, labels: Labels) -> None:
        self._runner = runner
        self._labels = labels
        self._worded: dict[str, ChoicesMemo[_Worded]] = {}

    def said(self, script: Script, message: Said) -> None:
        """Take words."""
        hidden = _is_code(script, message.text) or self._repeats_code(script, message.text)
        script.append(
            Sender.USER,
            EventKind.TEXT,
            key="desk.code_hidden" if hidden else "",
            text="" if hidden else _without_codes(script, message.text),
        )
        before, script.last_said_at = script.last_said_at, script.now
        if script.owner.kind is OwnerKind.QUEUE and self._is_desk_button(script, message):
            return
        labelled = self._is_labelled(script, message.text) or self._is_answer(script)
        if script.owner.kind is OwnerKind.AGENT or interrupts.comes_first(
            self._runner, script, labelled=labelled
        ):
            return
        frame, step = self._runner.waiting_step(script)
        if script.mended and frame is not None:
            # Words for a question that is gone answer none that was not put yet.
            script.say("desk.resumed")
            self._runner.prompt_again(script)
        elif frame is None:
            self._said_at_menu(script, message)
        elif frame.waiting is not None:
            if not following.other_wish(self._runner, script):
                script.say("desk.still_waiting")
        elif (
            before is not None
            and script.now - before >= self._runner.rules.idle
            and interrupts.is_greeting(script)
        ):
            script.say("desk.resumed")
            self._runner.prompt_again(script)
        elif isinstance(step, Confirm):
            self._said_at_confirm(script, frame, message)
        elif isinstance(step, Ask):
            self._said_at_ask(script, frame, step, message)
        else:
            self._runner.run(script)

    def _repeats_code(self, script: Script, text: str) -> bool:
        """Tell whether a code is typed once more where the new value of an entry is asked for."""
        frame, step = self._runner.waiting_step(script)
        if frame is None or not isinstance(step, Ask):
            return False
        asked = self._runner.asking.slot_type(frame, step)
        return asked == entries.FIELD_VALUE and _is_sent_code(script, text)

    def _is_answer(self, script: Script) -> bool:
        """Tell whether words say what a button of the question does: 不用了 is no 取消 then."""
        frame, step = self._runner.waiting_step(script)
        if frame is None or not isinstance(step, Ask):
            return False
        return choosing.is_nothing_else(script, (one for one, _ in self._offered(script, frame)))

    def _is_labelled(self, script: Script, text: str) -> bool:
        """Tell whether words are exactly those of a button of the open question."""
        offered = script.prompt.choices if script.prompt is not None else ()
        words = tight(text) if offered else ""
        return bool(words) and words in self._words_of(script.locale, offered).tight

    def _is_desk_button(self, script: Script, message: Said) -> bool:
        """Obey the words of a button that a person who waits in the queue was offered."""
        choice = self._typed_choice(script, message.text)
        if choice is None or not choice.id.startswith("desk:"):
            return False
        interrupts.desk_choice(self._runner, script, choice.id, silent=True)
        return True

    def _said_at_menu(self, script: Script, message: Said) -> None:
        choice = self._typed_choice(script, message.text)
        if choice is None and len(message.text) <= _NO_STORY:
            # Of a list of requests the recogniser knows best which one is meant.
            offered = script.prompt.choices if script.prompt is not None else ()
            choice = choosing.spoken(script, tuple((one, "") for one in offered))
        if choice is not None:
            taking.take_menu_choice(self._runner, script, choice)
            return
        beginning.first_wish(self._runner, script)

    def _typed_choice(self, script: Script, text: str, *, loosely: bool = False) -> Choice | None:
        prompt = script.prompt
        if prompt is None or not prompt.choices:
            return None
        labels = self._words_of(script.locale, prompt.choices).labels
        return match_choice(text, prompt.choices, labels, loosely=loosely)

    def _words_of(self, locale: str, choices: tuple[Choice, ...]) -> _Worded:
        memo = self._worded.get(locale)
        if memo is None:

            def word(fresh: tuple[Choice, ...]) -> _Worded:
                labels = tuple(self._label(locale, choice) for choice in fresh)
                return _Worded(labels, frozenset(tight_label(label) for label in labels))

            memo = self._worded[locale] = ChoicesMemo(word)
        return memo(choices)

    def _label(self, locale: str, choice: Choice) -> str:
        return self._labels(locale, choice.key, choice.args) if choice.key else choice.label

    def _said_at_confirm(self, script: Script, frame: Running, message: Said) -> None:
        choice = self._typed_choice(script, message.text)
        if choice is not None and choice.id == "no":
            taking.take_confirmation(self._runner, script, frame, "no")
            return
        if choice is not None and choice.id == "yes":
            # Only the button's own words are a yes; its number or a bare "yes" is not.
            if tight(message.text) == tight_label(self._label(script.locale, choice)):
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
        if not (
            self._follows(script, frame) or questions.answers_from_policy(self._runner, script)
        ):
            frame.misses += 1
            self._ask_again(script, frame, "desk.please_choose")

    def _declines(self, script: Script, frame: Running) -> bool:
        """Take words that are no yes for sure: "let me think", or those of the button for no."""
        if self._thinks(script):
            return True
        meant = choosing.spoken(script, self._offered(script, frame))
        entities = script.observed.entities
        # "I never said to delete the posts" is of something else, where it names that.
        names = any(entities.get(kind) for kind in FILLED_FROM.values()) or staying(entities)
        denied = "never_asked" in reading.phrases_of(entities) and not names
        if not denied and (meant is None or meant.id != "no"):
            return False
        taking.take_confirmation(self._runner, script, frame, "no")
        return True

    def _thinks(self, script: Script) -> bool:
        """Leave the form of whoever wants to think about it first: "let me think it over"."""
        if "thinks" not in reading.phrases_of(script.observed.entities):
            return False
        if self._runner.leave_as_told(script):
            return True
        if not reading.is_brief(script) or following.others(self._runner, script):
            return False
        self._runner.cancel_form(script)
        return True

    def _said_at_ask(self, script: Script, frame: Running, step: Ask, message: Said) -> None:
        choice = self._typed_choice(script, message.text)
        if choice is not None:
            self._take_shown(script, frame, step, choice)
            return
        if correcting.changes_another(self._runner, script, frame, step):
            return
        if questions.asks_back(self._runner, script, frame, step, message.text):
            return
        slot_type = self._runner.asking.slot_type(frame, step)
        value = parse(slot_type, message.text, script.observed.entities)
        if slot_type == "profile_field":
            # Of several entries the one that is given its value first is begun with.
            value = next(iter(entries.fields_told(script.observed.entities)), value)
        if slot_type == entries.FIELD_VALUE:
            field = frame.slots.get(entries.FIELD)
            value = entries.answer(field, message.text, script.observed.entities)
            if _is_sent_code(script, message.text):
                self._ask_again(script, frame, "rectification.no_code")
                return
        if questions.stalls(script, slot_type, frame):
            self._ask_again(script, frame, "desk.take_your_time")
        elif takes_any_words(slot_type):
            self._said_freely(script, frame, step, message.text, value)
        else:
            self._said_among(script, frame, step, message.text, value)

    def _said_freely(
        self, script: Script, frame: Running, step: Ask, text: str, value: Any
    ) -> None:
        """Take words where any are the answer, unless they say nothing but that there is none."""
        slot_type = self._runner.asking.slot_type(frame, step)
        left_out = choosing.left_out(script, self._offered(script, frame))
        if left_out is not None:
            taking.take_choice(self._runner, script, frame, step, left_out)
        elif (
            # What staff asked may well be answered with what is not wanted any more.
            slot_type != "reply"
            and len(text) <= _NO_STORY
            and (
                following.leaves(self._runner, script)
                or following.adds_another(self._runner, script)
            )
        ):
            return
        elif value is not None:
            taking.take_value(self._runner, script, frame, step, value)
        elif len(text) > _NO_STORY or not correcting.correct(self._runner, script, frame):
            if slot_type == "account_name" and names_own_contact(text, script.observed.entities):
                taking.keep_contact(self._runner, script, frame)
            self._missed(script, frame, step)

    def _said_among(self, script: Script, frame: Running, step: Ask, text: str, value: Any) -> None:
        """Take words where one of several answers is wanted."""
        known = value is not None
        if not known and self._gives_contact(script, frame, step, text):
            return
        if (
            (not known and questions.asks_consequence(self._runner, script))
            or giving_up.leaves_out(self._runner, script)
            or giving_up.lets_go(self._runner, script)
            or following.is_for_oneself(self._runner, script)
            or correcting.corrects_slip(self._runner, script, frame)
            or following.leaves_for_another(self._runner, script)
            or (not known and self._is_meant(script, frame, step, text))
            or giving_up.taken_back(self._runner, script)
            or self._is_dealt_with(script, frame, step, text, known=known)
        ):
            return
        if known and self._runner.accepts(script, frame, step, value):
            following.keep_others(self._runner, script)
            following.keep_more(self._runner, script, frame, step, value)
            taking.keep_value(self._runner, script, frame, step, value)
            taking.take_value(self._runner, script, frame, step, value)
            return
        if taking.take_age(self._runner, script, frame, step):
            return
        if taking.note_value(self._runner, script, frame, step):
            return
        offered = self._offered(script, frame)
        told = choosing.told(script, text, offered) or choosing.rest(script, offered)
        if told is not None:
            taking.take_choice(self._runner, script, frame, step, told)
        elif not (
            self._thinks(script)
            or self._follows(script, frame)
            or questions.answers_from_policy(self._runner, script)
        ):
            self._not_taken(script, frame, step, text, value)

    def _gives_contact(self, script: Script, frame: Running, step: Ask, text: str) -> bool:
        """Keep the speaker's own phone or address, given before it is asked for, and ask anew.

        Where leaving one is among the answers, it is that answer.
        """
        keeps = "contact" in self._runner.flows[frame.flow].slots
        if not keeps or len(text) > _NO_STORY or script.observed.entities.get("answer"):
            return False
        if not names_own_contact(text, script.observed.entities):
            return False
        taking.keep_contact(self._runner, script, frame)
        offered = (choice for choice, _ in self._offered(script, frame) if choice.id == "contact")
        wanted = next(offered, None)
        if wanted is None:
            self._runner.prompt_again(script)
        else:
            taking.take_choice(self._runner, script, frame, step, wanted)
        return True

    def _not_taken(
        self, script: Script, frame: Running, step: Ask, text: str, value: Any | None
    ) -> None:
        """Say why words are no answer; a story at a question of buttons is kept as one."""
        if filling.foretell(self._runner, script, frame):
            self._runner.prompt_again(script)
            return
        if taking.keep_told_of_child(self._runner, script, frame):
            script.say("desk.told_besides")
            self._runner.prompt_again(script)
            return
        # Whoever was not understood once tells on, however short that is.
        if step.told and (questions.tells(text) or (frame.misses and not script.observed.wishes)):
            frame.slots[step.told] = text.strip()
            if any(offer.value == OTHER for offer in step.choices):
                taking.take_value(self._runner, script, frame, step, OTHER)
            else:
                taking.skip(self._runner, script, frame, step)
            return
        files = takes_files(self._runner.asking.slot_type(frame, step))
        if not files and taking.adds_to_story(self._runner, script, text):
            return
        if value is not None:
            self._runner.asking.say_not_offered(script, frame, step, value)
        self._missed(script, frame, step)

    def _missed(self, script: Script, frame: Running, step: Ask) -> None:
        """Say that an answer could not be taken."""
        frame.misses += 1
        slot_type = self._runner.asking.slot_type(frame, step)
        key = step.retry or f"desk.retry.{slot_type}"
        if slot_type == entries.FIELD_VALUE:
            key = entries.retry_key(frame.slots.get(entries.FIELD), script.said)
        self._ask_again(script, frame, key)

    def _is_meant(self, script: Script, frame: Running, step: Ask, text: str) -> bool:
        """Take the button that words speak for; tell whether that, or a correction, was all."""
        offered = self._offered(script, frame)
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
                frame.slots[offer.names] = slots[offer.names]
                return next((one for one, _ in offered if one.id == offer.value), None)
        return None

    def _is_dealt_with(
        self, script: Script, frame: Running, step: Ask, text: str, *, known: bool
    ) -> bool:
        """Follow what comes before an answer that words may hold; tell whether there was any."""
        if self._is_for_later(script, self._runner.asking.slot_type(frame, step)):
            following.further_wish(self._runner, script)
            return True
        if known:
            # "Everything I posted" names the posts, though a button says "everything".
            return False
        choice = self._typed_choice(script, text, loosely=True)
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

    def _offered(self, script: Script, frame: Running) -> choosing.Offered:
        """Return the buttons of a form's question; those of a menu opened over it are not."""
        prompt = script.prompt
        if prompt is None or prompt.serial != frame.serial:
            return ()
        labels = self._words_of(script.locale, prompt.choices).labels
        return tuple(zip(prompt.choices, labels, strict=True))

    def _follows(self, script: Script, frame: Running) -> bool:
        """Follow words that answer something else; tell whether anything was made of them."""
        if correcting.correct(self._runner, script, frame) or correcting.correct_below(
            self._runner, script
        ):
            return True
        if correcting.narrows(self._runner, script):
            return True
        _, step = self._runner.waiting_step(script)
        wished = choosing.wished(script, self._offered(script, frame))
        if wished is not None and isinstance(step, Ask):
            taking.take_choice(self._runner, script, frame, step, wished)
            return True
        if questions.is_bare(script):
            self._ask_again(script, frame, "desk.which_question")
            return True
        return following.both_in_turn(self._runner, script) or following.other_wish(
            self._runner, script
        )

    def _is_for_later(self, script: Script, slot_type: str) -> bool:
        """Tell whether words that name an answer wish something else: "show me my photos"."""
        others = following.others_beside(self._runner, script)
        if slot_type not in FILLED_FROM or not others:
            return False
        entities = script.observed.entities
        named = set(entities.get(FILLED_FROM[slot_type], ()))
        return "also" not in reading.phrases_of(entities) or named <= wishes.values_of(others)

    def _ask_again(self, script: Script, frame: Running, key: str) -> None:
        """Say why an answer could not be taken, with the buttons of the question.

        The question stands right above, so it is not said twice; after a few misses it is, with a
        person to turn to.
        """
        prompt = script.prompt
        _, step = self._runner.waiting_step(script)
        kind = (
            input_kind(self._runner.asking.slot_type(frame, step))
            if isinstance(step, Ask)
            else None
        )
        if prompt is None or prompt.serial != frame.serial or frame.misses % _MISSES_REPEAT == 0:
            script.say(key)
            self._runner.run(script)
            return
        script.ask(
            key,
            {},
            prompt.choices,
            input_kind=kind,
            serial=frame.serial,
        )

    def chose(self, script: Script, message: Chose) -> None:
        """Take a tapped button."""
        script.last_said_at = script.now
        if message.choice.startswith("desk:"):
            interrupts.desk_choice(self._runner, script, message.choice)
            return
        prompt = script.prompt
        live = prompt is not None and message.offset == prompt.offset
        choice = (
            next((c for c in prompt.choices if c.id == message.choice), None)
            if prompt is not None and live
            else None
        )
        if choice is None or script.owner.kind is OwnerKind.AGENT:
            interrupts.choice_closed(self._runner, script)
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


def _is_sent_code(script: Script, text: str) -> bool:
    """Tell whether a message is nothing but a code, after one was right here."""
    if not code_digits(text) or any(character.isalpha() for character in text):
        return False
    return script.is_verified(script.account, Assurance.ONE_TIME_CODE) is not None


def _is_code(script: Script, text: str) -> bool:
    """Tell whether a message is a code and nothing else; codes are not kept.

    At the menu six digits mean nothing else: a code that was typed after its form was left. Words
    around one stay, there and elsewhere.
    """
    if not code_digits(text) or any(character.isalpha() for character in text):
        return False
    menu = not script.stack and script.owner.kind is OwnerKind.ASSISTANT
    return menu or _code_was_sent(script)


def _without_codes(script: Script, text: str) -> str:
    return blot_codes(text) if _code_was_sent(script) else text


def _code_was_sent(script: Script) -> bool:
    return any("_target" in frame.slots for frame in script.stack)
