"""No step uses a slot that some path to it has left empty."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from privacydesk.dialog.checks.flowing import Analysis
from privacydesk.dialog.faults import DialogFault
from privacydesk.dialog.linker import is_supplied
from privacydesk.dialog.schema import Ask, Branch, Call, Confirm, Do, Flow, Say, Step
from privacydesk.dialog.vocabulary import (
    ACTION_SPECS,
    CODE_READS,
    GUARD_SPECS,
)

Filled = frozenset[str]

_FILLING: Final = frozenset({"ok", "some", "shown"})
"""The outcomes with which an action has filled its slot."""

_OPTIONS_READ: Final[Mapping[str, str]] = {"bindings": "bindings", "decisions": "decisions"}
_NOTHING: Final[Filled] = frozenset()


class FillingAnalysis(Analysis[Filled]):
    """Which slots hold something at each step."""

    def initial(self, flow: Flow) -> Filled:
        """Return what the desk hands to a flow that it starts by itself.

        A flow with an intent starts with nothing. One that nothing in the files starts is begun by
        the desk (staff approved a closing, a minor wrote), with its internal slots.
        """
        if flow.intents:
            return _NOTHING
        return frozenset(name for name, spec in flow.slots.items() if spec.type == "internal")

    def meet(self, one: Filled, other: Filled) -> Filled:
        """Keep what both paths have filled."""
        return one & other

    def after(self, flow: Flow, step: Step, outcome: str, fact: Filled) -> Filled:
        """Add what the outcome fills."""
        del flow
        if isinstance(step, Ask):
            return fact | {step.slot} if outcome == "answered" else fact - {step.slot}
        if isinstance(step, Do) and outcome in _FILLING:
            return fact | ACTION_SPECS[step.action].fills
        if isinstance(step, Do) and outcome == "filed":
            return fact | {"ticket"}
        if isinstance(step, Branch) and outcome == "yes":
            return fact | _shown_by(step)
        return fact

    def enter(self, flow: Flow, call: Call, fact: Filled) -> Filled:
        """A called flow has what ``with`` hands it."""
        del flow
        return frozenset(
            name
            for name, value in call.params.items()
            if not (isinstance(value, str) and value.startswith("$")) or value[1:] in fact
        )

    def leave(self, flow: Flow, call: Call, outcome: str, before: Filled, end: Filled) -> Filled:
        """Take what the called flow returns."""
        del flow, outcome
        called = self.flows.get(call.flow)
        return before | (end & frozenset(called.returns)) if called else before


def check_filling(flows: Mapping[str, Flow]) -> Iterator[DialogFault]:
    """Yield each use of a slot that may be empty."""
    analysis = FillingAnalysis(flows)
    for flow, facts in analysis.contexts():
        for name, filled in facts.items():
            for slot, use in _uses(flow.steps[name]):
                if slot in filled:
                    continue
                way = analysis.way(flow, facts, name, lambda fact, slot=slot: slot not in fact)  # type: ignore[misc]
                what = f"{use} slot {slot!r}, which is empty by way of {way}"
                remedy = f"fill {slot!r} on every path, or don't use it here"
                yield DialogFault(flow.source, flow.lines.get(name, 0), name, what, remedy)


def _uses(step: Step) -> Iterator[tuple[str, str]]:
    if isinstance(step, (Say, Ask, Confirm)):
        yield from ((arg, "its text shows") for arg in step.args if not is_supplied(arg))
    if isinstance(step, Say) and step.rows:
        yield step.rows, "its card shows"
    if isinstance(step, Ask) and step.options in _OPTIONS_READ:
        yield _OPTIONS_READ[step.options], "its options read"
    if isinstance(step, (Do, Branch)):
        yield from _reads(step)


def _reads(step: Do | Branch) -> Iterator[tuple[str, str]]:
    if isinstance(step, Branch):
        slots, reader = GUARD_SPECS[step.guard].reads, step.guard
    else:
        slots, reader = ACTION_SPECS[step.action].reads, step.action
        code_to = CODE_READS.get(str(step.params.get("to")))
        slots = slots if code_to is None else slots | {code_to}
    yield from ((slot, f"{reader} reads") for slot in sorted(slots))


def _shown_by(step: Branch) -> Filled:
    if step.guard in {"slot_is", "slot_filled"}:
        return frozenset({str(step.params.get("slot"))})
    if step.guard == "has_evidence":
        return frozenset({"evidence"})
    if step.guard == "has_contact_proof":
        return frozenset({"contact"})
    return GUARD_SPECS[step.guard].fills
