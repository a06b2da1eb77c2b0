"""Giving up the open form, a part of it, a queued request, or one that was filed before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from privacydesk.dialog import kept_wishes, limits, openings, reading, widening, wishes
from privacydesk.dialog.asking import is_picking, picked_all
from privacydesk.dialog.options import whose
from privacydesk.dialog.runner import Runner
from privacydesk.dialog.running import Running
from privacydesk.dialog.schema import ALL, Ask, Flow
from privacydesk.dialog.script import Script
from privacydesk.dialog.slots import (
    ANY_REQUEST,
    FILLED_FROM,
    all_of,
    holds_several,
    placed,
    says_everything,
    shown,
    staying,
    values_in,
)
from privacydesk.domain.conversation import RequestDraft
from privacydesk.domain.intents import ABOUT_OTHERS, Intent, RequestKind
from privacydesk.domain.reading import ReplyAct
from privacydesk.domain.ticket_moves import Move, may


def takes_out(runner: Runner, script: Script, frame: Running, step: Ask) -> bool:
    """Remove picked values that are taken back at the list: 评论不要了, "not the comments".

    Only what was picked: otherwise 评论不要了 may well name what should be deleted.
    """
    if not step.many or not is_picking(frame, step) or reading.asks(script):
        return False
    flow, entities = runner.flows[frame.flow], script.observed.entities
    if limits.told(entities) is not None and not staying(entities):
        # "But the ones of 2018 stay" takes out no kind.
        return False
    removes = reading.does(script, ReplyAct.REMOVE, ReplyAct.KEEP)
    only = reading.does(script, ReplyAct.ONLY)
    slot_type, taken = flow.slots[step.slot].type, list(frame.slots[step.slot])
    if not (removes or only) or slot_type not in FILLED_FROM:
        return False
    named = entities.get(FILLED_FROM[slot_type], ())
    stays = [one for one in taken if one in staying(entities)]
    meant = [one for one in named if one not in stays]
    if only and meant and set(meant) <= set(taken) and not limits.told(entities):
        # "Just the photos"; if it isn't known what stays, what is named last.
        kept = meant[-1:] if removes and not stays else meant
        stays = [one for one in taken if one not in kept]
    elif not removes:
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
    """Spare one of several things that get a form each in turn: 微信留着, "no need for LINE".

    If the open form is about it, the form is left; a queued request for it is dropped. For what
    the form itself is about, 微信不用了 may be the reason to remove it, and only "keep it" counts.
    """
    if reading.asks(script) or reading.agrees(script) or not reading.is_brief(script):
        return False
    form = script.stack[script.form_at()]
    flow, entities = runner.flows[form.flow], script.observed.entities
    if _spares_kind(runner, script, flow) or _spares_waiting(runner, script):
        return True
    kept = staying(entities)
    for step in flow.steps.values():
        slot_type = flow.slots[step.slot].type if isinstance(step, Ask) else ""
        if not isinstance(step, Ask) or slot_type not in FILLED_FROM:
            continue
        if holds_several(step, form.slots):
            # One form has all of them.
            continue
        queued = [wish for wish in script.pending_requests if wish.intent in flow.intents]
        waiting = wishes.values_of(runner, queued)
        asked = {*values_in(form.slots.get(step.slot)), *waiting}
        named = set(entities.get(FILLED_FROM[slot_type], ()))
        let_be = {one for one in asked if one in kept}
        goes = named - let_be
        if not let_be and goes and reading.does(script, ReplyAct.ONLY):
            # 其他的留着，只解QQ. 就这些 names none, and drops none.
            let_be = asked - goes
        elif not let_be and _is_unwanted(script, goes, waiting):
            let_be, goes = goes, set()
        if not let_be or not goes <= asked:
            continue
        _unqueue(runner, script, [wish for wish in queued if _names_only(runner, wish, let_be)])
        if form.slots.get(step.slot) in let_be:
            runner.cancel_form(script)
        else:
            runner.prompt_again(script)
        return True
    return False


def _is_unwanted(script: Script, named: set[Any], waiting: set[Any]) -> bool:
    """Whether what is named is queued, and said not to be wanted.

    谷歌也不用了 may well name one more thing that nobody uses, and takes nothing back.
    """
    if not named or not named <= waiting or reading.does(script, *_ADDS):
        return False
    return reading.does(script, *_LETS_BE)


def _spares_kind(runner: Runner, script: Script, open_flow: Flow) -> bool:
    """Drop queued requests of a kind if that kind alone is called off: 导出就算了."""
    spoken = set(script.observed.entities.get("wish_words", ()))
    if len(spoken) != 1 or not reading.does(script, *_LETS_BE) or reading.does(script, *_ADDS):
        return False
    waiting = {wish.intent.value for wish in script.pending_requests} & spoken
    open_kinds = {intent.value for intent in open_flow.intents}
    return bool(waiting - open_kinds) and _drops_waiting(runner, script, waiting)


def _spares_waiting(runner: Runner, script: Script) -> bool:
    """Drop queued requests if all that they are about should stay: "leave Apple linked"."""
    entities = script.observed.entities
    spoken, kept = set(entities.get("wish_words", ())), set(entities.get("only_kept", ()))
    let_be = (wish for wish in script.pending_requests if wish.intent.value in spoken)
    return _drops(runner, script, [wish for wish in let_be if _names_only(runner, wish, kept)])


def _names_only(runner: Runner, wish: RequestDraft, values: set[Any]) -> bool:
    named = wishes.values_of(runner, (wish,))
    return bool(named) and named <= values


_KEEPS_PART: Final = (ReplyAct.KEEP, ReplyAct.ONLY)
_ENDS: Final = (ReplyAct.CANCEL, ReplyAct.NO, ReplyAct.INSTEAD)
_GIVES_UP: Final = (*_ENDS, ReplyAct.KEEP, ReplyAct.REMOVE, ReplyAct.LATER, ReplyAct.FILED)
_ADDS: Final = (ReplyAct.BESIDES, ReplyAct.WIDEN)
_LETS_BE: Final = (ReplyAct.REMOVE, ReplyAct.KEEP, ReplyAct.CANCEL)


def taken_back(runner: Runner, script: Script) -> bool:
    """Give up what a message takes back: the open form, or else a request that was filed.

    The form is meant if it is of the kind that was named, or if none was; naming something that
    the form is not about ("I don't want Google unbound any more") means another request, and
    naming one of several things that it is about leaves that one out.
    """
    entities = script.observed.entities
    said = {str(one) for one in entities.get("taken_back", ())}
    found = script.observed.recognised
    form = script.stack[script.form_at()]
    if not _gives_up(script):
        return False
    if _stays_whole(runner, script, form):
        runner.cancel_form(script)
        return True
    denied = found is not None and found.sure and found.intent is Intent.CANCEL_REQUEST
    if not said or not denied or _means_part(script):
        return False
    if reading.does(script, ReplyAct.FILED):
        return runner.start(script, Intent.CANCEL_REQUEST)
    flow = runner.flows[form.flow]
    if Intent.CANCEL_REQUEST in flow.intents:
        # The open question asks which filed request is meant.
        return False
    if _takes_back_own(runner, script, form, said) or _drops_waiting(runner, script, said):
        return True
    if not means_form(runner, script):
        return runner.start(script, Intent.CANCEL_REQUEST)
    if _is_of_another_kind(said, flow):
        # 别把我号弄没了 in a form that unbinds a login stops nothing.
        return False
    runner.cancel_form(script)
    return True


def _takes_back_own(runner: Runner, script: Script, form: Running, said: set[str]) -> bool:
    """Give up what is taken back of the open form's kind: all of it, or the part that is named."""
    flow = runner.flows[form.flow]
    if flow.kind is None or not said & {flow.kind.value, ANY_REQUEST}:
        return False
    entities = script.observed.entities
    named = {one for kind in FILLED_FROM.values() for one in entities.get(kind, ())}
    if (not named and _drops_placed(runner, script)) or _left_out(runner, script, form):
        return True
    is_meant = not named or not named.isdisjoint(words_in(form.slots))
    return is_meant and _ends(runner, script, said, flow)


def denies_form(runner: Runner, script: Script) -> bool:
    """Whether a message says that what the open form asks for should not be done."""
    kind = runner.flows[script.stack[script.form_at()].flow].kind
    return kind is not None and kind.value in script.observed.entities.get("taken_back", ())


def drops_denied(runner: Runner, script: Script) -> bool:
    """Drop queued requests that a message denies; always returns False: it may say more."""
    said = {str(one) for one in script.observed.entities.get("taken_back", ())}
    form = runner.flows[script.stack[script.form_at()].flow]
    denied = said - set(form.intents)
    queued = script.pending_requests
    if _unqueue(runner, script, [wish for wish in queued if wish.intent.value in denied]):
        script.answered_beside = True
    return False


def _gives_up(script: Script) -> bool:
    """Whether a reply's acts give something up, too, where they are known.

    A form is lost only if what is asked for and what the reply does are read alike.
    """
    known = bool(script.observed.reply_acts)
    return not _wants_person_first(script) and (not known or reading.does(script, *_GIVES_UP))


def _is_of_another_kind(said: set[str], flow: Flow) -> bool:
    """Whether what is not wanted is of a kind that the open form is not of."""
    return bool(said) and flow.kind is not None and said.isdisjoint({flow.kind.value, ANY_REQUEST})


def _wants_person_first(script: Script) -> bool:
    """Whether a person is wanted before anything is decided: 想先问人工，不急着注销."""
    asked = script.observed.entities.get("asks_person") and reading.does(script, ReplyAct.PERSON)
    return bool(asked) and not reading.does(script, ReplyAct.CANCEL)


def _stays_whole(runner: Runner, script: Script, form: Running) -> bool:
    """Whether the account, or everything that a form is about, should stay.

    照片不删了，留着 takes back no deletion of the posts.
    """
    if reading.agrees(script):
        return False
    account_stays = bool(script.observed.entities.get("account_stays"))
    return (account_stays and takes_back(runner, script, form)) or _all_stays(runner, script, form)


def _means_part(script: Script) -> bool:
    """Whether a reply agrees after all, as 好啦撤啦 does, or keeps a part: 跟我妈的别删."""
    keeps = reading.does(script, *_KEEPS_PART) and not reading.does(script, *_ENDS)
    return keeps or reading.does(script, ReplyAct.YES)


def _ends(runner: Runner, script: Script, said: set[str], flow: Flow) -> bool:
    """End the open form; also ask about one that was filed before it if either may be meant."""
    if ANY_REQUEST in said and _may_stop_others(runner, script):
        return True
    if ANY_REQUEST not in said or not _filed_alike(script, flow):
        runner.cancel_form(script)
        return True
    runner.drop_form(script)
    script.say("desk.cancelled")
    return runner.start(script, Intent.CANCEL_REQUEST)


def _filed_alike(script: Script, flow: Flow) -> bool:
    """Whether a request of the form's kind was filed here, and may still be withdrawn."""
    return any(
        ticket.kind is flow.kind
        and ticket.conversation_id == script.before.id
        and may(ticket, Move.WITHDRAW)
        for ticket in script.tickets_of(whose(script))
    )


def forgets(runner: Runner, script: Script) -> bool:
    """Leave the open form if the words say only that: "forget it then"."""
    entities = script.observed.entities
    named = any(entities.get(kind) for kind in FILLED_FROM.values())
    if named or reading.asks(script) or not reading.does(script, ReplyAct.CANCEL):
        return False
    said = {str(one) for one in entities.get("taken_back", ())}
    if _is_of_another_kind(said, runner.flows[script.stack[script.form_at()].flow]):
        return False
    if not entities.get("asks_person") and _may_stop_others(runner, script):
        return True
    runner.cancel_form(script)
    return not entities.get("asks_person") or runner.start(script, Intent.HUMAN_AGENT)


def _may_stop_others(runner: Runner, script: Script) -> bool:
    """Ask what should stop, if it may be what somebody does of whom the form is: "stop it now".

    The words go to staff with the form; a command still cancels it.
    """
    form = script.stack[script.form_at()]
    if runner.flows[form.flow].kind not in ABOUT_OTHERS:
        return False
    openings.add_words(form, openings.words_said(script))
    script.say("desk.what_stops")
    runner.prompt_again(script)
    return True


def leaves_out(runner: Runner, script: Script) -> bool:
    """Leave what should stay out of the open form; return whether anything was."""
    form = script.stack[script.form_at()]
    stays = {"kept_category", "only_kept"}.intersection(script.observed.entities)
    return bool(stays) and _left_out(runner, script, form)


def means_form(runner: Runner, script: Script) -> bool:
    """Whether only the open form can be meant to be taken back: nothing was filed."""
    form = script.stack[script.form_at()]
    if runner.flows[form.flow].kind is None or script.observed.entities.get("ticket_number"):
        return False
    filed = script.tickets_of(whose(script))
    return not any(may(ticket, Move.WITHDRAW) for ticket in filed)


def takes_back(runner: Runner, script: Script, form: Running) -> bool:
    """Whether a message says that a request of the open form's kind is not wanted any more.

    So does one that says that everything the form is about should stay.
    """
    if _all_stays(runner, script, form):
        return True
    kind = runner.flows[form.flow].kind
    if kind is RequestKind.DEREGISTRATION and script.observed.entities.get("account_stays"):
        return True
    return kind is not None and kind.value in script.observed.entities.get("taken_back", ())


def _all_stays(runner: Runner, script: Script, form: Running) -> bool:
    """Whether everything that a form is about should stay, and nothing goes instead."""
    entities = script.observed.entities
    if says_everything(entities):
        # 除了动态都删 names what goes: all the others.
        return False
    kept = set(entities.get("only_kept", ()))
    flow = runner.flows[form.flow]
    for step in flow.steps.values():
        if not isinstance(step, Ask) or not holds_several(step, form.slots):
            continue
        named = entities.get(FILLED_FROM.get(flow.slots[step.slot].type, ""), ())
        held = form.slots.get(step.slot)
        if held and kept.issuperset(held) and kept.issuperset(named):
            return True
    return False


def _drops_waiting(runner: Runner, script: Script, said: set[str]) -> bool:
    """Drop queued requests of the kinds that are taken back; return whether there were any."""
    return _drops(
        runner, script, [wish for wish in script.pending_requests if wish.intent.value in said]
    )


def _drops_placed(runner: Runner, script: Script) -> bool:
    """Drop a queued request named by its place after the form: "never mind the last one"."""
    pointed = placed(script.observed.entities, (None, *script.pending_requests))
    return pointed is not None and _drops(runner, script, [pointed])


def _drops(runner: Runner, script: Script, wishes: Sequence[RequestDraft]) -> bool:
    """Drop queued requests, and repeat the open question; return whether there were any."""
    if not _unqueue(runner, script, wishes):
        return False
    runner.prompt_again(script)
    return True


def _unqueue(runner: Runner, script: Script, wishes: Sequence[RequestDraft]) -> bool:
    """Drop queued requests, and say so; return whether there were any."""
    if not wishes:
        return False
    script.pending_requests = tuple(wish for wish in script.pending_requests if wish not in wishes)
    script.say("desk.wish_dropped", {"wish": kept_wishes.named(runner, wishes)})
    return True


def _left_out(runner: Runner, script: Script, form: Running) -> bool:
    """Leave some things out of a form: "but leave the searches"; return whether any were.

    "The posts stay, delete the searches" names what is meant instead, too.
    """
    flow = runner.flows[form.flow]
    entities = script.observed.entities
    for step in flow.steps.values():
        if not isinstance(step, Ask) or not holds_several(step, form.slots):
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
            # Everything but some: all the others are meant.
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
        _choose_part(runner, script, step.slot)
        runner.prompt_again(script)
        return True
    return False


def _choose_part(runner: Runner, script: Script, slot: str) -> None:
    """Answer the open question if it asks whether all or a part is meant: a part is, now."""
    frame, asked = runner.waiting_step(script)
    offers = asked.choices if frame is not None and isinstance(asked, Ask) else ()
    part = next((one.value for one in offers if one.names == slot), None)
    if frame is not None and isinstance(asked, Ask) and part is not None:
        frame.slots[asked.slot] = part
        runner.answered(script, frame, asked, "answered")


def words_in(slots: Mapping[str, Any]) -> set[str]:
    """Return the texts in a form's slots: above all, the things that it is about."""
    values = map(values_in, slots.values())
    return {one for held in values for one in held if isinstance(one, str)}
