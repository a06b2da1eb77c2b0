"""Filing a request for a user: a program gives the answers with which the request's flow is walked.

It is the flow of the chat: its questions, its confirmations, the proof that it demands, what it
reads from the account and the action that files. Only what would be said on the way is left out. A
question without an answer, or with one that the flow would not take, is a fault of the program's
request; nothing is filed then.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache
from typing import Any, Final

from msgspec.structs import replace

from privacydesk.dialog import arguments, entries, filling, openings, pending, permits
from privacydesk.dialog.act import Act
from privacydesk.dialog.actions import ACTIONS, HELD, READS, RECEIVERS
from privacydesk.dialog.demands import demand_of
from privacydesk.dialog.guards import account_of, level_of
from privacydesk.dialog.intake_answers import (
    AnswerFaults,
    check_asked,
    checked,
    fault,
    flows_of,
    questions_of,
)
from privacydesk.dialog.intake_ways import (
    FOR_THE_CHAT,
    SHOWN_ALONE,
    Way,
    WayFinder,
    filing_values,
    missing,
)
from privacydesk.dialog.naming import named_request
from privacydesk.dialog.runner import Runner
from privacydesk.dialog.running import Running
from privacydesk.dialog.schema import Ask, Branch, Call, Confirm, Do, Flow, Say
from privacydesk.dialog.script import Script
from privacydesk.dialog.vocabulary import ACTION_SPECS, DESTRUCTIVE_KINDS
from privacydesk.domain.conversation import OwnerKind, RequestDraft
from privacydesk.domain.effects import MoveTicket, OpenTicket
from privacydesk.domain.identity import Assurance, Verification, is_fresh
from privacydesk.domain.ids import TicketId
from privacydesk.domain.intents import Intent
from privacydesk.domain.request_faults import RequestFault
from privacydesk.domain.ticket import ATTESTED, BY_APP, TicketState
from privacydesk.domain.turn import IntakeMessage
from privacydesk.errors import DeskError, ErrorCode

_MOST_STEPS: Final = 400

_ASKS: Final = "filed_for"
"""The flow that asks users whether they want what was filed for them."""

_SAME_OPEN: Final = "same_request_open"


class AlreadyOpenError(DeskError):
    """The user has this request open already, so that nothing is filed."""

    code = ErrorCode.CONFLICT

    def __init__(self, ticket: TicketId) -> None:
        super().__init__("this request is open already")
        self.ticket = ticket


def reads_of(flows: Mapping[str, Flow], flow: Flow) -> frozenset[str]:
    """Return the actions by which a request's flow reads the account, apart from showing it."""
    return frozenset(
        step.action
        for one in flows_of(flows, flow)
        for step in one.steps.values()
        if isinstance(step, Do) and step.action in READS and step.action not in SHOWN_ALONE
    )


def file(runner: Runner, script: Script, message: IntakeMessage) -> None:
    """File a request, or say what the user would confirm.

    Raises:
        InvalidRequestError: an answer, the proof or the confirmation is missing or not accepted.
        AlreadyOpenError: the request is open already.
        DeskError: ``RATE_LIMITED`` if the user has filed too many requests.
    """
    flow = runner.by_intent[Intent(message.kind.value)]
    version = script.version
    before = script.prompt, script.verifications, script.explained, script.pending_requests
    script.is_present = False
    # What the user has shown in the chat proves nothing of what a program asks for.
    proof: tuple[Verification, ...] = ()
    if message.verified_at is not None:
        proof = (Verification(script.account, message.level, message.verified_at),)
    script.verifications = proof
    questions, faults = questions_of(runner.flows, script, flow), AnswerFaults()
    slots = checked(questions, flow, message.answers, script.today, faults)
    draft = RequestDraft(flow.intents[0], slots, openings.shortened(message.words))
    slots = {**filling.choices_by_name(flow, slots), **openings.slots_of(flow, draft)}
    check_asked(runner.flows, flow, message.answers, slots, faults)
    script.push(flow.name, flow.start, slots, called=False)
    walked = script.top
    assert walked is not None

    # It takes milliseconds: at most once for a request, and only if it lacks something.
    @cache
    def ways() -> tuple[Way, ...]:
        return WayFinder(runner, script, questions).find(flow)

    def lacking() -> list[str]:
        return missing(ways(), slots, message.level, faults)

    if faults:
        raise faults.error(lacking(), filing_values(script, questions, ways()))
    wording = _Walk(runner, script, message, slots, lacking).to_filing()
    _mark(script, ATTESTED if message.attested else BY_APP)
    del script.stack[script.stack.index(walked) :]
    script.events.clear()
    script.version = version
    script.prompt, script.verifications, script.explained, script.pending_requests = before
    if message.previewed:
        for key, args in wording:
            script.say(key, args)
        return
    filed = next(one for one in script.effects if isinstance(one, OpenTicket | MoveTicket))
    if isinstance(filed, MoveTicket):
        _tell_filed(runner, script, message, filed)
    elif filed.state is TicketState.AWAITING_VERIFICATION:
        _ask_whether_wanted(runner, script, message, filed, draft)
    else:
        _tell_filed(runner, script, message, filed)


def _mark(script: Script, flag: str) -> None:
    """Flag the ticket that is opened; one that waited for proof keeps how it was filed."""
    script.effects = [
        replace(one, flags=one.flags | {flag}) if isinstance(one, OpenTicket) else one
        for one in script.effects
    ]


def _tell_filed(
    runner: Runner, script: Script, message: IntakeMessage, filed: OpenTicket | MoveTicket
) -> None:
    """Tell the user what was filed for them; what was asked about it before applies no more."""
    kind = {"$term": f"kind.{message.kind.value}"}
    was_open = isinstance(filed, MoveTicket) and pending.settle(script, filed.ticket_id, None)
    script.say("intake.filed", {"kind": kind, "by": message.by or script.app_name})
    script.show_ticket({"$symbol": filed.symbol})
    if was_open or (script.stack and script.prompt is not None):
        runner.prompt_again(script)


def _ask_whether_wanted(
    runner: Runner, script: Script, message: IntakeMessage, filed: OpenTicket, draft: RequestDraft
) -> None:
    """Ask the user whether they want what was filed for them, now or after what is open."""
    slots = {
        "ticket": filed.symbol,
        "account": filed.account,
        "by": message.by or script.app_name,
        "day": script.today.isoformat(),
        "what": named_request(filed),
        "answers": draft.slots,
        "words": draft.words,
    }
    flow = runner.flows[_ASKS]
    if script.owner.kind is OwnerKind.ASSISTANT and not script.stack:
        script.show_ticket({"$symbol": filed.symbol})
        script.push(flow.name, flow.start, slots, called=False)
        runner.run(script)
        return
    kind, days = slots["what"], script.rules.verification_timeout.days
    script.say("intake.waiting", {"kind": kind, "by": slots["by"], "days": days})
    script.show_ticket({"$symbol": filed.symbol})
    script.lay_under(flow.name, flow.start, slots)
    if script.prompt is not None:
        runner.prompt_again(script)


# -- the way through the flow ----------------------------------------------------------------------


class _Walk:
    """Walks a request's flow to the step that files it.

    Args:
        runner: knows the flows.
        script: the turn.
        message: what the program sent.
        slots: the answers, for the flows of requests that the flow calls.
        lacking: returns the answers that it lacks, whatever the account has.
    """

    def __init__(
        self,
        runner: Runner,
        script: Script,
        message: IntakeMessage,
        slots: Mapping[str, Any],
        lacking: Callable[[], list[str]],
    ) -> None:
        self._runner = runner
        self._script = script
        self._message = message
        self._slots = slots
        self._lacking = lacking
        self._wording: list[tuple[str, Mapping[str, Any]]] = []
        self._is_unproven = False

    def to_filing(self) -> list[tuple[str, Mapping[str, Any]]]:
        """File the request; return what the user has to confirm, as keys and arguments."""
        for _ in range(_MOST_STEPS):
            frame = self._script.top
            assert frame is not None
            flow = self._runner.flows[frame.flow]
            step = flow.steps[frame.state]
            if isinstance(step, Say):
                if step.in_card:
                    self._word(frame, flow, step)
                self._runner.fire(frame, "next")
            elif isinstance(step, Ask):
                self._answer(frame, flow, step)
            elif isinstance(step, Confirm):
                self._confirm(frame, flow, step)
            elif isinstance(step, Branch):
                outcome = self._runner.branch(self._script, frame, flow, step)
                self._runner.fire(frame, outcome)
            elif isinstance(step, Call):
                self._call(frame, step)
            elif isinstance(step, Do):
                if self._do(frame, flow, step):
                    return self._wording
            else:
                self._end(frame, step.outcome)
        raise RuntimeError(f"flow {self._script.stack[-1].flow} does not file")

    def _word(self, frame: Running, flow: Flow, step: Say | Confirm) -> None:
        args = arguments.build(self._script, frame, flow, step.args)
        self._wording.append((step.text, args))

    def _answer(self, frame: Running, flow: Flow, step: Ask) -> None:
        value = frame.slots.get(step.slot)
        if value in (None, "", []):
            if step.holds == _SAME_OPEN:
                raise AlreadyOpenError(TicketId(bytes.fromhex(str(frame.slots["ticket"]))))
            if not step.skip:
                raise AnswerFaults().error((step.slot, *self._lacking()))
            self._runner.answered(self._script, frame, step, "skipped")
            return
        asked = (flow.steps[name] for name in frame.trail)
        asked_before = any(isinstance(one, Ask) and one.slot == step.slot for one in asked)
        if asked_before or not self._accepts(frame, step, value):
            faults = AnswerFaults()
            faults.add(step.slot, RequestFault.NOT_TAKEN, _accepted(frame, flow, step))
            raise faults.error(self._lacking())
        self._runner.answered(self._script, frame, step, "answered")

    def _accepts(self, frame: Running, step: Ask, value: Any) -> bool:
        values = value if isinstance(value, list) else [value]
        return all(self._runner.accepts(self._script, frame, step, one) for one in values)

    def _confirm(self, frame: Running, flow: Flow, step: Confirm) -> None:
        """Take the user's confirmation; what loses nothing is confirmed by asking for it."""
        script, at = self._script, self._message.confirmed_at
        self._word(frame, flow, step)
        if at is None and flow.kind in DESTRUCTIVE_KINDS and not self._message.previewed:
            raise fault("confirmation", RequestFault.MISSING)
        frame.confirmed_at = at or script.now
        if not is_fresh(frame.confirmed_at, script.now, script.rules.fresh):
            raise fault("confirmation.at", RequestFault.TOO_OLD)
        if any(proof.at > frame.confirmed_at for proof in script.verifications):
            raise fault("confirmation.at", RequestFault.BEFORE_PROOF)
        self._runner.fire(frame, "yes")

    def _call(self, frame: Running, step: Call) -> None:
        script = self._script
        if step.flow in FOR_THE_CHAT:
            self._runner.fire(frame, "refused")
            return
        if step.flow == "verify":
            proof = script.is_verified(account_of(script, frame), level_of(step.params["level"]))
            self._is_unproven = proof is None
            self._runner.fire(frame, "done" if proof else "refused")
            return
        child = self._runner.flows[step.flow]
        if child.kind is None:
            if frame.slots.get("ticket"):
                # An approved closing: its last word is the user's own, in the chat.
                raise AlreadyOpenError(TicketId(bytes.fromhex(str(frame.slots["ticket"]))))
            raise fault("answers", RequestFault.ONLY_IN_THE_CHAT)
        script.push(child.name, child.start, dict(self._slots), called=True)

    def _do(self, frame: Running, flow: Flow, step: Do) -> bool:
        """Carry out an action; return whether it has filed the request."""
        script, spec = self._script, ACTION_SPECS[step.action]
        act = Act(script, frame, flow, step.params)
        if spec.waits:
            self._runner.fire(frame, self._read(act, step))
            return False
        if spec.files:
            self._check_demand(frame, flow, step)
        outcome = ACTIONS[step.action](act)
        if outcome == HELD:
            raise _too_many(script, str(frame.slots["until"]))
        if not spec.files:
            self._runner.fire(frame, outcome)
            return False
        ticket = str(frame.slots["ticket"])
        if not ticket.startswith("sym:"):
            # It waits for proof already, and nothing more was shown.
            raise AlreadyOpenError(TicketId(bytes.fromhex(ticket)))
        return True

    def _read(self, act: Act, step: Do) -> str:
        """Return the outcome of a read, as if its answer had just come in."""
        if step.action in SHOWN_ALONE:
            return "ok"
        account = account_of(act.script, act.frame)
        answer = self._message.reads.get(step.action)
        if answer is None or not act.script.is_verified(
            account, ACTION_SPECS[step.action].assurance
        ):
            return "unavailable"
        return RECEIVERS[step.action](act, answer.outcome.value, answer.data)

    def _check_demand(self, frame: Running, flow: Flow, step: Do) -> None:
        script, demand = self._script, demand_of(flow, step)
        account = account_of(script, frame)
        if demand.level > Assurance.NONE and not script.is_verified(account, demand.level):
            raise fault("proof", RequestFault.NOT_ENOUGH)
        if demand.confirmed and not permits.is_confirmed(script, frame, flow, step):
            raise fault("confirmation", RequestFault.MISSING)

    def _end(self, frame: Running, outcome: str) -> None:
        if frame.called:
            self._script.stack.pop()
            parent = self._script.top
            assert parent is not None
            self._runner.fire(parent, outcome)
            return
        if self._is_unproven:
            raise fault("proof", RequestFault.NOT_ENOUGH)
        lacking = self._lacking()
        if lacking:
            raise AnswerFaults().error(lacking)
        raise fault("answers", RequestFault.NOTHING_TO_FILE)


def _accepted(frame: Running, flow: Flow, step: Ask) -> tuple[str, ...]:
    """Return the values that a question takes where other answers decide; empty for any."""
    is_value = flow.slots[step.slot].type == entries.FIELD_VALUE
    return entries.offered(frame.slots.get(entries.FIELD)) if is_value else ()


def _too_many(script: Script, until: str) -> DeskError:
    wait = (datetime.fromisoformat(until) - script.now).total_seconds()
    return DeskError(
        "the user has filed too many requests",
        code=ErrorCode.RATE_LIMITED,
        reason="intake_quota",
        retry_after=max(1, round(wait)),
    )
