"""The pages of the policy's versions: uploading one, reading it, putting it in force."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from privacydesk.domain.agents import Role
from privacydesk.domain.saved_settings import MAX_COMMENT, policy_setting
from privacydesk.errors import DeskError, ErrorCode
from privacydesk.services.operator_settings import OperatorSettings
from privacydesk.web.console.access import (
    agent_session,
    read_verified_form,
    require_reauthentication,
    staff,
    verify_form,
)
from privacydesk.web.console.keys import SERVICES
from privacydesk.web.console.multipart import MULTIPART, read_parts
from privacydesk.web.console.reauthentication import reauthenticated
from privacydesk.web.console.setting_pages import (
    ADDRESS,
    describe,
    saved_redirect,
    setting_page,
    version_in,
)

_MAX_BYTES: Final = 5 * 1024 * 1024
_PAGE: Final = f"{ADDRESS}/policy"


@staff(Role.ADMINISTRATOR)
async def policy_page(request: web.Request) -> web.Response:
    """Show all versions of the policy."""
    return await _render(request)


@staff(Role.ADMINISTRATOR)
@reauthenticated(describe("import_policy"))
async def unlock(_request: web.Request) -> web.Response:
    """Return to the page, which offers to upload a file for some minutes."""
    raise web.HTTPSeeOther(f"{_PAGE}#upload")


@staff(Role.ADMINISTRATOR)
async def upload(request: web.Request) -> web.Response:
    """Import a file as a version that is not in force."""
    settings, me = _settings(request), agent_session(request)
    if request.content_type != MULTIPART:
        raise web.HTTPSeeOther(_PAGE)
    try:
        parts = await read_parts(request, _MAX_BYTES, _too_large)
        await verify_form(request, parts.fields)
        # A file is not carried through the page that asks for the password.
        if not me.reauthenticated or parts.file is None:
            raise web.HTTPSeeOther(f"{_PAGE}#upload")
        version = await settings.uploads.upload(
            parts.file.body, settings.policy_name, by=me.agent.name
        )
    except DeskError as error:
        return await _render(request, error=error)
    raise web.HTTPSeeOther(f"{_PAGE}/versions/{version.digest}")


require_reauthentication(upload)


@staff(Role.ADMINISTRATOR)
async def version_page(request: web.Request) -> web.Response:
    """Show a version: whether it is ready, what changes, what it lacks, and its text."""
    return await _render_version(request)


@staff(Role.ADMINISTRATOR, counts_as_activity=False)
async def version_progress(request: web.Request) -> web.Response:
    """Show how far a version is prepared, as a part of its page."""
    return await _render_version(request, template="console/policy_progress.html")


@staff(Role.ADMINISTRATOR)
@reauthenticated(describe("import_policy"))
async def put_in_force(request: web.Request) -> web.Response:
    """Put a version in force."""
    form, settings = await read_verified_form(request), _settings(request)
    try:
        await settings.policies.put_in_force(
            settings.policy_name,
            str(form.get("digest", "")),
            by=agent_session(request).agent.name,
            seen=version_in(form, "seen"),
            comment=str(form.get("comment", "")),
        )
    except DeskError as error:
        return await _render(request, error=error)
    raise saved_redirect("policy")


@staff(Role.ADMINISTRATOR)
@reauthenticated(describe("import_policy"))
async def remove(request: web.Request) -> web.Response:
    """Remove a version that was never in force."""
    form, settings = await read_verified_form(request), _settings(request)
    try:
        await settings.policies.remove(
            settings.policy_name,
            str(form.get("digest", "")),
            by=agent_session(request).agent.name,
        )
    except DeskError as error:
        return await _render(request, error=error)
    raise web.HTTPSeeOther(_PAGE)


def _settings(request: web.Request) -> OperatorSettings:
    """Return the settings; without a named policy, redirect to where the page says so."""
    settings = request.config_dict[SERVICES].operator_settings
    if not settings.policy_name:
        raise web.HTTPSeeOther(f"{ADDRESS}#policy")
    return settings


def _too_large(limit: int) -> DeskError:
    return DeskError("the file is larger than 5 MB", code=ErrorCode.TOO_LARGE, limit=limit)


async def _render(request: web.Request, *, error: DeskError | None = None) -> web.Response:
    settings = _settings(request)
    return await setting_page(
        request,
        "console/policy.html",
        policy_setting(settings.policy_name),
        error=error,
        policy_name=settings.policy_name,
        editions=await settings.policy_editions(),
    )


async def _render_version(
    request: web.Request, *, template: str = "console/policy_version.html"
) -> web.Response:
    settings = _settings(request)
    text = await settings.policies.text(settings.policy_name, request.match_info["digest"])
    editions = await settings.policy_editions()
    return await setting_page(
        request,
        template,
        policy_setting(settings.policy_name),
        text=text,
        edition=next(one for one in editions if one.text.digest == text.digest),
        review=await settings.review_policy(text),
        max_comment=MAX_COMMENT,
    )
