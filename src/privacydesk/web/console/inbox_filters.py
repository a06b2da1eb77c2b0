"""Filters and order of inbox views: parsing from queries, and description in words."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

from privacydesk.domain.agents import Agent
from privacydesk.domain.inbox_views import (
    FINISHED_VIEWS,
    InboxFilter,
    InboxSort,
    InboxView,
    TaskFilter,
    sorts_of,
)
from privacydesk.domain.intents import RequestKind
from privacydesk.errors import NotFoundError
from privacydesk.web.console.forms import parse_id
from privacydesk.web.console.localizer import Localizer
from privacydesk.web.texts import LANGUAGE_TAGS

NOBODY: Final = "no one"
"""The value of ``holder`` for tickets without a holder; no agent's name contains a space."""
OWN_TASKS: Final = "no one"
"""The value of ``team`` for tasks of the desk itself; no team's name contains a space."""

_SINGLE_HOLDER_VIEWS: Final = frozenset({InboxView.MINE.value, InboxView.UNASSIGNED.value})


def parse_filter(
    query: Mapping[str, str], agents: Collection[str], teams: Collection[str], view: str
) -> InboxFilter:
    """Return the filter in a query; parameters that are empty or missing filter nothing.

    Args:
        query: the parameters ``kind``, ``language``, ``holder``, ``incident``, ``task`` and
            ``team``; a team alone stands for its open tasks.
        agents: the names of all agents.
        teams: the names of the operator's teams.
        view: the view, which ignores what it can't be filtered by.

    Raises:
        NotFoundError: there is no such kind, language, agent, team or task filter, or no id of an
            incident.
    """
    kind = query.get("kind", "")
    language = query.get("language", "") if can_filter_by_language(view) else ""
    holder = query.get("holder", "") if can_filter_by_holder(view) else ""
    incident = query.get("incident", "") if can_filter_by_incident(view) else ""
    if incident:
        parse_id(incident, "incident")
    team = query.get("team", "") if can_filter_by_task(view) else ""
    task = query.get("task", "") if can_filter_by_task(view) else ""
    if team and not task:
        task = TaskFilter.OPEN
    if (
        kind not in {"", *RequestKind}
        or language not in {"", *LANGUAGE_TAGS}
        or holder not in {"", NOBODY, *agents}
        or task not in {"", *TaskFilter}
        or team not in {"", OWN_TASKS, *teams}
    ):
        raise NotFoundError("there is no such filter value")
    return InboxFilter(
        RequestKind(kind) if kind else None,
        language,
        None if not holder else "" if holder == NOBODY else holder,
        incident.lower(),
        TaskFilter(task) if task else None,
        None if not team else "" if team == OWN_TASKS else team,
    )


def can_filter_by_holder(view: str) -> bool:
    """Whether a view's tickets may have different holders."""
    return view in {*InboxView} and view not in _SINGLE_HOLDER_VIEWS


def can_filter_by_incident(view: str) -> bool:
    """Whether a view lists tickets, which may follow from an incident."""
    return view in {*InboxView}


def can_filter_by_task(view: str) -> bool:
    """Whether a view's tickets may have open tasks."""
    return view in {*InboxView} and view not in FINISHED_VIEWS


def can_filter_by_language(view: str) -> bool:
    """Whether the languages of a view's tickets are stored where they can be compared."""
    return view not in FINISHED_VIEWS


def filter_query(inbox_filter: InboxFilter) -> dict[str, str]:
    """Return a filter as query parameters, without those that would be empty."""
    parameters = {
        "kind": "" if inbox_filter.kind is None else inbox_filter.kind.value,
        "language": inbox_filter.locale,
        "holder": NOBODY if inbox_filter.holder == "" else inbox_filter.holder or "",
        "incident": inbox_filter.incident,
        "task": inbox_filter.task or "",
        "team": OWN_TASKS if inbox_filter.team == "" else inbox_filter.team or "",
    }
    return {name: value for name, value in parameters.items() if value}


def parse_sort(query: Mapping[str, str], view: InboxView) -> InboxSort:
    """Return the order in a query's ``sort``; the view's usual one if it is missing.

    Raises:
        NotFoundError: the view has no such order.
    """
    sorts = {sort.value: sort for sort in sorts_of(view)}
    name = query.get("sort") or sorts_of(view)[0].value
    if name not in sorts:
        raise NotFoundError("there is no such order")
    return sorts[name]


def sort_query(view: InboxView, sort: InboxSort) -> dict[str, str]:
    """Return an order as query parameters; none for the view's usual one."""
    return {} if sort is sorts_of(view)[0] else {"sort": sort.value}


def describe_filter(query: Mapping[str, str], localizer: Localizer) -> list[str]:
    """Return the names of the values that a filter's query parameters select."""
    names = []
    if query.get("kind"):
        names.append(localizer.term("kind", query["kind"]))
    if query.get("language") in LANGUAGE_TAGS:
        names.append(localizer.language(query["language"]))
    if query.get("holder"):
        nobody = localizer.sentence("web.inbox.filter_nobody")
        names.append(nobody if query["holder"] == NOBODY else localizer.agent(query["holder"]))
    if query.get("incident"):
        names.append(localizer.sentence("web.inbox.filter_incident"))
    if query.get("task") in {*TaskFilter}:
        names.append(localizer.sentence(f"web.inbox.task.{query['task']}"))
    if query.get("team"):
        names.append(localizer.team("" if query["team"] == OWN_TASKS else query["team"]))
    return names


def possible_holders(agents: Mapping[str, Agent]) -> list[Agent]:
    """Return the agents who may hold tickets; disabled ones, who may still hold some, last."""
    holders = (agent for agent in agents.values() if agent.works)
    return sorted(holders, key=lambda agent: (not agent.active, agent.display_name, agent.name))
