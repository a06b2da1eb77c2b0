"""Filling the slots of a flow from what a sentence already says, so that it is not asked again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from privacydesk.dialog import entries, limits, openings, reading
from privacydesk.dialog.running import Running
from privacydesk.dialog.schema import ALL, BOTH, OTHER, Ask, Flow
from privacydesk.dialog.script import Script
from privacydesk.dialog.slots import (
    FILLED_BY_NAME,
    FILLED_FROM,
    ONLY_BESIDE,
    Entities,
    account_named,
    all_but_kept,
    says_everything,
    staying,
    values_in,
)
from privacydesk.domain.account_terms import DataCategory, Provider
from privacydesk.domain.ages import ADULT_FROM
from privacydesk.domain.intents import COPIES, RequestKind

if TYPE_CHECKING:
    from privacydesk.dialog.runner import Runner

_OWN_PEOPLE: Final = frozenset({"underage_report.whose_child", "underage_report.whose_me"})
"""Answers that say that a named account is the user's own or their child's."""

_TAKES_AWAY: Final = frozenset(
    {RequestKind.DELETION, RequestKind.UNBINDING, RequestKind.CONSENT_WITHDRAWAL}
)
"""Kinds of request that remove what they name, so that what should stay is left out."""


def slots_for(flow: Flow, entities: Entities, *, brief: bool = False) -> dict[str, Any]:
    """Fill slots from what the sentence already says, so that it is not asked again.

    A slot for one value stays empty if several are named; ``wishes_for`` makes a request of each.

    Args:
        flow: the flow that starts.
        entities: what the sentence names.
        brief: the sentence says little else, so that it may answer ``foretold`` questions.
    """
    slots: dict[str, Any] = {}
    if not entities:
        return slots
    said = reading.phrases_of(entities)
    for step in questions_of(flow):
        slot_type = flow.slots[step.slot].type
        found = _named_for(flow, step, entities, brief=brief)
        rest = None if found else all_but_kept(slot_type, entities, step.options)
        if not found and not rest and slot_type in FILLED_FROM and _says_all(step, entities):
            # "Everything" is a button of its own, unless something should stay.
            found = (ALL,)
        if rest:
            slots[step.slot] = rest
        elif step.many and found:
            slots[step.slot] = list(found)
        elif len(found) == 1:
            slots[step.slot] = found[0]
        elif found and step.told and not said.isdisjoint({"and", "also", "both"}):
            # A sentence may request several of them: "closed and everything deleted".
            slots[step.slot] = list(found)
    slots = {**choices_by_name(flow, slots), **slots}
    narrows = limits.selected(entities) or limits.told(entities)
    if narrows is not None and limits.SLOT in flow.slots and (slots or limits.narrows(narrows)):
        limits.keep(slots, narrows)
    values = _values_for(flow, slots, entities)
    # "Send the result to …" answers both whether to send it and where.
    sent = {name: values[name] for name in ("contact",) if name in values}
    return {**choices_by_name(flow, sent), **slots, **values}


def _named_for(flow: Flow, step: Ask, entities: Entities, *, brief: bool) -> tuple[Any, ...]:
    """Return what a sentence names that answers a question."""
    slot_type = flow.slots[step.slot].type
    said = reading.phrases_of(entities)
    found: tuple[Any, ...] = tuple(entities.get(FILLED_FROM.get(slot_type, ""), ()))
    selection = limits.selected(entities) if slot_type == "category" else None
    if selection is not None and limits.SLOT in flow.slots:
        rest = all_but_kept(slot_type, entities, step.options)
        # Which kinds all the others are depends on where they are offered; a message that only
        # says what stays names nothing to remove.
        names = not rest and (found or says_everything(entities))
        found = tuple(p.value for p in selection.parts if p.value != ALL) if names else ()
    if flow.kind in COPIES and slot_type == "category":
        found = _with_profile(found, entities)
    if slot_type == "choice" and "instead" not in said:
        spoken = said | _of_oneself(entities) | of_somebody(entities)
        found = tuple(offer.value for offer in step.choices if offer.value in spoken)
        if step.foretold and not found:
            acts = entities.get("acts", ())
            found = tuple(offer.value for offer in step.choices if offer.text in acts)
            if brief and not found:
                found = _spoken_for(step, entities)
    stays = staying(entities) if found and flow.kind in _TAKES_AWAY else ()
    return tuple(one for one in found if one not in stays)


def _values_for(flow: Flow, slots: Mapping[str, Any], entities: Entities) -> dict[str, Any]:
    """Return the values that a sentence gives for slots that are filled by name."""
    values = {
        slot: account_named(entities[kind]) if kind == "account_name" else entities[kind][0]
        for slot, kind in FILLED_BY_NAME.items()
        if slot in flow.slots and entities.get(kind) and (slots or slot not in ONLY_BESIDE)
    }
    ages = entities.get("age", ())
    if "child_age" in flow.slots and len(ages) == 1 and int(ages[0]) < ADULT_FROM:
        # 我儿子十一岁 need not ask for anything; a grown-up's age may be the guardian's own.
        values.setdefault("child_age", int(ages[0]))
    field = slots.get(entries.FIELD)
    if field is not None and entries.takes_values(flow):
        # With several entries a message says whose value it gives, and the value has to fit.
        values.pop(entries.VALUE, None)
        values.update(entries.told_of(field, entities))
    return values


def _with_profile(named: tuple[Any, ...], entities: Entities) -> tuple[Any, ...]:
    """Add the profile to the named kinds of data if one of its entries is named, too."""
    phone = Provider.PHONE.value in entities.get("provider", ())
    told = phone or bool(entities.get("profile_field"))
    profile = DataCategory.PROFILE.value
    return (*named, profile) if named and told and profile not in named else named


def choices_by_name(flow: Flow, slots: Mapping[str, Any]) -> dict[str, Any]:
    """Return the choices that are made by naming things: "a part of it" by naming the part.

    個人資料 alone may mean the profile or all data about somebody, so it makes no choice.
    """
    return {
        step.slot: offer.value
        for step in questions_of(flow)
        for offer in step.choices
        if offer.names
        and slots.get(offer.names)
        and slots[offer.names] != [DataCategory.PROFILE.value]
    }


def _of_oneself(entities: Entities) -> frozenset[str]:
    """Return the choices made by giving one's own age: ``me``, and the age group."""
    told = entities.get("own_age_group", ())
    return frozenset({"me", str(told[0])}) if told else frozenset()


def of_somebody(entities: Entities) -> frozenset[str]:
    """Return the choice made by naming an account, unless it is the speaker's or their child's."""
    own = _OWN_PEOPLE.intersection(entities.get("answer", ())) or entities.get("own_age_group")
    return frozenset({"stranger"} if entities.get("account_name") and not own else ())


def _says_all(step: Ask, entities: Entities) -> bool:
    return (
        says_everything(entities)
        and not staying(entities)
        and any(offer.value == ALL for offer in step.choices)
    )


def _spoken_for(step: Ask, entities: Entities) -> tuple[str, ...]:
    """Return the choices that a sentence's words match, other than ``OTHER``."""
    said = entities.get("answer", ())
    offers = (offer for offer in step.choices if offer.value != OTHER)
    return tuple(offer.value for offer in offers if offer.text in said)


def foretell(runner: Runner, script: Script, frame: Running) -> bool:
    """Keep the answer to a later ``foretold`` question; return whether the words gave one.

    A parent who is asked for the relation may first say what is to be done.
    """
    if not reading.is_brief(script):
        return False
    for step in questions_of(runner.flows[frame.flow]):
        if not step.foretold or step.id in frame.trail or step.slot in frame.slots:
            continue
        found = _spoken_for(step, script.observed.entities)
        if len(found) == 1 and frame.state != step.id:
            frame.slots[step.slot] = found[0]
            runner.asking.say_foretold(script, step, found[0])
            return True
    return False


def foretell_wish(runner: Runner, script: Script, frame: Running) -> bool:
    """Keep the answer to the flow's choice question, given early: "review it, please".

    If a decision is asked for, that names none; if it is to be described, anything else said is
    kept, too. Two matching buttons mean the one for both, if there is one.
    """
    entities = script.observed.entities
    flow = runner.flows[frame.flow]
    asked = _open(flow, frame)
    open_type = "" if asked is None else flow.slots[asked.slot].type
    if asked is None or open_type not in {"decision", "long_text"}:
        return False
    step = next((one for one in questions_of(flow) if one.choices), None)
    if step is None or step.id in frame.trail or step.slot in frame.slots or step.foretold:
        return False
    found = _spoken_for(step, entities)
    labels = {offer.text for offer in step.choices}
    says_more = labels.isdisjoint(entities.get("answer_alone", ()))
    if says_more and entities.get("tells"):
        return False
    both = next((one.value for one in step.choices if one.value == BOTH), "")
    value = both if both and (len(found) > 1 or both in found) else "".join(found[:1])
    if not value or (len(found) > 1 and not both):
        return False
    frame.slots[step.slot] = value
    if says_more and asked.opening:
        openings.keep(frame, openings.without_codes(script, script.said))
    runner.asking.say_foretold(script, step, value)
    return True


def _open(flow: Flow, frame: Running) -> Ask | None:
    step = flow.steps[frame.state]
    return step if isinstance(step, Ask) else None


def questions_of(flow: Flow) -> Iterator[Ask]:
    """Yield the questions of a flow."""
    return (step for step in flow.steps.values() if isinstance(step, Ask))


def named_in(flow: Flow, slots: Mapping[str, Any]) -> Iterator[tuple[Ask, str]]:
    """Yield the questions, with their type, whose values a sentence can name."""
    seen: set[str] = set()
    for step in questions_of(flow):
        slot_type = flow.slots[step.slot].type
        if step.slot in slots and step.slot not in seen and slot_type in FILLED_FROM:
            seen.add(step.slot)
            yield step, slot_type


def values_named(flow: Flow, slots: Mapping[str, Any]) -> set[Any]:
    """Return the values that a form or a request names: kinds of data, login methods, purposes."""
    return {value for step, _ in named_in(flow, slots) for value in values_in(slots[step.slot])}
