"""The parser of ``dialogs/``: it returns flows, or all faults of all files at once.

``docs/dialogs.md`` describes the format. Reading has two passes. Each file is read by itself; then
the flows are checked against each other, since whether a called flow exists, how it can end and
what it returns is written in another file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import Final

from privacydesk.dialog.faults import DialogFault, DialogInvalidError
from privacydesk.dialog.fields import Faults, Fields, is_name, suggest
from privacydesk.dialog.linker import link
from privacydesk.dialog.nodes import Node, NodeError, parse
from privacydesk.dialog.schema import (
    Ask,
    Call,
    CardField,
    Do,
    Flow,
    QuestionCard,
    Say,
    SlotSpec,
    Step,
    targets,
)
from privacydesk.dialog.step_reader import read_step
from privacydesk.dialog.vocabulary import SLOT_TYPES
from privacydesk.domain.intents import Intent, RequestKind

__all__ = ["DialogFault", "DialogInvalidError", "read_flow", "read_flows"]

_FIELDS: Final = frozenset(
    {
        "flow",
        "intents",
        "kind",
        "slots",
        "returns",
        "start",
        "steps",
        "moved",
        "explains",
        "cards",
        "left",
    }
)
_NAMES: Final = "use small letters, digits and underscores, a letter first"
_FILING: Final = frozenset({"file_ticket", "file_unverified"})


def read_flow(text: str, source: str) -> Flow:
    """Read one flow by itself, without checks against other files.

    Args:
        text: the file's text.
        source: the file's name, which names the flow; for messages.

    Raises:
        DialogInvalidError: with every fault of the text.
    """
    half = _read(text, source)
    if half.flow is None or half.faults:
        raise DialogInvalidError(half.faults)
    faults = link({half.flow.name: half.flow}, alone=True)
    if faults:
        raise DialogInvalidError(faults)
    return half.flow


def read_flows(files: Mapping[str, str]) -> Mapping[str, Flow]:
    """Read all flows of a desk.

    Args:
        files: file name to text.

    Returns:
        Flows by their names.

    Raises:
        DialogInvalidError: with every fault of every file.
    """
    flows, faults = _linked(tuple(sorted(files.items())))
    if faults:
        raise DialogInvalidError(faults)
    return flows


# Desks that are opened one after the other in a process read the same files.
@lru_cache(4)
def _linked(files: tuple[tuple[str, str], ...]) -> tuple[Mapping[str, Flow], list[DialogFault]]:
    halves = [_read(text, source) for source, text in files]
    faults = [fault for half in halves for fault in half.faults]
    flows: dict[str, Flow] = {}
    for half in halves:
        if half.flow is None:
            continue
        first = flows.get(half.flow.name)
        if first is not None:
            what = f"flow {half.flow.name!r} is also in {first.source}"
            faults.append(DialogFault(half.flow.source, 1, "", what, "keep one of the two"))
            continue
        flows[half.flow.name] = half.flow
    unread = frozenset(half.name for half in halves if half.flow is None)
    faults += link(flows, unread=unread)
    return MappingProxyType(flows), faults


@dataclass(frozen=True, slots=True)
class _Half:
    """A file read by itself: the flow as far as it could be read, and what is wrong with it."""

    name: str
    flow: Flow | None
    faults: tuple[DialogFault, ...]


# If one file differs, the others are still the same.
@lru_cache(64)
def _read(text: str, source: str) -> _Half:
    stem = PurePosixPath(source).stem
    faults = Faults(source)
    try:
        root = parse(text)
    except NodeError as error:
        faults.add(error.line, "", error.what, error.remedy)
        return _Half(stem, None, tuple(faults.found))
    if root is None:
        faults.add(1, "", "the file is empty", "write a flow, or remove the file")
        return _Half(stem, None, tuple(faults.found))
    if not isinstance(root.value, Mapping):
        faults.add(root.line, "", "the file is not a mapping", "begin it with flow: NAME")
        return _Half(stem, None, tuple(faults.found))
    flow = _flow(Fields(root, faults, "", "the flow"), faults, stem, source)
    return _Half(stem, flow, tuple(faults.found))


def _flow(fields: Fields, faults: Faults, stem: str, source: str) -> Flow | None:
    name = fields.name("flow")
    if name and name != stem:
        fields.fault(
            fields.line_of("flow"),
            f"the flow is called {name!r} and its file {stem!r}",
            f"name the file {name}.yaml or the flow {stem}",
        )
    intents = _intents(fields)
    kind = fields.choice("kind", RequestKind)
    slots = _slots(fields)
    returns = fields.names_in("returns")
    start = fields.name("start")
    moved = fields.words("moved")
    left = fields.name("left") if "left" in fields else ""
    explains = _explains(fields)
    steps, lines = _steps(fields, faults, slots)
    cards = _cards(fields, steps)
    fields.close(_FIELDS)
    if not steps:
        return None
    flow = Flow(
        name=stem,
        steps=steps,
        start=start,
        intents=intents,
        kind=kind,
        slots=slots,
        returns=returns,
        moved=moved,
        explains=explains,
        cards=cards,
        left=left,
        source=source,
        lines=lines,
    )
    # A step whose kind could not be determined still exists; leading to it is no fault.
    known = frozenset(lines)
    if start and start not in known:
        fields.fault(
            fields.line_of("start"),
            f"it starts at {start!r}, which is no step",
            _step(start, known),
        )
    if left and left not in known:
        fields.fault(
            fields.line_of("left"), f"it is left at {left!r}, which is no step", _step(left, known)
        )
    for old, new in moved.items():
        line = fields.line_under("moved", old)
        if new not in known:
            fields.fault(line, f"{old!r} moved to {new!r}, which is no step", _step(new, known))
        if old in known:
            fields.fault(line, f"{old!r} moved and is still a step", "remove one of the two")
    for step in steps.values():
        _check_step(flow, step, known, faults)
    return flow


def _check_step(flow: Flow, step: Step, known: frozenset[str], faults: Faults) -> None:
    line = flow.lines[step.id]
    for outcome, target in targets(step).items():
        if target and target not in known:
            what = f"{outcome!r} leads to {target!r}, which is no step"
            faults.add(line, step.id, what, _step(target, known))
    if isinstance(step, Do) and step.action in _FILING and flow.kind is None:
        what = f"{step.action} needs the request kind of the flow"
        faults.add(line, step.id, what, "add kind: to the flow")


def _step(name: str, known: frozenset[str]) -> str:
    return f"add that step, or {suggest(name, known)}"


def _intents(fields: Fields) -> tuple[Intent, ...]:
    found: list[Intent] = []
    for node in fields.items("intents"):
        intent = fields.member(node, Intent, "intent")
        if intent is not None and intent in found:
            fields.fault(node.line, f"intent {intent.value!r} is named twice", "keep one")
        elif intent is not None:
            found.append(intent)
    return tuple(found)


def _slots(fields: Fields) -> dict[str, SlotSpec]:
    inner = fields.mapping("slots")
    if inner is None:
        return {}
    found: dict[str, SlotSpec] = {}
    for name in inner.names():
        spec = inner.mapping(name)
        if spec is None:
            continue
        if not is_name(name):
            spec.fault(spec.line, f"slot {name[:64]!r} has no proper name", _NAMES)
        kind = spec.name("type")
        spec.close({"type"})
        if kind and kind not in SLOT_TYPES:
            spec.fault(
                spec.line_of("type"),
                f"slot {name!r} has the unknown type {kind!r}",
                suggest(kind, SLOT_TYPES),
            )
        # Kept even with a wrong type, so that each use of it isn't faulted as well.
        found[name] = SlotSpec(name, kind)
    return found


def _explains(fields: Fields) -> dict[str, Say]:
    inner = fields.mapping("explains")
    if inner is None:
        return {}
    found: dict[str, Say] = {}
    for topic in inner.names():
        entry = inner.mapping(topic)
        if entry is None:
            continue
        found[topic] = Say(f"explains {topic}", entry.key("say"), "", entry.names_in("args"))
        entry.close({"say", "args"})
    return found


def _cards(fields: Fields, steps: Mapping[str, Step]) -> tuple[QuestionCard, ...]:
    found: list[QuestionCard] = []
    for node in fields.items("cards"):
        if not isinstance(node.value, Mapping):
            fields.fault(node.line, "a card is not a mapping", "write {text: KEY, fields: […]}")
            continue
        inner = fields.inside(node, "a card")
        text = inner.key("text")
        asked = [_card_field(inner, one, steps) for one in inner.items("fields")]
        inner.close({"text", "fields"})
        found.append(QuestionCard(text, tuple(one for one in asked if one is not None)))
    return tuple(found)


def _card_field(fields: Fields, node: Node, steps: Mapping[str, Step]) -> CardField | None:
    if not isinstance(node.value, Mapping):
        fields.fault(node.line, "a field is not a mapping", "write {ask: STEP, label: KEY}")
        return None
    inner = fields.inside(node, "a field")
    step = inner.name("ask")
    if step and not isinstance(steps.get(step), Ask | Call):
        what = f"the card asks {step!r}, which is no question of the flow"
        fields.fault(node.line, what, suggest(step, steps))
    label, hint = inner.key("label"), inner.key("hint", required=False)
    several = inner.flag("several")
    inner.close({"ask", "label", "hint", "several"})
    return CardField(step, label, hint, several)


def _steps(
    fields: Fields, faults: Faults, slots: Mapping[str, SlotSpec]
) -> tuple[dict[str, Step], dict[str, int]]:
    steps: dict[str, Step] = {}
    lines: dict[str, int] = {}
    if "steps" not in fields:
        fields.fault(fields.line, "'steps' is missing", "add steps: with at least an end")
    inner = fields.mapping("steps")
    if inner is None:
        return steps, lines
    if not inner.names():
        fields.fault(inner.line, "there are no steps", "add at least an end")
    for name in inner.names():
        node = inner.take(name)
        assert node is not None
        lines[name] = node.line
        if not is_name(name):
            faults.add(node.line, name[:64], "it has no proper name", _NAMES)
        if not isinstance(node.value, Mapping):
            faults.add(node.line, name, "it is not a mapping", "write {say: KEY, then: STEP}")
            continue
        step = read_step(name, Fields(node, faults, name, f"step {name!r}"), slots)
        if step is not None:
            steps[name] = step
    return steps, lines
