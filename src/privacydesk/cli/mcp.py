"""``privacydesk mcp``: the read-only MCP server for assistants."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Annotated

import typer

from privacydesk.cli.common import DataDir, exit_with_usage_error, load_settings_for, run
from privacydesk.clock import SystemClock


def mcp(
    http: Annotated[
        bool, typer.Option("--http", help="Serve Streamable HTTP at /mcp. Default: stdio.")
    ] = False,
    host: Annotated[str, typer.Option(help="The address to listen on, with --http.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="The port, with --http.")] = 8090,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(
            "--allow-host", help="A name under which clients reach it, with --http; repeatable."
        ),
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Serve tools that read requests, deadlines, the policy and reports through the HTTP API.

    PRIVACYDESK_MCP_DESK_URL names the desk. On stdio, PRIVACYDESK_MCP_TOKEN is the API token; over
    HTTP each client sends its own as a bearer token.
    """
    if find_spec("mcp") is None:
        exit_with_usage_error("mcp", "not installed: pip install 'privacydesk[mcp]'")
    from privacydesk.app.mcp_server import serve_http, serve_stdio  # noqa: PLC0415 - the extra

    settings = load_settings_for(data_dir)
    url, token = settings.mcp_desk_url, settings.mcp_token.get_secret_value()
    if http:
        hosts = tuple(allow_host or ())
        typer.echo(f"Serving http://{host}:{port}/mcp for the desk at {url}", err=True)
        run(serve_http(url, SystemClock(), host=host, port=port, hosts=hosts))
        return
    if not token:
        exit_with_usage_error(
            "PRIVACYDESK_MCP_TOKEN", "needs an API token: privacydesk tokens add NAME --scope …"
        )
    run(serve_stdio(url, token, SystemClock()))
