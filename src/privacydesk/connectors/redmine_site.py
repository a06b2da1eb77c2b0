"""What a Redmine has that the operator profile names: project, tracker, statuses, fields, users.

The API takes ids; the profile has names, except for users, whose logins are shown to nobody but
administrators in some versions.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from msgspec import Struct

from privacydesk.connectors.redmine_rest import Rest
from privacydesk.connectors.redmine_wire import Reference, Status
from privacydesk.domain.ticketing import RemoteGoneError, TicketingMap
from privacydesk.errors import UnavailableError

_PERMISSIONS: Final[Mapping[str, str]] = {
    "view_issues": "View issues",
    "add_issues": "Add issues",
    "edit_issues": "Edit issues",
    "add_issue_notes": "Add notes",
    "view_private_notes": "View private notes",
    "set_notes_private": "Set notes as private",
    "manage_issue_relations": "Manage issue relations",
}
"""The permissions that the account needs, as the pages of Redmine name them."""
_PAGE: Final = 100
_MAX_PAGES: Final = 50
_UNAUTHORIZED: Final = 401
_FORBIDDEN: Final = 403


class _Membership(Struct):
    project: Reference
    user: Reference | None = None
    roles: list[Reference] = []


class _Account(Struct):
    id: int
    login: str = ""
    admin: bool = False
    memberships: list[_Membership] = []


class AccountAnswer(Struct):
    """The answer with the account."""

    user: _Account


class _Project(Struct):
    id: int
    trackers: list[Reference] = []
    issue_custom_fields: list[Reference] = []
    enabled_modules: list[Reference] = []


class _ProjectAnswer(Struct):
    project: _Project


class _StatusesAnswer(Struct):
    issue_statuses: list[Status]


class _PrioritiesAnswer(Struct):
    issue_priorities: list[Reference]


class _Role(Struct):
    assignable: bool = True
    permissions: list[str] = []


class _RoleAnswer(Struct):
    role: _Role


class _MembershipsAnswer(Struct):
    memberships: list[_Membership]
    total_count: int


@dataclass(frozen=True, slots=True)
class Site:
    """What was found.

    Attributes:
        account: the id of the desk's user.
        login: its login.
        project: the id of the project; None if the account does not see it.
        tracks_issues: whether the project has the module for issues.
        trackers: ids by name.
        fields: ids of custom fields by name.
        statuses: by name.
        priorities: ids by name.
        missing: the names of the permissions that the account lacks in the project.
    """

    account: int
    login: str
    project: int | None
    tracks_issues: bool
    trackers: Mapping[str, int]
    fields: Mapping[str, int]
    statuses: Mapping[str, Status]
    priorities: Mapping[str, int]
    missing: tuple[str, ...]

    @property
    def closed(self) -> frozenset[str]:
        """The names of the statuses in which nobody works on an issue."""
        return frozenset(name for name, status in self.statuses.items() if status.is_closed)

    @property
    def keeps_notes_private(self) -> bool:
        """Whether notes of the account can be private: otherwise they are public, unasked."""
        return _PERMISSIONS["set_notes_private"] not in self.missing


def split_queue(queue: str) -> tuple[str, str]:
    """Return project and tracker of ``project`` or ``project/tracker``; the latter may be empty."""
    project, _, tracker = queue.partition("/")
    return project.strip(), tracker.strip()


async def fetch_site(rest: Rest, mapping: TicketingMap) -> Site:
    """Look up what the operator profile names.

    Raises:
        UnavailableError: it can't be read now, or the account is refused.
    """
    account = (await rest.get_account(AccountAnswer, include="memberships")).user
    project = await _fetch_project(rest, split_queue(mapping.queue)[0])
    statuses = await rest.get(_StatusesAnswer, "issue_statuses")
    priorities = await rest.get(_PrioritiesAnswer, "enumerations/issue_priorities")
    missing: tuple[str, ...] = ()
    if project is not None and not account.admin:
        roles = [
            await _fetch_role(rest, role.id)
            for membership in account.memberships
            if membership.project.id == project.id
            for role in membership.roles
        ]
        granted = {name for role in roles for name in role.permissions}
        missing = tuple(label for name, label in _PERMISSIONS.items() if name not in granted)
    return Site(
        account=account.id,
        login=account.login,
        project=None if project is None else project.id,
        tracks_issues=project is not None
        and any(module.name == "issue_tracking" for module in project.enabled_modules),
        trackers={} if project is None else _ids(project.trackers),
        fields={} if project is None else _ids(project.issue_custom_fields),
        statuses={status.name: status for status in statuses.issue_statuses},
        priorities=_ids(priorities.issue_priorities),
        missing=missing,
    )


async def find_faults(
    rest: Rest, mapping: TicketingMap, states: Mapping[str, str], *, username: str
) -> tuple[str, ...]:
    """Return the faults of settings and mapping, as sentences for the operator.

    Args:
        rest: the API.
        mapping: the operator's mapping.
        states: that of states, with the connector's own for those left out.
        username: the login in the settings; may be empty.

    Raises:
        UnavailableError: it can't be checked now.
    """
    try:
        site = await fetch_site(rest, mapping)
    except UnavailableError as error:
        said = _explain_refusal(error)
        if said is None:
            raise
        return (said,)
    faults = []
    if username and username != site.login:
        faults.append(f"the API key is that of user {site.login!r}, not of {username!r}")
    faults += _find_project_faults(site, mapping)
    faults += _find_unknown("status", "ticketing.states", states.values(), site.statuses)
    faults += _find_unknown(
        "priority", "ticketing.priorities", mapping.priorities.values(), site.priorities
    )
    if site.project is None:
        return tuple(faults)
    faults += [
        f"the project has no custom field {name!r} that the account may see"
        for name in mapping.fields
        if name not in site.fields
    ]
    faults += await _find_user_faults(rest, site.project, mapping)
    return tuple(faults)


def _explain_refusal(error: UnavailableError) -> str | None:
    status = error.data.get("status")
    if status == _UNAUTHORIZED:
        return "it refuses the API key, or the login and its password"
    if status == _FORBIDDEN:
        return (
            "it answers no programs: switch on the REST web service (Administration, Settings,"
            " API); a user with a password must not have to change it"
        )
    if error.data.get("reason") in {"address", "contract", "redirect"}:
        return "nothing answers there as Redmine does: look at the address"
    return None


def _find_project_faults(site: Site, mapping: TicketingMap) -> list[str]:
    project, tracker = split_queue(mapping.queue)
    if site.project is None:
        return [f"there is no project {project!r} that the account may see; give its identifier"]
    faults = []
    if not site.tracks_issues:
        faults.append("the project does not track issues (its settings, Project, Modules)")
    if tracker and tracker not in site.trackers:
        faults.append(f"the project has no tracker {tracker!r}")
    faults += [f"the account lacks the permission {name!r} in the project" for name in site.missing]
    return faults


def _find_unknown(
    what: str, setting: str, names: Collection[str], known: Collection[str]
) -> list[str]:
    return [f"{setting}: there is no {what} {name!r}" for name in sorted(set(names) - set(known))]


async def _find_user_faults(rest: Rest, project: int, mapping: TicketingMap) -> list[str]:
    """Find mapped users that issues of the project can't be assigned to."""
    roles: dict[str, set[int]] = {}
    for page in range(_MAX_PAGES):
        try:
            answer = await rest.get(
                _MembershipsAnswer,
                f"projects/{project}/memberships",
                limit=str(_PAGE),
                offset=str(page * _PAGE),
            )
        except RemoteGoneError:
            return ["the account may not see who is a member of the project"]
        for membership in answer.memberships:
            if membership.user is not None:
                held = roles.setdefault(str(membership.user.id), set())
                held |= {role.id for role in membership.roles}
        if (page + 1) * _PAGE >= answer.total_count:
            break
    faults = []
    assignable: dict[int, bool] = {}
    for agent, user in sorted(mapping.users.items()):
        held = roles.get(user, set())
        for role in held - assignable.keys():
            assignable[role] = (await _fetch_role(rest, role)).assignable
        if not held:
            faults.append(f"user {user} (of agent {agent!r}) is no member of the project")
        elif not any(assignable[role] for role in held):
            faults.append(f"issues can't be assigned to the role of user {user} (of {agent!r})")
    return faults


async def _fetch_project(rest: Rest, project: str) -> _Project | None:
    if not project:
        return None
    try:
        answer = await rest.get(
            _ProjectAnswer,
            f"projects/{project}",
            include="trackers,issue_custom_fields,enabled_modules",
        )
    except RemoteGoneError:
        return None
    return answer.project


async def _fetch_role(rest: Rest, role: int) -> _Role:
    return (await rest.get(_RoleAnswer, f"roles/{role}")).role


def _ids(things: Collection[Reference]) -> Mapping[str, int]:
    return {thing.name: thing.id for thing in things}
