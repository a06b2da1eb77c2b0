"""The engine: one message in, one turn out. Pure; time and randomness come from outside.

``needs`` names what has to be found out about a message; ``advance`` decides. A decision that needs
rows which were not locked raises ``NeedsMore``, and the service comes back with them.

``Answers`` takes what the user does, ``interrupts`` what may happen at every step, ``notices`` what
staff, the account service and the clock did; all of them continue through the ``Runner``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from privacydesk.dialog import fetching, intake, notices
from privacydesk.dialog.act import Act
from privacydesk.dialog.actions import RECEIVERS
from privacydesk.dialog.answers import Answers
from privacydesk.dialog.buttons import Labels
from privacydesk.dialog.intake_kinds import kind_specs
from privacydesk.dialog.mending import mend
from privacydesk.dialog.menu import greet
from privacydesk.dialog.options import whose
from privacydesk.dialog.rules import Rules
from privacydesk.dialog.runner import Runner
from privacydesk.dialog.running import Running
from privacydesk.dialog.schema import Ask, Do, Flow
from privacydesk.dialog.script import NeedsMore, Script
from privacydesk.dialog.slots import input_kind
from privacydesk.dialog.taking import share_files, take_files
from privacydesk.domain.conversation import Conversation, OwnerKind
from privacydesk.domain.events import EventKind, InputKind, Sender
from privacydesk.domain.identity import Target
from privacydesk.domain.ids import ConversationId
from privacydesk.domain.request_kinds import KindSpec
from privacydesk.domain.shifts import Shift
from privacydesk.domain.turn import (
    SLOW,
    CardMessage,
    ChoiceMessage,
    DecisionMessage,
    DownloadMessage,
    DueMessage,
    IntakeMessage,
    Message,
    Needs,
    Observation,
    ResultMessage,
    Snapshot,
    TextMessage,
    Turn,
    UploadMessage,
)

_NOTHING_MORE = Needs()


class Engine:
    """Runs flows.

    Args:
        flows: the checked flows by name.
        rules: what the operator sets.
        labels: the text of a key, to recognise typed button labels.
        locales: the languages the desk speaks.
    """

    def __init__(
        self,
        flows: Mapping[str, Flow],
        rules: Rules,
        labels: Labels,
        locales: frozenset[str] = frozenset({"zh_Hans", "zh_Hant", "en"}),
    ) -> None:
        self.flows = flows
        self.rules = rules
        self._runner = Runner(flows, rules, locales)
        self._answers = Answers(self._runner, labels)

    def set_shifts(self, shifts: Sequence[Shift]) -> None:
        """Replace the hours in which staff answer, while the engine is in use."""
        self.rules = replace(self.rules, shifts=tuple(shifts))

    def request_kinds(self, locale: str, now: datetime) -> tuple[KindSpec, ...]:
        """Return what a program may send for each kind of request, with texts for a locale."""
        nobody = Conversation(ConversationId(b""), "", now, locale=locale)
        script = Script(Snapshot(nobody), Observation(), self.rules, now, "")
        return kind_specs(self._runner, script)

    def needs(self, snapshot: Snapshot, message: Message) -> Needs:
        """Return what the service has to find out about ``message`` before the decision."""
        if not isinstance(message, TextMessage):
            return _NOTHING_MORE
        label = self._code_target(snapshot)
        if label:
            return Needs(code_target=label, challenges=(Target.of_label(label).counter(),))
        return _NOTHING_MORE

    def _code_target(self, snapshot: Snapshot) -> str:
        stack = snapshot.conversation.stack
        if not stack or stack[-1].waiting is not None:
            return ""
        frame = stack[-1]
        flow = self.flows.get(frame.flow)
        step = flow.steps.get(frame.step) if flow else None
        if flow is None or not isinstance(step, Ask):
            return ""
        if flow.slots[step.slot].type != "code":
            return ""
        return str(frame.slots.get("_target", ""))

    def asks_for(self, snapshot: Snapshot) -> InputKind | None:
        """Return the input the open question takes; None when none is open."""
        stack = snapshot.conversation.stack
        if not stack or stack[-1].waiting is not None:
            return None
        flow = self.flows.get(stack[-1].flow)
        step = flow.steps.get(stack[-1].step) if flow else None
        if flow is None or not isinstance(step, Ask):
            return None
        return input_kind(flow.slots[step.slot].type)

    def shares_files(self, snapshot: Snapshot) -> bool:
        """Return whether files are shown to a person: one is there, or waited for.

        The open question of a form takes its files also from somebody who waits.
        """
        conversation = snapshot.conversation
        if conversation.owner.kind is not OwnerKind.QUEUE:
            return conversation.owner.kind is OwnerKind.AGENT
        prompt, stack = conversation.prompt, conversation.stack
        if prompt is None or not stack or prompt.serial != stack[-1].serial:
            return True
        return self.asks_for(snapshot) is not InputKind.UPLOAD

    def greet(self, snapshot: Snapshot, now: datetime, job_id: str) -> Turn:
        """Say who answers, what is recorded and how to reach a person; once, at the start.

        Args:
            snapshot: the new conversation, with the tickets that the account has already.
            now: the current time.
            job_id: the id of the job.
        """
        script = self._script(snapshot, TextMessage(job_id, ""), now)
        script.observed = Observation(needs=Needs(tickets_of=whose(script)))
        greet(script)
        return script.turn()

    def advance(self, snapshot: Snapshot, message: Message, now: datetime) -> Turn:
        """Decide one message.

        Raises:
            NeedsMore: rows are needed that were not locked.
        """
        script = self._script(snapshot, message, now)
        mend(self._runner, script)
        if isinstance(message, TextMessage):
            script.said = script.whole_message = message.text
            script.saw = message.offset
            self._answers.said(script, message)
        elif isinstance(message, ChoiceMessage):
            self._answers.chose(script, message)
        elif isinstance(message, CardMessage):
            self._answers.handed_in(script, message)
        elif isinstance(message, UploadMessage):
            if self.shares_files(snapshot):
                share_files(script, message)
            else:
                take_files(self._runner, script, message)
            if message.text:
                script.said = script.whole_message = message.text
                self._answers.said(script, TextMessage(message.job_id, message.text))
        else:
            self._happened(script, message)
        return script.turn()

    def _happened(self, script: Script, message: Message) -> None:
        """Go on from what staff, another service, a program or the clock did."""
        if isinstance(message, DecisionMessage):
            notices.decided(self._runner, script, message)
        elif isinstance(message, ResultMessage):
            self._result(script, message)
        elif isinstance(message, DownloadMessage):
            fetching.fetched(script, message)
        elif isinstance(message, IntakeMessage):
            intake.file(self._runner, script, message)
        else:
            assert isinstance(message, DueMessage)
            notices.came_due(self._runner, script, message)

    def _script(self, snapshot: Snapshot, message: Message, now: datetime) -> Script:
        return Script(snapshot, message.observed, self.rules, now, message.job_id)

    def _result(self, script: Script, message: ResultMessage) -> None:
        if message.ticket is not None:
            notices.result(self._runner, script, message)
            return
        frame = next(
            (f for f in script.stack if f.waiting is not None and f.waiting.ref == message.ref),
            None,
        )
        if frame is None:
            # The form was cancelled or has moved on: a named transition to nowhere.
            return
        if message.outcome == SLOW:
            self._still_waits(script, frame)
            return
        flow = self.flows[frame.flow]
        step = flow.steps[frame.state]
        frame.waiting = None
        assert isinstance(step, Do)
        act = Act(script, frame, flow, step.params)
        outcome = RECEIVERS[step.action](act, message.outcome, message.data)
        self._runner.fire(frame, outcome)
        if frame is script.top and script.owner.kind is not OwnerKind.AGENT:
            self._runner.run(script)
            if not script.events:
                # The next step asks the outside as well. What a frame waits for is stored with the
                # turn's events: a turn without any would be forgotten, and its answer lost.
                script.say("desk.one_moment")
            return
        # The form continues later; its state is stored with the events of this turn.
        script.append(Sender.SYSTEM, EventKind.TEXT, key="desk.came_in")
        self._runner.prompt_again(script)

    def _still_waits(self, script: Script, frame: Running) -> None:
        """Say that the outside takes longer; the form keeps waiting."""
        if script.owner.kind is OwnerKind.AGENT:
            return
        script.say("desk.takes_longer")
        if frame is not script.top:
            self._runner.prompt_again(script)


__all__ = ["Engine", "NeedsMore"]
