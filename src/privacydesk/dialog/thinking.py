"""Replies that postpone an answer: to think it over, or to come back later."""

from __future__ import annotations

from privacydesk.dialog import following, questions, reading
from privacydesk.dialog.reply import Place, Reply
from privacydesk.domain.reading import ReplyAct


def wait_for_word(reply: Reply) -> bool:
    """Wait for somebody who wants to think before they confirm: "let me think it over".

    A flow whose request was filed before says that it waits; see ``Runner.leave_as_told``.
    """
    script = reply.script
    if not reading.does(script, ReplyAct.LATER) or reading.does(script, ReplyAct.YES):
        return False
    if script.answered_beside:
        # "Wait, will I still get codes?" waits for the answer, which was given.
        reply.runner.prompt_again(script)
        return True
    if reply.runner.leave_as_told(script):
        return True
    if not reading.is_brief(script) or following.others(reply.runner, script):
        return False
    return _waits(reply, "desk.take_your_time")


def wait_for_value(reply: Reply) -> bool:
    """Wait if a value is asked for and the text only says to wait: 等我一下 接个电话."""
    if not questions.takes_value(reply.slot_type, reply.frame):
        return False
    return _waits(reply, "desk.take_your_time")


def wait_with_code(reply: Reply) -> bool:
    """Wait for a user who will enter the code later."""
    script = reply.script
    if following.others_beside(reply.runner, script):
        return False
    form = reply.runner.flows[script.stack[script.form_at()].flow]
    return _waits(reply, "desk.code_later" if form.kind else "desk.take_your_time")


def wait_for_answer(reply: Reply) -> bool:
    """Wait if the text only says that an answer, or files, will come later: 证件不在身边."""
    if reply.place is not Place.FILES:
        return _waits(reply, "desk.take_your_time")
    return _waits(reply, "desk.hand_in_later", ReplyAct.UNKNOWN)


def _waits(reply: Reply, key: str, *alike: ReplyAct) -> bool:
    """Say that there is time, if a message postpones the answer and does not give it."""
    script = reply.script
    later = reading.does(script, ReplyAct.LATER, *alike)
    if not later or reading.does(script, ReplyAct.ANSWER, ReplyAct.PERSON):
        return False
    if not reading.is_brief(script):
        # "Wait, let me tell you first what happened …" says more.
        return False
    reply.ask_again(key)
    return True
