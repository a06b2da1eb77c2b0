"""Checks across flows: called flows, their ends, and the slots that are known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Final

from privacydesk.dialog.faults import DialogFault
from privacydesk.dialog.fields import Faults, suggest
from privacydesk.dialog.schema import Ask, Branch, Call, Confirm, Do, End, Flow, Say, Step
from privacydesk.dialog.step_reader import check_outcomes
from privacydesk.dialog.vocabulary import (
    ACTION_SPECS,
    ARG_FAMILIES,
    ARGS,
    GUARD_SPECS,
    PARAM_VALUES,
)
from privacydesk.domain.intents import Intent


def link(
    flows: Mapping[str, Flow], *, unread: frozenset[str] = frozenset(), alone: bool = False
) -> list[DialogFault]:
    """Return what is wrong with flows taken together.

    Args:
        flows: by name.
        unread: flows that exist and couldn't be read; calling them is no fault of its own.
        alone: only some of the flows are given; calling an absent one is no fault.
    """
    found: list[DialogFault] = []
    for flow in flows.values():
        faults = Faults(flow.source)
        absent = any(
            isinstance(step, Call) and step.flow not in flows for step in flow.steps.values()
        )
        known = None if absent else known_slots(flow, flows)
        for step in flow.steps.values():
            _check_slots(flow, step, known, faults)
            if isinstance(step, Call) and (step.flow in flows or not alone):
                _check_call(flow, step, flows, unread, faults)
        for topic, said in flow.explains.items():
            for arg in said.args:
                # While the slot is empty, nothing is explained.
                if not is_supplied(arg) and known is not None and arg not in known:
                    what = f"explains {topic!r} shows {arg!r}, which is unknown"
                    faults.add(1, "", what, suggest(arg, {*ARGS, *known}))
        for slot in flow.returns:
            if known is not None and slot not in known:
                what = f"it returns slot {slot!r}, which is unknown"
                faults.add(1, "", what, f"declare it under 'slots' or {suggest(slot, known)}")
        found += faults.found
    return found + _intents_twice(flows)


def ends_of(flow: Flow) -> frozenset[str]:
    """Return the outcomes with which a flow can end."""
    return frozenset(step.outcome for step in flow.steps.values() if isinstance(step, End))


def known_slots(flow: Flow, flows: Mapping[str, Flow]) -> frozenset[str]:
    """Return the slots a flow may name: declared, filled by its steps, or returned to it."""
    return frozenset(flow.slots).union(*(_filled_by(step, flows) for step in flow.steps.values()))


def _filled_by(step: Step, flows: Mapping[str, Flow]) -> frozenset[str]:
    if isinstance(step, Do):
        return ACTION_SPECS[step.action].fills if step.action in ACTION_SPECS else frozenset()
    if isinstance(step, Branch):
        return GUARD_SPECS[step.guard].fills if step.guard in GUARD_SPECS else frozenset()
    if isinstance(step, Call) and step.flow in flows:
        return frozenset(flows[step.flow].returns)
    return frozenset()


def named_slots(step: Step) -> Iterator[str]:
    """Return the slots that a step names other than in a text's arguments."""
    if isinstance(step, (Do, Call, Branch)):
        for value in step.params.values():
            if isinstance(value, str) and value.startswith("$"):
                yield value[1:]
    if isinstance(step, Branch) and step.guard in {"slot_is", "slot_filled"}:
        yield str(step.params.get("slot", "")).removeprefix("$")
    if isinstance(step, (Say, Ask)) and step.rows:
        yield step.rows


def is_supplied(arg: str) -> bool:
    """Whether a text's argument is supplied by the desk rather than by a slot."""
    return arg in ARGS or arg.startswith(ARG_FAMILIES)


def _check_slots(flow: Flow, step: Step, known: frozenset[str] | None, faults: Faults) -> None:
    # What an absent called flow returns is unknown: don't guess.
    if known is None:
        return
    line = flow.lines[step.id]
    for slot in named_slots(step):
        if slot and slot not in known:
            what = f"slot {slot!r} is unknown"
            remedy = f"declare it under 'slots' or {suggest(slot, known)}"
            faults.add(line, step.id, what, remedy)
    args = step.args if isinstance(step, (Say, Ask, Confirm)) else ()
    for arg in args:
        if arg not in known and not is_supplied(arg):
            remedy = f"declare a slot of this name or {suggest(arg, known | ARGS)}"
            faults.add(line, step.id, f"argument {arg!r} is unknown", remedy)


def _check_call(
    flow: Flow,
    step: Call,
    flows: Mapping[str, Flow],
    unread: frozenset[str],
    faults: Faults,
) -> None:
    line = flow.lines[step.id]
    called = flows.get(step.flow)
    if called is None:
        if step.flow and step.flow not in unread:
            what = f"flow {step.flow!r} is unknown"
            faults.add(line, step.id, what, suggest(step.flow, flows))
        return
    check_outcomes(
        lambda at, what, remedy: faults.add(at, step.id, what, remedy),
        lambda _outcome: line,
        step.on,
        ends_of(called),
    )
    for name, value in step.params.items():
        if name not in called.slots:
            what = f"flow {step.flow!r} has no slot {name!r}"
            remedy = suggest(name, called.slots) if called.slots else "remove it; it has none"
            faults.add(line, step.id, what, remedy)
        elif name == "level" and not str(value).startswith("$") and value not in _LEVELS:
            what = f"{name!r} can't be {str(value)!r}"
            faults.add(line, step.id, what, suggest(str(value), _LEVELS))


_LEVELS: Final = PARAM_VALUES["level"]


def _intents_twice(flows: Mapping[str, Flow]) -> list[DialogFault]:
    found: list[DialogFault] = []
    first: dict[Intent, Flow] = {}
    for flow, intent in chain.from_iterable(
        ((flow, intent) for intent in flow.intents) for flow in flows.values()
    ):
        if intent in first:
            what = f"intent {intent.value!r} also starts flow {first[intent].name!r}"
            found.append(DialogFault(flow.source, 1, "", what, "let one flow have the intent"))
        else:
            first[intent] = flow
    return found
