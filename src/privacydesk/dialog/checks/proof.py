"""No path comes to an effect without the assurance it needs, nor to a destructive one unconfirmed.

What a path has shown is a :class:`Proof`. It grows by a session, a right code or a fresh
verification, and by the *yes* of a confirm. An ask after a confirm takes the confirmation back,
since what was confirmed may have changed; a destructive effect uses it up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from privacydesk.dialog.checks.flowing import Analysis
from privacydesk.dialog.demands import demand_of
from privacydesk.dialog.faults import DialogFault
from privacydesk.dialog.schema import Ask, Branch, Call, Confirm, Do, End, Flow, Step
from privacydesk.domain.identity import Assurance

VERIFY: Final = "verify"
VERIFY_CONTACT: Final = "verify_contact"
_TOP: Final = Assurance.DOCUMENT_CHECKED


@dataclass(frozen=True, slots=True)
class Proof:
    """What one path to a step has shown.

    Attributes:
        level: the assurance.
        contact: a typed contact, or a ticket's, was proven by a code.
        confirmed: a confirm said yes, and nothing was asked or destroyed since.
        exact: that confirm accepts only its button's words.
        asked: inside ``verify``, the highest level that may still be asked for.
    """

    level: Assurance = Assurance.NONE
    contact: bool = False
    confirmed: bool = False
    exact: bool = False
    asked: Assurance = _TOP


Proofs = frozenset[Proof]
"""What the paths to a step have shown, each by itself.

Were paths merged into what they have in common, *a session or a proven contact* would be lost where
a path with the one meets a path with the other.
"""


class ProofAnalysis(Analysis[Proofs]):
    """What is shown at each step."""

    def initial(self, flow: Flow) -> Proofs:
        """Nothing is shown when a flow begins."""
        del flow
        return frozenset({Proof()})

    def meet(self, one: Proofs, other: Proofs) -> Proofs:
        """Keep the proofs of both paths: what follows must be right with each of them."""
        return one | other

    def after(self, flow: Flow, step: Step, outcome: str, fact: Proofs) -> Proofs:
        """Grow by what the outcome shows."""
        return frozenset(_after(flow, step, outcome, proof) for proof in fact)

    def enter(self, flow: Flow, call: Call, fact: Proofs) -> Proofs:
        """A called flow knows what its caller has shown."""
        del flow, call
        return frozenset(replace(proof, asked=_TOP) for proof in fact)

    def leave(self, flow: Flow, call: Call, outcome: str, before: Proofs, end: Proofs) -> Proofs:
        """Take what the called flow has shown; ``verify`` has shown the level asked of it."""
        del flow
        if call.flow == VERIFY:
            # Inside, "the level asked for" stands for any level; outside it is the one asked for.
            level = _level(call.params.get("level")) if outcome == "done" else Assurance.NONE
            return frozenset(
                _raise(replace(one, confirmed=proof.confirmed, exact=proof.exact), level)
                for proof in end
                for one in before
            )
        shown = {replace(proof, asked=one.asked) for proof in end for one in before}
        if outcome == "done" and call.flow == VERIFY_CONTACT:
            return frozenset(replace(proof, contact=True) for proof in shown)
        return frozenset(shown)


def check_proof(flows: Mapping[str, Flow]) -> Iterator[DialogFault]:
    """Yield each effect that some path reaches without what it needs."""
    analysis = ProofAnalysis(flows)
    for flow, facts in analysis.contexts():
        for name in facts:
            for rule in _rules(flow, flow.steps[name]):
                yield from _check(analysis, flow, facts, name, rule)
    # Callers rely on what these two say; so each is proved by itself to have shown it.
    for name, rule in _ENDS.items():
        if name not in flows:
            continue
        facts = analysis.facts(flows[name], analysis.initial(flows[name]))
        for step in flows[name].steps.values():
            if isinstance(step, End) and step.outcome == "done" and step.id in facts:
                yield from _check(analysis, flows[name], facts, step.id, rule)


@dataclass(frozen=True, slots=True)
class _Rule:
    """What must be true of every path to a step; ``what`` and ``remedy`` for when it isn't."""

    holds: Callable[[Proof], bool]
    what: str
    remedy: str


def _check(
    analysis: ProofAnalysis, flow: Flow, facts: Mapping[str, Proofs], name: str, rule: _Rule
) -> Iterator[DialogFault]:
    if all(rule.holds(proof) for proof in facts[name]):
        return
    way = analysis.way(flow, facts, name, lambda fact: not all(rule.holds(proof) for proof in fact))
    what = f"{rule.what} by way of {way}" if way else rule.what
    yield DialogFault(flow.source, flow.lines.get(name, 0), name, what, rule.remedy)


_ENDS: Final[Mapping[str, _Rule]] = {
    VERIFY: _Rule(
        lambda proof: proof.level >= proof.asked,
        "it says done without having shown the level asked for",
        "come here only from a right code or from is_verified, level by level",
    ),
    VERIFY_CONTACT: _Rule(
        lambda proof: proof.contact,
        "it says done without a code to the contact",
        "come here only from a right code or from has_contact_proof",
    ),
}

_CONFIRMED_REMEDY: Final = "put a confirm on every path, with no ask between it and this step"


def _rules(flow: Flow, step: Step) -> Iterator[_Rule]:
    if not isinstance(step, Do):
        return
    demand, filing = demand_of(flow, step), step.action == "file_ticket"
    lacks = f"{step.action} is reached without"
    if demand.contact_will_do:
        yield _Rule(
            _session_or_contact,
            f"{lacks} a session or a proven contact" if filing else f"{lacks} a session",
            "call verify_contact where has_session says no"
            if filing
            else _assurance_remedy(demand.level),
        )
    elif demand.level:
        yield _Rule(
            lambda proof: proof.level >= demand.level,
            f"{lacks} {demand.level.name.lower()}",
            _assurance_remedy(demand.level),
        )
    if demand.contact:
        yield _Rule(
            lambda proof: proof.contact,
            f"{lacks} a proven contact" if filing else f"{lacks} a code to the contact",
            "call verify_contact on every path" if filing else "come here only from a right code",
        )
    if demand.confirmed:
        yield _Rule(
            lambda proof: proof.confirmed,
            f"{step.action} is destructive and reached without a confirmation",
            _CONFIRMED_REMEDY,
        )
    if demand.exact:
        yield _Rule(
            lambda proof: proof.exact or not proof.confirmed,
            f"{step.action} may be confirmed in any words",
            "give its confirm exact: true",
        )


def _session_or_contact(proof: Proof) -> bool:
    return proof.contact or proof.level >= Assurance.APP_SESSION


def _assurance_remedy(need: Assurance) -> str:
    if need is Assurance.APP_SESSION:
        return "branch on has_session, or call verify, on every path"
    return f"call verify with level {need.name.lower()} on every path and come here from its done"


def _after(flow: Flow, step: Step, outcome: str, fact: Proof) -> Proof:
    if isinstance(step, Ask):
        return replace(fact, confirmed=False)
    if isinstance(step, Confirm):
        return replace(fact, confirmed=outcome == "yes", exact=step.exact)
    if isinstance(step, Do):
        return _after_action(flow, step, outcome, fact)
    return _after_guard(flow, step, outcome, fact) if isinstance(step, Branch) else fact


def _after_action(flow: Flow, step: Do, outcome: str, fact: Proof) -> Proof:
    if step.action == "check_code" and outcome == "right":
        if step.params.get("to") == "account_phone":
            return _raise(fact, Assurance.ONE_TIME_CODE)
        return replace(fact, contact=True)
    return replace(fact, confirmed=False) if demand_of(flow, step).confirmed else fact


def _after_guard(flow: Flow, step: Branch, outcome: str, fact: Proof) -> Proof:
    if step.guard == "slot_is" and step.params.get("slot") == "level":
        return _narrow(fact, _level(step.params.get("value")), is_it=outcome == "yes")
    if outcome != "yes":
        return fact
    if step.guard == "shown_by_document":
        return _raise(fact, Assurance.DOCUMENT_CHECKED)
    if step.guard == "has_session":
        return _raise(fact, Assurance.APP_SESSION)
    if step.guard in {"has_contact_proof", "filed_here", "own_ticket_named"}:
        return replace(fact, contact=True)
    if step.guard == "is_verified":
        asked = step.params.get("level", "$level")
        if asked == "$level" and flow.name == VERIFY:
            # Any level asked for is shown, which is as good as the highest that may be asked.
            return _raise(fact, fact.asked)
        return _raise(fact, _level(asked))
    return fact


def _narrow(fact: Proof, level: Assurance, *, is_it: bool) -> Proof:
    if is_it:
        return replace(fact, asked=min(fact.asked, level))
    if fact.asked is level and level > Assurance.NONE:
        return replace(fact, asked=Assurance(level - 1))
    return fact


def _raise(fact: Proof, level: Assurance) -> Proof:
    return replace(fact, level=max(fact.level, level))


def _level(name: Any) -> Assurance:
    try:
        return Assurance[str(name).upper()]
    except KeyError:
        return Assurance.NONE
