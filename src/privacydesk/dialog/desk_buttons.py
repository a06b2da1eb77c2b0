"""The page's own buttons, there at any time: ``desk:menu``, ``desk:back`` and the like."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from privacydesk.dialog import (
    commands,
    fetching,
    for_staff,
    languages,
    queueing,
    request_buttons,
)
from privacydesk.dialog.desk_choices import END_TALK, LEAVE_CONTACT, NO_WISH, WISH_NOW
from privacydesk.dialog.menu import show_menu
from privacydesk.dialog.request_actions import PACKAGE, read_choice
from privacydesk.dialog.runner import Runner
from privacydesk.dialog.script import ANSWER, Script
from privacydesk.domain.conversation import OwnerKind
from privacydesk.domain.events import EventKind, Sender
from privacydesk.domain.intents import Intent

_LANGUAGE = "desk:lang:"


def press(runner: Runner, script: Script, choice: str, *, silent: bool = False) -> None:
    """Carry out a ``desk:`` button, which the page offers at any time."""
    language = choice.removeprefix(_LANGUAGE) if choice.startswith(_LANGUAGE) else ""
    if language in runner.locales:
        _language_choice(runner, script, language)
        return
    about_request = read_choice(choice)
    if about_request is not None:
        request_buttons.press(runner, script, *about_request, silent=silent)
        return
    if choice.startswith(PACKAGE):
        script.append(Sender.USER, EventKind.CHOSE, key="package.get")
        fetching.fetch(runner, script, choice)
        return
    if choice not in _LABELS:
        # Offered to nobody, so nothing is logged as the user's own choice.
        closed(runner, script)
        return
    if not silent:
        script.append(Sender.USER, EventKind.CHOSE, key=_LABELS[choice])
    if script.owner.kind is OwnerKind.AGENT:
        if choice == END_TALK:
            queueing.go_on_without_person(runner, script, "owner.talk_ended", {})
        return
    if script.owner.kind is OwnerKind.QUEUE:
        _choice_in_queue(runner, script, choice)
        return
    _DEEDS[choice](runner, script)


def closed(runner: Runner, script: Script) -> None:
    """Say that a choice is closed, and repeat the open question."""
    if script.owner.kind is OwnerKind.AGENT:
        script.append(Sender.SYSTEM, EventKind.TEXT, key="desk.choice_closed")
        return
    script.say("desk.choice_closed")
    runner.prompt_again(script)


def _language_choice(runner: Runner, script: Script, language: str) -> None:
    script.locale = language
    if script.before.last_said_at is None and script.owner.kind is OwnerKind.ASSISTANT:
        languages.begin_in(script, language)
        return
    script.append(Sender.USER, EventKind.CHOSE, key="desk.language_name")
    languages.choose(runner, script, language)


def _choice_in_queue(runner: Runner, script: Script, choice: str) -> None:
    if choice in {"desk:leave_queue", END_TALK}:
        queueing.leave_queue(runner, script)
    elif choice == WISH_NOW:
        script.own(OwnerKind.ASSISTANT, "owner.left_queue", {})
        _take_up(runner, script)
    elif choice == queueing.LOOK_UP:
        queueing.look_up(runner, script)
    elif choice == "desk:status":
        runner.start(script, Intent.REQUEST_STATUS)
    elif choice == LEAVE_CONTACT:
        runner.start_flow(script, "leave_contact", {})
    else:
        queueing.acknowledge(script)


def _take_up(runner: Runner, script: Script) -> None:
    """Start the queued request now."""
    if not runner.take_up(script, wanted=True):
        runner.prompt_again(script)


def _forget_wishes(runner: Runner, script: Script) -> None:
    script.pending_requests = ()
    runner.prompt_again(script)


def _answer_first(runner: Runner, script: Script) -> None:
    """Put what staff asked before the open question, which continues afterwards."""
    if script.owes_answer:
        for_staff.give(script)
        runner.start_flow(script, ANSWER, {})
    else:
        runner.prompt_again(script)


_DEEDS: Mapping[str, Callable[[Runner, Script], object]] = {
    "desk:human": lambda runner, script: runner.start(script, Intent.HUMAN_AGENT),
    "desk:status": lambda runner, script: runner.start(script, Intent.REQUEST_STATUS),
    "desk:leave_queue": lambda runner, script: runner.prompt_again(script),
    # Nobody is there, or waited for, any more.
    END_TALK: lambda runner, script: runner.prompt_again(script),
    LEAVE_CONTACT: lambda runner, script: runner.prompt_again(script),
    "desk:cancel": commands.cancel,
    "desk:back": commands.go_back,
    "desk:answer": _answer_first,
    "desk:menu": lambda _, script: show_menu(script, "desk.menu_again"),
    WISH_NOW: _take_up,
    NO_WISH: _forget_wishes,
    queueing.LOOK_UP: lambda runner, script: runner.prompt_again(script),
}

_LABELS = {
    "desk:human": "desk.human",
    "desk:menu": "desk.show_menu",
    "desk:cancel": "desk.cancel",
    "desk:back": "desk.back",
    "desk:answer": "desk.answer_first",
    "desk:leave_queue": "owner.leave_queue",
    END_TALK: "owner.end_talk",
    LEAVE_CONTACT: "owner.leave_contact",
    "desk:status": "desk.choice.request_status",
    WISH_NOW: "desk.wish_now",
    NO_WISH: "desk.wish_not_now",
    queueing.LOOK_UP: "owner.look_up",
}
