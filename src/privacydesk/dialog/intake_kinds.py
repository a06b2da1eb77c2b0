"""What programs are told of each kind of request: its answers, its proof, its confirmation.

All of it follows from the flows: the questions from their steps, what is required and when from
the ways on which a request is filed (``intake_ways``), the rest from what filing demands.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from typing import Final

from privacydesk.dialog import arguments, entries, limits
from privacydesk.dialog.intake_answers import Question, flows_of, questions_of
from privacydesk.dialog.intake_ways import ABSENT, ANY, PROOF, Facts, Way, WayFinder, filing_values
from privacydesk.dialog.runner import Runner
from privacydesk.dialog.running import Running
from privacydesk.dialog.schema import Ask, CardField, Flow
from privacydesk.dialog.script import Script
from privacydesk.dialog.vocabulary import DESTRUCTIVE_KINDS
from privacydesk.domain.account_terms import ProfileField
from privacydesk.domain.events import Choice
from privacydesk.domain.identity import Assurance
from privacydesk.domain.intents import Intent, RequestKind
from privacydesk.domain.request_kinds import AnswerSpec, AnswerType, Case, KindSpec, Wording

_SAME: Final = "same"
_CONTACT_FLOW: Final = "verify_contact"
_VERIFIED: Final = "file_ticket"


def kind_specs(runner: Runner, script: Script) -> tuple[KindSpec, ...]:
    """Return all kinds that a program can file.

    Args:
        runner: knows the flows.
        script: a turn of nobody, in the language of the texts.
    """
    kinds = (kind for kind in RequestKind if Intent(kind.value) in runner.by_intent)
    return tuple(_spec(runner, script, kind) for kind in kinds)


def _spec(runner: Runner, script: Script, kind: RequestKind) -> KindSpec:
    flow = runner.by_intent[Intent(kind.value)]
    questions = questions_of(runner.flows, script, flow)
    ways = WayFinder(runner, script, questions).find(flow)
    proven = [
        Assurance[one] for way in ways if way.filing.action == _VERIFIED for one in way.facts[PROOF]
    ]
    describe = _Describer(runner, script, flow, questions, ways)
    return KindSpec(
        kind=kind,
        label=Wording(f"desk.choice.{kind.value}"),
        answers=tuple(
            one
            for name in sorted(questions, key=lambda name: name == _SAME)
            for one in describe.answers(name)
        ),
        proof=min(proven, default=None),
        waits=any(
            way.filing.action != _VERIFIED and Assurance.NONE.name in way.facts[PROOF]
            for way in ways
        ),
        confirmed=kind in DESTRUCTIVE_KINDS,
        limited=limits.SLOT in flow.slots,
    )


class _Describer:
    """Describes the answers of one kind."""

    def __init__(
        self,
        runner: Runner,
        script: Script,
        flow: Flow,
        questions: Mapping[str, Question],
        ways: Sequence[Way],
    ) -> None:
        self._runner = runner
        self._script = script
        self._flow = flow
        self._ways = ways
        self._questions = filing_values(script, questions, ways)
        self._domains: Facts = {
            name: frozenset({ABSENT, ANY, *(str(one.value) for one in question.options)})
            & frozenset(value for way in ways for value in way.facts.get(name, ()))
            for name, question in self._questions.items()
        }

    def answers(self, name: str) -> Iterator[AnswerSpec]:
        """Yield an answer; once for each value of another one that its question or values name."""
        asked = [(way, one) for way in self._ways for one in way.asked if one.name == name]
        if not asked:
            return
        steps = [one.step for _, one in asked if one.step is not None]
        # A flow that is called may ask the same in its own words.
        own = [one for one in steps if self._flow.steps.get(one.id) is one]
        step = next(iter((*own, *steps)), None)
        cases = [{**one.facts} for _, one in asked]
        question = self._questions[name]
        spec = AnswerSpec(
            name=name,
            type=question.type,
            several=question.several,
            longest=question.longest,
            options=question.options,
            of_account=question.of_account,
            asks=self._wording(name, step, {}),
            label=self._of_card(name, "label"),
            hint=self._of_card(name, "hint"),
            required=step is not None and all(way.requires(one) for way, one in asked),
            with_proof=not any(Assurance.NONE.name in case[PROOF] for case in cases),
            when=self._cases(cases),
        )
        (other, *_) = [*(one for one in (step.args if step else ()) if one in self._questions), ""]
        if not other:
            yield spec
            return
        for value in (str(one.value) for one in self._questions[other].options):
            chosen = [{**case, other: frozenset({value})} for case in cases]
            yield replace(
                _narrowed(spec, value) if question.slot_type == entries.FIELD_VALUE else spec,
                asks=self._wording(name, step, {other: value}),
                when=self._cases(chosen),
            )

    def _wording(self, name: str, step: Ask | None, slots: Mapping[str, str]) -> Wording:
        if name == _SAME:
            # The chat names the open request; here there is none yet.
            return Wording("intake.same")
        if step is None:
            steps = self._runner.flows[_CONTACT_FLOW].steps.values()
            step = next(one for one in steps if isinstance(one, Ask) and one.slot == "contact")
        frame = Running(self._flow.name, step.id, self._script.now, 0, dict(slots))
        args = arguments.build(self._script, frame, self._flow, step.args)
        return Wording(step.again if step.rows and step.again else step.text, args)

    def _of_card(self, name: str, what: str) -> Wording | None:
        keys = (
            str(getattr(shown, what))
            for flow in flows_of(self._runner.flows, self._flow)
            for card in flow.cards
            for shown in card.fields
            if self._asks_for(flow, shown, name)
        )
        key = next(keys, "")
        return Wording(key) if key else None

    def _asks_for(self, flow: Flow, shown: CardField, name: str) -> bool:
        step = flow.steps[shown.step]
        return name == (step.slot if isinstance(step, Ask) else "contact")

    def _cases(self, cases: Iterable[Facts]) -> tuple[Case, ...]:
        """Return cases without the proof, in as few and as general ones as there are."""
        known = [
            {
                name: values & self._domains[name]
                for name, values in case.items()
                if name not in {PROOF, _SAME} and ANY not in values
            }
            for case in cases
        ]
        simple = _simplified(known, self._domains)
        return tuple(
            {name: self._ordered(name, values) for name, values in case.items()}
            for case in simple
            if case
        )

    def _ordered(self, name: str, values: frozenset[str]) -> tuple[str, ...]:
        options = (str(one.value) for one in self._questions[name].options)
        return tuple(one for one in options if one in values)


def _simplified(
    cases: Iterable[Mapping[str, frozenset[str]]], domains: Facts
) -> list[Mapping[str, frozenset[str]]]:
    """Return cases that say the same as others do, joined."""
    left = [_general(case, domains) for case in cases]
    while True:
        left = _without_special(left, domains)
        pair = next((two for two in combinations(left, 2) if len(_unlike(*two)) == 1), None)
        if pair is None:
            return list(left)
        one, other = pair
        (name,) = _unlike(one, other)
        joined = _general({**one, name: one[name] | other[name]}, domains)
        left = [joined, *(case for case in left if case is not one and case is not other)]


def _general(case: Mapping[str, frozenset[str]], domains: Facts) -> dict[str, frozenset[str]]:
    return {name: values for name, values in case.items() if values != domains[name]}


def _without_special(
    cases: Sequence[dict[str, frozenset[str]]], domains: Facts
) -> list[dict[str, frozenset[str]]]:
    """Drop cases that are part of another one."""
    kept: list[dict[str, frozenset[str]]] = []
    for case in sorted(cases, key=len):
        if not any(_covers(other, case, domains) for other in kept):
            kept.append(case)
    return kept


def _covers(
    wide: Mapping[str, frozenset[str]], narrow: Mapping[str, frozenset[str]], domains: Facts
) -> bool:
    return all(narrow.get(name, domains[name]) <= values for name, values in wide.items())


def _unlike(
    one: Mapping[str, frozenset[str]], other: Mapping[str, frozenset[str]]
) -> tuple[str, ...]:
    """Return in what two cases about the same answers differ; all and one more if not the same."""
    if one.keys() != other.keys():
        return (*one, *other, "")
    return tuple(name for name in one if one[name] != other[name])


def _narrowed(spec: AnswerSpec, field: str) -> AnswerSpec:
    """Return what the new value of an entry may be."""
    if field == ProfileField.BIRTHDAY.value:
        return replace(spec, type=AnswerType.DATE, longest=0)
    options = tuple(
        Choice(id=one, key=f"gender.{one}", value=one) for one in entries.offered(field)
    )
    return replace(spec, type=AnswerType.CHOICE, longest=0, options=options) if options else spec
