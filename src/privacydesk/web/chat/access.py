"""Authentication over HTTP: by ``Authorization`` header alone. There are no cookies."""

from __future__ import annotations

from aiohttp import web
from msgspec.structs import replace

from privacydesk.errors import DeskError, ErrorCode
from privacydesk.services.api import Credentials, Entry, Session
from privacydesk.web.addresses import origin_of
from privacydesk.web.chat.frames import MAX_TOKEN
from privacydesk.web.keys import ROOM, SPOKEN

LANGUAGES_LENGTH = 256


def credentials_of(request: web.Request) -> Credentials:
    """Return the credentials a request carries; empty ones when it carries none.

    Raises:
        DeskError: ``UNAUTHENTICATED`` for a header that is neither ``Bearer`` nor ``Desk``.
    """
    header = request.headers.get("Authorization", "")
    if not header:
        return Credentials()
    scheme, _, value = header.partition(" ")
    value = value.strip()
    if value and value.isascii() and len(value) <= MAX_TOKEN:
        if scheme.lower() == "bearer":
            return Credentials(token=value)
        if scheme.lower() == "desk":
            return Credentials(secret=value)
    raise DeskError("unusable Authorization header", code=ErrorCode.UNAUTHENTICATED)


async def let_in(
    request: web.Request, credentials: Credentials, *, languages: str, challenge: str = ""
) -> Entry:
    """Open the client's conversation; without credentials a new one begins.

    Args:
        request: the request or handshake.
        credentials: as presented.
        languages: as in ``Accept-Language``.
        challenge: token for a solved challenge, from a new client.

    Raises:
        DeskError: as ``Desk.open`` does, and ``RATE_LIMITED`` when too many begin from one address.
    """
    room = request.app[ROOM]
    if not credentials.token and not credentials.secret:
        await room.admit_newcomer(origin_of(request, room.settings.trusted_proxies), challenge)
        return _from(request, await room.desk.begin(languages=languages))
    return _from(request, await room.desk.open(credentials, languages=languages))


async def session_of(request: web.Request) -> Session:
    """Return the session a request belongs to.

    Raises:
        DeskError: ``UNAUTHENTICATED`` or ``TOKEN_EXPIRED``.
    """
    credentials = credentials_of(request)
    if not credentials.token and not credentials.secret:
        raise DeskError("no credentials", code=ErrorCode.UNAUTHENTICATED)
    entry = await let_in(request, credentials, languages=languages_of(request))
    session = entry.session
    request[SPOKEN] = session.locale
    return session


def _from(request: web.Request, entry: Entry) -> Entry:
    """Add the origin of an anonymous client to its entry."""
    if entry.session.account:
        return entry
    room = request.app[ROOM]
    network = origin_of(request, room.settings.trusted_proxies)
    if network is None:
        return entry
    origin = room.desk.name_origin(str(network))
    return replace(entry, session=replace(entry.session, origin=origin))


def languages_of(request: web.Request) -> str:
    """Return the ``Accept-Language`` header, truncated."""
    return request.headers.get("Accept-Language", "")[:LANGUAGES_LENGTH]
