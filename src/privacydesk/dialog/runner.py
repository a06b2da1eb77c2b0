"""Walking flows: from step to step until the user or the outside has the turn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from privacydesk.dialog import (
    arguments,
    entries,
    filling,
    kept_wishes,
    openings,
    permits,
    question_cards,
    rating,
    read_back,
    reading,
)
from privacydesk.dialog.act import Act
from privacydesk.dialog.actions import ACTIONS, HELD, WAITS
from privacydesk.dialog.asking import Asking, is_picking, settled
from privacydesk.dialog.demands import demand_of
from privacydesk.dialog.desk_choices import intent_choice
from privacydesk.dialog.guards import GUARDS, account_of
from privacydesk.dialog.machines import FlowMachine
from privacydesk.dialog.options import choices_from, is_constrained
from privacydesk.dialog.rules import Rules
from privacydesk.dialog.running import Running, evidence_in
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
from privacydesk.dialog.script import Script
from privacydesk.dialog.slots import AMENDS, TAKES_UP
from privacydesk.dialog.vocabulary import ACTION_SPECS
from privacydesk.domain.conversation import OwnerKind, RequestDraft
from privacydesk.domain.effects import DropEvidence
from privacydesk.domain.events import EventKind
from privacydesk.domain.intents import Intent, RequestKind
from privacydesk.domain.ticket import Ticket

_STEPS_A_TURN = 200
"""The checker proves that cycles contain a waiting step; this bounds what it can't see."""

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
        # Built when its flow first runs: building one takes longer than many a turn.
        self._machine = cache(lambda name: FlowMachine(flows[name]))
        self.by_intent = {intent: flow for flow in flows.values() for intent in flow.intents}
        self.asking = Asking(flows)

    def accepts(self, script: Script, frame: Running, step: Ask, value: Any) -> bool:
        """Whether a step may take a value; if its options are closed, only an offered one.

        The new value of a profile field has to be valid for that field.
        """
        if self.asking.slot_type(frame, step) == entries.FIELD_VALUE:
            return entries.fits(frame.slots.get(entries.FIELD), value, script.now.date())
        if not step.options or not is_constrained(step.options):
            return True
        offered = choices_from(step.options, script, frame)
        return any(choice.value == value for choice in offered)

    def answered(self, script: Script, frame: Running, step: Ask, trigger: str) -> None:
        """Note that a question was answered or skipped, and move on from it."""
        script.unconfirm()
        if step.id in frame.trail:
            frame.trail.remove(step.id)
        frame.trail.append(step.id)
        settled(frame)
        frame.misses = 0
        self.fire(frame, trigger)

    def start(self, script: Script, intent: Intent) -> bool:
        """Begin the flow of an intent; one that is already running is resumed as it stands."""
        flow = self.by_intent.get(intent)
        if flow is None:
            return False
        brief = reading.is_brief(script)
        entities = script.observed.entities
        slots = filling.slots_for(flow, entities, brief=brief)
        slots |= openings.kept(flow, openings.without_codes(script, script.whole_message), entities)
        return self.begin(script, RequestDraft(intent, slots, openings.words_said(script)))

    def begin(self, script: Script, wish: RequestDraft) -> bool:
        """Begin the flow of a request with what was said about it; see ``start``."""
        flow = self.by_intent[wish.intent]
        wish = kept_wishes.take_out(self, script, wish)
        script.unanswered = 0
        script.bereaved |= flow.kind is RequestKind.DECEASED
        running = next((p for p, f in enumerate(script.stack) if f.flow == flow.name), None)
        if running is not None:
            if script.form_at(running) != script.form_at():
                self._set_aside(script)
            self._bring_up(script, running)
            self.run(script)
            return True
        if flow.kind is not None and len(script.stack) >= _STACK_LIMIT:
            # Better to keep this for later than to lose a form that was begun, and its files.
            kept_wishes.say_kept(self, script, (wish,))
            self.prompt_again(script)
            return True
        if flow.kind is not None:
            self._set_aside(script)
        script.push(flow.name, flow.start, openings.slots_of(flow, wish), called=False)
        self.run(script)
        return True

    def start_flow(self, script: Script, name: str, slots: Mapping[str, Any]) -> None:
        """Begin a flow by name; one that is already running is resumed."""
        running = next((p for p, f in enumerate(script.stack) if f.flow == name), None)
        if running is not None:
            self._bring_up(script, running)
        else:
            script.push(name, self.flows[name].start, slots, called=False)
        self.run(script)

    def _bring_up(self, script: Script, place: int) -> None:
        """Move a form that was set aside to the top, with all that it called."""
        begin = script.form_at(place)
        end = script.form_end(begin)
        script.stack = [
            *script.stack[:begin],
            *script.stack[end:],
            *script.stack[begin:end],
        ]

    def _set_aside(self, script: Script) -> None:
        """Leave the innermost form for now: another one is begun above it."""
        if not script.stack:
            return
        place = script.form_at()
        form = script.stack[place]
        kind = self.flows[form.flow].kind
        if kind is None:
            if not form.trail and self.flows[form.flow].intents:
                # An unanswered question about requests is no form to come back to; what the desk
                # itself offered is.
                self.drop_from(script, place)
            return
        script.say("desk.set_aside", {"kind": {"$term": f"kind.{kind.value}"}})
        if evidence_in(script.stack[place:]):
            script.say("desk.files_wait")

    def drop_from(self, script: Script, place: int) -> None:
        """Drop the forms from a place of the stack on; files uploaded to them are not kept."""
        evidence = evidence_in(script.stack[place:])
        if evidence:
            script.effects.append(DropEvidence(evidence))
            script.say("desk.files_dropped")
        del script.stack[place:]

    def drop_all(self, script: Script) -> None:
        """Drop every open form and all kept requests; nothing of them was filed."""
        self.drop_from(script, 0)
        script.pending_requests = ()
        script.prompt = None

    def refuse(self, script: Script) -> bool:
        """Treat a plain no as the open question's own kind of no; return whether it has one."""
        frame, step = self.waiting_step(script)
        if frame is None or frame.waiting is not None:
            return False
        if isinstance(step, Confirm):
            self.fire(frame, "no")
        elif isinstance(step, Ask) and is_picking(frame, step):
            # Some values were given, and there are no more.
            self.answered(script, frame, step, "answered")
        elif isinstance(step, Ask) and openings.answers(frame, step):
            frame.slots[step.slot] = openings.with_more(frame, step, "")
            self.answered(script, frame, step, "answered")
        elif isinstance(step, Ask) and step.skip:
            frame.slots.pop(step.slot, None)
            self.answered(script, frame, step, "skipped")
        else:
            return False
        self.run(script)
        return True

    def start_on_ticket(self, script: Script, name: str, ticket: Ticket, **slots: str) -> None:
        """Begin a flow about a ticket on the desk's own initiative.

        While an agent speaks it waits on the stack until the conversation is handed back.
        """
        flow = self.flows[name]
        slots = {"ticket": ticket.id.hex(), "account": ticket.account, **slots}
        script.push(flow.name, flow.start, slots, called=False)
        if script.owner.kind is not OwnerKind.AGENT:
            self.run(script)

    def restart(self, script: Script, place: int, slots: Mapping[str, Any]) -> None:
        """Begin a flow on the stack again, with other slots, without what it called and its files.

        Args:
            script: the turn.
            place: the place of its frame on the stack.
            slots: the slots that it begins with.
        """
        frame, *called = script.stack[place : script.form_end(place)]
        evidence = evidence_in([frame, *called])
        if evidence:
            script.effects.append(DropEvidence(evidence))
        del script.stack[place + 1 : place + 1 + len(called)]
        frame.slots, frame.state = dict(slots), self.flows[frame.flow].start
        frame.started_at, frame.waiting, frame.trail = script.now, None, []
        frame.misses, frame.confirmed_at = 0, None

    def cancel_form(self, script: Script) -> None:
        """Cancel the innermost form; the one below it continues."""
        if self.leave_as_told(script):
            return
        amends = AMENDS in script.stack[script.form_at()].slots
        self.drop_form(script)
        script.say("desk.not_amended" if amends else "desk.cancelled")
        self.resume(script)

    def leave_as_told(self, script: Script) -> bool:
        """Go to the flow's step for users who stop or reconsider; return whether there is one.

        What was filed before the form began stays filed, and that step says so.
        """
        for place in range(len(script.stack) - 1, script.form_at() - 1, -1):
            frame = script.stack[place]
            left = self.flows[frame.flow].left
            if not left:
                continue
            self.drop_from(script, place + 1)
            frame.waiting = None
            frame.confirmed_at = None
            frame.state = left
            self.run(script)
            return True
        return False

    def drop_form(self, script: Script) -> None:
        """Drop the innermost form."""
        self.drop_from(script, script.form_at())
        script.prompt = None

    def resume(self, script: Script) -> None:
        """Continue with the form below, else with a kept request, else offer more.

        A request that the user has just agreed to comes before both.
        """
        wish = next(iter(script.pending_requests), None)
        if wish is not None and TAKES_UP in wish.slots:
            self.take_up(script)
        elif script.stack:
            script.say("desk.resumed")
            self.run(script)
        elif not self.take_up(script):
            self.offer_more(script)

    def take_up(self, script: Script, *, wanted: bool = False) -> bool:
        """Begin the request that was kept first; return whether there was one.

        Unless it is known to be wanted, one that was only asked about is offered.
        """
        if not script.pending_requests:
            return False
        wish, *rest = script.pending_requests
        if wish.only_asked and not wanted:
            kept_wishes.offer(self, script)
            return True
        script.pending_requests = tuple(rest)
        if TAKES_UP not in wish.slots:
            script.say("desk.wish_next", {"wish": kept_wishes.named(self, (wish,))})
        return self.begin(script, wish)

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
            on_card = question_cards.takes_out(frame, step.slot)
            if self._already_answered(script, frame, step, silent=on_card):
                self.answered(script, frame, step, "answered")
                return None
            if on_card and step.skip:
                self.answered(script, frame, step, "skipped")
                return None
            if step.holds and GUARDS[step.holds](Act(script, frame, flow, {})) != "yes":
                self.fire(frame, "gone")
                return None
            self._read_back_changes(script)
            self.asking.ask(script, frame, step)
            return _Stop()
        elif isinstance(step, Confirm):
            self.asking.confirm(script, frame, step)
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
            self.fire(frame, self.branch(script, frame, flow, step))
        else:
            return self._end(script, frame, flow, step)
        return None

    def _already_answered(self, script: Script, frame: Running, step: Ask, *, silent: bool) -> bool:
        """Whether a question needs no asking; ``silent`` if its answer need not be said back."""
        value = frame.slots.get(step.slot)
        if value in (None, "", []) or is_picking(frame, step):
            return False
        asked = (self.flows[frame.flow].steps[name] for name in frame.trail)
        if any(isinstance(one, Ask) and one.slot == step.slot for one in asked):
            # The slot was filled at this or another question for it, and that led here.
            return False
        if self.accepts(script, frame, step, value):
            if step.foretold and not silent:
                self.asking.say_foretold(script, step, value)
            return True
        # A value named in the first sentence is not silently dropped.
        frame.slots.pop(step.slot)
        self.asking.say_not_offered(script, frame, step, value)
        return False

    def _param(self, frame: Running, value: Any) -> Any:
        if isinstance(value, str) and value.startswith("$"):
            return frame.slots.get(value[1:])
        return value

    def _say(self, script: Script, frame: Running, flow: Flow, step: Say) -> None:
        args = arguments.build(script, frame, flow, step.args)
        if step.outside and not script.account:
            # Paths in the app are no help to a user who can't open it.
            self._tell(script, step, step.outside, {})
        elif step.card is Card.DETAILS:
            rows = frame.slots.get(step.rows) or []
            script.say(step.text, args, kind=EventKind.DETAILS, data={"rows": rows})
        elif step.card is Card.WARNING:
            script.say(step.text, args, kind=EventKind.WARNING)
        elif step.in_card:
            script.say(step.text, args, data={"in_card": True})
        else:
            self._tell(script, step, step.text, args)

    def _read_back_changes(self, script: Script) -> None:
        """Read back what will be filed if it changed since it was shown."""
        begin = script.form_at()
        for frame in script.stack[begin : script.form_end(begin)]:
            flow = self.flows[frame.flow]
            step, shown = read_back.says(flow), frame.slots.get(read_back.ROWS)
            if step is None or shown is None:
                continue
            frame.slots[read_back.ROWS] = rows = read_back.rows(flow, frame.slots)
            if rows != shown:
                self._say(script, frame, flow, step)

    def _tell(self, script: Script, step: Say, key: str, args: Mapping[str, Any]) -> None:
        if step.once:
            script.explain(key, args)
        else:
            script.say(key, args)

    def _do(self, script: Script, frame: Running, flow: Flow, step: Do) -> _Stop | None:
        if not permits.is_allowed(script, frame, flow, step):
            permits.verify_again(frame, flow)
            return None
        if demand_of(flow, step).confirmed:
            if not permits.is_confirmed(script, frame, flow, step):
                permits.confirm_again(frame, flow, step)
                return None
            frame.confirmed_at = None
        outcome = ACTIONS[step.action](Act(script, frame, flow, step.params))
        if outcome == WAITS:
            script.prompt = None
            return _Stop()
        if outcome == HELD:
            self.asking.hold(script, frame)
            return _Stop()
        if ACTION_SPECS[step.action].files:
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
        self._machine(frame.flow).fire(frame, trigger)

    def tell_anew(self, script: Script, place: int, step: Ask) -> None:
        """Say what follows from a new answer to a question that was answered before.

        If the new answer leads the form another way, it goes that way, and what was begun above it
        is dropped; else what was begun continues.
        """
        frame = script.stack[place]
        flow = self.flows[frame.flow]
        then = flow.steps[step.on["answered"]]
        if isinstance(then, Branch):
            then = flow.steps[then.on[self.branch(script, frame, flow, then)]]
        if isinstance(then, Say) and then.then in frame.trail:
            self._say(script, frame, flow, then)
            self.prompt_again(script)
            return
        self.drop_from(script, place + 1)
        frame.state, frame.waiting = step.on["answered"], None
        frame.trail = (
            frame.trail[: frame.trail.index(step.id) + 1] if step.id in frame.trail else []
        )
        self.run(script)

    def say_what_follows(self, script: Script, place: int, step: Ask) -> None:
        """Say what a flow says right after a question, up to the next one; it stays where it is."""
        frame = script.stack[place]
        flow = self.flows[frame.flow]
        then = flow.steps[step.on["answered"]]
        while isinstance(then, Branch | Say):
            if isinstance(then, Say):
                self._say(script, frame, flow, then)
                then = flow.steps[then.then]
            else:
                then = flow.steps[then.on[self.branch(script, frame, flow, then)]]

    def branch(self, script: Script, frame: Running, flow: Flow, step: Branch) -> str:
        """Return what the guard of a branch answers."""
        params = {name: self._param(frame, value) for name, value in step.params.items()}
        return GUARDS[step.guard](Act(script, frame, flow, params))

    def offer_more(self, script: Script) -> None:
        """Offer the menu and a person; a request that an answer suggested comes first.

        If a request closed meanwhile, the satisfaction question is asked instead.
        """
        if rating.ask(script):
            return
        suggested = script.suggested
        if suggested is None or suggested not in self.by_intent:
            script.offer_more(*script.offered)
        else:
            script.offer_more(intent_choice(suggested))

    def prompt_again(self, script: Script) -> None:
        """Repeat the open question at the end of the log, so that it stays the last thing said."""
        frame = script.top
        if frame is None:
            if script.owner.kind is OwnerKind.ASSISTANT and not self.take_up(script):
                self.offer_more(script)
            return
        # A question that is put while the user waits for a person stays the open one.
        asked = script.prompt is not None and script.prompt.serial == frame.serial
        queued = script.owner.kind is OwnerKind.QUEUE and asked
        if frame.waiting is not None or not (queued or script.owner.kind is OwnerKind.ASSISTANT):
            return
        self.run(script)

    def waiting_step(self, script: Script) -> tuple[Running | None, Step | None]:
        """Return the innermost frame and the step it stands at."""
        frame = script.top
        if frame is None:
            return None, None
        return frame, self.flows[frame.flow].steps[frame.state]
