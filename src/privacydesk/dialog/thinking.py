"""Replies that put an answer off: to think it over, or to come back later."""

from __future__ import annotations

from privacydesk.dialog import following, questions, reading
from privacydesk.dialog.reply import Place, Reply


def leave_to_think(reply: Reply) -> bool:
    """Leave the form of a person who wants to think about it first: "let me think it over"."""
    script = reply.script
    if "thinks" not in reading.phrases_of(script.observed.entities):
        return False
    if reply.runner.leave_as_told(script):
        return True
    if not reading.is_brief(script) or following.others(reply.runner, script):
        return False
    reply.runner.cancel_form(script)
    return True


def wait_for_value(reply: Reply) -> bool:
    """Wait where a value is asked for and words only say to wait."""
    if not questions.stalls(reply.script, reply.slot_type, reply.frame):
        return False
    reply.ask_again("desk.take_your_time")
    return True


def wait_with_code(reply: Reply) -> bool:
    """Wait for a person who comes back to a code later."""
    script = reply.script
    if not questions.waits_with_code(script):
        return False
    if following.others_beside(reply.runner, script):
        return False
    form = reply.runner.flows[script.stack[script.form_at()].flow]
    reply.ask_again("desk.code_later" if form.kind else "desk.take_your_time")
    return True


def wait_for_answer(reply: Reply) -> bool:
    """Wait where words only say that an answer, or files, come later."""
    if not questions.postpones(reply.script):
        return False
    files = reply.place is Place.FILES
    reply.ask_again("desk.hand_in_later" if files else "desk.take_your_time")
    return True
