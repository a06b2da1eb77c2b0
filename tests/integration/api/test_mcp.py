"""Assistants read from the desk by MCP, through the HTTP API and no further than their token."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import uvicorn
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client
from tests.common.api_client import program
from tests.common.console_cases import copy_of_data
from tests.common.console_client import Office, open_office
from tests.common.policies import SAMPLE, bring_sample_policy
from tests.common.stories import PROFILE

from privacydesk.app.mcp_server import DeskApi, bearer_token, http_app, make_server, open_session
from privacydesk.demo.files import DATA
from privacydesk.domain.api_tokens import Scope
from privacydesk.domain.figures import FigureName

TOOLS = {"request_status", "deadlines", "search_policy", "report_figures"}


@asynccontextmanager
async def direct(office: Office, token: str) -> AsyncIterator[Client]:
    """Return a client of the server in this process."""
    async with open_session() as session:
        api = DeskApi(session, str(office.server.make_url("/")), office.clock)
        async with Client(make_server(api, lambda _: token)) as client:
            yield client


@asynccontextmanager
async def over_http(office: Office, token: str = "") -> AsyncIterator[str]:
    """Serve over HTTP; return the address.

    Args:
        office: the desk.
        token: shown for clients that can show none; empty to have each show its own.
    """
    with socket.create_server(("127.0.0.1", 0)) as listening:
        async with open_session() as session:
            api = DeskApi(session, str(office.server.make_url("/")), office.clock)
            app = http_app(api, ())

            async def with_token(scope: Any, receive: Any, send: Any) -> None:
                shown = [(b"authorization", f"Bearer {token}".encode())] if token else []
                if scope["type"] == "http":
                    scope = {**scope, "headers": [*scope["headers"], *shown]}
                await app(scope, receive, send)

            config = uvicorn.Config(with_token, log_level="error")
            server = uvicorn.Server(config)
            server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign,assignment]
            serving = asyncio.create_task(server.serve(sockets=[listening]))
            try:
                yield f"http://127.0.0.1:{listening.getsockname()[1]}/mcp"
            finally:
                server.should_exit = True
                await serving


async def ask(client: Client, tool: str, **arguments: Any) -> Any:
    result = await client.call_tool(tool, arguments)
    assert not result.is_error, result.content
    return result.structured_content


async def refusal(client: Client, tool: str, **arguments: Any) -> str:
    result = await client.call_tool(tool, arguments)
    assert result.is_error
    assert result.structured_content is None
    return str(result.content[0])


async def test_the_tools_only_read_and_say_what_they_take(office: Office) -> None:
    async with direct(office, "") as client:
        listed = (await client.list_tools()).tools
    assert {one.name for one in listed} == TOOLS
    for one in listed:
        assert one.annotations is not None
        assert one.annotations.read_only_hint
        assert "scope" in str(one.description)
        assert one.input_schema["additionalProperties"] is False


async def test_a_request_is_told_with_its_deadline_and_no_word_of_a_person(office: Office) -> None:
    player, ticket = await copy_of_data(office)
    made = await program(office, Scope.TICKETS_READ)
    async with direct(office, made.made.secret) as client:
        told = await ask(client, "request_status", number=ticket.number)
        assert ticket.clock is not None
        assert told["number"] == ticket.number
        assert told["due_date"] == ticket.clock.due_date.isoformat()
        assert (told["kind"], told["state"], told["late"]) == ("access", "in_review", False)
        for word in (ticket.account, player.session.conversation.hex() if player.session else ""):
            assert word not in str(told)
        assert "of that name" in await refusal(client, "request_status", number="PD-AAAA-AAAA-AAA")
        assert "number" in await refusal(client, "request_status", number="../tokens")
        assert "what" in await refusal(client, "request_status", number=ticket.number, what="x")
        assert "no such tool" in await refusal(client, "close_request", number=ticket.number)


async def test_deadlines_are_what_is_due_within_the_days_and_what_is_overdue(
    office: Office,
) -> None:
    _, ticket = await copy_of_data(office)
    assert ticket.clock is not None
    made = await program(office, Scope.TICKETS_READ)
    async with direct(office, made.made.secret) as client:
        near = await ask(client, "deadlines", days=1)
        assert (near["open"], near["due"], near["complete"]) == (1, [], True)
        (due,) = (await ask(client, "deadlines", days=30))["due"]
        assert (due["number"], due["overdue"]) == (ticket.number, False)
        office.clock.move(ticket.clock.due_at - office.clock.now())
        (due,) = (await ask(client, "deadlines", days=0))["due"]
        assert (due["number"], due["overdue"]) == (ticket.number, True)
        office.clock.move(timedelta(days=1))
        assert "days" in await refusal(client, "deadlines", days=1000)


async def test_the_policy_is_quoted_with_its_article(tmp_path: Path) -> None:
    bring_sample_policy(tmp_path)
    profile = {**PROFILE, "policy": SAMPLE}
    async with open_office(tmp_path, world={"profile": profile}) as office:
        made = await program(office, Scope.POLICY_READ)
        async with direct(office, made.made.secret) as client:
            told = await ask(client, "search_policy", question="注销账号以后多久删除信息？")
    assert told["answerable"]
    published = (DATA / "policy.md").read_text("utf-8")
    for passage in told["passages"]:
        assert passage["article"]
        assert all(line in published for line in passage["text"].splitlines())


async def test_a_report_has_figures_and_a_token_no_more_than_its_scopes(office: Office) -> None:
    await copy_of_data(office)
    made = await program(office, Scope.REPORTS_READ)
    async with direct(office, made.made.secret) as client:
        told = await ask(client, "report_figures", period="this_year", figures=["backlog"])
        assert told["received"] == 1
        assert [one["name"] for one in told["figures"]] == ["backlog"]
        day = office.clock.now().date().isoformat()
        days = await ask(client, "report_figures", first=day, last=day)
        assert (days["first"], days["last"]) == (day, day)
        assert "422" in await refusal(client, "report_figures", first=day)
        refused: tuple[tuple[str, dict[str, Any], str], ...] = (
            ("request_status", {"number": "PD-AAAA-AAAA-AAA"}, "tickets:read"),
            ("deadlines", {}, "tickets:read"),
            ("search_policy", {"question": "注销账号要多久？"}, "policy:read"),
        )
        for tool, given, scope in refused:
            told = await refusal(client, tool, **given)
            assert "403" in told
            assert f"scope {scope}" in told
    async with direct(office, "pdt_nothing") as client:
        assert "does not accept" in await refusal(client, "deadlines")


async def test_over_http_each_client_shows_its_own_token(office: Office) -> None:
    await copy_of_data(office)
    reader = await program(office, Scope.TICKETS_READ, name="reader")
    other = await program(office, Scope.POLICY_READ, name="other")
    async with over_http(office) as url:

        async def told(token: str) -> Any:
            headers = {"Authorization": f"Bearer {token}"}
            async with (
                create_mcp_http_client(headers=headers) as http,
                Client(streamable_http_client(url, http_client=http)) as client,
            ):
                return await client.call_tool("deadlines", {"days": 366})

        mine, theirs = await asyncio.gather(told(reader.made.secret), told(other.made.secret))
        assert mine.structured_content["open"] == 1
        assert theirs.is_error
        async with create_mcp_http_client() as http:
            assert (await http.post(url, json={})).status_code == 401
            headers = {"Authorization": "Bearer x", "Host": "evil.example"}
            assert (await http.post(url, json={}, headers=headers)).status_code == 421
            headers = {"Authorization": "Bearer x", "Origin": "https://evil.example"}
            assert (await http.post(url, json={}, headers=headers)).status_code == 403


async def test_the_keywords_of_schemas_arrive_over_http_as_they_were_written(
    office: Office,
) -> None:
    async with (
        over_http(office, token="pdk_none") as url,
        Client(streamable_http_client(url)) as client,
    ):
        schemas = {one.name: one.input_schema for one in (await client.list_tools()).tools}
    for schema in schemas.values():
        jsonschema_rs.Draft202012Validator(schema)
    figures = schemas["report_figures"]
    assert figures["$defs"]["FigureName"]["enum"] == [*FigureName]
    assert figures["additionalProperties"] is False
    assert schemas["deadlines"]["properties"]["days"]["maximum"] == 366


async def test_the_command_serves_a_client_on_its_standard_streams(
    office: Office, tmp_path: Path
) -> None:
    await copy_of_data(office)
    made = await program(office, Scope.TICKETS_READ)
    command = StdioServerParameters(
        command=sys.executable,
        args=["-m", "privacydesk", "mcp", "--data-dir", str(tmp_path)],
        env={
            **os.environ,
            "PRIVACYDESK_MCP_DESK_URL": str(office.server.make_url("/")),
            "PRIVACYDESK_MCP_TOKEN": made.made.secret,
        },
    )
    async with Client(command) as client:
        assert {one.name for one in (await client.list_tools()).tools} == TOOLS
        assert (await ask(client, "deadlines", days=366))["open"] == 1


@pytest.mark.parametrize("given", ["", "Basic x", "Bearer"])
def test_what_is_no_bearer_token_is_none(given: str) -> None:
    class Request:
        headers = {"authorization": given}  # noqa: RUF012 - as a request has them

    assert bearer_token(Request()) == ""
    assert bearer_token(None) == ""
