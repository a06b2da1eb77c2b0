"""The dispatch table for typed messages: the first row that takes a message handles it.

A row is tried only at its places. A side question is answered and removed first
(``side_questions``), so that "wait, make it comments; are backups deleted, too?" gets its answer
and then corrects the open form, at a code as at a confirmation.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Final

from msgspec import Struct

from privacydesk.dialog import (
    after_filing,
    amending,
    answering,
    beginning,
    choosing,
    confirming,
    correcting,
    following,
    giving_up,
    interrupts,
    limiting,
    particulars,
    questions,
    reading,
    remarks,
    side_questions,
    staff_questions,
    taking,
    thinking,
)
from privacydesk.dialog.desk_choices import WISH_NOW
from privacydesk.dialog.reply import Place, Reply
from privacydesk.dialog.runner import Runner
from privacydesk.dialog.script import Script
from privacydesk.dialog.slots import TO_STAFF
from privacydesk.domain.intents import Intent

Takes = Callable[[Reply], bool]
"""Handles a message; returns whether it did."""

_MENU: Final = frozenset({Place.MENU})
_BETWEEN: Final = frozenset({Place.BETWEEN})
_CONFIRM: Final = frozenset({Place.CONFIRM})
_CODE: Final = frozenset({Place.CODE})
_FILES: Final = frozenset({Place.FILES})
_NAME: Final = frozenset({Place.NAME})
_AMONG: Final = frozenset({Place.CHOICE, Place.CODE, Place.FILES})
"""Places that expect one of several answers."""
_WORDS: Final = frozenset({Place.NAME, Place.STORY})
"""Places that expect free text."""
_ASKED: Final = _AMONG | _WORDS
_SUMMED: Final = _AMONG | _CONFIRM
_ASKS: Final = _ASKED | _CONFIRM
_FORM: Final = _ASKS | _BETWEEN
_EVERYWHERE: Final = _FORM | _MENU


class Row(Struct, frozen=True):
    """A row of the table.

    Attributes:
        what: what the message does.
        places: where the row is tried.
        takes: handles the message; returns whether it did that.
    """

    what: str
    places: frozenset[Place]
    takes: Takes


def _at(take: Callable[[Runner, Script], object]) -> Takes:
    @wraps(take)
    def at(reply: Reply) -> bool:
        return bool(take(reply.runner, reply.script))

    return at


def _in_form(take: Callable[..., object]) -> Takes:
    @wraps(take)
    def in_form(reply: Reply) -> bool:
        return bool(take(reply.runner, reply.script, reply.frame))

    return in_form


def _at_question(take: Callable[..., object]) -> Takes:
    @wraps(take)
    def at_question(reply: Reply) -> bool:
        return bool(take(reply.runner, reply.script, reply.frame, reply.ask))

    return at_question


def _unless_value(take: Callable[[Runner, Script], object]) -> Takes:
    """Wrap a handler to be tried only if the text holds no answer to the open question."""

    @wraps(take)
    def unless(reply: Reply) -> bool:
        known = reply.place in _ASKED and reply.value is not None
        return not known and bool(take(reply.runner, reply.script))

    return unless


def _labelled(reply: Reply) -> bool:
    """Whether the text is a button's label, or says what one does: 不用了 is no command then."""
    script = reply.script
    if reply.buttons.is_label(script, script.said):
        return True
    if reply.place in _ASKED:
        return choosing.is_nothing_else(script, (one for one, _ in reply.offered))
    return confirming.is_answer(reply) if reply.place is Place.CONFIRM else False


def _cares(reply: Reply) -> bool:
    return interrupts.cares(reply.runner, reply.script, labelled=_labelled(reply))


def _answers_beside(reply: Reply) -> bool:
    return not _labelled(reply) and side_questions.answer(reply.runner, reply.script)


def _obeys(reply: Reply) -> bool:
    if reply.place is Place.CODE and answering.take_none(reply):
        return True
    return interrupts.obeys(reply.runner, reply.script, labelled=_labelled(reply))


def _resumes(reply: Reply) -> bool:
    """Put a question whose flow was changed meanwhile, before text is taken as its answer."""
    if not reply.script.mended:
        return False
    reply.script.say("desk.resumed")
    reply.runner.prompt_again(reply.script)
    return True


def _returns(reply: Reply) -> bool:
    """Repeat the open question at a greeting after a pause."""
    script = reply.script
    before = script.before.last_said_at
    if before is None or script.now - before < reply.runner.rules.idle:
        return False
    if not reading.is_greeting(script):
        return False
    script.say("desk.resumed")
    reply.runner.prompt_again(script)
    return True


def _chooses_at_menu(reply: Reply) -> bool:
    script = reply.script
    choice = reply.buttons.typed(script, script.said)
    if choice is None and len(script.said) <= answering.NO_STORY:
        # In a longer message that lists requests, the recogniser knows best which one is meant.
        offered = script.prompt.choices if script.prompt is not None else ()
        agreed = reading.agrees(script) and not script.observed.requests
        wished = offered[0] if agreed and offered and offered[0].id == WISH_NOW else None
        choice = wished or choosing.spoken(script, tuple((one, "") for one in offered))
    if choice is None:
        return False
    taking.take_menu_choice(reply.runner, script, choice)
    return True


def _begins(reply: Reply) -> bool:
    beginning.first_wish(reply.runner, reply.script)
    return True


def _goes_on(reply: Reply) -> bool:
    """Continue a form that waits for nothing, as after a change of its flow."""
    if reply.frame.waiting is not None:
        return False
    reply.runner.run(reply.script)
    return True


def _waits(reply: Reply) -> bool:
    reply.script.say("desk.still_waiting")
    return True


def _agrees_too_soon(reply: Reply) -> bool:
    choice = reply.buttons.typed(reply.script, reply.text)
    agrees = (choice is not None and choice.id == "yes") or confirming.plain_answer(reply) == "yes"
    return agrees and limiting.asks_first(reply.runner, reply.script)


def _asks_person(reply: Reply) -> bool:
    asked = reply.script.observed.entities.get("asks_person")
    return bool(asked) and reply.runner.start(reply.script, Intent.HUMAN_AGENT)


def _chooses(reply: Reply) -> bool:
    script = reply.script
    choice = choosing.wished(script, reply.offered)
    if choice is None:
        return False
    taking.take_choice(reply.runner, script, reply.frame, reply.ask, choice)
    return True


def _asks_barely(reply: Reply) -> bool:
    if not questions.is_bare(reply.script):
        return False
    reply.ask_again("desk.which_question")
    return True


def _asks_back(reply: Reply) -> bool:
    return questions.asks_back(reply.runner, reply.script, reply.frame, reply.ask, reply.text)


def _few_words(take: Callable[[Runner, Script], object]) -> Takes:
    """Wrap a handler for free text to skip stories and answers to staff."""

    @wraps(take)
    def few(reply: Reply) -> bool:
        short = len(reply.text) <= answering.NO_STORY and reply.slot_type not in TO_STAFF
        return short and bool(take(reply.runner, reply.script))

    return few


TABLE: Final = (
    Row("danger, a child who writes, hours, language", _EVERYWHERE, _cares),
    Row("question beside something else", _EVERYWHERE, _answers_beside),
    Row("person at a confirmation, queue, command", _EVERYWHERE, _obeys),
    Row("queued request that is not wanted", _ASKED | _CONFIRM, _at(giving_up.drops_denied)),
    Row("words for a question that is gone", _FORM, _resumes),
    Row("button of the menu", _MENU, _chooses_at_menu),
    Row("one of several requests is taken back", _MENU, _at(remarks.takes_one_back)),
    Row("remark about what was filed", _MENU, _at(remarks.minds)),
    Row("something to add to what was filed", _MENU, _at(after_filing.adds)),
    Row("change of what was filed", _MENU, _at(amending.amends)),
    Row("what was filed is taken back", _MENU, _at(after_filing.takes_back)),
    Row("question what was filed", _MENU, _at(after_filing.asks_what)),
    Row("answer to a reply of staff", _MENU, _at(staff_questions.answers_reply)),
    Row("request, or something about one that was filed", _MENU, _begins),
    Row("form that waits for nothing", _BETWEEN, _goes_on),
    Row("request while another system is waited for", _BETWEEN, _at(following.other_wish)),
    Row("anything else while another system is waited for", _BETWEEN, _waits),
    Row("greeting after a pause", _ASKS, _returns),
    Row("button", _ASKED, answering.take_button),
    Row("yes, before it was told which", _CONFIRM, _agrees_too_soon),
    Row("button", _CONFIRM, confirming.take_button),
    Row("plain yes or no", _CONFIRM, confirming.take_plain_answer),
    Row("yes, then another request", _CONFIRM, confirming.take_yes_first),
    Row("another entry than the one asked for", _NAME, _at_question(correcting.changes_another)),
    Row("told already", _ASKED, answering.take_told_already),
    Row("nothing to add", _ASKED, answering.skip),
    Row("answer not known", _ASKED, answering.skip_unknown),
    Row("label of an earlier button", _ASKED, answering.ask_for_more_than_label),
    Row("account, age or wishes of whom the form is for", _ASKED, particulars.take),
    Row("question that the form explains", _ASKED, _asks_back),
    Row("question that the form explains", _CONFIRM, _at(questions.explain_open)),
    Row("code after it was right", _NAME, answering.refuse_sent_code),
    Row("wait", _ASKED, thinking.wait_for_value),
    Row("files come later", _FILES, thinking.wait_for_answer),
    # Free text is expected.
    Row("nothing to add to the opening", _WORDS, answering.leave_at_opening),
    Row("person, where a name is asked for", _NAME, _at(following.wants_person)),
    Row("other birthday, where a name is asked for", _NAME, _at(correcting.corrects_birth)),
    Row("other button than before", _WORDS, _at_question(correcting.chooses_anew)),
    Row("what is left out", _WORDS, answering.take_left_out),
    Row("contact and nothing else", _WORDS, answering.keep_lone_contact),
    Row("form taken back or left", _WORDS, _few_words(following.leaves)),
    Row("another request besides", _WORDS, _few_words(following.adds_another)),
    Row("answer to the next question", _WORDS, answering.take_foretold),
    Row("another request in place of a value", _NAME, answering.take_request_for_value),
    Row("no answer to staff", _WORDS, staff_questions.answers_nothing),
    Row("any words", _WORDS, answering.take_words),
    Row("correction", _WORDS, answering.correct_earlier),
    Row("one's own contact for an account", _WORDS, answering.keep_own_contact),
    # One of several answers, or a yes, is expected.
    Row("contact before it is asked for", _AMONG, answering.take_contact),
    Row("another code", _AMONG, answering.ask_for_another_code),
    Row("no code came", _CODE, answering.take_no_code),
    Row("copy first", _SUMMED, _at(following.wants_copy_first)),
    Row("question what becomes of it", _SUMMED, _unless_value(questions.asks_consequence)),
    Row("somebody else's", _SUMMED, _at(following.is_of_another)),
    Row("one of several stays", _SUMMED, _at(giving_up.spares)),
    Row("no", _CONFIRM, confirming.decline),
    Row("time to think", _CONFIRM, thinking.wait_for_word),
    Row("other value", _CONFIRM, _at(correcting.correct_value)),
    Row("one that was picked comes out", _AMONG, _at_question(giving_up.takes_out)),
    Row("a part stays", _SUMMED, _at(giving_up.leaves_out)),
    Row("one's own, not the child's", _AMONG, _at(following.takes_for_oneself)),
    Row("self-correction", _SUMMED, _in_form(correcting.corrects_slip)),
    Row("another request instead", _SUMMED, _at(following.leaves_for_another)),
    Row("other birthday", _AMONG, _unless_value(correcting.corrects_birth)),
    Row("correction, or a button that is meant", _AMONG, answering.take_meant),
    Row("code comes later", _CODE, thinking.wait_with_code),
    Row("request taken back", _SUMMED, _at(giving_up.taken_back)),
    Row("value to be told anew", _CONFIRM, _in_form(correcting.asks_value_anew)),
    Row("narrower scope", _CONFIRM, _at(limiting.narrows)),
    Row("only some of the kinds", _CONFIRM, _at(limiting.picks_out)),
    Row("no limit after all", _CONFIRM, _at(limiting.lifts_limit)),
    Row("another request besides", _CONFIRM, _at(following.further_wish)),
    Row("another request that names an answer", _AMONG, answering.keep_for_later),
    Row("label of a button, roughly", _AMONG, answering.take_button_loosely),
    Row("value", _AMONG, answering.take_value),
    Row("age for a birthday", _AMONG, particulars.take_age),
    Row("somebody's account", _AMONG, _at_question(taking.take_somebody)),
    Row("button by its place", _AMONG, answering.take_pointed),
    Row("complaint about the answer", _AMONG, answering.take_complaint),
    Row("cancel form", _AMONG, _at(giving_up.forgets)),
    Row("some, and not which", _CONFIRM, _at(limiting.asks_which)),
    Row("correction", _SUMMED, _in_form(correcting.correct)),
    Row("correction of an earlier form", _SUMMED, _at(correcting.correct_below)),
    Row("narrower scope", _AMONG, _at(limiting.narrows)),
    Row("person", _SUMMED, _asks_person),
    Row("button that is wished", _AMONG, _chooses),
    Row("what was filed stays", _SUMMED, _at(after_filing.keeps)),
    Row("question of a word", _SUMMED, _asks_barely),
    Row("all pending requests", _SUMMED, _at(following.both_in_turn)),
    Row("another request", _SUMMED, _at(following.other_wish)),
    Row("question for the policy", _SUMMED, _at(questions.answers_from_policy)),
    Row("answer later", _AMONG - _FILES, thinking.wait_for_answer),
    Row("answer to a later question", _AMONG, answering.keep_foretold),
    Row("something about the child", _AMONG, particulars.keep_besides),
    Row("story", _AMONG, answering.take_story),
    Row("more of the story", _AMONG, answering.add_to_story),
    Row("value that can't be had", _AMONG, answering.say_not_offered),
    Row("not right, and not what", _CONFIRM, confirming.ask_what_is_wrong),
    Row("something more for staff", _FILES | _CODE | _CONFIRM, answering.keep_for_staff),
    Row("not understood", _ASKED, answering.not_understood),
    Row("neither yes nor no", _CONFIRM, confirming.ask_which),
)
"""All that a typed message may do, in the order in which it is tried."""


def interpret(reply: Reply) -> None:
    """Do what a typed message says."""
    next(row for row in TABLE if reply.place in row.places and row.takes(reply))
