"""The audit page: search of audit entries, state of the audit chain, and its verification."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlencode

from aiohttp import web

from privacydesk.domain.agents import Role
from privacydesk.domain.audit import ChainReport
from privacydesk.domain.cleaning import clean_text
from privacydesk.errors import InvalidRequestError
from privacydesk.services.audit import MAX_EXPORT_ROWS
from privacydesk.services.audit_reader import AuditFilter
from privacydesk.web.console.access import agent_session, read_verified_form, staff
from privacydesk.web.console.audit_localizer import AuditLocalizer
from privacydesk.web.console.keys import OVERSIGHT
from privacydesk.web.console.localizer import localizer_of
from privacydesk.web.console.page import console_page

READERS: Final = (Role.ADMINISTRATOR, Role.AUDITOR)
"""The roles that may read the audit."""

_MAX_LENGTH: Final = 100
"""Maximum length of a search field; the rest is cut off."""


def parse_audit_filter(request: web.Request) -> AuditFilter:
    """Return the audit filter in a request's query."""
    query = request.query
    return AuditFilter(
        *(clean_text(query.get(name, ""))[:_MAX_LENGTH] for name in ("number", "by", "what"))
    )


@staff(*READERS)
async def audit_page(request: web.Request) -> web.Response:
    """Show a page of audit entries, the newest first."""
    return await _render_page(request, parse_audit_filter(request))


@staff(*READERS)
async def check_audit(request: web.Request) -> web.Response:
    """Verify the whole audit chain, and show the result."""
    await read_verified_form(request)
    book = request.config_dict[OVERSIGHT].book
    report = await book.check(agent_session(request).agent.name)
    return await _render_page(request, AuditFilter(), report=report)


async def _render_page(
    request: web.Request, audit_filter: AuditFilter, report: ChainReport | None = None
) -> web.Response:
    book = request.config_dict[OVERSIGHT].book
    localizer = localizer_of(request)
    page = await book.page(audit_filter, before=_parse_cursor(request))
    fields = {"number": audit_filter.number, "by": audit_filter.by, "what": audit_filter.what}
    # Choosing a language reloads the page, and the response to a form can't be reloaded.
    options: dict[str, Any] = {} if report is None else {"languages": ()}
    return console_page(
        request,
        "console/audit.html",
        entries=page.entries,
        more="" if page.after is None else page.after.hex(),
        audit_filter=audit_filter,
        filter_query=urlencode({name: value for name, value in fields.items() if value}),
        actions=await book.action_names(),
        state=await book.state(),
        report=report,
        max_rows=MAX_EXPORT_ROWS,
        w=localizer,
        a=AuditLocalizer(localizer),
        **options,
    )


def _parse_cursor(request: web.Request) -> bytes | None:
    try:
        return bytes.fromhex(request.query.get("before", "")) or None
    except ValueError:
        raise InvalidRequestError("there is no such page") from None
