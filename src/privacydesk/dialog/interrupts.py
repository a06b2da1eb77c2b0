"""Interrupts: what works at every step without a line in a flow, before the open form.

A change of language, a child writing, another's account, somebody in danger, the queue, and
commands. Exact words and buttons always work; ``following`` handles recognised sentences.
"""

from __future__ import annotations

from typing import Final

from privacydesk.dialog import commands, languages, opening_hours, queueing, reading
from privacydesk.dialog.options import whose
from privacydesk.dialog.request_actions import may_be_added_to
from privacydesk.dialog.runner import Runner
from privacydesk.dialog.schema import Ask, Confirm
from privacydesk.dialog.script import Script
from privacydesk.dialog.slots import TO_STAFF
from privacydesk.domain.conversation import OwnerKind
from privacydesk.domain.effects import AddMaterial
from privacydesk.domain.intents import ABOUT_OTHERS, Intent
from privacydesk.domain.reading import ReplyAct
from privacydesk.domain.ticket import MaterialKind, Requester

_OF_PROPERTY: Final = {"account": "desk.other_to_human", "fraud": "desk.defrauded"}
"""Dangers to an account or to money, with what is said of them at once."""
_STORIES: Final = frozenset({"long_text", *TO_STAFF})
"""Types of answers in which people tell at length what happened."""


def cares(runner: Runner, script: Script, *, labelled: bool) -> bool:
    """Handle what comes before all else: language, who writes, danger, opening hours.

    Args:
        runner: runs the flows.
        script: the turn being written.
        labelled: the text is the label of a button of the open question.

    Returns:
        Whether the message needs no further handling.
    """
    languages.follow(runner, script)
    if _mind_minor(runner, script) or mind_danger(runner, script):
        return True
    return not labelled and (_mind_owner(runner, script) or opening_hours.tell(runner, script))


def obeys(runner: Runner, script: Script, *, labelled: bool) -> bool:
    """Handle what comes before any form: the queue, commands; return whether that was all.

    The label of a button of the open question is no command.
    """
    if not labelled and _asks_person(runner, script):
        return runner.start(script, Intent.HUMAN_AGENT)
    if script.owner.kind is OwnerKind.QUEUE and queueing.while_queued(runner, script):
        return True
    if not commands.is_desk_word(script):
        script.desk_calls = 0
    return not labelled and commands.obey(runner, script)


def _asks_person(runner: Runner, script: Script) -> bool:
    """Whether a message at a confirmation asks for a person, whatever else it says.

    At other questions the answer itself may mention persons.
    """
    _, step = runner.waiting_step(script)
    asked = isinstance(step, Confirm) and script.owner.kind is OwnerKind.ASSISTANT
    entities = script.observed.entities
    # A message that begins with a yes is taken as one first; see ``confirming``.
    return asked and bool(entities.get("asks_person")) and not entities.get("opens_with")


def _mind_minor(runner: Runner, script: Script) -> bool:
    """Note that the user is a minor; a child is asked nothing more (children's statement)."""
    group = "".join(script.observed.entities.get("own_age_group", ()))
    if not group and _is_of_unknown_age(runner, script):
        script.minor_hint = True
        return runner.start(script, Intent.UNDERAGE_REPORT)
    if group in {"", "adult"}:
        return False
    if _asks_of_somebody_else(runner, script) and reading.does(script, ReplyAct.ANSWER):
        # "Ten this year" answers how old the child is.
        return False
    fresh, script.minor_hint = not script.minor_hint, True
    if fresh:
        _mark_filed(script)
    if fresh and group == "teen" and _files_for_oneself(runner, script):
        script.say("minor_speaks.teen")
    if group != "under_14" or "minor_speaks" not in runner.flows:
        return False
    if any(frame.flow == "minor_speaks" for frame in script.stack):
        return False
    runner.drop_all(script)
    runner.start_flow(script, "minor_speaks", {})
    return True


def _mark_filed(script: Script) -> None:
    """Mark the requests that a minor filed here before they told their age."""
    script.effects += [
        AddMaterial(one.id, MaterialKind.MATERIAL, script.whole_message, flags=frozenset({"minor"}))
        for one in script.tickets_of(whose(script))
        if one.conversation_id == script.before.id
        and one.requester is Requester.SUBJECT
        and may_be_added_to(one)
        and not one.involves_minor
    ]


def _mind_owner(runner: Runner, script: Script) -> bool:
    """Hand over to a person if a user says that the account they use isn't theirs.

    Nothing is filed in its owner's name, whatever was begun: a code sent to a phone number proves
    nothing to those who got the number from somebody else.
    """
    if not script.observed.entities.get("not_theirs") or script.owner.kind is not (
        OwnerKind.ASSISTANT
    ):
        return False
    kinds = {runner.flows[frame.flow].kind for frame in script.stack} - {None}
    if kinds & ABOUT_OTHERS or (script.stack and not kinds):
        return False
    runner.drop_all(script)
    script.say("desk.not_their_account")
    if script.account:
        script.say("desk.leave_account")
    return runner.start(script, Intent.HUMAN_AGENT)


def _is_of_unknown_age(runner: Runner, script: Script) -> bool:
    """Whether the user, in a form about their own data, claims to be under age without an age."""
    me = "me" in reading.phrases_of(script.observed.entities)
    return me and not script.minor_hint and _files_for_oneself(runner, script)


def _files_for_oneself(runner: Runner, script: Script) -> bool:
    """Whether the open form makes a request about the user's own data."""
    if not script.stack or _asks_of_somebody_else(runner, script):
        return False
    flow = runner.flows[script.stack[script.form_at()].flow]
    return flow.kind is not None and Intent.UNDERAGE_REPORT not in flow.intents


def mind_danger(runner: Runner, script: Script) -> bool:
    """Hand over at once if somebody is in danger: "a man wants to meet my daughter".

    They come first in the queue, also if they were in it before. Where a story is asked for, a
    hijacked account is part of it.
    """
    entities = script.observed.entities
    danger = entities.get("in_danger", ())
    if entities.get("defrauded") and {*danger} <= {"account"}:
        danger = ("fraud",)
    if not danger:
        return False
    if danger[0] == "child":
        script.minor_hint = True
    frame, step = runner.waiting_step(script)
    asked = frame and isinstance(step, Ask) and runner.asking.slot_type(frame, step)
    if danger[0] in _OF_PROPERTY:
        # It endangers nobody's life, and the agent who takes over says what comes next.
        if asked in _STORIES or script.owner.kind is not OwnerKind.ASSISTANT:
            return False
        script.say(_OF_PROPERTY[danger[0]])
        return runner.start(script, Intent.HUMAN_AGENT)
    was_told, script.danger_at = script.danger_at is not None, script.danger_at or script.now
    if script.owner.kind is OwnerKind.ASSISTANT:
        _say_who_helps(script)
        return runner.start(script, Intent.HUMAN_AGENT)
    if not was_told:
        _say_who_helps(script)
    queueing.acknowledge(script, anew=not was_told)
    return True


def _say_who_helps(script: Script) -> None:
    """Say whom to call at once, whether or not anybody of the desk is there."""
    helplines = script.rules.helplines.get(script.locale, "")
    if helplines:
        script.say("desk.in_danger_call", {"helplines": helplines})
    else:
        script.say("desk.in_danger")


def _asks_of_somebody_else(runner: Runner, script: Script) -> bool:
    """Whether the open form is about a child or a reported person."""
    if not script.stack:
        return False
    form = script.stack[script.form_at()]
    intents = runner.flows[form.flow].intents
    reported = Intent.UNDERAGE_REPORT in intents and form.slots.get("whose") not in {None, "me"}
    return Intent.GUARDIAN in intents or reported
