"""The ways through a request's flow by which a program's request can be filed.

Each is found once, without an account: a guard that reads an answer splits the values that the
answer may have, a proof splits the levels of proof, and what depends on the account goes either
way. What a program may send (``intake_kinds``) and which answers lack follow from them.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from privacydesk.dialog.demands import demand_of
from privacydesk.dialog.guards import level_of
from privacydesk.dialog.intake_answers import Question, offered
from privacydesk.dialog.runner import Runner
from privacydesk.dialog.running import Running
from privacydesk.dialog.schema import Ask, Branch, Call, Confirm, Do, Flow, Say
from privacydesk.dialog.script import Script
from privacydesk.dialog.slots import values_in
from privacydesk.dialog.vocabulary import ACTION_SPECS, GUARD_SPECS
from privacydesk.domain.identity import Assurance

SHOWN_ALONE: Final = frozenset({"read_counts", "read_export_summary"})
"""Actions whose results are only shown to a user who is there."""

FOR_THE_CHAT: Final = frozenset({"verify_contact", "collect_evidence"})
"""Flows that take codes and files: the user goes through them in the chat."""

ABSENT: Final = ""
"""Stands among the values of an answer for none."""

PROOF: Final = "$proof"
"""The key of the levels of proof among the facts."""

ANY: Final = "*"
"""Stands for the values of an answer that is not chosen among options."""

_LEVELS: Final = (Assurance.NONE, Assurance.APP_SESSION, Assurance.ONE_TIME_CODE)
"""What a program can bring; documents are handed in in the chat."""

_BY_VALUE: Final = frozenset({"is_device_permission", "needs_document", "slot_filled", "slot_is"})
"""Guards whose outcome follows from one answer."""

_KNOWN: Final = {"has_session": "yes", "has_contact_proof": "no", "has_evidence": "no"}
"""Outcomes of guards that are the same for each request of a program."""

Facts = Mapping[str, frozenset[str]]
"""What answers may be on a way, and the proof: by slot, and by ``PROOF``."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question on a way.

    Attributes:
        name: the slot.
        step: the step that asks; None if the chat asks, when it sends a code there.
        facts: what is known of the other answers when it is asked.
    """

    name: str
    step: Ask | None
    facts: Facts


@dataclass(frozen=True, slots=True)
class Way:
    """A way to the step that files.

    Attributes:
        facts: what the answers and the proof may be.
        asked: the questions, in their order.
        filing: the step that files.
    """

    facts: Facts
    asked: tuple[Asked, ...]
    filing: Do

    def requires(self, asked: Asked) -> bool:
        """Whether nothing is filed on this way without the answer to one of its questions."""
        step = asked.step
        return step is not None and not step.holds and ABSENT not in self.facts[asked.name]

    def fits(self, slots: Mapping[str, Any], level: Assurance, ignored: Iterable[str]) -> bool:
        """Whether a request may go this way, if it had the answers that it lacks.

        Args:
            slots: its answers.
            level: its proof.
            ignored: answers of which nothing is known.
        """
        if level.name not in self.facts[PROOF]:
            return False
        given = {name: values_in(slots[name]) for name in slots if name not in set(ignored)}
        return all(
            name not in given or bool(values & {ANY, *map(str, given[name])} - {ABSENT})
            for name, values in self.facts.items()
        )


def filing_values(
    script: Script, questions: Mapping[str, Question], ways: Iterable[Way]
) -> dict[str, Question]:
    """Return questions with those of their values with which something is filed."""
    asked: dict[str, list[tuple[Way, Asked]]] = {}
    for way in ways:
        for one in way.asked:
            asked.setdefault(one.name, []).append((way, one))

    def files(question: Question) -> set[str]:
        found = asked.get(question.name, ())
        values = {value for way, one in found for value in way.facts.get(one.name, ())}
        if question.of_account:
            return values
        steps = {id(one.step): one.step for _, one in found if one.step is not None}
        return values & {str(one.value) for step in steps.values() for one in offered(script, step)}

    return {
        name: replace(
            question,
            options=tuple(one for one in question.options if str(one.value) in files(question)),
        )
        for name, question in questions.items()
    }


def missing(
    ways: Iterable[Way], slots: Mapping[str, Any], level: Assurance, faulty: Iterable[str]
) -> list[str]:
    """Return the answers that a request lacks on every way that it may go.

    Args:
        ways: those of its kind.
        slots: its answers.
        level: its proof.
        faulty: answers that are not taken.
    """
    required = [
        dict.fromkeys(one.name for one in way.asked if way.requires(one))
        for way in ways
        if way.fits(slots, level, faulty)
    ]
    always = (
        [name for name in required[0] if all(name in one for one in required)] if required else []
    )
    return [name for name in always if name not in slots and name not in set(faulty)]


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a way has come to: the flows with their steps, and what is known."""

    at: tuple[tuple[str, str], ...]
    facts: Facts
    asked: tuple[Asked, ...] = ()
    seen: frozenset[tuple[tuple[str, str], ...]] = frozenset()

    @property
    def key(self) -> Hashable:
        """What makes two places the same, however they were come to."""
        asked = tuple((one.name, id(one.step), _key(one.facts)) for one in self.asked)
        return self.at, _key(self.facts), asked

    def to(self, target: str) -> _Place:
        """Return the place after moving to a step of the same flow."""
        return replace(
            self, at=(*self.at[:-1], (self.at[-1][0], target)), seen=self.seen | {self.at}
        )


def _key(facts: Facts) -> Hashable:
    return frozenset(facts.items())


class WayFinder:
    """Finds the ways of a request.

    Args:
        runner: knows the flows.
        script: a turn of nobody, for guards and arguments.
        questions: what the request's flows ask.
    """

    def __init__(self, runner: Runner, script: Script, questions: Mapping[str, Question]) -> None:
        self._runner = runner
        self._script = script
        self._questions = questions
        levels = frozenset(level.name for level in _LEVELS)
        self._domains: Facts = {PROOF: levels} | {
            name: frozenset({ABSENT, *(str(one.value) for one in question.options or ())})
            | (frozenset() if question.options else {ANY})
            for name, question in questions.items()
        }

    def find(self, flow: Flow) -> tuple[Way, ...]:
        """Return the ways of a request, from the start of its flow."""
        found: list[Way] = []
        met: set[Hashable] = set()
        ahead = [_Place(((flow.name, flow.start),), {PROOF: self._domains[PROOF]})]
        while ahead:
            place = ahead.pop()
            for further in self._on(place):
                if isinstance(further, Way):
                    found.append(further)
                elif further.at not in further.seen and further.key not in met:
                    # What depends on the account often leads to the same question either way.
                    met.add(further.key)
                    ahead.append(further)
        return tuple(found)

    def _on(self, place: _Place) -> Iterator[_Place | Way]:
        name, state = place.at[-1]
        flow = self._runner.flows[name]
        step = flow.steps[state]
        if isinstance(step, Say):
            yield place.to(step.then)
        elif isinstance(step, Confirm):
            yield place.to(step.on["yes"])
        elif isinstance(step, Ask):
            yield from self._past_question(place, step)
        elif isinstance(step, Branch):
            yield from self._past_guard(place, flow, step)
        elif isinstance(step, Call):
            yield from self._past_call(place, step)
        elif isinstance(step, Do):
            yield from self._past_action(place, flow, step)
        elif len(place.at) > 1:
            caller, call = place.at[-2]
            after = self._runner.flows[caller].steps[call]
            assert isinstance(after, Call)
            yield replace(place, at=place.at[:-1]).to(after.on[step.outcome])

    def _past_question(self, place: _Place, step: Ask) -> Iterator[_Place]:
        name = step.slot
        steps = self._runner.flows[place.at[-1][0]].steps.values()
        if name not in self._questions or any(
            one.step in steps for one in place.asked if one.name == name
        ):
            return
        asked = replace(place, asked=(*place.asked, Asked(name, step, place.facts)))
        yield from self._with(asked, name, self._domains[name] - {ABSENT}, step.on["answered"])
        if step.skip:
            yield from self._with(asked, name, frozenset({ABSENT}), step.on["skipped"])

    def _past_guard(self, place: _Place, flow: Flow, step: Branch) -> Iterator[_Place]:
        if step.guard in _KNOWN:
            yield place.to(step.on[_KNOWN[step.guard]])
        elif step.guard == "is_verified":
            yield from self._by_proof(
                place, level_of(step.params["level"]), step.on["yes"], step.on["no"]
            )
        elif step.guard in _BY_VALUE:
            yield from self._by_value(place, flow, step)
        else:
            yield from (place.to(target) for target in dict.fromkeys(step.on.values()))

    def _by_value(self, place: _Place, flow: Flow, step: Branch) -> Iterator[_Place]:
        name = str(step.params.get("slot") or next(iter(GUARD_SPECS[step.guard].reads)))
        if name in self._questions:
            values = place.facts.get(name, self._domains[name])
        elif step.guard == "slot_filled":
            # What an action has read, or not.
            yield from (place.to(target) for target in dict.fromkeys(step.on.values()))
            return
        else:
            values = frozenset({ABSENT})
        outcomes = {value: self._outcome(flow, step, name, value) for value in values}
        for outcome in dict.fromkeys(outcomes.values()):
            led = frozenset(value for value in values if outcomes[value] == outcome)
            if name in self._questions:
                yield from self._with(place, name, led, step.on[outcome])
            else:
                yield place.to(step.on[outcome])

    def _outcome(self, flow: Flow, step: Branch, name: str, value: str) -> str:
        slots = {name: value} if value else {}
        frame = Running(flow.name, step.id, self._script.now, 0, slots)
        return self._runner.branch(self._script, frame, flow, step)

    def _past_call(self, place: _Place, step: Call) -> Iterator[_Place]:
        child = self._runner.flows[step.flow]
        if step.flow in FOR_THE_CHAT:
            handed = next((one[1:] for one in map(str, step.params.values()) if one[:1] == "$"), "")
            if handed in self._questions:
                place = replace(place, asked=(*place.asked, Asked(handed, None, place.facts)))
            yield place.to(step.on["refused"])
        elif step.flow == "verify":
            level = level_of(step.params["level"])
            yield from self._by_proof(place, level, step.on["done"], step.on["refused"])
        elif child.kind is not None:
            yield replace(place, at=(*place.at, (child.name, child.start)))

    def _past_action(self, place: _Place, flow: Flow, step: Do) -> Iterator[_Place | Way]:
        spec = ACTION_SPECS[step.action]
        if spec.files:
            for filed in self._by_proof(place, demand_of(flow, step).level, step.id, ""):
                if filed.at[-1][1]:
                    yield Way(filed.facts, filed.asked, step)
        elif step.action in SHOWN_ALONE:
            yield place.to(step.on["ok"])
        elif spec.waits:
            yield from self._by_proof(place, spec.assurance, step.on["ok"], step.on["unavailable"])
        else:
            yield from (place.to(target) for target in dict.fromkeys(step.on.values()))

    def _by_proof(
        self, place: _Place, level: Assurance, proven: str, other: str
    ) -> Iterator[_Place]:
        enough = frozenset(one.name for one in _LEVELS if one >= level)
        yield from self._with(place, PROOF, enough, proven)
        yield from self._with(place, PROOF, self._domains[PROOF] - enough, other)

    def _with(
        self, place: _Place, name: str, values: frozenset[str], target: str
    ) -> Iterator[_Place]:
        """Yield the place after a step if an answer may have some of these values."""
        left = place.facts.get(name, self._domains[name]) & values
        if left:
            yield replace(place, facts={**place.facts, name: left}).to(target)
