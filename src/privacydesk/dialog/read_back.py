"""The read-back: what a form will file, shown before it is, with no press of its own.

A flow shows it by the action ``read_back`` and a ``say`` of its rows. Once it was shown, it is said
again before the next question whenever an answer has changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from privacydesk.dialog import arguments
from privacydesk.dialog.schema import Ask, Card, Flow, Say
from privacydesk.dialog.slots import values_in

ROWS: Final = "read_back"
"""The slot with the rows that were shown last."""

_SHOWN: Final = (
    "relation", "child_birth_date", "child_age", "child_account", "deceased_account", "wish",
    "wish_detail", "interest", "ruled",
)  # fmt: skip
"""Slots whose values are read back, in their order; labelled ``summary.SLOT``."""


def rows(flow: Flow, slots: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the answers of a form as labelled values, without those that it doesn't have."""
    return [
        {"label": {"$term": f"summary.{name}"}, "value": _value(flow, name, slots[name])}
        for name in _SHOWN
        if name in flow.slots and values_in(slots.get(name))
    ]


def says(flow: Flow) -> Say | None:
    """Return the step that says what a flow reads back; None if it reads nothing back."""
    return next(
        (
            step
            for step in flow.steps.values()
            if isinstance(step, Say) and step.card is Card.DETAILS and step.rows == ROWS
        ),
        None,
    )


def _value(flow: Flow, name: str, value: Any) -> Any:
    slot_type = flow.slots[name].type
    if isinstance(value, int):
        return str(value)
    if slot_type != "choice":
        return arguments.shown_slot(slot_type, value)
    labels = {
        offer.value: offer.text
        for step in flow.steps.values()
        if isinstance(step, Ask) and step.slot == name
        for offer in step.choices
    }
    return {"$terms": [labels[one] for one in values_in(value) if one in labels]}
