"""Replies to a question: values, buttons that are meant, and what is told instead of choosing."""

from __future__ import annotations

from typing import Final

from privacydesk.dialog import (
    choosing,
    correcting,
    entries,
    filling,
    following,
    for_staff,
    limits,
    openings,
    questions,
    rating,
    reading,
    taking,
    wishes,
)
from privacydesk.dialog.codes import code_digits
from privacydesk.dialog.reply import Place, Reply
from privacydesk.dialog.schema import OTHER, Ask
from privacydesk.dialog.script import Script
from privacydesk.dialog.slots import (
    FILLED_FROM,
    all_of,
    names_own_contact,
    parse,
    staying,
    takes_files,
)
from privacydesk.domain.events import Choice, ChoiceStyle
from privacydesk.domain.identity import Assurance
from privacydesk.domain.intents import Intent

NO_STORY: Final = 40
"""Characters; where any words are welcome, only so few may mean something else by a phrase."""


# -- at every question -----------------------------------------------------------------------


def take_button(reply: Reply) -> bool:
    """Take the words of a button."""
    choice = reply.buttons.typed(reply.script, reply.text)
    if choice is None:
        return False
    _take_shown(reply, choice)
    return True


def _take_shown(reply: Reply, choice: Choice) -> None:
    script = reply.script
    if script.prompt is not None and script.prompt.serial == reply.frame.serial:
        taking.take_choice(reply.runner, script, reply.frame, reply.ask, choice)
    else:
        # The menu was opened over the question.
        taking.take_menu_choice(reply.runner, script, choice)


def take_told_already(reply: Reply) -> bool:
    """Go on with what was told where it is said that it was: 我刚才不是说了吗."""
    script, frame, step = reply.script, reply.frame, reply.ask
    if not script.observed.entities.get("told_already"):
        return False
    if openings.insisted_on(frame, step):
        taking.take_value(reply.runner, script, frame, step, "")
        return True
    words = _with_opening(reply, step.told, "") if step.told else ""
    if words:
        _take_as_told(reply, words)
        return True
    form = script.stack[script.form_at()]
    slots = reply.runner.flows[form.flow].slots
    if not any(one.type == "long_text" and form.slots.get(n) for n, one in slots.items()):
        return False
    script.say("desk.told_noted")
    reply.runner.prompt_again(script)
    return True


def skip(reply: Reply) -> bool:
    """Pass a question that may be passed, where nothing else is said than that."""
    nothing = reply.script.observed.entities.get("nothing_to_add")
    return bool(nothing) and reply.runner.refuse(reply.script)


def ask_for_more_than_label(reply: Reply) -> bool:
    """Ask what is to be added to the words of a button that was chosen before."""
    step, frame = reply.ask, reply.frame
    if not step.opening or openings.answers(frame, step):
        return False
    chosen = (
        Choice(id=offer.value, key=offer.text)
        for one in reply.runner.flows[frame.flow].steps.values()
        if isinstance(one, Ask) and one.id in frame.trail
        for offer in one.choices
    )
    if not any(reply.buttons.is_exactly(reply.script, reply.text, one) for one in chosen):
        return False
    openings.take(frame, reply.text)
    reply.runner.prompt_again(reply.script)
    return True


def refuse_sent_code(reply: Reply) -> bool:
    """Say that the code is done with where the new value of an entry is asked for."""
    if not repeats_code(reply):
        return False
    reply.ask_again("rectification.no_code")
    return True


def repeats_code(reply: Reply) -> bool:
    """Tell whether a code is typed once more where the new value of an entry is asked for."""
    if reply.place is not Place.NAME or reply.slot_type != entries.FIELD_VALUE:
        return False
    return _is_sent_code(reply.script, reply.text)


def _is_sent_code(script: Script, text: str) -> bool:
    """Tell whether a message is nothing but a code, after one was right here."""
    if not code_digits(text) or any(character.isalpha() for character in text):
        return False
    return script.is_verified(script.account, Assurance.ONE_TIME_CODE) is not None


def not_understood(reply: Reply) -> bool:
    """Say that an answer could not be taken; what staff asked may be what it answers."""
    frame = reply.frame
    if for_staff.offer(reply.script, frame, reply.text):
        return True
    frame.misses += 1
    key = reply.ask.retry or f"desk.retry.{reply.slot_type}"
    if reply.slot_type == entries.FIELD_VALUE:
        key = entries.retry_key(frame, reply.text)
    reply.ask_again(key)
    return True


# -- where any words are the answer ----------------------------------------------------------


def leave_at_opening(reply: Reply) -> bool:
    """Take the sentence that began the form where there is nothing to add to it."""
    said = reply.script.observed.entities.get("answer_alone", ())
    frame, step = reply.frame, reply.ask
    told = openings.insisted_on(frame, step)
    if openings.NOTHING_MORE not in said or not told or openings.answers(frame, step):
        return False
    taking.take_value(reply.runner, reply.script, frame, step, "")
    return True


def take_left_out(reply: Reply) -> bool:
    """Take the button for what is left out."""
    choice = choosing.left_out(reply.script, reply.offered)
    if choice is None:
        return False
    taking.take_choice(reply.runner, reply.script, reply.frame, reply.ask, choice)
    return True


def keep_lone_contact(reply: Reply) -> bool:
    """Keep a contact where a message gives that and nothing else, and ask anew."""
    script, runner = reply.script, reply.runner
    if not reply.ask.skip or not taking.only_gives_contact(runner, script, reply.frame):
        return False
    script.say("desk.told_besides")
    runner.prompt_again(script)
    return True


def take_foretold(reply: Reply) -> bool:
    """Keep what a message says of what is asked next, and of nothing else."""
    runner, script, frame = reply.runner, reply.script, reply.frame
    if reply.slot_type != "long_text" or not filling.foretell_wish(runner, script, frame):
        return False
    if openings.answers(frame, reply.ask):
        taking.skip(runner, script, frame, reply.ask)
    else:
        runner.prompt_again(script)
    return True


def take_words(reply: Reply) -> bool:
    """Take the words as the answer."""
    if reply.value is None:
        return False
    taking.take_value(reply.runner, reply.script, reply.frame, reply.ask, reply.value)
    return True


def correct_earlier(reply: Reply) -> bool:
    """Take a new value for an earlier question, where few words are no answer to this one."""
    short = len(reply.text) <= NO_STORY
    return short and correcting.correct(reply.runner, reply.script, reply.frame)


def keep_own_contact(reply: Reply) -> bool:
    """Keep one's own phone or address where another's account is asked for; answers nothing."""
    if reply.slot_type == "account_name" and names_own_contact(
        reply.text, reply.script.observed.entities
    ):
        taking.keep_contact(reply.runner, reply.script, reply.frame)
    return False


# -- where one of several answers is wanted ---------------------------------------------------


def take_contact(reply: Reply) -> bool:
    """Keep the writer's own phone or address, given before it is asked for, and ask anew.

    Where leaving one is among the answers, it is that answer.
    """
    script, frame = reply.script, reply.frame
    keeps = "contact" in reply.runner.flows[frame.flow].slots
    if reply.value is not None or not keeps or len(reply.text) > NO_STORY:
        return False
    entities = script.observed.entities
    if entities.get("answer") or not names_own_contact(reply.text, entities):
        return False
    taking.keep_contact(reply.runner, script, frame)
    wanted = next((choice for choice, _ in reply.offered if choice.id == "contact"), None)
    if wanted is None:
        reply.runner.prompt_again(script)
    else:
        taking.take_choice(reply.runner, script, frame, reply.ask, wanted)
    return True


def take_no_code(reply: Reply) -> bool:
    """Take the button for a person who gets no code, where their words say so."""
    button = next((choice for choice, _ in reply.offered if choice.id == "other_way"), None)
    if reply.value is not None or button is None:
        return False
    if not questions.cannot_get_code(reply.script, reply.ask):
        return False
    taking.take_choice(reply.runner, reply.script, reply.frame, reply.ask, button)
    return True


def take_meant(reply: Reply) -> bool:
    """Take the button that words speak for, or a correction."""
    script, frame, step = reply.script, reply.frame, reply.ask
    offered = reply.offered
    if reply.value is not None:
        return False
    if questions.asks_policy(script, reply.text) and not choosing.is_nothing_but(script, offered):
        return False
    if correcting.correct(reply.runner, script, frame):
        return True
    several = choosing.several(script, offered) if step.told else ()
    if several:
        taking.take_told(reply.runner, script, frame, step, several)
        return True
    meant = choosing.meant(script, offered) or _named(reply)
    if meant is None:
        return False
    if script.observed.wishes or meant.style is ChoiceStyle.QUIET:
        # Of a message that is nothing but the answer, no part is a wish of its own; but who
        # declines says what is wanted instead: "don't close it, only unlink Google".
        following.keep_others(reply.runner, script)
    # "By mail, to lin@example.com" chooses, and says where.
    taking.keep_contact(reply.runner, script, frame)
    taking.keep_words(script, frame, step)
    if reply.slot_type != "date_of_birth":
        taking.keep_told_of_child(reply.runner, script, frame)
    if step.told and script.observed.entities.get("tells"):
        # What is told beside is not asked for again.
        openings.add(reply.runner.flows[frame.flow], frame, reply.text)
    taking.take_choice(reply.runner, script, frame, step, meant)
    return True


def _named(reply: Reply) -> Choice | None:
    """Return the button for what words name, and keep that: "the recordings will do"."""
    script, frame, step = reply.script, reply.frame, reply.ask
    flow = reply.runner.flows[frame.flow]
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
            return next((one for one, _ in reply.offered if one.id == offer.value), None)
    return None


def keep_for_later(reply: Reply) -> bool:
    """Keep another request that names an answer of this question: "show me my photos"."""
    script = reply.script
    others = following.others_beside(reply.runner, script)
    if reply.slot_type not in FILLED_FROM or not others:
        return False
    entities = script.observed.entities
    named = set(entities.get(FILLED_FROM[reply.slot_type], ()))
    if "also" in reading.phrases_of(entities) and not named <= wishes.values_of(others):
        return False
    following.further_wish(reply.runner, script)
    return True


def take_button_loosely(reply: Reply) -> bool:
    """Take words that have those of a button in them."""
    if reply.value is not None:
        # "Everything I posted" names the posts, though a button says "everything".
        return False
    choice = reply.buttons.typed(reply.script, reply.text, loosely=True)
    if choice is None or choice.id in staying(reply.script.observed.entities):
        # "WeChat stays" has the words of a button, and does not mean it.
        return False
    _take_shown(reply, choice)
    return True


def take_value(reply: Reply) -> bool:
    """Take the value that words hold, where the question accepts it."""
    runner, script, frame, step = reply.runner, reply.script, reply.frame, reply.ask
    value = reply.value
    if value is None or not runner.accepts(script, frame, step, value):
        return False
    following.keep_others(runner, script)
    following.keep_more(runner, script, frame, step, value)
    taking.keep_value(runner, script, frame, step, value)
    taking.take_value(runner, script, frame, step, value)
    return True


def take_pointed(reply: Reply) -> bool:
    """Take the button that is told otherwise: by its place, as the rest, by its own words."""
    runner, script, offered = reply.runner, reply.script, reply.offered
    kept = filling.foretell_wish(runner, script, reply.frame)
    told = (
        choosing.told(script, reply.text, offered)
        or choosing.rest(script, offered)
        or choosing.pointed(reply.text, offered)
    )
    if told is not None:
        taking.take_choice(runner, script, reply.frame, reply.ask, told)
    elif kept:
        runner.prompt_again(script)
    return told is not None or kept


def take_complaint(reply: Reply) -> bool:
    """Take a complaint where the desk asks what was not right."""
    found = reply.script.observed.recognised
    asked = bool(reply.ask.told) and reply.frame.flow == rating.UNHAPPY
    if not asked or found is None or found.intent is not Intent.COMPLAINT:
        return False
    _take_as_told(reply, reply.text.strip())
    return True


def keep_foretold(reply: Reply) -> bool:
    """Keep what words say for a later question, and ask anew."""
    if not filling.foretell(reply.runner, reply.script, reply.frame):
        return False
    reply.runner.prompt_again(reply.script)
    return True


def keep_told_of_child(reply: Reply) -> bool:
    """Keep what is told of a child, and ask anew."""
    if not taking.keep_told_of_child(reply.runner, reply.script, reply.frame):
        return False
    reply.script.say("desk.told_besides")
    reply.runner.prompt_again(reply.script)
    return True


def keep_account_of_child(reply: Reply) -> bool:
    """Keep the account of a child that is told after it was asked for."""
    if reply.value is not None:
        return False
    return taking.keep_account_of_child(reply.runner, reply.script, reply.frame)


def take_story(reply: Reply) -> bool:
    """Keep a story that is told instead of choosing, where the question has a place for it.

    Who was not understood once tells on, however short that is.
    """
    step, script = reply.ask, reply.script
    goes_on = reply.frame.misses and not script.observed.wishes
    if not step.told or not (questions.tells(reply.text) or goes_on or _remarks(reply)):
        return False
    _take_as_told(reply, _with_opening(reply, step.told, reply.text.strip()))
    return True


def add_to_story(reply: Reply) -> bool:
    """Add what is told at a later question to what was told before."""
    if takes_files(reply.slot_type):
        return False
    return taking.adds_to_story(reply.runner, reply.script, reply.text)


def say_not_offered(reply: Reply) -> bool:
    """Say that a value can't be had; the question is still to be answered."""
    if reply.value is not None:
        runner = reply.runner
        runner.asking.say_not_offered(reply.script, reply.frame, reply.ask, reply.value)
    return False


def _take_as_told(reply: Reply, words: str) -> None:
    """Keep what is told instead of choosing."""
    runner, script, frame, step = reply.runner, reply.script, reply.frame, reply.ask
    frame.slots[step.told] = words
    if any(offer.value == OTHER for offer in step.choices):
        taking.take_value(runner, script, frame, step, OTHER)
    else:
        taking.skip(runner, script, frame, step)


def _remarks(reply: Reply) -> bool:
    """Tell whether a few words tell something, where the desk asked: "one is still there"."""
    flow = reply.runner.flows[reply.frame.flow]
    wishes_more = reply.script.observed.wishes
    return not flow.intents and not wishes_more and questions.remarks(reply.text)


def _with_opening(reply: Reply, slot: str, text: str) -> str:
    """Return what is told with the sentence that began the form, where that names it, too."""
    frame = reply.frame
    asked = (
        one
        for one in reply.runner.flows[frame.flow].steps.values()
        if isinstance(one, Ask) and one.slot == slot and openings.insisted_on(frame, one)
    )
    step = next(asked, None)
    return text if step is None else str(openings.with_more(frame, step, text))
