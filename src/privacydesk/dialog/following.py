"""Following what a person says that is no answer to the open question.

Recognised wishes, disputes and corrections. Where a question takes any words, nothing of this is
read into them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from privacydesk.dialog import arguments, entries, wishes
from privacydesk.dialog.desk_choices import human_choice, menu_choices, more_choices
from privacydesk.dialog.options import may_object, whose
from privacydesk.dialog.runner import Runner
from privacydesk.dialog.running import Running
from privacydesk.dialog.schema import Ask
from privacydesk.dialog.script import Script
from privacydesk.dialog.slots import ANY_REQUEST, FILLED_FROM, shown, staying
from privacydesk.domain.conversation import Wish
from privacydesk.domain.events import Choice
from privacydesk.domain.intents import Intent, RequestKind
from privacydesk.domain.ticket_moves import Move, may

_ONLY_DISPUTES = 12
"""Characters of a message that disputes something and does not say what."""

_SOUND_LIKE_DISPUTES = frozenset(
    {
        Intent.CONSENT_WITHDRAWAL,
        Intent.AUTOMATED_DECISION,
        Intent.REQUEST_STATUS,
        Intent.SMALLTALK,
        Intent.OTHER,
    }
)
"""What bare disagreement is taken for, without an answer to disagree with."""

_PROTESTED = frozenset(
    {
        Intent.AUTOMATED_DECISION,
        Intent.POLICY_QUESTION,
        Intent.CONSENT_WITHDRAWAL,
        Intent.CANCEL_REQUEST,
        Intent.REQUEST_STATUS,
        Intent.SMALLTALK,
        Intent.OTHER,
    }
)
"""What a protest against verifying is taken for, or a question why, where nothing is asked for."""

_ASKED_WHEN = frozenset(
    {Intent.POLICY_QUESTION, Intent.REQUEST_STATUS, Intent.SMALLTALK, Intent.OTHER}
)
"""What "how long?" is taken for by whoever waits for the answer to a request."""

_KINDS = frozenset(str(kind) for kind in RequestKind)

_ONLY_ASKS_WHEN = 60
"""Latin letters, each Chinese character counted as three; what is longer asks of something else."""

_COURTESIES = {"farewell": "desk.nothing_more", "thanks": "desk.welcome"}
"""What is said to a phrase of small talk; to any other that the desk is there."""

_UNANSWERED_BEFORE_HUMAN = 3
_LIKELY = 3

_GLOBAL_INTENTS = frozenset(
    {Intent.HUMAN_AGENT, Intent.POLICY_QUESTION, Intent.REQUEST_STATUS, Intent.CANCEL_REQUEST}
)

_IN_SO_MANY_WORDS = frozenset({Intent.HUMAN_AGENT, Intent.CANCEL_REQUEST})
"""What a form is left for only where words known for it are said.

A recogniser that has to guess hears one of these in the scraps that people answer with: "submit it"
would throw away what they have just filled in.
"""


def other_wish(runner: Runner, script: Script) -> bool:
    """Follow what was recognised and is not an answer to the open question."""
    if leaves(runner, script) or _objection(runner, script) or further_wish(runner, script):
        return True
    found = script.observed.recognised
    if found is None or not found.sure or found.intent not in _GLOBAL_INTENTS:
        return False
    worded = wishes.is_worded(script, found.intent)
    if found.intent in _IN_SO_MANY_WORDS and not worded:
        return False
    if found.intent is Intent.REQUEST_STATUS and not (worded or wishes.is_clear(script)):
        # "It began on the 20th" tells of the matter; nobody asks how a request stands.
        return False
    if found.intent is Intent.CANCEL_REQUEST and _means_form(runner, script):
        runner.cancel_form(script)
        return True
    return runner.start(script, found.intent)


def _means_form(runner: Runner, script: Script) -> bool:
    """Tell whether something is taken back that can only be the open form: nothing was filed."""
    form = script.stack[script.form_at()]
    if runner.flows[form.flow].kind is None or script.observed.entities.get("ticket_number"):
        return False
    filed = script.tickets_of(whose(script))
    return not any(may(ticket, Move.WITHDRAW) for ticket in filed)


def is_for_oneself(runner: Runner, script: Script) -> bool:
    """Leave a form begun for a child, where the speaker means themselves; tell whether they do.

    What is wished for oneself is begun instead: "no, I'm deleting my own photos".
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
    wishes.say_kept(runner, script, rest)
    runner.begin(script, begun)
    return True


def lets_go(runner: Runner, script: Script) -> bool:
    """Let go of the last wish that waits, or of the open form; tell whether that was said.

    Without anything that waits it shows in no word what is meant, and the question is put again.
    """
    given_up = script.observed.entities.get("given_up", ())
    if given_up:
        # 我要注销，算了: said in the closing form it means the form, in another one nothing at all.
        kind = runner.flows[script.stack[script.form_at()].flow].kind
        if kind is not None and kind.value in given_up:
            runner.cancel_form(script)
        else:
            runner.prompt_again(script)
        return True
    which = script.observed.entities.get("let_go", ())
    if not which:
        return False
    if which[0] == "first" and script.wishes:
        runner.cancel_form(script)
        return True
    if script.wishes:
        *kept, dropped = script.wishes
        script.wishes = tuple(kept)
        script.say("desk.wish_dropped", {"wish": wishes.named(runner, (dropped,))})
    runner.prompt_again(script)
    return True


def taken_back(runner: Runner, script: Script) -> bool:
    """Take back what is taken back in words: the open form, or else a request that was filed.

    The form is meant where it is of the kind that was named, or where none was; naming something
    that the form is not about ("I don't want Google unbound any more") means another request, and
    one of several things that it is about leaves that one out.
    """
    if lets_go(runner, script):
        return True
    entities = script.observed.entities
    said = {str(one) for one in entities.get("taken_back", ())}
    found = script.observed.recognised
    form = script.stack[script.form_at()]
    if entities.get("account_stays") and _takes_back(runner, script, form):
        runner.cancel_form(script)
        return True
    if not said or found is None or found.intent is not Intent.CANCEL_REQUEST or not found.sure:
        return False
    flow = runner.flows[form.flow]
    if flow.kind is not None and said & {flow.kind.value, ANY_REQUEST}:
        held = _words_in(form.slots)
        named = {one for kind in FILLED_FROM.values() for one in entities.get(kind, ())}
        if _left_out(runner, script, form):
            return True
        if not named or not named.isdisjoint(held):
            runner.cancel_form(script)
            return True
    if _drops_waiting(runner, script, said):
        return True
    if _means_form(runner, script):
        runner.cancel_form(script)
        return True
    return runner.start(script, Intent.CANCEL_REQUEST)


def _drops_waiting(runner: Runner, script: Script, said: set[str]) -> bool:
    """Drop what waits for its turn and is taken back by name; tell whether anything did."""
    dropped = tuple(wish for wish in script.wishes if wish.intent.value in said)
    if not dropped:
        return False
    script.wishes = tuple(wish for wish in script.wishes if wish not in dropped)
    script.say("desk.wish_dropped", {"wish": wishes.named(runner, dropped)})
    runner.prompt_again(script)
    return True


def _left_out(runner: Runner, script: Script, form: Running) -> bool:
    """Leave some of several things out of a form: "but leave the searches"; tell whether it did.

    "The posts stay, delete the searches" names what is meant instead, too.
    """
    flow = runner.flows[form.flow]
    entities = script.observed.entities
    for step in flow.steps.values():
        if not isinstance(step, Ask) or not step.many:
            continue
        slot_type = flow.slots[step.slot].type
        named = entities.get(FILLED_FROM.get(slot_type, ""), ())
        kept = entities.get(f"kept_{slot_type}", ())
        out = kept or named
        held = form.slots.get(step.slot) or ()
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
        if fresh:
            script.say("desk.corrected", {"what": shown(slot_type, [*left, *fresh])})
        else:
            gone = [value for value in held if value in out]
            script.say("desk.left_out", {"what": shown(slot_type, gone)})
        runner.prompt_again(script)
        return True
    return False


def leaves_out(runner: Runner, script: Script) -> bool:
    """Leave out of the open form what shall stay, beside what shall go; tell whether it did."""
    form = script.stack[script.form_at()]
    stays = {"kept_category", "only_kept"}.intersection(script.observed.entities)
    return bool(stays) and _left_out(runner, script, form)


def leaves(runner: Runner, script: Script) -> bool:
    """Leave the open form where words say so, for another wish or for none."""
    return (
        leaves_out(runner, script)
        or leaves_for_another(runner, script)
        or taken_back(runner, script)
    )


def leaves_for_another(runner: Runner, script: Script) -> bool:
    """Leave the open form for another wish, where words say so."""
    form = script.stack[script.form_at()]
    if not others(runner, script) or not _is_left(runner, script, form):
        return False
    return further_wish(runner, script)


def _words_in(slots: Mapping[str, Any]) -> set[str]:
    values = (value if isinstance(value, list) else [value] for value in slots.values())
    return {one for held in values for one in held if isinstance(one, str)}


def further_wish(runner: Runner, script: Script) -> bool:
    """Take a wish that is said while a form is open.

    One of the form's own kind widens it; any other is kept for later, or begun at once when the
    user leaves the form for it.
    """
    said = wishes.phrases_of(script.observed.entities)
    form = script.stack[script.form_at()]
    asked = wishes.wishes_of(runner, script) or _added(runner, script, form, said)
    later = [wish for wish in asked if _running(runner, script, wish) is None]
    if later and _is_left(runner, script, form):
        begun, *rest = later
        runner.drop_form(script)
        if form.trail or _takes_back(runner, script, form):
            script.say("desk.cancelled")
        wishes.say_kept(runner, script, rest)
        return runner.begin(script, begun)
    offered = runner.flows[form.flow].kind is None and not form.trail
    if later and ("first" in said or offered):
        begun, *rest = later
        wishes.say_kept(runner, script, rest)
        return runner.begin(script, begun)
    widened = wishes.Widened()
    for wish in asked:
        running = _running(runner, script, wish)
        valued = entries.VALUE in wish.slots
        if running is None or ("instead" in said and not valued):
            continue
        # One other value corrects the one that was named; several, or one more, do not, nor does
        # another entry with a value of its own.
        adds = "also" in said or len(asked) > 1 or valued
        if (adds and wishes.is_another(runner, running, wish)) or wishes.has_own_limit(
            runner, running, wish
        ):
            later.append(wish)
            continue
        one = wishes.widen(runner, script, running, wish.slots)
        if one.added:
            wishes.limit(runner, script, running)
        widened = one if one.says_something else widened
    if not later and not widened.says_something:
        return False
    if widened.added or not later:
        wishes.say_widened(script, widened)
    wishes.say_kept(runner, script, later)
    runner.prompt_again(script)
    return True


def _added(runner: Runner, script: Script, form: Running, said: frozenset[str]) -> tuple[Wish, ...]:
    """Read "and the search history, too" as a wish of the form's kind: it names no other.

    Where the form has no place for it, it may be meant for a wish that waits.
    """
    if "also" not in said:
        return ()
    waiting = (wish.intent for wish in reversed(script.wishes))
    for intent in (*runner.flows[form.flow].intents, *waiting):
        asked = wishes.wishes_for(runner.by_intent[intent], intent, script.observed.entities)
        named = tuple(wish for wish in asked if wish.slots)
        if named:
            return named
    return ()


def keep_others(runner: Runner, script: Script) -> None:
    """Keep wishes of other kinds that are said beside an answer."""
    wishes.say_kept(runner, script, others_beside(runner, script))


def keep_more(runner: Runner, script: Script, frame: Running, step: Ask, value: Any) -> None:
    """Keep what is named beside an answer where a question takes one: "ads and location, both"."""
    flow = runner.flows[frame.flow]
    if step.many or flow.kind is None or not flow.intents:
        return
    named = wishes.wishes_for(flow, flow.intents[0], script.observed.entities)
    several = named if len(named) > 1 else ()
    more = tuple(wish for wish in several if wish.slots.get(step.slot, value) != value)
    wishes.say_kept(runner, script, more)


def both_in_turn(runner: Runner, script: Script) -> bool:
    """Say that each of several things gets its turn, where all of them are meant at once."""
    if "both" not in wishes.phrases_of(script.observed.entities) or not script.wishes:
        return False
    script.say("desk.each_in_turn", {"wish": wishes.named(runner, script.wishes)})
    runner.prompt_again(script)
    return True


def adds_another(runner: Runner, script: Script) -> bool:
    """Keep what is wished besides, where any words answer: "I also want my account closed".

    Only what says so by itself and in words that are known for it; anything less is the answer.
    """
    if "also" not in wishes.phrases_of(script.observed.entities) or not wishes.is_clear(script):
        return False
    later = others_beside(runner, script)
    if not later:
        return False
    wishes.say_kept(runner, script, later)
    runner.prompt_again(script)
    return True


def others_beside(runner: Runner, script: Script) -> tuple[Wish, ...]:
    """Return what a message that names an answer wishes besides.

    A thing that is only named is no wish: a recogniser tends to hear one in "my old posts", or in
    "stop asking". So a wish has to be put into words that are known for it; a part of its own may
    do with naming what it is about.
    """
    parts = script.observed.wishes
    entities = [part.entities for part in parts] or [script.observed.entities]
    spoken = {word for one in entities for word in one.get("wish_words", ())}
    return tuple(
        wish
        for wish in others(runner, script)
        if wish.intent.value in spoken or (parts and wishes.names_something(runner, wish))
    )


def others(runner: Runner, script: Script) -> tuple[Wish, ...]:
    """Return what a message wishes that no open form is about."""
    asked = wishes.wishes_of(runner, script)
    return tuple(wish for wish in asked if _running(runner, script, wish) is None)


def _running(runner: Runner, script: Script, wish: Wish) -> Running | None:
    name = runner.by_intent[wish.intent].name
    return next((frame for frame in script.stack if frame.flow == name), None)


def _is_left(runner: Runner, script: Script, form: Running) -> bool:
    """Tell whether the user leaves the form for another wish, rather than adding it."""
    flow = runner.flows[form.flow]
    if "leaving" in wishes.phrases_of(script.observed.entities):
        return True
    # What the desk itself offered waits below the wish; a question that the user began is left.
    begun_by_user = flow.kind is None and bool(flow.intents) and not form.trail
    return begun_by_user or _takes_back(runner, script, form)


def _takes_back(runner: Runner, script: Script, form: Running) -> bool:
    """Tell whether a message names the open form's own kind as what is not wanted any more."""
    kind = runner.flows[form.flow].kind
    if kind is RequestKind.DEREGISTRATION and script.observed.entities.get("account_stays"):
        return True
    return kind is not None and kind.value in script.observed.entities.get("taken_back", ())


def _objection(runner: Runner, script: Script) -> bool:
    """Begin an objection where an answer is disputed, unless something clearer is asked for."""
    entities = script.observed.entities
    found = script.observed.recognised
    said = wishes.phrases_of(entities)
    if "objection" not in runner.flows:
        return False
    if "objection" not in said and not ("disputes" in said and _means_answer(script)):
        return False
    if found is not None and found.sure and found.intent.kind is not None:
        # "I don't agree with that" sounds like a consent taken back, "judge again" like a machine's
        # decision; where no more is said than that, an answer of the desk is meant.
        only = sum(len(event.text) for event in script.events) <= _ONLY_DISPUTES
        if found.intent is not Intent.CONSENT_WITHDRAWAL and not (
            found.intent is Intent.AUTOMATED_DECISION and (only or _has_answer(script))
        ):
            return False
    runner.start_flow(script, "objection", {})
    return True


def _means_answer(script: Script) -> bool:
    """Tell whether "I don't agree" or "why on earth" is about an answer of the desk.

    Where a consent is named, or something else is clearly asked for, it is not.
    """
    found = script.observed.recognised
    unclear = found is None or not found.sure or found.intent in _SOUND_LIKE_DISPUTES
    return unclear and not script.observed.entities.get("purpose") and _has_answer(script)


def _has_answer(script: Script) -> bool:
    """Tell whether a decision lies before the user that may be meant, and no machine is named."""
    if "machine" in wishes.phrases_of(script.observed.entities):
        return False
    return any(may_object(script, ticket) for ticket in script.tickets_of(whose(script)))


def first_wish(runner: Runner, script: Script) -> None:
    """Make something of a sentence when no form is open."""
    if script.observed.entities.get("given_up"):
        # 我要注销，哎算了: nothing was begun, and nothing is taken back that was filed before.
        script.unanswered = 0
        script.ask("desk.nothing_more", {}, more_choices())
        return
    if _explains(script) or _offers_to_leave(script) or _asks_when(runner, script):
        return
    if _objection(runner, script) or _numbered(runner, script) or _adds_to_last(runner, script):
        return
    if not _several(runner, script):
        _first(runner, script)


def _explains(script: Script) -> bool:
    """Say why one has to verify to whoever asks that or protests, and wants nothing besides."""
    said = wishes.phrases_of(script.observed.entities)
    if said.isdisjoint({"asks_why_identity", "refuses_identity"}) or "machine" in said:
        return False
    found = script.observed.recognised
    if found is not None and found.intent not in _PROTESTED:
        return False
    script.unanswered = 0
    script.say("verify.explain_why")
    script.ask("desk.anything_else", {}, more_choices())
    return True


def _offers_to_leave(script: Script) -> bool:
    """Offer what may be meant by "I don't agree to your policy any more"."""
    if "rejects_policy" not in wishes.phrases_of(script.observed.entities):
        return False
    likely = tuple(
        Choice(id=intent.value, key=f"desk.choice.{intent.value}", value=intent.value)
        for intent in (Intent.CONSENT_WITHDRAWAL, Intent.DEREGISTRATION)
    )
    script.unanswered = 0
    script.ask("desk.unsure", {}, (*likely, human_choice()))
    return True


def _asks_when(runner: Runner, script: Script) -> bool:
    """Show how requests stand where one is waited for and no more is said than "how long?"."""
    said = wishes.phrases_of(script.observed.entities)
    if said.isdisjoint({"asks_when", "asks_duration"}):
        return False
    found = script.observed.recognised
    if found is not None and found.sure and found.intent not in _ASKED_WHEN:
        return False
    waiting = {str(t.kind) for t in script.tickets_of(whose(script)) if t.is_open}
    # "How long does closing take?" asks about closing, where something else is waited for.
    spoken = {one for one in script.observed.entities.get("wish_words", ()) if one in _KINDS}
    waits = bool(waiting) and spoken <= waiting
    short = wishes.width(script.said) <= _ONLY_ASKS_WHEN
    return waits and short and runner.start(script, Intent.REQUEST_STATUS)


def _numbered(runner: Runner, script: Script) -> bool:
    """Follow a sentence that names a request: it is taken back where that is said, else shown.

    So is one whose number was misread; what the number is given for is seen once it is right.
    """
    entities = script.observed.entities
    if not entities.get("ticket_number"):
        return bool(entities.get("misread_number")) and runner.start(script, Intent.REQUEST_STATUS)
    found = script.observed.recognised
    backs_out = found is not None and found.sure and found.intent is Intent.CANCEL_REQUEST
    return runner.start(script, Intent.CANCEL_REQUEST if backs_out else Intent.REQUEST_STATUS)


def _adds_to_last(runner: Runner, script: Script) -> bool:
    """Ask for one thing more of what was filed last here: "and the searches, too".

    Without a word of what is wished it is wished alike. It is a request of its own, as the first
    one is with staff already.
    """
    entities = script.observed.entities
    if "also" not in wishes.phrases_of(entities) or entities.get("wish_words"):
        return False
    here = (one for one in script.tickets_of(whose(script)) if one.is_open)
    filed = [one for one in here if one.conversation_id == script.before.id]
    last = max(filed, key=lambda one: one.received_at, default=None)
    alike = (
        wish
        for intent, flow in runner.by_intent.items()
        if last is not None and flow.kind is last.kind
        for wish in wishes.wishes_for(flow, intent, entities)
        if wishes.names_something(runner, wish)
    )
    wish = next(alike, None)
    return wish is not None and runner.begin(script, wish)


def _several(runner: Runner, script: Script) -> bool:
    """Begin the first of several wishes, and keep the others."""
    asked = wishes.wishes_of(runner, script)
    found = script.observed.recognised
    if asked and found and found.sure and found.intent is Intent.CANCEL_REQUEST:
        # What was filed is taken back first; what is wished instead comes after that.
        wishes.say_kept(runner, script, asked)
        return False
    if len(asked) == 1 and script.observed.wishes:
        return runner.begin(script, asked[0])
    if len(asked) < 2:  # noqa: PLR2004 - one wish is no several
        return False
    # What ends the account comes last: after it there is nothing left to send, unbind or delete.
    first, *rest = sorted(asked, key=lambda wish: wish.intent is Intent.DEREGISTRATION)
    script.say(
        "desk.wishes_first",
        {"first": wishes.named(runner, (first,)), "rest": wishes.named(runner, rest)},
    )
    left_out = [w for w in rest if wishes.keep(runner, script, w) is wishes.Keeping.FULL]
    if left_out:
        script.say("desk.wishes_full", {"wish": wishes.named(runner, left_out)})
    return runner.begin(script, first)


def _first(runner: Runner, script: Script) -> None:
    found = script.observed.recognised
    if found is not None and found.sure:
        if found.intent is Intent.SMALLTALK:
            script.unanswered = 0
            said = wishes.phrases_of(script.observed.entities)
            key = next((key for word, key in _COURTESIES.items() if word in said), "desk.smalltalk")
            script.ask(key, {}, more_choices())
            return
        if found.intent is Intent.OTHER:
            _to_human(runner, script)
            return
        if runner.start(script, found.intent):
            return
    if any(character.isalnum() for character in script.said):
        # A picture of a face is no word that was not understood, and brings nobody to a queue.
        script.unanswered += 1
    if script.unanswered >= _UNANSWERED_BEFORE_HUMAN:
        _to_human(runner, script)
        return
    likely = _likely(runner, script)
    if script.unanswered > 1 and not likely:
        # A second stray word gets the whole menu, not a queue that nobody asked for.
        script.ask("desk.not_understood", {}, menu_choices())
    elif likely:
        script.ask("desk.unsure", {}, (*likely, human_choice()))
    else:
        script.ask("desk.not_understood", {}, more_choices())


def _likely(runner: Runner, script: Script) -> tuple[Choice, ...]:
    found = script.observed.recognised
    if found is None or found.confidence <= 0:
        return ()
    intents = [found.intent, *(intent for intent, _ in found.alternatives)]
    return tuple(
        Choice(id=intent.value, key=f"desk.choice.{intent.value}", value=intent.value)
        for intent in dict.fromkeys(intents)
        if intent in runner.by_intent and intent is not Intent.HUMAN_AGENT
    )[:_LIKELY]


def _to_human(runner: Runner, script: Script) -> None:
    """Hand the user's words to a person, once."""
    script.unanswered = 0
    if "died" in wishes.phrases_of(script.observed.entities):
        script.say("desk.condolence")
    script.say("desk.other_to_human")
    runner.start(script, Intent.HUMAN_AGENT)


# -- correcting --------------------------------------------------------------------------------


def correct(runner: Runner, script: Script, frame: Running) -> bool:
    """Take a new value for a question that was answered before."""
    flow = runner.flows[frame.flow]
    entities = script.observed.entities
    instead, stays = wishes.puts_right(entities), staying(entities)
    for step_id in reversed(frame.trail):
        step = flow.steps.get(step_id)
        if not isinstance(step, Ask):
            continue
        slot_type = flow.slots[step.slot].type
        kind = FILLED_FROM.get(slot_type, "")
        if slot_type == "date_of_birth":
            # A month or a year is often of something else, where no birthday is spoken of.
            bare = not entities.get("date") and "birthday" in entities.get("profile_field", ())
            kind = "part_of_date" if bare else "date"
        old = frame.slots.get(step.slot)
        held = old if isinstance(old, list) else [old]
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
        frame.slots[step.slot] = value
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
    if "slip" not in wishes.phrases_of(script.observed.entities):
        return False
    return correct(runner, script, frame) or correct_below(runner, script)


def narrows(runner: Runner, script: Script) -> bool:
    """Limit the open form to what a message says of the things it holds: "only last summer's".

    Whatever is to go for good is asked about anew, with the limit beside it.
    """
    entities = script.observed.entities
    form = script.stack[script.form_at()]
    flow = runner.flows[form.flow]
    limits = entities.get("period", ())
    if not limits or "period" not in flow.slots or others(runner, script):
        return False
    named = {
        step.slot: slot_type
        for step in flow.steps.values()
        if isinstance(step, Ask) and (slot_type := flow.slots[step.slot].type) in FILLED_FROM
    }
    held = next(((slot, kind) for slot, kind in named.items() if form.slots.get(slot)), None)
    if held is None or form.slots.get("period") == limits[0]:
        return False
    slot, slot_type = held
    if not set(entities.get(FILLED_FROM[slot_type], ())) <= set(form.slots[slot]):
        return False
    form.slots["period"] = limits[0]
    for one in script.stack:
        one.confirmed_at = None
    script.say("desk.corrected", {"what": arguments.build(script, form, flow, (slot,))[slot]})
    runner.prompt_again(script)
    return True


def changes_another(runner: Runner, script: Script, frame: Running, step: Ask) -> bool:
    """Ask for the value of another entry that is named instead of one: 还是改签名吧."""
    named = script.observed.entities.get("entry_instead", ())
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
    for slot in (entries.VALUE, entries.OLD):
        frame.slots.pop(slot, None)
    frame.slots[entries.FIELD] = named[0]
    frame.slots.update(entries.told_of(named[0], script.observed.entities, asked=True))
    frame.trail = frame.trail[: frame.trail.index(asked.id) + 1] if asked.id in frame.trail else []
    frame.state, frame.misses = asked.on["answered"], 0
    script.say("desk.corrected", {"what": shown("profile_field", named[0])})
    runner.run(script)
    return True


def correct_below(runner: Runner, script: Script) -> bool:
    """Take another new value for an entry while the form proves who asks: "不对，是刘扬".

    It leads nowhere else, and is shown before anything is confirmed; so the proof goes on.
    """
    return correct_value(runner, script) or _named_below(runner, script)


def correct_value(runner: Runner, script: Script) -> bool:
    """Take another new value for an entry that a form is about; tell whether one was told."""
    if any(heard.recognised.intent is not Intent.RECTIFICATION for heard in script.observed.wishes):
        return False
    begin = script.form_at()
    for frame in script.stack[begin : script.form_end(begin)]:
        if not entries.takes_values(runner.flows[frame.flow]):
            continue
        value = entries.correction(frame, script.observed.entities)
        if not value or not entries.fits(frame.slots.get(entries.FIELD), value):
            continue
        frame.slots[entries.VALUE] = value
        for one in script.stack:
            one.confirmed_at = None
        script.say(
            "desk.corrected", {"what": entries.shown_value(frame.slots[entries.FIELD], value)}
        )
        runner.prompt_again(script)
        return True
    return False


_LEADS_NOWHERE = frozenset({"category", "provider", "purpose"})
"""Types whose values a form may change while it proves who asks: its way stays the same."""


def _named_below(runner: Runner, script: Script) -> bool:
    """Put another thing in the place of the one that a form is about: "no, the posts"."""
    entities = script.observed.entities
    if not wishes.puts_right(entities):
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
                script.say(
                    "desk.corrected",
                    {"what": shown(slot_type, frame.slots[step.slot])},
                )
                for one in script.stack:
                    one.confirmed_at = None
            runner.prompt_again(script)
            return True
    return False
