"""Giving up the open form, a part of it, what waits for its turn, or what was filed before."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from privacydesk.dialog import filling, kept_wishes, limits, reading, widening
from privacydesk.dialog.asking import is_picking, picked_all
from privacydesk.dialog.options import whose
from privacydesk.dialog.places import placed
from privacydesk.dialog.runner import Runner
from privacydesk.dialog.running import Running
from privacydesk.dialog.schema import ALL, Ask, Flow
from privacydesk.dialog.script import Script
from privacydesk.dialog.slots import (
    ANY_REQUEST,
    FILLED_FROM,
    all_of,
    says_everything,
    shown,
    staying,
)
from privacydesk.domain.conversation import Wish
from privacydesk.domain.intents import Intent, RequestKind
from privacydesk.domain.ticket_moves import Move, may

_UNPICKS: Final = re.compile(
    r"不要|不用|不选|不選|不需要|别|別|唔要|唔使|唔好|算了|算啦|算数|算數|没有|沒有"
    r"|\b(?:not?|without|except|don['’]?t|never ?mind|scratch|leave out|minus|unselect|deselect)\b",
    re.IGNORECASE,
)
_REMOVES: Final = re.compile(
    r"去掉|去除|拿掉|剔除|移除|删|刪|取消|\b(?:remove|drop|delete|take (?:out|off|away))\b",
    re.IGNORECASE,
)
"""Words that take something out of what was picked, unless the form is about deleting it."""

_CLAUSES: Final = re.compile(
    r"[,，;；。]|\b(?:but|just|only)\b|只|就要|还是要|還是要", re.IGNORECASE
)

_ONLY: Final = re.compile(
    r"[只净淨][要删刪看留选選係系]|就行|就好|就够|就夠|\b(?:just|only)\b", re.IGNORECASE
)
_SWAPS: Final = re.compile(r"[换換改]成|\binstead\b", re.IGNORECASE)


def takes_out(runner: Runner, script: Script, frame: Running, step: Ask) -> bool:
    """Take out of what was picked what is taken back at the list: 评论不要了, "not the comments".

    What was not picked can't be taken out: 评论不要了 may well name what shall be deleted.
    """
    if not step.many or not is_picking(frame, step) or reading.is_question(script):
        return False
    flow, entities = runner.flows[frame.flow], script.observed.entities
    deletes = flow.kind is RequestKind.DELETION
    spoken = _UNPICKS.search(script.said) or (not deletes and _REMOVES.search(script.said))
    slot_type, taken = flow.slots[step.slot].type, list(frame.slots[step.slot])
    only = _ONLY.search(script.said)
    if not (spoken or only) or slot_type not in FILLED_FROM or not reading.is_brief(script):
        return False
    named = entities.get(FILLED_FROM[slot_type], ())
    stays = [one for one in taken if one in staying(entities)]
    meant = [one for one in named if one not in stays]
    if only and meant and set(meant) <= set(taken) and not limits.told(entities):
        # "Just the photos", and where it isn't known what stays, what is named last.
        kept = meant[-1:] if spoken and not stays else meant
        stays = [one for one in taken if one not in kept]
    elif not spoken:
        return False
    swaps = _SWAPS.search(script.said) is not None
    if not stays and len(named) > 1 and _CLAUSES.search(script.said) and not swaps:
        # "Not the posts, just the photos": which of them is taken back, no word shows.
        return False
    out = stays or [one for one in taken if one in named]
    fresh = [
        one
        for one in named
        if one not in taken
        and one not in staying(entities)
        and runner.accepts(script, frame, step, one)
    ]
    if not out:
        return False
    script.say("desk.left_out", {"what": shown(slot_type, out)})
    left = [*(one for one in taken if one not in out), *fresh]
    if left:
        frame.slots[step.slot] = left
        runner.asking.ask_more(script, frame, step)
    else:
        frame.slots.pop(step.slot)
        picked_all(frame)
        runner.prompt_again(script)
    return True


def spares(runner: Runner, script: Script) -> bool:
    """Let be one of several things that get a form each in turn: 微信留着, "no need for LINE".

    The open form is left where it is about that, and what waits for its turn is dropped. Of what
    the form itself is about 微信不用了 may well say why it shall go, and only "keep it" counts.
    """
    if reading.is_question(script) or not reading.is_brief(script):
        return False
    form = script.stack[script.form_at()]
    flow, entities = runner.flows[form.flow], script.observed.entities
    if _spares_kind(runner, script, flow) or _spares_waiting(runner, script):
        return True
    kept = staying(entities)
    for step in flow.steps.values():
        slot_type = flow.slots[step.slot].type if isinstance(step, Ask) else ""
        if not isinstance(step, Ask) or step.many or slot_type not in FILLED_FROM:
            continue
        waiting = {w.slots.get(step.slot) for w in script.wishes if w.intent in flow.intents}
        asked = {form.slots.get(step.slot), *waiting} - {None}
        named = set(entities.get(FILLED_FROM[slot_type], ()))
        let_be = {one for one in asked if one in kept}
        goes = named - let_be
        if not let_be and _is_unwanted(script, goes, waiting):
            let_be, goes = goes, set()
        if not let_be or not goes <= asked:
            continue
        _drop_of(runner, script, step.slot, let_be)
        if form.slots.get(step.slot) in let_be:
            runner.cancel_form(script)
        else:
            runner.prompt_again(script)
        return True
    return False


def _is_unwanted(script: Script, named: set[Any], waiting: set[Any]) -> bool:
    """Tell whether what is named waits for its turn, and is said not to be wanted.

    谷歌也不用了 may well be one thing more that nobody uses, and takes nothing back.
    """
    if not named or not named <= waiting or _TOO.search(script.said):
        return False
    return _UNPICKS.search(script.said) is not None


def _spares_kind(runner: Runner, script: Script, open_flow: Flow) -> bool:
    """Drop what waits for its turn where its kind alone is let be: 导出就算了."""
    spoken = set(script.observed.entities.get("wish_words", ()))
    if len(spoken) != 1 or _LET_BE.search(script.said) is None or _TOO.search(script.said):
        return False
    waiting = {wish.intent.value for wish in script.wishes} & spoken
    open_kinds = {intent.value for intent in open_flow.intents}
    return bool(waiting - open_kinds) and _drops_waiting(runner, script, waiting)


def _spares_waiting(runner: Runner, script: Script) -> bool:
    """Drop what waits for its turn where all that it is about shall stay: "leave Apple linked"."""
    entities = script.observed.entities
    spoken, kept = set(entities.get("wish_words", ())), set(entities.get("only_kept", ()))
    let_be = (wish for wish in script.wishes if wish.intent.value in spoken)
    return _drops(runner, script, [wish for wish in let_be if _names_only(runner, wish, kept)])


def _names_only(runner: Runner, wish: Wish, values: set[Any]) -> bool:
    flow = runner.by_intent[wish.intent]
    slots = (wish.slots[step.slot] for step, _ in filling.named_in(flow, wish.slots))
    named = {one for held in slots for one in (held if isinstance(held, list) else [held])}
    return bool(named) and named <= values


_TOO: Final = re.compile(r"也|都|\b(?:too|as well|either|also)\b", re.IGNORECASE)
_LET_BE: Final = re.compile(
    r"(?:那[个個件]|[这這][个個件]|嗰[个個])?(?:就|先)?"
    r"(?:算[了啦數数]|不(?:用|办|辦|弄|搞)了|免了|唔(?:使|搞|辦|办)(?:了|喇|啦)?)[吧啊啦]?[\s。.!！~～]*$"
    r"|\b(?:never ?mind|forget|skip|drop) the \w+(?: \w+)?[\s.!]*$",
    re.IGNORECASE,
)
"""How a message ends that lets something be; 评论不要了 may well ask for it to go."""


def _drop_of(runner: Runner, script: Script, slot: str, values: set[Any]) -> None:
    """Drop the wishes that wait for some values, and say so."""
    dropped = tuple(wish for wish in script.wishes if wish.slots.get(slot) in values)
    if dropped:
        script.wishes = tuple(wish for wish in script.wishes if wish not in dropped)
        script.say("desk.wish_dropped", {"wish": kept_wishes.named(runner, dropped)})


def taken_back(runner: Runner, script: Script) -> bool:
    """Take back what is taken back in words: the open form, or else a request that was filed.

    The form is meant where it is of the kind that was named, or where none was; naming something
    that the form is not about ("I don't want Google unbound any more") means another request, and
    one of several things that it is about leaves that one out.
    """
    entities = script.observed.entities
    said = {str(one) for one in entities.get("taken_back", ())}
    found = script.observed.recognised
    form = script.stack[script.form_at()]
    account_stays = bool(entities.get("account_stays"))
    # 照片不删了，留着 takes back no deletion of the posts.
    if (account_stays and takes_back(runner, script, form)) or _all_stays(runner, script, form):
        runner.cancel_form(script)
        return True
    denied = found is not None and found.sure and found.intent is Intent.CANCEL_REQUEST
    if not said or not denied:
        return False
    flow = runner.flows[form.flow]
    if Intent.CANCEL_REQUEST in flow.intents:
        # Which of what was filed is what is asked.
        return False
    if flow.kind is not None and said & {flow.kind.value, ANY_REQUEST}:
        held = words_in(form.slots)
        named = {one for kind in FILLED_FROM.values() for one in entities.get(kind, ())}
        placed_only = not named and _drops_placed(runner, script)
        if placed_only or _left_out(runner, script, form):
            return True
        if not named or not named.isdisjoint(held):
            return _ends(runner, script, said, flow)
    if _drops_waiting(runner, script, said):
        return True
    if means_form(runner, script):
        runner.cancel_form(script)
        return True
    return runner.start(script, Intent.CANCEL_REQUEST)


def _ends(runner: Runner, script: Script, said: set[str], flow: Flow) -> bool:
    """End the open form; ask about one that was filed before it, where either may be meant."""
    if ANY_REQUEST not in said or not _filed_alike(script, flow):
        runner.cancel_form(script)
        return True
    runner.drop_form(script)
    script.say("desk.cancelled")
    return runner.start(script, Intent.CANCEL_REQUEST)


def _filed_alike(script: Script, flow: Flow) -> bool:
    """Tell whether a request of a form's kind was filed in this conversation, and may still end."""
    return any(
        ticket.kind is flow.kind
        and ticket.conversation_id == script.before.id
        and may(ticket, Move.WITHDRAW)
        for ticket in script.tickets_of(whose(script))
    )


def forgets(runner: Runner, script: Script) -> bool:
    """Leave the open form where a few words say no more than that: "forget it then"."""
    found, entities = script.observed.recognised, script.observed.entities
    named = any(entities.get(kind) for kind in FILLED_FROM.values())
    if len(script.said) > _A_FEW_WORDS or named or reading.is_question(script):
        return False
    if "leaving" not in reading.phrases_of(entities):
        return False
    if found is None or found.intent is not Intent.CANCEL_REQUEST or not found.sure:
        return False
    runner.cancel_form(script)
    return True


_A_FEW_WORDS: Final = 30
"""Characters of a message that gives something up and tells nothing else."""


def leaves_out(runner: Runner, script: Script) -> bool:
    """Leave out of the open form what shall stay, beside what shall go; tell whether it did."""
    form = script.stack[script.form_at()]
    stays = {"kept_category", "only_kept"}.intersection(script.observed.entities)
    return bool(stays) and _left_out(runner, script, form)


def means_form(runner: Runner, script: Script) -> bool:
    """Tell whether something is taken back that can only be the open form: nothing was filed."""
    form = script.stack[script.form_at()]
    if runner.flows[form.flow].kind is None or script.observed.entities.get("ticket_number"):
        return False
    filed = script.tickets_of(whose(script))
    return not any(may(ticket, Move.WITHDRAW) for ticket in filed)


def takes_back(runner: Runner, script: Script, form: Running) -> bool:
    """Tell whether a message names the open form's own kind as what is not wanted any more.

    So does one by which all that the form is about shall stay.
    """
    if _all_stays(runner, script, form):
        return True
    kind = runner.flows[form.flow].kind
    if kind is RequestKind.DEREGISTRATION and script.observed.entities.get("account_stays"):
        return True
    return kind is not None and kind.value in script.observed.entities.get("taken_back", ())


def _all_stays(runner: Runner, script: Script, form: Running) -> bool:
    """Tell whether all of several things that a form is about shall stay, and none goes instead."""
    entities = script.observed.entities
    if says_everything(entities):
        # 除了动态都删 names what goes: all the others.
        return False
    kept = set(entities.get("only_kept", ()))
    flow = runner.flows[form.flow]
    for step in flow.steps.values():
        if not isinstance(step, Ask) or not step.many:
            continue
        named = entities.get(FILLED_FROM.get(flow.slots[step.slot].type, ""), ())
        held = form.slots.get(step.slot)
        if held and kept.issuperset(held) and kept.issuperset(named):
            return True
    return False


def _drops_waiting(runner: Runner, script: Script, said: set[str]) -> bool:
    """Drop what waits for its turn and is taken back by name; tell whether anything did."""
    return _drops(runner, script, [wish for wish in script.wishes if wish.intent.value in said])


def _drops_placed(runner: Runner, script: Script) -> bool:
    """Drop what waits where its place behind the open form is told: "never mind the last one"."""
    pointed = placed(script.said, (None, *script.wishes))
    return pointed is not None and _drops(runner, script, [pointed])


def _drops(runner: Runner, script: Script, wishes: Sequence[Wish]) -> bool:
    """Drop wishes that wait, and put the open question again; tell whether there were any."""
    if not wishes:
        return False
    script.wishes = tuple(wish for wish in script.wishes if wish not in wishes)
    script.say("desk.wish_dropped", {"wish": kept_wishes.named(runner, wishes)})
    runner.prompt_again(script)
    return True


def _left_out(runner: Runner, script: Script, form: Running) -> bool:
    """Leave some of several things out of a form: "but leave the searches"; tell whether it did.

    "The posts stay, delete the searches" names what is meant instead, too.
    """
    flow = runner.flows[form.flow]
    entities = script.observed.entities
    for step in flow.steps.values():
        if not isinstance(step, Ask) or not step.many:
            continue
        slot_type = flow.slots[step.slot].type
        named = entities.get(FILLED_FROM.get(slot_type, ""), ())
        kept = entities.get(f"kept_{slot_type}", ())
        if not kept and named and ALL in (form.slots.get(step.slot) or ()):
            # "Except photos" names nothing that would go instead.
            kept = tuple(one for one in named if one in staying(entities))
        out = kept or named
        held = form.slots.get(step.slot) or ()
        if ALL in held and kept:
            # Of everything some stays: all the others are meant.
            held = all_of(slot_type, step.options)
        left = [value for value in held if value not in out]
        fresh = [
            value
            for value in (named if kept else ())
            if value not in held and runner.accepts(script, form, step, value)
        ]
        if len(left) == len(held) or not (left or fresh):
            continue
        form.slots[step.slot] = [*left, *fresh]
        form.confirmed_at = None
        if limits.SLOT in flow.slots:
            limits.let_stay(form.slots, kept)
        if fresh:
            widening.limit(runner, script, form)
            script.say("desk.corrected", {"what": shown(slot_type, [*left, *fresh])})
        else:
            gone = [value for value in held if value in out]
            script.say("desk.left_out", {"what": shown(slot_type, gone)})
        runner.prompt_again(script)
        return True
    return False


def words_in(slots: Mapping[str, Any]) -> set[str]:
    """Return the words that a form holds: the things that it is about, above all."""
    values = (value if isinstance(value, list) else [value] for value in slots.values())
    return {one for held in values for one in held if isinstance(one, str)}
