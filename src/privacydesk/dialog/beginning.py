"""Interpreting messages while no form is open."""

from __future__ import annotations

from collections.abc import Collection

from msgspec.structs import replace

from privacydesk.dialog import (
    asked_before,
    kept_wishes,
    openings,
    questions,
    reading,
    wishes,
)
from privacydesk.dialog.after_filing import filed_last, follows_filed, says_where_it_stands
from privacydesk.dialog.desk_choices import human_choice, intent_choice, more_choices
from privacydesk.dialog.menu import show_menu
from privacydesk.dialog.objecting import objects
from privacydesk.dialog.options import whose
from privacydesk.dialog.packages import say_packages
from privacydesk.dialog.runner import Runner
from privacydesk.dialog.script import Script
from privacydesk.dialog.slots import ANY_REQUEST
from privacydesk.domain.conversation import RequestDraft
from privacydesk.domain.events import Choice
from privacydesk.domain.intents import ONES_OWN, Intent, RequestKind
from privacydesk.domain.reading import ReplyAct
from privacydesk.domain.ticket import ScheduledEventKind
from privacydesk.domain.ticket_moves import Move, may

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
"""Intents recognised in a mere protest against verification, or a question why it is needed."""

_ASKED_WHEN = frozenset(
    {Intent.POLICY_QUESTION, Intent.REQUEST_STATUS, Intent.SMALLTALK, Intent.OTHER}
)
"""Intents recognised in "how long?" while a request awaits its answer."""

_ASKED_OF_PAPERS = frozenset({Intent.POLICY_QUESTION, Intent.SMALLTALK, Intent.OTHER})
"""Intents recognised in a question about the required documents."""

_MAY_BE_OFFERED = ONES_OWN - {Intent.DELETION, Intent.DEREGISTRATION}
"""What is offered because it was only asked about: no loss."""

_KINDS = frozenset(str(kind) for kind in RequestKind)

_ONLY_ASKS_WHEN = 60
"""Latin letters, each Chinese character counted as three; longer messages ask something else."""

_COURTESIES = {"farewell": "desk.nothing_more", "thanks": "desk.welcome"}
"""Replies to phrases of small talk; to any other, that the desk is there."""

_PARTING = 30
"""Latin letters, each Chinese character counted as three, of a message that only says goodbye."""

_UNANSWERED_BEFORE_HUMAN = 3

_LIKELY = 3
_ENDS = frozenset({Intent.DEREGISTRATION, Intent.CANCEL_REQUEST})
"""Intents that are not offered lightly: they end an account, or a request."""
_OFFERED = 0.05
"""The probability from which a likely intent is offered; decision 065 has the figures."""
_OFFERED_END = 0.1


def first_wish(runner: Runner, script: Script) -> None:
    """Handle a message while no form is open."""
    if (
        _gives_up(script)
        or _explains(script)
        or _asks_when(runner, script)
        or _asks_for_file(script)
        or _asks_of_filed(runner, script)
        or says_where_it_stands(runner, script)
        or asked_before.answered(runner, script)
    ):
        return
    if objects(runner, script) or numbered(runner, script) or _adds_to_last(runner, script):
        return
    if follows_filed(runner, script):
        return
    if not _several(runner, script):
        _first(runner, script)


def _gives_up(script: Script) -> bool:
    """Do nothing if what is taken back was never filed: 我要注销，哎算了.

    Users who are not logged in may have filed it elsewhere.
    """
    found, entities = script.observed.recognised, script.observed.entities
    back = set(entities.get("taken_back", ()))
    denied = found is not None and found.sure and found.intent is Intent.CANCEL_REQUEST
    if not (denied and back and script.account) or ANY_REQUEST in back or script.observed.requests:
        return False
    if any(may(ticket, Move.WITHDRAW) for ticket in script.tickets_of(whose(script))):
        return False
    script.unanswered = 0
    script.ask("desk.nothing_more", {}, more_choices())
    return True


def _explains(script: Script) -> bool:
    """Explain verification, or the documents needed, if a message only asks or protests."""
    said = reading.phrases_of(script.observed.entities)
    if _asks_papers(script, said):
        script.unanswered = 0
        script.say("collect_evidence.explain_papers")
        script.offer_more()
        return True
    if said.isdisjoint({"asks_why_identity", "refuses_identity"}):
        return False
    found = script.observed.recognised
    if found is not None and found.intent not in _PROTESTED:
        return False
    script.unanswered = 0
    script.say("verify.explain_why")
    script.offer_more()
    return True


def _asks_papers(script: Script, said: frozenset[str]) -> bool:
    """Whether a message only asks which documents are required, which no policy lists."""
    found = script.observed.recognised
    asked = found is None or not found.sure or found.intent in _ASKED_OF_PAPERS
    return "asks_papers" in said and asked and reading.is_brief(script)


def _asks_when(runner: Runner, script: Script) -> bool:
    """Show the status of requests if one is open and the message only asks "how long?"."""
    said = reading.phrases_of(script.observed.entities)
    if said.isdisjoint({"asks_when", "asks_duration"}):
        return False
    found = script.observed.recognised
    if found is not None and found.sure and found.intent not in _ASKED_WHEN:
        return False
    if _is_of_policy_alone(script):
        return False
    waiting = {str(t.kind) for t in script.tickets_of(whose(script)) if t.is_open}
    # "How long does closing take?" asks about closing if the open request is another one.
    spoken = {one for one in script.observed.entities.get("wish_words", ()) if one in _KINDS}
    waits = bool(waiting) and spoken <= waiting
    short = reading.width(script.said) <= _ONLY_ASKS_WHEN
    return waits and short and runner.start(script, Intent.REQUEST_STATUS)


def _is_of_policy_alone(script: Script) -> bool:
    """Whether a message asks the policy, and not about what was filed: 聊天记录保存多久."""
    found = script.observed.recognised
    asked = found is not None and found.sure and found.intent is Intent.POLICY_QUESTION
    # Without an open question there are no reply acts.
    known = bool(script.observed.reply_acts)
    return asked and known and not reading.does(script, ReplyAct.FILED)


def numbered(runner: Runner, script: Script) -> bool:
    """Follow a message that names a request: withdraw it if the message says so, else show it.

    With a malformed number, status comes first; what it was given for is seen once it is right.
    """
    entities = script.observed.entities
    if not entities.get("ticket_number"):
        return bool(entities.get("misread_number")) and runner.start(script, Intent.REQUEST_STATUS)
    found = script.observed.recognised
    backs_out = found is not None and found.sure and found.intent is Intent.CANCEL_REQUEST
    return runner.start(script, Intent.CANCEL_REQUEST if backs_out else Intent.REQUEST_STATUS)


def _adds_to_last(runner: Runner, script: Script) -> bool:
    """Start a further request like the one filed last: "and the searches, too".

    If the message names no kind, the last one's is meant. It is a request of its own, since staff
    have the first one already.
    """
    entities, found = script.observed.entities, script.observed.recognised
    gives_up = found is not None and found.sure and found.intent is Intent.CANCEL_REQUEST
    if gives_up or "also" not in reading.phrases_of(entities):
        # 推荐我还要 wants the thing itself, not a further request.
        return False
    last = filed_last(script)
    if last is None or not _KINDS.intersection(entities.get("wish_words", ())) <= {last.kind}:
        return False
    alike = (
        wish
        for intent, flow in runner.by_intent.items()
        if flow.kind is last.kind
        for wish in wishes.wishes_for(flow, intent, entities)
        if wishes.names_something(runner, wish)
    )
    wish = next(alike, None)
    return wish is not None and runner.begin(script, wish)


def _asks_for_file(script: Script) -> bool:
    """Show the cards of available files if the user asks where they are: 文件在哪."""
    if "asks_file" not in reading.phrases_of(script.observed.entities):
        return False
    there = [
        one
        for one in script.tickets_of(whose(script))
        if any(package.is_available(script.now) for package in one.packages)
    ]
    if not there or not reading.is_brief(script):
        return False
    for ticket in there:
        say_packages(script, ticket)
    script.unanswered = 0
    script.offer_more()
    return True


_ASKED_AFTER = frozenset(
    {Intent.POLICY_QUESTION, Intent.SMALLTALK, Intent.OTHER, Intent.REQUEST_STATUS}
)
"""Intents recognised in a question about a filed request."""


def _asks_of_filed(runner: Runner, script: Script) -> bool:
    """Answer a question that the last filed request's form explains, if nothing is requested."""
    found = script.observed.recognised
    # "Will that delete my account?" has the words of a request to close it.
    account = "asks_account" in reading.phrases_of(script.observed.entities)
    if found is not None and found.sure and found.intent not in _ASKED_AFTER and not account:
        return False
    # Before their requests are looked up: most messages ask nothing of the kind.
    if not questions.may_explain(runner, script):
        return False
    here = (t for t in script.tickets_of(whose(script)) if t.conversation_id == script.before.id)
    last = max(here, key=lambda one: one.received_at, default=None)
    if last is None or not questions.explain_filed(runner, script, last.kind):
        return False
    script.unanswered = 0
    script.offer_more()
    return True


def _several(runner: Runner, script: Script) -> bool:
    """Start the first of several requests, and queue the others."""
    # Closing the account comes last: after it there is nothing left to send, unbind or delete.
    # A copy that is wanted first comes before everything else.
    copy = Intent.ACCESS if script.observed.entities.get("copy_first") else None
    asked = sorted(
        wishes.wishes_of(runner, script),
        key=lambda wish: (wish.intent is not copy, wish.intent is Intent.DEREGISTRATION),
    )
    found = script.observed.recognised
    if asked and found and found.sure and found.intent is Intent.CANCEL_REQUEST:
        # What was filed is withdrawn first; what is requested instead comes after that.
        kept_wishes.say_kept(runner, script, asked)
        return False
    if asked and script.observed.entities.get("asks_status"):
        # A request's status is shown at once; other requests come right after that.
        kept_wishes.keep_all(runner, script, asked)
        return runner.start(script, Intent.REQUEST_STATUS)
    besides = _asked_besides(runner, script, asked) if asked else ()
    if len(asked) == 1:
        kept_wishes.keep_all(runner, script, besides)
    if len(asked) == 1 and script.observed.requests:
        questions.explain_at_once(script, runner.by_intent[asked[0].intent])
        return runner.begin(script, asked[0])
    if len(asked) < 2:  # noqa: PLR2004 - several means two or more
        return False
    first, *rest = asked
    script.say(
        "desk.wishes_first",
        {"first": kept_wishes.named(runner, (first,)), "rest": kept_wishes.named(runner, rest)},
    )
    kept_wishes.keep_all(runner, script, (*rest, *besides))
    return runner.begin(script, first)


def _asked_besides(
    runner: Runner, script: Script, wished: Collection[RequestDraft]
) -> tuple[RequestDraft, ...]:
    """Return what a message asks for besides its requests: "and can you switch off the ads?".

    It is offered after them; nothing is lost for good because of a question.
    """
    offered = _MAY_BE_OFFERED - {wish.intent for wish in wished}
    return tuple(
        replace(wish, only_asked=True)
        for part in script.observed.parts
        if (intent := part.recognised.intent) in offered
        for wish in wishes.wishes_for(runner.by_intent[intent], intent, part.entities)
        if wish.slots
    )


def _first(runner: Runner, script: Script) -> None:
    found = script.observed.recognised
    if script.observed.entities.get("plain_answer") and not (found is not None and found.sure):
        # A yes or no that answers nothing.
        script.unanswered = 0
        script.ask("desk.smalltalk", {}, more_choices())
        return
    if found is not None and found.sure:
        said = reading.phrases_of(script.observed.entities)
        parting = "smalltalk" in script.observed.entities.get("wish_words", ()) and (
            reading.width(script.said) <= _PARTING and not said.isdisjoint(_COURTESIES)
        )
        # 把帳號砍掉 謝謝 is no farewell, though no list has its words.
        parting = parting and (found.intent.kind is None or not reading.is_clear(script))
        if found.intent is Intent.SMALLTALK or parting:
            script.unanswered = 0
            key = next((key for word, key in _COURTESIES.items() if word in said), "desk.smalltalk")
            script.ask(key, {}, more_choices())
            return
        if found.intent is Intent.OTHER or (found.intent is Intent.GUARDIAN and script.minor_hint):
            to_human(runner, script)
            return
        questions.explain_at_once(script, runner.by_intent.get(found.intent))
        if runner.start(script, found.intent):
            return
    _asks_back(runner, script)


def _asks_back(runner: Runner, script: Script) -> None:
    """Ask what is meant; after several misses, hand over to a person."""
    likely = _likely(runner, script)
    if script.observed.entities.get("only_tells"):
        script.unanswered = 0
        script.ask("desk.noted", {}, (*likely, human_choice()))
        return
    if any(character.isalnum() for character in script.said):
        # An emoji is not a misunderstood word, and doesn't lead to the queue.
        script.unanswered += 1
    if script.unanswered >= _UNANSWERED_BEFORE_HUMAN:
        to_human(runner, script)
        return
    if script.unanswered > 1 and not likely:
        # A second stray word gets the whole menu, not a queue that nobody asked for.
        show_menu(script, "desk.not_understood")
    elif likely:
        told = _told_of(runner, script, likely)
        script.ask("desk.unsure", {}, (*likely, human_choice()), told=told)
    else:
        script.ask("desk.not_understood", {}, more_choices())


def _told_of(
    runner: Runner, script: Script, likely: tuple[Choice, ...]
) -> tuple[RequestDraft, ...]:
    """Return the request that a message makes with each likely intent, for when one is tapped."""
    meant = (Intent(choice.value) for choice in likely)
    flows = ((intent, runner.by_intent.get(intent)) for intent in meant)
    # What one of several requests names is no part of another: 照片删了，聊天记录发我一份.
    own = {part.recognised.intent: part.entities for part in script.observed.parts}
    wished = (
        openings.with_message(script, flow, wish)
        for intent, flow in flows
        if flow is not None and flow.kind is not None
        for wish in wishes.wishes_for(flow, intent, own.get(intent, script.observed.entities))[:1]
    )
    return tuple(wished)


def _likely(runner: Runner, script: Script) -> tuple[Choice, ...]:
    found = script.observed.recognised
    intents = [Intent.CANCEL_REQUEST] if _unbinds_soon(script) else []
    if found is not None:
        read = ((found.intent, found.confidence), *found.alternatives)
        intents += [one for one, chance in read if chance >= _least(one)]
    return tuple(
        intent_choice(intent)
        for intent in dict.fromkeys(intents)
        if intent in runner.by_intent and intent is not Intent.HUMAN_AGENT
    )[:_LIKELY]


def _least(intent: Intent) -> float:
    """Return the probability from which an intent is offered to who said nothing clear."""
    return _OFFERED_END if intent in _ENDS else _OFFERED


def _unbinds_soon(script: Script) -> bool:
    """Whether one of the user's unbindings is carried out by itself unless it is taken back."""
    return any(
        event.kind is ScheduledEventKind.UNBINDING_WINDOW
        for ticket in script.tickets_of(whose(script))
        for event in ticket.scheduled_events
    )


def to_human(runner: Runner, script: Script) -> bool:
    """Hand the user's words to a person, once; say so."""
    script.unanswered = 0
    script.say("desk.other_to_human")
    return runner.start(script, Intent.HUMAN_AGENT)
