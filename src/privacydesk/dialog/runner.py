"""Walking flows: from step to step until the user or the outside has the turn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from privacydesk.dialog import arguments, permits
from privacydesk.dialog.actions import ACTIONS, WAITS, Act
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
    Running,
    Script,
    human_choice,
    menu_choices,
    more_choices,
)
from privacydesk.dialog.slots import FILLED_FROM, input_kind
from privacydesk.domain.conversation import OwnerKind
from privacydesk.domain.effects import DropEvidence
from privacydesk.domain.events import Choice, ChoiceStyle, EventKind
from privacydesk.domain.intents import Intent
from privacydesk.domain.memo import FixedChoices
from privacydesk.domain.ticket import Ticket

_STEPS_A_TURN = 200
"""Cycles contain a waiting step, which the checker proves; this bounds what it can't know of."""

_MISSES_BEFORE_HUMAN = 3
_STACK_LIMIT = 6


@dataclass(frozen=True, slots=True)
class _Stop:
    """The user or the outside has the turn."""


class Runner:
    """Runs flows on a script.

    Args:
        flows: the checked flows by name.
        rules: what the operator sets.
        locales: the languages the desk speaks.
    """

    def __init__(self, flows: Mapping[str, Flow], rules: Rules, locales: frozenset[str]) -> None:
        self.flows = flows
        self.rules = rules
        self.locales = locales
        self.machines = {name: FlowMachine(flow) for name, flow in flows.items()}
        self.by_intent = {intent: flow for flow in flows.values() for intent in flow.intents}
        self._fixed: dict[tuple[str, str], FixedChoices] = {}

    def accepts(self, script: Script, frame: Running, step: Ask, value: Any) -> bool:
        """Tell whether a step may take a value: where only what is offered counts, it must be."""
        if not step.options or not is_constrained(step.options):
            return True
        offered = choices_from(step.options, script, frame)
        return any(choice.value == value for choice in offered)

    def answered(self, script: Script, frame: Running, step: Ask, trigger: str) -> None:
        """Note that a question was answered or skipped, and move on from it."""
        # A yes was given to what was known then; it does not cover what is answered after it.
        for one in script.stack:
            one.confirmed_at = None
        if step.id in frame.trail:
            frame.trail.remove(step.id)
        frame.trail.append(step.id)
        frame.misses = 0
        self.fire(frame, trigger)

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

    def refuse(self, script: Script) -> bool:
        """Take a plain no for the open question's own way of saying it; tell whether it has one."""
        frame, step = self.waiting_step(script)
        if frame is None or frame.waiting is not None:
            return False
        if isinstance(step, Confirm):
            self.fire(frame, "no")
        elif isinstance(step, Ask) and step.skip:
            frame.slots.pop(step.slot, None)
            self.answered(script, frame, step, "skipped")
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
                self.answered(script, frame, step, "answered")
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
        return self.accepts(script, frame, step, value)

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
        choices = self.choices_of(script, frame, step)
        if frame.misses >= _MISSES_BEFORE_HUMAN and all(c.id != "desk:human" for c in choices):
            choices = (*choices, human_choice())
        script.ask(
            step.text,
            arguments.build(script, frame, flow, step.args),
            choices,
            input_kind=input_kind(self.slot_type(frame, step)),
            serial=frame.serial,
        )

    def choices_of(self, script: Script, frame: Running, step: Ask) -> tuple[Choice, ...]:
        """Return the buttons of a question."""
        if step.options or step.many:
            return self._offered(script, frame, step)
        place = (frame.flow, step.id)
        fixed = self._fixed.get(place)
        if fixed is None:
            # The same tuple each time: what is made of it is found again.
            fixed = self._fixed[place] = FixedChoices(self._offered(script, frame, step))
        return fixed

    def _offered(self, script: Script, frame: Running, step: Ask) -> tuple[Choice, ...]:
        offered: list[Choice] = []
        if step.options:
            offered += choices_from(step.options, script, frame)
        offered += [
            Choice(id=o.value, key=o.text, style=o.style, value=o.value) for o in step.choices
        ]
        if step.many and frame.slots.get(step.slot):
            offered.append(done_choice())
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
        if not permits.is_allowed(script, frame, flow, step):
            permits.verify_again(frame, flow)
            return None
        if permits.is_destructive(flow, step):
            if not permits.is_confirmed(script, frame, flow, step):
                permits.confirm_again(frame, flow, step)
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

    def waiting_step(self, script: Script) -> tuple[Running | None, Step | None]:
        """Return the innermost frame and the step it stands at."""
        frame = script.top
        if frame is None:
            return None, None
        return frame, self.flows[frame.flow].steps[frame.state]

    def slot_type(self, frame: Running, step: Ask) -> str:
        """Return the type of the slot that a question asks for."""
        return self.flows[frame.flow].slots[step.slot].type


def done_choice() -> Choice:
    """Return the button that says that nothing more is to be added."""
    return Choice(id="_done", key="desk.ask_done", style=ChoiceStyle.PRIMARY)
