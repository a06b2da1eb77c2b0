"""The translation of a message, or of a whole conversation, on the case page."""

from __future__ import annotations

from aiohttp import web

from privacydesk.domain.agents import WORKERS
from privacydesk.services.staff.translations import needs_translation
from privacydesk.web.console.access import agent_session, staff
from privacydesk.web.console.case import case_page, parse_whole_number
from privacydesk.web.console.form_actions import load_case, read_text_fields
from privacydesk.web.console.keys import SERVICES
from privacydesk.web.keys import LOCALE
from privacydesk.web.texts import LANGUAGE_TAGS


@staff(*WORKERS)
async def translate(request: web.Request) -> web.Response:
    """Show the page with a message in the agent's language; without ``offset``, all of them."""
    form, locale = await read_text_fields(request), request[LOCALE]
    case = await load_case(request, form)
    offset = parse_whole_number(form["offset"]) if "offset" in form else None
    events = [
        event
        for event in case.view.events
        if needs_translation(event, locale) and offset in {None, event.offset}
    ]
    translation = await request.config_dict[SERVICES].translations.translate(
        case.view.conversation.id, events, LANGUAGE_TAGS[locale], agent_session(request).agent.name
    )
    return case_page(request, case, translation=translation)
