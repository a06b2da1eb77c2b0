"""The conversation's language: that of the user's sentences, unless they chose one."""

from __future__ import annotations

from privacydesk.dialog.menu import greet
from privacydesk.dialog.options import whose
from privacydesk.dialog.runner import Runner
from privacydesk.dialog.schema import Ask
from privacydesk.dialog.script import Script
from privacydesk.domain.conversation import LocaleSource, OwnerKind
from privacydesk.domain.events import EventKind, Sender


def follow(runner: Runner, script: Script) -> None:
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


def begin_in(script: Script, locale: str) -> None:
    """Begin anew in the language that was chosen before anything was said."""
    script.locale = locale
    script.locale_from = LocaleSource.CHOSEN
    script.tickets_of(whose(script))
    greet(script)
    # The conversation has not begun: another language begins it anew again.
    script.last_said_at = None


def choose(runner: Runner, script: Script, locale: str) -> None:
    """Speak the language that the user asked for, from now on."""
    script.locale = locale
    script.locale_from = LocaleSource.CHOSEN
    script.append(Sender.SYSTEM, EventKind.TEXT, key="desk.language_changed")
    if script.owner.kind is OwnerKind.ASSISTANT:
        runner.prompt_again(script)
