"""A forward analysis over flows: what holds at a step holds on every path to it.

A fact is anything with a *meet*, what is known where two paths come together. Called flows are
walked anew for each fact they are entered with, so that what one caller has shown never helps
another.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Generic, TypeVar

from privacydesk.dialog.checks.walk import path
from privacydesk.dialog.schema import Call, End, Flow, Step, targets
from privacydesk.dialog.vocabulary import DESK_FLOWS

F = TypeVar("F")


class Analysis(ABC, Generic[F]):
    """One analysis. Subclasses say what a fact is and how steps change it."""

    def __init__(self, flows: Mapping[str, Flow]) -> None:
        self.flows = flows
        self._facts: dict[tuple[str, F], Mapping[str, F]] = {}
        self._open: set[str] = set()

    @abstractmethod
    def initial(self, flow: Flow) -> F:
        """Return what holds when the desk starts a flow."""

    @abstractmethod
    def meet(self, one: F, other: F) -> F:
        """Return what is known where two paths come together."""

    @abstractmethod
    def after(self, flow: Flow, step: Step, outcome: str, fact: F) -> F:
        """Return what holds after an outcome of a step that is no call."""

    @abstractmethod
    def enter(self, flow: Flow, call: Call, fact: F) -> F:
        """Return what holds at the start of a called flow."""

    @abstractmethod
    def leave(self, flow: Flow, call: Call, outcome: str, before: F, end: F) -> F:
        """Return what holds after a call, given what held before it and at its flow's end."""

    def contexts(self) -> Iterator[tuple[Flow, Mapping[str, F]]]:
        """Yield each flow with the facts at its steps, once for each way it is entered.

        Flows that are only called are entered by their callers; all others by the desk, too.
        """
        called = {
            step.flow
            for flow in self.flows.values()
            for step in flow.steps.values()
            if isinstance(step, Call)
        }
        todo = [
            (flow, self.initial(flow))
            for flow in self.flows.values()
            if flow.intents or flow.name not in called or flow.name in DESK_FLOWS
        ]
        seen: set[tuple[str, F]] = set()
        while todo:
            flow, entry = todo.pop(0)
            if (flow.name, entry) in seen:
                continue
            seen.add((flow.name, entry))
            facts = self.facts(flow, entry)
            yield flow, facts
            for name, fact in facts.items():
                step = flow.steps[name]
                if isinstance(step, Call) and step.flow in self.flows:
                    todo.append((self.flows[step.flow], self.enter(flow, step, fact)))

    def facts(self, flow: Flow, entry: F) -> Mapping[str, F]:
        """Return what holds at each step that is reached."""
        known = self._facts.get((flow.name, entry))
        if known is not None:
            return known
        self._open.add(flow.name)
        facts: dict[str, F] = {flow.start: entry}
        todo = [flow.start]
        while todo:
            step = flow.steps.get(todo.pop(0))
            if step is None:
                continue
            for target, fact in self._next(flow, step, facts[step.id]):
                old = facts.get(target)
                new = fact if old is None else self.meet(old, fact)
                if target in flow.steps and (old is None or new != old):
                    facts[target] = new
                    todo.append(target)
        self._open.discard(flow.name)
        self._facts[flow.name, entry] = facts
        return facts

    def way(self, flow: Flow, facts: Mapping[str, F], goal: str, lacks: Callable[[F], bool]) -> str:
        """Return a path to a step that lacks something all the way, for messages."""
        graph = {
            name: frozenset(
                target
                for target, fact in self._next(flow, flow.steps[name], facts[name])
                if lacks(fact)
            )
            for name in facts
        }
        return " → ".join(path(graph, flow.start, goal))

    def _next(self, flow: Flow, step: Step, fact: F) -> Iterable[tuple[str, F]]:
        if not isinstance(step, Call):
            return [
                (target, self.after(flow, step, outcome, fact))
                for outcome, target in targets(step).items()
            ]
        ends = self._ends(step, self.enter(flow, step, fact))
        return [
            (target, self.leave(flow, step, outcome, fact, ends[outcome]))
            for outcome, target in step.on.items()
            if outcome in ends
        ]

    def _ends(self, call: Call, entry: F) -> Mapping[str, F]:
        called = self.flows.get(call.flow)
        if called is None or called.name in self._open:
            # An unknown flow and a circle of calls have faults of their own; assume nothing.
            return dict.fromkeys(call.on, entry)
        found: dict[str, F] = {}
        for name, fact in self.facts(called, entry).items():
            step = called.steps[name]
            if isinstance(step, End):
                old = found.get(step.outcome)
                found[step.outcome] = fact if old is None else self.meet(old, fact)
        return found
