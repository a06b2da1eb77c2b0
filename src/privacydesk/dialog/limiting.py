"""Narrowing the open form: some of a kind, one person's, one year's, one kind of several."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Final

from msgspec.structs import replace

from privacydesk.dialog import arguments, following, limits, reading
from privacydesk.dialog.giving_up import words_in
from privacydesk.dialog.runner import Runner
from privacydesk.dialog.running import Running
from privacydesk.dialog.schema import ALL, Ask, Flow
from privacydesk.dialog.script import Script
from privacydesk.dialog.slots import AMENDS, FILLED_FROM, says_everything, shown, values_in
from privacydesk.domain.intents import DESTRUCTIVE
from privacydesk.domain.reading import ReplyAct
from privacydesk.domain.selection import Selection, Span

_NO_LIMIT: Final = (ReplyAct.YES, ReplyAct.NO, ReplyAct.CANCEL, ReplyAct.LATER, ReplyAct.CHAT)
_PART: Final = (ReplyAct.ONLY, ReplyAct.KEEP, ReplyAct.REMOVE)
"""Acts of a reply that means only a part."""
_DESCRIBES: Final = 18
"""Latin letters, with each Chinese character counted as three, that may describe something."""
_BRIEF: Final = 30
"""The same, of a limit that is shown beside what it limits."""
_LONGEST_LIMIT: Final = 60
_ASKED_WHICH: Final = "_which_of_it"
"""The slot set once the user was asked which items are meant, so that plain text may say it."""


def narrows(runner: Runner, script: Script) -> bool:
    """Narrow the open form by what a message says about its items: "only last summer's".

    What is to be deleted for good is confirmed again, with the limit beside it.
    """
    if not narrows_quietly(runner, script) and not _is_told_again(runner, script):
        return False
    runner.prompt_again(script)
    return True


def _is_told_again(runner: Runner, script: Script) -> bool:
    """Whether a message states just the limits that the open form has."""
    form = script.stack[script.form_at()]
    told = limits.told(script.observed.entities)
    if told is None or not reading.does(script, *_PART) or following.others(runner, script):
        return False
    before = limits.held(form.slots)
    return before == _joined(script, before, told) and _is_held(told, words_in(form.slots))


def narrows_quietly(runner: Runner, script: Script) -> bool:
    """Narrow the open form as ``narrows`` does, say so, and leave its question to the caller."""
    form = script.stack[script.form_at()]
    flow = runner.flows[form.flow]
    if limits.SLOT not in flow.slots:
        return False
    before, told = limits.held(form.slots), _told(flow, form, script)
    puts_another = told and reading.does(script, ReplyAct.CORRECT)
    if told is None or (not puts_another and following.others(runner, script)):
        return False
    after = _joined(script, before, told)
    slot = next((name for name in _of_kinds(flow) if form.slots.get(name)), "")
    if not slot or before in (told, after):
        return False
    values = _narrowed_to(runner, script, form, slot)
    if values is None or not _is_held(told, form.slots[slot]):
        return False
    form.slots[slot] = values
    form.slots.pop(_ASKED_WHICH, None)
    limits.keep(form.slots, after)
    script.unconfirm()
    built = arguments.build(script, form, flow, (slot, "as_written"))
    what = {"$term": "desk.with_words", "args": {"what": built[slot], **built}}
    script.say("desk.corrected", {"what": what if after.words else built[slot]})
    return True


def _of_kinds(flow: Flow) -> tuple[str, ...]:
    """Return the slots of a flow that hold what it is about."""
    asked = (step for step in flow.steps.values() if isinstance(step, Ask))
    return tuple(one.slot for one in asked if flow.slots[one.slot].type in FILLED_FROM)


def _narrowed_to(runner: Runner, script: Script, form: Running, slot: str) -> list[str] | None:
    """Return the kinds that a form is about after a message; None where it names others."""
    flow, held = runner.flows[form.flow], form.slots[slot]
    named = script.observed.entities.get(FILLED_FROM[flow.slots[slot].type], ())
    # Of data to be shown, "the logins only of May" leaves the rest as it is.
    picks = flow.kind in DESTRUCTIVE or ALL in held
    alone = bool(named) and picks and reading.does(script, ReplyAct.ONLY)
    if alone and ALL in held:
        # In a form about everything, "only the posts about my old job" picks the posts.
        asked = next(
            one for one in flow.steps.values() if isinstance(one, Ask) and one.slot == slot
        )
        known = all(runner.accepts(script, form, asked, one) for one in named)
    else:
        # A parsed selection narrows single kinds, so it can narrow a form about everything, too.
        parsed = ALL in held and limits.selected(script.observed.entities) is not None
        known = parsed or set(named) <= set(held)
    if not known:
        return None
    return list(named) if alone else held


def _is_held(told: Selection, held: Collection[str]) -> bool:
    """Whether any of the narrowed kinds is held by a form."""
    narrowed = {part.value for part in told.parts if not part.is_whole}
    return bool(told.words) or ALL in held or not narrowed.isdisjoint((*held, ALL))


def _told(flow: Flow, form: Running, script: Script) -> Selection | None:
    """Return the limits that a message sets for the open form; None if it sets none."""
    entities = script.observed.entities
    found, selected = limits.told(entities), limits.selected(entities)
    if selected is not None and flow.kind not in DESTRUCTIVE and _excepts_part(form, selected):
        # Of chats to be shown, "no voice messages" excepts a part that has no kind of its own.
        return replace(found or Selection(), words=script.said.strip())
    if found is not None and _is_turned_round(script, found):
        return Selection(words=script.said.strip())
    if found is not None or selected is not None:
        return found
    return _in_own_words(form, script)


def _is_turned_round(script: Script, told: Selection) -> bool:
    """Whether what a reply does says the opposite of what was read of its scope.

    Then its words are kept as they are: "no, only June's with Marcus, not with anyone else".
    """
    if not reading.does(script, *_PART):
        return False
    only = reading.does(script, ReplyAct.ONLY)
    keeps = reading.does(script, ReplyAct.KEEP, ReplyAct.REMOVE)
    if only and _describes(part.but for part in told.parts):
        # "Just the three with pictures, the rest stays": it takes a person to tell which stay.
        return not _describes(part.only for part in told.parts)
    stays = bool(script.observed.entities.get("kept_some") or told.stays)
    goes = any(part.only for part in told.parts) and not script.observed.entities.get("excepts")
    return (stays and not goes and not keeps) or (goes and not stays and keeps and not only)


def _describes(spans: Iterable[Iterable[Span]]) -> bool:
    """Whether any of the spans is described in words, which can't be computed with."""
    return any(span.qualifier for few in spans for span in few)


def _excepts_part(form: Running, selected: Selection) -> bool:
    """Whether a message excepts kinds of data of which a form holds none."""
    held = words_in(form.slots)
    return bool(selected.stays) and ALL not in held and held.isdisjoint(selected.stays)


def _joined(script: Script, before: Selection, told: Selection) -> Selection:
    """Return a form's earlier limits joined with those of the message."""
    entities = script.observed.entities
    more = "also" in reading.phrases_of(entities)
    if reading.puts_right(entities) or reading.does(script, ReplyAct.CORRECT):
        # The words of a limit that is corrected hold no more; staff read them in the chat.
        before = Selection() if limits.words_of(before) else replace(before, words="")
    first, words = limits.words_of(before), limits.words_of(told)
    # "But the ones with my dog stay" leaves the form's other limits in place.
    kept = words in entities.get("kept_some", ())
    if not first or not words or not (kept or more):
        excepts = bool(entities.get("excepts"))
        return limits.narrowed(before, told, adds=more, excepts=excepts)
    chinese = script.locale.startswith("zh")
    comma, both = ("，", "、") if chinese else (", ", " and ")
    return limits.in_words(f"{first}{comma if kept else both}{words}")


def _in_own_words(form: Running, script: Script) -> Selection | None:
    """Return a limit in the user's own words, which names no time, person or thing.

    Staff read the words as they are. After the question which of it is meant, any words that do
    not agree, decline or ask are such a limit.
    """
    said = script.said.strip()
    if reading.asks(script) or len(said) > _LONGEST_LIMIT:
        return None
    # What a filed request should be is no limit of it, unless that is all that is said.
    part = (ReplyAct.ONLY,) if AMENDS in form.slots else _PART
    only = reading.does(script, *part) and reading.width(said) >= _DESCRIBES
    told = form.slots.get(_ASKED_WHICH) and not reading.does(script, *_NO_LIMIT)
    if not (only or told):
        return None
    brief = reading.width(said) <= _BRIEF
    return limits.in_words(said.rstrip("。.!！ ")) if brief else Selection(words=said)


def asks_which(runner: Runner, script: Script) -> bool:
    """Ask which items are meant, if only some are and nothing says which: "not all of them"."""
    form = script.stack[script.form_at()]
    some = reading.does(script, *_PART)
    if limits.SLOT not in runner.flows[form.flow].slots or not some:
        return False
    said = script.said.strip()
    if reading.width(said) >= _DESCRIBES and not reading.asks(script):
        # Staff apply what was not understood; it is read back before anything is confirmed.
        before = limits.held(form.slots)
        limits.keep(form.slots, limits.narrowed(before, Selection(words=said), adds=False))
        script.unconfirm()
    else:
        form.slots[_ASKED_WHICH] = "yes"
        script.say("desk.which_of_it")
    runner.prompt_again(script)
    return True


def asks_first(runner: Runner, script: Script) -> bool:
    """Ask once more which items are meant before a yes counts: some were not, and none was told."""
    form = script.stack[script.form_at()]
    if not form.slots.pop(_ASKED_WHICH, None):
        return False
    script.say("desk.which_of_it")
    runner.prompt_again(script)
    return True


def picks_out(runner: Runner, script: Script) -> bool:
    """Reduce a form to those of its values that the user says are enough: 照片就行了."""
    if not reading.does(script, ReplyAct.ONLY):
        return False
    form = script.stack[script.form_at()]
    flow = runner.flows[form.flow]
    for step in flow.steps.values():
        slot_type = flow.slots[step.slot].type if isinstance(step, Ask) else ""
        if not isinstance(step, Ask) or slot_type not in FILLED_FROM:
            continue
        held = values_in(form.slots.get(step.slot))
        named = [
            one for one in held if one in script.observed.entities.get(FILLED_FROM[slot_type], ())
        ]
        if not named or len(named) == len(held):
            continue
        form.slots[step.slot] = named
        script.unconfirm()
        script.say("desk.corrected", {"what": shown(slot_type, named)})
        runner.prompt_again(script)
        return True
    return False


def lifts_limit(runner: Runner, script: Script) -> bool:
    """Remove the limits again: "no, all of them after all"."""
    form = script.stack[script.form_at()]
    entities = script.observed.entities
    if reading.adds_nothing(script):
        # "No voice messages, just text" names what stays.
        return False
    named = any(entities.get(kind) for kind in FILLED_FROM.values())
    widens = reading.does(script, ReplyAct.WIDEN) and not named
    whole = (widens or says_everything(entities)) and limits.told(entities) is None
    narrowed = limits.narrows(limits.held(form.slots))
    if not whole or not narrowed or following.others(runner, script):
        return False
    limits.keep(form.slots, Selection())
    script.unconfirm()
    runner.prompt_again(script)
    return True
