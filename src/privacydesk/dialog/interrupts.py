"""What may happen at every step without being listed in a flow.

A person, status, a policy question, a change of language, going back, correcting, cancelling. Exact
words and buttons always work; recognised sentences only where the step does not take any words.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from privacydesk.dialog.guards import ADULT_FROM, CHILD_UNDER
from privacydesk.dialog.runner import Runner
from privacydesk.dialog.schema import Ask
from privacydesk.dialog.script import Running, Script, human_choice, menu_choices, more_choices
from privacydesk.dialog.slots import FILLED_FROM, shown
from privacydesk.domain.conversation import LocaleSource, OwnerKind
from privacydesk.domain.events import Choice, ChoiceStyle, EventKind, Sender
from privacydesk.domain.intents import Intent

_LANGUAGE = "desk:lang:"
_UNANSWERED_BEFORE_HUMAN = 3
_LIKELY = 3

# While a person is waited for, the assistant goes on with these and nothing else.
_IN_QUEUE = frozenset({Intent.REQUEST_STATUS, Intent.POLICY_QUESTION, Intent.CANCEL_REQUEST})

_GLOBAL_INTENTS = frozenset(
    {Intent.HUMAN_AGENT, Intent.POLICY_QUESTION, Intent.REQUEST_STATUS, Intent.CANCEL_REQUEST}
)


def _word(script: Script) -> str:
    """Return the command a message consists of, if it is nothing but one."""
    values = script.observed.entities.get("command", ())
    return str(values[0]) if values else ""


def is_desk_word(script: Script) -> bool:
    """Tell whether the message is the word that opens the desk."""
    return _word(script) == "desk"


def is_greeting(script: Script) -> bool:
    """Tell whether the message only greets."""
    found = script.observed.recognised
    return found is not None and found.intent is Intent.SMALLTALK


def comes_first(runner: Runner, script: Script) -> bool:
    """Do what comes before any form: language, a child who speaks, the queue, commands.

    Returns:
        Whether the message is dealt with.
    """
    follow_language(script)
    if mind_minor(runner, script):
        return True
    if script.owner.kind is OwnerKind.QUEUE and while_queued(runner, script):
        return True
    if not is_desk_word(script):
        script.desk_calls = 0
    return command(runner, script)


# -- language ----------------------------------------------------------------------------------


def follow_language(script: Script) -> None:
    """Speak the language of the user's sentences, unless they chose one."""
    language = script.observed.language
    if not language or language == script.locale or script.locale_from is LocaleSource.CHOSEN:
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
    script.minor_hint = True
    if int(ages[0]) >= CHILD_UNDER or "minor_speaks" not in runner.flows:
        return False
    if any(frame.flow == "minor_speaks" for frame in script.stack):
        return False
    runner.drop_all(script)
    runner.start_flow(script, "minor_speaks", {})
    return True


# -- commands ----------------------------------------------------------------------------------


def command(runner: Runner, script: Script) -> bool:
    """Obey a message that consists of a command; tell whether it was one."""
    language = script.observed.entities.get("language", ())
    if language:
        _choose_language(runner, script, str(language[0]))
        return True
    deed = _COMMANDS.get(_word(script))
    return deed is not None and deed(runner, script) is not False


def _desk_word(runner: Runner, script: Script) -> None:
    """人工客服 opens the desk; said again, or in the middle of a form, it asks for a person."""
    script.desk_calls += 1
    if script.stack or script.desk_calls > 1:
        script.desk_calls = 0
        runner.start(script, Intent.HUMAN_AGENT)
    else:
        runner.show_menu(script, "desk.menu")


def _cancel(runner: Runner, script: Script) -> None:
    if script.stack:
        runner.cancel_form(script)
    else:
        runner.start(script, Intent.CANCEL_REQUEST)


def _go_back(runner: Runner, script: Script) -> None:
    """Ask the question before again. From the first one of a called flow, the caller's last."""
    frame = script.top
    while frame is not None and not frame.trail and frame.called:
        runner.drop_from(script, len(script.stack) - 1)
        frame = script.top
    if frame is None:
        runner.offer_more(script)
        return
    if frame.trail:
        step_id = frame.trail.pop()
        step = runner.flows[frame.flow].steps.get(step_id)
        frame.waiting = None
        frame.confirmed_at = None
        if isinstance(step, Ask):
            frame.slots.pop(step.slot, None)
            frame.state = step_id
    script.say("desk.went_back")
    runner.run(script)


_COMMANDS: Mapping[str, Callable[[Runner, Script], object]] = {
    "desk": _desk_word,
    "human": lambda runner, script: runner.start(script, Intent.HUMAN_AGENT),
    "status": lambda runner, script: runner.start(script, Intent.REQUEST_STATUS),
    "menu": lambda runner, script: runner.show_menu(script, "desk.menu_again"),
    "cancel": _cancel,
    "back": _go_back,
    "refuse": lambda runner, script: runner.refuse(script),
    "leave_queue": lambda runner, script: runner.prompt_again(script),
}
"""What a command does; False says that it means nothing here, so that it is read as words."""


# -- buttons of the page -----------------------------------------------------------------------


def desk_choice(runner: Runner, script: Script, choice: str, *, silent: bool = False) -> None:
    """Obey a ``desk:`` button, which the page offers at any time."""
    language = choice.removeprefix(_LANGUAGE) if choice.startswith(_LANGUAGE) else ""
    if language:
        _language_choice(runner, script, language)
        return
    if not silent:
        script.append(Sender.USER, EventKind.CHOSE, key=_LABELS.get(choice, "desk.show_menu"))
    if script.owner.kind is OwnerKind.AGENT:
        return
    if script.owner.kind is OwnerKind.QUEUE:
        _choice_in_queue(runner, script, choice)
        return
    deed = _DEEDS.get(choice)
    if deed is not None:
        deed(runner, script)
    else:
        runner.show_menu(script, "desk.menu_again")


def _language_choice(runner: Runner, script: Script, language: str) -> None:
    if language in runner.locales:
        script.locale = language
    script.append(Sender.USER, EventKind.CHOSE, key="desk.language_name")
    if language in runner.locales:
        _choose_language(runner, script, language)


def _choice_in_queue(runner: Runner, script: Script, choice: str) -> None:
    if choice == "desk:leave_queue":
        leave_queue(runner, script)
    elif choice == "desk:status":
        runner.start(script, Intent.REQUEST_STATUS)
    else:
        _acknowledge(script)


_DEEDS: Mapping[str, Callable[[Runner, Script], object]] = {
    "desk:human": lambda runner, script: runner.start(script, Intent.HUMAN_AGENT),
    "desk:status": lambda runner, script: runner.start(script, Intent.REQUEST_STATUS),
    "desk:leave_queue": lambda runner, script: runner.prompt_again(script),
    "desk:cancel": _cancel,
    "desk:back": _go_back,
}

_LABELS = {
    "desk:human": "desk.human",
    "desk:menu": "desk.show_menu",
    "desk:cancel": "desk.cancel",
    "desk:back": "desk.back",
    "desk:leave_queue": "owner.leave_queue",
    "desk:status": "desk.choice.request_status",
}


# -- waiting for a person ----------------------------------------------------------------------


def leave_queue(runner: Runner, script: Script) -> None:
    """Stop waiting for a person and go on with what was open."""
    script.own(OwnerKind.ASSISTANT, "owner.left_queue", {})
    runner.prompt_again(script)


def _acknowledge(script: Script) -> None:
    leave = Choice(id="desk:leave_queue", key="owner.leave_queue", style=ChoiceStyle.QUIET)
    staffed, place = script.queue()
    if staffed:
        script.ask("owner.still_queued", {"place": place}, (leave,))
    else:
        script.ask("owner.message_kept", {}, (leave,))


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
    found = script.observed.recognised
    if not word and found is not None and found.sure and found.intent in _IN_QUEUE:
        runner.start(script, found.intent)
        return True
    _acknowledge(script)
    return True


# -- wishes ------------------------------------------------------------------------------------


def other_wish(runner: Runner, script: Script, *, free: bool) -> bool:
    """Follow a recognised wish that is not an answer to the open question."""
    found = script.observed.recognised
    if found is None or not found.sure or free:
        return False
    if found.intent in _GLOBAL_INTENTS:
        return runner.start(script, found.intent)
    if found.intent.kind is None or found.intent not in runner.by_intent:
        return False
    running = {frame.flow for frame in script.stack}
    if runner.by_intent[found.intent].name in running:
        return False
    return runner.start(script, found.intent)


def first_wish(runner: Runner, script: Script) -> None:
    """Make something of a sentence when no form is open."""
    found = script.observed.recognised
    if script.observed.entities.get("ticket_number"):
        runner.start(script, Intent.REQUEST_STATUS)
        return
    if found is not None and found.sure:
        if found.intent is Intent.SMALLTALK:
            script.unanswered = 0
            script.ask("desk.smalltalk", {}, more_choices())
            return
        if found.intent is Intent.OTHER:
            _to_human(runner, script)
            return
        if runner.start(script, found.intent):
            return
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
    script.say("desk.other_to_human")
    runner.start(script, Intent.HUMAN_AGENT)


# -- correcting --------------------------------------------------------------------------------


def correct(runner: Runner, script: Script, frame: Running) -> bool:
    """Take a new value for a question that was answered before."""
    flow = runner.flows[frame.flow]
    entities = script.observed.entities
    for step_id in reversed(frame.trail):
        step = flow.steps.get(step_id)
        if not isinstance(step, Ask):
            continue
        slot_type = flow.slots[step.slot].type
        kind = "date" if slot_type == "date_of_birth" else FILLED_FROM.get(slot_type, "")
        old = frame.slots.get(step.slot)
        fresh = [value for value in entities.get(kind, ()) if value != old]
        if not fresh:
            continue
        value: Any = [fresh[-1]] if step.many else fresh[-1]
        if not runner.accepts(script, frame, step, fresh[-1]):
            continue
        frame.slots[step.slot] = value
        frame.trail = frame.trail[: frame.trail.index(step_id) + 1]
        frame.state = step.on["answered"]
        frame.misses = 0
        frame.confirmed_at = None
        script.say("desk.corrected", {"what": shown(slot_type, value)})
        runner.run(script)
        return True
    return False
