"""Redirects within the console, and properties of a request's client."""

from __future__ import annotations

from typing import Final
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from aiohttp import web
from yarl import URL

from privacydesk.services.signin.sign_in import ClientInfo
from privacydesk.web.addresses import client_network, parse_address
from privacydesk.web.keys import SETTINGS

HOME: Final = "/console/"
SIGN_IN: Final = "/console/sign-in"
SIGN_ON: Final = "/console/sign-on"
"""The way to the identity provider."""

SAFE_METHODS: Final = frozenset({"GET", "HEAD"})
"""HTTP methods that change nothing."""

DONE_PARAMETER: Final = "done"
"""Query parameter of the redirect after an action: the action to report on the page, once."""

FORM_PAGE: Final = web.RequestKey("page", str)
"""The page that the address of a submitted form belongs to; see ``enclosing_page``."""

_PREFIX: Final = "/console/"
_MAX_LENGTH: Final = 2_000
_DOT_SEGMENTS: Final = frozenset({".", ".."})
_MAX_SEGMENTS: Final = 8
"""Maximum number of segments of a path that are resolved; all pages have fewer."""


def client_of(request: web.Request) -> ClientInfo:
    """Return network address and browser of a request's client, for the access log."""
    network = client_network(request, request.config_dict[SETTINGS].trusted_proxies)
    if network is None:
        origin = ""
    elif network.num_addresses == 1:
        origin = str(network.network_address)
    else:
        origin = str(network)
    return ClientInfo(origin, request.headers.get("User-Agent", ""))


def is_https(request: web.Request) -> bool:
    """Return whether the browser uses TLS, to this server or to a trusted proxy."""
    if request.secure:
        return True
    peer = parse_address(request.remote or "")
    trusted = request.config_dict[SETTINGS].trusted_proxies
    if peer is None or not any(peer in network for network in trusted):
        return False
    return request.headers.get("X-Forwarded-Proto", "").rpartition(",")[2].strip() == "https"


def safe_next(target: str) -> str:
    """Return a redirect target if it is a path below the console, else the console's first page.

    The target is checked in the form that is sent to the browser. Some browsers interpret
    backslashes and control characters, all resolve dots and empty segments, and a doubly encoded
    percent sign changes with the next decoding: a path with any of these, encoded or not, is
    rejected. So are the pages for signing in and out.
    """
    if not target.isprintable() or "\\" in target or len(target) > _MAX_LENGTH:
        return HOME
    try:
        url = URL(target)
    except ValueError:
        return HOME
    if url.absolute or url.scheme or not _is_console_path(url.path) or "%25" in url.raw_path:
        return HOME
    excluded = (SIGN_IN, SIGN_ON, "/console/sign-out")
    return HOME if url.path.startswith(excluded) else str(url)


def _is_console_path(path: str) -> bool:
    """Whether a path lies below the console, and no browser resolves it differently."""
    if not path.startswith(_PREFIX) or not path.isprintable() or "\\" in path:
        return False
    return "//" not in path and not _DOT_SEGMENTS & frozenset(path.split("/"))


def sign_in_address(page: str, return_to: str) -> str:
    """Return the address of a sign-in page that redirects to ``return_to`` afterwards."""
    target = safe_next(return_to)
    return page if target == HOME else f"{page}?next={quote(target, safe='')}"


def sign_on_address(page: str, return_to: str, **parameters: str) -> str:
    """Return an address on the way to the identity provider, which leads back to a page."""
    target = safe_next(return_to)
    query = parameters | ({} if target == HOME else {"next": target})
    return f"{page}?{urlencode(query)}" if query else page


def referring_page(request: web.Request) -> str:
    """Return the page that the referrer names; the console's first page if it names none.

    The report of an earlier action is removed from the query, so that it is not repeated.
    """
    page, _, query = safe_next(_referrer(request)).partition("?")
    pairs = [pair for pair in parse_qsl(query, keep_blank_values=True) if pair[0] != DONE_PARAMETER]
    return f"{page}?{urlencode(pairs)}" if pairs else page


async def enclosing_page(request: web.Request) -> str:
    """Return the nearest path above a request's path, or itself, that supports GET.

    The response to a form may be a page, such as a preview of a decision. Its address supports
    POST only, but browsers request it with GET when the agent returns to that page.
    """
    # Each segment costs a search of all routes, and anybody may send a path with thousands.
    path = "/".join(request.rel_url.raw_path.split("/", _MAX_SEGMENTS)[:_MAX_SEGMENTS])
    while path.startswith(_PREFIX):
        match = await request.app.router.resolve(request.clone(method="GET", rel_url=path))
        if match.http_exception is None:
            return path
        path = path.rpartition("/")[0]
    return HOME


def previous_page(request: web.Request) -> str:
    """Return the same as ``referring_page``, but also sign-in pages and unchanged queries."""
    referrer = _referrer(request)
    if referrer == SIGN_IN or referrer.startswith(f"{SIGN_IN}?"):
        return referrer
    return safe_next(referrer)


def _referrer(request: web.Request) -> str:
    """Return path and query of the referrer; empty if it is of another host."""
    referrer = urlsplit(request.headers.get("Referer", ""))
    if referrer.netloc != request.host:
        return ""
    return referrer.path + (f"?{referrer.query}" if referrer.query else "")
