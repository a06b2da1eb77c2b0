"""The engine: one message in, one turn out. Pure; time and randomness come from outside.

``needs`` names what a message has to be looked at for; ``advance`` decides. A decision that wants
rows which were not locked raises ``NeedsMore``, and the service comes back with them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from privacydesk.dialog import arguments, interrupts, notices
from privacydesk.dialog.actions import ACTIONS, RECEIVERS, WAITS, Act
from privacydesk.dialog.guards import GUARDS, account_of
from privacydesk.dialog.machines import FlowMachine
from privacydesk.dialog.options import choices_from, is_constrained
from privacydesk.dialog.rules import Rules
from privacydesk.dialog.schema import (
    Ask,
    Branch,
    Call,
    Card,
    Confirm,
    Do,
    End,
    Flow,
    Say,
    Step,
)
from privacydesk.dialog.script import (
    NeedsMore,
    Running,
    Script,
    human_choice,
    menu_choices,
    more_choices,
)
from privacydesk.dialog.slots import (
    FILLED_FROM,
    blot_codes,
    code_digits,
    fold,
    input_kind,
    match_choice,
    parse,
)
from privacydesk.dialog.vocabulary import ACTIONS as ACTION_SPECS
from privacydesk.dialog.vocabulary import DESTRUCTIVE_KINDS, KIND_ASSURANCE
from privacydesk.domain.conversation import OwnerKind
from privacydesk.domain.effects import DropEvidence
from privacydesk.domain.events import Choice, ChoiceStyle, EventKind, InputKind, Sender
from privacydesk.domain.identity import Assurance
from privacydesk.domain.intents import Intent
from privacydesk.domain.ticket import Ticket
from privacydesk.domain.turn import (
    CameDue,
    Chose,
    Decided,
    Message,
    Needs,
    Result,
    Said,
    Snapshot,
    Turn,
    Uploaded,
)

Labels = Callable[[str, str, Mapping[str, Any]], str]
"""The words of a key in a locale; the engine compares typed words with button labels by it."""

_STEPS_A_TURN = 200
"""Cycles contain a waiting step, which the checker proves; this bounds what it can't know of."""

_OWN_TICKETS = frozenset({"list_requests", "withdraw_ticket", "file_objection", "decline_closing"})
_MISSES_BEFORE_HUMAN = 3
_MISSES_REPEAT = 3
_STACK_LIMIT = 6


@dataclass(frozen=True, slots=True)
class _Stop:
    """The user or the outside has the turn."""


class Engine:
    """Runs flows.

    Args:
        flows: the checked flows by name.
        rules: what the operator sets.
        labels: words of a key, for typed button labels.
        locales: the languages the desk speaks.
    """

    def __init__(
        self,
        flows: Mapping[str, Flow],
        rules: Rules,
        labels: Labels,
        locales: frozenset[str] = frozenset({"zh_Hans", "zh_Hant", "en"}),
    ) -> None:
        self.flows = flows
        self.locales = locales
        self.rules = rules
        self.labels = labels
        self.machines = {name: FlowMachine(flow) for name, flow in flows.items()}
        self._fixed: dict[tuple[str, str], tuple[Choice, ...]] = {}
        self.by_intent = {intent: flow for flow in flows.values() for intent in flow.intents}

    # -- what a message has to be looked at for ------------------------------------------------

    def needs(self, snapshot: Snapshot, message: Message) -> Needs:
        """Name what the service shall find out about ``message`` before it is decided."""
        if not isinstance(message, Said):
            return Needs()
        label = self._code_target(snapshot)
        if label:
            return Needs(code_target=label, challenges=(label,))
        return Needs()

    def _code_target(self, snapshot: Snapshot) -> str:
        stack = snapshot.conversation.stack
        if not stack or stack[-1].waiting is not None:
            return ""
        frame = stack[-1]
        flow = self.flows.get(frame.flow)
        step = flow.steps.get(frame.step) if flow else None
        if flow is None or not isinstance(step, Ask):
            return ""
        if flow.slots[step.slot].type != "code":
            return ""
        return str(frame.slots.get("_target", ""))

    def asks_for(self, snapshot: Snapshot) -> InputKind | None:
        """Return the input the open question takes; None when none is open."""
        stack = snapshot.conversation.stack
        if not stack or stack[-1].waiting is not None:
            return None
        flow = self.flows.get(stack[-1].flow)
        step = flow.steps.get(stack[-1].step) if flow else None
        if flow is None or not isinstance(step, Ask):
            return None
        return input_kind(flow.slots[step.slot].type)

    # -- first contact -------------------------------------------------------------------------

    def greet(self, snapshot: Snapshot, now: datetime, job_id: str) -> Turn:
        """Say who answers, what is recorded and how to reach a person; once, at the start."""
        script = self._script(snapshot, Said(job_id, ""), now)
        script.say("desk.greeting", {"days": self.rules.retention_days, "app": self.rules.app})
        self.show_menu(script, "desk.menu")
        return script.turn()

    # -- the decision --------------------------------------------------------------------------

    def advance(self, snapshot: Snapshot, message: Message, now: datetime) -> Turn:
        """Decide one message.

        Raises:
            NeedsMore: rows are wanted that were not locked.
        """
        script = self._script(snapshot, message, now)
        self._mend(script)
        if isinstance(message, Said):
            self._said(script, message)
        elif isinstance(message, Chose):
            self._chose(script, message)
        elif isinstance(message, Uploaded):
            self._uploaded(script, message)
        elif isinstance(message, Decided):
            notices.decided(self, script, message)
        elif isinstance(message, Result):
            self._result(script, message)
        else:
            assert isinstance(message, CameDue)
            notices.came_due(self, script, message)
        return script.turn()

    def _script(self, snapshot: Snapshot, message: Message, now: datetime) -> Script:
        return Script(snapshot, message.observed, self.rules, now, message.job_id)

    def _mend(self, script: Script) -> None:
        """Bring frames that stand at a step of an older version back onto the flow."""
        kept: list[Running] = []
        for frame in script.stack:
            flow = self.flows.get(frame.flow)
            if flow is None:
                continue
            if frame.state not in flow.steps:
                frame.state = flow.moved.get(frame.state, flow.start)
                frame.waiting = None
                frame.trail = []
            kept.append(frame)
        if len(kept) != len(script.stack):
            script.prompt = None
        script.stack = kept

    # -- said ----------------------------------------------------------------------------------

    def _said(self, script: Script, message: Said) -> None:
        hidden = _is_code(script, message.text)
        script.append(
            Sender.USER,
            EventKind.TEXT,
            key="desk.code_hidden" if hidden else "",
            text="" if hidden else _without_codes(script, message.text),
        )
        before, script.last_said_at = script.last_said_at, script.now
        if script.owner.kind is OwnerKind.AGENT or interrupts.comes_first(self, script):
            return
        frame, step = self._waiting_step(script)
        if frame is None:
            self._said_at_menu(script, message)
        elif frame.waiting is not None:
            if not interrupts.other_wish(self, script, free=False):
                script.say("desk.still_waiting")
        elif (
            before is not None
            and script.now - before >= self.rules.idle
            and interrupts.is_greeting(script)
        ):
            script.say("desk.resumed")
            self.prompt_again(script)
        elif isinstance(step, Confirm):
            self._said_at_confirm(script, frame, message)
        elif isinstance(step, Ask):
            self._said_at_ask(script, frame, step, message)
        else:
            self.run(script)

    def _said_at_menu(self, script: Script, message: Said) -> None:
        choice = self._typed_choice(script, message.text)
        if choice is not None:
            self._take_menu_choice(script, choice)
            return
        interrupts.first_wish(self, script)

    def _typed_choice(self, script: Script, text: str, *, loosely: bool = False) -> Choice | None:
        prompt = script.prompt
        if prompt is None or not prompt.choices:
            return None
        labels = [self._label(script, choice) for choice in prompt.choices]
        return match_choice(text, prompt.choices, labels, loosely=loosely)

    def _label(self, script: Script, choice: Choice) -> str:
        if not choice.key:
            return choice.label
        return self.labels(script.locale, choice.key, choice.args)

    def _said_at_confirm(self, script: Script, frame: Running, message: Said) -> None:
        choice = self._typed_choice(script, message.text)
        if choice is not None and choice.id == "no":
            self._confirmed(script, frame, "no")
            return
        if choice is not None and choice.id == "yes":
            # Only the button's own words are a yes; its number or a bare "yes" is not.
            if fold(message.text) == fold(self._label(script, choice)):
                self._confirmed(script, frame, "yes")
                return
        elif choice is not None:
            self._take_menu_choice(script, choice)
            return
        if interrupts.correct(self, script, frame):
            return
        if interrupts.other_wish(self, script, free=False):
            return
        frame.misses += 1
        self._ask_again(script, frame, "desk.please_choose")

    def _said_at_ask(self, script: Script, frame: Running, step: Ask, message: Said) -> None:
        slot_type = self._slot_type(frame, step)
        loosely = slot_type not in {"text", "long_text"}
        choice = self._typed_choice(script, message.text, loosely=loosely)
        if choice is not None:
            self._take_choice(script, frame, step, choice)
            return
        value = parse(slot_type, message.text, script.observed.entities)
        free = slot_type in {"text", "long_text"}
        if value is not None and (free or not self._contradicts(script, frame, step, value)):
            self._take_value(script, frame, step, value)
            return
        if interrupts.correct(self, script, frame):
            return
        if interrupts.other_wish(self, script, free=free):
            return
        frame.misses += 1
        self._ask_again(script, frame, step.retry or f"desk.retry.{slot_type}")

    def _ask_again(self, script: Script, frame: Running, key: str) -> None:
        """Say why an answer could not be taken, with the buttons of the question.

        The question stands right above, so it is not said twice; after a few misses it is, with a
        person to turn to.
        """
        prompt = script.prompt
        if prompt is None or prompt.serial != frame.serial or frame.misses % _MISSES_REPEAT == 0:
            script.say(key)
            self.run(script)
            return
        script.ask(
            key,
            {},
            prompt.choices,
            input_kind=self.asks_for(Snapshot(script.before)),
            serial=frame.serial,
        )

    def _contradicts(self, script: Script, frame: Running, step: Ask, value: Any) -> bool:
        """Tell whether a value is not among those that are offered."""
        if not step.options or not is_constrained(step.options):
            return False
        offered = choices_from(step.options, script, frame)
        return all(choice.value != value for choice in offered)

    # -- chose ---------------------------------------------------------------------------------

    def _chose(self, script: Script, message: Chose) -> None:
        script.last_said_at = script.now
        if message.choice.startswith("desk:"):
            interrupts.desk_choice(self, script, message.choice)
            return
        prompt = script.prompt
        live = prompt is not None and message.offset == prompt.offset
        choice = (
            next((c for c in prompt.choices if c.id == message.choice), None)
            if prompt is not None and live
            else None
        )
        if script.owner.kind is OwnerKind.AGENT:
            script.append(Sender.SYSTEM, EventKind.TEXT, key="desk.choice_closed")
            return
        if choice is None:
            script.say("desk.choice_closed")
            self.prompt_again(script)
            return
        script.append(
            Sender.USER, EventKind.CHOSE, key=choice.key, args=choice.args, text=choice.label
        )
        frame, step = self._waiting_step(script)
        assert prompt is not None
        if frame is None or prompt.serial != frame.serial or frame.waiting is not None:
            self._take_menu_choice(script, choice)
        elif isinstance(step, Confirm) and choice.id in {"yes", "no"}:
            self._confirmed(script, frame, choice.id)
        elif isinstance(step, Ask):
            self._take_choice(script, frame, step, choice)
        else:
            self._take_menu_choice(script, choice)

    def _take_menu_choice(self, script: Script, choice: Choice) -> None:
        if choice.id.startswith("desk:"):
            interrupts.desk_choice(self, script, choice.id, silent=True)
            return
        if choice.value in set(Intent):
            self.start(script, Intent(choice.value))
            return
        self.prompt_again(script)

    def _take_choice(self, script: Script, frame: Running, step: Ask, choice: Choice) -> None:
        if choice.id.startswith("desk:"):
            interrupts.desk_choice(self, script, choice.id, silent=True)
        elif choice.id == "_skip":
            frame.slots.pop(step.slot, None)
            self._answered(script, frame, step, "skipped")
            self.run(script)
        elif choice.id == "_done":
            self._answered(script, frame, step, "answered")
            self.run(script)
        else:
            self._take_value(script, frame, step, choice.value)

    def _take_value(self, script: Script, frame: Running, step: Ask, value: Any) -> None:
        frame.misses = 0
        if step.many:
            taken = list(frame.slots.get(step.slot) or ())
            values = value if isinstance(value, list) else [value]
            found = script.observed.entities.get(
                FILLED_FROM.get(self._slot_type(frame, step), ""), ()
            )
            for one in (*values, *found):
                if one not in taken:
                    taken.append(one)
            frame.slots[step.slot] = ["all"] if "all" in taken else taken
            if "all" not in taken:
                self._ask_more(script, frame, step)
                return
        else:
            frame.slots[step.slot] = value
        self._answered(script, frame, step, "answered")
        self.run(script)

    def _ask_more(self, script: Script, frame: Running, step: Ask) -> None:
        choices = [
            c for c in self._choices(script, frame, step) if c.value not in frame.slots[step.slot]
        ]
        slot_type = self._slot_type(frame, step)
        script.ask(
            "desk.ask_more",
            {"chosen": arguments.shown_slot(slot_type, frame.slots[step.slot])},
            choices,
            input_kind=input_kind(slot_type),
            serial=frame.serial,
        )

    def _confirmed(self, script: Script, frame: Running, outcome: str) -> None:
        frame.confirmed_at = script.now if outcome == "yes" else None
        self.fire(frame, outcome)
        self.run(script)

    def _answered(self, script: Script, frame: Running, step: Ask, trigger: str) -> None:
        # A yes was given to what was known then; it does not cover what is answered after it.
        for one in script.stack:
            one.confirmed_at = None
        if step.id in frame.trail:
            frame.trail.remove(step.id)
        frame.trail.append(step.id)
        frame.misses = 0
        self.fire(frame, trigger)

    # -- uploaded ------------------------------------------------------------------------------

    def _uploaded(self, script: Script, message: Uploaded) -> None:
        files = [
            {"name": u.name, "size": u.size, "media_type": u.media_type} for u in message.uploads
        ]
        script.append(Sender.USER, EventKind.UPLOADED, data={"files": files})
        script.last_said_at = script.now
        frame, step = self._waiting_step(script)
        if (
            frame is None
            or not isinstance(step, Ask)
            or self._slot_type(frame, step) != "evidence"
            or script.owner.kind is OwnerKind.AGENT
        ):
            script.effects.append(DropEvidence(tuple(u.id for u in message.uploads)))
            if script.owner.kind is OwnerKind.AGENT:
                script.append(Sender.SYSTEM, EventKind.TEXT, key="desk.upload_declined")
                return
            script.say("desk.upload_declined")
            self.prompt_again(script)
            return
        taken = [
            *(frame.slots.get(step.slot) or ()),
            *({"id": u.id.hex(), "name": u.name} for u in message.uploads),
        ]
        frame.slots[step.slot] = taken
        script.say("desk.upload_received", {"count": len(message.uploads)})
        if step.many:
            self._ask_more_files(script, frame, step)
            return
        self._answered(script, frame, step, "answered")
        self.run(script)

    def _ask_more_files(self, script: Script, frame: Running, step: Ask) -> None:
        script.ask(
            "desk.upload_more",
            {"count": len(frame.slots[step.slot])},
            (_done_choice(),),
            input_kind=input_kind("evidence"),
            serial=frame.serial,
        )

    # -- results from outside ------------------------------------------------------------------

    def _result(self, script: Script, message: Result) -> None:
        if message.ticket is not None:
            notices.result(self, script, message)
            return
        frame = next(
            (f for f in script.stack if f.waiting is not None and f.waiting.ref == message.ref),
            None,
        )
        if frame is None:
            # The form was cancelled or has moved on: a named transition to nowhere.
            return
        flow = self.flows[frame.flow]
        step = flow.steps[frame.state]
        frame.waiting = None
        assert isinstance(step, Do)
        act = Act(script, frame, flow, step.params)
        outcome = RECEIVERS[step.action](act, message.outcome, message.data)
        self.fire(frame, outcome)
        if frame is script.top and script.owner.kind is not OwnerKind.AGENT:
            self.run(script)
            return
        # The form goes on later; its state is kept with what is said now.
        script.append(Sender.SYSTEM, EventKind.TEXT, key="desk.came_in")
        self.prompt_again(script)

    # -- running flows -------------------------------------------------------------------------

    def start(self, script: Script, intent: Intent) -> bool:
        """Begin the flow of an intent; one that is already running is gone back to."""
        flow = self.by_intent.get(intent)
        if flow is None:
            return False
        for place, frame in enumerate(script.stack):
            if frame.flow == flow.name:
                self.drop_from(script, place + 1)
                while script.stack and script.top is not frame:
                    script.stack.pop()
                self.run(script)
                return True
        if len(script.stack) >= _STACK_LIMIT:
            self.drop_from(script, 0)
        slots = self._prefilled(script, flow)
        script.unanswered = 0
        script.push(flow.name, flow.start, slots, called=False)
        self.run(script)
        return True

    def start_flow(self, script: Script, name: str, slots: Mapping[str, Any]) -> None:
        """Begin a flow by name."""
        flow = self.flows[name]
        script.push(name, flow.start, slots, called=False)
        self.run(script)

    def _prefilled(self, script: Script, flow: Flow) -> dict[str, Any]:
        """Fill slots from what the sentence already says, so that it is not asked again."""
        slots: dict[str, Any] = {}
        many = {s.slot for s in flow.steps.values() if isinstance(s, Ask) and s.many}
        asked = {s.slot for s in flow.steps.values() if isinstance(s, Ask)}
        for name, spec in flow.slots.items():
            found = script.observed.entities.get(FILLED_FROM.get(spec.type, ""), ())
            if name not in asked or not found:
                continue
            if name in many:
                slots[name] = list(found)
            elif len(found) == 1:
                slots[name] = found[0]
        return slots

    def drop_from(self, script: Script, place: int) -> None:
        """Leave the forms from a place of the stack on; files handed to them are not kept."""
        dropped = script.stack[place:]
        evidence = [one for frame in dropped for one in frame.slots.get("evidence") or ()]
        if evidence:
            ids = tuple(bytes.fromhex(one["id"]) for one in evidence)
            script.effects.append(DropEvidence(ids))  # type: ignore[arg-type]
        del script.stack[place:]

    def drop_all(self, script: Script) -> None:
        """Leave every open form; nothing of them was filed."""
        self.drop_from(script, 0)
        script.prompt = None

    def accepts(self, script: Script, frame: Running, step: Ask, value: Any) -> bool:
        """Tell whether a step may take a value that was not asked for just now."""
        return not self._contradicts(script, frame, step, value)

    def refuse(self, script: Script) -> bool:
        """Take a plain no for the open question's own way of saying it; tell whether it has one."""
        frame, step = self._waiting_step(script)
        if frame is None or frame.waiting is not None:
            return False
        if isinstance(step, Confirm):
            self.fire(frame, "no")
        elif isinstance(step, Ask) and step.skip:
            frame.slots.pop(step.slot, None)
            self._answered(script, frame, step, "skipped")
        else:
            return False
        self.run(script)
        return True

    def start_closing(self, script: Script, ticket: Ticket) -> None:
        """Give the user the last word on an approved closing (policy article 7, section 3)."""
        flow = self.flows["confirm_closing"]
        slots = {"ticket": ticket.id.hex(), "account": ticket.account}
        script.push(flow.name, flow.start, slots, called=False)
        if script.owner.kind is not OwnerKind.AGENT:
            self.run(script)

    def cancel_form(self, script: Script) -> None:
        """Stop the innermost request; what it was pushed upon goes on."""
        place = len(script.stack) - 1
        while place > 0 and script.stack[place].called:
            place -= 1
        self.drop_from(script, max(place, 0))
        script.prompt = None
        script.say("desk.cancelled")
        self.resume(script)

    def resume(self, script: Script) -> None:
        """Go on with what is below, or offer the menu."""
        if script.stack:
            script.say("desk.resumed")
            self.run(script)
        else:
            self.offer_more(script)

    def run(self, script: Script) -> None:
        """Walk steps until the user or the outside has the turn."""
        for _ in range(_STEPS_A_TURN):
            frame = script.top
            if frame is None:
                return
            if frame.waiting is not None:
                script.prompt = None
                return
            flow = self.flows[frame.flow]
            if self._step(script, frame, flow, flow.steps[frame.state]) is not None:
                return
        raise RuntimeError(f"flow {script.stack[-1].flow} does not come to rest")

    def _step(self, script: Script, frame: Running, flow: Flow, step: Step) -> _Stop | None:
        if isinstance(step, Say):
            self._say(script, frame, flow, step)
            self.fire(frame, "next")
        elif isinstance(step, Ask):
            if self._already_answered(script, frame, step):
                self._answered(script, frame, step, "answered")
                return None
            self._ask(script, frame, flow, step)
            return _Stop()
        elif isinstance(step, Confirm):
            self._confirm(script, frame, flow, step)
            return _Stop()
        elif isinstance(step, Do):
            return self._do(script, frame, flow, step)
        elif isinstance(step, Call):
            child = self.flows[step.flow]
            slots = {
                name: self._param(frame, value)
                for name, value in step.params.items()
                if self._param(frame, value) is not None
            }
            slots.setdefault("account", account_of(script, frame))
            script.push(child.name, child.start, slots, called=True)
        elif isinstance(step, Branch):
            params = {name: self._param(frame, value) for name, value in step.params.items()}
            self.fire(frame, GUARDS[step.guard](script, frame, flow.kind, params))
        else:
            return self._end(script, frame, flow, step)
        return None

    def _already_answered(self, script: Script, frame: Running, step: Ask) -> bool:
        value = frame.slots.get(step.slot)
        if step.id in frame.trail or value in (None, "", []):
            return False
        return not self._contradicts(script, frame, step, value)

    def _param(self, frame: Running, value: Any) -> Any:
        if isinstance(value, str) and value.startswith("$"):
            return frame.slots.get(value[1:])
        return value

    def _say(self, script: Script, frame: Running, flow: Flow, step: Say) -> None:
        args = arguments.build(script, frame, flow, step.args)
        if step.card is Card.DETAILS:
            rows = frame.slots.get(step.rows) or []
            script.say(step.text, args, kind=EventKind.DETAILS, data={"rows": rows})
        elif step.card is Card.WARNING:
            script.say(step.text, args, kind=EventKind.WARNING)
        else:
            script.say(step.text, args)

    def _ask(self, script: Script, frame: Running, flow: Flow, step: Ask) -> None:
        choices = self._choices(script, frame, step)
        if frame.misses >= _MISSES_BEFORE_HUMAN and all(c.id != "desk:human" for c in choices):
            choices = (*choices, human_choice())
        script.ask(
            step.text,
            arguments.build(script, frame, flow, step.args),
            choices,
            input_kind=input_kind(self._slot_type(frame, step)),
            serial=frame.serial,
        )

    def _choices(self, script: Script, frame: Running, step: Ask) -> tuple[Choice, ...]:
        if step.options or step.many:
            return self._offered(script, frame, step)
        place = (frame.flow, step.id)
        fixed = self._fixed.get(place)
        if fixed is None:
            # The same tuple each time: what is made of it is found again.
            fixed = self._fixed[place] = self._offered(script, frame, step)
        return fixed

    def _offered(self, script: Script, frame: Running, step: Ask) -> tuple[Choice, ...]:
        offered: list[Choice] = []
        if step.options:
            offered += choices_from(step.options, script, frame)
        offered += [
            Choice(id=o.value, key=o.text, style=o.style, value=o.value) for o in step.choices
        ]
        if step.many and frame.slots.get(step.slot):
            offered.append(_done_choice())
        if step.skip:
            offered.append(Choice(id="_skip", key=step.skip, style=ChoiceStyle.QUIET))
        return tuple(offered)

    def _confirm(self, script: Script, frame: Running, flow: Flow, step: Confirm) -> None:
        danger = step.card is Card.WARNING
        script.ask(
            step.text,
            arguments.build(script, frame, flow, step.args),
            (
                Choice(
                    id="yes",
                    key=step.yes,
                    style=ChoiceStyle.DANGER if danger else ChoiceStyle.PRIMARY,
                ),
                Choice(id="no", key=step.no),
            ),
            kind=EventKind.WARNING if danger else EventKind.TEXT,
            serial=frame.serial,
        )

    def _do(self, script: Script, frame: Running, flow: Flow, step: Do) -> _Stop | None:
        if not self._is_allowed(script, frame, flow, step):
            self._verify_again(frame, flow)
            return None
        if _is_destructive(flow, step):
            if not self._is_confirmed(script, frame, flow, step):
                self._confirm_again(frame, flow, step)
                return None
            frame.confirmed_at = None
        outcome = ACTIONS[step.action](Act(script, frame, flow, step.params))
        if outcome == WAITS:
            script.prompt = None
            return _Stop()
        if step.action in {"file_ticket", "file_unverified", "file_objection"}:
            self.fire(frame, outcome)
            self._show_filed(script, frame, flow)
            return None
        self.fire(frame, outcome)
        return None

    def _show_filed(self, script: Script, frame: Running, flow: Flow) -> None:
        """Say what was filed, then show its card, then go on."""
        step = flow.steps[frame.state]
        if isinstance(step, Say):
            self._say(script, frame, flow, step)
            self.fire(frame, "next")
        script.show_ticket({"$symbol": frame.slots["ticket"]})

    def _is_allowed(self, script: Script, frame: Running, flow: Flow, step: Do) -> bool:
        """Refuse at run time what lacks assurance; the checker proves that it never happens."""
        level = _level(flow, step)
        if level is Assurance.NONE:
            return True
        if step.action in _OWN_TICKETS:
            # Which tickets are theirs is checked one by one, by account, contact or conversation.
            return True
        return script.is_verified(account_of(script, frame), level) is not None

    def _is_confirmed(self, script: Script, frame: Running, flow: Flow, step: Do) -> bool:
        """Tell whether the user said yes to this lately, when they had already been verified."""
        at = frame.confirmed_at
        if at is None or script.now - at > script.rules.fresh:
            return False
        proof = script.is_verified(account_of(script, frame), _level(flow, step))
        # A session is there all the time; its proof is made up anew whenever it is asked for.
        return proof is not None and (proof.level <= Assurance.APP_SESSION or proof.at <= at)

    def _confirm_again(self, frame: Running, flow: Flow, step: Do) -> None:
        """What can't be undone was not said yes to: ask for it, at the question before it."""
        asking = [s for s in flow.steps.values() if isinstance(s, Confirm)]
        if not asking:
            raise RuntimeError(f"flow {flow.name} acts without a way to confirm")
        frame.state = next((s for s in asking if s.on["yes"] == step.id), asking[0]).id

    def _verify_again(self, frame: Running, flow: Flow) -> None:
        """A proof has grown old: go back to where the flow verifies, then confirm anew."""
        for step in flow.steps.values():
            if isinstance(step, Call) and step.flow == "verify":
                frame.state = step.id
                frame.trail = []
                return
        raise RuntimeError(f"flow {flow.name} acts without a way to verify")

    def _end(self, script: Script, frame: Running, flow: Flow, step: End) -> _Stop | None:
        script.stack.pop()
        parent = script.top
        if frame.called and parent is not None:
            for name in flow.returns:
                if name in frame.slots:
                    parent.slots[name] = frame.slots[name]
            self.fire(parent, step.outcome)
            return None
        if script.owner.kind is OwnerKind.ASSISTANT:
            self.resume(script)
        else:
            # What lies below waits until a person hands the conversation back.
            script.prompt = None
        return _Stop()

    def fire(self, frame: Running, trigger: str) -> None:
        """Move a frame by an outcome."""
        self.machines[frame.flow].fire(frame, trigger)

    # -- prompts -------------------------------------------------------------------------------

    def show_menu(self, script: Script, key: str) -> None:
        """Offer what the desk can do."""
        script.ask(key, {}, menu_choices())

    def offer_more(self, script: Script) -> None:
        """Ask whether there is anything else."""
        script.ask("desk.anything_else", {}, more_choices())

    def prompt_again(self, script: Script) -> None:
        """Repeat the open question at the end of the log, so that it stays the last thing said."""
        frame = script.top
        if frame is None:
            if script.owner.kind is OwnerKind.ASSISTANT:
                self.offer_more(script)
            return
        if frame.waiting is not None or script.owner.kind is not OwnerKind.ASSISTANT:
            return
        self.run(script)

    def _waiting_step(self, script: Script) -> tuple[Running | None, Step | None]:
        frame = script.top
        if frame is None:
            return None, None
        return frame, self.flows[frame.flow].steps[frame.state]

    def _slot_type(self, frame: Running, step: Ask) -> str:
        return self.flows[frame.flow].slots[step.slot].type


def _is_code(script: Script, text: str) -> bool:
    """Tell whether words are a code that was sent here; codes are not kept.

    At the menu six digits mean nothing else: a code that was typed after its form was left.
    """
    if not code_digits(text):
        return False
    menu = not script.stack and script.owner.kind is OwnerKind.ASSISTANT
    return menu or _code_was_sent(script)


def _without_codes(script: Script, text: str) -> str:
    return blot_codes(text) if _code_was_sent(script) else text


def _code_was_sent(script: Script) -> bool:
    return any("_target" in frame.slots for frame in script.stack)


def _level(flow: Flow, step: Do) -> Assurance:
    """Return what must have been shown before an action is done."""
    level = ACTION_SPECS[step.action].assurance
    if step.action == "file_ticket" and flow.kind is not None:
        return max(level, KIND_ASSURANCE[flow.kind])
    return level


def _is_destructive(flow: Flow, step: Do) -> bool:
    """Tell whether an action needs the user's yes besides."""
    if step.action == "file_ticket":
        return flow.kind in DESTRUCTIVE_KINDS
    return ACTION_SPECS[step.action].destructive


def _done_choice() -> Choice:
    return Choice(id="_done", key="desk.ask_done", style=ChoiceStyle.PRIMARY)


__all__ = ["Engine", "NeedsMore"]
