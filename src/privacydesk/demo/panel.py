"""The demo's page: a user's phone and the staff console side by side, a tour, and the clock.

It signs tokens for anybody, signs agents in, shows codes and moves time, so it exists in the demo
alone.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Final

import jinja2
import orjson
from aiohttp import web

from privacydesk.demo.clock import DemoClock, by_seconds, until_working_day
from privacydesk.demo.commands import agent_commands
from privacydesk.demo.forecast import forecast
from privacydesk.demo.person import SamplePerson
from privacydesk.demo.staff import PASSWORD
from privacydesk.demo.stream import PanelSource, Streams
from privacydesk.demo.tokens import LIFETIME, TokenMinter
from privacydesk.demo.tour import AGENT, PERSON, Tour
from privacydesk.demo.views import Words, panel_strings, person_view
from privacydesk.domain.ticket import Ticket
from privacydesk.errors import InvalidRequestError, NotFoundError
from privacydesk.i18n.locales import LOCALES
from privacydesk.i18n.negotiation import locale_of, negotiate
from privacydesk.services.api import Credentials
from privacydesk.web.assets import Assets
from privacydesk.web.brand import brand_links
from privacydesk.web.console import cookies
from privacydesk.web.headers import content_security_policy
from privacydesk.web.keys import ASSETS, SETTINGS
from privacydesk.web.responses import json_response
from privacydesk.web.template_cache import TemplateCache

_HERE: Final = Path(__file__).parent
_PREFIX: Final = "/demo"
_COMPILED: Final = TemplateCache()
_MAX_TICKETS: Final = 1_000


class Panel:
    """The page's handlers.

    Args:
        source: the data it shows.
        clock: the clock it moves.
        minter: signs tokens.
        tour: the actions of the tour.
        data_dir: the demo's folder, as it was named, for the commands to copy.
    """

    def __init__(
        self,
        source: PanelSource,
        clock: DemoClock,
        minter: TokenMinter,
        tour: Tour,
        data_dir: Path,
    ) -> None:
        self._source = source
        self._clock = clock
        self._minter = minter
        self._tour = tour
        self._data_dir = data_dir
        self._streams = Streams(source)
        self._assets = Assets(_HERE / "static")
        self._templates = jinja2.Environment(
            loader=jinja2.FileSystemLoader(_HERE / "templates"),
            autoescape=True,
            trim_blocks=True,
            lstrip_blocks=True,
            undefined=jinja2.StrictUndefined,
            bytecode_cache=_COMPILED,
            auto_reload=False,
        )

    def app(self) -> web.Application:
        """Return the application, to be mounted at ``/demo``."""
        app = web.Application(client_max_size=16 * 1024)
        app.on_shutdown.append(self._streams.close_all)
        app.router.add_routes(
            [
                web.get("", self._redirect_to_page),
                web.get("/", self._page),
                web.post("/token", self._mint_token),
                web.post("/language", self._change_language),
                web.post("/console", self._sign_in),
                web.get("/clock", self._forecast),
                web.post("/clock", self._move_clock),
                web.post("/tour/{action}", self._run_tour_action),
                web.post("/webhooks", self._receive_webhook),
                web.get("/people/{person}.json", self._person),
                web.get("/phone/{person}/events", self._events, allow_head=False),
                web.get("/static/{digest}/{name:.+}", self._assets.serve),
            ]
        )
        return app

    async def _redirect_to_page(self, _: web.Request) -> web.Response:
        raise web.HTTPMovedPermanently(f"{_PREFIX}/")

    async def _page(self, request: web.Request) -> web.Response:
        text = self._templates.get_template("panel.html").render(self._page_context(request))
        # The page frames the chat and the console, which the policy of other pages forbids.
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

    def _page_context(self, request: web.Request) -> dict[str, Any]:
        words, personas = self._words(request), self._source.personas
        people = [person_view(person, words) for person in personas.people]
        applicants = [person_view(person, words) for person in personas.applicants]
        strings = panel_strings(words)
        return {
            "s": strings,
            "words": words,
            "groups": [
                {"title": strings["people.applicants"], "people": applicants},
                {"title": strings["people.new"], "people": people},
            ],
            "commands": [
                {"line": command.line, "what": words.text(f"demo.command.{command.name}")}
                for command in agent_commands(self._data_dir)
            ],
            "languages": [
                {
                    "tag": spec.tag,
                    "name": Words(self._source.services.catalogs, name).text(_NAME_KEY),
                }
                for name, spec in LOCALES.items()
            ],
            "config": {
                "people": people + applicants,
                "strings": strings,
                "lang": words.tag,
                "clock": self._source.clock(),
                "tour": {"person": PERSON, "agent": AGENT},
            },
            "staff_hint": words.text("demo.staff.hint", password=PASSWORD),
            "asset": lambda name: _PREFIX + self._assets.url(name),
            "shared": request.config_dict[ASSETS].url,
            "brand": brand_links(request.config_dict[SETTINGS].brand),
        }

    async def _mint_token(self, request: web.Request) -> web.Response:
        body = await _read_body(request)
        person = self._source.personas.find(str(body.get("person", "")))
        if person.account is None:
            raise NotFoundError("this person has no account")
        return json_response(
            {
                "token": self._mint(person, person.locale),
                "expires_in": int(LIFETIME.total_seconds()),
            }
        )

    def _mint(self, person: SamplePerson, locale: str) -> str:
        """Return a token of somebody with an account, as their app would sign it now."""
        assert person.account is not None
        return self._minter.mint(person.account, locale, person.standing(self._clock.now().date()))

    async def _change_language(self, request: web.Request) -> web.Response:
        """Change the language of the console, and of the chat of a person with an account."""
        body = await _read_body(request)
        locale = locale_of(str(body.get("lang", "")))
        if not locale:
            raise InvalidRequestError("the desk does not speak this language")
        person = self._source.personas.find(str(body.get("person", "")))
        if person.account is not None:
            token = self._mint(person, LOCALES[locale].tag)
            desk = self._source.services.desk
            session = (await desk.open(Credentials(token=token), languages="")).session
            if session.locale != locale:
                job_id = f"demo-language-{session.head}"
                choice = f"desk:lang:{locale}"
                await desk.choose(session, id=job_id, choice=choice, offset=0)
        agent = str(body.get("agent", ""))
        if agent in self._source.services.agents:
            await self._source.staff.set_language(agent, locale)
        response = web.Response(status=204)
        cookies.set_language(request, response, locale)
        return response

    async def _sign_in(self, request: web.Request) -> web.Response:
        """Sign the browser in to the console as an agent."""
        body = await _read_body(request)
        agent = str(body.get("agent", ""))
        token = await self._source.staff.sign_in(agent)
        response = web.Response(status=204)
        locale = locale_of(str(body.get("lang", "")))
        if locale:
            await self._source.staff.set_language(agent, locale)
            cookies.set_language(request, response, locale)
        cookies.set_token(request, response, token)
        return response

    async def _forecast(self, request: web.Request) -> web.Response:
        """Return the times to which the clock can be moved, with what will happen until then."""
        presets = forecast(
            self._clock.now(),
            await self._tickets(),
            self._source.services.deadlines,
            self._words(request),
        )
        return json_response({**self._source.clock(), "presets": presets})

    async def _move_clock(self, request: web.Request) -> web.Response:
        body = await _read_body(request)
        days, seconds = body.get("working_days"), body.get("seconds")
        if isinstance(days, int) and not isinstance(days, bool) and seconds is None:
            deadlines = self._source.services.deadlines
            calendar = deadlines.calendars.get(deadlines.rules.calendar)
            by = until_working_day(self._clock.now(), days, calendar, deadlines.zone)
        elif isinstance(seconds, int | float) and not isinstance(seconds, bool) and days is None:
            by = by_seconds(seconds)
        else:
            raise InvalidRequestError("give seconds or working_days, a number")
        self._clock.move(by)
        self._source.services.worker.wake()
        self._streams.clock_moved()
        return json_response(self._source.clock())

    async def _run_tour_action(self, request: web.Request) -> web.Response:
        body = await _read_body(request)
        number = str(body.get("number", ""))
        actions: Mapping[str, Callable[[], Awaitable[Ticket]]] = {
            "write": lambda: self._tour.write(locale_of(str(body.get("lang", ""))) or "zh_Hans"),
            "claim": lambda: self._tour.claim(number),
            "decide": lambda: self._tour.decide(number),
        }
        action = actions.get(request.match_info["action"])
        if action is None:
            raise NotFoundError("the tour has no such action")
        return json_response({"number": (await action()).number})

    async def _receive_webhook(self, _: web.Request) -> web.Response:
        """Accept a message to the sample endpoint."""
        return web.Response(status=204)

    async def _person(self, request: web.Request) -> web.Response:
        person = self._source.personas.find(request.match_info["person"])
        snapshot = await self._source.snapshot(person, self._words(request))
        return json_response({"demo": True, "clock": self._source.clock(), **snapshot})

    async def _events(self, request: web.Request) -> web.StreamResponse:
        person = self._source.personas.find(request.match_info["person"])
        return await self._streams.serve(request, person, self._words(request))

    async def _tickets(self) -> tuple[Ticket, ...]:
        return await self._source.services.store.reader.list_tickets(limit=_MAX_TICKETS)

    def _words(self, request: web.Request) -> Words:
        requested = locale_of(request.query.get("lang", ""))
        locale = requested or negotiate(request.headers.get("Accept-Language", ""))
        return Words(self._source.services.catalogs, locale)


_NAME_KEY: Final = "web.language.name"


async def _read_body(request: web.Request) -> dict[str, Any]:
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
