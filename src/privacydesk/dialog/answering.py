"""Replies to a question: values, buttons that are meant, and stories told instead of choosing."""

from __future__ import annotations

from typing import Final

from privacydesk.dialog import (
    choosing,
    commands,
    correcting,
    entries,
    filling,
    following,
    for_staff,
    giving_up,
    kept_wishes,
    limiting,
    limits,
    openings,
    particulars,
    questions,
    rating,
    reading,
    taking,
    wishes,
)
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
from privacydesk.domain.reading import ReplyAct
from privacydesk.domain.typed_codes import code_digits

NO_STORY: Final = 40
"""Characters; in free text, a phrase may mean something else only up to this length."""

_SAYS_MORE: Final = (ReplyAct.TELLS, ReplyAct.KEEP, ReplyAct.BESIDES)
_FEW_WORDS: Final = 18
"""Latin letters, each Chinese character counted as three, from which words may tell something."""
_TELLS: Final = (ReplyAct.ANSWER, ReplyAct.TELLS, ReplyAct.CORRECT)
"""Acts of a reply that says something where any words are an answer."""
_CANT_TELL: Final = frozenset({ReplyAct.UNKNOWN, ReplyAct.UPSET, ReplyAct.CHAT})
"""Acts of a reply that says only that the answer is not known."""


# -- at every question -----------------------------------------------------------------------


def take_button(reply: Reply) -> bool:
    """Take the button whose words were typed."""
    choice = reply.buttons.typed(reply.script, reply.text)
    if choice is None:
        return False
    _narrow_first(reply)
    _take_shown(reply, choice)
    return True


def _narrow_first(reply: Reply) -> None:
    """Narrow the form by what is said beside an answer: "that's it, and just June's"."""
    if limits.told(reply.script.observed.entities) is not None:
        limiting.narrows_quietly(reply.runner, reply.script)


def _take_shown(reply: Reply, choice: Choice) -> None:
    script = reply.script
    if script.prompt is not None and script.prompt.serial == reply.frame.serial:
        taking.take_choice(reply.runner, script, reply.frame, reply.ask, choice)
    else:
        # The menu was opened over the question.
        taking.take_menu_choice(reply.runner, script, choice)


def take_told_already(reply: Reply) -> bool:
    """Continue with what was told before if the reply says that it was: 我刚才不是说了吗."""
    script, frame, step = reply.script, reply.frame, reply.ask
    if not script.observed.entities.get("told_already"):
        return False
    if reply.place is Place.STORY and reading.does(script, ReplyAct.TELLS, ReplyAct.KEEP):
        # "I said so, I want a copy of the drawings" tells it again, for whom it concerns.
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
    """Skip an optional question if the reply says only that there is nothing to add."""
    if not reply.script.observed.entities.get("nothing_to_add"):
        return False
    _narrow_first(reply)
    if reply.place in {Place.NAME, Place.STORY} and reply.ask.skip:
        taking.skip(reply.runner, reply.script, reply.frame, reply.ask)
        return True
    return reply.runner.refuse(reply.script)


def skip_unknown(reply: Reply) -> bool:
    """Skip an optional question if the answer is not known: 不知道他的号."""
    unknown = ReplyAct.UNKNOWN in reply.script.observed.reply_acts <= _CANT_TELL
    is_told = reply.place in {Place.NAME, Place.STORY} or reply.slot_type == "date_of_birth"
    if not unknown or not reply.ask.skip or not is_told:
        return False
    taking.skip(reply.runner, reply.script, reply.frame, reply.ask)
    return True


def ask_for_more_than_label(reply: Reply) -> bool:
    """Ask for more if the reply only repeats a button that was chosen before."""
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
    """Say that a code is no longer needed if one is typed as the new value of an entry."""
    if not repeats_code(reply):
        return False
    reply.ask_again("rectification.no_code")
    return True


def repeats_code(reply: Reply) -> bool:
    """Whether a code is typed again where the new value of an entry is asked for."""
    if reply.place is not Place.NAME or reply.slot_type != entries.FIELD_VALUE:
        return False
    return _is_sent_code(reply.script, reply.text)


def _is_sent_code(script: Script, text: str) -> bool:
    """Whether a message is nothing but a code, after one verified the account."""
    if not code_digits(text) or any(character.isalpha() for character in text):
        return False
    return script.is_verified(script.account, Assurance.ONE_TIME_CODE) is not None


def say_sorry(reply: Reply) -> None:
    """Apologise once if the user is upset and their reply was not understood."""
    if reading.does(reply.script, ReplyAct.UPSET) and not reply.frame.misses:
        reply.script.say("desk.sorry")


def not_understood(reply: Reply) -> bool:
    """Say that an answer could not be taken, or ask whether it is meant for staff."""
    frame = reply.frame
    if for_staff.offer(reply.script, frame, reply.text):
        return True
    say_sorry(reply)
    frame.misses += 1
    key = reply.ask.retry or f"desk.retry.{reply.slot_type}"
    if reply.slot_type == entries.FIELD_VALUE:
        key = entries.retry_key(frame, reply.text)
    reply.ask_again(key)
    return True


def keep_for_staff(reply: Reply) -> bool:
    """Keep words that change nothing here for those who work on the request: "Mum's is Rosy9"."""
    script, form = reply.script, reply.script.stack[reply.script.form_at()]
    acts = script.observed.reply_acts
    # Where a code or files are asked for, words that look like an answer are none.
    says_more = reading.does(script, *_SAYS_MORE)
    if reply.place is Place.CONFIRM:
        says_more = says_more or reading.does(script, ReplyAct.ANSWER) or not acts
    if reply.runner.flows[form.flow].kind is None or not says_more:
        return False
    if reading.asks(script) or reading.width(script.said) < _FEW_WORDS:
        return False
    openings.add_words(form, openings.words_said(script))
    script.unconfirm()
    script.say("desk.told_besides")
    reply.runner.prompt_again(script)
    return True


# -- at a free-text question -----------------------------------------------------------------


def leave_at_opening(reply: Reply) -> bool:
    """Take the message that started the form as the answer if there is nothing to add."""
    said = reply.script.observed.entities.get("answer_alone", ())
    frame, step = reply.frame, reply.ask
    told = openings.insisted_on(frame, step)
    if openings.NOTHING_MORE not in said or not told or openings.answers(frame, step):
        return False
    taking.take_value(reply.runner, reply.script, frame, step, "")
    return True


def take_left_out(reply: Reply) -> bool:
    """Take the skip button if the reply says only that."""
    choice = choosing.left_out(reply.script, reply.offered)
    if choice is None and not reading.does(reply.script, *_TELLS):
        choice = reply.meant
    if choice is None:
        return False
    taking.take_choice(reply.runner, reply.script, reply.frame, reply.ask, choice)
    return True


def keep_lone_contact(reply: Reply) -> bool:
    """Keep a contact from a message that gives nothing else, and ask again."""
    script, runner = reply.script, reply.runner
    if not reply.ask.skip or not taking.only_gives_contact(runner, script, reply.frame):
        return False
    script.say("desk.told_besides")
    runner.prompt_again(script)
    return True


def take_request_for_value(reply: Reply) -> bool:
    """Follow another request where a date or the like is asked for, and none is given."""
    closed = reply.slot_type == entries.FIELD_VALUE and reply.value is None
    if not closed or reply.frame.slots.get(entries.FIELD) not in entries.TYPED:
        return False
    return following.other_wish(reply.runner, reply.script)


def take_foretold(reply: Reply) -> bool:
    """Keep the answer to a later question if a message gives nothing else."""
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
    if particulars.refuse_words(reply):
        return True
    taking.take_value(reply.runner, reply.script, reply.frame, reply.ask, reply.value)
    return True


def correct_earlier(reply: Reply) -> bool:
    """Take a short reply as a new value for an earlier question."""
    short = len(reply.text) <= NO_STORY
    return short and correcting.correct(reply.runner, reply.script, reply.frame)


def keep_own_contact(reply: Reply) -> bool:
    """Keep the user's own contact if another's account was asked for; always returns False."""
    if reply.slot_type == "account_name" and names_own_contact(
        reply.text, reply.script.observed.entities
    ):
        taking.keep_contact(reply.runner, reply.script, reply.frame)
    return False


# -- where one of several answers is wanted ---------------------------------------------------


def take_contact(reply: Reply) -> bool:
    """Keep the user's own phone or address, given before it is asked for, and ask again.

    If leaving a contact is one of the choices, take that choice instead.
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


def ask_for_another_code(reply: Reply) -> bool:
    """Take the button for another code if the words ask for one."""
    button = next((choice for choice, _ in reply.offered if choice.id == "resend"), None)
    if button is None or reply.value is not None:
        return False
    if not reading.does(reply.script, ReplyAct.AGAIN) or reading.asks(reply.script):
        return False
    taking.take_choice(reply.runner, reply.script, reply.frame, reply.ask, button)
    return True


def take_no_code(reply: Reply) -> bool:
    """Take the button for users who get no code if the words say so."""
    told = reply.value is None and questions.cannot_get_code(reply.script, reply.ask)
    return told and _take_other_way(reply)


def take_none(reply: Reply) -> bool:
    """Take the button for users who get no code at a bare 没有: none came, or none is wanted.

    What it leads to offers both; to decline at once would end the request.
    """
    return commands.says_none(reply.script) and _take_other_way(reply)


def _take_other_way(reply: Reply) -> bool:
    button = next((choice for choice, _ in reply.offered if choice.id == "other_way"), None)
    if button is None:
        return False
    taking.take_choice(reply.runner, reply.script, reply.frame, reply.ask, button)
    return True


def take_meant(reply: Reply) -> bool:
    """Take the button that the words mean, or a correction."""
    script, frame, step = reply.script, reply.frame, reply.ask
    offered = reply.offered
    if reply.value is not None:
        return False
    if questions.asks_policy(script) and not choosing.is_nothing_but(script, offered):
        return False
    if correcting.correct(reply.runner, script, frame):
        return True
    several = choosing.several(script, offered) if step.told else ()
    if several:
        taking.take_told(reply.runner, script, frame, step, several)
        return True
    meant = choosing.meant(script, offered) or _named(reply) or reply.meant
    if meant is None or _denies_against(reply, meant):
        return False
    if limits.told(script.observed.entities) is not None:
        # 先删动态，18年的别删 says more of its request than the button.
        kept_wishes.keep_all(reply.runner, script, following.others_beside(reply.runner, script))
    elif script.observed.requests or meant.style is ChoiceStyle.QUIET:
        # A message that is only the answer holds no request of its own; but one that declines
        # says what is wanted instead: "don't close it, only unlink Google".
        following.keep_others(reply.runner, script)
    # "By mail, to lin@example.com" chooses, and says where.
    taking.keep_contact(reply.runner, script, frame)
    taking.keep_words(script, frame, step)
    if reply.slot_type != "date_of_birth":
        particulars.keep(reply.runner, script)
    if step.told and script.observed.entities.get("tells"):
        # Details told with the choice are not asked for again.
        openings.add(reply.runner.flows[frame.flow], frame, reply.text)
    taking.take_choice(reply.runner, script, frame, step, meant)
    return True


def _denies_against(reply: Reply, meant: Choice) -> bool:
    """Whether a message denies what the form is for, and another button than that was understood.

    "I'm not closing it" goes on with no closing, whatever its words sound like.
    """
    quiet = meant.style is ChoiceStyle.QUIET
    if quiet or all(one.style is not ChoiceStyle.QUIET for one, _ in reply.offered):
        return False
    return giving_up.denies_form(reply.runner, reply.script)


def _named(reply: Reply) -> Choice | None:
    """Return the button for the things named, and keep them: "the recordings will do"."""
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
            # Naming what a question or another request is about doesn't choose it.
            slots.pop(offer.names, None)
    for offer in step.choices:
        if slots.get(offer.names) is not None:
            named_here = (offer.names, limits.SLOT)
            frame.slots.update({n: slots[n] for n in named_here if n in slots})
            return next((one for one, _ in reply.offered if one.id == offer.value), None)
    return None


def keep_for_later(reply: Reply) -> bool:
    """Queue another request even if it names an answer to this question: "show me my photos"."""
    script = reply.script
    others = following.others_beside(reply.runner, script)
    if reply.slot_type not in FILLED_FROM or not others:
        return False
    entities = script.observed.entities
    named = set(entities.get(FILLED_FROM[reply.slot_type], ()))
    if "also" in reading.phrases_of(entities) and not named <= wishes.values_of(
        reply.runner, others
    ):
        return False
    following.further_wish(reply.runner, script)
    return True


def take_button_loosely(reply: Reply) -> bool:
    """Take a button whose words are contained in the reply."""
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
    """Take the value in the words if the question accepts it."""
    runner, script, frame, step = reply.runner, reply.script, reply.frame, reply.ask
    value = reply.value
    if value is None or not runner.accepts(script, frame, step, value):
        return False
    _narrow_first(reply)
    following.keep_others(runner, script)
    following.keep_more(runner, script, frame, step, value)
    taking.keep_value(runner, script, frame, step, value)
    taking.take_value(runner, script, frame, step, value)
    return True


def take_pointed(reply: Reply) -> bool:
    """Take a button that is described: as a past event, as the rest, or by its place."""
    runner, script, offered = reply.runner, reply.script, reply.offered
    kept = filling.foretell_wish(runner, script, reply.frame)
    told = (
        choosing.told(script, reply.text, offered)
        or choosing.rest(script, offered)
        or choosing.pointed(script, offered)
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
    """Keep an answer to a later question, and ask again."""
    if not filling.foretell(reply.runner, reply.script, reply.frame):
        return False
    reply.runner.prompt_again(reply.script)
    return True


def take_story(reply: Reply) -> bool:
    """Keep a story told instead of choosing, if the question has a slot for it.

    After a miss, any reply without a request counts as one, however short.
    """
    step, script = reply.ask, reply.script
    goes_on = reply.frame.misses and not script.observed.requests
    if not step.told or not (reading.tells(script) or goes_on or _remarks(reply)):
        return False
    _take_as_told(reply, _with_opening(reply, step.told, reply.text.strip()))
    return True


def add_to_story(reply: Reply) -> bool:
    """Append what is told at a later question to the earlier story."""
    if takes_files(reply.slot_type):
        return False
    return taking.adds_to_story(reply.runner, reply.script, reply.text)


def say_not_offered(reply: Reply) -> bool:
    """Say that a value is not available; the question stays open."""
    if reply.value is not None:
        runner = reply.runner
        runner.asking.say_not_offered(reply.script, reply.frame, reply.ask, reply.value)
    return False


def _take_as_told(reply: Reply, words: str) -> None:
    """Keep a story told instead of choosing."""
    runner, script, frame, step = reply.runner, reply.script, reply.frame, reply.ask
    frame.slots[step.told] = words
    if any(offer.value == OTHER for offer in step.choices):
        taking.take_value(runner, script, frame, step, OTHER)
    else:
        taking.skip(runner, script, frame, step)


def _remarks(reply: Reply) -> bool:
    """Whether a short reply tells something in a flow the desk began: "one is still there"."""
    flow = reply.runner.flows[reply.frame.flow]
    script = reply.script
    says = reading.does(script, ReplyAct.TELLS, ReplyAct.ANSWER, ReplyAct.UPSET)
    return says and not flow.intents and not script.observed.requests


def _with_opening(reply: Reply, slot: str, text: str) -> str:
    """Return the text preceded by the form's opening message, if that answers the slot, too."""
    frame = reply.frame
    asked = (
        one
        for one in reply.runner.flows[frame.flow].steps.values()
        if isinstance(one, Ask) and one.slot == slot and openings.insisted_on(frame, one)
    )
    step = next(asked, None)
    return text if step is None else str(openings.with_more(frame, step, text))
