"""Handling another request that is made while a form is open.

Free-text answers are not read as other requests.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from privacydesk.dialog import beginning, entries, kept_wishes, reading, widening, wishes
from privacydesk.dialog.giving_up import leaves_out, means_form, taken_back, takes_back
from privacydesk.dialog.objecting import objects
from privacydesk.dialog.runner import Runner
from privacydesk.dialog.running import Running
from privacydesk.dialog.schema import Ask, Confirm
from privacydesk.dialog.script import Script
from privacydesk.domain.conversation import RequestDraft
from privacydesk.domain.intents import COPIES, DESTRUCTIVE, Intent, RequestKind
from privacydesk.domain.reading import ReplyAct

_GLOBAL_INTENTS = frozenset(
    {Intent.HUMAN_AGENT, Intent.POLICY_QUESTION, Intent.REQUEST_STATUS, Intent.CANCEL_REQUEST}
)

_IN_SO_MANY_WORDS = frozenset({Intent.HUMAN_AGENT, Intent.CANCEL_REQUEST})
"""Intents that a form is left for only with wording known for them.

A recogniser that has to guess finds one of these in terse answers: "submit it" would throw away
what the user has just filled in.
"""

_ONES_OWN = frozenset(
    {
        RequestKind.ACCESS,
        RequestKind.PORTABILITY,
        RequestKind.DELETION,
        RequestKind.DEREGISTRATION,
        RequestKind.UNBINDING,
        RequestKind.CONSENT_WITHDRAWAL,
        RequestKind.PROFILING_OBJECTION,
    }
)
"""Kinds of request that concern only the user's own data."""


def other_wish(runner: Runner, script: Script) -> bool:
    """Follow a recognised request that is no answer to the open question."""
    if leaves(runner, script) or objects(runner, script) or further_wish(runner, script):
        return True
    frame, step = runner.waiting_step(script)
    number = frame and isinstance(step, Ask) and runner.asking.slot_type(frame, step)
    if number != "ticket_number" and beginning.numbered(runner, script):
        return True
    found = script.observed.recognised
    if found is None or not found.sure or found.intent not in _GLOBAL_INTENTS:
        return False
    worded = reading.is_worded(script, found.intent)
    if found.intent in _IN_SO_MANY_WORDS and not worded:
        return False
    if found.intent is Intent.REQUEST_STATUS and not (worded or reading.is_clear(script)):
        # "It began on the 20th" describes the matter; it doesn't ask for a request's status.
        return False
    if found.intent is Intent.CANCEL_REQUEST and reading.agrees(script):
        # 行吧，撤了 agrees to withdraw a consent.
        return False
    if found.intent is Intent.CANCEL_REQUEST and means_form(runner, script):
        runner.cancel_form(script)
        return True
    return runner.start(script, found.intent)


def wants_person(runner: Runner, script: Script) -> bool:
    """Hand over to a person if one is requested instead of a name or a value: 别扯了 转人工.

    Not if the message also gives a value, which may sound like it.
    """
    found, entities = script.observed.recognised, script.observed.entities
    if found is None or found.intent is not Intent.HUMAN_AGENT or not found.sure:
        return False
    told = (
        entities.get(entries.VALUE) or entities.get("entry_told") or entities.get("account_alone")
    )
    if told or not reading.does(script, ReplyAct.PERSON):
        return False
    return runner.start(script, Intent.HUMAN_AGENT)


def takes_for_oneself(runner: Runner, script: Script) -> bool:
    """Leave a form begun for a child if the user means themselves; return whether they do.

    Their own request is started instead: "no, I'm deleting my own photos".
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
    """Leave a form about the user's own data if somebody else's turn out to be meant.

    Nothing of it may be done to the user's own account: 我说的是小鹿的号，不是我的. It goes to a
    person, or to the form for relatives; a request to see others' data is answered as always.
    """
    form = script.stack[script.form_at()]
    kind = runner.flows[form.flow].kind
    if kind not in _ONES_OWN or not script.observed.entities.get("named_user"):
        return False
    runner.drop_form(script)
    script.say("desk.cancelled")
    found = script.observed.recognised
    if found is not None and found.intent is Intent.DECEASED:
        return runner.start(script, Intent.DECEASED)
    if kind in COPIES:
        return runner.start(script, Intent.ACCESS)
    return beginning.to_human(runner, script)


def wants_copy_first(runner: Runner, script: Script) -> bool:
    """Start a copy that is wanted before anything is lost; the open form waits meanwhile.

    At the final confirmation, any requested copy is.
    """
    form = script.stack[script.form_at()]
    _, step = runner.waiting_step(script)
    if runner.flows[form.flow].kind not in DESTRUCTIVE or takes_back(runner, script, form):
        return False
    last_word = isinstance(step, Confirm) and wishes.wants_copy(script)
    if not last_word and not script.observed.entities.get("copy_first"):
        return False
    return runner.start(script, Intent.ACCESS)


def leaves(runner: Runner, script: Script) -> bool:
    """Leave the open form if the words say so, for another request or for none."""
    return (
        leaves_out(runner, script)
        or leaves_for_another(runner, script)
        or taken_back(runner, script)
    )


def leaves_for_another(runner: Runner, script: Script) -> bool:
    """Leave the open form for another request if the words say so."""
    form = script.stack[script.form_at()]
    if not others(runner, script) or not _is_left(runner, script, form):
        return False
    return further_wish(runner, script)


def further_wish(runner: Runner, script: Script) -> bool:
    """Take a request that is made while a form is open.

    One of the form's own kind widens it; any other is queued, or started at once when the user
    leaves the form for it.
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


def _widens(
    runner: Runner, script: Script, asked: Sequence[RequestDraft], later: list[RequestDraft]
) -> bool:
    """Widen the open form by requests of its kind, queue the others; return whether any was."""
    widened = widening.Widened()
    for wish in asked:
        running = _running(runner, script, wish)
        if running is None or _corrects(script, wish):
            continue
        if runner.flows[running.flow].kind in DESTRUCTIVE and reading.adds_nothing(script):
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


def _corrects(script: Script, wish: RequestDraft) -> bool:
    """Whether a request of the form's kind is a correction: "no, the posts"."""
    said = reading.phrases_of(script.observed.entities)
    return "instead" in said and entries.VALUE not in wish.slots


def _needs_its_own(
    runner: Runner, script: Script, running: Running, wish: RequestDraft, *, several: bool
) -> bool:
    """Whether a request of the form's kind needs a form of its own.

    One other value corrects the one that was named; several, or one more, do not, nor does another
    entry with a value of its own.
    """
    said = reading.phrases_of(script.observed.entities)
    adds = several or "also" in said or entries.VALUE in wish.slots
    return (adds and widening.is_another(runner, running, wish)) or widening.has_own_limit(
        runner, running, wish
    )


def _added(
    runner: Runner, script: Script, form: Running, said: frozenset[str]
) -> tuple[RequestDraft, ...]:
    """Read "and the search history, too" as a request of the form's kind: it names no other.

    If the form has no slot for it, it may belong to a queued request.
    """
    if "also" not in said:
        return ()
    waiting = (wish.intent for wish in reversed(script.pending_requests))
    for intent in (*runner.flows[form.flow].intents, *waiting):
        asked = wishes.wishes_for(runner.by_intent[intent], intent, script.observed.entities)
        named = tuple(wish for wish in asked if wish.slots)
        if named:
            return named
    return ()


def keep_others(runner: Runner, script: Script) -> None:
    """Queue requests of other kinds that are made along with an answer."""
    kept_wishes.say_kept(runner, script, others_beside(runner, script))


def keep_more(runner: Runner, script: Script, frame: Running, step: Ask, value: Any) -> None:
    """Queue further values named where a question takes one: "ads and location, both"."""
    flow = runner.flows[frame.flow]
    if step.many or flow.kind is None or not flow.intents:
        return
    named = wishes.wishes_for(flow, flow.intents[0], script.observed.entities)
    several = named if len(named) > 1 else ()
    more = tuple(wish for wish in several if wish.slots.get(step.slot, value) != value)
    kept_wishes.say_kept(runner, script, more)


def both_in_turn(runner: Runner, script: Script) -> bool:
    """Say that each request gets its turn if all of them are meant at once."""
    if "both" not in reading.phrases_of(script.observed.entities):
        return False
    form = script.stack[script.form_at()]
    replaced = widening.replaced(runner, form)
    if replaced is not None and not script.pending_requests:
        # 解绑微信，等下是谷歌，两个都解: the value that was replaced comes afterwards.
        kept_wishes.say_kept(runner, script, (replaced,))
        runner.prompt_again(script)
        return True
    if not script.pending_requests:
        return False
    script.say("desk.each_in_turn", {"wish": kept_wishes.named(runner, script.pending_requests)})
    runner.prompt_again(script)
    return True


def adds_another(runner: Runner, script: Script) -> bool:
    """Queue an additional request made in a free-text answer: "I also want my account closed".

    Only one that says so explicitly, in wording known for it; anything less is the answer.
    """
    if "also" not in reading.phrases_of(script.observed.entities) or not reading.is_clear(script):
        return False
    later = others_beside(runner, script)
    if not later:
        return False
    kept_wishes.say_kept(runner, script, later)
    runner.prompt_again(script)
    return True


def others_beside(runner: Runner, script: Script) -> tuple[RequestDraft, ...]:
    """Return the other requests of a message that answers the open question.

    Merely naming a thing is no request: a recogniser tends to find one in "my old posts", or in
    "stop asking". So a request needs wording known for it; for a separate part of the message,
    naming what it is about is enough.
    """
    parts = script.observed.requests
    entities = [part.entities for part in parts] or [script.observed.entities]
    spoken = {word for one in entities for word in one.get("wish_words", ())}
    return tuple(
        wish
        for wish in others(runner, script)
        if wish.intent.value in spoken or (parts and wishes.names_something(runner, wish))
    )


def others(runner: Runner, script: Script) -> tuple[RequestDraft, ...]:
    """Return the requests of a message that no open form is about."""
    asked = wishes.wishes_of(runner, script)
    return tuple(wish for wish in asked if _running(runner, script, wish) is None)


def _running(runner: Runner, script: Script, wish: RequestDraft) -> Running | None:
    name = runner.by_intent[wish.intent].name
    return next((frame for frame in script.stack if frame.flow == name), None)


def _is_left(runner: Runner, script: Script, form: Running) -> bool:
    """Whether the user leaves the form for another request, rather than adding it."""
    flow = runner.flows[form.flow]
    if "leaving" in reading.phrases_of(script.observed.entities):
        return True
    if Intent.UNDERAGE_REPORT in flow.intents:
        # A parent who reports their own child wants a guardian's request.
        return any(wish.intent is Intent.GUARDIAN for wish in others(runner, script))
    # What the desk itself offered waits below the request; a question that the user began is left.
    begun_by_user = flow.kind is None and bool(flow.intents) and not form.trail
    return begun_by_user or takes_back(runner, script, form)
