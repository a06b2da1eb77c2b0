"""Applying an answer to a flow: a value, a button, a yes or no, files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from privacydesk.dialog import (
    desk_buttons,
    entries,
    filling,
    interrupts,
    openings,
    question_cards,
    questions,
    queueing,
    rating,
    reading,
    widening,
)
from privacydesk.dialog.asking import APART
from privacydesk.dialog.runner import Runner
from privacydesk.dialog.running import Running, evidence_in
from privacydesk.dialog.schema import ALL, Ask, confirmed_keys
from privacydesk.dialog.script import Script
from privacydesk.dialog.slots import (
    AMENDS,
    FILES,
    FILLED_FROM,
    LONG_TEXT_LIMIT,
    TO_STAFF,
    account_named,
    all_but_kept,
    names_own_contact,
    parse,
    takes_files,
    values_in,
)
from privacydesk.domain.conversation import OwnerKind
from privacydesk.domain.effects import DropEvidence
from privacydesk.domain.events import Choice, EventKind, Sender
from privacydesk.domain.intents import Intent
from privacydesk.domain.reading import ReplyAct
from privacydesk.domain.turn import UploadMessage

_INTENTS = frozenset(intent.value for intent in Intent)


def take_menu_choice(runner: Runner, script: Script, choice: Choice) -> None:
    """Follow a button that belongs to no form: of the menu, or of what the desk itself asks."""
    if choice.id.startswith("desk:"):
        desk_buttons.press(runner, script, choice.id, silent=True)
        return
    if rating.take(runner, script, choice):
        return
    if choice.value in _INTENTS:
        told = script.prompt.requests if script.prompt is not None else ()
        wish = next((one for one in told if one.intent.value == choice.value), None)
        if wish is None or not runner.begin(script, wish):
            runner.start(script, Intent(choice.value))
        return
    runner.prompt_again(script)


def take_choice(runner: Runner, script: Script, frame: Running, step: Ask, choice: Choice) -> None:
    """Take a button of the open question."""
    if choice.id.startswith("desk:"):
        desk_buttons.press(runner, script, choice.id, silent=True)
    elif questions.is_held(frame, choice):
        value = questions.take_held(runner, script, frame, step, choice)
        if value is not None:
            take_value(runner, script, frame, step, value)
    elif choice.id == "_skip":
        skip(runner, script, frame, step)
    elif choice.id == "_done":
        runner.answered(script, frame, step, "answered")
        runner.run(script)
    else:
        take_value(runner, script, frame, step, choice.value)


def take_several(
    runner: Runner, script: Script, frame: Running, step: Ask, choices: Sequence[Choice]
) -> None:
    """Take all that was chosen at once; nothing more is asked for."""
    frame.misses = 0
    if not step.many and len(choices) == 1:
        take_value(runner, script, frame, step, choices[0].value)
        return
    taken = widening.taken_so_far(script, frame, step.slot) if step.many else []
    values = [*taken, *(one.value for one in choices if one.value not in taken)]
    if ALL in values:
        apart = APART.get(step.options, ())
        values = [one for one in values if one == ALL or one in apart]
    frame.slots[step.slot] = values
    runner.answered(script, frame, step, "answered")
    runner.run(script)


def take_card(
    runner: Runner, script: Script, frame: Running, step: Ask, values: question_cards.Values
) -> bool:
    """Take the answers of a card of questions; return whether they are answers to this one.

    What a field could not take is asked for again.
    """
    fields = question_cards.open_fields(runner.flows, frame, step)
    entities = script.observed.entities
    given = question_cards.answers(fields, values, entities, script.today)
    if not given:
        return False
    label = question_cards.said(fields, given)
    script.append(Sender.USER, EventKind.CHOSE, key="desk.chosen", args={"chosen": label})
    frame.misses = 0
    question_cards.hand_in(frame, fields, given)
    if interrupts.mind_danger(runner, script):
        return True
    for one in fields:
        if one.ask.slot in given and given[one.ask.slot] is None:
            script.say(one.ask.retry or f"desk.retry.{one.slot_type}")
    runner.run(script)
    return True


def take_told(
    runner: Runner,
    script: Script,
    frame: Running,
    step: Ask,
    choices: Sequence[Choice],
) -> None:
    """Take several choices that were named in one sentence, and keep the sentence."""
    values = [choice.value for choice in choices]
    frame.slots[step.told] = script.said.strip()
    runner.asking.say_foretold(script, step, values)
    take_value(runner, script, frame, step, values)


def take_somebody(runner: Runner, script: Script, frame: Running, step: Ask) -> bool:
    """Take an account named where it is asked who is meant; return whether one was.

    The account need not be asked for any more then.
    """
    entities = script.observed.entities
    meant = filling.of_somebody(entities)
    offered = next((offer.value for offer in step.choices if offer.value in meant), None)
    if offered is None:
        return False
    flow = runner.flows[frame.flow]
    name = next((n for n, one in flow.slots.items() if one.type == "account_name"), "")
    if name and not frame.slots.get(name):
        frame.slots[name] = account_named(entities["account_name"])
    take_value(runner, script, frame, step, offered)
    return True


def keep_contact(runner: Runner, script: Script, frame: Running) -> None:
    """Keep a contact named early for the question that asks for one, if the flow has it."""
    contact = parse("contact", script.said, script.observed.entities)
    if contact is not None and "contact" in runner.flows[frame.flow].slots:
        frame.slots["contact"] = contact


def only_gives_contact(runner: Runner, script: Script, frame: Running) -> bool:
    """Keep a contact if a message gives nothing else; return whether it did.

    "You can reach me at …" is no detail of the request, even where any text would be one.
    """
    entities = script.observed.entities
    if "contact" not in runner.flows[frame.flow].slots or not names_own_contact(
        script.said, entities
    ):
        return False
    if reading.does(script, ReplyAct.ANSWER):
        return False
    keep_contact(runner, script, frame)
    return True


def keep_words(script: Script, frame: Running, step: Ask) -> None:
    """Keep the sentence that chose a button and adds details: "delete the photos, keep the rest".

    Otherwise the details asked for next could be skipped, and everything would be meant.
    """
    told = any(script.observed.entities.get(kind) for kind in openings.SAYS_OF_WHAT)
    if step.told and told:
        frame.slots[SAID_BEFORE] = [step.told, script.said.strip()]


def _with_words(frame: Running, step: Ask, answer: str) -> str:
    """Return an answer with what was said about it before, if anything was."""
    slot, said = frame.slots.get(SAID_BEFORE) or ("", "")
    if slot != step.slot:
        return answer
    del frame.slots[SAID_BEFORE]
    both = f"{said}\n{answer}" if answer else said
    return both if len(both) <= LONG_TEXT_LIMIT else answer


SAID_BEFORE: Final = "_said_before"


def adds_to_story(runner: Runner, script: Script, text: str) -> bool:
    """Add to the story what is told at a later question; return whether anything was."""
    form = script.stack[script.form_at()]
    flow = runner.flows[form.flow]
    story = next(
        (n for n, one in flow.slots.items() if one.type == "long_text" and form.slots.get(n)), ""
    )
    says_of_what = any(script.observed.entities.get(kind) for kind in openings.SAYS_OF_WHAT)
    if story and (reading.tells(script) or says_of_what):
        told = f"{form.slots[story]}\n{text.strip()}"
        if len(told) > LONG_TEXT_LIMIT:
            return False
        form.slots[story] = told
    elif story or not (reading.tells(script) and openings.add(flow, form, text)):
        return False
    script.say("desk.told_besides")
    runner.prompt_again(script)
    return True


def keep_value(runner: Runner, script: Script, frame: Running, step: Ask, value: Any) -> None:
    """Keep the new value that is told along with the field asked for: 昵称，叫小雨."""
    flow = runner.flows[frame.flow]
    if step.slot == entries.FIELD and entries.takes_values(flow):
        frame.slots.update(entries.told_of(str(value), script.observed.entities, asked=True))


def skip(runner: Runner, script: Script, frame: Running, step: Ask) -> None:
    """Skip the open question, or let what was told already be its answer."""
    if openings.answers(frame, step):
        take_value(runner, script, frame, step, "")
        return
    frame.slots.pop(step.slot, None)
    if step.skip and frame.slots.get(SAID_BEFORE) and (told := _with_words(frame, step, "")):
        frame.slots[step.slot] = told
    runner.answered(script, frame, step, "skipped")
    runner.run(script)


def take_value(runner: Runner, script: Script, frame: Running, step: Ask, value: Any) -> None:
    """Take a value that the question accepts; if it takes several, ask for more."""
    frame.misses = 0
    if step.told and frame.slots.get(SAID_BEFORE, ("", ""))[1] != script.said.strip():
        # Another button was taken since, and the words belonged to the first one.
        frame.slots.pop(SAID_BEFORE, None)
    if step.many:
        taken = widening.taken_so_far(script, frame, step.slot)
        values = values_in(value)
        slot_type, entities = runner.asking.slot_type(frame, step), script.observed.entities
        found = entities.get(FILLED_FROM.get(slot_type, ""), ())
        for one in (*values, *found):
            if one not in taken:
                taken.append(one)
        frame.slots[step.slot] = ["all"] if "all" in taken else taken
        widening.limit(runner, script, frame)
        said = reading.phrases_of(entities)
        # A user who says what alone should stay has named everything else.
        whole = "all" in taken or all_but_kept(slot_type, entities) is not None
        if not whole and "done" not in said:
            runner.asking.ask_more(script, frame, step)
            return
    else:
        keeps = step.skip and isinstance(value, str)
        told = _with_words(frame, step, value) if keeps else value
        frame.slots[step.slot] = openings.with_more(frame, step, told)
    runner.answered(script, frame, step, "answered")
    runner.run(script)


def take_confirmation(runner: Runner, script: Script, frame: Running, outcome: str) -> None:
    """Take a "yes" or a "no" at a confirmation; the time of a "yes" is kept."""
    if outcome == "no" and AMENDS in frame.slots:
        # The flow would say that nothing was filed; the request as it was still is.
        runner.cancel_form(script)
        return
    frame.confirmed_at = script.now if outcome == "yes" else None
    frame.agreed = confirmed_keys(runner.flows[frame.flow], frame.state) if outcome == "yes" else ()
    runner.fire(frame, outcome)
    runner.run(script)


def take_files(runner: Runner, script: Script, message: UploadMessage) -> None:
    """Take files, if they were asked for; those that a form already holds are ignored."""
    files = [{"name": u.name, "size": u.size, "media_type": u.media_type} for u in message.uploads]
    script.append(Sender.USER, EventKind.UPLOADED, data={"files": files})
    script.last_said_at = script.now
    held = evidence_in(script.stack)
    fresh = [upload for upload in message.uploads if upload.id not in held]
    frame, step = runner.waiting_step(script)
    if (
        frame is None
        or not isinstance(step, Ask)
        or not takes_files(runner.asking.slot_type(frame, step))
    ):
        script.effects.append(DropEvidence(tuple(u.id for u in fresh)))
        script.say("desk.upload_declined")
        runner.prompt_again(script)
        return
    if not fresh:
        script.say("desk.upload_known")
        runner.prompt_again(script)
        return
    frame.slots[FILES] = [
        *(frame.slots.get(FILES) or ()),
        *({"id": u.id.hex(), "name": u.name} for u in fresh),
    ]
    if message.text and runner.asking.slot_type(frame, step) in TO_STAFF:
        # The words, which are handled next, answer the question for both.
        return
    if step.many and not message.done:
        runner.asking.ask_more(script, frame, step)
        return
    script.say("desk.upload_received", {"count": len(fresh)})
    runner.answered(script, frame, step, "answered")
    runner.run(script)


def share_files(script: Script, message: UploadMessage) -> None:
    """Show files to the agent who is there or will be, as a part of the conversation, of no form.

    The service stores them with the event, under the same ids.
    """
    files = [
        {"id": u.id.hex(), "name": u.name, "size": u.size, "media_type": u.media_type}
        for u in message.uploads
    ]
    script.append(Sender.USER, EventKind.UPLOADED, data={"files": files})
    script.last_said_at = script.now
    held = evidence_in(script.stack)
    script.effects.append(DropEvidence(tuple(u.id for u in message.uploads if u.id not in held)))
    if script.owner.kind is OwnerKind.QUEUE and not message.text:
        queueing.acknowledge(script)
