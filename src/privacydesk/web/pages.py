"""HTML pages: rendering of templates, the chat page, and the error page."""

from __future__ import annotations

import functools
from typing import Any, Final

import aiohttp_jinja2
import jinja2
from aiohttp import web

from privacydesk.errors import NotFoundError
from privacydesk.i18n.negotiation import negotiate
from privacydesk.web.brand import brand_links
from privacydesk.web.keys import ASSETS, CATALOGS, POLICY_PAGES, SETTINGS, TEMPLATES
from privacydesk.web.request_ids import fault_reference
from privacydesk.web.responses import json_response
from privacydesk.web.template_cache import TemplateCache
from privacydesk.web.texts import LANGUAGE_TAGS, page_strings

_DAY_SECONDS = 86_400
_NOT_FOUND = 404
_TEMPLATE_CACHE: Final = TemplateCache()


def setup_templates(app: web.Application) -> None:
    """Set up the template environment of the application."""
    environment = aiohttp_jinja2.setup(
        app,
        loader=jinja2.PackageLoader("privacydesk.web", "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
        bytecode_cache=_TEMPLATE_CACHE,
        # They come with the package; each use would look whether a file has changed.
        auto_reload=False,
    )
    environment.globals["asset"] = app[ASSETS].url
    environment.globals["brand"] = brand_links(app[SETTINGS].brand)
    environment.globals["imports"] = functools.cache(app[ASSETS].imports)
    environment.globals["module"] = vars(environment.get_template("module.html").module)["module"]
    app[TEMPLATES] = environment


def render(
    request: web.Request, template: str, locale: str, *, status: int = 200, **values: Any
) -> web.Response:
    """Return a page in a locale.

    Args:
        request: the request for the page.
        template: the template's file name.
        locale: the language of the page; ``t`` in the template returns texts in it.
        status: the HTTP status of the response.
        **values: further variables of the template.
    """
    catalogs = request.config_dict[CATALOGS]

    def translate(key: str, **args: Any) -> str:
        return catalogs.text(locale, f"web.{key}", args)

    context = {"t": translate, "lang": LANGUAGE_TAGS[locale], "locale": locale, **values}
    environment = request.config_dict[TEMPLATES]
    return web.Response(
        text=environment.get_template(template).render(context),
        content_type="text/html",
        charset="utf-8",
        status=status,
        headers={"Cache-Control": "no-store", "Vary": "Accept-Language"},
    )


async def chat_page(request: web.Request) -> web.Response:
    """Show the chat page; its script loads the conversation over the chat protocol."""
    app = request.config_dict
    catalogs, settings = app[CATALOGS], app[SETTINGS]
    locale = negotiate(request.query.get("lang") or request.headers.get("Accept-Language", ""))
    config = {
        "locale": locale,
        "locales": [
            {
                "locale": offered,
                "lang": LANGUAGE_TAGS[offered],
                "name": catalogs.text(offered, "web.language.name", {}),
            }
            for offered in catalogs.locales
        ],
        "strings": page_strings(catalogs, locale),
        "stringsVersion": app[ASSETS].digest,
        "hostOrigin": settings.host_origin,
        "tokenLinks": settings.token_links,
        "policy": has_policy(request),
        "names": {offered: desk_name(request, offered) for offered in catalogs.locales},
    }
    return render(
        request,
        "chat.html",
        locale,
        config=config,
        desk_name=desk_name(request, locale),
    )


def has_policy(request: web.Request) -> bool:
    """Return whether there is a page with the operator's policy."""
    pages = request.config_dict.get(POLICY_PAGES)
    return pages is not None and pages.current() is not None


def desk_name(request: web.Request, locale: str) -> str:
    """Return the name of the desk in a locale: the operator's, else the catalog's."""
    configured = request.config_dict[SETTINGS].desk_names.get(locale, "")
    return configured or request.config_dict[CATALOGS].text(locale, "web.desk_name", {})


async def chat_strings(request: web.Request) -> web.Response:
    """Send the texts of the chat page in another language, after the conversation switched to it.

    Raises:
        NotFoundError: there is no such locale.
    """
    catalogs, locale = request.config_dict[CATALOGS], request.match_info["locale"]
    if locale not in catalogs.locales:
        raise NotFoundError("no such locale")
    response = json_response(page_strings(catalogs, locale))
    response.headers["Cache-Control"] = f"public, max-age={_DAY_SECONDS}"
    return response


def error_page(request: web.Request, locale: str, status: int, message: str) -> web.Response:
    """Return a page that shows an error, with a link to the chat."""
    if status == _NOT_FOUND:
        message = request.config_dict[CATALOGS].text(locale, "web.error.page_missing", {})
    return render(
        request,
        "error.html",
        locale,
        status=status,
        number=status,
        message=message,
        fault=fault_reference(request, status),
        desk_name=desk_name(request, locale),
    )
