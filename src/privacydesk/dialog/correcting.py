"""Correcting earlier answers."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from privacydesk.dialog import (
    choosing,
    entries,
    filling,
    reading,
    widening,
)
from privacydesk.dialog.runner import Runner
from privacydesk.dialog.running import Running
from privacydesk.dialog.schema import ALL, Ask
from privacydesk.dialog.script import Script
from privacydesk.dialog.slots import FILLED_FROM, holds_several, shown, staying, values_in
from privacydesk.dialog.taking import SAID_BEFORE
from privacydesk.domain.intents import DESTRUCTIVE, Intent
from privacydesk.domain.reading import ReplyAct

_LEADS_NOWHERE = frozenset({"category", "provider", "purpose"})
"""Types whose values may change during verification: the form's path stays the same."""


_CHANGES_NOTHING: Final = frozenset(
    {
        ReplyAct.YES, ReplyAct.CHAT, ReplyAct.ASKS, ReplyAct.UPSET, ReplyAct.NOTHING,
        ReplyAct.LATER, ReplyAct.UNCLEAR, ReplyAct.PERSON,
    }
)  # fmt: skip
"""Acts of a reply that changes no earlier answer."""


def correct(runner: Runner, script: Script, frame: Running) -> bool:
    """Take a new value for a question that was answered before."""
    flow = runner.flows[frame.flow]
    entities = script.observed.entities
    if flow.kind in DESTRUCTIVE and reading.adds_nothing(script):
        return False
    if script.observed.reply_acts and script.observed.reply_acts <= _CHANGES_NOTHING:
        # "I still have Google, right?" puts no login in the place of the one asked about.
        return False
    instead, stays = reading.puts_right(entities), staying(entities)
    # "Also" replaces no single value either: it asks for one more.
    more = "also" in reading.phrases_of(entities)
    apart = (reading.asks(script) or more) and not instead
    for step_id in reversed(frame.trail):
        step = flow.steps.get(step_id)
        if not isinstance(step, Ask) or (apart and not step.many):
            # "Can I still use WeChat?" replaces nothing.
            continue
        slot_type = flow.slots[step.slot].type
        kind = FILLED_FROM.get(slot_type, "")
        if slot_type == "date_of_birth":
            # A month or a year often belongs to something else if no birthday is mentioned.
            of_birth = "birthday" in entities.get("profile_field", ()) or bool(
                entities.get("only_date")
            )
            bare = not entities.get("date") and of_birth
            kind = "part_of_date" if bare else "date"
        old = frame.slots.get(step.slot)
        held = values_in(old)
        # Another entry with a value of its own is a request of its own.
        of_its_own = slot_type == "profile_field" and bool(entries.fields_with_values(entities))
        if (ALL in held and not instead) or of_its_own:
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
        # Naming one thing more does not drop those named before.
        kept = [] if instead else list(held)
        takes_more = holds_several(step, frame.slots)
        value: Any = [*kept, *fresh] if takes_more else fresh[-1]
        _replace(frame, step, slot_type, value)
        if instead:
            # "Not the posts: the comments, only those from May".
            widening.limit(runner, script, frame)
        frame.trail = frame.trail[: frame.trail.index(step_id) + 1]
        frame.state = step.on["answered"]
        frame.misses = 0
        frame.confirmed_at = None
        script.say(
            "desk.added" if takes_more and kept else "desk.corrected",
            {"what": shown(slot_type, fresh if takes_more else value)},
        )
        runner.run(script)
        return True
    return False


def _replace(frame: Running, step: Ask, slot_type: str, value: Any) -> None:
    """Replace the answer to a question, with what was told only of the one before."""
    if not isinstance(value, list):
        frame.slots[widening.REPLACED] = frame.slots.get(step.slot)
    if slot_type == "profile_field" and frame.slots.get(step.slot) in entries.TYPED:
        frame.slots.pop(entries.VALUE, None)
    frame.slots[step.slot] = value


def _not_to_be_had(runner: Runner, script: Script, frame: Running, step: Ask, kind: str) -> bool:
    """Say that what is named instead is not available: "no, QQ", which is not bound."""
    other = [one for one in script.observed.entities.get(kind, ()) if one != frame.slots[step.slot]]
    if len(other) != 1 or step.many or runner.accepts(script, frame, step, other[0]):
        return False
    runner.asking.say_not_offered(script, frame, step, other[0])
    runner.prompt_again(script)
    return True


def corrects_slip(runner: Runner, script: Script, frame: Running) -> bool:
    """Correct a slip before it is taken for one thing more: "sorry, I meant WeChat"."""
    if "slip" not in reading.phrases_of(script.observed.entities):
        return False
    return correct(runner, script, frame) or correct_below(runner, script)


def correct_below(runner: Runner, script: Script) -> bool:
    """Take a corrected value of the form during verification: "不对，是刘扬".

    It doesn't change the path and is shown before any confirmation, so verification continues.
    """
    return (
        correct_value(runner, script)
        or _birth_below(runner, script)
        or _chosen_below(runner, script)
        or _named_below(runner, script)
    )


def correct_value(runner: Runner, script: Script) -> bool:
    """Take another new value for the entry that a form is about; return whether there was one."""
    if any(
        heard.recognised.intent is not Intent.RECTIFICATION for heard in script.observed.requests
    ):
        return False
    begin = script.form_at()
    for frame in script.stack[begin : script.form_end(begin)]:
        if not entries.takes_values(runner.flows[frame.flow]):
            continue
        entities = script.observed.entities
        value = entries.correction(frame, entities) or entries.value_again(frame, entities)
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
    """Ask for the value again if another one is wanted, and the message names no entry."""
    found, entities = script.observed.recognised, script.observed.entities
    flow = runner.flows[frame.flow]
    if found is None or not found.sure or found.intent not in flow.intents:
        return False
    told = entities.get("profile_field") or script.observed.requests
    if told or not entries.takes_values(flow) or entries.VALUE not in frame.slots:
        return False
    asked = next(one for one in filling.questions_of(flow) if one.slot == entries.VALUE)
    entries.drop_value(frame)
    if asked.id in frame.trail:
        frame.trail = frame.trail[: frame.trail.index(asked.id)]
    frame.state, frame.misses = asked.id, 0
    script.unconfirm()
    runner.run(script)
    return True


def _birth_below(runner: Runner, script: Script) -> bool:
    """Replace a child's birthday, and say what follows from it.

    Other rules may apply to the child then, so what the form says about them is repeated.
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
    """Correct a child's date of birth after a later question was asked: "sorry, 2015".

    A part of it will do: of 3 February 2014, the year alone changes.
    """
    entities, said = script.observed.entities, script.said.strip()
    days = entities.get("date", ()) or entities.get("part_of_date", ())
    if len(days) != 1 or len(said) > _A_DATE or not reading.does(script, ReplyAct.CORRECT):
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
    """Return a date, a month or a year as it is; empty if there is no such day."""
    try:
        date.fromisoformat(f"{day}-01-01"[:_ISO_LENGTH])
    except ValueError:
        return ""
    return day


_ISO_LENGTH: Final = 10
_A_DATE: Final = 60
"""Characters of a message that says no more than a date."""


def _chosen_below(runner: Runner, script: Script) -> bool:
    """Keep data chosen by name before the choice is asked for: a copy of "just the photos"."""
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
    """Replace the thing that a form is about: "no, the posts"."""
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
            held = values_in(old)
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
    """Replace a choice while its details are asked for: "no wait, delete it all".

    Not where a story is asked for, which may begin like that.
    """
    entities, flow = script.observed.entities, runner.flows[frame.flow]
    denied = reading.puts_right(entities)
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
    if len(spoken) != 1 or spoken <= set(values_in(held)):
        return False
    frame.slots[before.slot] = spoken.pop()
    # What was said with the first choice doesn't apply to this one.
    frame.slots.pop(SAID_BEFORE, None)
    runner.asking.say_foretold(script, before, frame.slots[before.slot])
    frame.trail = frame.trail[: frame.trail.index(before.id) + 1]
    frame.state, frame.misses = before.on["answered"], 0
    runner.run(script)
    return True


def _another_meant(script: Script, asked: Any) -> tuple[str, ...]:
    """Return the entry that is meant instead of the one asked for: 唔系，我系想改生日.

    The one asked for may be denied in the same message; none if a new value is given.
    """
    entities = script.observed.entities
    others = tuple(one for one in entities.get("profile_field", ()) if one != asked)
    told = entities.get(entries.VALUE)
    another = not told and reading.does(script, ReplyAct.CORRECT, ReplyAct.INSTEAD)
    return others if len(others) == 1 and another else ()


def changes_another(runner: Runner, script: Script, frame: Running, step: Ask) -> bool:
    """Ask for the value of another entry if one is named instead of a value: 还是改签名吧.

    A request to change another entry counts, too: it gives no value for the one asked for.
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
