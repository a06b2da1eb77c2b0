"""Waiting for a person: what the assistant answers meanwhile, and what is kept for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from privacydesk.dialog import commands, kept_wishes, limits, reading, wishes
from privacydesk.dialog.desk_choices import WISH_NOW, leave_queue_choice
from privacydesk.dialog.objecting import has_answer, objects
from privacydesk.dialog.options import whose
from privacydesk.dialog.runner import Runner
from privacydesk.dialog.script import Script
from privacydesk.domain.conversation import OwnerKind
from privacydesk.domain.events import Choice, ChoiceStyle
from privacydesk.domain.intents import Intent
from privacydesk.domain.reading import ReplyAct

LOOK_UP = "desk:look_up"
_QUESTION_LIMIT = 500
"""Characters of a question that is looked up by a button."""
# While the user waits for a person, the assistant handles these intents and no others.
_IN_QUEUE = frozenset({Intent.REQUEST_STATUS, Intent.CANCEL_REQUEST})


def leave_queue(runner: Runner, script: Script) -> None:
    """Stop waiting for a person and go on with what was open."""
    go_on_without_person(runner, script, "owner.left_queue", {})


def go_on_without_person(runner: Runner, script: Script, key: str, args: Mapping[str, Any]) -> None:
    """Return the conversation to the assistant, say so, and go on with what was open."""
    script.own(OwnerKind.ASSISTANT, key, args)
    if script.pending_requests and not script.stack:
        # Requests kept for a person are not begun just because none is there any more.
        kept_wishes.offer(runner, script)
    else:
        runner.prompt_again(script)


def acknowledge(script: Script, *, anew: bool = False) -> None:
    """Say that the message is kept for the person who comes, and that the user still waits."""
    # The place in the queue is told once, and when asked for, not after each message.
    prompt = script.prompt
    just_queued = prompt is not None and prompt.offset == script.owner.offset
    said_last = prompt is not None and leave_queue_choice() in prompt.choices and not just_queued
    offered = (_NOW, leave_queue_choice()) if script.pending_requests else (leave_queue_choice(),)
    if said_last and not anew:
        script.ask("owner.heard", {}, offered)
        return
    staffed, place = script.queue()
    if staffed:
        script.ask("owner.still_queued", {"place": place}, offered)
    else:
        opening = script.opening()
        key = "owner.message_kept_until" if opening else "owner.message_kept"
        script.ask(key, opening, offered)


def keep_question(script: Script) -> None:
    """Leave a question about the policy to the person who comes; a button looks it up now."""
    look_up = Choice(id=LOOK_UP, key="owner.look_up", value=script.said[:_QUESTION_LIMIT])
    script.ask("owner.question_kept", {}, (look_up, leave_queue_choice()))


def look_up(runner: Runner, script: Script) -> None:
    """Answer the kept question from the policy; the user still waits."""
    offered = script.prompt.choices if script.prompt is not None else ()
    kept = next((choice for choice in offered if choice.id == LOOK_UP), None)
    if kept is None:
        acknowledge(script)
    else:
        runner.start_flow(script, "policy_question", {"question": kept.value})


_NOW = Choice(id=WISH_NOW, key="owner.wish_now", style=ChoiceStyle.PRIMARY)


def _keep_in_queue(runner: Runner, script: Script) -> bool:
    """Keep a request for the person who comes; it may be begun at once, without waiting."""
    if has_answer(script) and objects(runner, script):
        # A refusal given meanwhile is disputed; staff look at it with the objection.
        return True
    asked = wishes.wishes_of(runner, script)
    if script.observed.entities.get("own_age_group"):
        # A user who tells their own age reports nobody; the conversation is flagged for it.
        asked = tuple(wish for wish in asked if wish.intent is not Intent.UNDERAGE_REPORT)
    if not asked:
        return False
    before = kept_wishes.named(runner, script.pending_requests)
    left_out = [w for w in asked if kept_wishes.keep(runner, script, w) is kept_wishes.Keeping.FULL]
    if left_out:
        script.say("desk.wishes_full", {"wish": kept_wishes.named(runner, left_out)})
    elif kept_wishes.named(runner, script.pending_requests) == before:
        # The same request in other words is no news.
        return False
    script.ask(
        "owner.wish_kept",
        {"wish": kept_wishes.named(runner, script.pending_requests)},
        (_NOW, leave_queue_choice()),
    )
    return True


def _go_on_alone(runner: Runner, script: Script) -> bool:
    """Stop waiting if no person is wanted any more; return whether nothing is left to handle.

    "Never mind the person, only delete June's" goes on to narrow the open form.
    """
    if script.stack and limits.told(script.observed.entities) is not None:
        script.own(OwnerKind.ASSISTANT, "owner.left_queue", {})
        does = script.observed.reply_acts - {ReplyAct.CANCEL, ReplyAct.INSTEAD}
        script.observed = replace(script.observed, reply_acts=does)
        return False
    adds = not script.observed.reply_acts or reading.does(
        script, ReplyAct.BESIDES, ReplyAct.INSTEAD
    )
    asked = wishes.wishes_of(runner, script) if adds else ()
    if script.pending_requests or not asked:
        kept_wishes.say_kept(runner, script, asked)
        leave_queue(runner, script)
        return True
    script.own(OwnerKind.ASSISTANT, "owner.left_queue", {})
    kept_wishes.say_kept(runner, script, asked[1:])
    return runner.begin(script, asked[0])


def _goes_on_with(runner: Runner, script: Script) -> bool:
    """Whether a message says what the assistant should do instead of a person."""
    narrows = bool(script.stack) and limits.told(script.observed.entities) is not None
    return narrows or bool(wishes.wishes_of(runner, script))


def _waits_here(script: Script, word: str) -> bool:
    """Whether "I've waited for days" is about the queue: there is no request it could mean."""
    found = script.observed.recognised
    status = found is not None and found.sure and found.intent is Intent.REQUEST_STATUS
    numbered = {"ticket_number", "misread_number"}.intersection(script.observed.entities)
    if not status or word or numbered or not script.account:
        return False
    return not script.tickets_of(whose(script))


def _tells_wait(script: Script, word: str) -> bool:
    """Tell the place in the queue, if that or how long it takes is asked."""
    # Elsewhere "when will it be done" asks for the state of a request.
    said = reading.phrases_of(script.observed.entities)
    how_long = not said.isdisjoint({"asks_duration", "asks_when"})
    if how_long and script.queue()[0]:
        script.say("owner.wait_unknown")
    if how_long or "place_in_queue" in said or word in {"anyone", "what_next"}:
        acknowledge(script, anew=True)
        return True
    return False


def _keep_for_person(runner: Runner, script: Script, word: str) -> None:
    """Leave a message to the person who comes."""
    found = script.observed.recognised
    asks = found is not None and found.sure and found.intent is Intent.POLICY_QUESTION
    if asks and not word:
        keep_question(script)
    elif word or not _keep_in_queue(runner, script):
        acknowledge(script)


def while_queued(runner: Runner, script: Script) -> bool:
    """Answer what the assistant may while the user is queued; return whether that was all."""
    frame = script.top
    if script.prompt is not None and frame is not None and script.prompt.serial == frame.serial:
        return False
    word = commands.word(script)
    denied = Intent.HUMAN_AGENT.value in script.observed.entities.get("taken_back", ())
    stays = reading.does(script, ReplyAct.FILED, ReplyAct.LATER, ReplyAct.PERSON)
    stops = reading.does(script, ReplyAct.CANCEL) and not stays
    if denied or word in {"leave_queue", "cancel"} or (stops and _goes_on_with(runner, script)):
        return _go_on_alone(runner, script)
    if stops:
        # "Just stop him" may be about anything: nobody loses their place by such words alone.
        script.ask("owner.leave_or_wait", {}, (leave_queue_choice(),))
        return True
    if script.observed.entities.get("language"):
        return False
    if word == "status":
        runner.start(script, Intent.REQUEST_STATUS)
        return True
    if word == "who_answers":
        script.say("owner.who_answers")
        acknowledge(script, anew=True)
        return True
    if _tells_wait(script, word):
        return True
    found = script.observed.recognised
    if _waits_here(script, word):
        acknowledge(script, anew=True)
        return True
    if not word and found is not None and found.sure and found.intent in _IN_QUEUE:
        runner.start(script, found.intent)
        return True
    _keep_for_person(runner, script, word)
    return True
