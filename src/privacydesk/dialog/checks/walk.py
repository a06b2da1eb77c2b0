"""Walking a flow's graph: what is reached, what leads where, and which ways never wait."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from privacydesk.dialog.schema import Ask, Call, Confirm, Do, End, Flow, Step, targets
from privacydesk.dialog.vocabulary import ACTION_SPECS

AT_ONCE: Final = frozenset({"wait", "capped"})
"""Outcomes of waiting actions that are known without asking an outside service."""

Edges = Mapping[str, frozenset[str]]


def edges(flow: Flow) -> dict[str, frozenset[str]]:
    """Return each step's next steps."""
    return {name: frozenset(targets(step).values()) for name, step in flow.steps.items()}


def reversed_edges(graph: Edges) -> dict[str, frozenset[str]]:
    """Return each step's previous steps."""
    found: dict[str, set[str]] = {name: set() for name in graph}
    for name, following in graph.items():
        for target in following:
            found.setdefault(target, set()).add(name)
    return {name: frozenset(before) for name, before in found.items()}


def reach(graph: Edges, starts: Iterable[str]) -> frozenset[str]:
    """Return the steps that can be reached, the starts among them."""
    found: set[str] = set()
    todo = list(starts)
    while todo:
        name = todo.pop()
        if name not in found:
            found.add(name)
            todo += graph.get(name, frozenset())
    return frozenset(found)


def path(graph: Edges, start: str, goal: str) -> tuple[str, ...]:
    """Return a shortest way from start to goal, both included; empty when there is none."""
    before: dict[str, str] = {start: ""}
    todo = [start]
    for name in todo:
        if name == goal:
            break
        for target in sorted(graph.get(name, frozenset())):
            if target not in before:
                before[target] = name
                todo.append(target)
    if goal not in before:
        return ()
    way = [goal]
    while before[way[-1]]:
        way.append(before[way[-1]])
    return tuple(reversed(way))


def cycles(graph: Edges) -> Iterator[tuple[str, ...]]:
    """Yield each strongly connected part that holds a cycle, its steps in the graph's order."""
    seen: set[str] = set()
    back = reversed_edges(graph)
    for name in graph:
        if name in seen:
            continue
        around = reach(graph, graph[name]) & reach(back, [name])
        if name in around:
            seen |= around
            yield tuple(step for step in graph if step in around)


class Silence:
    """The paths through flows that reach no waiting step."""

    def __init__(self, flows: Mapping[str, Flow]) -> None:
        self._flows = flows
        self._ends: dict[str, frozenset[str]] = {}
        self._open: set[str] = set()

    def edges(self, flow: Flow) -> dict[str, frozenset[str]]:
        """Return the transitions without a wait."""
        return {
            name: frozenset(
                target
                for outcome, target in targets(step).items()
                if not self._waits(step, outcome)
            )
            for name, step in flow.steps.items()
        }

    def _waits(self, step: Step, outcome: str) -> bool:
        if isinstance(step, (Ask, Confirm)):
            return True
        if isinstance(step, Do):
            spec = ACTION_SPECS.get(step.action)
            return spec is not None and spec.waits and outcome not in AT_ONCE
        if isinstance(step, Call):
            return outcome not in self._silent_ends(step.flow)
        return False

    def _silent_ends(self, name: str) -> frozenset[str]:
        """Return the outcomes that a flow can come to without waiting."""
        if name in self._ends:
            return self._ends[name]
        flow = self._flows.get(name)
        if flow is None or name in self._open:
            # Flows that call each other in a circle have a fault of their own.
            return frozenset()
        self._open.add(name)
        reached = reach(self.edges(flow), [flow.start])
        self._open.remove(name)
        found = frozenset(
            step.outcome
            for step in flow.steps.values()
            if isinstance(step, End) and step.id in reached
        )
        self._ends[name] = found
        return found
