"""The audit page: who did what, page by page, the state of the chain, and its verification."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlencode

from aiohttp import web

from privacydesk.domain.agents import Role
from privacydesk.domain.audit import ChainReport
from privacydesk.domain.cleaning import clean_text
from privacydesk.errors import InvalidRequestError
from privacydesk.services.audit import MOST_ROWS
from privacydesk.services.audit_book import Sought
from privacydesk.web.console.access import checked_form, signed_in, staff
from privacydesk.web.console.audit_words import AuditWords
from privacydesk.web.console.keys import OVERSIGHT
from privacydesk.web.console.page import console_page
from privacydesk.web.console.words import words_of

READERS: Final = (Role.ADMINISTRATOR, Role.AUDITOR)
"""The roles that may read the audit."""

_LONGEST: Final = 100


def sought_by(request: web.Request) -> Sought:
    """Return the search that an address asks for."""
    query = request.query
    return Sought(
        *(clean_text(query.get(name, ""))[:_LONGEST] for name in ("number", "by", "what"))
    )


@staff(*READERS)
async def audit_page(request: web.Request) -> web.Response:
    """Show entries, the newest first."""
    return await _page(request, sought_by(request))


@staff(*READERS)
async def check_audit(request: web.Request) -> web.Response:
    """Check the whole chain and show the result."""
    await checked_form(request)
    book = request.config_dict[OVERSIGHT].book
    report = await book.check(signed_in(request).agent.name)
    return await _page(request, Sought(), report=report)


async def _page(
    request: web.Request, sought: Sought, report: ChainReport | None = None
) -> web.Response:
    book = request.config_dict[OVERSIGHT].book
    words = words_of(request)
    leaf = await book.leaf(sought, before=_before(request))
    asked = {"number": sought.number, "by": sought.by, "what": sought.what}
    filters = urlencode({name: value for name, value in asked.items() if value})
    # Choosing a language reloads the page, which is impossible for the answer to a form.
    options: dict[str, Any] = {} if report is None else {"languages": ()}
    return console_page(
        request,
        "console/audit.html",
        entries=leaf.entries,
        more="" if leaf.after is None else leaf.after.hex(),
        sought=sought,
        filters=filters,
        acts=await book.acts(),
        state=await book.state(),
        report=report,
        most=MOST_ROWS,
        w=words,
        a=AuditWords(words),
        **options,
    )


def _before(request: web.Request) -> bytes | None:
    try:
        return bytes.fromhex(request.query.get("before", "")) or None
    except ValueError:
        raise InvalidRequestError("there is no such page") from None
