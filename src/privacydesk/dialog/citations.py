"""Which clauses of the operator's policy are cited."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from privacydesk.dialog.schema import Ask, Confirm, Flow, Say, spoken

GROUNDS_CLAUSE: Final = "refusal_grounds"
"""The clause with the grounds for a refusal, one item each. Refusals cite it, in no flow."""

TEEN_CLAUSE: Final = "minors"
CHILD_CLAUSE: Final = "children_guardian"
CHILD_DELETION_CLAUSE: Final = "children_delete"

CLAUSE_PREFIX: Final = "clause_"
AGE_CLAUSE: Final = "age_clause"
"""The argument for a clause about minors, which depends on the age and the request."""

_BY_AGE: Final = frozenset({TEEN_CLAUSE, CHILD_CLAUSE, CHILD_DELETION_CLAUSE})


def cited_clauses(flows: Iterable[Flow]) -> frozenset[str]:
    """Return the names of the clauses that flows and refusals cite."""
    args = {
        arg
        for flow in flows
        for step in spoken(flow)
        if isinstance(step, (Say, Ask, Confirm))
        for arg in step.args
    }
    named = {arg.removeprefix(CLAUSE_PREFIX) for arg in args if arg.startswith(CLAUSE_PREFIX)}
    return frozenset(named | {GROUNDS_CLAUSE} | (_BY_AGE if AGE_CLAUSE in args else set()))
