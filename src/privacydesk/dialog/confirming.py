"""Replies to a confirmation: a yes, a no, and what only sounds like one.

A plain yes counts only if it was sent to this very question, and never at an ``exact`` step.
"""

from __future__ import annotations

from typing import Final

from privacydesk.dialog import (
    answering,
    choosing,
    desk_buttons,
    filling,
    following,
    giving_up,
    kept_wishes,
    reading,
    taking,
    widening,
    wishes,
)
from privacydesk.dialog.reply import Place, Reply
from privacydesk.dialog.running import Running
from privacydesk.dialog.slots import FILLED_FROM, Entities, staying
from privacydesk.domain.conversation import RequestDraft
from privacydesk.domain.intents import DESTRUCTIVE, Intent, RequestKind
from privacydesk.domain.reading import ReplyAct

_REVERSIBLE: Final = frozenset({RequestKind.UNBINDING, RequestKind.CONSENT_WITHDRAWAL})
"""Kinds of request that can be undone."""
_TURNS: Final = frozenset({"instead", "slip", "leaving", "thinks", "postpones"})
"""Phrases with which a message turns away from what it began with."""
_CHANGES: Final = _TURNS | {"also", "and", "both"}
_AGREES: Final = frozenset({ReplyAct.YES, ReplyAct.ANSWER, ReplyAct.CHAT})
_YES: Final = frozenset({ReplyAct.YES})
_AGREES_OR_CORRECTS: Final = _AGREES | {ReplyAct.CORRECT, ReplyAct.TOLD, ReplyAct.ONLY}
_AGREES_BESIDES: Final = _YES | {ReplyAct.BESIDES}
_BESIDES: Final = _YES | {ReplyAct.BESIDES, ReplyAct.CHAT, ReplyAct.TELLS, ReplyAct.PERSON}
_LEAVES: Final = ("kept_some", "only_kept", "taken_back", "copy_first")
"""Entities that make a message more than a yes."""


def plain_answer(reply: Reply) -> str:
    """Return yes or no if a message says nothing but that to the open confirmation.

    ``either`` if it may mean both: 取消 when confirming a withdrawal.
    """
    script = reply.script
    prompt = script.prompt
    if reply.place is not Place.CONFIRM or prompt is None or prompt.serial != reply.frame.serial:
        return ""
    said = set(script.observed.entities.get("plain_answer", ()))
    held = giving_up.words_in(script.stack[script.form_at()].slots)
    stays = staying(script.observed.entities)
    if not _named(script.observed.entities) <= held or not stays.isdisjoint(held):
        # "解吧 微信还在就行" agrees, but names something not being confirmed, or to be kept.
        said = set()
    labels = {"yes": reply.confirm.yes, "no": reply.confirm.no}
    meant = [answer for answer, label in labels.items() if said & {answer, label}]
    if not meant and (_restates(reply) or _names_just_it(reply)):
        return "yes"
    return "either" if len(meant) > 1 else "".join(meant)


def _named(entities: Entities) -> set[str]:
    """Return the things that a message names, to be removed or kept."""
    kinds = (*FILLED_FROM.values(), *(f"kept_{one}" for one in FILLED_FROM.values()), "only_kept")
    return {str(one) for kind in kinds for one in entities.get(kind, ())}


def _restates(reply: Reply) -> bool:
    """Whether a message only repeats the request being confirmed: 确定，解掉吧."""
    script = reply.script
    found, entities = script.observed.recognised, script.observed.entities
    form = script.stack[script.form_at()]
    flow = reply.runner.flows[form.flow]
    if found is None or not found.sure or found.intent not in flow.intents:
        return False
    if script.observed.requests or not entities.get("wants") or script.observed.mixed:
        return False
    if not {ReplyAct.YES} <= script.observed.reply_acts <= _AGREES:
        return False
    changes = reading.phrases_of(entities) & _CHANGES
    if changes or staying(entities) or any(entities.get(kind) for kind in _LEAVES):
        return False
    # A message that names things again may as well exclude them: 谷歌不用了.
    return not filling.slots_for(flow, entities)


def _names_just_it(reply: Reply) -> bool:
    """Whether a message agrees and names just what is confirmed: "OK, yes, WeChat"."""
    script = reply.script
    form = script.stack[script.form_at()]
    flow, entities = reply.runner.flows[form.flow], script.observed.entities
    agrees = ReplyAct.YES in script.observed.reply_acts <= _AGREES_OR_CORRECTS
    if (
        flow.kind not in _REVERSIBLE
        or not agrees
        or script.observed.requests
        or script.observed.mixed
    ):
        return False
    # One of several may be all that is wanted.
    named = _named(entities)
    same = named == filling.values_named(flow, form.slots)
    return bool(named) and same and not staying(entities)


def is_answer(reply: Reply) -> bool:
    """Whether words answer the open confirmation, and so are no command: 取消, 不用了."""
    return bool(plain_answer(reply)) and not reply.confirm.exact


def take_button(reply: Reply) -> bool:
    """Take a typed button; yes counts only if its exact label was typed."""
    script = reply.script
    choice = reply.buttons.typed(script, reply.text)
    if choice is None:
        return False
    if choice.id == "no":
        taking.take_confirmation(reply.runner, script, reply.frame, "no")
    elif choice.id != "yes":
        taking.take_menu_choice(reply.runner, script, choice)
    elif not reply.buttons.is_exactly(script, reply.text, choice):
        return False
    elif script.saw_question:
        taking.take_confirmation(reply.runner, script, reply.frame, "yes")
    else:
        # Another window changed meanwhile what is to be confirmed.
        desk_buttons.closed(reply.runner, script)
    return True


def take_plain_answer(reply: Reply) -> bool:
    """Take a plain yes or no."""
    script, exact = reply.script, reply.confirm.exact
    answer = plain_answer(reply)
    if answer == "no" and exact:
        reply.runner.cancel_form(script)
    elif answer == "no" or (answer == "yes" and script.answers_question and not exact):
        # "OK, do it. Then close the account" wishes one thing more.
        following.keep_others(reply.runner, script)
        taking.take_confirmation(reply.runner, script, reply.frame, answer)
    elif answer:
        ask_which(reply)
    return bool(answer)


def take_yes_first(reply: Reply) -> bool:
    """Take a plain yes before another request: 好，確認。之後搵個真人.

    Not if more is said about the very thing being confirmed: that may change it.
    """
    script, runner = reply.script, reply.runner
    entities = script.observed.entities
    form = script.stack[script.form_at()]
    losing = runner.flows[form.flow].kind in DESTRUCTIVE
    opens = set(entities.get("opens_with", ()))
    if not opens and not losing and reading.phrases_of(entities).isdisjoint(_TURNS):
        opens = set(entities.get("opens_loosely", ()))
    does = script.observed.reply_acts
    if not opens and _YES <= does <= (_AGREES_BESIDES if losing else _BESIDES):
        opens = {"yes"}
    if opens not in ({"yes"}, {reply.confirm.yes}):
        return False
    asked = wishes.wishes_of(runner, script)
    others = (
        *following.others_beside(runner, script),
        # "Yes, disconnect it, and WeChat, too" asks for another one of the same kind.
        *(one for one in asked if _is_another(reply, form, one)),
    )
    person = bool(entities.get("asks_person"))
    if reply.confirm.exact or not script.answers_question or len(others) < len(asked):
        return False
    copy = any(wish.intent is Intent.ACCESS for wish in others)
    if not (others or person) or (copy and losing):
        # A copy requested along with a loss may be wanted before it.
        return False
    kept_wishes.say_kept(runner, script, others)
    taking.take_confirmation(runner, script, reply.frame, "yes")
    return not person or runner.start(script, Intent.HUMAN_AGENT)


def _is_another(reply: Reply, form: Running, wish: RequestDraft) -> bool:
    """Whether a request is of the form's kind, but needs a form of its own."""
    flow = reply.runner.flows[form.flow]
    return wish.intent in flow.intents and widening.is_another(reply.runner, form, wish)


def decline(reply: Reply) -> bool:
    """Take words that mean the button for no."""
    meant = choosing.spoken(reply.script, reply.offered)
    if meant is None or meant.id != "no" or reading.agrees(reply.script):
        return False
    following.keep_others(reply.runner, reply.script)
    taking.take_confirmation(reply.runner, reply.script, reply.frame, "no")
    return True


def ask_what_is_wrong(reply: Reply) -> bool:
    """Ask what should be different if a message says only that something is not right."""
    if not reading.does(reply.script, ReplyAct.CORRECT):
        return False
    reply.ask_again("desk.what_is_wrong")
    return True


def ask_which(reply: Reply) -> bool:
    """Ask for one of the two buttons."""
    answering.say_sorry(reply)
    reply.frame.misses += 1
    labels = {"yes": {"$term": reply.confirm.yes}, "no": {"$term": reply.confirm.no}}
    reply.ask_again("desk.please_choose", labels)
    return True
