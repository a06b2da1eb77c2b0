"""Reading one step: which of the seven kinds it is, its fields, and the outcomes it must name."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Final

from privacydesk.dialog.fields import Fields, one_of, suggest
from privacydesk.dialog.nodes import Node, Scalar
from privacydesk.dialog.schema import (
    OTHER,
    Ask,
    Branch,
    Call,
    Card,
    Confirm,
    Do,
    End,
    Offer,
    Say,
    SlotSpec,
    Step,
)
from privacydesk.dialog.slots import FILLED_FROM, takes_any_words
from privacydesk.dialog.vocabulary import (
    ACTION_SPECS,
    END_OUTCOMES,
    GUARD_SPECS,
    OPTIONS,
    PARAM_VALUES,
    TRIGGERS,
)
from privacydesk.domain.events import ChoiceStyle

FIELDS: Final[Mapping[str, frozenset[str]]] = {
    "say": frozenset({"say", "then", "args", "card", "rows"}),
    "ask": frozenset(
        {
            "ask",
            "text",
            "args",
            "choices",
            "options",
            "again",
            "rows",
            "retry",
            "skip",
            "many",
            "several",
            "plain",
            "told",
            "foretold",
            "opening",
            "while",
            "on",
        }
    ),
    "confirm": frozenset({"confirm", "yes", "no", "args", "card", "exact", "on"}),
    "do": frozenset({"do", "with", "on"}),
    "call": frozenset({"call", "with", "on"}),
    "branch": frozenset({"branch", "with", "on"}),
    "end": frozenset({"end"}),
}
"""The kinds of step, each named by the key that makes it one, and the fields it may have."""

_REQUIRED_PARAMS: Final[Mapping[str, frozenset[str]]] = {
    "slot_is": frozenset({"slot", "value"}),
    "slot_filled": frozenset({"slot"}),
    "send_code": frozenset({"to"}),
}

_NEVER_ASKED: Final = "internal"
_NEEDS_OPTIONS: Final = frozenset({"ticket", "decision"})


def read_step(name: str, fields: Fields, slots: Mapping[str, SlotSpec]) -> Step | None:
    """Read one step; faults go to the collector that ``fields`` carries.

    Returns:
        The step, or None if not even its kind could be determined. A step with faults is returned
        as far as it could be read, so that the graph around it can still be checked.
    """
    kinds = [kind for kind in FIELDS if kind in fields]
    if len(kinds) != 1:
        what = f"it has two kinds, {' and '.join(kinds)}" if kinds else "it has no kind"
        fields.fault(fields.line, what, f"give it exactly one of {', '.join(FIELDS)}")
        return None
    step = _READERS[kinds[0]](name, fields, slots)
    fields.close(FIELDS[kinds[0]])
    return step


def check_outcomes(
    fault: Callable[[int, str, str], None],
    lines: Callable[[str], int],
    on: Collection[str],
    wanted: Collection[str],
) -> None:
    """Fault every outcome that is missing, and every one that can't happen.

    Args:
        fault: takes line, what, remedy.
        lines: the line of an outcome, or of ``on`` itself when it isn't there.
        on: the outcomes named.
        wanted: the outcomes that can happen.
    """
    for outcome in sorted(set(wanted) - set(on)):
        fault(
            lines(outcome),
            f"outcome {outcome!r} is missing under 'on'",
            f"say which step follows: {outcome}: STEP",
        )
    for outcome in on:
        if outcome not in wanted:
            known = "" if outcome in TRIGGERS else " (no step has an outcome of this name)"
            fault(
                lines(outcome),
                f"outcome {outcome!r} can't happen here{known}",
                f"remove it; there are: {', '.join(sorted(wanted))}",
            )


def _say(name: str, fields: Fields, _slots: Mapping[str, SlotSpec]) -> Step:
    text, then = fields.key("say"), fields.name("then")
    card = fields.choice("card", Card)
    rows = fields.name("rows") if "rows" in fields else ""
    if card is Card.DETAILS and "rows" not in fields:
        fields.fault(
            fields.line_of("card"), "card details has no rows", "add rows: SLOT with the values"
        )
    if "rows" in fields and card is not Card.DETAILS:
        fields.fault(
            fields.line_of("rows"), "rows are shown by card details only", "add card: details"
        )
    outside = fields.key("outside") if "outside" in fields else ""
    once = fields.flag("once")
    if once and card is not None:
        fields.fault(fields.line_of("once"), "a card is no explanation", "remove once, or card")
    return Say(
        name, text, then, fields.names_in("args"), card, rows, outside, once, fields.flag("in_card")
    )


def _ask(name: str, fields: Fields, slots: Mapping[str, SlotSpec]) -> Step:
    slot = fields.name("ask")
    spec = slots.get(slot)
    choices = _choices(fields)
    options = fields.name("options") if "options" in fields else ""
    if slot and spec is None:
        fields.fault(
            fields.line_of("ask"),
            f"it asks for slot {slot!r}, which is unknown",
            f"declare it under 'slots' or {suggest(slot, slots)}",
        )
    if options and options not in OPTIONS:
        fields.fault(
            fields.line_of("options"),
            f"options {options!r} are unknown",
            suggest(options, OPTIONS),
        )
    if spec is not None:
        _check_answerable(fields, spec, has_choices=bool(choices), has_options=bool(options))
    _check_names(fields, slots, choices)
    skip = fields.key("skip", required=False)
    told = fields.name("told") if "told" in fields else ""
    if told:
        _check_told(fields, slots.get(told), choices, skips=bool(skip))
    foretold = fields.flag("foretold")
    if foretold and not choices:
        fields.fault(
            fields.line_of("foretold"), "only choices can be foretold", "add choices, or remove it"
        )
    opening = fields.flag("opening")
    if opening and spec is not None and spec.type != "long_text":
        fields.fault(
            fields.line_of("opening"),
            "no sentence that begins a flow can be its answer",
            "ask for a slot of type long_text, or remove it",
        )
    rows = fields.name("rows") if "rows" in fields else ""
    if rows and "again" not in fields:
        fields.fault(
            fields.line_of("rows"),
            "a question with rows says nothing without them",
            "add again: KEY for the question alone",
        )
    holds = fields.name("while") if "while" in fields else ""
    asking = [name for name, spec in GUARD_SPECS.items() if spec.outcomes == {"yes", "no"}]
    if holds and holds not in asking:
        fields.fault(
            fields.line_of("while"), f"no guard {holds!r} says yes or no", suggest(holds, asking)
        )
    wanted = {"answered"} | ({"skipped"} if "skip" in fields else set())
    wanted |= {"gone"} if holds else set()
    on = _on(fields, wanted)
    return Ask(
        id=name,
        slot=slot,
        text=fields.key("text"),
        on=on,
        args=fields.names_in("args"),
        choices=choices,
        options=options,
        again=fields.key("again", required=False),
        rows=rows,
        retry=fields.key("retry", required=False),
        skip=skip,
        many=fields.flag("many"),
        several=fields.flag("several"),
        plain=fields.flag("plain"),
        told=told,
        foretold=foretold,
        opening=opening,
        holds=holds,
    )


_NAMED: Final = (*FILLED_FROM, "contact")
"""Slot types that a choice may name, as text can fill them besides its button."""


def _check_names(fields: Fields, slots: Mapping[str, SlotSpec], choices: tuple[Offer, ...]) -> None:
    for offer in choices:
        spec = slots.get(offer.names)
        if offer.names and (spec is None or spec.type not in _NAMED):
            fields.fault(
                fields.line_of("choices"),
                f"choice {offer.value!r} names slot {offer.names!r}, which no words can fill",
                f"name a slot of type {', '.join(_NAMED)}",
            )


def _check_told(
    fields: Fields, spec: SlotSpec | None, choices: tuple[Offer, ...], *, skips: bool
) -> None:
    line = fields.line_of("told")
    if spec is None or not takes_any_words(spec.type):
        fields.fault(line, "what is told has no slot that takes any words", "name one of type text")
    if not skips and all(offer.value != OTHER for offer in choices):
        what = f"what is told means choice {OTHER!r} or skipping, and neither is offered"
        fields.fault(line, what, f"add {{value: {OTHER}, text: KEY}} to choices, or skip: KEY")


def _check_answerable(
    fields: Fields, spec: SlotSpec, *, has_choices: bool, has_options: bool
) -> None:
    line = fields.line_of("ask")
    if spec.type == _NEVER_ASKED:
        fields.fault(line, f"slot {spec.name!r} is internal and never asked", "give it a type")
    if spec.type == "choice" and not has_choices:
        fields.fault(line, f"slot {spec.name!r} takes choices and there are none", "add choices")
    if spec.type in _NEEDS_OPTIONS and not has_options:
        fields.fault(
            line, f"slot {spec.name!r} takes options and there are none", "add options: NAME"
        )


def _choices(fields: Fields) -> tuple[Offer, ...]:
    found: list[Offer] = []
    for node in fields.items("choices"):
        offer = _offer(fields, node)
        if offer is None:
            continue
        if any(one.value == offer.value for one in found):
            fields.fault(
                node.line, f"choice {offer.value!r} is offered twice", "keep one of the two"
            )
        found.append(offer)
    return tuple(found)


_CHOICE_FIELDS: Final = frozenset({"value", "text", "style", "names"})


def _offer(fields: Fields, node: Node) -> Offer | None:
    if not isinstance(node.value, Mapping):
        fields.fault(node.line, "a choice is not a mapping", "write {value: V, text: KEY}")
        return None
    inner = fields.inside(node, "a choice")
    value = inner.take("value")
    text = inner.key("text")
    style = inner.choice("style", ChoiceStyle)
    names = inner.name("names") if "names" in inner else ""
    inner.close(_CHOICE_FIELDS)
    if value is None or isinstance(value.value, (tuple, Mapping)) or value.value in {None, ""}:
        fields.fault(node.line, "a choice has no value", "add value: with one word")
        return None
    return Offer(_as_text(value.value), text, style or ChoiceStyle.PLAIN, names)


def _as_text(value: Scalar) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _confirm(name: str, fields: Fields, _slots: Mapping[str, SlotSpec]) -> Step:
    card = fields.choice("card", Card)
    if card is Card.DETAILS:
        fields.fault(
            fields.line_of("card"), "a confirm has no details card", "say the details before it"
        )
    return Confirm(
        id=name,
        text=fields.key("confirm"),
        yes=fields.key("yes"),
        no=fields.key("no"),
        on=_on(fields, {"yes", "no"}),
        args=fields.names_in("args"),
        card=card,
        exact=fields.flag("exact"),
    )


def _do(name: str, fields: Fields, _slots: Mapping[str, SlotSpec]) -> Step:
    action = fields.name("do")
    spec = ACTION_SPECS.get(action)
    params = fields.scalars("with")
    if spec is None:
        if action:
            fields.fault(
                fields.line_of("do"), f"action {action!r} is unknown", suggest(action, ACTION_SPECS)
            )
        return Do(name, action, _on(fields, None), params)
    _check_params(fields, action, params, spec.params)
    return Do(name, action, _on(fields, spec.outcomes), params)


def _call(name: str, fields: Fields, _slots: Mapping[str, SlotSpec]) -> Step:
    # Which ends the called flow has is known only when all flows are read.
    return Call(name, fields.name("call"), _on(fields, None), fields.scalars("with"))


def _branch(name: str, fields: Fields, _slots: Mapping[str, SlotSpec]) -> Step:
    guard = fields.name("branch")
    params = fields.scalars("with")
    if guard not in GUARD_SPECS:
        if guard:
            fields.fault(
                fields.line_of("branch"), f"guard {guard!r} is unknown", suggest(guard, GUARD_SPECS)
            )
        return Branch(name, guard, _on(fields, None), params)
    outcomes, allowed = GUARD_SPECS[guard].outcomes, GUARD_SPECS[guard].params
    if guard == "slot_is" and "value" in params:
        # Slots hold what was chosen, and choices are text.
        params["value"] = _as_text(params["value"])
    _check_params(fields, guard, params, allowed)
    return Branch(name, guard, _on(fields, outcomes), params)


def _end(name: str, fields: Fields, _slots: Mapping[str, SlotSpec]) -> Step:
    outcome = fields.name("end")
    if outcome and outcome not in END_OUTCOMES:
        fields.fault(
            fields.line_of("end"), f"no flow may end {outcome!r}", suggest(outcome, END_OUTCOMES)
        )
    return End(name, outcome)


def _on(fields: Fields, wanted: Collection[str] | None) -> dict[str, str]:
    if "on" not in fields:
        outcomes = "" if wanted is None else f": {', '.join(sorted(wanted))}"
        fields.fault(
            fields.line, "'on' is missing", f"say which step follows each outcome{outcomes}"
        )
        return {}
    on = fields.words("on")
    if wanted is not None:
        # Compared with all that was written: an outcome that leads nowhere has its own fault.
        named = fields.names_under("on")
        check_outcomes(fields.fault, lambda name: fields.line_under("on", name), named, wanted)
    return on


def _check_params(
    fields: Fields, owner: str, params: Mapping[str, Scalar], allowed: Collection[str]
) -> None:
    for name, value in params.items():
        line = fields.line_under("with", name)
        if name not in allowed:
            remedy = suggest(name, allowed) if allowed else "remove it; there are none"
            fields.fault(line, f"{owner} has no parameter {name!r}", remedy)
        elif name in PARAM_VALUES and not str(value).startswith("$"):
            known = PARAM_VALUES[name]
            if value not in known:
                fields.fault(line, f"{name!r} can't be {str(value)!r}", one_of(known))
    for name in sorted(_REQUIRED_PARAMS.get(owner, frozenset()) - set(params)):
        fields.fault(
            fields.line_of("with"), f"{owner} needs parameter {name!r}", f"add with: {{{name}: …}}"
        )


_READERS: Final[Mapping[str, Callable[[str, Fields, Mapping[str, SlotSpec]], Step]]] = {
    "say": _say,
    "ask": _ask,
    "confirm": _confirm,
    "do": _do,
    "call": _call,
    "branch": _branch,
    "end": _end,
}
