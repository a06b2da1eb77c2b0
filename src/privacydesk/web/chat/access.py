"""Authentication of chat clients: by the ``Authorization`` header only, never by cookies."""

from __future__ import annotations

from aiohttp import web
from msgspec.structs import replace

from privacydesk.errors import DeskError, ErrorCode
from privacydesk.i18n.negotiation import negotiate
from privacydesk.services.api import Admission, Credentials, Session
from privacydesk.services.app_tokens import claimed_locale
from privacydesk.web.addresses import client_network
from privacydesk.web.chat.frame_parser import MAX_TOKEN
from privacydesk.web.keys import CHAT_SERVER, CONVERSATION_LOCALE

_MAX_LANGUAGES_LENGTH = 256


def parse_credentials(request: web.Request) -> Credentials:
    """Return the credentials of a request; empty ones without an ``Authorization`` header.

    Raises:
        DeskError: ``UNAUTHENTICATED`` if the scheme is neither ``Bearer`` nor ``Desk``, or if the
            value is malformed.
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


async def admit(
    request: web.Request,
    credentials: Credentials,
    *,
    languages: str,
    challenge: str = "",
    with_requests: bool = False,
) -> Admission:
    """Open the client's conversation, or begin a new one if there are no credentials.

    Args:
        request: the HTTP request, or the handshake of the socket.
        credentials: the client's credentials; may be empty.
        languages: the accepted languages in the format of ``Accept-Language``.
        challenge: the token of a solved CAPTCHA; only read for a new conversation.
        with_requests: whether the view is to have the user's requests; a new conversation has none.

    Raises:
        DeskError: the errors of ``Desk.open``; ``RATE_LIMITED`` if too many conversations begin
            from one address.
    """
    chat = request.app[CHAT_SERVER]
    # As the conversation would begin, so that a refusal is told in its language.
    request[CONVERSATION_LOCALE] = negotiate(
        claimed_locale(credentials.token), negotiate(languages)
    )
    if not credentials.token and not credentials.secret:
        await chat.admit_newcomer(client_network(request, chat.settings.trusted_proxies), challenge)
        return _with_origin(request, await chat.desk.begin(languages=languages))
    admission = await chat.desk.open(credentials, languages=languages, with_requests=with_requests)
    return _with_origin(request, admission)


async def require_session(request: web.Request) -> Session:
    """Return the session of an authenticated request.

    Raises:
        DeskError: ``UNAUTHENTICATED`` or ``TOKEN_EXPIRED``.
    """
    credentials = parse_credentials(request)
    if not credentials.token and not credentials.secret:
        raise DeskError("no credentials", code=ErrorCode.UNAUTHENTICATED)
    admission = await admit(request, credentials, languages=accept_language(request))
    session = admission.session
    request[CONVERSATION_LOCALE] = session.locale
    return session


def _with_origin(request: web.Request, admission: Admission) -> Admission:
    """Return the admission with the hashed network address of an anonymous client."""
    if admission.session.account:
        return admission
    chat = request.app[CHAT_SERVER]
    network = client_network(request, chat.settings.trusted_proxies)
    if network is None:
        return admission
    origin = chat.desk.hash_origin(str(network))
    return replace(admission, session=replace(admission.session, origin=origin))


def accept_language(request: web.Request) -> str:
    """Return the ``Accept-Language`` header, truncated."""
    return request.headers.get("Accept-Language", "")[:_MAX_LANGUAGES_LENGTH]
