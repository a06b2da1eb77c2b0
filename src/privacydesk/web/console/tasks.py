"""Tasks of teams: the list, what a team sees of a request, and the actions on tasks.

A member of a team sees what is asked and what they need for it: the items, the account and the
date, and neither the conversation nor the evidence.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date
from typing import Final

from aiohttp import web

from privacydesk.domain.agents import CASE_READERS, WORKERS, Role
from privacydesk.domain.tasks import MAX_TASKS, TaskResult
from privacydesk.domain.ticket import Ticket
from privacydesk.errors import DeskError, ErrorCode, InvalidRequestError, NotFoundError
from privacydesk.services.staff.tasks import NewTask, is_own
from privacydesk.web.console.access import agent_session, staff
from privacydesk.web.console.case import ticket_number_of
from privacydesk.web.console.form_actions import FormAction, read_text_fields, run_action
from privacydesk.web.console.keys import SERVICES
from privacydesk.web.console.localizer import localizer_of
from privacydesk.web.console.page import console_page, error_message
from privacydesk.web.console.seen_alarms import mark_alarms_seen
from privacydesk.web.console.task_rows import task_rows
from privacydesk.web.responses import STATUS

ADDRESS: Final = "/console/tasks"
_INTERNAL_ERROR: Final = 500
_MEMBERS: Final = (*WORKERS, Role.DATA_OWNER)
_CONFIRMATIONS: Final = frozenset({"task_take", "task_hand_back", "task_answer"})


# -- pages -------------------------------------------------------------------------------------


@staff(*CASE_READERS, Role.DATA_OWNER)
async def tasks_page(request: web.Request) -> web.Response:
    """List open tasks: of all teams, or of one's own."""
    services, me = request.config_dict[SERVICES], agent_session(request).agent
    tasks = services.staff.tasks
    visible: Sequence[str] = (*tasks.teams, "")
    if me.role is Role.DATA_OWNER:
        visible = me.teams
    chosen = request.query.get("team")
    if chosen is not None and chosen not in visible:
        raise NotFoundError("there is no such team")
    own_only = request.query.get("whose") == "mine"
    teams = visible if chosen is None else (chosen,)
    found = await tasks.open_tasks(teams)
    rows = task_rows(services, found, me)
    if own_only:
        rows = [row for row in rows if row.task.holder == me.name]
    return console_page(
        request,
        "console/tasks.html",
        rows=rows,
        visible=visible,
        chosen=chosen,
        own_only=own_only,
        w=localizer_of(request),
    )


@staff(*_MEMBERS)
async def ticket_tasks_page(request: web.Request) -> web.Response:
    """Show the tasks of a ticket that are the reader's teams', with what they need to know."""
    done = request.query.get("done", "")
    ticket = await _ticket(request)
    await mark_alarms_seen(request, ticket.id)
    return _page(request, ticket, done=done if done in _CONFIRMATIONS else "")


async def _ticket(request: web.Request) -> Ticket:
    services, me = request.config_dict[SERVICES], agent_session(request).agent
    return await services.staff.tasks.ticket_of_team(ticket_number_of(request), me.name)


def _page(
    request: web.Request,
    ticket: Ticket,
    *,
    done: str = "",
    error: DeskError | None = None,
    submitted: Mapping[str, str] | None = None,
) -> web.Response:
    services, me = request.config_dict[SERVICES], agent_session(request).agent
    own = [(ticket, task) for task in ticket.tasks if is_own(ticket, task, me)]
    return console_page(
        request,
        "console/ticket_tasks.html",
        status=200 if error is None else STATUS.get(error.code, _INTERNAL_ERROR),
        ticket=ticket,
        rows=task_rows(services, own, me),
        done=done,
        error_message="" if error is None else error_message(request, error),
        submitted=submitted or {},
        failed_task=request.match_info.get("task", "") if error is not None else "",
        page_address=f"/console/tickets/{ticket.number}/tasks",
        results=list(TaskResult),
        job=services.minter.token(),
        w=localizer_of(request),
    )


# -- by the team -------------------------------------------------------------------------------


@staff(*_MEMBERS)
async def take(request: web.Request) -> web.Response:
    """Take a task of one's team."""
    return await _run_for_team(
        request,
        "task_take",
        lambda action: action.services.staff.tasks.take(
            action.target, _task_number_of(request), action.by, job_id=action.job_id
        ),
    )


@staff(*_MEMBERS)
async def hand_back(request: web.Request) -> web.Response:
    """Give a task back to the team."""
    return await _run_for_team(
        request,
        "task_hand_back",
        lambda action: action.services.staff.tasks.hand_back(
            action.target, _task_number_of(request), action.by, action.text, job_id=action.job_id
        ),
    )


@staff(*_MEMBERS)
async def answer(request: web.Request) -> web.Response:
    """Answer a task."""

    async def run(action: FormAction) -> object:
        try:
            result = TaskResult(action.form.get("result", ""))
        except ValueError:
            raise InvalidRequestError("say what came of it", reason="nothing_chosen") from None
        return await action.services.staff.tasks.answer(
            action.target,
            _task_number_of(request),
            action.by,
            result,
            action.text,
            job_id=action.job_id,
        )

    return await _run_for_team(request, "task_answer", run)


async def _run_for_team(
    request: web.Request, name: str, run: Callable[[FormAction], Awaitable[object]]
) -> web.Response:
    """Run an action and show the page that its form was on: the case page, or the team's."""
    services, me = request.config_dict[SERVICES], agent_session(request).agent
    form, number = await read_text_fields(request), ticket_number_of(request)
    if form.get("on") == "case" and me.role is not Role.DATA_OWNER:
        return await run_action(request, name, run, form=form)
    try:
        await run(FormAction(services, me.name, form, number))
    except DeskError as error:
        if error.code is ErrorCode.NOT_FOUND:
            raise
        return _page(request, await _ticket(request), error=error, submitted=form)
    raise web.HTTPSeeOther(f"/console/tickets/{number}/tasks?done={name}")


# -- by those who work on the request ----------------------------------------------------------


@staff(*WORKERS)
async def create(request: web.Request) -> web.Response:
    """Hand items of a request to a team."""

    async def run(action: FormAction) -> object:
        places = range(MAX_TASKS)
        new = NewTask(
            team=action.form.get("team", ""),
            items=tuple(place for place in places if action.form.get(f"task_item-{place}")),
            asked=action.text,
            due_date=_parse_day(action.form.get("due", "")),
            accept_late=action.form.get("late") == "yes",
        )
        return await action.services.staff.tasks.create(
            action.target, action.by, new, job_id=action.job_id
        )

    return await run_action(request, "task_create", run)


@staff(*WORKERS)
async def withdraw(request: web.Request) -> web.Response:
    """Withdraw a task."""
    return await run_action(
        request,
        "task_withdraw",
        lambda action: action.services.staff.tasks.withdraw(
            action.target, _task_number_of(request), action.by, action.text, job_id=action.job_id
        ),
    )


@staff(*WORKERS)
async def chase(request: web.Request) -> web.Response:
    """Remind a team of a task."""
    return await run_action(
        request,
        "task_chase",
        lambda action: action.services.staff.tasks.chase(
            action.target, _task_number_of(request), action.by, job_id=action.job_id
        ),
    )


def _task_number_of(request: web.Request) -> int:
    """Return the task's number in the path of a request.

    Raises:
        NotFoundError: the path contains no such number.
    """
    text = request.match_info["task"]
    if not (text.isascii() and text.isdecimal() and len(text) <= len(str(MAX_TASKS))):
        raise NotFoundError("there is no such task")
    return int(text)


def _parse_day(text: str) -> date | None:
    """Parse a day of a form; None if it is empty.

    Raises:
        InvalidRequestError: the text is no day.
    """
    if not text.strip():
        return None
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise InvalidRequestError("this is no day", reason="no_day") from None
