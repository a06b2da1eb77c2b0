"""More than one wish: said in one message, or while another is being seen to.

What is of the kind being asked for widens it, before it is confirmed anew. What is of another kind
is kept with the conversation and taken up when the present request is filed or dropped. Nothing of
this confirms anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, Any, Final

from privacydesk.dialog import entries
from privacydesk.dialog.running import Running
from privacydesk.dialog.schema import ALL, OTHER, Ask, Flow
from privacydesk.dialog.script import Script
from privacydesk.dialog.slots import (
    FILLED_BY_NAME,
    FILLED_FROM,
    ONLY_BESIDE,
    Entities,
    all_but_kept,
    says_everything,
    shown,
    staying,
)
from privacydesk.domain.account_terms import DataCategory, Provider
from privacydesk.domain.ages import age_group
from privacydesk.domain.conversation import Wish
from privacydesk.domain.intents import Intent, RequestKind
from privacydesk.domain.turn import Heard, Recognised

if TYPE_CHECKING:
    from privacydesk.dialog.runner import Runner

_OF_THE_CHILD: Final = frozenset(
    {
        Intent.ACCESS,
        Intent.RECTIFICATION,
        Intent.DELETION,
        Intent.CONSENT_WITHDRAWAL,
        Intent.UNBINDING,
        Intent.DEREGISTRATION,
        Intent.UNDERAGE_REPORT,
    }
)
"""Wishes that are about the child while one is spoken of: "then close the account", by a parent."""

_OF_WHO_IS_REPORTED: Final = frozenset(
    {Intent.DELETION, Intent.DEREGISTRATION, Intent.UNDERAGE_REPORT}
)
"""Wishes that may be about somebody who is reported: "delete what they posted, close it". Nobody
asks for a copy of a stranger's data, or takes a login away from them.
"""

_TAKES_AWAY: Final = frozenset(
    {RequestKind.DELETION, RequestKind.UNBINDING, RequestKind.CONSENT_WITHDRAWAL}
)
"""Kinds of request that take away what they name, so that what shall stay is none of it."""

_OWN_PEOPLE: Final = frozenset({"underage_report.whose_child", "underage_report.whose_me"})
"""What an account that is named belongs to, where words say so."""

_CLEAR: Final = 0.7
"""From which confidence a wish is heard in a form without any word that is known for it.

What is said there mostly answers something, and a scrap of an answer sounds a little like many.
"""

_SAID_IN_WORDS: Final = frozenset({Intent.ACCESS, Intent.GUARDIAN, Intent.UNDERAGE_REPORT})
"""Heard in a form only where words known for them are said: "the photos are mine" names data and
"it's 13 March" a number, and neither wishes anything.
"""

_LOSES_OR_CHANGES: Final = frozenset(
    {
        Intent.DELETION,
        Intent.UNBINDING,
        Intent.DEREGISTRATION,
        Intent.CONSENT_WITHDRAWAL,
        Intent.RECTIFICATION,
    }
)
"""Heard in a form only where something is wanted at all: "I only use Google" unbinds nothing."""

_NO_DOUBT: Final = 0.9

_BRIEF: Final = 120
"""Latin letters, each Chinese character counted as three; what is longer tells a story."""

_FIRST_WIDE: Final = 0x2E80

MOST_KEPT: Final = 3
"""Wishes that a conversation remembers; whoever has more is told to say it again later."""


class Keeping(Enum):
    """What became of a wish that is to be remembered."""

    KEPT = auto()
    KNOWN = auto()
    FULL = auto()


@dataclass(frozen=True, slots=True)
class Widened:
    """What a message said about a request that is being made.

    Attributes:
        slot_type: of the values.
        added: values that were new to it.
        known: values it had already.
    """

    slot_type: str = ""
    added: tuple[Any, ...] = ()
    known: tuple[Any, ...] = ()

    @property
    def says_something(self) -> bool:
        """Tell whether the request was spoken of at all."""
        return bool(self.added or self.known)


def phrases_of(entities: Entities) -> frozenset[str]:
    """Return what a message says besides what it names: "also", "instead", "done"."""
    return frozenset(str(one) for one in entities.get("phrase", ()))


def puts_right(entities: Entities) -> bool:
    """Tell whether what a message names takes the place of what was named before."""
    return not phrases_of(entities).isdisjoint({"instead", "slip"})


def is_brief(script: Script) -> bool:
    """Tell whether a message is too short for a story, in which words speak for many things."""
    return width(script.said) <= _BRIEF


def width(text: str) -> int:
    """Return how much words say: of Chinese characters a third as many say the same."""
    return sum(3 if ord(one) >= _FIRST_WIDE else 1 for one in text)


def is_worded(script: Script, intent: Intent) -> bool:
    """Tell whether any words of a message, or of a part of it, are known for an intent."""
    parts = script.observed.wishes
    entities = [part.entities for part in parts] or [script.observed.entities]
    return any(intent.value in one.get("wish_words", ()) for one in entities)


def is_clear(script: Script) -> bool:
    """Tell whether the recogniser has next to no doubt of what is wished."""
    found = script.observed.recognised
    return found is not None and found.sure and found.confidence >= _NO_DOUBT


def slots_for(flow: Flow, entities: Entities, *, brief: bool = False) -> dict[str, Any]:
    """Fill slots from what the sentence already says, so that it is not asked again.

    A slot for one value stays empty where several are named; ``wishes_for`` makes a wish of each.

    Args:
        flow: what is begun.
        entities: what the sentence names.
        brief: the sentence says little else, so that it may answer what can be foretold.
    """
    slots: dict[str, Any] = {}
    if not entities:
        return slots
    said = phrases_of(entities)
    for step in _questions(flow):
        slot_type = flow.slots[step.slot].type
        found = _named_for(flow, step, entities, brief=brief)
        rest = None if found else all_but_kept(slot_type, entities, step.options)
        if not found and not rest and slot_type in FILLED_FROM and _says_all(step, entities):
            # "Everything" is a button of its own, and what shall stay is none of it.
            found = (ALL,)
        if rest:
            slots[step.slot] = rest
        elif step.many and found:
            slots[step.slot] = list(found)
        elif len(found) == 1:
            slots[step.slot] = found[0]
        elif found and step.told and not said.isdisjoint({"and", "also", "both"}):
            # A sentence may wish several of them: "closed and everything deleted".
            slots[step.slot] = list(found)
    slots = {**_chosen_by_name(flow, slots), **slots}
    return {**slots, **_values_for(flow, slots, entities)}


def _named_for(flow: Flow, step: Ask, entities: Entities, *, brief: bool) -> tuple[Any, ...]:
    """Return what a sentence names that answers a question."""
    slot_type = flow.slots[step.slot].type
    said = phrases_of(entities)
    found: tuple[Any, ...] = tuple(entities.get(FILLED_FROM.get(slot_type, ""), ()))
    if flow.kind is RequestKind.ACCESS and slot_type == "category":
        found = _with_profile(found, entities)
    if slot_type == "choice" and "instead" not in said:
        spoken = said | _of_oneself(entities) | _of_somebody(entities)
        found = tuple(offer.value for offer in step.choices if offer.value in spoken)
        if step.foretold and brief and not found:
            found = _spoken_for(step, entities)
    stays = staying(entities) if found and flow.kind in _TAKES_AWAY else ()
    return tuple(one for one in found if one not in stays)


def _values_for(flow: Flow, slots: Mapping[str, Any], entities: Entities) -> dict[str, Any]:
    """Return the new and the old value that a sentence names."""
    # "From A to B" is of something, also where what it is of is asked for.
    told = slots or entities.get("old_value") or entities.get("name_meant")
    values = {
        slot: entities[kind][0]
        for slot, kind in FILLED_BY_NAME.items()
        if slot in flow.slots and entities.get(kind) and (told or slot not in ONLY_BESIDE)
    }
    field = slots.get(entries.FIELD)
    if entities.get("profile_field") or values.get("name_meant"):
        # An avatar beside other entries keeps none of them from being asked about.
        values.pop("avatar_meant", None)
    if field is not None and entries.takes_values(flow):
        # Which entry a value is of is told where there are several, and it has to fit.
        for slot in (entries.VALUE, entries.OLD):
            values.pop(slot, None)
        values.update(entries.told_of(field, entities))
    return values


def _with_profile(named: tuple[Any, ...], entities: Entities) -> tuple[Any, ...]:
    """Add the profile to kinds of data beside which something is named that stands in it."""
    phone = Provider.PHONE.value in entities.get("provider", ())
    told = phone or bool(entities.get("profile_field"))
    profile = DataCategory.PROFILE.value
    return (*named, profile) if named and told and profile not in named else named


def chosen_by_name(flow: Flow, slots: Mapping[str, Any]) -> dict[str, Any]:
    """Return the choices that are made by naming data, with what is named; see below."""
    chosen = _chosen_by_name(flow, slots)
    named = {offer.names for step in _questions(flow) for offer in step.choices if offer.names}
    return {**chosen, **{name: slots[name] for name in named & slots.keys()}} if chosen else {}


def _chosen_by_name(flow: Flow, slots: Mapping[str, Any]) -> dict[str, Any]:
    """Return the choices that are made by naming things: "a part of it" by naming the part.

    個人資料 may be the profile or all there is about somebody; so it makes no choice.
    """
    return {
        step.slot: offer.value
        for step in _questions(flow)
        for offer in step.choices
        if offer.names
        and slots.get(offer.names)
        and DataCategory.PROFILE.value not in slots[offer.names]
    }


def _of_oneself(entities: Entities) -> frozenset[str]:
    """Return the choices made by telling one's own age: that it is oneself, and how old."""
    ages = entities.get("own_age", ())
    return frozenset({"me", age_group(int(ages[0]))}) if ages else frozenset()


def _of_somebody(entities: Entities) -> frozenset[str]:
    """Return the choice made by naming an account, unless it is the speaker's or their child's."""
    own = _OWN_PEOPLE.intersection(entities.get("answer", ())) or entities.get("own_age")
    return frozenset({"stranger"} if entities.get("account_name") and not own else ())


def _says_all(step: Ask, entities: Entities) -> bool:
    return (
        says_everything(entities)
        and not staying(entities)
        and any(offer.value == ALL for offer in step.choices)
    )


def _spoken_for(step: Ask, entities: Entities) -> tuple[str, ...]:
    """Return the choices that words of a sentence speak for; what is told is not ``OTHER``."""
    said = entities.get("answer", ())
    offers = (offer for offer in step.choices if offer.value != OTHER)
    return tuple(offer.value for offer in offers if offer.text in said)


def foretell(runner: Runner, script: Script, frame: Running) -> bool:
    """Keep what words say for a later question that may be foretold; tell whether they said any.

    A parent who is asked for the relation may say first what is to be done.
    """
    if not is_brief(script):
        return False
    for step in _questions(runner.flows[frame.flow]):
        if not step.foretold or step.id in frame.trail or step.slot in frame.slots:
            continue
        found = _spoken_for(step, script.observed.entities)
        if len(found) == 1 and frame.state != step.id:
            frame.slots[step.slot] = found[0]
            runner.asking.say_foretold(script, step, found[0])
            return True
    return False


def wishes_for(
    flow: Flow, intent: Intent, entities: Entities, *, brief: bool = False
) -> tuple[Wish, ...]:
    """Return the wishes of one kind: several where a slot for one value has several to hold."""
    slots = slots_for(flow, entities, brief=brief)
    several = _entries_for(flow, intent, entities)
    if several:
        return several
    said = phrases_of(entities)
    # 改成 puts one thing in another's place, and what it names a new value for stays.
    instead = "instead" in said and not entities.get("new_value")
    if intent is Intent.CONSENT_WITHDRAWAL and {"unwanted", "also"} <= said:
        # "I don't want recommendations, and my microphone, too" corrects nothing.
        instead = False
    if not instead and not said.isdisjoint({"and", "also", "both"}):
        # "Not Google, WeChat" and "my location shared with partners" name two and mean one.
        for step in _questions(flow):
            if step.many:
                continue
            values = entities.get(FILLED_FROM.get(flow.slots[step.slot].type, ""), ())
            # A phone is spoken of beside what shall be unbound more often than unbound with it.
            values = tuple(value for value in values if value != Provider.PHONE.value)
            if len(values) > 1:
                slots = {name: v for name, v in slots.items() if name not in FILLED_BY_NAME}
                return tuple(Wish(intent, {**slots, step.slot: v}) for v in values)
    return (rather(Wish(intent, slots), entities),)


def _entries_for(flow: Flow, intent: Intent, entities: Entities) -> tuple[Wish, ...]:
    """Return a wish for each entry of a profile, where several get values of their own."""
    fields = entities.get("profile_field", ()) if entries.takes_values(flow) else ()
    name = entries.name_to_ask(entities)
    if len(fields) + bool(name) < 2 or not entries.fields_with_values(entities):  # noqa: PLR2004 - several
        return ()
    told = [{entries.FIELD: one, **entries.told_of(one, entities)} for one in fields]
    return tuple(Wish(intent, slots) for slots in (*told, *([name] if name else [])))


def rather(wish: Wish, entities: Entities) -> Wish:
    """Return what a wish comes to: a phone that is changed for another is no login to lose.

    The new number is asked for where it isn't told: 登录手机号怎么改.
    """
    new = entities.get("new_value", ())[:1] if entities.get("phone") else ()
    if wish.intent is not Intent.UNBINDING or not (new or entities.get("phone_changes")):
        return wish
    if wish.slots.get("provider", Provider.PHONE.value) != Provider.PHONE.value:
        return wish
    return Wish(Intent.RECTIFICATION, {"field": "phone", **({"new_value": new[0]} if new else {})})


def wishes_of(runner: Runner, script: Script) -> tuple[Wish, ...]:
    """Return the requests that a message is sure to ask for."""
    found: list[Wish] = []
    others = _of_somebody_else(runner, script)
    for heard in _heard(script):
        intent = heard.recognised.intent
        flow = runner.by_intent.get(intent)
        if intent in others or heard.deletes_nothing:
            continue
        if flow is not None and flow.kind is not None:
            found += wishes_for(flow, intent, heard.entities, brief=is_brief(script))
    return tuple(found)


def _of_somebody_else(runner: Runner, script: Script) -> frozenset[Intent]:
    """Return the wishes that are about whose account the open form is about, not one's own."""
    said = phrases_of(script.observed.entities)
    if script.observed.entities.get("own_thing"):
        return frozenset()
    if not script.stack or "own_account" in said:
        # A parent who waits for a person goes on about the child.
        child = any(wish.intent is Intent.GUARDIAN for wish in script.wishes)
        waits = child and not said.intersection({"own_account", "also"})
        return _OF_THE_CHILD if waits else frozenset()
    form = script.stack[script.form_at()]
    intents = runner.flows[form.flow].intents
    if Intent.GUARDIAN in intents or form.slots.get("whose") == "child":
        return _OF_THE_CHILD
    if Intent.UNDERAGE_REPORT in intents:
        # "And I want my account closed": what is asked for besides is asked for oneself.
        return frozenset({Intent.UNDERAGE_REPORT}) if "also" in said else _OF_WHO_IS_REPORTED
    return frozenset()


def _heard(script: Script) -> tuple[Heard, ...]:
    observed = script.observed
    if observed.wishes:
        return observed.wishes
    found = observed.recognised
    if found is None or not found.sure:
        return _rather_wished(script)
    if found.intent.kind is None:
        return ()
    unclear = found.confidence < _CLEAR or found.intent in _SAID_IN_WORDS
    remark = found.intent in _LOSES_OR_CHANGES and not observed.entities.get("wants")
    if script.stack and (unclear or remark) and not is_worded(script, found.intent):
        return ()
    return (Heard(found, observed.entities),)


def _rather_wished(script: Script) -> tuple[Heard, ...]:
    """Return what an open form is left for in words known for it, though little else is said."""
    entities = script.observed.entities
    worded = set(entities.get("wish_words", ()))
    leaves = "leaving" in phrases_of(entities) and not entities.get("taken_back")
    if not script.stack or not leaves or len(worded) != 1:
        return ()
    intent = Intent(worded.pop())
    return () if intent.kind is None else (Heard(Recognised(intent, _NO_DOUBT), entities),)


def values_of(wishes: Iterable[Wish]) -> set[Any]:
    """Return the values that wishes name."""
    found: set[Any] = set()
    for wish in wishes:
        for value in wish.slots.values():
            found.update(value if isinstance(value, list) else (value,))
    return found


def names_something(runner: Runner, wish: Wish) -> bool:
    """Tell whether a wish names what it is about: a kind of data, a way to log in."""
    return any(True for _ in _named_in(runner.by_intent[wish.intent], wish.slots))


def limit(runner: Runner, script: Script, frame: Running) -> None:
    """Keep the time that a message names beside an answer, where the flow has a place for it."""
    periods = script.observed.entities.get("period", ())
    if periods and "period" in runner.flows[frame.flow].slots:
        frame.slots["period"] = periods[0]


def has_own_limit(runner: Runner, frame: Running, wish: Wish) -> bool:
    """Tell whether a wish names a time for something else than what a form holds.

    One form has one time for all it holds: "and last year's photos" would limit the rest, too.
    """
    limit_of = wish.slots.get("period")
    if limit_of is None or limit_of == frame.slots.get("period"):
        return False
    return any(
        frame.slots.get(step.slot) and not set(wish.slots[step.slot]) <= set(frame.slots[step.slot])
        for step, _ in _named_in(runner.flows[frame.flow], wish.slots)
        if step.many
    )


REPLACED: Final = "_replaced"
"""The slot that keeps the one value that another was put in the place of."""

_GIVEN_BACK: Final = "_given_back"
"""The slot that keeps what was answered to a question that was gone back to."""


def replaced(runner: Runner, form: Running) -> Wish | None:
    """Return the wish for what a form was about before another value took its place."""
    flow, value = runner.flows[form.flow], form.slots.pop(REPLACED, None)
    if value is None or not flow.intents:
        return None
    held = (step for step, _ in _named_in(flow, form.slots) if not step.many)
    return next((Wish(flow.intents[0], {step.slot: value}) for step in held), None)


def give_back(frame: Running, slot: str) -> None:
    """Take back the values of a question, and what limited them; they may still be added to."""
    frame.slots[_GIVEN_BACK] = {
        name: frame.slots.pop(name) for name in (slot, "period") if name in frame.slots
    }


def taken_so_far(script: Script, frame: Running, slot: str) -> list[Any]:
    """Return the values of a question that takes several.

    Those that were gone back from count again where more is said to be added to them.
    """
    before = frame.slots.pop(_GIVEN_BACK, {})
    if slot in before and "also" in phrases_of(script.observed.entities):
        frame.slots.update({**before, **frame.slots})
    return list(frame.slots.get(slot) or ())


def _questions(flow: Flow) -> Iterator[Ask]:
    return (step for step in flow.steps.values() if isinstance(step, Ask))


def _named_in(flow: Flow, slots: Mapping[str, Any]) -> Iterator[tuple[Ask, str]]:
    """Yield the questions, with their type, whose values a sentence can name."""
    seen: set[str] = set()
    for step in _questions(flow):
        slot_type = flow.slots[step.slot].type
        if step.slot in slots and step.slot not in seen and slot_type in FILLED_FROM:
            seen.add(step.slot)
            yield step, slot_type


# -- keeping -----------------------------------------------------------------------------------


def keep(runner: Runner, script: Script, wish: Wish) -> Keeping:
    """Remember a wish for later."""
    kept = list(script.wishes)
    for place, one in enumerate(kept):
        if one.intent is not wish.intent:
            continue
        merged = _merged(runner.by_intent[wish.intent], one.slots, wish.slots)
        if merged is not None:
            kept[place] = Wish(wish.intent, merged)
            script.wishes = tuple(kept)
            return Keeping.KNOWN
    if len(kept) >= MOST_KEPT:
        return Keeping.FULL
    script.wishes = (*kept, wish)
    return Keeping.KEPT


def _merged(flow: Flow, old: Mapping[str, Any], new: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return two wishes of one kind as one; None when each needs a request of its own."""
    many = {step.slot for step in _questions(flow) if step.many}
    merged = dict(old)
    by_name = _chosen_by_name(flow, new)
    for slot, value in new.items():
        if slot in by_name and slot not in old:
            # Naming a part makes no part of the whole that was asked for before.
            continue
        if slot in many:
            merged[slot] = list(dict.fromkeys((*old.get(slot, ()), *value)))
        elif old.get(slot, value) != value:
            return None
        else:
            merged[slot] = value
    return merged


def named(runner: Runner, wishes: Iterable[Wish]) -> dict[str, Any]:
    """Return wishes as an argument of a text: their kinds, with what was named."""
    return {"$texts": [_term(runner.by_intent[wish.intent], wish) for wish in wishes]}


def _term(flow: Flow, wish: Wish) -> dict[str, Any]:
    term: dict[str, Any] = {"$term": f"kind.{wish.intent.value}"}
    for step, slot_type in _named_in(flow, wish.slots):
        term["of"] = shown(slot_type, wish.slots[step.slot])
    return term


def say_kept(runner: Runner, script: Script, wishes: Iterable[Wish]) -> None:
    """Remember wishes for later, and say so."""
    kept: list[Wish] = []
    left_out: list[Wish] = []
    for wish in wishes:
        full = keep(runner, script, wish) is Keeping.FULL
        (left_out if full else kept).append(wish)
    if kept:
        script.say("desk.wish_kept", {"wish": named(runner, kept)})
    if left_out:
        script.say("desk.wishes_full", {"wish": named(runner, left_out)})


# -- widening ----------------------------------------------------------------------------------


def widen(runner: Runner, script: Script, frame: Running, slots: Mapping[str, Any]) -> Widened:
    """Add what was named to a request, where it takes several values or has none yet."""
    flow = runner.flows[frame.flow]
    for step, slot_type in _named_in(flow, slots):
        old = frame.slots.get(step.slot)
        if not step.many:
            value = slots[step.slot]
            if old is None:
                frame.slots[step.slot] = value
                return Widened(slot_type, added=(value,))
            return Widened(slot_type, known=(value,) if old == value else ())
        held = list(old or ())
        known = tuple(v for v in slots[step.slot] if v in held or "all" in held)
        added = tuple(
            v for v in slots[step.slot] if v not in known and runner.accepts(script, frame, step, v)
        )
        if added:
            frame.slots[step.slot] = [*held, *added]
            frame.confirmed_at = None
        return Widened(slot_type, added, known)
    return Widened()


def say_widened(script: Script, widened: Widened) -> None:
    """Say what was added, or that it was part of the request already."""
    key = "desk.added" if widened.added else "desk.already_in"
    values = list(widened.added or widened.known)
    script.say(key, {"what": shown(widened.slot_type, values)})


def is_another(runner: Runner, frame: Running, wish: Wish) -> bool:
    """Tell whether a wish of the running kind needs a request of its own.

    A request that takes one value and has it can't take another one.
    """
    return any(
        not step.many and frame.slots.get(step.slot, wish.slots[step.slot]) != wish.slots[step.slot]
        for step, _ in _named_in(runner.flows[frame.flow], wish.slots)
    )
