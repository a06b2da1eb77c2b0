"""The demo's panel: people to play, their phone and account, the clock, and agents' commands.

It hands out tokens for anybody, shows codes and moves time, so it exists in the demo alone.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import jinja2
import orjson
from aiohttp import web

from privacydesk.demo.clock import DemoClock, by_seconds, until_working_day
from privacydesk.demo.commands import agent_commands
from privacydesk.demo.staff import PASSWORD
from privacydesk.demo.stream import Stage, Streams
from privacydesk.demo.tokens import LIFETIME, TokenMinter
from privacydesk.demo.views import Words, panel_strings, person_view
from privacydesk.errors import InvalidRequestError, NotFoundError
from privacydesk.i18n.locales import LOCALES
from privacydesk.i18n.negotiation import locale_of, negotiate
from privacydesk.web.assets import Assets
from privacydesk.web.brand import brand_links
from privacydesk.web.headers import content_security_policy
from privacydesk.web.keys import ASSETS, SETTINGS
from privacydesk.web.responses import json_response
from privacydesk.web.template_cache import TemplateCache

_HERE: Final = Path(__file__).parent
_PREFIX: Final = "/demo"
_COMPILED: Final = TemplateCache()


class Panel:
    """The panel's handlers.

    Args:
        stage: the data it shows.
        clock: the clock it moves.
        minter: signs tokens.
        data_dir: the demo's folder, as it was named, for the commands to copy.
    """

    def __init__(self, stage: Stage, clock: DemoClock, minter: TokenMinter, data_dir: Path) -> None:
        self._stage = stage
        self._clock = clock
        self._minter = minter
        self._data_dir = data_dir
        self._streams = Streams(stage)
        self._assets = Assets(_HERE / "static")
        self._templates = jinja2.Environment(
            loader=jinja2.FileSystemLoader(_HERE / "templates"),
            autoescape=True,
            trim_blocks=True,
            lstrip_blocks=True,
            undefined=jinja2.StrictUndefined,
            bytecode_cache=_COMPILED,
        )

    def app(self) -> web.Application:
        """Return the application, to be mounted at ``/demo``."""
        app = web.Application(client_max_size=16 * 1024)
        app.on_shutdown.append(self._streams.shut)
        app.router.add_routes(
            [
                web.get("", self._to_page),
                web.get("/", self._page),
                web.post("/token", self._token),
                web.post("/clock", self._move),
                web.post("/webhooks", self._receive_webhook),
                web.get("/people/{person}.json", self._person),
                web.get("/phone/{person}/events", self._events, allow_head=False),
                web.get("/static/{digest}/{name:.+}", self._assets.serve),
            ]
        )
        return app

    async def _to_page(self, _: web.Request) -> web.Response:
        raise web.HTTPMovedPermanently(f"{_PREFIX}/")

    async def _page(self, request: web.Request) -> web.Response:
        words = self._words(request)
        personas = self._stage.personas
        people = [person_view(one, words) for one in (*personas.people, *personas.applicants)]
        strings = panel_strings(words)
        context = {
            "s": strings,
            "words": words,
            "people": people,
            "commands": [
                {"line": one.line, "what": words.text(f"demo.command.{one.name}")}
                for one in agent_commands(self._data_dir)
            ],
            "languages": [
                {
                    "tag": spec.tag,
                    "name": Words(self._stage.services.catalogs, name).text(_NAME_KEY),
                }
                for name, spec in LOCALES.items()
            ],
            "config": {
                "people": people,
                "strings": strings,
                "lang": words.tag,
                "clock": self._stage.clock(),
            },
            "staff_hint": words.text("demo.staff.hint", password=PASSWORD),
            "asset": lambda name: _PREFIX + self._assets.url(name),
            "shared": request.config_dict[ASSETS].url,
            "brand": brand_links(request.config_dict[SETTINGS].brand),
        }
        text = self._templates.get_template("panel.html").render(context)
        # The panel shows the chat in a frame, which the chat's own policy does not allow.
        policy = content_security_policy("'none'") + "; frame-src 'self'"
        return web.Response(
            text=text,
            content_type="text/html",
            charset="utf-8",
            headers={
                "Cache-Control": "no-store",
                "Content-Security-Policy": policy,
                "Vary": "Accept-Language",
            },
        )

    async def _token(self, request: web.Request) -> web.Response:
        asked = await _body(request)
        person = self._stage.personas.find(str(asked.get("person", "")))
        if person.account is None:
            raise NotFoundError("this person has no account")
        return json_response(
            {
                "token": self._minter.mint(person.account, person.locale),
                "expires_in": int(LIFETIME.total_seconds()),
            }
        )

    async def _move(self, request: web.Request) -> web.Response:
        asked = await _body(request)
        days, seconds = asked.get("working_days"), asked.get("seconds")
        if isinstance(days, int) and not isinstance(days, bool) and seconds is None:
            deadlines = self._stage.services.deadlines
            calendar = deadlines.calendars.get(deadlines.rules.calendar)
            by = until_working_day(self._clock.now(), days, calendar, deadlines.zone)
        elif isinstance(seconds, int | float) and not isinstance(seconds, bool) and days is None:
            by = by_seconds(seconds)
        else:
            raise InvalidRequestError("give seconds or working_days, a number")
        self._clock.move(by)
        self._stage.services.worker.wake()
        self._streams.clock_moved()
        return json_response(self._stage.clock())

    async def _receive_webhook(self, _: web.Request) -> web.Response:
        """Accept a message to the sample endpoint."""
        return web.Response(status=204)

    async def _person(self, request: web.Request) -> web.Response:
        person = self._stage.personas.find(request.match_info["person"])
        looked = await self._stage.look(person, self._words(request))
        return json_response({"demo": True, "clock": self._stage.clock(), **looked})

    async def _events(self, request: web.Request) -> web.StreamResponse:
        person = self._stage.personas.find(request.match_info["person"])
        return await self._streams.serve(request, person, self._words(request))

    def _words(self, request: web.Request) -> Words:
        asked = locale_of(request.query.get("lang", ""))
        locale = asked or negotiate(request.headers.get("Accept-Language", ""))
        return Words(self._stage.services.catalogs, locale)


_NAME_KEY: Final = "web.language.name"


async def _body(request: web.Request) -> dict[str, Any]:
    """Read a JSON object.

    Only JSON is accepted: a page of another origin can't send it without a CORS preflight.
    """
    if request.content_type != "application/json":
        raise web.HTTPUnsupportedMediaType
    try:
        body = orjson.loads(await request.read())
    except orjson.JSONDecodeError:
        raise InvalidRequestError("the body is not JSON") from None
    if not isinstance(body, dict):
        raise InvalidRequestError("the body must be an object")
    return body
