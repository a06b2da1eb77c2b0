"""Naming the route of a request."""

from __future__ import annotations

from aiohttp import web


def route_of(request: web.Request) -> str:
    """Return the route's pattern: paths may hold personal data."""
    resource = request.match_info.route.resource
    return resource.canonical if resource is not None else "unknown"
