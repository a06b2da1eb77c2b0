"""A read-only MCP server: tools that answer from the desk's HTTP API.

    assistant ─ MCP (stdio or HTTP) ─► this server ─ HTTP API, the caller's token ─► desk

It has no access of its own: no keys, no database. What a tool returns is what the token's scopes
let the API return, reduced to what the tool is about. See https://modelcontextprotocol.io.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from importlib.metadata import version
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

import aiohttp
import orjson
from mcp.server.lowlevel import Server
from mcp_types import (
    CallToolRequestParams,
    CallToolResult,
    ListToolsResult,
    PaginatedRequestParams,
    TextContent,
    Tool,
    ToolAnnotations,
)
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.types import ASGIApp, Receive, Scope, Send
from yarl import URL

from privacydesk.clock import Clock
from privacydesk.domain.figures import FigureName
from privacydesk.domain.periods import Preset
from privacydesk.domain.ticket import TicketState

_API: Final = "api/v1"
_TIMEOUT: Final = aiohttp.ClientTimeout(total=30, connect=5)
_MAX_TICKETS: Final = 1_000
_OPEN: Final = tuple(state for state in TicketState if state is not TicketState.CLOSED)
_FIELDS: Final = (
    "number", "kind", "state", "outcome", "received_at", "answered_at", "closed_at", "late",
    "holder", "flags", "proposed",
)  # fmt: skip
_BEARER: Final = "bearer "
_NO_TOKEN: Final = 401
_NO_SCOPE: Final = 403
_NOT_THERE: Final = 404

Json = dict[str, Any]


class ToolError(Exception):
    """A tool can't answer; the message is shown to the model."""


class DeskApi:
    """Reads from the HTTP API of a desk.

    Args:
        session: the HTTP session.
        url: the desk's origin.
        clock: source of the current time.
    """

    def __init__(self, session: aiohttp.ClientSession, url: str, clock: Clock) -> None:
        self._session = session
        self._url = URL(url)
        self.clock = clock

    async def get(self, token: str, path: str, query: Mapping[str, Any] | None = None) -> Any:
        """Return the answer to a read operation.

        Args:
            token: the caller's API token.
            path: the path below the API's prefix.
            query: parameters, of which lists are repeated.

        Raises:
            ToolError: the desk refuses, or can't be reached.
        """
        try:
            async with self._session.get(
                self._url.joinpath(_API, path),
                params=query,
                headers={"Authorization": f"Bearer {token}"},
                allow_redirects=False,
            ) as response:
                body = await response.read()
                status = response.status
        except (aiohttp.ClientError, TimeoutError) as error:
            raise ToolError(
                "the desk can't be reached at the address of PRIVACYDESK_MCP_DESK_URL"
            ) from error
        if status == _NO_TOKEN:
            raise ToolError("the desk does not accept the API token")
        if status == _NOT_THERE:
            raise ToolError("the desk has nothing of that name")
        if status >= 400 or status == _NO_SCOPE:  # noqa: PLR2004 - the class of errors
            raise ToolError(_describe(status, body))
        return orjson.loads(body)


def open_session() -> aiohttp.ClientSession:
    """Open the session with which the API is asked."""
    return aiohttp.ClientSession(
        timeout=_TIMEOUT, cookie_jar=aiohttp.DummyCookieJar(), trust_env=False
    )


def _describe(status: int, body: bytes) -> str:
    """Return why the desk refuses; its message never holds personal data."""
    try:
        problem = orjson.loads(body)
        told = problem.get("title") or problem.get("code")
        scope = problem.get("scope")
    except (orjson.JSONDecodeError, AttributeError):
        told = scope = None
    parts = (f"the desk answered {status}", told, f"the token lacks the scope {scope}")
    return ": ".join(part for part in (parts if scope else parts[:2]) if part)


# -- tools -----------------------------------------------------------------------------------------


class _Arguments(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class StatusArguments(_Arguments):
    """A request."""

    number: Annotated[
        str, Field(pattern=r"^[A-Za-z0-9 -]{4,40}$", description="As in PD-7KQ4-M29X-3HC.")
    ]


class DeadlineArguments(_Arguments):
    """How far to look ahead."""

    days: Annotated[
        int, Field(ge=0, le=366, description="Days from today; what is overdue always counts.")
    ] = 7


class PolicyArguments(_Arguments):
    """A question."""

    question: Annotated[
        str, Field(min_length=1, max_length=500, description="In Chinese or English.")
    ]


class ReportArguments(_Arguments):
    """A period: one with a name, or its first and its last day."""

    period: Preset = Preset.LAST_30_DAYS
    first: date | None = None
    last: date | None = None
    figures: Annotated[
        tuple[FigureName, ...], Field(description="Only these; all of them if empty.")
    ] = ()


async def _request_status(api: DeskApi, token: str, given: StatusArguments) -> Json:
    number = given.number.strip().replace(" ", "-")
    return _ticket(await api.get(token, f"tickets/{number}"))


async def _deadlines(api: DeskApi, token: str, given: DeadlineArguments) -> Json:
    tickets: list[Any] = []
    query: dict[str, Any] = {"state": list(_OPEN), "limit": "200"}
    while True:
        page = await api.get(token, "tickets", query)
        tickets += page["tickets"]
        if page["next"] is None or len(tickets) >= _MAX_TICKETS:
            break
        query["cursor"] = page["next"]
    due = [(_deadline(one), one) for one in tickets]
    now = api.clock.now()
    found = [
        {**_ticket(ticket), "overdue": datetime.fromisoformat(deadline["at"]) <= now}
        for deadline, ticket in due
        if deadline is not None
        and date.fromisoformat(deadline["date"])
        <= now.astimezone(ZoneInfo(deadline["zone"])).date() + timedelta(days=given.days)
    ]
    return {
        "open": len(tickets),
        "complete": page["next"] is None,
        "due": sorted(found, key=lambda one: (str(one["due_date"]), str(one["number"]))),
    }


async def _search_policy(api: DeskApi, token: str, given: PolicyArguments) -> Json:
    answer: Json = await api.get(token, "policy/answers", {"question": given.question})
    return answer


async def _report_figures(api: DeskApi, token: str, given: ReportArguments) -> Json:
    days = {"first": given.first, "last": given.last}
    query = {name: day.isoformat() for name, day in days.items() if day is not None}
    query["period"] = given.period.value
    report: Json = await api.get(token, "reports", query)
    if given.figures:
        report["figures"] = [one for one in report["figures"] if one["name"] in given.figures]
    return report


def _deadline(ticket: Json) -> Json | None:
    """Return the deadline that staff work against; None if none runs."""
    if ticket["completion"] is not None and ticket["state"] == TicketState.FULFILLING:
        return dict(ticket["completion"])
    is_running = ticket["due"] is not None and ticket["answered_at"] is None
    return dict(ticket["due"]) if is_running else None


def _ticket(ticket: Json) -> Json:
    deadline = _deadline(ticket)
    return {
        **{name: ticket[name] for name in _FIELDS},
        "items": [one["name"] for one in ticket["items"]],
        "due_date": None if deadline is None else deadline["date"],
        "provisional": deadline is not None and deadline["provisional"],
    }


@dataclass(frozen=True, slots=True)
class _Tool:
    """A tool: its description for the model, its arguments, the scope that it takes."""

    title: str
    description: str
    scope: str
    arguments: type[_Arguments]
    run: Callable[[DeskApi, str, Any], Awaitable[Json]]


_TOOLS: Final[Mapping[str, _Tool]] = {
    "request_status": _Tool(
        "Status of a request",
        "Look up one privacy request by its number: kind, state, holder, dates, and whether it is"
        " late. Returns nothing that a person wrote and no name of a requester.",
        "tickets:read",
        StatusArguments,
        _request_status,
    ),
    "deadlines": _Tool(
        "Deadlines",
        "List open privacy requests that are overdue or due within some days, earliest first.",
        "tickets:read",
        DeadlineArguments,
        _deadlines,
    ),
    "search_policy": _Tool(
        "Search the policy",
        "Find the passages of the operator's privacy policy that answer a question. Quotes are"
        " word for word, with document, article and section; cite them so.",
        "policy:read",
        PolicyArguments,
        _search_policy,
    ),
    "report_figures": _Tool(
        "Figures of a period",
        "Return the counts of a report: requests received and answered, punctuality, backlog,"
        " refusals, waits for a person.",
        "reports:read",
        ReportArguments,
        _report_figures,
    ),
}


def make_server(api: DeskApi, token_of: Callable[[Any], str]) -> Server[Any]:
    """Return the MCP server.

    Args:
        api: reads from the desk.
        token_of: returns the API token of a request; it is given the HTTP request, or None.
    """

    async def list_tools(_context: Any, _params: PaginatedRequestParams | None) -> ListToolsResult:
        return ListToolsResult(
            tools=[
                Tool(
                    name=name,
                    title=tool.title,
                    description=f"{tool.description} Takes the scope {tool.scope}.",
                    input_schema=tool.arguments.model_json_schema(),
                    annotations=ToolAnnotations(
                        read_only_hint=True,
                        destructive_hint=False,
                        idempotent_hint=True,
                        open_world_hint=False,
                    ),
                )
                for name, tool in _TOOLS.items()
            ]
        )

    async def call_tool(context: Any, params: CallToolRequestParams) -> CallToolResult:
        try:
            result = await _run(api, token_of(context.request), params)
        except ToolError as error:
            return CallToolResult(content=[TextContent(text=str(error))], is_error=True)
        text = orjson.dumps(result).decode()
        return CallToolResult(content=[TextContent(text=text)], structured_content=result)

    return Server(
        "privacydesk",
        version=version("privacydesk"),
        title="Privacy desk",
        instructions="Reads from a privacy desk: requests and their deadlines, the privacy policy,"
        " figures of reports. Nothing can be changed.",
        on_list_tools=list_tools,
        on_call_tool=call_tool,
    )


async def _run(api: DeskApi, token: str, params: CallToolRequestParams) -> Json:
    """Run a tool.

    Raises:
        ToolError: there is none of that name, its arguments are wrong, or the desk refuses.
    """
    tool = _TOOLS.get(params.name)
    if tool is None:
        raise ToolError("there is no such tool")
    try:
        arguments = tool.arguments.model_validate(params.arguments or {})
    except ValidationError as error:
        places = [".".join(map(str, one["loc"])) for one in error.errors(include_input=False)]
        raise ToolError(f"wrong arguments: {', '.join(places)}") from None
    return await tool.run(api, token, arguments)


# -- HTTP ------------------------------------------------------------------------------------------


def bearer_token(request: Any) -> str:
    """Return the API token of an HTTP request; empty for none."""
    given = "" if request is None else str(request.headers.get("authorization", ""))
    return given[len(_BEARER) :].strip() if given.lower().startswith(_BEARER) else ""


class TokenGate:
    """Refuses HTTP requests without a token, before anything is read from them.

    Whether a token is good is up to the desk, with each tool.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection of the web server."""
        headers = dict(scope.get("headers", ()))
        given = headers.get(b"authorization", b"").decode("latin-1")
        if scope["type"] != "http" or given.lower().startswith(_BEARER):
            await self._app(scope, receive, send)
            return
        await send(
            {
                "type": "http.response.start",
                "status": _NO_TOKEN,
                "headers": [(b"www-authenticate", b"Bearer"), (b"content-length", b"0")],
            }
        )
        await send({"type": "http.response.body"})


async def serve_stdio(url: str, token: str, clock: Clock) -> None:
    """Serve one client on standard input and output until it ends.

    Args:
        url: the desk's origin.
        token: the API token that is shown to the desk.
        clock: source of the current time.
    """
    from mcp.server.stdio import stdio_server  # noqa: PLC0415 - takes over the standard streams

    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(open_session())
        reading, writing = await stack.enter_async_context(stdio_server())
        server = make_server(DeskApi(session, url, clock), lambda _request: token)
        await server.run(reading, writing, server.create_initialization_options())


def http_app(api: DeskApi, hosts: tuple[str, ...]) -> ASGIApp:
    """Return the Streamable HTTP application, at ``/mcp``.

    Args:
        api: reads from the desk; each request shows its own token.
        hosts: names under which it is reached, besides this machine; any other ``Host`` or
            ``Origin`` is refused, so that no web page reaches it through a browser.
    """
    from mcp.server.transport_security import TransportSecuritySettings  # noqa: PLC0415

    local = ("127.0.0.1:*", "localhost:*", "[::1]:*")
    security = TransportSecuritySettings(
        allowed_hosts=[*local, *hosts],
        allowed_origins=[
            *(f"http://{host}" for host in local),
            *(f"https://{host}" for host in hosts),
        ],
    )
    app = make_server(api, bearer_token).streamable_http_app(
        stateless_http=True, json_response=True, transport_security=security
    )
    return TokenGate(app)


async def serve_http(
    url: str, clock: Clock, *, host: str, port: int, hosts: tuple[str, ...]
) -> None:
    """Serve clients over HTTP until interrupted; see ``http_app``."""
    import uvicorn  # noqa: PLC0415 - comes with the extra

    async with open_session() as session:
        app = http_app(DeskApi(session, url, clock), hosts)
        config = uvicorn.Config(app, host=host, port=port, log_level="warning", access_log=False)
        await uvicorn.Server(config).serve()
