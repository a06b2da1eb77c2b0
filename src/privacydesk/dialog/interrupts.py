"""What may happen at every step without being listed in a flow, before any form is asked.

A change of language, a child who speaks, somebody in danger, the queue, and commands. Exact words
and buttons always work; ``following`` is about recognised sentences.
"""

from __future__ import annotations

import re
from typing import Final

from privacydesk.dialog import commands, languages, opening_hours, queueing, reading
from privacydesk.dialog.runner import Runner
from privacydesk.dialog.schema import Ask, Confirm
from privacydesk.dialog.script import Script
from privacydesk.domain.ages import ADULT_FROM, CHILD_UNDER
from privacydesk.domain.conversation import OwnerKind
from privacydesk.domain.intents import Intent

_STORIES: Final = frozenset({"long_text", "reply"})
"""Types of answers in which people tell at length what happened."""

_FIRST_PERSON: Final = re.compile(r"[我俺咱]|本人|\bi(?:'m|m| am)\b", re.IGNORECASE)


def cares(runner: Runner, script: Script, *, labelled: bool) -> bool:
    """Do what comes before all else: language, a child who speaks, danger, opening hours.

    Args:
        runner: goes on with the flows.
        script: the turn being written.
        labelled: the words are those of a button of the open question.

    Returns:
        Whether the message is dealt with.
    """
    languages.follow(runner, script)
    if _mind_minor(runner, script) or _mind_danger(runner, script):
        return True
    return not labelled and opening_hours.tell(runner, script)


def obeys(runner: Runner, script: Script, *, labelled: bool) -> bool:
    """Do what comes before any form: the queue, commands; tell whether that was all.

    The words of a button of the open question are no command.
    """
    if not labelled and _asks_person(runner, script):
        return runner.start(script, Intent.HUMAN_AGENT)
    if script.owner.kind is OwnerKind.QUEUE and queueing.while_queued(runner, script):
        return True
    if not commands.is_desk_word(script):
        script.desk_calls = 0
    return not labelled and commands.obey(runner, script)


def _asks_person(runner: Runner, script: Script) -> bool:
    """Tell whether a person is asked for where something is to be confirmed, whatever else is.

    An answer to a question may speak of persons, too.
    """
    _, step = runner.waiting_step(script)
    asked = isinstance(step, Confirm) and script.owner.kind is OwnerKind.ASSISTANT
    entities = script.observed.entities
    # Who agrees first is heard first; see ``confirming``.
    return asked and bool(entities.get("asks_person")) and not entities.get("opens_with")


def _mind_minor(runner: Runner, script: Script) -> bool:
    """Mark words that show a minor; with a child nothing more is asked (children's statement)."""
    ages = script.observed.entities.get("own_age", ())
    if not ages and _is_of_unknown_age(runner, script):
        script.minor_hint = True
        return runner.start(script, Intent.UNDERAGE_REPORT)
    if not ages or int(ages[0]) >= ADULT_FROM:
        return False
    if _asks_of_somebody_else(runner, script) and _FIRST_PERSON.search(script.said) is None:
        # "Ten this year" answers how old the child is.
        return False
    fresh, script.minor_hint = not script.minor_hint, True
    if fresh and int(ages[0]) > CHILD_UNDER and _files_for_oneself(runner, script):
        script.say("minor_speaks.teen")
    if int(ages[0]) >= CHILD_UNDER or "minor_speaks" not in runner.flows:
        return False
    if any(frame.flow == "minor_speaks" for frame in script.stack):
        return False
    runner.drop_all(script)
    runner.start_flow(script, "minor_speaks", {})
    return True


def _is_of_unknown_age(runner: Runner, script: Script) -> bool:
    """Tell whether somebody who is in a form of their own says to be under age, and not how old."""
    me = "me" in reading.phrases_of(script.observed.entities)
    return me and not script.minor_hint and _files_for_oneself(runner, script)


def _files_for_oneself(runner: Runner, script: Script) -> bool:
    """Tell whether a form is open with which a request about one's own things is made."""
    if not script.stack or _asks_of_somebody_else(runner, script):
        return False
    flow = runner.flows[script.stack[script.form_at()].flow]
    return flow.kind is not None and Intent.UNDERAGE_REPORT not in flow.intents


def _mind_danger(runner: Runner, script: Script) -> bool:
    """Hand over at once what tells of somebody in danger: "a man wants to meet my daughter".

    Where a story is asked for, an account that was taken over is a part of it.
    """
    danger = script.observed.entities.get("in_danger", ())
    if not danger:
        return False
    if danger[0] == "child":
        script.minor_hint = True
    frame, step = runner.waiting_step(script)
    asked = frame and isinstance(step, Ask) and runner.asking.slot_type(frame, step)
    told = asked in _STORIES and danger[0] == "account"
    if told or script.owner.kind is not OwnerKind.ASSISTANT:
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
