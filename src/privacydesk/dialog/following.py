"""Following another wish that is said while a form is open.

Where a question takes any words, nothing of this is read into them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

from privacydesk.dialog import beginning, entries, kept_wishes, reading, widening, wishes
from privacydesk.dialog.giving_up import leaves_out, means_form, taken_back, takes_back
from privacydesk.dialog.objecting import objects
from privacydesk.dialog.runner import Runner
from privacydesk.dialog.running import Running
from privacydesk.dialog.schema import Ask, Confirm
from privacydesk.dialog.script import Script
from privacydesk.domain.conversation import Wish
from privacydesk.domain.intents import LOSING, Intent, RequestKind

_GLOBAL_INTENTS = frozenset(
    {Intent.HUMAN_AGENT, Intent.POLICY_QUESTION, Intent.REQUEST_STATUS, Intent.CANCEL_REQUEST}
)

_IN_SO_MANY_WORDS = frozenset({Intent.HUMAN_AGENT, Intent.CANCEL_REQUEST})
"""What a form is left for only where words known for it are said.

A recogniser that has to guess hears one of these in the scraps that people answer with: "submit it"
would throw away what they have just filled in.
"""

_ONES_OWN = frozenset(
    {
        RequestKind.ACCESS,
        RequestKind.DELETION,
        RequestKind.DEREGISTRATION,
        RequestKind.UNBINDING,
        RequestKind.CONSENT_WITHDRAWAL,
    }
)
"""Requests that are about nobody's things but the speaker's."""


def other_wish(runner: Runner, script: Script) -> bool:
    """Follow what was recognised and is not an answer to the open question."""
    if leaves(runner, script) or objects(runner, script) or further_wish(runner, script):
        return True
    frame, step = runner.waiting_step(script)
    number = frame and isinstance(step, Ask) and runner.asking.slot_type(frame, step)
    if number != "ticket_number" and beginning.numbered(runner, script):
        return True
    found = script.observed.recognised
    if "died" in reading.phrases_of(script.observed.entities) and (
        found is not None and found.intent is Intent.OTHER
    ):
        return beginning.to_human(runner, script)
    if found is None or not found.sure or found.intent not in _GLOBAL_INTENTS:
        return False
    worded = reading.is_worded(script, found.intent)
    if found.intent in _IN_SO_MANY_WORDS and not worded:
        return False
    if found.intent is Intent.REQUEST_STATUS and not (worded or reading.is_clear(script)):
        # "It began on the 20th" tells of the matter; nobody asks how a request stands.
        return False
    if found.intent is Intent.CANCEL_REQUEST and means_form(runner, script):
        runner.cancel_form(script)
        return True
    return runner.start(script, found.intent)


def wants_person(runner: Runner, script: Script) -> bool:
    """Put through whoever asks for a person where a name or a value is asked for: 别扯了 转人工.

    Only words known for it count, and no value told in the same breath: a name may sound like it.
    """
    found, entities = script.observed.recognised, script.observed.entities
    if found is None or found.intent is not Intent.HUMAN_AGENT or not found.sure:
        return False
    told = (
        entities.get(entries.VALUE) or entities.get("entry_told") or entities.get("account_alone")
    )
    if told or not reading.is_brief(script) or _PUT_THROUGH.search(script.said) is None:
        return False
    return runner.start(script, Intent.HUMAN_AGENT)


# 真人不露相 and "Human Nature" are nicknames.
_PUT_THROUGH: Final = re.compile(
    r"(?<![不别別唔])[转轉接](?:去|到|给|給|个|個|我|返)?(?:人工|真人|[个個]人|客服)"
    r"|(?:找|搵|揾|叫|[换換]|[来來]|要|[给給畀俾]我?)(?:一?[个個位]|返)?(?:真人|活人|人工)(?![不湖智])"
    r"|(?:找|搵|揾|叫|[换換])(?:一?[个個位])人[来來嚟]?(?=[跟同和处處帮幫啦吧啊\s,，。.!！]|$)"
    r"|(?:跟|同|和|与|與)(?:真人|活人|人工)(?:客服)?(?:[说說讲講聊倾傾]|[对對][话話])"
    r"|\b(?:get|give|bring|find|fetch|want|need|connect|transfer|put|switch|talk|speak|chat)"
    r"(?: (?:me|us|through|over|back|with|to)){0,3} (?:an? |the |some |any )?"
    r"(?:(?:real|actual|live|proper|human|other) ){0,2}"
    r"(?:human|person|agent|operator|representative)s?\b"
    r"(?! (?:nature|touch|kind|being|who|that|like))",
    re.IGNORECASE,
)


def takes_for_oneself(runner: Runner, script: Script) -> bool:
    """Leave a form begun for a child, where the speaker means themselves; tell whether they do.

    What is wished for oneself is begun instead: "no, I'm deleting my own photos".
    """
    form = script.stack[script.form_at()]
    if Intent.GUARDIAN not in runner.flows[form.flow].intents:
        return False
    if not script.observed.entities.get("for_oneself"):
        return False
    asked = others(runner, script)
    if not asked:
        runner.cancel_form(script)
        return True
    begun, *rest = asked
    runner.drop_form(script)
    script.say("desk.cancelled")
    kept_wishes.say_kept(runner, script, rest)
    runner.begin(script, begun)
    return True


def is_of_another(runner: Runner, script: Script) -> bool:
    """Leave a form about one's own things, where somebody else's turn out to be meant.

    Nothing of it may be done to the speaker's own account: 我说的是小鹿的号，不是我的. A person is
    told; to see what others own is answered as it always is.
    """
    form = script.stack[script.form_at()]
    kind = runner.flows[form.flow].kind
    if kind not in _ONES_OWN or not script.observed.entities.get("named_user"):
        return False
    runner.drop_form(script)
    script.say("desk.cancelled")
    if kind is RequestKind.ACCESS:
        return runner.start(script, Intent.ACCESS)
    return beginning.to_human(runner, script)


def wants_copy_first(runner: Runner, script: Script) -> bool:
    """Begin the copy that is wanted before anything is lost; the open form waits meanwhile.

    At the last word, any copy that is wished for is.
    """
    form = script.stack[script.form_at()]
    _, step = runner.waiting_step(script)
    if runner.flows[form.flow].kind not in LOSING or takes_back(runner, script, form):
        return False
    last_word = isinstance(step, Confirm) and wishes.wants_copy(script)
    if not last_word and not script.observed.entities.get("copy_first"):
        return False
    return runner.start(script, Intent.ACCESS)


def leaves(runner: Runner, script: Script) -> bool:
    """Leave the open form where words say so, for another wish or for none."""
    return (
        leaves_out(runner, script)
        or leaves_for_another(runner, script)
        or taken_back(runner, script)
    )


def leaves_for_another(runner: Runner, script: Script) -> bool:
    """Leave the open form for another wish, where words say so."""
    form = script.stack[script.form_at()]
    if not others(runner, script) or not _is_left(runner, script, form):
        return False
    return further_wish(runner, script)


def further_wish(runner: Runner, script: Script) -> bool:
    """Take a wish that is said while a form is open.

    One of the form's own kind widens it; any other is kept for later, or begun at once when the
    user leaves the form for it.
    """
    said = reading.phrases_of(script.observed.entities)
    form = script.stack[script.form_at()]
    asked = wishes.wishes_of(runner, script) or _added(runner, script, form, said)
    later = [wish for wish in asked if _running(runner, script, wish) is None]
    is_left = bool(later) and _is_left(runner, script, form)
    if is_left:
        runner.drop_form(script)
        if form.trail or takes_back(runner, script, form):
            script.say("desk.cancelled")
    offered = runner.flows[form.flow].kind is None and not form.trail
    copy = next((wish for wish in later if wish.intent is Intent.ACCESS), None)
    closes = runner.flows[form.flow].kind is RequestKind.DEREGISTRATION
    # After an account is closed there is nothing left to send a copy of.
    copy_first = copy is not None and (closes or script.observed.entities.get("copy_first"))
    if later and (is_left or copy_first or offered):
        begun = copy if copy is not None and copy_first else later[0]
        rest = [wish for wish in later if wish is not begun]
        kept_wishes.say_kept(runner, script, rest)
        return runner.begin(script, begun)
    return _widens(runner, script, asked, later)


def _widens(runner: Runner, script: Script, asked: Sequence[Wish], later: list[Wish]) -> bool:
    """Widen what is open by wishes of its own kind and keep the others; tell whether any was."""
    widened = widening.Widened()
    for wish in asked:
        running = _running(runner, script, wish)
        if running is None or _corrects(script, wish):
            continue
        if _needs_its_own(runner, script, running, wish, several=len(asked) > 1):
            later.append(wish)
            continue
        one = widening.widen(runner, script, running, wish.slots)
        if one.added:
            widening.limit(runner, script, running)
        widened = one if one.says_something else widened
    if not later and not widened.says_something:
        return False
    if widened.added or not later:
        widening.say_widened(script, widened)
    kept_wishes.say_kept(runner, script, later)
    runner.prompt_again(script)
    return True


def _corrects(script: Script, wish: Wish) -> bool:
    """Tell whether a wish of the form's kind is said to put something right: "no, the posts"."""
    said = reading.phrases_of(script.observed.entities)
    return "instead" in said and entries.VALUE not in wish.slots


def _needs_its_own(
    runner: Runner, script: Script, running: Running, wish: Wish, *, several: bool
) -> bool:
    """Tell whether a wish of the form's kind is a request of its own.

    One other value corrects the one that was named; several, or one more, do not, nor does another
    entry with a value of its own.
    """
    said = reading.phrases_of(script.observed.entities)
    adds = several or "also" in said or entries.VALUE in wish.slots
    return (adds and widening.is_another(runner, running, wish)) or widening.has_own_limit(
        runner, running, wish
    )


def _added(runner: Runner, script: Script, form: Running, said: frozenset[str]) -> tuple[Wish, ...]:
    """Read "and the search history, too" as a wish of the form's kind: it names no other.

    Where the form has no place for it, it may be meant for a wish that waits.
    """
    if "also" not in said:
        return ()
    waiting = (wish.intent for wish in reversed(script.wishes))
    for intent in (*runner.flows[form.flow].intents, *waiting):
        asked = wishes.wishes_for(runner.by_intent[intent], intent, script.observed.entities)
        named = tuple(wish for wish in asked if wish.slots)
        if named:
            return named
    return ()


def keep_others(runner: Runner, script: Script) -> None:
    """Keep wishes of other kinds that are said beside an answer."""
    kept_wishes.say_kept(runner, script, others_beside(runner, script))


def keep_more(runner: Runner, script: Script, frame: Running, step: Ask, value: Any) -> None:
    """Keep what is named beside an answer where a question takes one: "ads and location, both"."""
    flow = runner.flows[frame.flow]
    if step.many or flow.kind is None or not flow.intents:
        return
    named = wishes.wishes_for(flow, flow.intents[0], script.observed.entities)
    several = named if len(named) > 1 else ()
    more = tuple(wish for wish in several if wish.slots.get(step.slot, value) != value)
    kept_wishes.say_kept(runner, script, more)


def both_in_turn(runner: Runner, script: Script) -> bool:
    """Say that each of several things gets its turn, where all of them are meant at once."""
    if "both" not in reading.phrases_of(script.observed.entities):
        return False
    form = script.stack[script.form_at()]
    replaced = widening.replaced(runner, form)
    if replaced is not None and not script.wishes:
        # 解绑微信，等下是谷歌，两个都解: what was put aside comes after it.
        kept_wishes.say_kept(runner, script, (replaced,))
        runner.prompt_again(script)
        return True
    if not script.wishes:
        return False
    script.say("desk.each_in_turn", {"wish": kept_wishes.named(runner, script.wishes)})
    runner.prompt_again(script)
    return True


def adds_another(runner: Runner, script: Script) -> bool:
    """Keep what is wished besides, where any words answer: "I also want my account closed".

    Only what says so by itself and in words that are known for it; anything less is the answer.
    """
    if "also" not in reading.phrases_of(script.observed.entities) or not reading.is_clear(script):
        return False
    later = others_beside(runner, script)
    if not later:
        return False
    kept_wishes.say_kept(runner, script, later)
    runner.prompt_again(script)
    return True


def others_beside(runner: Runner, script: Script) -> tuple[Wish, ...]:
    """Return what a message that names an answer wishes besides.

    A thing that is only named is no wish: a recogniser tends to hear one in "my old posts", or in
    "stop asking". So a wish has to be put into words that are known for it; a part of its own may
    do with naming what it is about.
    """
    parts = script.observed.wishes
    entities = [part.entities for part in parts] or [script.observed.entities]
    spoken = {word for one in entities for word in one.get("wish_words", ())}
    return tuple(
        wish
        for wish in others(runner, script)
        if wish.intent.value in spoken or (parts and wishes.names_something(runner, wish))
    )


def others(runner: Runner, script: Script) -> tuple[Wish, ...]:
    """Return what a message wishes that no open form is about."""
    asked = wishes.wishes_of(runner, script)
    return tuple(wish for wish in asked if _running(runner, script, wish) is None)


def _running(runner: Runner, script: Script, wish: Wish) -> Running | None:
    name = runner.by_intent[wish.intent].name
    return next((frame for frame in script.stack if frame.flow == name), None)


def _is_left(runner: Runner, script: Script, form: Running) -> bool:
    """Tell whether the user leaves the form for another wish, rather than adding it."""
    flow = runner.flows[form.flow]
    if "leaving" in reading.phrases_of(script.observed.entities):
        return True
    # What the desk itself offered waits below the wish; a question that the user began is left.
    begun_by_user = flow.kind is None and bool(flow.intents) and not form.trail
    return begun_by_user or takes_back(runner, script, form)
