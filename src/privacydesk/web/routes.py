"""Names of routes for the log."""

from __future__ import annotations

from aiohttp import web


def route_of(request: web.Request) -> str:
    """Return the pattern of a request's route; the path itself may contain personal data."""
    resource = request.match_info.route.resource
    return resource.canonical if resource is not None else "unknown"
