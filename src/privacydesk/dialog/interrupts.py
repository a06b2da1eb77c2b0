"""What may happen at every step without being listed in a flow.

A change of language, a child who speaks, the queue, and commands: a person, status, going back,
cancelling. Exact words and buttons always work; ``following`` is about recognised sentences.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

from privacydesk.dialog import fetching, kept_wishes, rating, reading, widening, wishes
from privacydesk.dialog.desk_choices import more_choices
from privacydesk.dialog.options import whose
from privacydesk.dialog.packages import CHOICE
from privacydesk.dialog.runner import Runner
from privacydesk.dialog.running import Running
from privacydesk.dialog.schema import Ask, Step
from privacydesk.dialog.script import ANSWER, Script
from privacydesk.domain.ages import ADULT_FROM, CHILD_UNDER
from privacydesk.domain.conversation import LocaleSource, OwnerKind
from privacydesk.domain.events import Choice, ChoiceStyle, EventKind, Sender
from privacydesk.domain.intents import Intent
from privacydesk.domain.ticket import Satisfaction

_LANGUAGE = "desk:lang:"
_WISH_NOW = "desk:wish"
_NO_WISH = "desk:no_wish"
_SATISFACTION = frozenset(answer.value for answer in Satisfaction)
# While a person is waited for, the assistant goes on with these and nothing else.
_IN_QUEUE = frozenset({Intent.REQUEST_STATUS, Intent.POLICY_QUESTION, Intent.CANCEL_REQUEST})

_CALLS: Final = frozenset({"desk", "anyone"})
"""Commands that ask for a person only when one of them was said just before."""

_STORIES: Final = frozenset({"long_text", "reply"})
"""Types of answers in which people tell at length what happened."""

_FIRST_PERSON: Final = re.compile(r"[我俺咱]|本人|\bi(?:'m|m| am)\b", re.IGNORECASE)


def _word(script: Script) -> str:
    """Return the command a message consists of, if it is nothing but one."""
    values = script.observed.entities.get("command", ())
    return str(values[0]) if values else ""


def is_desk_word(script: Script) -> bool:
    """Tell whether the message only calls: the word that opens the desk, or "anyone there?"."""
    return _word(script) in _CALLS


def is_greeting(script: Script) -> bool:
    """Tell whether the message only greets."""
    found = script.observed.recognised
    return found is not None and found.intent is Intent.SMALLTALK


def comes_first(runner: Runner, script: Script, *, labelled: bool) -> bool:
    """Do what comes before any form: language, a child who speaks, the queue, commands.

    Args:
        runner: goes on with the flows.
        script: the turn being written.
        labelled: the words are those of a button of the open question, and so no command.

    Returns:
        Whether the message is dealt with.
    """
    follow_language(runner, script)
    if mind_minor(runner, script) or mind_danger(runner, script):
        return True
    if script.owner.kind is OwnerKind.QUEUE and while_queued(runner, script):
        return True
    if not is_desk_word(script):
        script.desk_calls = 0
    return not labelled and command(runner, script)


# -- language ----------------------------------------------------------------------------------


def follow_language(runner: Runner, script: Script) -> None:
    """Speak the language of the user's sentences, unless they chose one.

    A name that was asked for is no sentence: a nickname may well be in another language.
    """
    language = script.observed.language
    if not language or language == script.locale or script.locale_from is LocaleSource.CHOSEN:
        return
    frame, step = runner.waiting_step(script)
    named = frame and isinstance(step, Ask) and runner.asking.slot_type(frame, step)
    if named in {"text", "field_value", "account_name"}:
        return
    script.locale = language
    script.locale_from = LocaleSource.SENTENCE


def _choose_language(runner: Runner, script: Script, locale: str) -> None:
    script.locale = locale
    script.locale_from = LocaleSource.CHOSEN
    script.append(Sender.SYSTEM, EventKind.TEXT, key="desk.language_changed")
    if script.owner.kind is OwnerKind.ASSISTANT:
        runner.prompt_again(script)


# -- age ---------------------------------------------------------------------------------------


def mind_minor(runner: Runner, script: Script) -> bool:
    """Mark words that show a minor; with a child nothing more is asked (children's statement)."""
    ages = script.observed.entities.get("own_age", ())
    if not ages or int(ages[0]) >= ADULT_FROM:
        return False
    if _asks_of_somebody_else(runner, script) and _FIRST_PERSON.search(script.said) is None:
        # "Ten this year" answers how old the child is.
        return False
    script.minor_hint = True
    if int(ages[0]) >= CHILD_UNDER or "minor_speaks" not in runner.flows:
        return False
    if any(frame.flow == "minor_speaks" for frame in script.stack):
        return False
    runner.drop_all(script)
    runner.start_flow(script, "minor_speaks", {})
    return True


def mind_danger(runner: Runner, script: Script) -> bool:
    """Hand over at once what tells of somebody in danger: "a man wants to meet my daughter".

    Where a story is asked for, it is taken; people read it with the request.
    """
    danger = script.observed.entities.get("in_danger", ())
    if not danger:
        return False
    if danger[0] == "child":
        script.minor_hint = True
    frame, step = runner.waiting_step(script)
    asked = frame and isinstance(step, Ask) and runner.asking.slot_type(frame, step)
    if asked in _STORIES or script.owner.kind is not OwnerKind.ASSISTANT:
        return False
    # Somebody in an account endangers nobody's life, and whoever takes over tells what comes next.
    script.say("desk.other_to_human" if danger[0] == "account" else "desk.in_danger")
    return runner.start(script, Intent.HUMAN_AGENT)


def _asks_of_somebody_else(runner: Runner, script: Script) -> bool:
    """Tell whether the open form is about a child, or about somebody who is reported."""
    if not script.stack:
        return False
    form = script.stack[script.form_at()]
    intents = runner.flows[form.flow].intents
    reported = Intent.UNDERAGE_REPORT in intents and form.slots.get("whose") not in {None, "me"}
    return Intent.GUARDIAN in intents or reported


# -- commands ----------------------------------------------------------------------------------


def command(runner: Runner, script: Script) -> bool:
    """Obey a message that consists of a command; tell whether it was one."""
    language = script.observed.entities.get("language", ())
    if language:
        _choose_language(runner, script, str(language[0]))
        return True
    if not script.stack and rating.ask_which(script, script.said):
        return True
    if not script.stack and (_wants_no_more(script) or _lets_it_be(script)):
        script.ask("desk.nothing_more", {}, more_choices())
        return True
    deed = _COMMANDS.get(_word(script))
    return deed is not None and deed(runner, script) is not False


def _wants_no_more(script: Script) -> bool:
    """Tell whether a plain no answers "is there anything else?", which no form asks.

    The same words take something back elsewhere; whoever has just filed it does not mean that.
    """
    if script.prompt is None:
        return False
    words = script.observed.entities.get("command", ())
    if script.prompt.choices and script.prompt.choices[0].id in _SATISFACTION:
        # There a plain no may well be the answer; only "that's all" is none.
        return "nothing_more" in words and "refuse" not in words
    return _asked_for_more(script) and "nothing_more" in words


def _lets_it_be(script: Script) -> bool:
    """Tell whether words only let go of what was dropped already: 那算了吧, "let me think".

    Where a request is open, it may be meant.
    """
    if not _asked_for_more(script) or not reading.is_brief(script):
        return False
    if "thinks" in reading.phrases_of(script.observed.entities):
        return True
    if _word(script) != "cancel":
        # Only then: whose requests are open has to be read for it.
        return False
    return not any(ticket.is_open for ticket in script.tickets_of(whose(script)))


def _asked_for_more(script: Script) -> bool:
    """Tell whether "is there anything else?" was asked last."""
    offered = script.prompt.choices if script.prompt is not None else ()
    return any(choice.id == "desk:menu" for choice in offered)


def _desk_word(runner: Runner, script: Script) -> None:
    """人工客服 opens the desk; said again, or in the middle of a form, it asks for a person."""
    script.desk_calls += 1
    if script.stack or script.desk_calls > 1:
        script.desk_calls = 0
        runner.start(script, Intent.HUMAN_AGENT)
    else:
        runner.show_menu(script, "desk.menu_here")


def _anyone(runner: Runner, script: Script) -> None:
    """Say that the desk is there; whoever calls again after that is put through."""
    script.desk_calls += 1
    if script.desk_calls > 1:
        script.desk_calls = 0
        runner.start(script, Intent.HUMAN_AGENT)
    elif script.stack:
        _who_answers(runner, script)
    else:
        script.ask("desk.anyone", {}, more_choices())


def _who_answers(runner: Runner, script: Script) -> None:
    """Say that it is no person who answers; what was asked is asked anew."""
    script.say("desk.who_answers")
    runner.prompt_again(script)


def _cancel(runner: Runner, script: Script) -> None:
    if script.stack:
        runner.cancel_form(script)
    else:
        runner.start(script, Intent.CANCEL_REQUEST)


def _go_back(runner: Runner, script: Script) -> None:
    """Ask the question before again. From the first one of a called flow, the caller's last."""
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
    for one in script.stack:
        one.confirmed_at = None
    script.say("desk.went_back")
    runner.run(script)


def _picking(runner: Runner, frame: Running, asking: Step | None) -> str:
    """Return the slot of a question that takes several values and has some of them by now.

    Files are not among them: they are not thrown away by a step back within their own question.
    """
    if not isinstance(asking, Ask) or not asking.many or not frame.slots.get(asking.slot):
        return ""
    return "" if runner.asking.slot_type(frame, asking) == "evidence" else asking.slot


def _question_before(runner: Runner, script: Script) -> tuple[int, Ask] | None:
    """Return the frame and the question that was answered before the open one.

    The same question may stand in a trail several times over: a code that was wrong, or sent anew.
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


_COMMANDS: Mapping[str, Callable[[Runner, Script], object]] = {
    "desk": _desk_word,
    "human": lambda runner, script: runner.start(script, Intent.HUMAN_AGENT),
    "status": lambda runner, script: runner.start(script, Intent.REQUEST_STATUS),
    "menu": lambda runner, script: runner.show_menu(script, "desk.menu_again"),
    "cancel": _cancel,
    "back": _go_back,
    "refuse": lambda runner, script: runner.refuse(script),
    "leave_queue": lambda runner, script: runner.prompt_again(script),
    "who_answers": _who_answers,
    "anyone": _anyone,
}
"""What a command does; False says that it means nothing here, so that it is read as words."""


# -- buttons of the page -----------------------------------------------------------------------


def desk_choice(runner: Runner, script: Script, choice: str, *, silent: bool = False) -> None:
    """Obey a ``desk:`` button, which the page offers at any time."""
    language = choice.removeprefix(_LANGUAGE) if choice.startswith(_LANGUAGE) else ""
    if language in runner.locales:
        _language_choice(runner, script, language)
        return
    if choice.startswith(CHOICE):
        script.append(Sender.USER, EventKind.CHOSE, key="package.get")
        fetching.fetch(runner, script, choice)
        return
    if choice not in _LABELS:
        # Not what anybody was offered, so nothing is noted as the person's own choice.
        choice_closed(runner, script)
        return
    if not silent:
        script.append(Sender.USER, EventKind.CHOSE, key=_LABELS[choice])
    if script.owner.kind is OwnerKind.AGENT:
        return
    if script.owner.kind is OwnerKind.QUEUE:
        _choice_in_queue(runner, script, choice)
        return
    _DEEDS[choice](runner, script)


def choice_closed(runner: Runner, script: Script) -> None:
    """Say that a choice is not open, and what is."""
    if script.owner.kind is OwnerKind.AGENT:
        script.append(Sender.SYSTEM, EventKind.TEXT, key="desk.choice_closed")
        return
    script.say("desk.choice_closed")
    runner.prompt_again(script)


def _language_choice(runner: Runner, script: Script, language: str) -> None:
    script.locale = language
    script.append(Sender.USER, EventKind.CHOSE, key="desk.language_name")
    _choose_language(runner, script, language)


def _choice_in_queue(runner: Runner, script: Script, choice: str) -> None:
    if choice == "desk:leave_queue":
        leave_queue(runner, script)
    elif choice == _WISH_NOW:
        script.own(OwnerKind.ASSISTANT, "owner.left_queue", {})
        _take_up(runner, script)
    elif choice == "desk:status":
        runner.start(script, Intent.REQUEST_STATUS)
    else:
        _acknowledge(script)


def _take_up(runner: Runner, script: Script) -> None:
    """Do what was asked for meanwhile, now."""
    if not runner.take_up(script):
        runner.prompt_again(script)


def _forget_wishes(runner: Runner, script: Script) -> None:
    script.wishes = ()
    runner.prompt_again(script)


def _answer_first(runner: Runner, script: Script) -> None:
    """Put what staff asked before the open question, which is come back to."""
    if script.owes_answer:
        runner.start_flow(script, ANSWER, {})
    else:
        runner.prompt_again(script)


_DEEDS: Mapping[str, Callable[[Runner, Script], object]] = {
    "desk:human": lambda runner, script: runner.start(script, Intent.HUMAN_AGENT),
    "desk:status": lambda runner, script: runner.start(script, Intent.REQUEST_STATUS),
    "desk:leave_queue": lambda runner, script: runner.prompt_again(script),
    "desk:cancel": _cancel,
    "desk:back": _go_back,
    "desk:answer": _answer_first,
    "desk:menu": lambda runner, script: runner.show_menu(script, "desk.menu_again"),
    _WISH_NOW: _take_up,
    _NO_WISH: _forget_wishes,
}

_LABELS = {
    "desk:human": "desk.human",
    "desk:menu": "desk.show_menu",
    "desk:cancel": "desk.cancel",
    "desk:back": "desk.back",
    "desk:answer": "desk.answer_first",
    "desk:leave_queue": "owner.leave_queue",
    "desk:status": "desk.choice.request_status",
    _WISH_NOW: "desk.wish_now",
    _NO_WISH: "desk.wish_not_now",
}


# -- waiting for a person ----------------------------------------------------------------------


def leave_queue(runner: Runner, script: Script) -> None:
    """Stop waiting for a person and go on with what was open."""
    script.own(OwnerKind.ASSISTANT, "owner.left_queue", {})
    if script.wishes and not script.stack:
        # What was to be told to a person is not begun for having left.
        offer_wishes(runner, script)
    else:
        runner.prompt_again(script)


def offer_wishes(runner: Runner, script: Script) -> None:
    """Ask whether what was said to wait is still wanted: a person may have seen to it."""
    script.ask(
        "desk.wishes_left",
        {"wish": kept_wishes.named(runner, script.wishes)},
        (
            Choice(id=_WISH_NOW, key="desk.wish_now", style=ChoiceStyle.PRIMARY),
            Choice(id=_NO_WISH, key="desk.wish_not_now"),
        ),
    )


def _acknowledge(script: Script, *, anew: bool = False) -> None:
    # Where one stands is told once, and when it is asked, not after each sentence that follows.
    said_last = script.prompt is not None and _LEAVE in script.prompt.choices
    offered = (_NOW, _LEAVE) if script.wishes else (_LEAVE,)
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


_LEAVE = Choice(id="desk:leave_queue", key="owner.leave_queue", style=ChoiceStyle.QUIET)
_NOW = Choice(id=_WISH_NOW, key="owner.wish_now", style=ChoiceStyle.PRIMARY)


def _keep_in_queue(runner: Runner, script: Script) -> bool:
    """Keep a wish for the person who comes; it may be seen to at once, without waiting."""
    asked = wishes.wishes_of(runner, script)
    if script.observed.entities.get("own_age"):
        # Who tells their own age reports nobody; the conversation is marked for it.
        asked = tuple(wish for wish in asked if wish.intent is not Intent.UNDERAGE_REPORT)
    if not asked:
        return False
    before = kept_wishes.named(runner, script.wishes)
    left_out = [w for w in asked if kept_wishes.keep(runner, script, w) is kept_wishes.Keeping.FULL]
    if left_out:
        script.say("desk.wishes_full", {"wish": kept_wishes.named(runner, left_out)})
    elif kept_wishes.named(runner, script.wishes) == before:
        # Said in other words, it is no news.
        return False
    script.ask(
        "owner.wish_kept", {"wish": kept_wishes.named(runner, script.wishes)}, (_NOW, _LEAVE)
    )
    return True


def _waits_here(script: Script, word: str) -> bool:
    """Tell whether "I've waited for days" is about the person: there is no request to be about."""
    found = script.observed.recognised
    status = found is not None and found.sure and found.intent is Intent.REQUEST_STATUS
    numbered = {"ticket_number", "misread_number"}.intersection(script.observed.entities)
    if not status or word or numbered or not script.account:
        return False
    return not script.tickets_of(whose(script))


def while_queued(runner: Runner, script: Script) -> bool:
    """Answer what the assistant may while a person is waited for; tell whether all was said."""
    frame = script.top
    if script.prompt is not None and frame is not None and script.prompt.serial == frame.serial:
        return False
    word = _word(script)
    if word in {"leave_queue", "cancel"}:
        leave_queue(runner, script)
        return True
    if script.observed.entities.get("language"):
        return False
    if word == "status":
        runner.start(script, Intent.REQUEST_STATUS)
        return True
    if word == "who_answers":
        script.say("owner.who_answers")
        _acknowledge(script, anew=True)
        return True
    # "When will it be done" asks for the state of a request elsewhere.
    asks = {"asks_duration", "asks_when", "place_in_queue"}.intersection(
        reading.phrases_of(script.observed.entities)
    )
    if asks or word == "anyone":
        _acknowledge(script, anew=True)
        return True
    found = script.observed.recognised
    if _waits_here(script, word):
        _acknowledge(script, anew=True)
        return True
    if not word and found is not None and found.sure and found.intent in _IN_QUEUE:
        runner.start(script, found.intent)
        return True
    if word or not _keep_in_queue(runner, script):
        _acknowledge(script)
    return True
