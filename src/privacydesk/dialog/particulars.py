"""What a guardian or relative says of whom the form is for: the account, the age, the wishes.

They say it at any question, and may correct it there: "not delete it, just the photos; her name is
moonmilk". Each fact goes to its own slot, whichever question is open.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from privacydesk.dialog import (
    choosing,
    openings,
    question_cards,
    read_back,
    reading,
    side_questions,
    taking,
)
from privacydesk.dialog.filling import questions_of
from privacydesk.dialog.reply import Place, Reply
from privacydesk.dialog.runner import Runner
from privacydesk.dialog.running import Running
from privacydesk.dialog.schema import Ask, Flow
from privacydesk.dialog.script import Script
from privacydesk.dialog.slots import (
    LONG_TEXT_LIMIT,
    Entities,
    account_named,
    names_own_contact,
    values_in,
)
from privacydesk.domain.account_terms import ProfileField
from privacydesk.domain.intents import Intent
from privacydesk.domain.reading import ReplyAct
from privacydesk.domain.typed_codes import code_digits

_ACCOUNT: Final = "account_name"
_WISH: Final = "wish"
_RELATION: Final = "relation"
_CORRECT: Final = "correct"
_AGE: Final = "child_age"
_BIRTH: Final = "child_birth_date"

_BARE: Final = 24
"""Latin letters, each Chinese character counted as three, that say nothing beside a name."""
_SHORT: Final = 40
"""Characters up to which words without a name may describe an account."""
_DESCRIBES: Final = (
    ReplyAct.ANSWER, ReplyAct.TELLS, ReplyAct.CORRECT, ReplyAct.UNKNOWN, ReplyAct.OTHER,
)  # fmt: skip


class Form(NamedTuple):
    """A form for somebody else, and its questions for the account and for the wishes."""

    place: int
    frame: Running
    flow: Flow
    account: Ask
    wish: Ask


def form_of(runner: Runner, script: Script) -> Form | None:
    """Return the open form if it is a guardian's or a relative's."""
    if not script.stack:
        return None
    begin = script.form_at()
    for place, frame in enumerate(script.stack[begin : script.form_end(begin)], begin):
        flow = runner.flows[frame.flow]
        asked = {step.slot: step for step in questions_of(flow)}
        account = next((one for n, one in asked.items() if flow.slots[n].type == _ACCOUNT), None)
        wish = asked.get(_WISH)
        if account is not None and wish is not None and wish.told:
            return Form(place, frame, flow, account, wish)
    return None


# -- what a message tells --------------------------------------------------------------------


def wishes_told(script: Script, form: Form) -> list[str] | None:
    """Return all that is wished after a message; None if it changes nothing.

    One that takes a wish back, or puts something in its place, replaces it: 不注销了，就删照片.
    """
    entities = script.observed.entities
    acts, back = entities.get("acts", ()), set(entities.get("taken_back", ()))
    held = [str(one) for one in values_in(form.frame.slots.get(_WISH))]
    told = [offer.value for offer in form.wish.choices if offer.text in acts]
    corrects = held and _CORRECT not in held and reading.does(script, ReplyAct.CORRECT)
    if corrects or "own_contact" in reading.phrases_of(entities):
        # "I got the nickname wrong" corrects an answer, and "my number is 139…" no entry.
        told = [one for one in told if one != _CORRECT]
    denied = {name for intent, name in choosing.WISHED.items() if intent.value in back}
    # One that is wished already takes no other's place: "not the photos, delete the recordings".
    instead = _replaces(script) and not set(told) <= set(held)
    kept = [] if instead else [one for one in held if one not in denied]
    after = [*kept, *(one for one in told if one not in kept)]
    return after if after and after != held else None


def _replaces(script: Script) -> bool:
    corrects = reading.does(script, ReplyAct.INSTEAD, ReplyAct.CORRECT)
    return corrects or reading.puts_right(script.observed.entities)


def account_told(script: Script, form: Form) -> str:
    """Return the account that a message names, if it is not known yet or corrected; else empty."""
    entities = script.observed.entities
    held = form.frame.slots.get(form.account.slot)
    corrects = reading.does(script, ReplyAct.CORRECT)
    kinds = ("account_alone", _ACCOUNT) if corrects or not held else ("account_alone",)
    names = next((entities[kind] for kind in kinds if entities.get(kind)), ())
    if not _gives_theirs(script):
        # One's own contact is no account of theirs, and neither is a code.
        contacts = (*entities.get("written_phone", ()), *entities.get("mail", ()))
        names = tuple(one for one in names if one not in contacts and not code_digits(str(one)))
    named = account_named(names)
    if not named and corrects and held and _CORRECT not in values_in(form.frame.slots.get(_WISH)):
        told = {name: new for name, new, _ in entities.get("entry_told", ())}
        named = str(told.get(ProfileField.NICKNAME, ""))
    return "" if named == held else named


def may_describe_account(reply: Reply) -> bool:
    """Whether words that name no account may be the answer where one is asked for."""
    script, entities = reply.script, reply.script.observed.entities
    if account_named(entities.get(_ACCOUNT, ())) or entities.get("phone"):
        return True
    # What only sounds like a wish is a name if it is said again.
    wants = entities.get("wants") and not reply.frame.misses
    wants = wants or entities.get("acts") or script.observed.requests
    if wants or entities.get("plain_answer") or reading.asks(script):
        return False
    acts = script.observed.reply_acts
    answers = not acts or reading.does(script, *_DESCRIBES)
    return answers and (len(reply.text) <= _SHORT or bool(reply.frame.misses))


# -- taking it --------------------------------------------------------------------------------


def take(reply: Reply) -> bool:
    """Take what a message tells where something else was asked; answer what it asks beside."""
    runner, script = reply.runner, reply.script
    form = form_of(runner, script)
    if form is None or _of_oneself(script):
        return False
    if reply.frame is not form.frame:
        return _take_later(reply, form)
    if reply.ask is form.account:
        return _take_at_account(reply, form)
    if reply.place is Place.STORY:
        return _take_in_story(reply, form)
    return _corrects_account(reply, form)


def keep(runner: Runner, script: Script) -> bool:
    """Keep what a message tells beside the answer to another question; return whether it did."""
    form = form_of(runner, script)
    if form is None or _of_oneself(script):
        return False
    frame, step = runner.waiting_step(script)
    before = dict(form.frame.slots)
    _keep_account(script, form)
    _keep_age(script, form)
    if frame is form.frame and step is not form.wish:
        _keep_wishes(script, form, wishes_told(script, form))
    return form.frame.slots != before


def take_age(reply: Reply) -> bool:
    """Take "she's ten" where a child's date of birth is asked for; return whether it was an age.

    The date itself stays unknown.
    """
    form, age = form_of(reply.runner, reply.script), _age_told(reply.script)
    asked = form is not None and reply.frame is form.frame and reply.ask.slot == _BIRTH
    if not asked or age is None:
        return False
    keep(reply.runner, reply.script)
    reply.frame.slots[_AGE] = age
    taking.skip(reply.runner, reply.script, reply.frame, reply.ask)
    return True


def keep_besides(reply: Reply) -> bool:
    """Keep what is told where nothing of it was asked for, and ask again."""
    if not keep(reply.runner, reply.script):
        return False
    reply.script.say("desk.told_besides")
    reply.runner.prompt_again(reply.script)
    return True


def _of_oneself(script: Script) -> bool:
    entities = script.observed.entities
    return bool(entities.get("for_oneself")) or "own_account" in reading.phrases_of(entities)


def _take_at_account(reply: Reply, form: Form) -> bool:
    """Take the wishes told where the account is asked for, and the account, if it is named, too."""
    runner, script = reply.runner, reply.script
    aged, wishes = _keep_age(script, form), wishes_told(script, form)
    named = _account_in(reply)
    wished = bool(wishes) or _wishes_again(script, form)
    if wished:
        _keep_wishes(script, form, wishes or values_in(form.frame.slots[_WISH]))
    if wishes:
        runner.asking.say_foretold(script, form.wish, wishes)
        _settle(form, _WISH)
    if named and (wished or _asks(script)):
        _answer_question(reply)
        taking.take_value(runner, script, form.frame, form.account, named)
    elif wished:
        if not wishes:
            script.say("desk.told_besides")
        _answer_question(reply)
        runner.prompt_again(script)
    elif aged and not named and reading.width(reply.text) < _BARE:
        _tell_age(runner, script, form)
    else:
        return False
    return True


def _account_in(reply: Reply) -> str:
    """Return the account that a message names, or the number that it gives for one; else empty."""
    entities = reply.script.observed.entities
    if names_own_contact(reply.text, entities):
        return ""
    return account_named(entities.get(_ACCOUNT, ()) or entities.get("written_phone", ()))


def _wishes_again(script: Script, form: Form) -> bool:
    """Whether a message repeats a wish, perhaps with its details."""
    acts, held = script.observed.entities.get("acts", ()), form.frame.slots.get(_WISH)
    told = {offer.value for offer in form.wish.choices if offer.text in acts}
    return not told.isdisjoint(values_in(held))


def _corrects_account(reply: Reply, form: Form) -> bool:
    """Take another account than was answered, where one of several answers is wanted."""
    script = reply.script
    alone = script.observed.entities.get("account_alone")
    named = account_told(script, form) if alone and reply.value is None else ""
    if not named or not form.frame.slots.get(form.account.slot):
        return False
    form.frame.slots[form.account.slot] = named
    script.say("desk.corrected", {"what": named})
    reply.runner.prompt_again(script)
    return True


def _take_in_story(reply: Reply, form: Form) -> bool:
    """Take what is told where any words are the answer; return whether that was all."""
    runner, script = reply.runner, reply.script
    named = _keep_account(script, form)
    details = reply.ask.slot == form.wish.told
    wishes = wishes_told(script, form) if details or _replaces(script) else None
    if wishes is not None:
        _keep_wishes(script, form, wishes)
        runner.asking.say_foretold(script, form.wish, wishes)
        trail = form.frame.trail
        if form.wish.id in trail:
            form.frame.trail = trail[: trail.index(form.wish.id) + 1]
        form.frame.state, form.frame.misses = form.wish.on["answered"], 0
        runner.run(script)
        return True
    if not named or not _says_no_more(reply, named, details=details):
        return False
    script.say("desk.corrected", {"what": named})
    _answer_question(reply)
    runner.prompt_again(script)
    return True


def _says_no_more(reply: Reply, named: str, *, details: bool) -> bool:
    """Whether a message that names the account does not answer the open question, too."""
    entities = reply.script.observed.entities
    rest = reading.width(reply.text) - reading.width(named)
    return not _says_of_what(entities) and (details or rest < _BARE or _asks(reply.script))


def _asks(script: Script) -> bool:
    """Whether a message asks something, or for something that no form is for."""
    found = script.observed.recognised
    other = found is not None and found.sure and found.intent is Intent.OTHER
    return (other and not reading.does(script, ReplyAct.CORRECT)) or reading.asks(script)


def _take_later(reply: Reply, form: Form) -> bool:
    """Take what is told after the form's own questions: while it is verified, or at the files."""
    runner, script = reply.runner, reply.script
    if reply.place is Place.CODE and not any(map(str.isalpha, reply.text)):
        return False
    if reply.value is not None and not (reply.slot_type == "contact" and _gives_theirs(script)):
        _keep_account(script, form)
        return False
    named, wishes = _keep_account(script, form), wishes_told(script, form)
    aged = _keep_age(script, form)
    if not named and wishes is None and not aged and not _keep_relation(script, form):
        return _reads_back(reply, form)
    if named:
        script.say("desk.corrected", {"what": named})
    if wishes is not None:
        _keep_wishes(script, form, wishes)
        if form.frame.slots.get(read_back.ROWS) is None:
            runner.asking.say_foretold(script, form.wish, wishes)
        runner.say_what_follows(script, form.place, form.wish)
    if aged:
        _tell_age(runner, script, form)
    else:
        _answer_question(reply)
        runner.prompt_again(script)
    return True


def _reads_back(reply: Reply, form: Form) -> bool:
    """Read back what will be filed if a message repeats a part of it, or says that it is wrong.

    What it says of the data is added to the details.
    """
    slots = form.frame.slots
    repeats = _replaces(reply.script) or _wishes_again(reply.script, form)
    held = [str(one) for one in values_in(slots.get(_WISH))]
    if not slots.get(read_back.ROWS) or not repeats or not held:
        return False
    _keep_wishes(reply.script, form, held)
    slots[read_back.ROWS] = []
    reply.runner.prompt_again(reply.script)
    return True


def _keep_relation(script: Script, form: Form) -> bool:
    """Replace who speaks, once it was read back; return whether another relation was told."""
    answers = script.observed.entities.get("answer", ())
    asked = next((one for one in questions_of(form.flow) if one.slot == _RELATION), None)
    if asked is None or not form.frame.slots.get(read_back.ROWS):
        return False
    told = _only(offer.value for offer in asked.choices if offer.text in answers)
    if told is None or told == form.frame.slots.get(_RELATION):
        return False
    form.frame.slots[_RELATION] = told
    return True


def _gives_theirs(script: Script) -> bool:
    """Whether the contact in a message is the account that it names: 是他奶奶的号码 139…."""
    entities = script.observed.entities
    contacts = {*entities.get("written_phone", ()), *entities.get("mail", ())}
    return bool(contacts) and contacts <= {*entities.get(_ACCOUNT, ())}


def _keep_account(script: Script, form: Form) -> str:
    """Keep the account that a message names, and return it; empty if it names no other."""
    named = account_told(script, form)
    if named:
        form.frame.slots[form.account.slot] = named
    return named


def _keep_wishes(script: Script, form: Form, wishes: list[str] | None) -> None:
    """Keep the wishes, and the message as their details if it says what they are about.

    Details of a wish that is gone are dropped.
    """
    if wishes is None:
        return
    slots, told = form.frame.slots, form.wish.told
    gone = not set(values_in(slots.get(_WISH))) <= set(wishes)
    slots[_WISH] = wishes if len(wishes) > 1 else wishes[0]
    slots.pop(taking.SAID_BEFORE, None)
    before = "" if gone else str(slots.get(told) or "")
    entities, said = script.observed.entities, script.said.strip()
    if _says_of_what(entities):
        both = f"{before}\n{said}".strip()
        slots[told] = both if len(both) <= LONG_TEXT_LIMIT else said
    elif gone:
        slots.pop(told, None)


def _says_of_what(entities: Entities) -> bool:
    return any(entities.get(kind) for kind in openings.SAYS_OF_WHAT)


def _keep_age(script: Script, form: Form) -> bool:
    """Keep a child's age or date of birth; return whether it is new.

    It replaces an age told before only if it corrects that; a date says more than an age.
    """
    slots, entities = form.frame.slots, script.observed.entities
    if _AGE not in form.flow.slots or slots.get(_BIRTH):
        return False
    days = _only(entities.get("date", ())) or _only(entities.get("birth", ()))
    if days is not None:
        slots[_BIRTH] = days
        slots.pop(_AGE, None)
        return True
    age, held = _age_told(script), slots.get(_AGE)
    corrects = _replaces(script) or bool(slots.get(read_back.ROWS))
    if age is None or age == held or (held and not corrects):
        return False
    slots[_AGE] = age
    return True


def _age_told(script: Script) -> int | None:
    entities = script.observed.entities
    age = _only(entities.get("age", ()))
    age = age if age is not None else _only(entities.get("child_age", ()))
    return None if age is None else int(str(age))


def _only(values: Iterable[object]) -> object | None:
    """Return the only one of some values; None if there are none, or several."""
    found = list(values)
    return found[0] if len(found) == 1 else None


def _tell_age(runner: Runner, script: Script, form: Form) -> None:
    """Say what follows from the age, and ask again."""
    asked = next(step for step in questions_of(form.flow) if step.slot == _BIRTH)
    runner.tell_anew(script, form.place, asked)


def _settle(form: Form, slot: str) -> None:
    """Note that an answer was said back, so that its question only takes it."""
    slots = form.frame.slots
    slots[question_cards.HANDED_IN] = sorted({*(slots.get(question_cards.HANDED_IN) or ()), slot})


def _answer_question(reply: Reply) -> None:
    """Answer what a message asks beside what it tells."""
    if _asks(reply.script) and not reply.script.answered_beside:
        side_questions.answer_one(reply.runner, reply.script, reply.script.said)


def refuse_words(reply: Reply) -> bool:
    """Ask for the account again if the words describe none."""
    form = form_of(reply.runner, reply.script)
    if form is None or reply.frame is not form.frame or reply.ask is not form.account:
        return False
    if may_describe_account(reply):
        return False
    reply.frame.misses += 1
    reply.ask_again(reply.ask.retry or f"desk.retry.{_ACCOUNT}")
    return True
