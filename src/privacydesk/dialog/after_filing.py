"""What is said of a request that was filed: another thing was meant, or a copy comes first.

It is with staff by then, and nothing that was confirmed is changed by a word.
"""

from __future__ import annotations

import re
from typing import Final

from privacydesk.dialog import kept_wishes, reading, wishes
from privacydesk.dialog.desk_choices import human_choice, intent_choice
from privacydesk.dialog.naming import items_of
from privacydesk.dialog.options import whose
from privacydesk.dialog.runner import Runner
from privacydesk.dialog.script import Script
from privacydesk.domain.intents import LOSING, Intent, RequestKind
from privacydesk.domain.ticket import Ticket

_CANCELS: Final = re.compile(r"取消|撤|\b(?:cancel|undo|scrap|drop)\b", re.IGNORECASE)
_POINTS: Final = re.compile(
    r"[那嗰這这](?:[个個张張条條一]){0,2}|刚才|剛才|之前|頭先|\b(?:one|actually|that)\b",
    re.IGNORECASE,
)

_NOT_THAT: Final = re.compile(
    r"\s*(?:啊|呀|哎|等等|等一下|等陣|喂|oh|oops|wait|sorry|hang on|hold on|[,，.。!！\s])*"
    r"(?:唔係|唔系|不是|不对|不對|错了|錯了|[弄搞说說打选選讲講]错|[弄搞說打選講]錯|應該|应该"
    r"|no\b|nope\b|not\b|wrong\b|i (?:mean|meant)\b|(?:it )?should (?:be|have been)\b)",
    re.IGNORECASE,
)
_NAMED_BY: Final = {
    RequestKind.UNBINDING: "provider",
    RequestKind.CONSENT_WITHDRAWAL: "purpose",
    RequestKind.DELETION: "category",
}
"""What the items of a request are, by the kind of it."""


def filed_last(script: Script) -> Ticket | None:
    """Return the request that was filed last in this conversation, while it is open."""
    here = (one for one in script.tickets_of(whose(script)) if one.is_open)
    filed = [one for one in here if one.conversation_id == script.before.id]
    return max(filed, key=lambda one: one.received_at, default=None)


def follows_filed(runner: Runner, script: Script) -> bool:
    """Follow what is said of a request that was filed; tell whether anything was."""
    return (
        _points_at_withdrawal(runner, script)
        or keeps(runner, script)
        or _corrects(runner, script)
        or _wants_copy_first(runner, script)
    )


def _points_at_withdrawal(runner: Runner, script: Script) -> bool:
    """Take a filed withdrawal of consent back where it is pointed at: "cancel the marketing one".

    Without such a request the same words take the consent back, and they do where nothing points.
    """
    found = script.observed.recognised
    if found is None or not found.sure or found.intent is not Intent.CONSENT_WITHDRAWAL:
        return False
    if not (_CANCELS.search(script.said) and _POINTS.search(script.said)):
        return False
    named = set(script.observed.entities.get("purpose", ()))
    filed = {
        item.name
        for ticket in script.tickets_of(whose(script))
        if ticket.is_open and ticket.kind is RequestKind.CONSENT_WITHDRAWAL
        for item in ticket.items
    }
    if not named or not named <= filed:
        return False
    return runner.start(script, Intent.CANCEL_REQUEST)


def keeps(runner: Runner, script: Script) -> bool:
    """Take a filed request back where what it is about shall stay: 定位还是开着吧.

    Which request it is shall be confirmed; without one the words mean something else.
    """
    entities = script.observed.entities
    kept = {str(one) for one in entities.get("only_kept", ())}
    if not kept or not reading.is_brief(script) or reading.is_question(script):
        return False
    filed = {
        str(value)
        for ticket in script.tickets_of(whose(script))
        if ticket.is_open and ticket.kind in _NAMED_BY
        for item in ticket.items
        for value in (item.name, *item.detail.values())
    }
    return kept <= filed and runner.start(script, Intent.CANCEL_REQUEST)


def _corrects(runner: Runner, script: Script) -> bool:
    """Offer to take back what was just filed where another thing was meant: 唔係，應該係LINE.

    The other one is kept for afterwards; filed beside the first, both would go.
    """
    entities = script.observed.entities
    if _NOT_THAT.match(script.said) is None or "also" in reading.phrases_of(entities):
        return False
    last = filed_last(script)
    family = "" if last is None else _NAMED_BY.get(last.kind, "")
    if last is None or not family or not reading.is_brief(script):
        return False
    if not {str(one) for one in entities.get("wish_words", ())} <= {last.kind.value}:
        return False
    filed = {item.name for item in last.items}
    filed.update(str(value) for item in last.items for value in item.detail.values())
    named = [one for one in entities.get(family, ()) if one not in filed]
    denied = {str(one) for one in entities.get(f"kept_{family}", ())}
    if not named or not denied <= filed or entities.get("only_kept"):
        return False
    intent = Intent(last.kind.value)
    asked = wishes.wishes_for(runner.flows[last.kind], intent, {**entities, family: tuple(named)})
    kept = [one for one in asked if kept_wishes.keep(runner, script, one)]
    script.unanswered = 0
    script.ask(
        "desk.filed_another",
        {
            "number": last.number,
            "what": items_of(last),
            "wish": kept_wishes.named(runner, kept),
        },
        (intent_choice(Intent.CANCEL_REQUEST), human_choice()),
    )
    return True


def _wants_copy_first(runner: Runner, script: Script) -> bool:
    """Begin the copy that is wanted before what was filed is carried out, and say what may help."""
    if not wishes.wants_copy(script):
        return False
    losing = [
        one
        for one in script.tickets_of(whose(script))
        if one.is_open and one.kind in LOSING and one.conversation_id == script.before.id
    ]
    if not losing:
        return False
    last = max(losing, key=lambda one: one.received_at)
    script.say("desk.copy_before_loss", {"number": last.number})
    return runner.start(script, Intent.ACCESS)
