"""Tasks of tickets: handing items to teams, and the teams' answers.

The holder of a ticket, a supervisor or a program creates, withdraws and chases its tasks. Members
of a task's team take, answer and hand it back. The last answer that a granted ticket waits for
closes it, or returns it to review.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace as replace_dataclass
from datetime import date, datetime
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from privacydesk.clock import Clock
from privacydesk.domain.agents import Agent, Role
from privacydesk.domain.alarms import StaffAlarm
from privacydesk.domain.deadlines import end_of_day
from privacydesk.domain.tasks import MAX_TASKS, Task, TaskMove, TaskResult, Team, move_task
from privacydesk.domain.ticket import Ticket, TicketState
from privacydesk.errors import (
    DeskError,
    ErrorCode,
    InvalidRequestError,
    NotAllowedNowError,
    NotFoundError,
)
from privacydesk.ports import Reader
from privacydesk.services.account_requests import AccountRequests
from privacydesk.services.alarms import Alarms
from privacydesk.services.deadlines import Deadlines
from privacydesk.services.settlement import settle
from privacydesk.services.staff.actions import LogEntryDraft, StaffActions, TicketChange
from privacydesk.services.staff.handling import optional_text, require_text
from privacydesk.services.staff.preconditions import check_hold
from privacydesk.services.staff.roster import Roster, check_supervisor
from privacydesk.services.staff.ticket_lookup import TicketLookup

_WITH_TASKS: Final = frozenset(
    {
        TicketState.IN_REVIEW,
        TicketState.AWAITING_REQUESTER,
        TicketState.AWAITING_CONFIRMATION,
        TicketState.FULFILLING,
    }
)
"""The states in which a ticket may get tasks: who asks is known, and it is not closed."""
_LIST_SIZE: Final = 500

TaskCheck = Callable[[Ticket, Task], None]
"""Raises a ``DeskError`` to refuse a move, given the locked ticket and its task."""


class NewTask(Struct, frozen=True):
    """What a team is asked to do.

    Attributes:
        team: the name of the team; empty for the desk itself.
        items: indexes of the ticket's items; empty for the request as a whole.
        asked: what is asked for, in words.
        due_date: the last day for the answer; None for the default.
        accept_late: whether that day may be after the date of the ticket.
    """

    team: str
    items: tuple[int, ...] = ()
    asked: str = ""
    due_date: date | None = None
    accept_late: bool = False


class Tasks:
    """Creates, answers and lists tasks.

    Args:
        roster: finds agents.
        tickets: finds tickets.
        reader: reads the open tasks.
        actions: commits changes.
        holds: finds the legal holds on accounts.
        deadlines: knows the default date of a task.
        alarms: creates staff alarms.
        clock: source of the current time.
        teams: the operator's teams, by name.

    Attributes:
        teams: the operator's teams, by name.
    """

    def __init__(
        self,
        *,
        roster: Roster,
        tickets: TicketLookup,
        reader: Reader,
        actions: StaffActions,
        holds: AccountRequests,
        deadlines: Deadlines,
        alarms: Alarms,
        clock: Clock,
        teams: Mapping[str, Team],
    ) -> None:
        self._roster = roster
        self._tickets = tickets
        self._reader = reader
        self._actions = actions
        self._holds = holds
        self._deadlines = deadlines
        self._alarms = alarms
        self._clock = clock
        self.teams = teams

    # -- reading -------------------------------------------------------------------------------

    async def open_tasks(self, teams: Sequence[str] | None) -> tuple[tuple[Ticket, Task], ...]:
        """Return the open tasks of teams, or all of them, with their tickets, by date.

        Those of a team that is not in the profile any more are listed under its old name.
        """
        return await self._reader.open_tasks(teams, limit=_LIST_SIZE)

    async def tasks_of(self, by: str) -> tuple[tuple[Ticket, Task], ...]:
        """Return the open tasks that an agent may answer, by date.

        Raises:
            DeskError: ``FORBIDDEN`` if there is no active agent of this name.
        """
        agent = await self._roster.agent(by)
        found = await self.open_tasks((*agent.teams, "") if agent.works else agent.teams)
        return tuple((ticket, task) for ticket, task in found if is_own(ticket, task, agent))

    async def find(self, number: str, task_number: int, by: str) -> tuple[Ticket, Task]:
        """Return a task with its ticket, to an agent who may see it.

        Raises:
            NotFoundError: there is no such task, or only other teams may see it.
        """
        agent = await self._roster.agent(by)
        ticket = await self._tickets.by_number(number)
        task = _task_of(ticket, task_number)
        if not may_see(agent, task):
            raise NotFoundError("there is no such task")
        return ticket, task

    async def ticket_of_team(self, number: str, by: str) -> Ticket:
        """Return a ticket that has a task of an agent's, whether it is open or not.

        Raises:
            NotFoundError: there is no such ticket, or none of its tasks is the agent's to answer.
        """
        agent = await self._roster.agent(by)
        ticket = await self._tickets.by_number(number)
        if not any(is_own(ticket, task, agent) for task in ticket.tasks):
            raise NotFoundError("there is no such task")
        return ticket

    def may_be_created(self, ticket: Ticket) -> bool:
        """Return whether a ticket may get tasks now: it is held, proved and not closed."""
        return ticket.state in _WITH_TASKS and ticket.holder != ""

    def default_date(self, ticket: Ticket) -> date:
        """Return the last day for a task of a ticket unless staff choose another one."""
        return self._deadlines.task_date(ticket, self._clock.now())

    # -- by those who work on the ticket -------------------------------------------------------

    async def create(
        self,
        number: str,
        by: str,
        new: NewTask,
        *,
        job_id: str | None = None,
        seen: int | None = None,
    ) -> Ticket:
        """Hand items of a ticket to a team.

        Args:
            number: the ticket's number.
            by: the name of the agent.
            new: what the team is asked to do.
            job_id: the form's token, so that submitting it twice counts once.
            seen: the version of the ticket that the agent saw; None to skip the check.

        Raises:
            InvalidRequestError: there is no such team or item, nothing is asked for, or the date
                has passed, or is after that of the ticket and this is not accepted.
            NotAllowedNowError: nobody holds the ticket, its state permits no tasks, or it has too
                many.
            DeskError: ``FORBIDDEN`` unless ``by`` holds it, supervises or is a program.
        """
        agent = await self._roster.worker(by)
        ticket = await self._tickets.by_number(number)
        if new.team and new.team not in self.teams:
            raise InvalidRequestError("there is no such team", reason="no_such_team")
        asked = require_text(new.asked) if new.asked.strip() or not new.items else ""
        now = self._clock.now()
        alarms = await self._alarms.task_alarms()

        def add(current: Ticket, _: datetime) -> TicketChange:
            _check_may_manage(current, agent)
            if current.state not in _WITH_TASKS:
                raise NotAllowedNowError("it can't be handed on now", reason="no_tasks_now")
            if not current.holder:
                raise NotAllowedNowError("claim the request first", reason="not_claimed")
            task = self._new_task(current, agent, replace(new, asked=asked), now)
            changed = self._deadlines.with_tasks(current, (*current.tasks, task), now)
            changed = replace(changed, version=current.version + 1)
            return TicketChange(changed, alarms=alarms.asked(changed, task, agent.name, now))

        data = {"team": new.team, "items": list(new.items)}
        entry = LogEntryDraft("task_created", asked, data)
        guard = await self._tickets.guard(ticket, seen)
        return await self._actions.change_ticket(
            ticket, agent, entry, add, job_id=job_id, guard=guard
        )

    def _new_task(self, ticket: Ticket, agent: Agent, new: NewTask, now: datetime) -> Task:
        if len(ticket.tasks) >= MAX_TASKS:
            raise NotAllowedNowError("the request has too many tasks", reason="too_many_tasks")
        items = tuple(sorted(set(new.items)))
        if any(not 0 <= index < len(ticket.items) for index in items):
            raise InvalidRequestError("the request has no such item", reason="no_such_item")
        due_date = new.due_date or self._deadlines.task_date(ticket, now)
        if due_date < self._deadlines.today(now):
            raise InvalidRequestError("this day has passed", reason="task_date_passed")
        clock = ticket.staff_clock
        decided = ticket.answered_at is not None and ticket.completion is None
        is_late = clock is not None and not decided and due_date > clock.due_date
        if is_late and not new.accept_late:
            raise InvalidRequestError(
                "this day is after the date of the request", reason="task_late"
            )
        return Task(
            number=len(ticket.tasks) + 1,
            team=new.team,
            by=agent.name,
            created_at=now,
            due_date=due_date,
            due_at=end_of_day(due_date, self._deadlines.zone),
            items=items,
            asked=new.asked,
            settles=ticket.state in {TicketState.FULFILLING, TicketState.AWAITING_CONFIRMATION},
        )

    async def withdraw(
        self,
        number: str,
        task_number: int,
        by: str,
        reason: str = "",
        *,
        job_id: str | None = None,
        seen: int | None = None,
    ) -> Ticket:
        """Withdraw an open task; the ticket no longer waits for it.

        Raises:
            InvalidRequestError: there is no reason though the ticket was granted, so that what was
                granted would be forgotten; or it is too long.
            NotAllowedNowError: the task was answered or withdrawn.
            DeskError: ``FORBIDDEN`` unless ``by`` holds the ticket, supervises or is a program.
        """
        agent = await self._roster.worker(by)
        text = optional_text(reason)

        def check(ticket: Ticket, task: Task) -> None:
            _check_may_manage(ticket, agent)
            if task.settles and not text:
                raise InvalidRequestError("say why it need not be done", reason="no_reason")

        return await self._move(
            number,
            task_number,
            agent,
            LogEntryDraft("task_withdrawn", text),
            check,
            job_id=job_id,
            seen=seen,
        )

    async def chase(
        self,
        number: str,
        task_number: int,
        by: str,
        *,
        job_id: str | None = None,
        seen: int | None = None,
    ) -> Ticket:
        """Remind the team, or the member who took the task.

        Raises:
            NotAllowedNowError: the task was answered or withdrawn.
            DeskError: ``FORBIDDEN`` unless ``by`` holds the ticket, supervises or is a program.
        """
        agent = await self._roster.worker(by)
        return await self._move(
            number,
            task_number,
            agent,
            LogEntryDraft("task_chased"),
            lambda ticket, _: _check_may_manage(ticket, agent),
            job_id=job_id,
            seen=seen,
        )

    # -- by the team ---------------------------------------------------------------------------

    async def take(
        self,
        number: str,
        task_number: int,
        by: str,
        *,
        job_id: str | None = None,
        seen: int | None = None,
    ) -> Ticket:
        """Take a task of one's team.

        Raises:
            NotFoundError: there is no such task, or it is another team's.
            NotAllowedNowError: somebody else took it, or it has ended.
        """
        agent = await self._member(number, task_number, by)
        entry = LogEntryDraft("task_taken")
        return await self._move(
            number, task_number, agent, entry, _no_check, job_id=job_id, seen=seen
        )

    async def hand_back(
        self,
        number: str,
        task_number: int,
        by: str,
        reason: str,
        *,
        job_id: str | None = None,
        seen: int | None = None,
    ) -> Ticket:
        """Give a task back to the team, with a reason.

        Raises:
            InvalidRequestError: there is no reason, or it is too long.
            NotFoundError: there is no such task, or it is another team's.
            NotAllowedNowError: nobody took it, or it has ended.
            DeskError: ``FORBIDDEN`` unless ``by`` took it.
        """
        text = require_text(reason)
        agent = await self._member(number, task_number, by)
        return await self._move(
            number,
            task_number,
            agent,
            LogEntryDraft("task_handed_back", text),
            lambda _, task: _check_holder(task, agent),
            job_id=job_id,
            seen=seen,
        )

    async def answer(
        self,
        number: str,
        task_number: int,
        by: str,
        result: TaskResult,
        note: str = "",
        *,
        job_id: str | None = None,
        seen: int | None = None,
    ) -> Ticket:
        """Answer a task, which its member took or nobody did.

        Args:
            number: the ticket's number.
            task_number: the task's number.
            by: the name of the agent.
            result: what came of it.
            note: the answer in words; required if it was not possible.
            job_id: the form's token, so that submitting it twice counts once.
            seen: the version of the ticket that the agent saw; None to skip the check.

        Raises:
            InvalidRequestError: there are no words though it was not possible, or too many.
            NotFoundError: there is no such task, or it is another team's.
            NotAllowedNowError: it was answered or withdrawn.
            DeskError: ``FORBIDDEN`` if another member took it; ``NOT_ALLOWED_NOW`` if a legal hold
                keeps what was to be taken away.
        """
        text = require_text(note) if result is TaskResult.NOT_POSSIBLE else optional_text(note)
        agent = await self._member(number, task_number, by)
        ticket = await self._tickets.by_number(number)
        held = await self._holds.held_among(ticket.account)

        def check(current: Ticket, task: Task) -> None:
            if task.holder:
                _check_holder(task, agent)
            if result is TaskResult.DONE and task.settles:
                check_hold(current, task, held)

        return await self._move(
            number,
            task_number,
            agent,
            LogEntryDraft("task_answered", text),
            check,
            result=result,
            job_id=job_id,
            seen=seen,
        )

    async def _member(self, number: str, task_number: int, by: str) -> Agent:
        """Return an agent who belongs to a task's team."""
        ticket, task = await self.find(number, task_number, by)
        agent = await self._roster.agent(by)
        if not is_own(ticket, task, agent):
            raise NotFoundError("there is no such task")
        return agent

    async def _move(
        self,
        number: str,
        task_number: int,
        agent: Agent,
        entry: LogEntryDraft,
        check: TaskCheck,
        *,
        result: TaskResult | None = None,
        job_id: str | None = None,
        seen: int | None = None,
    ) -> Ticket:
        """Move a task under the lock, and close its ticket if nothing else is waited for.

        Args:
            number: the ticket's number.
            task_number: the task's number.
            agent: the agent who moves it.
            entry: the entry for the ticket's log; its name is that of the move.
            check: raises to refuse the move.
            result: what came of the task, if it is answered.
            job_id: the form's token, so that submitting it twice counts once.
            seen: the version of the ticket that the agent saw; None to skip the check.
        """
        move = TaskMove(entry.what)
        ticket = await self._tickets.by_number(number)
        task = _task_of(ticket, task_number)
        alarms = await self._alarms.task_alarms()

        def change(current: Ticket, now: datetime) -> TicketChange:
            before = _task_of(current, task_number)
            check(current, before)
            more = {} if result is None else {"result": result, "note": entry.why}
            after = move_task(before, move, agent.name, now, **more)
            tasks = tuple(after if one is before else one for one in current.tasks)
            changed = self._deadlines.with_tasks(current, tasks, now)
            changed = replace(changed, version=current.version + 1)
            raised: tuple[StaffAlarm, ...] = ()
            if move is TaskMove.CHASE:
                raised = alarms.asked(changed, after, agent.name, now)
            elif move is TaskMove.ANSWER:
                raised = alarms.answered(changed, after, agent.name, now)
            return self._settled(changed, now, raised)

        data = {"team": task.team, "task": task_number}
        if result is not None:
            data["result"] = result.value
        entry = replace_dataclass(entry, data=data)
        guard = await self._tickets.guard(ticket, seen)
        return await self._actions.change_ticket(
            ticket, agent, entry, change, job_id=job_id, guard=guard
        )

    def _settled(
        self, ticket: Ticket, now: datetime, alarms: tuple[StaffAlarm, ...]
    ) -> TicketChange:
        if ticket.state is not TicketState.FULFILLING:
            return TicketChange(ticket, alarms=alarms)
        settled = settle(ticket, self._deadlines, now)
        if settled is None:
            return TicketChange(ticket, alarms=alarms)
        return TicketChange(settled.ticket, settled.outcome, settled.data, alarms)


def may_see(agent: Agent, task: Task) -> bool:
    """Return whether an agent may see a task: they may see all tickets, or are of its team."""
    return agent.role is not Role.DATA_OWNER or task.team in agent.teams


def is_own(ticket: Ticket, task: Task, agent: Agent) -> bool:
    """Return whether an agent may take and answer a task.

    A team's tasks are its members', and programs may answer for a team. The desk's own are the
    ticket's holder's, or a supervisor's.
    """
    if agent.is_program:
        return True
    if task.team:
        return task.team in agent.teams
    return agent.works and (agent.name in {task.holder, ticket.holder} or agent.supervises)


def may_manage(ticket: Ticket, agent: Agent) -> bool:
    """Return whether an agent may create, withdraw and chase the tasks of a ticket."""
    return agent.works and (agent.is_program or agent.supervises or ticket.holder == agent.name)


def _check_may_manage(ticket: Ticket, agent: Agent) -> None:
    if not may_manage(ticket, agent):
        check_supervisor(agent)


def _check_holder(task: Task, agent: Agent) -> None:
    """Check that an agent took a team's task, or that nobody did.

    The desk's own go with their ticket, whose holder may be another one by now.
    """
    if task.team and task.holder != agent.name and task.is_open and not agent.is_program:
        raise DeskError(
            "another member of the team has this task",
            code=ErrorCode.FORBIDDEN,
            reason="task_of_other",
        )


def _no_check(_ticket: Ticket, _task: Task) -> None:
    """Accept the move, which needs nothing beyond being of the team."""


def _task_of(ticket: Ticket, task_number: int) -> Task:
    """Return a ticket's task by its number.

    Raises:
        NotFoundError: there is none.
    """
    if not 1 <= task_number <= len(ticket.tasks):
        raise NotFoundError("there is no such task")
    return ticket.tasks[task_number - 1]
