"""Drawing a flow as a Mermaid diagram, for people to discuss."""

from __future__ import annotations

from typing import Final

from privacydesk.dialog.demands import demand_of
from privacydesk.dialog.schema import (
    Ask,
    Branch,
    Call,
    Confirm,
    Do,
    End,
    Flow,
    Say,
    Step,
    targets,
)
from privacydesk.dialog.vocabulary import ACTION_SPECS

_CLASSES: Final = (
    "classDef waiting fill:#e8f0fe,stroke:#3367d6,color:#111",
    "classDef destructive fill:#fdecea,stroke:#b3261e,stroke-width:2px,color:#111",
    "classDef ending fill:#eeeeee,stroke:#666666,color:#111",
)


def mermaid(flow: Flow) -> str:
    """Return a flowchart: one node per step, one arrow per outcome.

    Steps that wait for the user or the outside, and steps that destroy something, have classes of
    their own; a destructive step is also marked in words, for readers without colours.
    """
    lines = ["flowchart TD", f"  start(({_quoted(flow.name)})) --> {_id(flow.start)}"]
    lines += [f"  {_id(step.id)}{_shape(flow, step)}" for step in flow.steps.values()]
    for step in flow.steps.values():
        by_target: dict[str, list[str]] = {}
        for outcome, target in targets(step).items():
            by_target.setdefault(target, []).append(outcome)
        for target, outcomes in by_target.items():
            label = "" if isinstance(step, Say) else f"|{_quoted(', '.join(outcomes))}|"
            lines.append(f"  {_id(step.id)} -->{label} {_id(target)}")
    lines += [f"  {one}" for one in _CLASSES]
    for name in ("waiting", "destructive", "ending"):
        members = [_id(step.id) for step in flow.steps.values() if _class(flow, step) == name]
        if members:
            lines.append(f"  class {','.join(members)} {name}")
    return "\n".join(lines) + "\n"


def _class(flow: Flow, step: Step) -> str:
    if demand_of(flow, step).confirmed:
        return "destructive"
    if isinstance(step, (Ask, Confirm)):
        return "waiting"
    if isinstance(step, Do) and step.action in ACTION_SPECS and ACTION_SPECS[step.action].waits:
        return "waiting"
    return "ending" if isinstance(step, End) else ""


def _shape(flow: Flow, step: Step) -> str:
    name = step.id
    if isinstance(step, Say):
        return f"[{_quoted(name, f'say {step.text}')}]"
    if isinstance(step, Ask):
        return f"[/{_quoted(name, f'ask {step.slot}: {step.text}')}/]"
    if isinstance(step, Confirm):
        return f"[/{_quoted(name, f'confirm {step.text}')}/]"
    if isinstance(step, Do):
        mark = " (destructive)" if demand_of(flow, step).confirmed else ""
        return f"[[{_quoted(name, f'do {step.action}{mark}')}]]"
    if isinstance(step, Call):
        return f"[[{_quoted(name, f'call {step.flow}')}]]"
    if isinstance(step, Branch):
        params = "".join(f" {key}={value}" for key, value in step.params.items())
        return f"{{{_quoted(name, f'{step.guard}{params}')}}}"
    return f"([{_quoted(f'end {step.outcome}')}])"


def _id(step: str) -> str:
    # "end" and a few others are reserved words of Mermaid, so step names get a prefix.
    return f"s_{step}"


def _quoted(*lines: str) -> str:
    text = "<br/>".join(line.replace("&", "&amp;").replace('"', "&quot;") for line in lines)
    return f'"{text}"'
