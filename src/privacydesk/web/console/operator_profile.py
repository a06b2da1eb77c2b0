"""The pages of the operator profile: the one in force, its versions, and putting one in force."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from aiohttp import web
from msgspec import Struct

from privacydesk.domain.agents import Role
from privacydesk.domain.operator_profile import SECTIONS
from privacydesk.domain.saved_settings import MAX_COMMENT, PROFILE, SavedSetting
from privacydesk.errors import DeskError
from privacydesk.services.profile_changes import Rows, changes_between, rows_of
from privacydesk.services.profiles import InvalidProfileError, ProfileContent, Profiles
from privacydesk.web.console.access import agent_session, read_verified_form, staff
from privacydesk.web.console.case import parse_whole_number
from privacydesk.web.console.forms import FILE, FILE_NAME, Form, takes_large_form
from privacydesk.web.console.keys import SERVICES
from privacydesk.web.console.reauthentication import reauthenticated
from privacydesk.web.console.setting_pages import (
    Proposal,
    describe,
    nothing_changes,
    setting_page,
    version_in,
)

_TEXT: Final = "text"
"""The field with a profile that was written on the page."""


class Section(Struct, frozen=True):
    """A section of a profile, as the page shows it.

    Attributes:
        name: the name of the section.
        keys: by key of the profile, the rows with the rest of their path; none for no value.
    """

    name: str
    keys: Mapping[str, Rows]


@staff(Role.ADMINISTRATOR)
async def profile_page(request: web.Request) -> web.Response:
    """Show the profile in force, with its versions, to be changed."""
    return await _render(request)


@staff(Role.ADMINISTRATOR)
@takes_large_form
@reauthenticated(describe("change_profile"))
async def preview_profile(request: web.Request) -> web.Response:
    """Show what another profile would change, and what it lacks, before it is put in force."""
    form, profiles = await read_verified_form(request), _profiles(request)
    try:
        content, proposal = await _proposed(profiles, form)
        changes = await profiles.changes(content)
        if not changes:
            raise nothing_changes()
    except DeskError as error:
        return await _render(request, error=error, form=form)
    return await setting_page(
        request,
        "console/profile_plan.html",
        PROFILE,
        proposal=proposal,
        changes=changes,
        gaps=content.gaps,
        max_comment=MAX_COMMENT,
    )


@staff(Role.ADMINISTRATOR)
@takes_large_form
@reauthenticated(describe("change_profile"))
async def save_profile(request: web.Request) -> web.Response:
    """Put the profile of a confirmed preview in force.

    The answer is no redirect, because the process restarts itself: the page goes on by itself.
    """
    proposal, profiles = Proposal.of(await read_verified_form(request)), _profiles(request)
    try:
        version, _ = await profiles.put_in_force(
            profiles.read.load(proposal.body),
            by=agent_session(request).agent.name,
            seen=proposal.seen,
            comment=proposal.comment,
            restored=proposal.restored,
        )
    except DeskError as error:
        return await _render(request, error=error)
    return await setting_page(request, "console/profile_saved.html", PROFILE, version=version)


@staff(Role.ADMINISTRATOR)
async def version_page(request: web.Request) -> web.Response:
    """Show a version, and how it differs from another one: by default from the one before."""
    profiles = _profiles(request)
    shown = await profiles.version(parse_whole_number(request.match_info["version"]))
    against = parse_whole_number(request.query.get("against") or str(shown.version - 1))
    other = await profiles.version(against) if against else None
    content, before = _load(profiles, shown), _load(profiles, other)
    return await setting_page(
        request,
        "console/profile_version.html",
        PROFILE,
        shown=shown,
        against=against,
        other=other,
        sections=_sections(content),
        yaml=profiles.read.yaml(shown.body),
        changes=changes_between(before.values, content.values) if before and content else None,
    )


def _profiles(request: web.Request) -> Profiles:
    return request.config_dict[SERVICES].profiles


async def _proposed(profiles: Profiles, form: Form) -> tuple[ProfileContent, Proposal]:
    """Return the profile that a form proposes: an earlier version, a file, or what was written.

    Raises:
        DeskError: it is no profile.
    """
    seen, version = version_in(form, "seen"), version_in(form, "version")
    if version:
        content = profiles.read.load((await profiles.version(version)).body)
        return content, Proposal(content.body, seen, version)
    # In a thread, since a large file takes a while to parse.
    content = await asyncio.to_thread(profiles.read.parse, _written(form))
    return content, Proposal(content.body, seen, comment=str(form.get(FILE_NAME, "")))


def _written(form: Form) -> str:
    return str(form.get(FILE) or form.get(_TEXT, ""))


def _load(profiles: Profiles, setting: SavedSetting | None) -> ProfileContent | None:
    """Return the content of a version; None if it is of a release that knew other keys."""
    try:
        return None if setting is None else profiles.read.load(setting.body)
    except InvalidProfileError:
        return None


def _sections(content: ProfileContent | None) -> list[Section]:
    if content is None:
        return []
    rows = rows_of(content.values)
    return [
        Section(
            name,
            {
                key: {path[1:]: text for path, text in rows.items() if path[0] == key}
                for key in keys
            },
        )
        for name, keys in SECTIONS.items()
    ]


async def _render(
    request: web.Request, *, error: DeskError | None = None, form: Form | None = None
) -> web.Response:
    """Show the page; what was written in a form that was refused stands in it again."""
    profiles = _profiles(request)
    current = await profiles.current()
    content = _load(profiles, current)
    values: dict[str, Any] = {
        "sections": _sections(content),
        "gaps": () if content is None else content.gaps,
        "missing_schedule": request.config_dict[SERVICES].operator_settings.missing_schedule(),
        "faults": error.faults if isinstance(error, InvalidProfileError) else (),
        "file_name": "" if form is None else str(form.get(FILE_NAME, "")),
        "written": "" if form is None else _written(form),
        "yaml": profiles.read.yaml(current.body),
    }
    return await setting_page(request, "console/profile.html", PROFILE, error=error, **values)
