"""Filing a request for a user: a program gives the answers with which the request's flow is walked.

It is the flow of the chat: its questions, its confirmations, the proof that it demands, what it
reads from the account and the action that files. Only what would be said on the way is left out. A
question without an answer, or with one that the flow would not take, is a fault of the program's
request; nothing is filed then.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any, Final

from msgspec.structs import replace

from privacydesk.dialog import arguments, filling, limits, openings, pending, permits
from privacydesk.dialog.act import Act
from privacydesk.dialog.actions import ACTIONS, HELD, READS, RECEIVERS
from privacydesk.dialog.demands import demand_of
from privacydesk.dialog.guards import account_of, is_value, level_of
from privacydesk.dialog.naming import named_request
from privacydesk.dialog.options import choices_from, is_constrained
from privacydesk.dialog.runner import Runner
from privacydesk.dialog.running import Running
from privacydesk.dialog.schema import Ask, Branch, Call, Confirm, Do, Flow, Say, Step, targets
from privacydesk.dialog.script import Script
from privacydesk.dialog.slots import LONG_TEXT_LIMIT, TEXT_LIMIT
from privacydesk.dialog.vocabulary import ACTION_SPECS, DESTRUCTIVE_KINDS
from privacydesk.domain.conversation import OwnerKind, RequestDraft
from privacydesk.domain.effects import MoveTicket, OpenTicket
from privacydesk.domain.identity import Assurance, Verification, is_fresh
from privacydesk.domain.ids import TicketId
from privacydesk.domain.intents import Intent
from privacydesk.domain.request_faults import RequestFault
from privacydesk.domain.ticket import ATTESTED, BY_APP, TicketState
from privacydesk.domain.turn import IntakeMessage
from privacydesk.errors import DeskError, ErrorCode, InvalidRequestError

_MOST_STEPS: Final = 400
_LONGEST_NAME: Final = 40
_SHOWN_ALONE: Final = frozenset({"read_counts", "read_export_summary"})
"""Actions whose results are only shown to a user who is there."""

_FOR_THE_CHAT: Final = frozenset({"verify_contact", "collect_evidence"})
"""Flows that take codes and files: the user goes through them in the chat."""

_ASKS: Final = "filed_for"
"""The flow that asks users whether they want what was filed for them."""

_SAME_OPEN: Final = "same_request_open"
_WORDS: Final[Mapping[str, int]] = {
    "text": TEXT_LIMIT,
    "field_value": TEXT_LIMIT,
    "account_name": TEXT_LIMIT,
    "long_text": LONG_TEXT_LIMIT,
}
"""Types of slots that take any words, and how many characters."""

_VALUES: Final = frozenset(
    {"choice", "provider", "category", "purpose", "profile_field", "decision"}
)
"""Types of slots that take what the flow offers."""

_CONTACT: Final = "contact"
_PHONE_DIGITS: Final = range(8, 16)
"""Digits of a phone number with its country code (E.164)."""


class AlreadyOpenError(DeskError):
    """The user has this request open already, so that nothing is filed."""

    code = ErrorCode.CONFLICT

    def __init__(self, ticket: TicketId) -> None:
        super().__init__("this request is open already")
        self.ticket = ticket


def fault(where: str, what: RequestFault) -> InvalidRequestError:
    """Return the error for a fault of the program's request.

    Args:
        where: the field, below the body.
        what: what is wrong with it.
    """
    return InvalidRequestError(
        "the request can't be filed as it is",
        reason="intake_faults",
        faults=[{"where": f"body.{where}", "what": what}],
    )


def flows_of(flows: Mapping[str, Flow], flow: Flow) -> tuple[Flow, ...]:
    """Return a request's flow, and the flows of requests that it may call."""
    called = (step.flow for step in flow.steps.values() if isinstance(step, Call))
    return (flow, *(flows[name] for name in dict.fromkeys(called) if flows[name].kind))


def reads_of(flows: Mapping[str, Flow], flow: Flow) -> frozenset[str]:
    """Return the actions by which a request's flow reads the account, apart from showing it."""
    return frozenset(
        step.action
        for one in flows_of(flows, flow)
        for step in one.steps.values()
        if isinstance(step, Do) and step.action in READS and step.action not in _SHOWN_ALONE
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
    slots = _checked(runner, script, flow, message.answers)
    draft = RequestDraft(flow.intents[0], slots, openings.shortened(message.words))
    slots = {**filling.choices_by_name(flow, slots), **openings.slots_of(flow, draft)}
    _check_asked(runner, flow, message.answers, slots)
    script.push(flow.name, flow.start, slots, called=False)
    walked = script.top
    assert walked is not None
    wording = _Walk(runner, script, message, slots).to_filing()
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


# -- the answers -----------------------------------------------------------------------------------


def _checked(
    runner: Runner, script: Script, flow: Flow, answers: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the slots that a program's answers fill, each as its flow would take it."""
    slots: dict[str, Any] = {}
    questions: dict[str, list[tuple[Flow, Ask]]] = {}
    for one in flows_of(runner.flows, flow):
        for step in filling.questions_of(one):
            questions.setdefault(step.slot, []).append((one, step))
    for name, value in answers.items():
        if name == limits.SLOT and name in flow.slots:
            slots[name] = value
            continue
        if name in questions:
            slots[name] = _taken(script, questions[name], name, value)
        elif name in flow.slots and flow.slots[name].type == _CONTACT:
            # Asked for by the flow that sends a code there, in the chat.
            if not (isinstance(value, str) and _is_contact(value)):
                raise fault(f"answers.{name}", RequestFault.NOT_TAKEN)
            slots[name] = value
        else:
            raise fault(f"answers.{name}" if _is_name(name) else "answers", RequestFault.UNKNOWN)
    return slots


def _check_asked(
    runner: Runner, flow: Flow, answers: Mapping[str, Any], slots: Mapping[str, Any]
) -> None:
    """Check that no answer is to a question to which the other answers don't lead."""
    asked = _asked(runner, flow, slots)
    # Contacts are asked for by the flow that sends a code there, in the chat.
    asked |= {limits.SLOT, *(name for name, slot in flow.slots.items() if slot.type == _CONTACT)}
    for name in answers:
        if name not in asked:
            raise fault(f"answers.{name}", RequestFault.NOT_ASKED)


def _asked(runner: Runner, flow: Flow, slots: Mapping[str, Any]) -> frozenset[str]:
    """Return the slots for which a flow may ask with these answers.

    What depends on the account, on the proof or on what is open already may go either way.
    """
    asked: set[str] = set()
    seen: set[tuple[str, str]] = set()
    ahead = [(flow.name, flow.start)]
    while ahead:
        at = ahead.pop()
        if at in seen:
            continue
        seen.add(at)
        step = runner.flows[at[0]].steps[at[1]]
        if isinstance(step, Ask):
            asked.add(step.slot)
        if isinstance(step, Call) and runner.flows[step.flow].kind:
            ahead.append((step.flow, runner.flows[step.flow].start))
        ahead += [(at[0], target) for target in _ways_on(step, slots)]
    return frozenset(asked)


def _ways_on(step: Step, slots: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the steps that may follow one."""
    if isinstance(step, Branch) and step.guard == "slot_is" and step.params["slot"] in slots:
        is_held = is_value(slots[step.params["slot"]], step.params["value"])
        return (step.on["yes" if is_held else "no"],)
    return tuple(targets(step).values())


def _is_name(text: str) -> bool:
    """Whether a text may be the name of an answer: other texts that were sent are not repeated."""
    return text.isascii() and text.isidentifier() and len(text) <= _LONGEST_NAME


def _taken(script: Script, asked: list[tuple[Flow, Ask]], name: str, value: Any) -> Any:
    flow, step = asked[0]
    slot_type = flow.slots[name].type
    given = [value] if isinstance(value, str) else list(value)
    takes_several = any(one.many or one.several for _, one in asked)
    if not given or (len(given) > 1 and not takes_several):
        raise fault(f"answers.{name}", RequestFault.TAKES_ONE_VALUE)
    if not all(_fits(script, slot_type, asked, one) for one in given):
        raise fault(f"answers.{name}", RequestFault.NOT_TAKEN)
    several = list(dict.fromkeys(given))
    return several if step.many or len(several) > 1 else several[0]


def _fits(script: Script, slot_type: str, asked: list[tuple[Flow, Ask]], value: str) -> bool:
    """Whether a question takes a value; what the account has is checked where it is asked."""
    if slot_type in _WORDS:
        return 0 < len(value.strip()) <= _WORDS[slot_type]
    if slot_type == "date_of_birth":
        return _is_past_day(value, script.today)
    if slot_type == _CONTACT:
        return _is_contact(value)
    if slot_type not in _VALUES:
        return False
    return any(
        (step.options and is_constrained(step.options)) or value in _offered(script, step)
        for _, step in asked
    )


def _offered(script: Script, step: Ask) -> Iterator[Any]:
    if step.options:
        nothing = Running(flow="", state="", started_at=script.now, serial=0)
        yield from (one.value for one in choices_from(step.options, script, nothing))
    yield from (one.value for one in step.choices if not one.value.startswith("desk:"))


def _is_past_day(value: str, today: date) -> bool:
    try:
        return date.fromisoformat(value) <= today
    except ValueError:
        return False


def _is_contact(value: str) -> bool:
    local, at, host = value.partition("@")
    if at:
        return bool(local) and "." in host and not any(char.isspace() for char in value)
    digits = value.removeprefix("+")
    return (
        digits != value
        and digits.isascii()
        and digits.isdecimal()
        and len(digits) in (_PHONE_DIGITS)
    )


# -- the way through the flow ----------------------------------------------------------------------


class _Walk:
    """Walks a request's flow to the step that files it.

    Args:
        runner: knows the flows.
        script: the turn.
        message: what the program sent.
        slots: the answers, for the flows of requests that the flow calls.
    """

    def __init__(
        self, runner: Runner, script: Script, message: IntakeMessage, slots: Mapping[str, Any]
    ) -> None:
        self._runner = runner
        self._script = script
        self._message = message
        self._slots = slots
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
        value, where = frame.slots.get(step.slot), f"answers.{step.slot}"
        if value in (None, "", []):
            if step.holds == _SAME_OPEN:
                raise AlreadyOpenError(TicketId(bytes.fromhex(str(frame.slots["ticket"]))))
            if not step.skip:
                raise fault(where, RequestFault.MISSING)
            self._runner.answered(self._script, frame, step, "skipped")
            return
        asked = (flow.steps[name] for name in frame.trail)
        asked_before = any(isinstance(one, Ask) and one.slot == step.slot for one in asked)
        if asked_before or not self._accepts(frame, step, value):
            raise fault(where, RequestFault.NOT_TAKEN)
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
        if step.flow in _FOR_THE_CHAT:
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
        if step.action in _SHOWN_ALONE:
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
        raise fault("answers", RequestFault.NOTHING_TO_FILE)


def _too_many(script: Script, until: str) -> DeskError:
    wait = (datetime.fromisoformat(until) - script.now).total_seconds()
    return DeskError(
        "the user has filed too many requests",
        code=ErrorCode.RATE_LIMITED,
        reason="intake_quota",
        retry_after=max(1, round(wait)),
    )
