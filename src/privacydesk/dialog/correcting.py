"""Putting right what was answered or said before."""

from __future__ import annotations

import re
from datetime import date
from typing import Any, Final

from privacydesk.dialog import (
    choosing,
    entries,
    filling,
    questions,
    reading,
    widening,
)
from privacydesk.dialog.runner import Runner
from privacydesk.dialog.running import Running
from privacydesk.dialog.schema import ALL, Ask
from privacydesk.dialog.script import Script
from privacydesk.dialog.slots import FILLED_FROM, only_a_date, shown, staying
from privacydesk.dialog.taking import SAID_BEFORE
from privacydesk.domain.intents import Intent

_LEADS_NOWHERE = frozenset({"category", "provider", "purpose"})
"""Types whose values a form may change while it proves who asks: its way stays the same."""


def correct(runner: Runner, script: Script, frame: Running) -> bool:
    """Take a new value for a question that was answered before."""
    flow = runner.flows[frame.flow]
    entities = script.observed.entities
    instead, stays = reading.puts_right(entities), staying(entities)
    # Nor does one thing more, where there is room for one: it is asked for besides.
    more = "also" in reading.phrases_of(entities)
    apart = (questions.ends_asking(script) or more) and not instead
    for step_id in reversed(frame.trail):
        step = flow.steps.get(step_id)
        if not isinstance(step, Ask) or (apart and not step.many):
            # "Can I still use WeChat?" puts nothing in another's place.
            continue
        slot_type = flow.slots[step.slot].type
        kind = FILLED_FROM.get(slot_type, "")
        if slot_type == "date_of_birth":
            # A month or a year is often of something else, where no birthday is spoken of.
            of_birth = "birthday" in entities.get("profile_field", ()) or only_a_date(script.said)
            bare = not entities.get("date") and of_birth
            kind = "part_of_date" if bare else "date"
        old = frame.slots.get(step.slot)
        held = old if isinstance(old, list) else [old]
        if ALL in held and not instead:
            continue
        fresh = [
            value
            for value in entities.get(kind, ())
            # "Don't delete my avatar" adds no avatar.
            if value not in held
            and value not in stays
            and runner.accepts(script, frame, step, value)
        ]
        if not fresh:
            if instead and _not_to_be_had(runner, script, frame, step, kind):
                return True
            continue
        # Naming one thing more does not take back those that were named before.
        kept = [] if instead else list(held)
        value: Any = [*kept, *fresh] if step.many else fresh[-1]
        if not step.many:
            frame.slots[widening.REPLACED] = old
        frame.slots[step.slot] = value
        if instead:
            # "Not the posts: the comments, only those from May".
            widening.limit(runner, script, frame)
        frame.trail = frame.trail[: frame.trail.index(step_id) + 1]
        frame.state = step.on["answered"]
        frame.misses = 0
        frame.confirmed_at = None
        script.say(
            "desk.added" if step.many and kept else "desk.corrected",
            {"what": shown(slot_type, fresh if step.many else value)},
        )
        runner.run(script)
        return True
    return False


def _not_to_be_had(runner: Runner, script: Script, frame: Running, step: Ask, kind: str) -> bool:
    """Say that what is named instead can't be had: "no, QQ", which is not bound."""
    other = [one for one in script.observed.entities.get(kind, ()) if one != frame.slots[step.slot]]
    if len(other) != 1 or step.many or runner.accepts(script, frame, step, other[0]):
        return False
    runner.asking.say_not_offered(script, frame, step, other[0])
    runner.prompt_again(script)
    return True


def corrects_slip(runner: Runner, script: Script, frame: Running) -> bool:
    """Put right what was a slip, before it is taken for one thing more: "sorry, I meant WeChat"."""
    if "slip" not in reading.phrases_of(script.observed.entities):
        return False
    return correct(runner, script, frame) or correct_below(runner, script)


def correct_below(runner: Runner, script: Script) -> bool:
    """Take another new value for an entry while the form proves who asks: "不对，是刘扬".

    It leads nowhere else, and is shown before anything is confirmed; so the proof goes on.
    """
    return (
        correct_value(runner, script)
        or _birth_below(runner, script)
        or _chosen_below(runner, script)
        or _named_below(runner, script)
    )


def correct_value(runner: Runner, script: Script) -> bool:
    """Take another new value for an entry that a form is about; tell whether one was told."""
    if any(heard.recognised.intent is not Intent.RECTIFICATION for heard in script.observed.wishes):
        return False
    begin = script.form_at()
    for frame in script.stack[begin : script.form_end(begin)]:
        if not entries.takes_values(runner.flows[frame.flow]):
            continue
        value = entries.correction(frame, script.observed.entities) or entries.respelt(
            frame, script.said
        )
        if not value or not entries.fits(frame.slots.get(entries.FIELD), value, script.now.date()):
            continue
        frame.slots[entries.VALUE] = value
        script.unconfirm()
        script.say(
            "desk.corrected", {"what": entries.shown_value(frame.slots[entries.FIELD], value)}
        )
        runner.prompt_again(script)
        return True
    return False


def asks_value_anew(runner: Runner, script: Script, frame: Running) -> bool:
    """Ask for the value again where it shall be another, and which is not told of any entry."""
    found, entities = script.observed.recognised, script.observed.entities
    flow = runner.flows[frame.flow]
    if found is None or not found.sure or found.intent not in flow.intents:
        return False
    told = entities.get("profile_field") or script.observed.wishes
    if told or not entries.takes_values(flow) or entries.VALUE not in frame.slots:
        return False
    asked = next(one for one in filling.questions_of(flow) if one.slot == entries.VALUE)
    frame.slots.pop(entries.VALUE, None)
    if asked.id in frame.trail:
        frame.trail = frame.trail[: frame.trail.index(asked.id)]
    frame.state, frame.misses = asked.id, 0
    script.unconfirm()
    runner.run(script)
    return True


def _birth_below(runner: Runner, script: Script) -> bool:
    """Put another birthday in the place of a child's, and say what holds with it.

    Which rules hold for the child may be others then; so what the form says of them is said anew.
    """
    begin = script.form_at()
    days = script.observed.entities.get("date", ())
    if len(days) != 1:
        return False
    for place, frame in enumerate(script.stack[begin : script.form_end(begin) - 1], begin):
        flow = runner.flows[frame.flow]
        asked = [
            step
            for step in flow.steps.values()
            if isinstance(step, Ask) and flow.slots[step.slot].type == "date_of_birth"
        ]
        held = frame.slots.get(asked[0].slot) if asked else None
        if held is None or held == days[0]:
            continue
        frame.slots[asked[0].slot] = days[0]
        script.say("desk.corrected", {"what": shown("date_of_birth", days[0])})
        runner.tell_anew(script, place, asked[0])
        return True
    return False


def corrects_birth(runner: Runner, script: Script) -> bool:
    """Put a child's date of birth right where something else is asked by now: "sorry, 2015".

    What is told may be a part of it: of 3 February 2014 the year alone becomes another.
    """
    entities, said = script.observed.entities, script.said.strip()
    days = entities.get("date", ()) or entities.get("part_of_date", ())
    if len(days) != 1 or len(said) > _A_DATE or _SLIP.fullmatch(said) is None:
        return False
    place = script.form_at()
    frame = script.stack[place]
    flow = runner.flows[frame.flow]
    asked = next(
        (
            step
            for step in flow.steps.values()
            if isinstance(step, Ask) and flow.slots[step.slot].type == "date_of_birth"
        ),
        None,
    )
    held = frame.slots.get(asked.slot) if asked else None
    if asked is None or not isinstance(held, str):
        return False
    told = str(days[0])
    value = _whole_or_part(told + held[len(told) :])
    if not value or value == held:
        return False
    frame.slots[asked.slot] = value
    script.say("desk.corrected", {"what": shown("date_of_birth", value)})
    runner.tell_anew(script, place, asked)
    return True


def _whole_or_part(day: str) -> str:
    """Return a date, a month or a year as it is; nothing where there is no such day."""
    try:
        date.fromisoformat(f"{day}-01-01"[:_ISO_LENGTH])
    except ValueError:
        return ""
    return day


_ISO_LENGTH: Final = 10
_A_DATE: Final = 60
"""Characters of a message that says no more than a date."""
_SLIP: Final = re.compile(
    r"(?:(?:sorry|no|nope|oops|wait|my mistake|my bad|typo|actually|i meant?|不[对對是]|[错錯]了"
    r"|[打写寫说說讲講搞填记記][错錯][了咗]?|唔[系係啱]|等等|哦|啊|不好意思|对不起|對不起|唔好意思)[\s,，.。!！:：]*){1,4}"
    r"(?:(?:he|she|was|is|it['’]?s|it|be|should|born|on|in|the|year|of)\b\s*|应该|應該|是|系|係|[为為]|生日|出生|\s){0,8}"
    r"(?:[\d年月日号號./,\s-]|st\b|nd\b|rd\b|th\b"
    r"|(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}){1,24}"
    r"(?:[吧啦喇呀生的嘅]|出生|才[对對]|[\s.。!！]){0,4}",
    re.IGNORECASE,
)
"""A slip that is owned up to, and a date: nothing else is said."""


def _chosen_below(runner: Runner, script: Script) -> bool:
    """Keep what is chosen by naming it before that is asked: a copy of "just the photos"."""
    begin = script.form_at()
    for frame in script.stack[begin : script.form_end(begin) - 1]:
        flow = runner.flows[frame.flow]
        if not choosing.only_chooses(script, flow):
            continue
        slots = filling.slots_for(flow, script.observed.entities)
        if not filling.choices_by_name(flow, slots):
            continue
        frame.slots.update(slots)
        what = next(value for value in slots.values() if isinstance(value, list))
        script.say("desk.corrected", {"what": shown("category", what)})
        runner.prompt_again(script)
        return True
    return False


def _named_below(runner: Runner, script: Script) -> bool:
    """Put another thing in the place of the one that a form is about: "no, the posts"."""
    entities = script.observed.entities
    if not reading.puts_right(entities):
        return False
    begin = script.form_at()
    for frame in script.stack[begin : script.form_end(begin) - 1]:
        flow = runner.flows[frame.flow]
        for step in flow.steps.values():
            slot_type = flow.slots[step.slot].type if isinstance(step, Ask) else ""
            if not isinstance(step, Ask) or slot_type not in _LEADS_NOWHERE:
                continue
            named = entities.get(FILLED_FROM[slot_type], ())
            old = frame.slots.get(step.slot)
            held = old if isinstance(old, list) else [old]
            fresh = [one for one in named if one not in held]
            if not fresh or old is None:
                continue
            if not all(runner.accepts(script, frame, step, one) for one in fresh):
                runner.asking.say_not_offered(script, frame, step, fresh[-1])
            else:
                frame.slots[step.slot] = fresh if step.many else fresh[-1]
                if not step.many:
                    frame.slots[widening.REPLACED] = old
                script.say(
                    "desk.corrected",
                    {"what": shown(slot_type, frame.slots[step.slot])},
                )
                script.unconfirm()
            runner.prompt_again(script)
            return True
    return False


def chooses_anew(runner: Runner, script: Script, frame: Running, step: Ask) -> bool:
    """Take another button than before, where its details are asked: "no wait, delete it all".

    A story that was asked for may begin so, too, and is taken.
    """
    entities, flow = script.observed.entities, runner.flows[frame.flow]
    denied = reading.puts_right(entities) or _NO_FIRST.match(script.said) is not None
    if step.opening or not denied or not reading.is_brief(script):
        return False
    before = next(
        (
            one
            for one in filling.questions_of(flow)
            if one.told == step.slot and one.id in frame.trail
        ),
        None,
    )
    if before is None:
        return False
    said = entities.get("answer", ())
    spoken = {offer.value for offer in before.choices if offer.text in said}
    held = frame.slots.get(before.slot)
    if len(spoken) != 1 or spoken <= set(held if isinstance(held, list) else [held]):
        return False
    frame.slots[before.slot] = spoken.pop()
    # What was said with the first choice tells nothing of this one.
    frame.slots.pop(SAID_BEFORE, None)
    runner.asking.say_foretold(script, before, frame.slots[before.slot])
    frame.trail = frame.trail[: frame.trail.index(before.id) + 1]
    frame.state, frame.misses = before.on["answered"], 0
    runner.run(script)
    return True


def _another_meant(script: Script, asked: Any) -> tuple[str, ...]:
    """Return the entry that is meant instead of the one asked for: 唔系，我系想改生日.

    The one that is asked for may be denied beside it; a value told for it names none.
    """
    entities = script.observed.entities
    fields = entities.get("profile_field", ())
    others = tuple(one for one in fields if one != asked)
    if len(others) != 1 or not reading.is_brief(script):
        return ()
    if fields[0] != asked and (asked in fields or _DENIED_FIRST.match(script.said)):
        # 不是改昵称，是真名: what is named first is what is not meant.
        return ()
    value = next(iter(entities.get(entries.VALUE, ())), "")
    if value and _ENTRY_OF_MINE.match(value) is None:
        return ()
    denied = reading.puts_right(entities) or _NO_FIRST.match(script.said) is not None
    worded = Intent.RECTIFICATION.value in entities.get("wish_words", ())
    meant = worded or value or asked in fields or _MEANT_MINE.search(script.said)
    return others if denied and meant else ()


_NO_FIRST: Final = re.compile(
    r"\s*(?:no|nope|wait|sorry|oh|actually|hang on|hold on"
    r"|不[对對是]|[错錯]了|唔[系係啱]|等等|等一下)"
    r"(?:[\s,，。.!！]|$)",
    re.IGNORECASE,
)
_DENIED_FIRST: Final = re.compile(
    r"\s*(?:不是|不[要想用]|[别別]|唔[系係要想使好]|not\b|don['’]?t\b)(?![\s]*(?:[啊呀喎哦]|[,，。.!！]|$))",
    re.IGNORECASE,
)
_MEANT_MINE: Final = re.compile(r"\bmeant?\s+(?:my|the)\s+[a-z ]{3,20}[\s.!]*$", re.IGNORECASE)
_ENTRY_OF_MINE: Final = re.compile(r"(?:my|the)\s|我[的嘅]", re.IGNORECASE)
"""How "I meant my signature" goes on, which is no value."""


def changes_another(runner: Runner, script: Script, frame: Running, step: Ask) -> bool:
    """Ask for the value of another entry that is named instead of one: 还是改签名吧.

    So is one that is wished to be changed to something, which is no value of the one asked for.
    """
    entities = script.observed.entities
    named = entities.get("entry_instead", ())
    if not named and Intent.RECTIFICATION.value in entities.get("wish_words", ()):
        told = entries.fields_with_values(entities)
        named = () if frame.slots.get(entries.FIELD) in told else told
    named = named or _another_meant(script, frame.slots.get(entries.FIELD))
    if runner.asking.slot_type(frame, step) != entries.FIELD_VALUE or len(named) != 1:
        return False
    flow = runner.flows[frame.flow]
    asked = next(
        one for one in flow.steps.values() if isinstance(one, Ask) and one.slot == entries.FIELD
    )
    if not runner.accepts(script, frame, asked, named[0]):
        return False
    if frame.slots.get(entries.FIELD) == named[0]:
        runner.prompt_again(script)
        return True
    frame.slots.pop(entries.VALUE, None)
    frame.slots[entries.FIELD] = named[0]
    frame.slots.update(entries.told_of(named[0], entities, asked=True))
    frame.trail = frame.trail[: frame.trail.index(asked.id) + 1] if asked.id in frame.trail else []
    frame.state, frame.misses = asked.on["answered"], 0
    script.say("desk.corrected", {"what": shown("profile_field", named[0])})
    runner.run(script)
    return True
