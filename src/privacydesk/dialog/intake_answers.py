"""The answers that a program may give for a request: what its flow asks, and what it takes.

The same questions say what a program may send (``intake_kinds``) and check what it has sent.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Any, Final

from privacydesk.dialog import filling, limits
from privacydesk.dialog.guards import is_value
from privacydesk.dialog.options import choices_from, is_constrained
from privacydesk.dialog.running import Running
from privacydesk.dialog.schema import Ask, Branch, Call, Flow, Step, targets
from privacydesk.dialog.script import Script
from privacydesk.dialog.slots import LONG_TEXT_LIMIT, TEXT_LIMIT
from privacydesk.domain.events import Choice
from privacydesk.domain.request_faults import RequestFault
from privacydesk.domain.request_kinds import AnswerType
from privacydesk.errors import InvalidRequestError

CONTACT: Final = "contact"
"""The type of slots for a phone number or a mail address."""

_LONGEST_NAME: Final = 40
_MOST_FAULTS: Final = 20
_MOST_OFFERED: Final = 40
_PHONE_DIGITS: Final = range(8, 16)
"""Digits of a phone number with its country code (E.164)."""


_TYPES: Final[Mapping[str, AnswerType]] = {
    **dict.fromkeys(("text", "field_value", "account_name", "long_text"), AnswerType.TEXT),
    **dict.fromkeys(
        ("choice", "provider", "category", "purpose", "profile_field", "decision"),
        AnswerType.CHOICE,
    ),
    "date_of_birth": AnswerType.DATE,
    CONTACT: AnswerType.CONTACT,
}
"""Types of slots that a program may fill."""


@dataclass(frozen=True, slots=True)
class Question:
    """What the flows of a request ask about one slot.

    Attributes:
        name: the slot.
        type: the kind of value that it takes.
        slot_type: the slot's own type.
        several: whether it takes several values.
        is_list: whether its slot holds a list, also of one value.
        longest: the most characters of a text; 0 for other types.
        options: the values that are offered to everybody.
        of_account: whether the values depend on what the account has.
    """

    name: str
    type: AnswerType
    slot_type: str
    several: bool = False
    is_list: bool = False
    longest: int = 0
    options: tuple[Choice, ...] = ()
    of_account: bool = False

    @property
    def values(self) -> tuple[str, ...]:
        """The values that may be named to anybody; empty if they depend on the account."""
        return () if self.of_account else tuple(str(one.value) for one in self.options)

    def takes(self, value: str, today: date) -> bool:
        """Whether it takes a value; what the account has is checked where it is asked."""
        if self.type is AnswerType.TEXT:
            return 0 < len(value.strip()) <= self.longest
        if self.type is AnswerType.DATE:
            return _is_past_day(value, today)
        if self.type is AnswerType.CONTACT:
            return _is_contact(value)
        return self.of_account or any(one.value == value for one in self.options)


NO_QUESTIONS: Final[Mapping[str, Question]] = MappingProxyType({})


def flows_of(flows: Mapping[str, Flow], flow: Flow) -> tuple[Flow, ...]:
    """Return a request's flow, and the flows of requests that it may call."""
    called = (step.flow for step in flow.steps.values() if isinstance(step, Call))
    return (flow, *(flows[name] for name in dict.fromkeys(called) if flows[name].kind))


def questions_of(flows: Mapping[str, Flow], script: Script, flow: Flow) -> dict[str, Question]:
    """Return the questions of a request by their slots, with what the desk offers."""
    asked: dict[str, list[Ask]] = {}
    types: dict[str, str] = {}
    for one in flows_of(flows, flow):
        for step in filling.questions_of(one):
            if one.slots[step.slot].type not in _TYPES:
                continue
            asked.setdefault(step.slot, []).append(step)
            types.setdefault(step.slot, one.slots[step.slot].type)
    found = {name: _question(script, name, types[name], steps) for name, steps in asked.items()}
    # Contacts are asked for by the flow that sends a code there, in the chat.
    contacts = (name for name, slot in flow.slots.items() if slot.type == CONTACT)
    return found | {name: Question(name, AnswerType.CONTACT, CONTACT) for name in contacts}


def _question(script: Script, name: str, slot_type: str, steps: list[Ask]) -> Question:
    options = {str(one.value): one for step in steps for one in offered(script, step)}
    kind = _TYPES[slot_type]
    is_text = kind is AnswerType.TEXT
    return Question(
        name,
        kind,
        slot_type,
        several=any(step.many or step.several for step in steps),
        is_list=steps[0].many,
        longest=(LONG_TEXT_LIMIT if slot_type == "long_text" else TEXT_LIMIT) if is_text else 0,
        options=tuple(options.values()),
        of_account=any(step.options and is_constrained(step.options) for step in steps),
    )


def offered(script: Script, step: Ask) -> tuple[Choice, ...]:
    """Return what a step offers before anything of the account is known."""
    nothing = Running(flow="", state="", started_at=script.now, serial=0)
    of_desk = choices_from(step.options, script, nothing) if step.options else ()
    written = (
        Choice(id=one.value, key=one.text, value=one.value)
        for one in step.choices
        if not one.value.startswith("desk:")
    )
    return (*of_desk, *written)


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


# -- faults ----------------------------------------------------------------------------------------


def fault(where: str, what: RequestFault) -> InvalidRequestError:
    """Return the error for a fault of the program's request.

    Args:
        where: the field, below the body.
        what: what is wrong with it.
    """
    return _refusal([{"where": f"body.{where}", "what": what}])


def _refusal(faults: list[dict[str, Any]]) -> InvalidRequestError:
    return InvalidRequestError(
        "the request can't be filed as it is", reason="intake_faults", faults=faults
    )


class AnswerFaults:
    """The faults of a request's answers, by their names. True if there are any."""

    def __init__(self) -> None:
        self._faults: dict[str, dict[str, Any]] = {}

    def __bool__(self) -> bool:
        return bool(self._faults)

    def __iter__(self) -> Iterator[str]:
        return iter(self._faults)

    def add(self, name: str, what: RequestFault, offered: Iterable[str] = ()) -> None:
        """Add a fault of an answer.

        Args:
            name: the answer.
            what: what is wrong with it.
            offered: the values that would be taken, as far as anybody may know them.
        """
        where = f"answers.{name}" if _is_name(name) else "answers"
        told = list(offered)[:_MOST_OFFERED]
        self._faults[name] = {
            "where": f"body.{where}",
            "what": what,
            **({"offered": told} if told else {}),
        }

    def error(
        self, lacking: Iterable[str] = (), questions: Mapping[str, Question] = NO_QUESTIONS
    ) -> InvalidRequestError:
        """Return the error for them.

        Args:
            lacking: answers that are missing besides.
            questions: what is offered instead of values that are not taken.
        """
        for name, told in tuple(self._faults.items()):
            if told["what"] is RequestFault.NOT_TAKEN and name in questions:
                self.add(name, RequestFault.NOT_TAKEN, questions[name].values)
        for name in lacking:
            self.add(name, RequestFault.MISSING)
        unlike = {str(one): one for one in self._faults.values()}
        return _refusal(list(unlike.values())[:_MOST_FAULTS])


def _is_name(text: str) -> bool:
    """Whether a text may be the name of an answer: other texts that were sent are not repeated."""
    return text.isascii() and text.isidentifier() and len(text) <= _LONGEST_NAME


# -- checking --------------------------------------------------------------------------------------


def checked(
    questions: Mapping[str, Question],
    flow: Flow,
    answers: Mapping[str, Any],
    today: date,
    faults: AnswerFaults,
) -> dict[str, Any]:
    """Return the slots that a program's answers fill, each as its flow would take it.

    Args:
        questions: what the request's flows ask.
        flow: the request's flow.
        answers: the answers by slot.
        today: the day, where the desk is.
        faults: takes those of the answers, which fill no slot then.
    """
    slots: dict[str, Any] = {}
    for name, value in answers.items():
        if name == limits.SLOT and name in flow.slots:
            slots[name] = value
        elif name not in questions:
            faults.add(name, RequestFault.UNKNOWN)
        else:
            question = questions[name]
            given = [value] if isinstance(value, str) else list(value)
            if not given or (len(given) > 1 and not question.several):
                faults.add(name, RequestFault.TAKES_ONE_VALUE)
            elif not all(question.takes(one, today) for one in given):
                faults.add(name, RequestFault.NOT_TAKEN)
            else:
                values = list(dict.fromkeys(given))
                slots[name] = values if question.is_list or len(values) > 1 else values[0]
    return slots


def check_asked(
    flows: Mapping[str, Flow],
    flow: Flow,
    answers: Mapping[str, Any],
    slots: Mapping[str, Any],
    faults: AnswerFaults,
) -> None:
    """Check that no answer is to a question to which the other answers don't lead."""
    asked = _asked(flows, flow, slots)
    # Contacts are asked for by the flow that sends a code there, in the chat.
    asked |= {limits.SLOT, *(name for name, slot in flow.slots.items() if slot.type == CONTACT)}
    for name in answers:
        if name not in asked and name not in set(faults):
            faults.add(name, RequestFault.NOT_ASKED)


def _asked(flows: Mapping[str, Flow], flow: Flow, slots: Mapping[str, Any]) -> frozenset[str]:
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
        step = flows[at[0]].steps[at[1]]
        if isinstance(step, Ask):
            asked.add(step.slot)
        if isinstance(step, Call) and flows[step.flow].kind:
            ahead.append((step.flow, flows[step.flow].start))
        ahead += [(at[0], target) for target in _ways_on(step, slots)]
    return frozenset(asked)


def _ways_on(step: Step, slots: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the steps that may follow one."""
    if isinstance(step, Branch) and step.guard == "slot_is" and step.params["slot"] in slots:
        is_held = is_value(slots[step.params["slot"]], step.params["value"])
        return (step.on["yes" if is_held else "no"],)
    return tuple(targets(step).values())
