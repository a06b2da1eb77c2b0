"""Preconditions of a step: the verification and the confirmation that it demands.

The checker proves them for every path of every flow, and the engine checks them again at run time,
since a proof grows old and a frame may outlive the flow it began in. Both read them here.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Final

from privacydesk.dialog.schema import Do, Flow, Step
from privacydesk.dialog.vocabulary import ACTION_SPECS, DESTRUCTIVE_KINDS, KIND_ASSURANCE
from privacydesk.domain.identity import Assurance
from privacydesk.domain.intents import FOR_OTHERS, RequestKind

_CONTACT_OR_SESSION: Final = frozenset({RequestKind.COMPLAINT})


@dataclass(frozen=True, slots=True)
class Demand:
    """What must be true of every path to a step.

    Attributes:
        level: the assurance that must have been shown.
        contact: a contact must have been proven by a code.
        contact_will_do: a proven contact is as good as a session, where one is demanded.
        confirmed: the person must have said yes to it.
        exact: they must have done so by the button, or in its very words.
    """

    level: Assurance = Assurance.NONE
    contact: bool = False
    contact_will_do: bool = False
    confirmed: bool = False
    exact: bool = False


NOTHING: Final = Demand()


def demand_of(flow: Flow, step: Step) -> Demand:
    """Return what a step of a flow demands; only a ``do`` step demands anything."""
    return _demand(step.action, flow.kind) if isinstance(step, Do) else NOTHING


@cache
def _demand(action: str, kind: RequestKind | None) -> Demand:
    spec = ACTION_SPECS.get(action)
    if spec is None:
        return NOTHING
    if action == "file_ticket" and kind is not None:
        either = kind in _CONTACT_OR_SESSION
        return Demand(
            level=Assurance.APP_SESSION if either else KIND_ASSURANCE[kind],
            contact=kind in FOR_OTHERS,
            contact_will_do=either,
            confirmed=kind in DESTRUCTIVE_KINDS,
        )
    return Demand(
        level=spec.assurance,
        contact=spec.contact,
        # A person who came back to a ticket by its number and a code acts on it without a session.
        contact_will_do=spec.own_tickets,
        confirmed=spec.destructive,
        exact=spec.exact,
    )
