"""Migrating a conversation from an older version of the flows to the present one."""

from __future__ import annotations

from privacydesk.dialog.runner import Runner
from privacydesk.dialog.script import Script


def mend(runner: Runner, script: Script) -> None:
    """Move frames whose step was removed, and drop frames whose flow was removed.

    Flows called from a removed step are dropped with it: their outcome leads nowhere any more.
    The open question belongs to the old version, so its buttons are closed.
    """
    for place in reversed(range(len(script.stack))):
        frame = script.stack[place]
        flow = runner.flows.get(frame.flow)
        if flow is not None and frame.state in flow.steps:
            if not all(name in flow.steps for name in frame.trail):
                frame.trail = [name for name in frame.trail if name in flow.steps]
            continue
        above = script.form_end(place)
        if flow is None:
            _drop(runner, script, place, above)
        else:
            frame.state = flow.moved.get(frame.state, flow.start)
            frame.waiting = frame.confirmed_at = None
            frame.trail = []
            _drop(runner, script, place + 1, above)
        script.prompt = None
        script.mended = True


def _drop(runner: Runner, script: Script, begin: int, end: int) -> None:
    """Drop some frames from within the stack, with the files uploaded to them."""
    others = script.stack[end:]
    del script.stack[end:]
    runner.drop_from(script, begin)
    script.stack += others
