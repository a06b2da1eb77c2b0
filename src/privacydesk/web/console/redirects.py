"""Origins of the console's requests, and where to redirect afterwards."""

from __future__ import annotations

from typing import Final
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from aiohttp import web
from yarl import URL

from privacydesk.services.signin.gate import Place
from privacydesk.web.addresses import origin_of, read_address
from privacydesk.web.keys import SETTINGS

HOME: Final = "/console/"
SIGN_IN: Final = "/console/sign-in"
SAFE: Final = frozenset({"GET", "HEAD"})
"""Methods that ask for a page and change nothing."""

SAID: Final = "done"
"""Query parameter of an action's redirect: what was done, to be reported once."""

PAGE: Final = web.RequestKey("page", str)
"""For a request with a form: the page that the form's address belongs to."""

_PREFIX: Final = "/console/"
_LONGEST: Final = 2_000
_DOTS: Final = frozenset({".", ".."})
_DEEPEST: Final = 8
"""Most segments of an address that are examined: none of our pages has as many."""


def place_of(request: web.Request) -> Place:
    """Return what is known of a request's origin: address (or /64) and browser."""
    network = origin_of(request, request.config_dict[SETTINGS].trusted_proxies)
    if network is None:
        origin = ""
    elif network.num_addresses == 1:
        origin = str(network.network_address)
    else:
        origin = str(network)
    return Place(origin, request.headers.get("User-Agent", ""))


def over_tls(request: web.Request) -> bool:
    """Return whether the browser speaks TLS, to us or to a proxy that is trusted."""
    if request.secure:
        return True
    peer = read_address(request.remote or "")
    trusted = request.config_dict[SETTINGS].trusted_proxies
    if peer is None or not any(peer in network for network in trusted):
        return False
    return request.headers.get("X-Forwarded-Proto", "").rpartition(",")[2].strip() == "https"


def safe_next(wanted: str) -> str:
    """Return the redirect after signing in: a path below the console, else its first page.

    The address is checked, and returned, as sent to the browser. Some browsers interpret
    backslashes and control characters, all resolve dots and empty segments, and a doubly encoded
    percent sign changes with the next decoding: a path with any of these, encoded or not, is
    rejected.
    """
    if not wanted.isprintable() or "\\" in wanted or len(wanted) > _LONGEST:
        return HOME
    try:
        sent = URL(wanted)
    except ValueError:
        return HOME
    if sent.absolute or sent.scheme or not _is_plain(sent.path) or "%25" in sent.raw_path:
        return HOME
    own = (SIGN_IN, "/console/sign-out")
    return HOME if sent.path.startswith(own) else str(sent)


def _is_plain(path: str) -> bool:
    """Whether a path lies below the console, however it is resolved."""
    if not path.startswith(_PREFIX) or not path.isprintable() or "\\" in path:
        return False
    return "//" not in path and not _DOTS & frozenset(path.split("/"))


def entry_address(page: str, back: str) -> str:
    """Return the address of a sign-in page that remembers where to go on."""
    back = safe_next(back)
    return page if back == HOME else f"{page}?next={quote(back, safe='')}"


def way_back(request: web.Request) -> str:
    """Return the page whose form was sent, by its referrer; the first page otherwise.

    The report of an earlier action is removed from its query, so as not to be repeated.
    """
    page, _, query = safe_next(_told(request)).partition("?")
    kept = [pair for pair in parse_qsl(query, keep_blank_values=True) if pair[0] != SAID]
    return f"{page}?{urlencode(kept)}" if kept else page


async def page_above(request: web.Request) -> str:
    """Return the page that an address belongs to: itself if it supports GET.

    The answer to a form may be a page: a decision to preview, or a form that is shown again. Its
    address accepts forms alone, yet a browser requests it when somebody comes back.
    """
    # Each segment costs a search of all routes, and anybody may send an address of thousands.
    path = "/".join(request.rel_url.raw_path.split("/", _DEEPEST)[:_DEEPEST])
    while path.startswith(_PREFIX):
        found = await request.app.router.resolve(request.clone(method="GET", rel_url=path))
        if found.http_exception is None:
            return path
        path = path.rpartition("/")[0]
    return HOME


def page_before(request: web.Request) -> str:
    """Return the page of ours that the request came from, including sign-in pages."""
    told = _told(request)
    return told if told.startswith(f"{SIGN_IN}?") or told == SIGN_IN else safe_next(told)


def _told(request: web.Request) -> str:
    told = urlsplit(request.headers.get("Referer", ""))
    if told.netloc != request.host:
        return ""
    return told.path + (f"?{told.query}" if told.query else "")
