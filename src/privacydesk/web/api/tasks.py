"""Operations on tasks: what teams are asked to do for tickets.

They call the services of the console. A program may answer for any team.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Final

from pydantic import Field

from privacydesk.domain.api_tokens import Scope
from privacydesk.domain.tasks import MAX_TASKS, Task, TaskResult, TaskState
from privacydesk.domain.ticket import Ticket, TicketState
from privacydesk.errors import NotFoundError
from privacydesk.services.staff.tasks import NewTask
from privacydesk.web.api.operations import (
    ApiResponse,
    Call,
    Group,
    Operation,
    read_operation,
    write_operation,
)
from privacydesk.web.api.schemas import (
    BODY_INTEGER,
    EmptyRequest,
    NonBlankText,
    RequestModel,
    ResponseModel,
    Text,
    Timestamp,
)
from privacydesk.web.api.ticket_schemas import ItemDetailsResponse, item_fields
from privacydesk.web.api.tickets import to_json

_MAX_ITEMS: Final = 50
_TeamName = Annotated[str, Field(max_length=32, pattern=r"^[^\x00-\x20]*$")]
_ItemIndex = Annotated[int, Field(ge=0, lt=_MAX_ITEMS), BODY_INTEGER]


class TasksQuery(RequestModel):
    """The filters of a list of open tasks."""

    team: Annotated[str, Field(pattern=r"^[a-z0-9_-]{1,32}$")] | None = Field(
        default=None, description="Only of this team."
    )


class CreateTaskRequest(RequestModel):
    """What a team is asked to do."""

    team: _TeamName = Field(
        default="", description="A team of the operator's profile; empty for the desk itself."
    )
    items: tuple[_ItemIndex, ...] = Field(
        default=(),
        max_length=_MAX_ITEMS,
        description="Indexes in the ticket's `items`, from 0; empty for the request as a whole.",
    )
    asked: Text = Field(
        default="", description="What is asked for; required if no items are named."
    )
    due_date: dt.date | None = Field(
        default=None,
        description="The last day for the answer; by default the working day before the ticket's"
        " date.",
    )
    accept_late: bool = Field(
        default=False, description="Whether that day may be after the ticket's date."
    )


class AnswerTaskRequest(RequestModel):
    """The answer to a task."""

    result: TaskResult
    note: Text = Field(
        default="", description="In words, for staff; required if it is not possible."
    )


class HandBackTaskRequest(RequestModel):
    """Why a task is given back to its team."""

    reason: NonBlankText


class WithdrawTaskRequest(RequestModel):
    """Why a task is no longer asked for."""

    reason: Text = Field(
        default="", description="Required once the ticket is granted: why it need not be done."
    )


class TaskResponse(ResponseModel):
    """A task, without words that people wrote."""

    ticket: str = Field(description="The number of the ticket.")
    number: int = Field(description="The task's number within the ticket, from 1.")
    team: str = Field(description="Empty for the desk itself.")
    items: tuple[str, ...] = Field(
        description="The names of the items that it concerns; empty for the request as a whole."
    )
    state: TaskState
    holder: str = Field(description="The member who took it; empty while nobody did.")
    result: TaskResult | None
    settles: bool = Field(
        description="Whether the granted ticket waits for it, and is closed by the last answer."
    )
    created_at: Timestamp
    due_date: dt.date
    due_at: Timestamp
    late: bool
    ended_at: Timestamp | None


class TaskDetailsResponse(TaskResponse):
    """A task with what its team needs to know."""

    asked: str
    note: str
    account: str = Field(description="The account that the request is about; empty if unknown.")
    details: tuple[ItemDetailsResponse, ...] = Field(description="The items that it concerns.")


class TaskList(ResponseModel):
    """Tasks, the earliest due first; of a ticket in order of their numbers."""

    tasks: tuple[TaskResponse, ...]


class TaskActionResponse(ResponseModel):
    """A task and the state of its ticket after an operation."""

    task: TaskResponse
    version: int = Field(description="The ticket's version; also the entity tag.")
    state: TicketState = Field(description="The state of the ticket.")


def _fields(ticket: Ticket, task: Task, now: dt.datetime) -> dict[str, Any]:
    return {
        "ticket": ticket.number,
        "number": task.number,
        "team": task.team,
        "items": tuple(ticket.items[index].name for index in task.items),
        "state": task.state,
        "holder": task.holder,
        "result": task.result,
        "settles": task.settles,
        "created_at": task.created_at,
        "due_date": task.due_date,
        "due_at": task.due_at,
        "late": task.is_late(now),
        "ended_at": task.ended_at,
    }


def _task_number(call: Call[Any, Any]) -> int:
    """Return the task's number in the path; no number that was sent names a task otherwise."""
    text = call.path["task"]
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(MAX_TASKS))):
        raise NotFoundError("there is no such task")
    return int(text)


async def _list(call: Call[TasksQuery, EmptyRequest]) -> ApiResponse:
    team = call.query.team
    found = await call.services.staff.tasks.open_tasks(None if team is None else (team,))
    now = call.services.clock.now()
    tasks = tuple(TaskResponse(**_fields(ticket, task, now)) for ticket, task in found)
    return ApiResponse(TaskList(tasks=tasks))


async def _list_of_ticket(call: Call[EmptyRequest, EmptyRequest]) -> ApiResponse:
    ticket = await call.services.staff.tickets.by_number(call.path["number"])
    now = call.services.clock.now()
    tasks = tuple(TaskResponse(**_fields(ticket, task, now)) for task in ticket.tasks)
    return ApiResponse(TaskList(tasks=tasks), ticket.version)


async def _show(call: Call[EmptyRequest, EmptyRequest]) -> ApiResponse:
    ticket, task = await call.services.staff.tasks.find(
        call.path["number"], _task_number(call), call.actor
    )
    await call.services.audit.record(
        call.actor, "api_task_read", ticket=ticket.id, conversation=ticket.conversation_id
    )
    details = tuple(
        ItemDetailsResponse(
            **item_fields(item),
            detail=to_json(item.detail),
            ground=item.ground,
            reason=item.reason,
            granted=item.granted,
        )
        for item in (ticket.items[index] for index in task.items)
    )
    return ApiResponse(
        TaskDetailsResponse(
            **_fields(ticket, task, call.services.clock.now()),
            asked=task.asked,
            note=task.note,
            account=ticket.account,
            details=details,
        ),
        ticket.version,
    )


def _response(call: Call[Any, Any], ticket: Ticket, number: int) -> ApiResponse:
    fields = _fields(ticket, ticket.tasks[number - 1], call.services.clock.now())
    return ApiResponse(
        TaskActionResponse(task=TaskResponse(**fields), version=ticket.version, state=ticket.state),
        ticket.version,
    )


async def _create(call: Call[EmptyRequest, CreateTaskRequest]) -> ApiResponse:
    new = NewTask(
        team=call.body.team,
        items=call.body.items,
        asked=call.body.asked,
        due_date=call.body.due_date,
        accept_late=call.body.accept_late,
    )
    ticket = await call.services.staff.tasks.create(
        call.path["number"], call.actor, new, job_id=call.job_id, seen=call.expected_version
    )
    return _response(call, ticket, len(ticket.tasks))


async def _take(call: Call[EmptyRequest, EmptyRequest]) -> ApiResponse:
    return await _act(call, call.services.staff.tasks.take)


async def _hand_back(call: Call[EmptyRequest, HandBackTaskRequest]) -> ApiResponse:
    return await _act(call, call.services.staff.tasks.hand_back, call.body.reason)


async def _answer(call: Call[EmptyRequest, AnswerTaskRequest]) -> ApiResponse:
    return await _act(call, call.services.staff.tasks.answer, call.body.result, call.body.note)


async def _withdraw(call: Call[EmptyRequest, WithdrawTaskRequest]) -> ApiResponse:
    return await _act(call, call.services.staff.tasks.withdraw, call.body.reason)


async def _chase(call: Call[EmptyRequest, EmptyRequest]) -> ApiResponse:
    return await _act(call, call.services.staff.tasks.chase)


async def _act(
    call: Call[Any, Any], act: Callable[..., Awaitable[Ticket]], *words: object
) -> ApiResponse:
    """Act on the task that the path names, and return it as it is then."""
    number = _task_number(call)
    ticket = await act(
        call.path["number"],
        number,
        call.actor,
        *words,
        job_id=call.job_id,
        seen=call.expected_version,
    )
    return _response(call, ticket, number)


_SETTLES: Final = (
    "The last answer that a granted ticket waits for closes it, and the requester is told; one"
    " that is not possible returns it to review."
)

TASKS: Final[tuple[Operation[Any, Any], ...]] = (
    read_operation(
        "list_tasks",
        "/tasks",
        Group.TASKS,
        "List open tasks, the earliest due first; at most 500.",
        scope=Scope.TASKS_READ,
        handler=_list,
        query_model=TasksQuery,
        response_model=TaskList,
    ),
    read_operation(
        "list_tasks_of_ticket",
        "/tickets/{number}/tasks",
        Group.TASKS,
        "List the tasks of a ticket.",
        scope=Scope.TASKS_READ,
        handler=_list_of_ticket,
        query_model=EmptyRequest,
        response_model=TaskList,
        has_etag=True,
    ),
    read_operation(
        "show_task",
        "/tickets/{number}/tasks/{task}",
        Group.TASKS,
        "Show a task with what its team needs to know.",
        scope=Scope.TASKS_READ,
        handler=_show,
        query_model=EmptyRequest,
        response_model=TaskDetailsResponse,
        details="Each access is audited.",
        has_etag=True,
    ),
    write_operation(
        "create_task",
        "/tickets/{number}/tasks",
        Group.TASKS,
        "Hand items of a ticket to a team.",
        scope=Scope.TICKETS_WRITE,
        handler=_create,
        body_model=CreateTaskRequest,
        response_model=TaskActionResponse,
    ),
    write_operation(
        "take_task",
        "/tickets/{number}/tasks/{task}/take",
        Group.TASKS,
        "Take a task.",
        scope=Scope.TASKS_ANSWER,
        handler=_take,
        body_model=EmptyRequest,
        response_model=TaskActionResponse,
    ),
    write_operation(
        "hand_back_task",
        "/tickets/{number}/tasks/{task}/hand-back",
        Group.TASKS,
        "Give a task back to its team.",
        scope=Scope.TASKS_ANSWER,
        handler=_hand_back,
        body_model=HandBackTaskRequest,
        response_model=TaskActionResponse,
    ),
    write_operation(
        "answer_task",
        "/tickets/{number}/tasks/{task}/answer",
        Group.TASKS,
        "Answer a task.",
        scope=Scope.TASKS_ANSWER,
        handler=_answer,
        body_model=AnswerTaskRequest,
        response_model=TaskActionResponse,
        details=_SETTLES,
    ),
    write_operation(
        "withdraw_task",
        "/tickets/{number}/tasks/{task}/withdrawal",
        Group.TASKS,
        "Withdraw a task.",
        scope=Scope.TICKETS_WRITE,
        handler=_withdraw,
        body_model=WithdrawTaskRequest,
        response_model=TaskActionResponse,
        details=_SETTLES,
    ),
    write_operation(
        "chase_task",
        "/tickets/{number}/tasks/{task}/reminder",
        Group.TASKS,
        "Remind a team of a task.",
        scope=Scope.TICKETS_WRITE,
        handler=_chase,
        body_model=EmptyRequest,
        response_model=TaskActionResponse,
    ),
)
