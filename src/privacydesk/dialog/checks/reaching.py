"""Each step can be reached; from each, an end and a person can be; no cycle lacks a wait."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from privacydesk.dialog.checks.walk import Silence, cycles, edges, reach, reversed_edges
from privacydesk.dialog.faults import DialogFault
from privacydesk.dialog.schema import WAITING, Call, Do, End, Flow, Step
from privacydesk.dialog.vocabulary import ACTION_SPECS


def check_reaching(flows: Mapping[str, Flow]) -> Iterator[DialogFault]:
    """Yield the faults of every flow's graph."""
    silence = Silence(flows)
    for flow in flows.values():
        yield from _check_flow(flow, silence)
    yield from _check_calls(flows)


def _check_flow(flow: Flow, silence: Silence) -> Iterator[DialogFault]:
    graph = edges(flow)
    back = reversed_edges(graph)
    reached = reach(graph, [flow.start])
    ending = reach(back, [name for name, step in flow.steps.items() if isinstance(step, End)])
    # A person can be asked for wherever the user has the turn, and at the menu after an end.
    heard = reach(back, [name for name, step in flow.steps.items() if _has_user(step)])
    for name in flow.steps:
        if name not in reached:
            yield _fault(flow, name, "it can't be reached", "lead to it, or remove it")
        if name not in ending:
            yield _fault(flow, name, "no end can be reached from here", "lead on to an end")
        if name not in heard:
            what = "no person can be asked for from here: no waiting step and no end follows"
            yield _fault(flow, name, what, "lead on to an ask, a confirm or an end")
    for around in cycles(silence.edges(flow)):
        if reached.isdisjoint(around):
            continue
        first = min(around, key=lambda name: flow.lines.get(name, 0))
        what = f"the cycle {' → '.join((*around, around[0]))} waits for nobody"
        yield _fault(flow, first, what, "put an ask or a confirm into it")


def _has_user(step: Step) -> bool:
    if isinstance(step, Do):
        spec = ACTION_SPECS.get(step.action)
        return spec is not None and spec.waits
    return isinstance(step, (*WAITING, End))


def _check_calls(flows: Mapping[str, Flow]) -> Iterator[DialogFault]:
    graph = {
        name: frozenset(step.flow for step in flow.steps.values() if isinstance(step, Call))
        & frozenset(flows)
        for name, flow in flows.items()
    }
    for around in cycles(graph):
        flow = flows[around[0]]
        step = next(
            step.id
            for step in flow.steps.values()
            if isinstance(step, Call) and step.flow in around
        )
        what = f"flows call each other in a circle: {' → '.join((*around, around[0]))}"
        yield _fault(flow, step, what, "end one of them instead of calling on")


def _fault(flow: Flow, step: str, what: str, remedy: str) -> DialogFault:
    return DialogFault(flow.source, flow.lines.get(step, 0), step, what, remedy)
