"""Messages that are nothing but a command: a person, status, the menu, going back, cancelling."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from privacydesk.dialog import languages, rating, reading, widening
from privacydesk.dialog.desk_choices import menu_choices, more_choices
from privacydesk.dialog.menu import show_menu
from privacydesk.dialog.options import whose
from privacydesk.dialog.runner import Runner
from privacydesk.dialog.running import Running
from privacydesk.dialog.schema import Ask, Step
from privacydesk.dialog.script import Script
from privacydesk.domain.conversation import latest_reply
from privacydesk.domain.intents import Intent
from privacydesk.domain.ticket import Satisfaction

_SATISFACTION = frozenset(answer.value for answer in Satisfaction)

_BEGINS: Final = frozenset({*(intent.value for intent in Intent), "desk:wish"})
"""Buttons that begin something."""

_CALLS: Final = frozenset({"desk", "anyone"})
"""Commands that ask for a person only when one of them was said just before."""


def word(script: Script) -> str:
    """Return the command a message consists of, if it is nothing but one."""
    values = script.observed.entities.get("command", ())
    return str(values[0]) if values else ""


def is_desk_word(script: Script) -> bool:
    """Whether the message only calls: the word that opens the desk, or "anyone there?"."""
    return word(script) in _CALLS


def says_none(script: Script) -> bool:
    """Whether a message is a bare 没有 or "no", which may mean that there is none."""
    return {"refuse", "nothing_more"}.issubset(script.observed.entities.get("command", ()))


def obey(runner: Runner, script: Script) -> bool:
    """Carry out a message that consists of a command; return whether it was one."""
    language = script.observed.entities.get("language", ())
    if language:
        languages.choose(runner, script, str(language[0]))
        return True
    if not script.stack and _drops_offer(script):
        return True
    if not script.stack and rating.ask_which(script, script.said):
        return True
    if not script.stack and (_wants_no_more(script) or _lets_it_be(script)):
        script.ask("desk.nothing_more", {}, more_choices())
        return True
    deed = _DEEDS.get(word(script))
    return deed is not None and deed(runner, script) is not False


def _drops_offer(script: Script) -> bool:
    """Drop the desk's offer and queued requests at a plain no; return whether it was one.

    取消 may mean withdrawing a request where that is offered, or where anything else may be asked.
    """
    said = set(script.observed.entities.get("plain_answer", ()))
    offered = _offered(script)
    more = _asked_for_more(script) and not _asked_to_rate(script)
    if "no" not in said or not (offered or more):
        return False
    if len(said) > 1 and (more or Intent.CANCEL_REQUEST in offered):
        return False
    script.pending_requests, script.unanswered = (), 0
    script.ask("desk.nothing_more", {}, more_choices())
    return True


def _offered(script: Script) -> frozenset[str]:
    """Return what the open question offers to start; empty for the menu, which offers it all."""
    choices = script.prompt.choices if script.prompt is not None else ()
    if choices == menu_choices():
        return frozenset()
    return _BEGINS.intersection(choice.id for choice in choices)


def _wants_no_more(script: Script) -> bool:
    """Whether a plain no answers "is there anything else?", which no form asks.

    The same words withdraw something elsewhere; after just filing it, that is not what they mean.
    """
    if script.prompt is None:
        return False
    words = script.observed.entities.get("command", ())
    if _asked_to_rate(script):
        # A plain no may be the rating itself; only "that's all" is not.
        return "nothing_more" in words and "refuse" not in words
    more = "nothing_more" in words or script.observed.entities.get("nothing_to_add")
    return _asked_for_more(script) and bool(more)


def _lets_it_be(script: Script) -> bool:
    """Whether words only give up what was dropped already: 那算了吧, 明天再说.

    If a request is open, that may be meant.
    """
    if not _asked_for_more(script) or not reading.is_brief(script):
        return False
    said = reading.phrases_of(script.observed.entities)
    if any(one.startswith("asks_") for one in said):
        # "Can I turn it back on later?" gives nothing up.
        return False
    if not {"thinks", "postpones"}.isdisjoint(said):
        return True
    if word(script) != "cancel":
        # Only then, since open requests have to be looked up.
        return False
    return not any(ticket.is_open for ticket in script.tickets_of(whose(script)))


def _asked_for_more(script: Script) -> bool:
    """Whether "is there anything else?" was asked last, and staff wrote nothing since."""
    if latest_reply(script.replied, script.prompt) is not None:
        return False
    offered = script.prompt.choices if script.prompt is not None else ()
    return any(choice.id == "desk:menu" for choice in offered)


def _asked_to_rate(script: Script) -> bool:
    """Whether the last question was how a request went."""
    offered = script.prompt.choices if script.prompt is not None else ()
    return bool(offered) and offered[0].id in _SATISFACTION


def _desk_word(runner: Runner, script: Script) -> None:
    """人工客服 opens the desk; said again, or in the middle of a form, it asks for a person."""
    script.desk_calls += 1
    if script.stack or script.desk_calls > 1:
        script.desk_calls = 0
        runner.start(script, Intent.HUMAN_AGENT)
    else:
        show_menu(script, "desk.menu_here")


def _anyone(runner: Runner, script: Script) -> None:
    """Say that the desk is there; at a second call, ask for a person."""
    script.desk_calls += 1
    if script.desk_calls > 1:
        script.desk_calls = 0
        runner.start(script, Intent.HUMAN_AGENT)
    elif script.stack:
        _who_answers(runner, script)
    else:
        script.ask("desk.anyone", {}, more_choices())


def _who_answers(runner: Runner, script: Script) -> None:
    """Say that no person is answering, and repeat the open question."""
    script.say("desk.who_answers")
    runner.prompt_again(script)


def cancel(runner: Runner, script: Script) -> None:
    """Leave the open form; without one, take a request back."""
    if script.stack:
        runner.cancel_form(script)
    else:
        runner.start(script, Intent.CANCEL_REQUEST)


def go_back(runner: Runner, script: Script) -> None:
    """Ask the previous question again; from the first one of a called flow, the caller's last."""
    frame, asking = runner.waiting_step(script)
    if frame is None:
        runner.offer_more(script)
        return
    picking = _picking(runner, frame, asking)
    if picking:
        widening.give_back(frame, picking)
        script.say("desk.went_back")
        runner.run(script)
        return
    before = _question_before(runner, script)
    if before is None:
        script.say("desk.first_question")
        runner.prompt_again(script)
        return
    place, step = before
    runner.drop_from(script, place + 1)
    frame = script.stack[place]
    frame.trail = frame.trail[: frame.trail.index(step.id)]
    frame.waiting = None
    frame.misses = 0
    if step.many and frame.slots.get(step.slot):
        widening.give_back(frame, step.slot)
    for slot in (step.slot, *(offer.names for offer in step.choices if offer.names)):
        frame.slots.pop(slot, None)
    frame.state = step.id
    script.unconfirm()
    script.say("desk.went_back")
    runner.run(script)


def _picking(runner: Runner, frame: Running, asking: Step | None) -> str:
    """Return the slot of a question that takes several values and has some by now.

    Not for files: going back within their own question does not discard them.
    """
    if not isinstance(asking, Ask) or not asking.many or not frame.slots.get(asking.slot):
        return ""
    return "" if runner.asking.slot_type(frame, asking) == "evidence" else asking.slot


def _question_before(runner: Runner, script: Script) -> tuple[int, Ask] | None:
    """Return the frame's index and the question that was answered before the open one.

    The same question may be in a trail several times: a code that was wrong, or sent again.
    """
    top, asking = runner.waiting_step(script)
    asked = asking.slot if isinstance(asking, Ask) else ""
    for place in range(len(script.stack) - 1, script.form_at() - 1, -1):
        frame = script.stack[place]
        for step_id in reversed(frame.trail):
            step = runner.flows[frame.flow].steps.get(step_id)
            if isinstance(step, Ask) and not (frame is top and step.slot == asked):
                return place, step
    return None


def _declines(runner: Runner, script: Script) -> bool:
    """Take 不用 as declining the open question; 够了 and 就这些 may mean something else."""
    said = script.observed.entities.get("plain_answer", ())
    return "no" in said and runner.refuse(script)


def _what_next(runner: Runner, script: Script) -> None:
    """Say what comes next: the open question, the status of requests, or the menu."""
    if script.stack:
        script.say("desk.next_is_this")
        runner.prompt_again(script)
    elif any(ticket.is_open for ticket in script.tickets_of(whose(script))):
        runner.start(script, Intent.REQUEST_STATUS)
    else:
        show_menu(script, "desk.menu_again")


_DEEDS: Mapping[str, Callable[[Runner, Script], object]] = {
    "desk": _desk_word,
    "human": lambda runner, script: runner.start(script, Intent.HUMAN_AGENT),
    "status": lambda runner, script: runner.start(script, Intent.REQUEST_STATUS),
    "menu": lambda _, script: show_menu(script, "desk.menu_again"),
    "cancel": cancel,
    "back": go_back,
    "refuse": lambda runner, script: runner.refuse(script),
    "nothing_more": _declines,
    "what_next": _what_next,
    "leave_queue": lambda runner, script: runner.prompt_again(script),
    "who_answers": _who_answers,
    "anyone": _anyone,
}
"""What a command does; False means that it does not apply here, and is read as words."""
