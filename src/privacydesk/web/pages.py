"""Pages: rendering, the chat's shell, and the error page."""

from __future__ import annotations

from typing import Any, Final

import aiohttp_jinja2
import jinja2
from aiohttp import web

from privacydesk.errors import NotFoundError
from privacydesk.i18n.negotiation import negotiate
from privacydesk.web.answers import json_answer
from privacydesk.web.compiled import Compiled
from privacydesk.web.keys import ASSETS, CATALOGS, SETTINGS, TEMPLATES
from privacydesk.web.texts import LANGUAGE_TAGS, page_strings

_A_DAY = 86_400
_NO_SUCH_PAGE = 404
_COMPILED: Final = Compiled()


def set_up(app: web.Application) -> None:
    """Give the application its templates."""
    environment = aiohttp_jinja2.setup(
        app,
        loader=jinja2.PackageLoader("privacydesk.web", "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
        bytecode_cache=_COMPILED,
    )
    environment.globals["asset"] = app[ASSETS].url
    app[TEMPLATES] = environment


def render(
    request: web.Request, template: str, locale: str, *, status: int = 200, **values: Any
) -> web.Response:
    """Return a page in a locale, with ``t`` for its words."""
    catalogs = request.config_dict[CATALOGS]

    def words(key: str, **args: Any) -> str:
        return catalogs.text(locale, f"web.{key}", args)

    context = {"t": words, "lang": LANGUAGE_TAGS[locale], "locale": locale, **values}
    environment = request.config_dict[TEMPLATES]
    return web.Response(
        text=environment.get_template(template).render(context),
        content_type="text/html",
        charset="utf-8",
        status=status,
        headers={"Cache-Control": "no-store", "Vary": "Accept-Language"},
    )


async def chat_page(request: web.Request) -> web.Response:
    """Show the shell of the chat; everything in it comes over the protocol."""
    shared = request.config_dict
    catalogs, settings = shared[CATALOGS], shared[SETTINGS]
    locale = negotiate(request.headers.get("Accept-Language", ""))
    config = {
        "locale": locale,
        "locales": [
            {
                "locale": one,
                "lang": LANGUAGE_TAGS[one],
                "name": catalogs.text(one, "web.language.name", {}),
            }
            for one in catalogs.locales
        ],
        "strings": page_strings(catalogs, locale),
        "stringsVersion": shared[ASSETS].digest,
        "hostOrigin": settings.host_origin,
        "tokenLinks": settings.token_links,
        "names": {one: desk_name(request, one) for one in catalogs.locales},
    }
    return render(
        request,
        "chat.html",
        locale,
        config=config,
        desk_name=desk_name(request, locale),
    )


def desk_name(request: web.Request, locale: str) -> str:
    """Return what the desk is called in a locale."""
    named = request.config_dict[SETTINGS].desk_names.get(locale, "")
    return named or request.config_dict[CATALOGS].text(locale, "web.desk_name", {})


async def chat_strings(request: web.Request) -> web.Response:
    """Answer with the page's words in another language, for when the conversation changes it."""
    catalogs, locale = request.config_dict[CATALOGS], request.match_info["locale"]
    if locale not in catalogs.locales:
        raise NotFoundError("no such locale")
    answer = json_answer(page_strings(catalogs, locale))
    answer.headers["Cache-Control"] = f"public, max-age={_A_DAY}"
    return answer


def error_page(request: web.Request, locale: str, status: int, message: str) -> web.Response:
    """Return a page that shows an error and where to go on."""
    if status == _NO_SUCH_PAGE:
        message = request.config_dict[CATALOGS].text(locale, "web.error.page_missing", {})
    return render(
        request,
        "error.html",
        locale,
        status=status,
        number=status,
        message=message,
        desk_name=desk_name(request, locale),
    )
