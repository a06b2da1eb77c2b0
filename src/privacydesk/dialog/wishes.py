"""The requests in a message (``RequestDraft``): one or several, each with the values it names.

One of the same kind as the open form widens it (``widening``); one of another kind is kept and
begun when the present request is filed or dropped (``kept_wishes``).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from privacydesk.dialog import entries, filling, openings, reading
from privacydesk.dialog.schema import Flow
from privacydesk.dialog.script import Script
from privacydesk.dialog.slots import (
    FILLED_BY_NAME,
    FILLED_FROM,
    Entities,
)
from privacydesk.domain.account_terms import Provider
from privacydesk.domain.conversation import OwnerKind, RequestDraft
from privacydesk.domain.intents import Intent
from privacydesk.domain.turn import RecognisedIntent, RecognisedRequest

if TYPE_CHECKING:
    from privacydesk.dialog.runner import Runner

_OF_THE_CHILD: Final = frozenset(
    {
        Intent.ACCESS,
        Intent.PORTABILITY,
        Intent.RECTIFICATION,
        Intent.DELETION,
        Intent.CONSENT_WITHDRAWAL,
        Intent.UNBINDING,
        Intent.DEREGISTRATION,
        Intent.UNDERAGE_REPORT,
    }
)
"""Requests about the child once one is mentioned: "then close the account", by a parent."""

_OF_WHO_IS_REPORTED: Final = frozenset(
    {Intent.DELETION, Intent.DEREGISTRATION, Intent.UNDERAGE_REPORT}
)
"""Requests that may be about a reported person: "delete what they posted, close it". Nobody
asks for a copy of a stranger's data, or takes a login away from them.
"""

_FOR_OTHERS: Final = frozenset({Intent.GUARDIAN, Intent.DECEASED})
"""Forms in which any request is about the person whom the form is for."""

_CLEAR: Final = 0.7
"""The confidence from which a request is recognised in a form without any of its keywords.

Messages there are mostly answers, and a scrap of an answer sounds a little like many requests.
"""

_SAID_IN_WORDS: Final = frozenset({Intent.ACCESS, Intent.GUARDIAN, Intent.UNDERAGE_REPORT})
"""Recognised in a form only by their keywords: "the photos are mine" names data and
"it's 13 March" a number, and neither requests anything.
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
"""Recognised in a form only if something is wanted at all: "I only use Google" unbinds nothing."""


def wishes_for(
    flow: Flow, intent: Intent, entities: Entities, *, brief: bool = False
) -> tuple[RequestDraft, ...]:
    """Return the requests of one kind: several if a slot for one value has several to hold."""
    slots = filling.slots_for(flow, entities, brief=brief)
    several = _entries_for(flow, intent, entities)
    if several:
        return several
    said = reading.phrases_of(entities)
    # 改成 replaces one thing by another, but a field that it gives a new value stays.
    instead = "instead" in said and not entities.get("new_value")
    if intent is Intent.CONSENT_WITHDRAWAL and {"unwanted", "also"} <= said:
        # "I don't want recommendations, and my microphone, too" corrects nothing.
        instead = False
    if intent is Intent.CONSENT_WITHDRAWAL and entities.get("kept_purpose"):
        # Nor does "marketing and location, not the recommendations", which says what stays.
        instead = False
    listed = bool(entities.get("phone_listed"))
    if not instead and (listed or not said.isdisjoint({"and", "also", "both"})):
        # "Not Google, WeChat" and "my location shared with partners" name two and mean one.
        for step in filling.questions_of(flow):
            if step.many:
                continue
            values = entities.get(FILLED_FROM.get(flow.slots[step.slot].type, ""), ())
            # A phone is more often mentioned beside what should be unbound than unbound with it.
            values = tuple(one for one in values if listed or one != Provider.PHONE.value)
            if len(values) > 1:
                slots = {name: v for name, v in slots.items() if name not in FILLED_BY_NAME}
                return tuple(RequestDraft(intent, {**slots, step.slot: v}) for v in values)
    return (RequestDraft(intent, slots),)


def _entries_for(flow: Flow, intent: Intent, entities: Entities) -> tuple[RequestDraft, ...]:
    """Return a request for each profile field, if several get values of their own."""
    fields = entities.get("profile_field", ()) if entries.takes_values(flow) else ()
    if len(fields) < 2 or not entries.fields_with_values(entities):  # noqa: PLR2004 - several
        return ()
    told = ({entries.FIELD: one, **entries.told_of(one, entities)} for one in fields)
    return tuple(RequestDraft(intent, slots) for slots in told)


def wishes_of(runner: Runner, script: Script) -> tuple[RequestDraft, ...]:
    """Return the requests that a message clearly makes."""
    found: list[RequestDraft] = []
    others = _of_somebody_else(runner, script)
    for heard in _heard(runner, script):
        intent = heard.recognised.intent
        flow = runner.by_intent.get(intent)
        if intent in others or heard.deletes_nothing or heard.withdraws_nothing:
            continue
        if intent is Intent.GUARDIAN and script.minor_hint:
            # A teenager who mentions parents is not a guardian.
            continue
        if intent is Intent.UNDERAGE_REPORT and _tells_own_age(script, heard):
            continue
        if flow is not None and flow.kind is not None:
            brief = reading.is_brief(script)
            found += (
                openings.with_message(script, flow, wish)
                for wish in wishes_for(flow, intent, heard.entities, brief=brief)
            )
    return tuple(found)


def _tells_own_age(script: Script, heard: RecognisedRequest) -> bool:
    """Whether a minor of 15 or over tells their age in the middle of a form, reporting nobody.

    The conversation is flagged for staff, and the form continues.
    """
    teen = "teen" in heard.entities.get("own_age_group", ())
    return teen and bool(script.stack) and script.minor_hint


def _of_somebody_else(runner: Runner, script: Script) -> frozenset[Intent]:
    """Return the intents that are about the person the open form is about, not the user."""
    entities = script.observed.entities
    said = reading.phrases_of(entities)
    if entities.get("for_oneself"):
        return frozenset()
    if not script.stack or "own_account" in said:
        # A parent who waits for a person still speaks about the child.
        child = any(wish.intent is Intent.GUARDIAN for wish in script.pending_requests)
        waits = child and not said.intersection({"own_account", "also"})
        return _OF_THE_CHILD if waits else frozenset()
    form = script.stack[script.form_at()]
    intents = runner.flows[form.flow].intents
    # A request about a named user's data is a complaint, unless the form is about them.
    theirs = frozenset({Intent.COMPLAINT} if entities.get("named_user") else ())
    if _FOR_OTHERS.intersection(intents) or form.slots.get("whose") == "child":
        return _OF_THE_CHILD | theirs
    if Intent.COMPLAINT in intents and "also" not in said:
        # "It's a picture of me, I want it gone" says what should be done about it.
        return theirs | {Intent.DELETION}
    if Intent.UNDERAGE_REPORT in intents:
        # "And I want my account closed": an additional request is about oneself.
        own = frozenset({Intent.UNDERAGE_REPORT}) if "also" in said else _OF_WHO_IS_REPORTED
        return own | theirs
    return frozenset()


def _heard(runner: Runner, script: Script) -> tuple[RecognisedRequest, ...]:
    observed = script.observed
    if observed.requests:
        return observed.requests
    found = observed.recognised
    if found is None or not found.sure:
        return _rather_wished(script)
    if found.intent.kind is None:
        return _rather_wished(script)
    adds = "also" in reading.phrases_of(observed.entities) and observed.entities.get("wants")
    in_words = found.intent in _SAID_IN_WORDS and not (adds and reading.is_clear(script))
    unclear = found.confidence < _CLEAR or in_words
    remark = found.intent in _LOSES_OR_CHANGES and not observed.entities.get("wants")
    # A user who waits for a person adds to the story, and requests little of what it mentions.
    goes_on = script.stack or script.owner.kind is OwnerKind.QUEUE
    if goes_on and (unclear or remark) and not reading.is_worded(script, found.intent):
        return ()
    complains = found.intent is Intent.COMPLAINT and reading.is_clear(script)
    if _files(runner, script) and reading.only_answers_or_tells(script) and not complains:
        # 其他人还看得到我的名字 complains of nobody, and 人工听一下录音 asks for no copy.
        return ()
    return (RecognisedRequest(found, observed.entities),)


def _files(runner: Runner, script: Script) -> bool:
    """Whether a form is open that files a request."""
    return bool(script.stack) and runner.flows[script.stack[script.form_at()].flow].kind is not None


def _rather_wished(script: Script) -> tuple[RecognisedRequest, ...]:
    """Return the request that keywords alone show, and for which the open form is left.

    Also one that is made besides it: "by the way, I want to complain".
    """
    entities = script.observed.entities
    worded = set(entities.get("wish_words", ()))
    said = reading.phrases_of(entities)
    adds = "also" in said and entities.get("wants")
    if not script.stack or len(worded) != 1:
        return ()
    back = set(entities.get("taken_back", ()))
    # "Not delete, export" leaves a deletion for the one thing requested instead.
    another = script.stack[script.form_at()].flow in back and worded.isdisjoint(back)
    leaves = ("leaving" in said or adds) and not back
    if not (leaves or another):
        return ()
    intent = Intent(worded.pop())
    return (
        ()
        if intent.kind is None
        else (RecognisedRequest(RecognisedIntent(intent, reading.NO_DOUBT), entities),)
    )


def wants_copy(script: Script) -> bool:
    """Whether the user wants a copy of their own data, so that it comes before any loss."""
    found, entities = script.observed.recognised, script.observed.entities
    leads = found is not None and found.sure and found.intent is Intent.ACCESS
    wished = leads and entities.get("wants") and not entities.get("somebody_else")
    return bool(entities.get("copy_first") or wished)


def values_of(runner: Runner, wishes: Iterable[RequestDraft]) -> set[Any]:
    """Return the values that requests name."""
    named = (filling.values_named(runner.by_intent[wish.intent], wish.slots) for wish in wishes)
    return set().union(*named)


def names_something(runner: Runner, wish: RequestDraft) -> bool:
    """Whether a request names what it is about: a kind of data, a login method."""
    return any(True for _ in filling.named_in(runner.by_intent[wish.intent], wish.slots))
