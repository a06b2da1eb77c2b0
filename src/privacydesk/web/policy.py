"""The page with the operator's policy, which quotes in the chat link to."""

from __future__ import annotations

from aiohttp import web

from privacydesk.errors import NotFoundError
from privacydesk.i18n.negotiation import negotiate
from privacydesk.web.keys import POLICY_PAGES
from privacydesk.web.pages import desk_name, render


async def policy_page(request: web.Request) -> web.Response:
    """Show the policy in force, in its own language; the frame is in the reader's.

    Raises:
        NotFoundError: no policy was imported.
    """
    pages = request.config_dict.get(POLICY_PAGES)
    page = pages.current() if pages is not None else None
    if page is None:
        raise NotFoundError("no policy was imported")
    asked = request.query.get("lang") or request.headers.get("Accept-Language", "")
    locale = negotiate(asked)
    return render(request, "policy.html", locale, policy=page, desk_name=desk_name(request, locale))
